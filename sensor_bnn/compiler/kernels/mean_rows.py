"""Mean over tokens."""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc


def mean_rows(M: int, N: int) -> PrimFunc:
    """Build ``(x [M, N]) -> y float32 [N]``: sum in the order of rows, divided by M.

    Args:
        M: rows (tokens).
        N: channels.
    """

    @T.prim_func(s_tir=True)
    def kernel(x: T.Buffer((M, N), "float32"), y: T.Buffer((N,), "float32")):
        for j in T.serial(N):
            total = T.alloc_local((1,), "float32")
            total[0] = T.float32(0)
            for i in T.serial(M):
                total[0] = total[0] + x[i, j]
            y[j] = total[0] / T.float32(M)

    return kernel
