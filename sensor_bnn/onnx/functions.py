"""Pieces of ONNX text of which the operators' ONNX functions consist.

Each piece names its values after its argument, so names never collide in a function. Packed words become
float +-1, which are multiplied. This is exact below 2**24 terms, and fast, because a runtime unpacks the
constant weights once, when it loads the file.
"""

from __future__ import annotations

from sensor_bnn.onnx.packing import WORD_BITS

LAST = "last = Constant <value_ints: ints = [-1]> ()\n"
LENGTH = """
K0 = Constant <value_int: int = @K> ()
one_axis = Constant <value_ints: ints = [1]> ()
K1 = Reshape (K0, one_axis)
first = Constant <value_ints: ints = [0]> ()
"""
PLACES = f"""
places = Constant <value = uint32[{WORD_BITS}] {{{", ".join(map(str, range(WORD_BITS)))}}}> ()
lowest = Constant <value = uint32[1] {{1}}> ()
"""
SIGN = """
two = Constant <value = float[1] {2}> ()
one = Constant <value = float[1] {1}> ()
"""
ENTRIES = """
K0 = Constant <value_int: int = @K> ()
K32 = Cast <to = 6> (K0)
shifted = Add (S, K32)
two = Constant <value = int32 {2}> ()
counts = Div (shifted, two)
zero32 = Constant <value = int32 {0}> ()
one32 = Constant <value = int32 {1}> ()
inner = Constant <value_ints: ints = [1, 2]> ()
table_width = Add (K32, one32)
heads_long = Size (ratio)
heads = Cast <to = 6> (heads_long)
head = Range (zero32, heads, one32)
head_first = Mul (head, table_width)
head_column = Unsqueeze (head_first, inner)
places = Add (counts, head_column)
flat_table = Reshape (table, last)
e = Gather (flat_table, places)
total = ReduceSum <keepdims = 1> (e, last)
"""
"""Text that looks scores ``S`` up in ``table``: ``e``, and ``total``, its sum over a row, both int32.

It requires the value ``last``, and leaves the axes ``inner``.
"""


def unpack(words: str) -> str:
    """Text that unpacks words to ``{words}_bits``: float 0 or 1, the last axis K long.

    It requires the values ``last``, ``K1``, ``first``, ``places`` and ``lowest``.
    """
    return f"""
    {words}_single = Unsqueeze ({words}, last)
    {words}_shifted = BitShift <direction = "RIGHT"> ({words}_single, places)
    {words}_masked = BitwiseAnd ({words}_shifted, lowest)
    {words}_float = Cast <to = 1> ({words}_masked)
    {words}_leading = Shape <end = -1> ({words})
    {words}_shape = Concat <axis = 0> ({words}_leading, last)
    {words}_whole = Reshape ({words}_float, {words}_shape)
    {words}_bits = Slice ({words}_whole, first, K1, last)
    """


def signs(words: str) -> str:
    """Text that unpacks words to ``{words}_signs``: float +-1.

    It requires the values that ``_unpack`` requires, and ``two`` and ``one``.
    """
    return f"""
    {unpack(words)}
    {words}_twice = Mul ({words}_bits, two)
    {words}_signs = Sub ({words}_twice, one)
    """


def pack(bits: str, words: str) -> str:
    """Text that packs bool or float bits into ``words`` with a zero tail. It requires the value ``last``.

    It sums bit * 2**place in int64, because ONNX Runtime has no ReduceSum of unsigned integers.
    """
    return f"""
    {bits}_long = Cast <to = 7> ({bits})
    width = Constant <value_ints: ints = [{WORD_BITS}]> ()
    {bits}_length = Shape <start = -1> ({bits})
    {bits}_missing = Neg ({bits}_length)
    {bits}_tail = Mod ({bits}_missing, width)
    none = Constant <value_ints: ints = [0]> ()
    {bits}_pads = Concat <axis = 0> (none, {bits}_tail)
    zero = Constant <value_int: int = 0> ()
    {bits}_padded = Pad ({bits}_long, {bits}_pads, zero, last)
    {bits}_leading = Shape <end = -1> ({bits})
    {bits}_shape = Concat <axis = 0> ({bits}_leading, last, width)
    {bits}_rows = Reshape ({bits}_padded, {bits}_shape)
    powers = Constant <value = int64[{WORD_BITS}] {{{", ".join(str(1 << i) for i in range(WORD_BITS))}}}> ()
    {bits}_weighed = Mul ({bits}_rows, powers)
    {bits}_sums = ReduceSum <keepdims = 0> ({bits}_weighed, last)
    {words} = Cast <to = 12> ({bits}_sums)
    """
