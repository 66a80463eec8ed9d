"""Product of a {0, 1} attention map and {-1, +1} values."""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels.popcount import popcount
from sensor_bnn.onnx.packing import words_for


def bnn_bool_mat_mul(B: int, M: int, N: int, K: int, *, merged: bool = False) -> PrimFunc:
    """Build ``(p [B, M, words], v [B, N, words]) -> y int32 [B, M, N]``, or ``[M, B, N]`` if merged.

    ``y = 2 * popcount(p & v) - popcount(p)``: the sum of the signs of v where p is 1.

    Args:
        B: the number of batches (heads).
        M: the rows of p.
        N: the rows of v.
        K: the bits per row.
        merged: whether the batches (heads) of a row of p are adjacent in y, as the next layer reads them.
    """
    words = words_for(K)
    shape = (M, B, N) if merged else (B, M, N)

    @T.prim_func(s_tir=True)
    def kernel(
        p: T.Buffer((B, M, words), "uint32"),
        v: T.Buffer((B, N, words), "uint32"),
        y: T.Buffer(shape, "int32"),
    ):
        for h, i in T.grid(B, M):
            attended: T.let[T.int32] = popcount(lambda k: p[h, i, k], words)
            for j in T.serial(N):
                total: T.let[T.int32] = 2 * popcount(lambda k: p[h, i, k] & v[h, j, k], words) - attended
                if merged:
                    y[i, h, j] = total
                else:
                    y[h, i, j] = total

    return kernel
