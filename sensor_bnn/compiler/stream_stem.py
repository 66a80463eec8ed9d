"""The first layer of an image, one of bytes (``sbnn_stream_stem`` in ``firmware/kernels/linear_stream.h``).

The rows of tokens that a row of outputs reads are copied with the zeros around them, so that a patch is cut
four bytes at a time. The values of a token come from its sums without a detour through memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sensor_bnn.compiler.kernels.stream_layer import StreamLayer
from sensor_bnn.compiler.narrow import Array
from sensor_bnn.compiler.program import Call, Plan, Read, Workspace, Write
from sensor_bnn.compiler.stream_kernels import STEM, shifted, words_of_bytes
from sensor_bnn.compiler.stream_lanes import GENTLE_SLOPES
from sensor_bnn.compiler.targets import Target

# Equal to the numbers of the C code: the channels and the bytes that are taken at a time, and the terms.
_CHANNELS = 4
_BYTES = 4
_TERMS = 12

_X, _W, _SCALE, _BIAS, _SLOPE = range(5)
_SHORT_BITS = 15
_MOST = 128
"""The largest magnitude of a byte."""


@dataclass(frozen=True)
class StemCosts:
    """Instructions on one class of cores, and sizes of its C code.

    Attributes:
        four: the constant cost of four values of a token.
        turn: twelve of their terms.
        token: the patch of a token.
        pairs: whether a word has the weights of two terms, not of two rows. Patches are then gathered, and
            otherwise read where they lie.
    """

    four: float
    turn: float
    token: float
    pairs: bool


ARMV7EM = StemCosts(four=62, turn=34, token=100, pairs=True)
ARMV7M = StemCosts(four=50, turn=65, token=130, pairs=False)
ARMV6M = StemCosts(four=70, turn=100, token=185, pairs=False)
_BY_ISA = {"armv6m": ARMV6M, "armv7m": ARMV7M, "armv7em": ARMV7EM}
"""Costs by folder of ``firmware/kernels``; other cores have no such layers."""


def stem_kernel(
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
    return None if costs is None else stem_plan(shape, arrays, costs, estimate)


def stem_plan(
    shape: StreamLayer, arrays: Sequence[Array | None], costs: StemCosts, estimate: int
) -> Plan | None:
    """Return the call with the costs of a class of cores, see :func:`stem_kernel`."""
    grid, N, terms = shape.grid, shape.N, shape.terms
    weights, scale, slope = arrays[_W], arrays[_SCALE], arrays[_SLOPE]
    if weights is None or scale is None or slope is None or not _fits(shape, slope):
        return None
    if not costs.pairs and (grid.kernel_columns * shape.W != _TERMS or not _near(shape, weights)):
        return None
    constants = shifted(shape, arrays, signed=True)
    M = grid.out_tokens
    instructions = round(M * (N // _CHANNELS * (costs.four + terms // _TERMS * costs.turn) + costs.token))
    if constants is None or instructions >= estimate:
        return None
    if costs.pairs:
        stored = {_W: stem_weights(weights), _BIAS: stem_constants(constants[_BIAS], scale)}
    else:
        words = words_of_bytes(weights.astype(np.int64), terms, of_terms=False)
        stored = {
            _W: words,
            _BIAS: np.column_stack((constants[_BIAS], scale)).astype(np.int32).view(np.uint32),
        }
    numbers = (
        *(grid.rows, grid.columns, grid.kernel_rows, grid.kernel_columns),
        *(grid.stride_rows, grid.stride_columns, grid.first_row, grid.first_column),
        *(shape.W, N, shape.pre, shape.shift),
    )
    reads = (Read(_X), Read(_W), Read(_BIAS), Read(_SLOPE))
    bytes_read = ((grid.out_columns - 1) * grid.stride_columns + grid.kernel_columns) * shape.W
    bytes_read *= grid.kernel_rows
    return Plan(
        (Call(STEM, None, (*numbers, *reads, Workspace(), Write())),),
        instructions,
        M * N * terms,
        2 * terms + bytes_read if costs.pairs else 4 * bytes_read,
        (1, M, N, terms),
        constants=stored,
    )


def _near(shape: StreamLayer, weights: Array) -> bool:
    """Whether all sums fit 16 bits once they are rounded."""
    largest = _MOST * np.abs(weights.astype(np.int64)).sum(axis=1).max() + (1 << shape.pre >> 1)
    return bool(largest < 1 << (_SHORT_BITS + shape.pre))


def _fits(shape: StreamLayer, slope: Array) -> bool:
    grid = shape.grid
    near = grid.dilation_rows == grid.dilation_columns == 1 and grid.rows > 1
    plain = shape.A == shape.N and not shape.B and not shape.packed
    sizes = shape.N % _CHANNELS == grid.kernel_columns * shape.W % _BYTES == shape.terms % _TERMS == 0
    return near and plain and sizes and slope.size == 1 and int(slope[0]) in GENTLE_SLOPES


def stem_weights(weights: Array) -> Array:
    """Return weights ``[N, terms]`` as the C code reads them, uint32 ``[N / 4, terms / 2, 4]``."""
    halves = weights.astype(np.int64) & 0xFFFF
    # [groups, four rows, fours of terms, first or second pair, of which they are the first or second term]
    parts = halves.reshape(-1, _CHANNELS, halves.shape[1] // 4, 2, 2).transpose(0, 2, 4, 1, 3)
    words: Array = np.ascontiguousarray(parts[..., 0] + (parts[..., 1] << 16)).astype(np.uint32)
    return words.reshape(len(weights) // _CHANNELS, -1, _CHANNELS)


def stem_constants(base: Array, scale: Array) -> Array:
    """Return uint32 ``[N / 4, 6]``: four bases, and their factors in two words."""
    halves = scale.astype(np.int64).reshape(-1, 2, 2) & 0xFFFF
    words = np.concatenate(
        (base.astype(np.int64).reshape(-1, _CHANNELS), halves[..., 0] + (halves[..., 1] << 16)), axis=1
    )
    found: Array = (words & 0xFFFFFFFF).astype(np.uint32)
    return found
