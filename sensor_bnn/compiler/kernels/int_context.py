"""Bits of an attention map times values, counted for 32 channels at once.

The bit of a channel is ``2 * count - ones >= threshold``: count is the number of attended tokens whose value
is 1 there, ones that of all attended tokens. Let u be the threshold, limited to where the bit changes, plus
the number of tokens, so that nothing is negative. Then the bit is ``2 * count + zeros >= u``, where zeros is
the number of the other tokens. A number of each channel is kept as planes: bit c of plane j is bit j of
channel c's number. So an addition of 32 numbers takes a few operations per plane.
"""

import numpy as np
from tvm.ir import Expr
from tvm.script.ir_builder import IRBuilder
from tvm.script.ir_builder import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels.popcount import popcount
from sensor_bnn.compiler.narrow import Array
from sensor_bnn.onnx.packing import WORD_BITS, pack_bits, words_for

MAX_TOKENS = 64
"""The most tokens, because the additions are unrolled."""


def limit_planes(threshold: Array, tokens: int) -> Array:
    """Return the constants of the comparison: the planes of NOT u, uint32 ``[words(N), planes]``.

    Args:
        threshold: int32 ``[N]``, N a multiple of 32.
        tokens: the number of tokens.
    """
    limits = np.clip(threshold.astype(np.int64), -tokens, tokens + 1) + tokens
    planes = np.arange(_planes(tokens) + 1)
    bits = (~limits[:, None] >> planes) & 1
    packed: Array = pack_bits(bits.T == 1).T.copy()
    return packed


def int_context(H: int, M: int, W: int, K: int) -> PrimFunc:
    """Build ``(p [H, M, words(K)], v [H, K, W], limit [H * W, planes]) -> y [M, H * W]``, all of uint32.

    Args:
        H: the number of heads.
        M: the number of queries.
        W: the words of a head's values.
        K: the number of tokens that have values, at most ``MAX_TOKENS``.
    """
    count = _planes(K)
    with IRBuilder() as made, T.prim_func(s_tir=True):
        T.func_name("kernel")
        p = T.arg("p", T.Buffer((H, M, words_for(K)), "uint32"))
        v = T.arg("v", T.Buffer((H, K, W), "uint32"))
        limit = T.arg("limit", T.Buffer((H * W, count + 1), "uint32"))
        y = T.arg("y", T.Buffer((M, H * W), "uint32"))
        with T.serial(0, H) as h, T.serial(0, M) as i:
            # Buffers, because variables would be replaced by their values, whose size doubles at each step.
            zeros, attended = (T.alloc_local((1,), "uint32") for _ in range(2))
            numbers = _Numbers(count)
            ones = popcount(lambda word: p[h, i, word], words_for(K))
            T.buffer_store(zeros, T.Cast("uint32", K - ones), [0])
            with T.serial(0, W) as w:
                # Half of the zeros are in the planes from the start; the odd one is the lowest bit.
                for plane in range(count):
                    T.buffer_store(numbers.planes, _everywhere(zeros[0], plane + 1), [plane])
                for word in range(words_for(K)):
                    T.buffer_store(attended, p[h, i, word], [0])
                    first, tokens = word * WORD_BITS, min(K - word * WORD_BITS, WORD_BITS)

                    def value(token: Expr, place: int) -> Expr:
                        return v[h, token + place, w] & _everywhere(attended[0], place)

                    with T.serial(0, tokens // 3) as three:
                        token = first + 3 * three
                        numbers.add_three([value(token, place) for place in range(3)])
                        T.buffer_store(attended, attended[0] >> T.uint32(3), [0])
                    for place in range(tokens % 3):
                        numbers.add(value(T.int32(first + tokens - tokens % 3), place))
                lowest = _everywhere(zeros[0], 0) | limit[h * W + w, 0]
                limits = [limit[h * W + w, plane + 1] for plane in range(count)]
                T.buffer_store(y, numbers.reaches(lowest, limits), [i, h * W + w])
    return made.get()


def _planes(tokens: int) -> int:
    """Return the planes of a number of at most ``tokens``."""
    return tokens.bit_length()


def _everywhere(word: Expr, place: int) -> Expr:
    """Return a word of ones if a bit is 1, else of zeros."""
    top = T.reinterpret("int32", word << T.uint32(WORD_BITS - 1 - place))
    return T.reinterpret("uint32", T.shift_right(top, T.int32(WORD_BITS - 1)))


def _majority(left: Expr, middle: Expr, right: Expr) -> Expr:
    return (left & middle) | (right & (left ^ middle))


class _Numbers:
    """Numbers of 32 channels: their planes of one, two, four and so on, and words for an addition."""

    def __init__(self, planes: int) -> None:
        self.planes = T.alloc_local((planes,), "uint32")
        self._bits, self._carry, self._twice, self._next = (
            T.alloc_local((size,), "uint32") for size in (3, 1, 1, 1)
        )

    def add(self, bit: Expr) -> None:
        """Emit the addition of one bit of each channel."""
        T.buffer_store(self._carry, bit, [0])
        self._add_carry(three=False)

    def add_three(self, bits: list[Expr]) -> None:
        """Emit the addition of three bits of each channel; their sum is a bit of weight 1 and one of 2."""
        for place, bit in enumerate(bits):
            T.buffer_store(self._bits, bit, [place])
        first, second, third = (self._bits[place] for place in range(3))
        T.buffer_store(self._carry, first ^ second ^ third, [0])
        T.buffer_store(self._twice, _majority(first, second, third), [0])
        self._add_carry(three=True)

    def _add_carry(self, *, three: bool) -> None:
        carry, twice = self._carry[0], self._twice[0]
        for place in range(int(self.planes.shape[0])):
            plane = self.planes[place]
            both = three and place == 1
            T.buffer_store(self._next, _majority(plane, twice, carry) if both else plane & carry, [0])
            T.buffer_store(self.planes, plane ^ twice ^ carry if both else plane ^ carry, [place])
            T.buffer_store(self._carry, self._next[0], [0])

    def reaches(self, lowest: Expr, limits: list[Expr]) -> Expr:
        """Emit the comparison of twice the numbers plus a bit with limits; return a bit of each channel.

        Args:
            lowest: the carry of the lowest plane.
            limits: the inverted planes of the limits above it.
        """
        T.buffer_store(self._carry, lowest, [0])
        for place, limit in enumerate(limits):
            T.buffer_store(self._carry, _majority(self.planes[place], limit, self._carry[0]), [0])
        return self._carry[0]
