"""Random data that is made where it is used, so that it need not be sent; the same on every machine.

Source: G. Marsaglia, Xorshift RNGs, Journal of Statistical Software 8(14), 2003.
"""

from tvm.ir import Expr
from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.onnx.packing import WORD_BITS, words_for


def _next(state: Expr) -> Expr:
    left = state ^ (state << T.uint32(13))
    right = left ^ (left >> T.uint32(17))
    return right ^ (right << T.uint32(5))


def noise_words(N: int, bits: int, seed: int) -> PrimFunc:
    """Build ``() -> y uint32 [N]``: every bit is random, except that the tails of packed rows are zero.

    Args:
        N: the number of words.
        bits: the bits of a packed row; 0 for words without rows.
        seed: the first state, at least 1: xorshift never leaves 0.
    """
    words = max(words_for(bits), 1)
    used = bits % WORD_BITS
    last = (1 << used) - 1 if used else 0xFFFFFFFF

    @T.prim_func(s_tir=True)
    def kernel(y: T.Buffer((N,), "uint32")):
        state = T.alloc_local((1,), "uint32")
        state[0] = T.uint32(seed)
        for i in T.serial(N):
            state[0] = _next(state[0])
            y[i] = state[0] & T.Select(
                T.truncmod(i, words) == words - 1, T.uint32(last), T.uint32(0xFFFFFFFF)
            )

    return kernel


def noise_floats(N: int, seed: int) -> PrimFunc:
    """Build ``() -> y float32 [N]``: random multiples of 2**-22 in -2 .. 2.

    Args:
        N: the number of floats.
        seed: the first state, at least 1: xorshift never leaves 0.
    """

    @T.prim_func(s_tir=True)
    def kernel(y: T.Buffer((N,), "float32")):
        state = T.alloc_local((1,), "uint32")
        state[0] = T.uint32(seed)
        for i in T.serial(N):
            state[0] = _next(state[0])
            y[i] = T.Cast("float32", T.shift_right(T.reinterpret("int32", state[0]), 8)) * T.float32(2.0**-22)

    return kernel
