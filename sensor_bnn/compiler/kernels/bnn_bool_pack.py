"""What the product of a {0, 1} map and values needs around a binary linear layer to be one with bits out.

``2 * popcount(p & v) - popcount(p) = popcount(v) - popcount(p ^ v)``: the bit that BnnPack makes of it says
whether the mismatches of p and v are few enough, and how many are depends on v alone.
"""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels.popcount import popcount
from sensor_bnn.onnx.packing import words_for


def bool_limits(B: int, N: int, K: int) -> PrimFunc:
    """Build ``(v [B, N, words(K)], threshold int32 [B * N]) -> limit int32 [B, N]``.

    ``2 * popcount(p & v) - popcount(p) >= threshold`` holds where ``popcount(p ^ v) < limit``; limits lie in
    0 .. K + 1.

    Args:
        B: batches (heads).
        N: rows of v.
        K: bits a row.
    """
    words = words_for(K)

    @T.prim_func(s_tir=True)
    def kernel(
        v: T.Buffer((B, N, words), "uint32"),
        threshold: T.Buffer((B * N,), "int32"),
        limit: T.Buffer((B, N), "int32"),
    ):
        for h, j in T.grid(B, N):
            # Before the difference, or it could overflow: beyond these, no threshold makes a difference.
            least: T.let[T.int32] = T.max(T.min(threshold[h * N + j], K + 1), -K)
            ones: T.let[T.int32] = popcount(lambda k: v[h, j, k], words)
            limit[h, j] = T.max(T.min(ones - least + 1, K + 1), 0)

    return kernel


def merge_heads(B: int, M: int, words: int) -> PrimFunc:
    """Build ``(x [B, M, words]) -> y [M, B, words]``, uint32: the heads of a row side by side.

    Args:
        B: batches (heads).
        M: rows.
        words: of a row of one head.
    """

    @T.prim_func(s_tir=True)
    def kernel(x: T.Buffer((B, M, words), "uint32"), y: T.Buffer((M, B, words), "uint32")):
        for h, i, word in T.grid(B, M, words):
            y[i, h, word] = x[h, i, word]

    return kernel
