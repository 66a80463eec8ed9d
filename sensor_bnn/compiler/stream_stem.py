"""The first layer of an image, one of bytes (``sbnn_stream_stem`` in ``firmware/kernels/linear_stream.h``).

The rows of tokens that a row of outputs reads are copied with the zeros around them, so that a patch is cut
four bytes at a time. The values of a token come from its sums without a detour through memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sensor_bnn.compiler.kernels.stream_layer import StreamLayer
from sensor_bnn.compiler.narrow import Array
from sensor_bnn.compiler.program import Call, Plan, Read, Workspace, Write
from sensor_bnn.compiler.stream_kernels import STEM, shifted
from sensor_bnn.compiler.stream_lanes import GENTLE_SLOPES
from sensor_bnn.compiler.targets import Target

# Equal to the numbers of the C code: the channels and the bytes that are taken at a time, and the terms.
_CHANNELS = 4
_BYTES = 4
_TERMS = 12

_FOUR, _TURN, _TOKEN = 62, 34, 100
"""The instructions of four values, of twelve of their terms each, and of the patch of a token."""

_X, _W, _SCALE, _BIAS, _SLOPE = range(5)


def stem_kernel(
    shape: StreamLayer, arrays: Sequence[Array | None], target: Target, estimate: int
) -> Plan | None:
    """Return the call that computes a layer so, or None where another kernel must or should.

    Args:
        shape: the layer's sizes.
        arrays: the contents of its inputs that are constants, in the order of the kernel in TIR.
        target: the processor; it must have the DSP extension and no vectors.
        estimate: the estimated instructions of the other kernel.
    """
    return stem_plan(shape, arrays, estimate) if target.isa[-1] == "armv7em" else None


def stem_plan(shape: StreamLayer, arrays: Sequence[Array | None], estimate: int) -> Plan | None:
    """Return the call for a core with the DSP extension, see :func:`stem_kernel`."""
    grid, N, terms = shape.grid, shape.N, shape.terms
    weights, scale, slope = arrays[_W], arrays[_SCALE], arrays[_SLOPE]
    if weights is None or scale is None or slope is None or not _fits(shape, slope):
        return None
    constants = shifted(shape, arrays, signed=True)
    M = grid.out_tokens
    instructions = M * (N // _CHANNELS * (_FOUR + terms // _TERMS * _TURN) + _TOKEN)
    if constants is None or instructions >= estimate:
        return None
    numbers = (
        *(grid.rows, grid.columns, grid.kernel_rows, grid.kernel_columns),
        *(grid.stride_rows, grid.stride_columns, grid.first_row, grid.first_column),
        *(shape.W, N, shape.pre, shape.shift),
    )
    reads = (Read(_X), Read(_W), Read(_BIAS), Read(_SLOPE))
    copied = ((grid.out_columns - 1) * grid.stride_columns + grid.kernel_columns) * shape.W
    return Plan(
        (Call(STEM, None, (*numbers, *reads, Workspace(), Write())),),
        instructions,
        M * N * terms,
        2 * terms + grid.kernel_rows * copied,
        (1, M, N, terms),
        constants={_W: stem_weights(weights), _BIAS: stem_constants(constants[_BIAS], scale)},
    )


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
