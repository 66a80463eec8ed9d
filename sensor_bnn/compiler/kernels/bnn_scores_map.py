"""Scores and attention map, one row at a time, without a tensor of all scores."""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels.popcount import popcount
from sensor_bnn.onnx.packing import WORD_BITS, words_for

MAX_KEYS = 1024
"""The most keys. A row's counts are on the stack; TVM would take more from a runtime, which is absent."""

COUNT = "count"
"""The name of the block that counts one key, for schedules."""

_NEVER = 65536  # above every entry of a table, so that no bit is set; also the limit if the ratio is NaN
_BITS = 8
_PARTS = WORD_BITS // _BITS


def bnn_scores_map(H: int, M: int, N: int, K: int) -> PrimFunc:
    """Build ``(a [H, M, words(K)], b [H, N, words(K)], table int32 [H, K + 1], ratio [H]) -> y``.

    ``y`` is ``[H, M, words(N)]``: BnnMatMul, then BnnAttentionMap. A whole number reaches a float limit if
    and only if it reaches the limit rounded up, so a score needs only a comparison of integers.

    Args:
        H: the number of heads.
        M: the number of queries.
        N: the number of keys, at most ``MAX_KEYS``.
        K: the bits of a head, at most 65534.
    """
    words = words_for(K)
    words_out = words_for(N)
    counted = "uint8" if K < 256 else "uint16"

    @T.prim_func(s_tir=True)
    def kernel(
        a: T.Buffer((H, M, words), "uint32"),
        b: T.Buffer((H, N, words), "uint32"),
        table: T.Buffer((H, K + 1), "int32"),
        ratio: T.Buffer((H,), "float32"),
        y: T.Buffer((H, M, words_out), "uint32"),
    ):
        for h, i in T.grid(H, M):
            agreeing = T.alloc_local((N,), counted)
            total = T.alloc_local((1,), "int32")
            total[0] = 0
            for j in T.serial(N):
                with T.sblock(COUNT):
                    T.reads(a[h, i, 0:words], b[h, j, 0:words], table[h, 0 : K + 1], total[0])
                    T.writes(agreeing[j], total[0])
                    count: T.let[T.int32] = K - popcount(lambda k: a[h, i, k] ^ b[h, j, k], words)
                    agreeing[j] = T.Cast(counted, count)
                    total[0] = total[0] + table[h, count]
            threshold = T.alloc_local((1,), "float32")
            threshold[0] = ratio[h] * T.Cast("float32", total[0])
            least = T.alloc_local((1,), "int32")
            least[0] = _NEVER
            if threshold[0] <= T.float32(_NEVER - 1):
                least[0] = 0
                if threshold[0] > T.float32(0):
                    least[0] = T.Cast("int32", threshold[0])
                    if T.Cast("float32", least[0]) < threshold[0]:
                        least[0] = least[0] + 1
            packed = T.alloc_local((1,), "uint32")
            packed[0] = T.uint32(0)
            for part in T.serial(T.truncdiv(N, _BITS)):
                for p in T.unroll(_BITS):  # the sign of least - 1 - e is the bit e >= least
                    e: T.let[T.int32] = table[h, T.Cast("int32", agreeing[part * _BITS + p])]
                    bit: T.let[T.uint32] = T.reinterpret("uint32", least[0] - 1 - e) & T.uint32(0x80000000)
                    packed[0] = (packed[0] >> T.uint32(1)) | bit
                y[h, i, T.truncdiv(part, _PARTS)] = packed[0]
            for p in T.serial(N % _BITS):
                last: T.let[T.int32] = table[h, T.Cast("int32", agreeing[N - N % _BITS + p])]
                sign: T.let[T.uint32] = T.reinterpret("uint32", least[0] - 1 - last) & T.uint32(0x80000000)
                packed[0] = (packed[0] >> T.uint32(1)) | sign
            if N % WORD_BITS != 0:  # the bits of a last word that is not full are still at its top
                y[h, i, words_out - 1] = packed[0] >> T.uint32(WORD_BITS - N % WORD_BITS)

    return kernel
