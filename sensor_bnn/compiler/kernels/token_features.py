"""Features over all tokens: sum, largest value, and the number of ones."""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.onnx.packing import WORD_BITS, words_for


def token_sum(M: int, N: int) -> PrimFunc:
    """Build ``(x int16 [M, N]) -> y int32 [N]``.

    Args:
        M: the number of tokens.
        N: the number of channels.
    """

    @T.prim_func(s_tir=True)
    def kernel(x: T.Buffer((M, N), "int16"), y: T.Buffer((N,), "int32")):
        for j in T.serial(N):
            total = T.alloc_local((1,), "int32")
            total[0] = 0
            for i in T.serial(M):
                total[0] = total[0] + T.Cast("int32", x[i, j])
            y[j] = total[0]

    return kernel


def token_max(M: int, N: int) -> PrimFunc:
    """Build ``(x int16 [M, N]) -> y int16 [N]``.

    Args:
        M: the number of tokens.
        N: the number of channels.
    """

    @T.prim_func(s_tir=True)
    def kernel(x: T.Buffer((M, N), "int16"), y: T.Buffer((N,), "int16")):
        for j in T.serial(N):
            most = T.alloc_local((1,), "int16")
            most[0] = x[0, j]
            for i in T.serial(M):
                most[0] = T.max(most[0], x[i, j])
            y[j] = most[0]

    return kernel


def token_count(M: int, N: int) -> PrimFunc:
    """Build ``(x uint32 [M, words(N)]) -> y int32 [N]``: the tokens whose bit is 1.

    Args:
        M: the number of tokens.
        N: the number of channels.
    """
    words = words_for(N)

    @T.prim_func(s_tir=True)
    def kernel(x: T.Buffer((M, words), "uint32"), y: T.Buffer((N,), "int32")):
        for j in T.serial(N):
            total = T.alloc_local((1,), "int32")
            total[0] = 0
            for i in T.serial(M):
                bit: T.let[T.uint32] = (
                    x[i, T.truncdiv(j, WORD_BITS)] >> T.Cast("uint32", T.truncmod(j, WORD_BITS))
                ) & T.uint32(1)
                total[0] = total[0] + T.Cast("int32", bit)
            y[j] = total[0]

    return kernel
