"""Binary attention map: the softmax is a table of integers, its threshold one comparison per score."""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.onnx.packing import WORD_BITS, words_for


def bnn_attention_map(H: int, M: int, N: int, K: int) -> PrimFunc:
    """Build ``(s int32 [H, M, N], table int32 [H, K + 1], ratio [H]) -> y [H, M, words(N)]``.

    ``e = table[(s + K) / 2]``; bit = ``float(e) >= ratio * float(sum of e over the row)``.

    Args:
        H: the number of heads.
        M: the number of queries.
        N: the number of keys.
        K: the bits of a head.
    """
    words = words_for(N)

    @T.prim_func(s_tir=True)
    def kernel(
        s: T.Buffer((H, M, N), "int32"),
        table: T.Buffer((H, K + 1), "int32"),
        ratio: T.Buffer((H,), "float32"),
        y: T.Buffer((H, M, words), "uint32"),
    ):
        for h, i in T.grid(H, M):
            total = T.alloc_local((1,), "int32")
            total[0] = 0
            for j in T.serial(N):
                total[0] = total[0] + table[h, T.shift_right(s[h, i, j] + K, 1)]
            threshold = T.alloc_local((1,), "float32")
            threshold[0] = ratio[h] * T.Cast("float32", total[0])
            for word in T.serial(words):
                packed = T.alloc_local((1,), "uint32")
                packed[0] = T.uint32(0)
                for b in T.serial(T.min(WORD_BITS, N - word * WORD_BITS)):  # from the highest bit down
                    k: T.let[T.int32] = T.min(N, word * WORD_BITS + WORD_BITS) - 1 - b
                    e: T.let[T.float32] = T.Cast("float32", table[h, T.shift_right(s[h, i, k] + K, 1)])
                    packed[0] = (packed[0] << T.uint32(1)) | T.Cast("uint32", e >= threshold[0])
                y[h, i, word] = packed[0]

    return kernel
