"""Bit transpose: values that are packed along channels become packed along tokens."""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.onnx.packing import WORD_BITS, words_for


def bnn_transpose(B: int, M: int, K: int) -> PrimFunc:
    """Build ``(x [B, M, words(K)]) -> y [B, K, words(M)]``.

    Args:
        B: the number of batches (heads).
        M: the rows of x.
        K: the bits per row of x.
    """
    words_in = words_for(K)
    words_out = words_for(M)

    @T.prim_func(s_tir=True)
    def kernel(x: T.Buffer((B, M, words_in), "uint32"), y: T.Buffer((B, K, words_out), "uint32")):
        for h, k, word in T.grid(B, K, words_out):
            packed = T.alloc_local((1,), "uint32")
            packed[0] = T.uint32(0)
            for b in T.serial(T.min(WORD_BITS, M - word * WORD_BITS)):
                i: T.let[T.int32] = T.min(M, word * WORD_BITS + WORD_BITS) - 1 - b
                bit: T.let[T.uint32] = (
                    x[h, i, T.truncdiv(k, WORD_BITS)] >> T.Cast("uint32", T.truncmod(k, WORD_BITS))
                ) & T.uint32(1)
                packed[0] = (packed[0] << T.uint32(1)) | bit
            y[h, k, word] = packed[0]

    return kernel
