"""Layer normalization over the last axis."""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc


def layer_norm(M: int, N: int, epsilon: float) -> PrimFunc:
    """Build ``(x [M, N], gain [N], shift [N]) -> y float32 [M, N]``.

    Mean and variance are sums in the order of the entries. Not every core has a square root instruction, so
    the inverse root is computed by Newton's method from a first guess, with the same bits on every core.

    Args:
        M: the number of rows.
        N: the entries per row.
        epsilon: the constant that is added to the variance.
    """

    @T.prim_func(s_tir=True)
    def kernel(
        x: T.Buffer((M, N), "float32"),
        gain: T.Buffer((N,), "float32"),
        shift: T.Buffer((N,), "float32"),
        y: T.Buffer((M, N), "float32"),
    ):
        for i in T.serial(M):
            total = T.alloc_local((1,), "float32")
            root = T.alloc_local((1,), "float32")
            total[0] = T.float32(0)
            for j in T.serial(N):
                total[0] = total[0] + x[i, j]
            mean: T.let[T.float32] = total[0] / T.float32(N)
            total[0] = T.float32(0)
            for j in T.serial(N):
                off: T.let[T.float32] = x[i, j] - mean
                total[0] = total[0] + off * off
            variance: T.let[T.float32] = total[0] / T.float32(N) + T.float32(epsilon)
            # Halving and negating the exponent bits gives the inverse root to a few per cent.
            root[0] = T.reinterpret(
                "float32", 0x5F3759DF - T.shift_right(T.reinterpret("int32", variance), 1)
            )
            for _ in T.serial(4):
                root[0] = root[0] * (T.float32(1.5) - (T.float32(0.5) * variance) * (root[0] * root[0]))
            for j in T.serial(N):
                y[i, j] = ((x[i, j] - mean) * root[0]) * gain[j] + shift[j]

    return kernel
