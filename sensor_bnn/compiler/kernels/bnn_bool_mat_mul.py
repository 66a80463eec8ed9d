"""Product of a {0, 1} attention map and {-1, +1} values."""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels.popcount import popcount
from sensor_bnn.onnx.packing import words_for


def bnn_bool_mat_mul(B: int, M: int, N: int, K: int) -> PrimFunc:
    """Build ``(p [B, M, words], v [B, N, words]) -> y int32 [B, M, N]``.

    ``y = 2 * popcount(p & v) - popcount(p)``: v counts where p is 1, and nowhere else.

    Args:
        B: batches (heads).
        M: rows of p.
        N: rows of v.
        K: bits a row.
    """
    words = words_for(K)

    @T.prim_func(s_tir=True)
    def kernel(
        p: T.Buffer((B, M, words), "uint32"),
        v: T.Buffer((B, N, words), "uint32"),
        y: T.Buffer((B, M, N), "int32"),
    ):
        for h, i in T.grid(B, M):
            attended: T.let[T.int32] = popcount(lambda k: p[h, i, k], words)
            for j in T.serial(N):
                y[h, i, j] = 2 * popcount(lambda k: p[h, i, k] & v[h, j, k], words) - attended

    return kernel
