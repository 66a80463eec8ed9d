"""The first layer of a window, one of bytes (``sbnn_stream_window`` in ``firmware/kernels/linear_stream.h``).

Patches of neighbouring tokens overlap, so the bytes of several are widened together. The values of a token
are made of its sums channel by channel, whose constants lie side by side in the order of the values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sensor_bnn.compiler.kernels.stream_layer import StreamLayer
from sensor_bnn.compiler.narrow import Array
from sensor_bnn.compiler.program import Call, Plan, Read, Workspace, Write
from sensor_bnn.compiler.stream_kernels import WINDOW, costs_in_c, shifted, words_of_bytes
from sensor_bnn.compiler.stream_lanes import GENTLE_SLOPES
from sensor_bnn.compiler.targets import Target

# Equal to the numbers of the C code: the rows of weights that are taken at a time, the bytes of a row's
# place, and the outputs whose terms are widened together, to two bytes with the DSP extension, else to four.
_FOUR = 4
_PLACE = 16
_OUTPUTS, _SIGNED_OUTPUTS = 6, 8

_TWICE_HIGH = 17
"""Twice a value is the high part of a product of 48 bits, of which 16 bits are lost."""

_COSTS = {"portable": (18.1, 200), "armv6m": (12.1, 88), "armv7m": (9.7, 88), "armv7em": (8.15, 0)}
"""The instructions of a value and the constant ones of a token, by folder of ``firmware/kernels``."""

_X, _W, _SCALE, _BIAS, _SLOPE = range(5)


def window_kernel(
    shape: StreamLayer, arrays: Sequence[Array | None], target: Target, estimate: int
) -> Plan | None:
    """Return the call that computes a layer so, or None where another kernel must or should.

    Args:
        shape: the layer's sizes.
        arrays: the contents of its inputs that are constants, in the order of the kernel in TIR.
        target: the processor.
        estimate: the estimated instructions of the other kernel.
    """
    costs, grid = costs_in_c(target), shape.grid
    weights, slope = arrays[_W], arrays[_SLOPE]
    if costs is None or weights is None or slope is None or not _fits(shape, slope):
        return None
    constants = _constants(shape, arrays, signed=costs.signed)
    if constants is None:
        return None
    M, A, N, terms = grid.out_tokens, shape.A, shape.N, shape.terms + shape.terms % 2
    value, token = next(_COSTS[isa] for isa in reversed(target.isa) if isa in _COSTS)
    outputs = _SIGNED_OUTPUTS if costs.signed else _OUTPUTS
    most = _widened(shape, min(M, outputs))
    widened = M // outputs * most + (_widened(shape, M % outputs) if M % outputs else 0)
    products = A // _FOUR * (costs.four + _FOUR * terms * costs.term)
    instructions = round(M * (products + N * value + token) + widened * costs.cut)
    if instructions >= estimate:
        return None
    numbers = (grid.columns, grid.kernel_columns, grid.stride_columns, grid.first_column, shape.W, A, N)
    reads = (Read(_X), Read(_W), Read(_BIAS))
    return Plan(
        (Call(WINDOW, None, (*numbers, shape.pre, shape.shift, *reads, Workspace(), Write())),),
        instructions,
        M * A * shape.terms,
        _PLACE * A + (2 if costs.signed else 4) * (most + 1),
        (1, M, A, shape.terms),
        constants={
            _W: words_of_bytes(weights.astype(np.int64), terms, of_terms=costs.signed),
            _BIAS: constants,
        },
    )


def _widened(shape: StreamLayer, outputs: int) -> int:
    """Return the terms that some neighbouring outputs read."""
    return ((outputs - 1) * shape.grid.stride_columns + shape.grid.kernel_columns) * shape.W


def _fits(shape: StreamLayer, slope: Array) -> bool:
    grid = shape.grid
    near = grid.rows == grid.kernel_rows == grid.dilation_columns == 1 and not grid.plain
    gentle = int(slope.min()) in GENTLE_SLOPES and int(slope.max()) in GENTLE_SLOPES
    return near and gentle and not shape.B and not shape.packed and shape.A % _FOUR == 0


def _constants(shape: StreamLayer, arrays: Sequence[Array | None], *, signed: bool) -> Array | None:
    """Return the constants as the C code reads them, or None if they do not fit."""
    found, scale, bias, slope = shifted(shape, arrays, signed=signed), *arrays[_SCALE : _SLOPE + 1]
    if found is None or scale is None or bias is None or slope is None:
        return None
    slopes = np.broadcast_to(slope, shape.N).astype(np.int64)
    if not signed:
        return np.column_stack((found[_BIAS], found[_SCALE], slopes)).astype(np.int32)
    factors = scale.astype(np.int64) << max(_TWICE_HIGH - shape.shift, 0)
    if not 0 < shape.shift <= _TWICE_HIGH or np.abs(factors).max() > np.iinfo(np.int32).max:
        return None
    bases = 2 * bias.astype(np.int64) + 1
    halves = slopes.reshape(-1, 2) & 0xFFFF
    words = np.column_stack((bases.reshape(-1, 2), factors.reshape(-1, 2), halves @ (1, 1 << 16)))
    return (words & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
