"""Binary attention map in integers, from scores or from queries and keys one row at a time."""

from tvm.ir import Expr
from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels.popcount import popcount
from sensor_bnn.onnx.packing import WORD_BITS, words_for

_HALF = 16


def _limit(ratio: Expr, total: Expr) -> Expr:
    """Return ``ratio * total / 65536``, rounded up, as int32, for a ratio of 1 .. 65536 and a total >= 0.

    The total is split in two halves, so that all products fit 32 bits: of the low one the product and what
    rounds it up are at most 65536 * 65535 + 65535 = 2**32 - 1.
    """
    high = ratio * T.shift_right(total, _HALF)
    low = T.Cast("uint32", ratio) * T.Cast("uint32", T.bitwise_and(total, 0xFFFF))
    return high + T.Cast("int32", (low + T.uint32(0xFFFF)) >> T.uint32(_HALF))


def int_attention_map(H: int, M: int, N: int, K: int) -> PrimFunc:
    """Build ``(s int32 [H, M, N], table int32 [H, K + 1], ratio int32 [H]) -> y [H, M, words(N)]``.

    ``e = table[(s + K) / 2]``; bit = ``e * 65536 >= ratio * sum of e over the row``.

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
        ratio: T.Buffer((H,), "int32"),
        y: T.Buffer((H, M, words), "uint32"),
    ):
        for h, i in T.grid(H, M):
            total = T.alloc_local((1,), "int32")
            total[0] = 0
            for j in T.serial(N):
                total[0] = total[0] + table[h, T.shift_right(s[h, i, j] + K, 1)]
            limit: T.let[T.int32] = _limit(ratio[h], total[0])
            for word in T.serial(words):
                packed = T.alloc_local((1,), "uint32")
                packed[0] = T.uint32(0)
                for b in T.serial(T.min(WORD_BITS, N - word * WORD_BITS)):  # from the highest bit down
                    k: T.let[T.int32] = T.min(N, word * WORD_BITS + WORD_BITS) - 1 - b
                    e: T.let[T.int32] = table[h, T.shift_right(s[h, i, k] + K, 1)]
                    packed[0] = (packed[0] << T.uint32(1)) | T.Cast("uint32", e >= limit)
                y[h, i, word] = packed[0]

    return kernel


def int_scores_map(H: int, M: int, N: int, K: int, table_dtype: str = "int32") -> PrimFunc:
    """Build ``(a [H, M, words(K)], b [H, N, words(K)], table [H, K + 1], ratio int32 [H]) -> y``.

    ``y`` is ``[H, M, words(N)]``: BnnMatMul, then BnnIntAttentionMap. The counts of one row are kept on the
    stack, because the limit depends on all of them.

    Args:
        H: the number of heads.
        M: the number of queries.
        N: the number of keys, at most ``MAX_KEYS`` of ``bnn_scores_map``.
        K: the bits of a head, at most 65534.
        table_dtype: the type of the table.
    """
    words = words_for(K)
    words_out = words_for(N)
    counted = "uint8" if K < 256 else "uint16"

    @T.prim_func(s_tir=True)
    def kernel(
        a: T.Buffer((H, M, words), "uint32"),
        b: T.Buffer((H, N, words), "uint32"),
        table: T.Buffer((H, K + 1), table_dtype),
        ratio: T.Buffer((H,), "int32"),
        y: T.Buffer((H, M, words_out), "uint32"),
    ):
        for h, i in T.grid(H, M):
            agreeing = T.alloc_local((N,), counted)
            total = T.alloc_local((1,), "int32")
            total[0] = 0
            for j in T.serial(N):
                count: T.let[T.int32] = K - popcount(lambda k: a[h, i, k] ^ b[h, j, k], words)
                agreeing[j] = T.Cast(counted, count)
                total[0] = total[0] + T.Cast("int32", table[h, count])
            limit: T.let[T.int32] = _limit(ratio[h], total[0])
            for word in T.serial(words_out):
                packed = T.alloc_local((1,), "uint32")
                packed[0] = T.uint32(0)
                for part in T.serial(T.min(WORD_BITS, N - word * WORD_BITS)):  # from the highest bit down
                    key: T.let[T.int32] = T.min(N, word * WORD_BITS + WORD_BITS) - 1 - part
                    e: T.let[T.int32] = T.Cast("int32", table[h, T.Cast("int32", agreeing[key])])
                    packed[0] = (packed[0] << T.uint32(1)) | T.Cast("uint32", e >= limit)
                y[h, i, word] = packed[0]

    return kernel
