"""Layers of the integer stream in C (``firmware/kernels/linear_stream.h``).

Binary products are looked up: blocks of eight outputs share the tables of a word of K. Products of bytes are
computed for four rows of weights at a time. What follows a count is one pass: scale, bias, shortcut, slope,
and for bits the threshold. For bits all of it becomes one comparison that depends on the count and the
shortcut alone, because the slope of negative values keeps their order. A slope below 0 does not, but it makes
no value negative, so all reach a threshold of at most 0. With a threshold above 0 TIR computes the layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
import numpy.typing as npt

from sensor_bnn.compiler.kernels.stream_layer import StreamLayer
from sensor_bnn.compiler.narrow import Array
from sensor_bnn.compiler.program import Call, Plan, Read, Workspace, Write
from sensor_bnn.compiler.stream_tokens import calls_tokens
from sensor_bnn.compiler.targets import Target
from sensor_bnn.onnx.operators import TensorType
from sensor_bnn.onnx.packing import WORD_BITS, words_for

VALUES, BITS = "sbnn_stream_values", "sbnn_stream_bits"
IMAGE = "sbnn_stream_image"
LANES, LANES_BITS = "sbnn_stream_lanes", "sbnn_stream_lanes_bits"
BYTES, PLAIN = "sbnn_stream_bytes", "sbnn_stream_bytes_plain"
ROWS_PLAIN = "sbnn_stream_rows_plain"
STEM, WINDOW = "sbnn_stream_stem", "sbnn_stream_window"
PACK, SCORES, CONTEXT = "sbnn_stream_pack", "sbnn_stream_scores", "sbnn_stream_context"
"""The C functions."""

FAMILIES = ("lookup", "stream")
"""The families of C sources that they need, see ``lookup.Kernel``."""

# Equal to the numbers of the C code: the outputs of a block, the bits up to which a count fits a byte, and
# the words of the counts of a channel, which two pairs of sums fill, the words of K that these can count, and
# the rows of taps of an image.
_ROWS = 8
_BYTE_BITS = 254
_COUNTS = 4
_PLAIN_WORDS = 14
_TAP_ROWS = 8
_MAX_BITS = 32767
"""A count must fit a halfword, and twice that the range of int16, in which nothing is saturated."""

_X, _W, _SCALE, _BIAS, _SLOPE, _RESIDUAL = range(6)
"""The inputs of a layer; its threshold is the last one."""

_SHORT_BITS = 15
_SHORT = 2**_SHORT_BITS
_SLOPE_BITS = 13
_LIMIT = 2**31

_FOUR = 4
"""The rows of weights that a product of bytes takes at a time."""
_WORTH = 8
"""The instructions that a byte of flash must save: weights of four rows at a time take two bytes each."""
_LOOPS = 2.5
"""How many times the instructions of TIR's loops a layer with plain weights may take: they are unrolled."""

Wide = npt.NDArray[np.int64]


@dataclass(frozen=True)
class StreamCosts:
    """Instructions on one class of cores, and sizes of its C code.

    Attributes:
        entries: the entries of the tables of a word of K.
        signed: whether counts become halfwords with a sign, from which factors with the other sign are made.
        table: building the tables of one word of K for a block.
        word: adding one word of K for one output channel of a block.
        widen: moving such counts from two pairs of sums to halfwords.
        channel: the constant cost of one output channel of a block.
        value, bit: one value of the stream, or one that becomes a bit.
        few: one word of K of an output that is counted alone.
        single: such an output's count, in addition to its words.
        term: one product of bytes.
        four: four sums of such products, in addition to them.
        plain: one product with a plain weight.
        cut: one byte of a patch.
    """

    entries: int
    signed: bool
    table: float
    word: float
    widen: float
    channel: float
    value: float
    bit: float
    few: float
    single: float
    term: float
    four: float
    plain: float
    cut: float

    def block(self, width: int, N: int, K: int) -> float:
        """Estimate the counts of a block."""
        chunks = -(-width // _PLAIN_WORDS) if K > _BYTE_BITS else 0
        return width * (self.table + N * self.word) + N * chunks * self.widen

    def alone(self, rows: int, width: int, N: int) -> float:
        """Estimate the counts of some outputs, each alone."""
        return rows * N * (width * self.few + self.single)


_ARMV7M = StreamCosts(
    entries=256,
    signed=False,
    table=590,
    word=28.5,
    widen=33,
    channel=35,
    value=14,
    bit=9.5,
    few=15,
    single=25,
    term=1.55,
    four=65,
    plain=4.2,
    cut=2.5,
)
_ARMV7EM = replace(
    _ARMV7M,
    signed=True,
    widen=15,
    channel=20,
    value=11,
    bit=9.5,
    term=0.86,
    four=38,
    cut=3.2,
)
_ARMV6M = StreamCosts(
    entries=256,
    signed=False,
    table=860,
    word=48.5,
    widen=36,
    channel=36,
    value=20,
    bit=14,
    few=21,
    single=30,
    term=2.0,
    four=75,
    plain=6.5,
    cut=3.3,
)
_RV32IM = StreamCosts(
    entries=448,
    signed=False,
    table=1450,
    word=42,
    widen=35,
    channel=50,
    value=18,
    bit=12.3,
    few=17,
    single=33,
    term=2.95,
    four=45,
    plain=6,
    cut=3,
)

_BY_ISA: dict[str, StreamCosts | None] = {
    "portable": _ARMV7M,
    "armv6m": _ARMV6M,
    "armv7m": _ARMV7M,
    "armv7em": _ARMV7EM,
    "rv32im": _RV32IM,
    **dict.fromkeys(("helium", "neon", "aarch64")),
}
"""Costs by folder of ``firmware/kernels``; None for cores with vectors, whose loops in TIR are faster."""


_PACKS: dict[str, tuple[float, int] | None] = {
    "portable": (2.2, 20),
    "armv6m": (5.15, 22),
    "armv7m": (4.15, 20),
    "armv7em": (2.2, 20),
    "rv32im": (5.7, 16),
    **dict.fromkeys(("helium", "neon", "aarch64")),
}
"""Instructions of a packed value and of a row in C, likewise; None where the loop in TIR is as fast."""

_ROW_SUMS: dict[str, tuple[int, int] | None] = {
    "portable": (64, 32),
    "armv6m": None,
    "armv7m": (38, 22),
    "armv7em": (25, 15),
    "rv32im": None,
}
"""Instructions of four terms of a row of bytes with four plain rows of weights and with two, likewise; None
where patches are as fast."""
_SUMS = 35
"""The constant instructions of such sums."""


def families_among(symbols: Iterable[str]) -> tuple[str, ...]:
    """Return the families of C sources that a program with these symbols needs because of its stream."""
    called = {*symbols}
    layers = {VALUES, IMAGE, LANES, BITS, LANES_BITS, BYTES, PLAIN, ROWS_PLAIN, STEM, WINDOW}
    layers |= {PACK, SCORES, CONTEXT}
    return FAMILIES if layers & called or calls_tokens(called) else ()


def costs_in_c(target: Target) -> StreamCosts | None:
    """Return the costs of the target's C code; None for a core with vectors."""
    return next((_BY_ISA[isa] for isa in reversed(target.isa) if isa in _BY_ISA), None)


def stream_kernel(
    shape: StreamLayer, arrays: Sequence[Array | None], target: Target, estimate: int
) -> Plan | None:
    """Return the call that computes a layer in C, or None where the kernel in TIR must or should.

    Args:
        shape: the layer's sizes.
        arrays: the contents of its inputs that are constants, in the order of the kernel in TIR.
        target: the processor.
        estimate: the estimated instructions of the kernel in TIR.
    """
    costs = costs_in_c(target)
    if costs is None or shape.shared:  # The C kernels have a shortcut for each token.
        return None
    if not shape.K:
        return _bytes(shape, arrays, costs, target, estimate)
    plan = _lookup(shape, arrays, costs)
    if plan is None or plan.instructions >= estimate:
        return None
    return _image(shape, plan, costs) or plan


def pack_kernel(types: list[TensorType], threshold: Array | None, target: Target) -> Plan | None:
    """Return the call that packs a stream ``[M, K]`` of int16 in C, or None where the kernel in TIR must."""
    costs = next((_PACKS[isa] for isa in reversed(target.isa) if isa in _PACKS), None)
    M, K = prod(types[0].shape[:-1]), types[0].shape[-1]
    if costs is None or threshold is None or types[0].dtype != np.int16 or K % WORD_BITS:
        return None
    value, row = costs
    halves = threshold.astype("<i2")
    if target.isa[-1] in ("armv6m", "armv7m"):  # They compare numbers without a sign.
        halves ^= np.int16(-_SHORT)
    pairs = np.ascontiguousarray(halves).view(np.uint32)
    call = Call(PACK, None, (M, K, Read(0), Read(1), Write()))
    return Plan((call,), round(M * (K * value + row)), constants={1: pairs})


def _lookup(shape: StreamLayer, arrays: Sequence[Array | None], costs: StreamCosts) -> Plan | None:
    if shape.A != shape.N or shape.pre or shape.K > _MAX_BITS:
        return None
    weights, scale = arrays[_W], arrays[_SCALE]
    constants = comparisons(shape, arrays) if shape.packed else halved(shape, arrays)
    if constants is None or weights is None or scale is None:
        return None
    if costs.signed:
        negative = opposite(scale)
        # A shortcut is shifted by a product with a power of two, which is a halfword.
        if negative is None or (shape.packed and shape.B and shape.shift > _SHORT_BITS):
            return None
        constants[_SCALE] = negative
    constants[_W] = np.ascontiguousarray(weights.T)
    few, instructions = _estimate(shape, costs)
    M = shape.grid.out_tokens
    return Plan(
        (_lookup_call(shape, few),),
        instructions,
        M * shape.N * shape.K,
        4 * (costs.entries + shape.N * _COUNTS * (1 if words_for(shape.K) <= _PLAIN_WORDS else 2)),
        (1, M, shape.N, shape.K),
        overwrites=_RESIDUAL if shape.B == shape.N and not shape.packed else None,
        constants=constants,
    )


def _image(shape: StreamLayer, plan: Plan, costs: StreamCosts) -> Plan | None:
    """Return the same layer with tables that rows of outputs share, or None if that takes as long."""
    grid, K = shape.grid, shape.K
    open_rows = (grid.kernel_rows - 1) * grid.dilation_rows // grid.stride_rows + 1
    if open_rows < 2 or shape.packed or grid.kernel_rows > _TAP_ROWS or grid.out_rows < 2:
        return None
    width, N = grid.taps * shape.W, shape.N
    strips = -(-grid.out_columns // _ROWS)
    read = {
        row * grid.stride_rows + tap * grid.dilation_rows
        for row in range(grid.out_rows)
        for tap in range(grid.kernel_rows)
    }
    blocks = strips * grid.out_rows
    tables = strips * len(read) * grid.kernel_columns * shape.W * costs.table
    counts = blocks * (costs.block(width, N, K) - width * costs.table)
    instructions = round(tables + counts + blocks * N * costs.channel + grid.out_tokens * N * costs.value)
    if instructions >= plan.instructions:
        return None
    (call,) = plan.calls
    arguments = list(call.arguments)
    arguments[len(grid_numbers(shape)) + 1] = open_rows
    counted = _COUNTS * (1 if width <= _PLAIN_WORDS else 2)
    return replace(
        plan,
        calls=(Call(IMAGE, None, tuple(arguments)),),
        instructions=instructions,
        workspace=4 * (costs.entries + open_rows * N * counted),
    )


def _bytes(
    shape: StreamLayer, arrays: Sequence[Array | None], costs: StreamCosts, target: Target, estimate: int
) -> Plan | None:
    weights = arrays[_W]
    constants = None if shape.packed else shifted(shape, arrays, signed=costs.signed)
    if weights is None or constants is None:
        return None
    M, A, N, terms = shape.grid.out_tokens, shape.A, shape.N, shape.terms + shape.terms % 2
    fours = -(-A // _FOUR)
    rest = M * (terms * costs.cut + N * costs.value) + -(-M // _ROWS) * N * costs.channel
    quick = round(rest + M * fours * (costs.four + _FOUR * terms * costs.term))
    plain = round(rest + M * A * (costs.single + terms * costs.plain))
    sums = next((_ROW_SUMS[isa] for isa in reversed(target.isa) if isa in _ROW_SUMS), None)
    rows = sums is not None and shape.grid.plain and shape.W % _FOUR == 0
    if sums is not None and rows:
        groups, pair = (A + 1) // _FOUR, A % _FOUR in (1, 2)
        each = shape.W // _FOUR * (groups * sums[0] + pair * sums[1]) + (groups + pair) * _SUMS
        plain = round(M * (each + N * costs.value) + -(-M // _ROWS) * N * costs.channel)
    words = words_of_bytes(weights.astype(np.int64), terms, of_terms="armv7em" in target.isa)
    if min(plain, estimate) - quick >= _WORTH * (words.nbytes - weights.nbytes):
        symbol, instructions, stored = BYTES, quick, {_W: words}
    elif plain < _LOOPS * estimate:
        symbol, instructions, stored = ROWS_PLAIN if rows else PLAIN, plain, {}
    else:
        return None
    grid = (M, shape.W) if symbol == ROWS_PLAIN else grid_numbers(shape)
    sizes = (*grid, A, N, shape.B, shape.slopes, shape.pre, shape.shift)
    reads = (Read(_X), Read(_W), Read(_BIAS), Read(_SCALE), Read(_SLOPE))
    residual = Read(_RESIDUAL) if shape.B else None
    return Plan(
        (Call(symbol, None, (*sizes, *reads, residual, Workspace(), Write())),),
        instructions,
        M * A * shape.terms,
        2 * _ROWS * _FOUR * fours + (0 if symbol == ROWS_PLAIN else 4 * (terms + 1)),
        (1, M, A, shape.terms),
        overwrites=_RESIDUAL if shape.B == N else None,
        constants={**constants, **stored},
    )


def words_of_bytes(weights: Wide, terms: int, *, of_terms: bool) -> Array:
    """Return weights as ``sbnn_stream_bytes`` reads them, uint32 ``[fours, terms, 2]`` in two orders.

    Args:
        weights: ``[A, terms or one less]``.
        terms: an even number.
        of_terms: whether a word has two terms of a row, not two rows of a term.
    """
    rows = -(-len(weights) // _FOUR) * _FOUR
    padded = np.zeros((rows, terms), np.int64)
    padded[: len(weights), : weights.shape[1]] = weights
    if of_terms:
        # [fours, pairs of terms, four rows, two terms]
        parts = padded.reshape(-1, _FOUR, terms // 2, 2).transpose(0, 2, 1, 3) & 0xFFFF
    else:
        # [fours, terms, two pairs of rows, two rows]
        parts = padded.reshape(-1, _FOUR, terms).transpose(0, 2, 1).reshape(-1, terms, 2, 2)
    words = (parts[..., 0] + (parts[..., 1] << 16)) & 0xFFFFFFFF
    found: Array = words.astype(np.uint32)
    return found


def _estimate(shape: StreamLayer, costs: StreamCosts) -> tuple[int, int]:
    """Return the outputs up to which each is counted alone, and the estimate."""
    width = shape.grid.taps * shape.W
    M, N = shape.grid.out_tokens, shape.N
    blocks, left = divmod(M, _ROWS)
    block, alone = costs.block(width, N, shape.K), costs.alone(1, width, N)
    few = min(int(block / alone), _ROWS - 1) if width <= costs.entries else 0
    counts = blocks * block + (left * alone if left <= few else block)
    channels = -(-M // _ROWS) * N * costs.channel
    return few, round(counts + channels + M * N * (costs.bit if shape.packed else costs.value))


def grid_numbers(shape: StreamLayer) -> tuple[int, ...]:
    """Return the first arguments of all functions: the grid, and the elements of a token."""
    grid = shape.grid
    return (
        *(grid.rows, grid.columns, grid.kernel_rows, grid.kernel_columns),
        *(grid.stride_rows, grid.stride_columns, grid.dilation_rows, grid.dilation_columns),
        *(grid.first_row, grid.first_column, shape.W),
    )


def _lookup_call(shape: StreamLayer, few: int) -> Call:
    sizes = (*grid_numbers(shape), shape.K, few, shape.N, shape.B)
    residual = Read(_RESIDUAL) if shape.B else None
    reads = (Read(_X), Read(_W), Read(_BIAS), Read(_SCALE))
    if shape.packed:
        return Call(BITS, None, (*sizes, shape.shift - 1, *reads, residual, Workspace(), Write()))
    ends = (Read(_SLOPE), residual, Workspace(), Write())
    return Call(VALUES, None, (*sizes, shape.slopes, shape.shift - 1, *reads, *ends))


def _base(shape: StreamLayer, arrays: Sequence[Array | None], origin: int, most: int) -> Wide | None:
    """Return ``origin * scale + half + (bias << shift)``, int64 [N], or None if it is not known.

    It is None too if that sum may not fit 32 bits for a product of ``most`` and the scale.
    """
    scale, bias = _wide(arrays[_SCALE]), _wide(arrays[_BIAS])
    if scale is None or bias is None:
        return None
    added = (1 << shape.shift >> 1) + (bias << shape.shift)
    if ((most * np.abs(scale) + np.abs(added)).max()) >= _LIMIT:
        return None
    return origin * scale + added


def halved(shape: StreamLayer, arrays: Sequence[Array | None]) -> dict[int, Array] | None:
    """Return the constants of values from c mismatches, whose product is K - 2 c.

    A shift of at least 1 rounds down the lowest bit anyway, so base, factor and shift are those of a half.
    """
    base = _base(shape, arrays, shape.K, shape.K)
    if base is None or not shape.shift:
        return None
    return {_BIAS: (base >> 1).astype(np.int32)}


def shifted(shape: StreamLayer, arrays: Sequence[Array | None], *, signed: bool) -> dict[int, Array] | None:
    """Return the constants of values from the products of bytes; the base may wrap round.

    They are plus 32768, so that they have no sign, unless halfwords have one.
    """
    base, scale = _base(shape, arrays, 0 if signed else -_SHORT, _SHORT), arrays[_SCALE]
    negative = None if scale is None else opposite(scale)
    if base is None or negative is None:
        return None
    wrapped = (base & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
    return {_BIAS: wrapped, **({} if signed else {_SCALE: negative})}


def opposite(scale: Array) -> Array | None:
    """Return a scale with the other sign, or None if not all of it is int16."""
    negative = -scale.astype(np.int64)
    return None if bool((negative >= _SHORT).any()) else negative.astype(np.int16)


def comparisons(shape: StreamLayer, arrays: Sequence[Array | None]) -> dict[int, Array] | None:
    """Return the constants of the comparison that makes bits, or None if there is none.

    With c mismatches and the shortcut r, before saturation the stream has
    ``h = ((K - 2 c) * scale + half >> shift) + bias + r``.
    Let ``least`` be the least h whose value reaches the threshold. Then the bit is
    ``(K - 2 c) * scale + half + (bias - least + r << shift) >= 0``. Half of that, rounded down, is
    ``base - c * scale + (r << shift - 1)``, which has the same sign.
    """
    scale, bias, slope = (_wide(arrays[place]) for place in (_SCALE, _BIAS, _SLOPE))
    threshold = _wide(arrays[-1])
    if scale is None or bias is None or slope is None or threshold is None:
        return None
    if shape.N % WORD_BITS or not shape.shift or bool(((slope < 0) & (threshold > 0)).any()):
        return None
    least = least_reaching(threshold, np.broadcast_to(slope, (shape.N,)))
    bases = (shape.K * scale + (1 << (shape.shift - 1)) + ((bias - least) << shape.shift)) >> 1
    # A base beyond these bounds has the same bit for all counts and shortcuts as the bound.
    room = shape.K * np.abs(scale) + ((_SHORT << (shape.shift - 1)) if shape.B else 0)
    if (2 * room + 1 >= _LIMIT).any():
        return None
    # Saturation lets every sum reach the smallest value.
    bases = np.where(least <= -_SHORT, room, bases)
    return {_BIAS: np.clip(bases, -room - 1, room).astype(np.int32)}


def _wide(array: Array | None) -> Wide | None:
    return None if array is None else array.astype(np.int64)


def least_reaching(threshold: Wide, slope: Wide) -> Wide:
    """Return the least h of int16 from which on all values, after the slope, reach the threshold.

    Where the slope is negative, the threshold is not above 0, and there is no value below it.
    """
    # (h * slope + 4096) >> 13 >= threshold, for h < 0.
    product = (threshold << _SLOPE_BITS) - (1 << (_SLOPE_BITS - 1))
    negative = np.where(slope > 0, -(-product // np.maximum(slope, 1)), -_SHORT)
    # -32768 is reached by all, for smaller values are saturated to it.
    negative = np.where(threshold <= -_SHORT, -_SHORT, np.clip(negative, -_SHORT, 0))
    return np.where(threshold > 0, threshold, negative)
