"""Mean over tokens."""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc

SUM, END = "sum", "end"
"""The names of the blocks that add a row and that compute an output, for schedules."""


def mean_rows(M: int, N: int) -> PrimFunc:
    """Build ``(x [M, N]) -> y float32 [N]``: the sum in the order of the rows, divided by M.

    Args:
        M: the number of rows (tokens).
        N: the number of channels.
    """

    @T.prim_func(s_tir=True)
    def kernel(x: T.Buffer((M, N), "float32"), y: T.Buffer((N,), "float32")):
        total = T.sblock_alloc_buffer((N,), "float32", scope="local")
        for j, i in T.grid(N, M):
            with T.sblock(SUM):
                vj, vi = T.axis.remap("SR", [j, i])
                with T.init():
                    total[vj] = T.float32(0)
                total[vj] = total[vj] + x[vi, vj]
        for j in T.serial(N):
            with T.sblock(END):
                vj = T.axis.spatial(N, j)
                y[vj] = total[vj] / T.float32(M)

    return kernel
