"""Kernels around a binary linear layer that computes the bits of a {0, 1} map times values.

``2 * popcount(p & v) - popcount(p) = popcount(v) - popcount(p ^ v)``. So the bit that BnnPack makes of the
product says whether p and v have few enough mismatches, and the limit depends on v only.
"""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels.popcount import popcount
from sensor_bnn.onnx.packing import words_for


def bool_limits(B: int, N: int, K: int) -> PrimFunc:
    """Build ``(v [B, N, words(K)], threshold int32 [B * N]) -> limit int32 [B, N]``.

    ``2 * popcount(p & v) - popcount(p) >= threshold`` holds where ``popcount(p ^ v) < limit``. Limits are in
    0 .. K + 1.

    Args:
        B: the number of batches (heads).
        N: the rows of v.
        K: the bits per row.
    """
    words = words_for(K)

    @T.prim_func(s_tir=True)
    def kernel(
        v: T.Buffer((B, N, words), "uint32"),
        threshold: T.Buffer((B * N,), "int32"),
        limit: T.Buffer((B, N), "int32"),
    ):
        for h, j in T.grid(B, N):
            # Clamped before the difference, which could overflow. Beyond these bounds the bit is constant.
            least: T.let[T.int32] = T.max(T.min(threshold[h * N + j], K + 1), -K)
            ones: T.let[T.int32] = popcount(lambda k: v[h, j, k], words)
            limit[h, j] = T.max(T.min(ones - least + 1, K + 1), 0)

    return kernel


def merge_heads(B: int, M: int, words: int) -> PrimFunc:
    """Build ``(x [B, M, words]) -> y [M, B, words]``, uint32: it puts the heads of a row next to each other.

    Args:
        B: the number of batches (heads).
        M: the number of rows.
        words: the words of a row of one head.
    """

    @T.prim_func(s_tir=True)
    def kernel(x: T.Buffer((B, M, words), "uint32"), y: T.Buffer((M, B, words), "uint32")):
        for h, i, word in T.grid(B, M, words):
            y[i, h, word] = x[h, i, word]

    return kernel
