"""Threshold and pack: the signs of a row, 32 channels per word."""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.onnx.packing import WORD_BITS, words_for

_BITS = 8
"""The bits of a word that are unrolled. One loop runs over such parts of all words, because LLVM would unroll
a loop over the four parts of one word too, which is four times the code at the same speed."""


def bnn_pack(M: int, K: int, dtype: str) -> PrimFunc:
    """Build ``(x [M, K], threshold [K]) -> y uint32 [M, words(K)]``; bit = ``x >= threshold``.

    Args:
        M: the number of rows.
        K: the number of channels.
        dtype: the element type of x and threshold, ``float32`` or ``int32``.
    """
    words = words_for(K)
    if K % WORD_BITS == 0:
        return _whole_words(M, K, dtype)

    @T.prim_func(s_tir=True)
    def kernel(
        x: T.Buffer((M, K), dtype), threshold: T.Buffer((K,), dtype), y: T.Buffer((M, words), "uint32")
    ):
        for i, word in T.grid(M, words):
            packed = T.alloc_local((1,), "uint32")
            packed[0] = T.uint32(0)
            for b in T.serial(T.min(WORD_BITS, K - word * WORD_BITS)):
                k: T.let[T.int32] = T.min(K, word * WORD_BITS + WORD_BITS) - 1 - b
                packed[0] = (packed[0] << T.uint32(1)) | T.Cast("uint32", x[i, k] >= threshold[k])
            y[i, word] = packed[0]

    return kernel


def _whole_words(M: int, K: int, dtype: str) -> PrimFunc:
    words = K // WORD_BITS
    parts = WORD_BITS // _BITS

    @T.prim_func(s_tir=True)
    def kernel(
        x: T.Buffer((M, K), dtype), threshold: T.Buffer((K,), dtype), y: T.Buffer((M, words), "uint32")
    ):
        for i in T.serial(M):
            packed = T.alloc_local((1,), "uint32")
            packed[0] = T.uint32(0)
            for part in T.serial(words * parts):
                for b in T.unroll(_BITS):  # each bit enters at the top; 32 bits push the old ones out
                    k: T.let[T.int32] = part * _BITS + b
                    packed[0] = (packed[0] >> T.uint32(1)) | T.Select(
                        x[i, k] >= threshold[k], T.uint32(0x80000000), T.uint32(0)
                    )
                y[i, T.truncdiv(part, parts)] = packed[0]  # no branch: a word's last store is the right one

    return kernel
