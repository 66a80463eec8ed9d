"""Layers of images whose channels are lanes (``sbnn_stream_lanes`` in ``firmware/kernels/linear_stream.h``).

Where many tokens share the weights, tables of the weights take less than tables of the tokens: four bits of a
token choose an entry with a nibble for each of 32 channels. The counts of a token's channels then lie side by
side, as its values do, so that scale, shortcut and slope take two channels at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sensor_bnn.compiler.kernels.grid import Grid
from sensor_bnn.compiler.kernels.stream_layer import StreamLayer
from sensor_bnn.compiler.narrow import Array
from sensor_bnn.compiler.program import Call, Plan, Read, Workspace, Write
from sensor_bnn.compiler.stream_kernels import (
    LANES,
    LANES_BITS,
    Wide,
    comparisons,
    grid_numbers,
    halved,
    opposite,
)
from sensor_bnn.compiler.targets import Target
from sensor_bnn.onnx.packing import WORD_BITS

# Equal to the numbers of the C code: the channels of a group, the bytes of the tables, of a record and of the
# addresses of a word, and the words of K that a record counts.
_GROUP = 32
_TABLES = 2048
_RECORD = 32
_CHUNK = 7

_ORDER = (0, 4, 2, 6, 1, 5, 3, 7)
"""The channel of eight that nibble m has."""

_X, _W, _SCALE, _BIAS, _SLOPE, _RESIDUAL = range(6)
_SHORT = 2**15
_SHORT_BITS = 15
GENTLE_SLOPES = range(-(2**13) + 1, 2**13 + 1)
"""The slopes whose product with a negative halfword fits a halfword after its shift."""

_TOKENS = 56
"""The least tokens: with fewer ones the tables of the weights take more than they save."""


@dataclass(frozen=True)
class LanesCosts:
    """Instructions on one class of cores.

    Attributes:
        table: building the tables of one word of K for a group of channels.
        listed: the addresses of one word.
        added: one word of K of a token, for a group.
        row: such words of a row of outputs, in addition to them.
        near, far: one value of the stream, if it fits 16 bits before its residual, or need not.
        bit: one value of the stream that becomes a bit.
        chunk: the counts of one channel beyond a token's first record.
        token: the constant cost of one token and group.
        strip: the constant cost of one strip and group.
    """

    table: float
    listed: float
    added: float
    row: float
    near: float
    far: float
    bit: float
    chunk: float
    token: float
    strip: float


ARMV7EM = LanesCosts(
    table=1115, listed=30, added=78.5, row=10, near=8.9, far=10.3, bit=6.9, chunk=1.4, token=10, strip=400
)
_ARMV7M = replace(ARMV7EM, near=13.9, far=13.9, bit=10.2, chunk=1.9)
_ARMV6M = LanesCosts(
    table=1930, listed=40, added=128, row=20, near=22, far=22, bit=15, chunk=3.2, token=20, strip=600
)
_BY_ISA = {"armv6m": _ARMV6M, "armv7m": _ARMV7M, "armv7em": ARMV7EM}
"""Costs by folder of ``firmware/kernels``; other cores have no such layers."""


def lanes_kernel(
    shape: StreamLayer, arrays: Sequence[Array | None], target: Target, estimate: int
) -> Plan | None:
    """Return the call that computes a layer so, or None where another kernel must or should.

    Args:
        shape: the layer's sizes.
        arrays: the contents of its inputs that are constants, in the order of the kernel in TIR.
        target: the processor.
        estimate: the estimated instructions of the other kernel.
    """
    costs = _BY_ISA.get(target.isa[-1])
    return None if costs is None else lanes_plan(shape, arrays, costs, estimate)


def lanes_plan(
    shape: StreamLayer, arrays: Sequence[Array | None], costs: LanesCosts, estimate: int
) -> Plan | None:
    """Return the call with the costs of a class of cores, see :func:`lanes_kernel`."""
    grid, N, B = shape.grid, shape.N, shape.B
    weights, scale, slope = arrays[_W], arrays[_SCALE], arrays[_SLOPE]
    if weights is None or scale is None or slope is None or shape.shared or not _fits(shape, slope):
        return None
    constants = comparisons(shape, arrays) if shape.packed else halved(shape, arrays)
    factors = opposite(scale)
    if constants is None or factors is None:
        return None
    base = constants[_BIAS].astype(np.int64)
    near = not shape.packed and _near(shape, base, scale)
    (height, whole), instructions = _form(shape, costs, near=near)
    if instructions >= estimate:
        return None
    given = (*grid_numbers(shape), height, int(whole), N, B)
    reads = (Read(_X), Read(_W), Read(_BIAS))
    ends = (Read(_RESIDUAL) if B else None, Workspace(), Write())
    if shape.packed:
        call = Call(LANES_BITS, None, (*given, shape.shift - 1, *reads, *ends))
    else:
        call = Call(LANES, None, (*given, int(near), shape.shift - 1, *reads, Read(_SLOPE), *ends))
    M = grid.out_tokens
    return Plan(
        (call,),
        instructions,
        M * N * shape.K,
        workspace_bytes(shape, height, whole=whole),
        (1, M, N, shape.K),
        overwrites=_RESIDUAL if B == N and not shape.packed else None,
        constants={_W: lanes_weights(weights, grid, shape.W), _BIAS: lanes_constants(base, factors)},
    )


def _fits(shape: StreamLayer, slope: Array) -> bool:
    grid = shape.grid
    whole = shape.A == shape.N and not shape.pre and grid.taps * shape.W * WORD_BITS == shape.K
    groups = shape.N % _GROUP == 0 and shape.B % _GROUP == 0 and (not shape.B or shape.N % shape.B == 0)
    image = grid.out_tokens >= _TOKENS and (grid.plain or grid.rows > 1)
    end = shape.shift <= _SHORT_BITS if shape.packed else slope.size == 1 and int(slope[0]) in GENTLE_SLOPES
    return whole and groups and image and shape.shift > 0 and end


def _near(shape: StreamLayer, base: Wide, scale: Array) -> bool:
    """Whether the values before the residual fit 16 bits for all mismatches."""
    ends = np.stack((base, base - shape.K * scale.astype(np.int64))) >> (shape.shift - 1)
    return bool(((ends >= -_SHORT) & (ends < _SHORT)).all())


def workspace_bytes(shape: StreamLayer, height: int, *, whole: bool) -> int:
    """Return the bytes of workspace for strips of ``height`` rows of outputs.

    Args:
        shape: the layer's sizes.
        height: the rows of outputs.
        whole: whether the addresses of all rows of tokens that a strip reads are listed at once.
    """
    grid = shape.grid
    chunks = -(-grid.taps * shape.W // _CHUNK)
    together = shape.N // _GROUP if grid.taps == 1 else 1
    tokens = _read_rows(grid, height) * _read_columns(grid) if whole else height * _listed(grid)
    return _TABLES + (height * grid.out_columns * chunks * together + tokens) * _RECORD


def _read_rows(grid: Grid, height: int) -> int:
    return (height - 1) * grid.stride_rows + (grid.kernel_rows - 1) * grid.dilation_rows + 1


def _read_columns(grid: Grid) -> int:
    beside = (grid.kernel_columns - 1) * grid.dilation_columns // grid.stride_columns
    return grid.stride_columns * (grid.out_columns + beside)


def _listed(grid: Grid) -> int:
    beside = (grid.kernel_columns - 1) * grid.dilation_columns if grid.stride_columns == 1 else 0
    return grid.out_columns + beside


_Form = tuple[int, bool]
"""The rows of outputs of a strip, and whether all rows of tokens that it reads are listed at once."""


def _form(shape: StreamLayer, costs: LanesCosts, *, near: bool) -> tuple[_Form, int]:
    """Return the form that takes the fewest instructions, and the estimate.

    The memory of a first stage is that of its stream, and of what a pool or a strip adds. A later stage has
    fewer tokens, and more memory to spare.
    """
    M, N, rows = shape.grid.out_tokens, shape.N, shape.grid.out_rows
    stream = 2 * M * N
    room = stream * 3 // 8 if M > 4 * _GROUP else stream * 3 // 2
    forms = [(height, whole) for height in range(1, rows + 1) for whole in (False, True)]
    fitting = [form for form in forms if workspace_bytes(shape, form[0], whole=form[1]) <= room]
    found = (
        ((height, whole), _estimate(shape, costs, height, whole=whole, near=near))
        for height, whole in fitting or [(1, False)]
    )
    return min(found, key=_cost)


def _cost(found: tuple[_Form, int]) -> int:
    return found[1]


def _estimate(shape: StreamLayer, costs: LanesCosts, height: int, *, whole: bool, near: bool) -> int:
    grid, width, groups = shape.grid, shape.grid.taps * shape.W, shape.N // _GROUP
    M, rows, strips = grid.out_tokens, grid.out_rows, -(-grid.out_rows // height)
    if whole:
        read = strips * _read_rows(grid, 1) + (rows - strips) * grid.stride_rows
        tokens = shape.W * read * _read_columns(grid)
    else:
        lists = 1 if grid.stride_columns == 1 else grid.kernel_columns
        tokens = shape.W * rows * grid.kernel_rows * lists * _listed(grid)
    counts = width * (strips * costs.table + M * costs.added + rows * costs.row)
    each = costs.bit if shape.packed else costs.near if near else costs.far
    each += (-(-width // _CHUNK) - 1) * costs.chunk
    listed = (1 if grid.taps == 1 else groups) * tokens * costs.listed
    return round(listed + groups * (counts + M * (_GROUP * each + costs.token) + strips * costs.strip))


def lanes_weights(weights: Array, grid: Grid, W: int) -> Array:
    """Return weights ``[N, taps * W]`` as the C code reads them: a word of 32 channels for each bit of K."""
    N = len(weights)
    words = weights.astype(np.uint32).reshape(N, grid.kernel_rows, grid.kernel_columns, W)
    words = words.transpose(0, 3, 1, 2)
    bits = words[..., None] >> np.arange(WORD_BITS, dtype=np.uint32) & np.uint32(1)
    # [groups, s, channel of eight, words, rows of taps, taps of a row, bits]
    lanes = bits.reshape(N // _GROUP, 4, 8, *bits.shape[1:])[:, :, list(_ORDER)].astype(np.uint32)
    places = (np.arange(4)[:, None] + 4 * np.arange(8)).astype(np.uint32)
    shifted = lanes << places[None, :, :, None, None, None, None]
    found: Array = np.ascontiguousarray(np.bitwise_or.reduce(shifted, axis=(1, 2)))
    return found


def lanes_constants(base: Wide, factors: Array) -> Array:
    """Return ``[N / 2, 3]``: the bases of two channels, and their factors in one word."""
    halves = factors.astype(np.int64).reshape(-1, 2) & 0xFFFF
    words = np.column_stack((base.reshape(-1, 2), halves[:, 0] + (halves[:, 1] << 16)))
    found: Array = (words & 0xFFFFFFFF).astype(np.uint32)
    return found
