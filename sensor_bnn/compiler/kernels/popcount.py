"""Population count of the XOR of two packed rows, as TIR expressions.

Cortex-M has no popcount instruction. Counting in parallel fields of a word (SWAR) costs 12 operations per
word. Three words share the later half of them, because the sum of their counts in 4-bit fields is at most 12.

Source: H. S. Warren, Hacker's Delight, 2nd edition, section 5-1.
"""

from collections.abc import Callable
from functools import reduce

from tvm.ir import Expr
from tvm.script import tirx as T
from tvm.script.ir_builder import tirx as builder

_WORDS_IN_NIBBLES = 3
UNROLLED_WORDS = 30
"""The longest row that one expression counts: ten groups of three words. Each of the four byte counts is then
at most 240 and does not overflow."""


def _word(value: int) -> Expr:
    return T.uint32(value)


def _add(left: Expr, right: Expr) -> Expr:
    return left + right


def _nibble_counts(x: Expr) -> Expr:
    pairs = x - ((x >> _word(1)) & _word(0x55555555))
    return (pairs & _word(0x33333333)) + ((pairs >> _word(2)) & _word(0x33333333))


def _byte_counts(words: list[Expr]) -> Expr:
    """Count at most three words and add the counts in the four bytes of one word."""
    nibbles = reduce(_add, map(_nibble_counts, words))
    if len(words) == 1:  # a nibble is at most 4, so the sum of two fits a nibble and one mask suffices
        return (nibbles + (nibbles >> _word(4))) & _word(0x0F0F0F0F)
    return (nibbles & _word(0x0F0F0F0F)) + ((nibbles >> _word(4)) & _word(0x0F0F0F0F))


def _sum_of_bytes(x: Expr, largest: int) -> Expr:
    # The product adds all four bytes in the top one, where the sum must fit a byte.
    if largest <= 255:
        return (x * _word(0x01010101)) >> _word(24)
    halves = (x & _word(0x00FF00FF)) + ((x >> _word(8)) & _word(0x00FF00FF))
    return (halves + (halves >> _word(16))) & _word(0xFFFF)


def _unrolled(words: list[Expr]) -> Expr:
    groups = [words[k : k + _WORDS_IN_NIBBLES] for k in range(0, len(words), _WORDS_IN_NIBBLES)]
    return T.Cast("int32", _sum_of_bytes(reduce(_add, map(_byte_counts, groups)), 32 * len(words)))


def popcount(word: Callable[[Expr | int], Expr], words: int) -> Expr:
    """Return the number of ones in ``words`` words as an int32 expression.

    It is called while TVM parses a kernel. For a long row it emits a loop before the statement of the call.

    Args:
        word: a function from the position of a word to its expression.
        words: the number of words.
    """
    if words <= UNROLLED_WORDS:
        return _unrolled([word(k) for k in range(words)])
    rounds, rest = divmod(words, UNROLLED_WORDS)
    total = builder.alloc_buffer((1,), "int32", scope="local")
    start = _unrolled([word(rounds * UNROLLED_WORDS + k) for k in range(rest)]) if rest else T.int32(0)
    builder.buffer_store(total, start, [0])
    with builder.serial(0, rounds) as turn:
        part = _unrolled([word(turn * UNROLLED_WORDS + k) for k in range(UNROLLED_WORDS)])
        builder.buffer_store(total, total[0] + part, [0])
    return total[0]
