"""Softmax over the last axis."""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels.exponential import exponent, powers, remainder, scaled


def softmax(M: int, N: int) -> PrimFunc:
    """Build ``(x [M, N]) -> y float32 [M, N]``: exponentials of x minus its row's maximum, over their sum.

    Args:
        M: the number of rows.
        N: the entries per row, which are summed in their order.
    """

    @T.prim_func(s_tir=True)
    def kernel(x: T.Buffer((M, N), "float32"), y: T.Buffer((M, N), "float32")):
        for i in T.serial(M):
            most = T.alloc_local((1,), "float32")
            total = T.alloc_local((1,), "float32")
            most[0] = x[i, 0]
            for j in T.serial(N):
                most[0] = T.max(most[0], x[i, j])
            total[0] = T.float32(0)
            for j in T.serial(N):
                less: T.let[T.float32] = x[i, j] - most[0]
                k: T.let[T.float32] = exponent(less)
                r: T.let[T.float32] = remainder(less, k)
                y[i, j] = scaled(powers(r), k)
                total[0] = total[0] + y[i, j]
            for j in T.serial(N):
                y[i, j] = y[i, j] / total[0]

    return kernel
