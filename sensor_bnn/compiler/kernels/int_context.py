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
            attended = [T.Bind(p[h, i, word]) for word in range(words_for(K))]
            ones = popcount(lambda word: attended[word], words_for(K))
            zeros = T.Bind(T.Cast("uint32", K - ones))
            with T.serial(0, W) as w:
                # Half of the zeros are in the planes from the start; the odd one is the lowest bit.
                planes = [_everywhere(zeros, plane + 1) for plane in range(count)]
                values = [
                    T.Bind(v[h, t, w] & _everywhere(attended[t // WORD_BITS], t % WORD_BITS))
                    for t in range(K)
                ]
                for first in range(0, K, 3):
                    _add(planes, values[first : first + 3])
                carry = T.Bind(_everywhere(zeros, 0) | limit[h * W + w, 0])
                for place, plane in enumerate(planes):
                    other = T.Bind(limit[h * W + w, place + 1])
                    carry = T.Bind(_majority(plane, other, carry))
                T.buffer_store(y, carry, [i, h * W + w])
    return made.get()


def _planes(tokens: int) -> int:
    """Return the planes of a number of at most ``tokens``."""
    return tokens.bit_length()


def _everywhere(word: Expr, place: int) -> Expr:
    """Return a word of ones if a bit is 1, else of zeros."""
    top = T.reinterpret("int32", word << T.uint32(WORD_BITS - 1 - place))
    return T.Bind(T.reinterpret("uint32", T.shift_right(top, T.int32(WORD_BITS - 1))))


def _majority(left: Expr, middle: Expr, right: Expr) -> Expr:
    return (left & middle) | (right & (left ^ middle))


def _add(planes: list[Expr], bits: list[Expr]) -> None:
    """Add at most three bits of each channel to its number."""
    if len(bits) < 3:
        for bit in bits:
            _ripple(planes, bit, None)
        return
    _ripple(planes, T.Bind(bits[0] ^ bits[1] ^ bits[2]), T.Bind(_majority(*bits)))


def _ripple(planes: list[Expr], carry: Expr, twice: Expr | None) -> None:
    """Add a bit of weight 1, and perhaps one of weight 2, to planes of one, two, four and so on."""
    for place, plane in enumerate(planes):
        if place == 1 and twice is not None:
            planes[place] = T.Bind(plane ^ twice ^ carry)
            carry = T.Bind(_majority(plane, twice, carry))
        else:
            planes[place] = T.Bind(plane ^ carry)
            carry = T.Bind(plane & carry)
