"""Layers of the integer stream in Helium's vectors (``firmware/kernels/helium/linear_mve.h``).

Mismatches are looked up a byte at a time, in a vector of four outputs. What follows a count is done for eight
outputs at once, in 16 bits wherever the count is small enough that nothing overflows, else in 32 bits. For
bits, the slope and the threshold become one limit, as in ``stream_kernels.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod

import numpy as np
import numpy.typing as npt

from sensor_bnn.compiler.kernels.grid import Grid
from sensor_bnn.compiler.kernels.stream_layer import StreamLayer
from sensor_bnn.compiler.narrow import Array
from sensor_bnn.compiler.program import Call, Plan, Read, Workspace, Write
from sensor_bnn.compiler.stream_kernels import grid_numbers, least_reaching
from sensor_bnn.compiler.targets import Target
from sensor_bnn.onnx.operators import TensorType
from sensor_bnn.onnx.packing import WORD_BITS

VALUES, BITS, BYTES, PACK = "sbnn_mve_values", "sbnn_mve_bits", "sbnn_mve_bytes", "sbnn_mve_pack"
SCORES_MAP, COUNT, MOVE = "sbnn_mve_scores_map", "sbnn_mve_token_count", "sbnn_mve_move"
"""The C functions."""

FAMILY = "mve"
"""The family of C sources, see ``lookup.Kernel``."""

ISA = "helium"
"""The folder of ``firmware/kernels`` of the cores that have them."""

# Equal to the numbers of the C code: the words of K that are counted at once, those whose counts fit a byte,
# and those of which two do.
_PART = 5
_BYTE_BITS = 255
_WORDS = 30
_FEW_WORDS = 15
_ROW_WORDS = 20
_WHOLE = (1, 2, 3, 4, 5, 10, 18, 20, 36)
"""The words of K for which one or two functions count all of them."""

_FOUR, _EIGHT, _SIXTEEN = 4, 8, 16
_WHOLE_ROWS = (2, 3, 4)
"""The vectors of a patch of bytes that fits the registers."""
_LIMIT = 32767
_ENTRY = 65535
_MAX_SHIFT = 15
_SLOPE_BITS = 2
"""The bits by which a slope of Q13 becomes one of Q15."""

Wide = npt.NDArray[np.int64]

_X, _W, _SCALE, _BIAS, _SLOPE, _RESIDUAL = range(6)
"""The inputs of a layer; its threshold is the last one."""


def mve_families(symbols: Iterable[str]) -> tuple[str, ...]:
    """Return the families of C sources that a program with these symbols needs because of these layers."""
    return (FAMILY,) if {VALUES, BITS, BYTES, PACK, SCORES_MAP, COUNT, MOVE} & {*symbols} else ()


def mve_kernel(
    shape: StreamLayer, arrays: Sequence[Array | None], target: Target, estimate: int
) -> Plan | None:
    """Return the call that computes a layer in C, or None where the kernel in TIR must or should.

    Args:
        shape: the layer's sizes.
        arrays: the contents of its inputs that are constants, in the order of the kernel in TIR.
        target: the processor.
        estimate: the estimated instructions of the kernel in TIR.
    """
    if ISA not in target.isa or shape.shared:  # The C kernels have a shortcut for each token.
        return None
    make = _bytes if not shape.K else _bits if shape.packed else _values
    plan = make(shape, arrays)
    return plan if plan is not None and plan.instructions < estimate else None


def mve_pack(types: list[TensorType], threshold: Array | None, target: Target) -> Plan | None:
    """Return the call that packs a stream ``[M, K]`` of int16 in C, or None where the kernel in TIR must."""
    M, K = prod(types[0].shape[:-1]), types[0].shape[-1]
    if ISA not in target.isa or threshold is None or types[0].dtype != np.int16 or K % WORD_BITS:
        return None
    call = Call(PACK, None, (M, K, Read(0), Read(1), Write()))
    return Plan((call,), _packed(M, K), constants={1: _apart(threshold)})


def mve_scores_map(types: list[TensorType], table: Array | None, K: int, target: Target) -> Plan | None:
    """Return the call that makes an attention map in C, or None where the kernel in TIR must.

    Args:
        types: the types of queries ``[H, M, words(K)]`` and keys ``[H, N, words(K)]``, table and ratio.
        table: the contents of the table, int32 ``[H, K + 1]``; None if it is not a constant.
        K: the bits of a query.
        target: the processor.
    """
    wide = _wide(table)
    if ISA not in target.isa or table is None or wide is None or K > _BYTE_BITS:
        return None
    if bool(((wide < 0) | (wide > _ENTRY)).any()):
        return None
    (H, M, words), N = types[0].shape, types[1].shape[1]
    groups = -(-N // _SIXTEEN)
    reads = (Read(0), Read(1), Read(2), Read(3))
    return Plan(
        (Call(SCORES_MAP, None, (H, M, N, K, *reads, Workspace(), Write())),),
        H * (60 + groups * words * 250 + M * (50 + groups * (20 + 16 * words))),
        H * M * N * K,
        groups * (64 * words + 32),
        (H, M, N, K),
        constants={2: np.ascontiguousarray(table[:, ::-1]).astype(np.uint16)},
    )


def mve_count(types: list[TensorType], N: int, target: Target) -> Plan | None:
    """Return the call that counts the ones ``[M, words(N)]`` of each channel, or None where TIR must."""
    M = types[0].shape[0]
    if ISA not in target.isa or N % WORD_BITS:
        return None
    call = Call(COUNT, None, (M, N, Read(0), Write()))
    return Plan((call,), 20 + N // WORD_BITS * (70 + 10 * M))


def mve_join(types: list[TensorType], result: TensorType, target: Target) -> Plan | None:
    """Return the calls that copy rows into one row, or None if the tensors are others.

    Args:
        types: the types of the tensors that are concatenated.
        result: the type of the result.
        target: the processor.
    """
    rows = all(prod(tensor.shape[:-1]) == 1 for tensor in (*types, result))
    sizes = [tensor.shape[-1] for tensor in types]
    if ISA not in target.isa or not rows or sum(sizes) != result.shape[-1]:
        return None
    each = result.dtype.itemsize
    calls = tuple(
        Call(MOVE, None, (size * each, Read(place), Write(sum(sizes[:place]))))
        for place, size in enumerate(sizes)
    )
    return Plan(calls, sum(20 + 3 * -(-size * each // _SIXTEEN) for size in sizes))


def _apart(channels: Array | Wide) -> Array:
    """Return a constant of each channel, of each 16 the even ones before the odd ones."""
    found: Array = np.ascontiguousarray(channels.reshape(-1, _EIGHT, 2).swapaxes(1, 2)).reshape(-1)
    return found


def _values(shape: StreamLayer, arrays: Sequence[Array | None]) -> Plan | None:
    if not _able(shape):
        return None
    scale, bias, slope = (_wide(arrays[place]) for place in (_SCALE, _BIAS, _SLOPE))
    slopes = _slopes(slope)
    if scale is None or bias is None or slopes is None:
        return None
    factors, shift = _factors(scale, shape.shift)
    near = _near(shape.K, shape.shift, scale, bias, shift)
    scales = _scales(factors, bias, slopes)
    sizes = (*grid_numbers(shape), shape.K, shape.N, shape.B, shift, near)
    constants = {_SCALE: scales}
    reads = (Read(_X), Read(_W), Read(_SCALE))
    return _binary(shape, arrays, Call(VALUES, None, (*sizes, *reads, *_ends(shape))), constants, near)


def _bits(shape: StreamLayer, arrays: Sequence[Array | None]) -> Plan | None:
    scale, bias, slope, threshold = (_wide(arrays[place]) for place in (_SCALE, _BIAS, _SLOPE, -1))
    if scale is None or bias is None or slope is None or threshold is None:
        return None
    if not _able(shape) or shape.N % WORD_BITS or bool(((slope < 0) & (threshold > 0)).any()):
        return None
    least = least_reaching(threshold, np.broadcast_to(slope, (shape.N,)))
    limits = np.where(least <= -_LIMIT - 1, -_LIMIT - 1, least - bias)
    if bool(((limits > _LIMIT) | (limits <= -_LIMIT - 1) & (least > -_LIMIT - 1)).any()):
        return None
    factors, shift = _factors(scale, shape.shift)
    near = _near(shape.K, shape.shift, scale, np.zeros_like(scale), shift)
    pairs = (_apart(factors).reshape(-1, _SIXTEEN), _apart(limits).reshape(-1, _SIXTEEN))
    sizes = (*grid_numbers(shape), shape.K, shape.N, shape.B, shift, near)
    constants = {_SCALE: np.stack(pairs, axis=1).astype(np.int16)}
    reads = (Read(_X), Read(_W), Read(_SCALE))
    return _binary(shape, arrays, Call(BITS, None, (*sizes, *reads, *_ends(shape))), constants, near)


def _able(shape: StreamLayer) -> bool:
    """Whether the kernels of bits take a layer of these sizes."""
    whole = shape.N % _SIXTEEN == 0 and shape.B % _SIXTEEN == 0
    return whole and shape.A == shape.N and not shape.pre and shape.K <= _LIMIT


def _binary(
    shape: StreamLayer,
    arrays: Sequence[Array | None],
    call: Call,
    constants: Mapping[int, Array],
    near: int,
) -> Plan | None:
    weights = arrays[_W]
    if weights is None:
        return None
    M, N, width = shape.grid.out_tokens, shape.N, shape.grid.taps * shape.W
    looked_at = not shape.packed and near < shape.K
    sums = 2 if width in _WHOLE else 4 if width <= _FEW_WORDS else 6
    workspace = sums * N + 4 * width + (0 if shape.B else 2 * N)
    return Plan(
        (call,),
        _sums(shape.grid, N, width, shape.K, looked_at=looked_at)
        + M * N * (_BIT if shape.packed else _VALUE) // _TENTH,
        M * N * shape.K,
        workspace,
        (1, M, N, shape.K),
        overwrites=_RESIDUAL if shape.B == N and not shape.packed else None,
        constants={**constants, _W: _words(weights, packed=shape.packed)},
    )


def _ends(shape: StreamLayer) -> tuple[Read | Workspace | Write | None, ...]:
    return (Read(_RESIDUAL) if shape.B else None, Workspace(), Write())


def _bytes(shape: StreamLayer, arrays: Sequence[Array | None]) -> Plan | None:
    weights = arrays[_W]
    scale, bias, slope = (_wide(arrays[place]) for place in (_SCALE, _BIAS, _SLOPE))
    M, A, N, B = shape.grid.out_tokens, shape.A, shape.N, shape.B
    if shape.packed or A % _EIGHT or B % _EIGHT or (B and B % A and A % B):
        return None
    slopes = _slopes(slope)
    if weights is None or scale is None or bias is None or slopes is None:
        return None
    vectors = -(-shape.terms // _SIXTEEN)
    factors, shift = _factors(scale, shape.shift)
    near = _near(_LIMIT, shape.shift, scale, bias, shift)
    scales = _scales(factors, bias, slopes)
    sizes = (*grid_numbers(shape), A, N, B, shape.pre, shift, near)
    reads = (Read(_X), Read(_W), Read(_SCALE))
    return Plan(
        (Call(BYTES, None, (*sizes, *reads, *_ends(shape))),),
        _dotted(shape.grid, A, N, vectors, residual=B > 0),
        M * A * shape.terms,
        4 * A + _SIXTEEN * vectors,
        (1, M, A, shape.terms),
        overwrites=_RESIDUAL if B == N else None,
        constants={_W: _rows(weights, vectors), _SCALE: scales},
    )


def _words(weights: Array, *, packed: bool) -> Array:
    """Return words ``[N, width]`` in the order in which they are read (``linear_mve.h``).

    Args:
        weights: the words.
        packed: whether the outputs are bits, whose even ones are computed before the odd ones.
    """
    N, width = weights.shape
    whole = width in _WHOLE
    order: Array = np.arange(N)
    if packed and whole:
        order = _apart(order)
    elif not packed and not whole:  # 0 8 1 9 .. 7 15: the even ones are then the first eight.
        order = order.reshape(-1, 2, _EIGHT).swapaxes(1, 2).reshape(-1)
    groups = weights[order].reshape(N // _FOUR, _FOUR, width)
    if whole and width > _PART:
        parts = [_pairs(groups[:, :, :_ROW_WORDS]), _pairs(groups[:, :, _ROW_WORDS:])]
    else:
        parts = [groups[:, :, first : first + _PART].swapaxes(1, 2) for first in range(0, width, _PART)]
    found: Array = np.concatenate([part.reshape(-1) for part in parts])
    return found


def _pairs(groups: Array) -> Array:
    """Return words ``[groups, 4, width]``: of each two outputs the whole vectors, then the rest of both."""
    pairs = groups.reshape(len(groups), 2, 2, -1)
    vectors = pairs.shape[3] // _FOUR * _FOUR
    ends = (
        pairs[..., :vectors].reshape(len(groups), 2, -1),
        pairs[..., vectors:].reshape(len(groups), 2, -1),
    )
    found: Array = np.concatenate(ends, axis=2)
    return found


def _rows(weights: Array, vectors: int) -> Array:
    """Return bytes ``[A, terms]`` as ``[fours, vectors, 4, 16]``, with zeros for terms that are missing.

    Where a whole patch fits the registers, it is ``[fours, 4, vectors, 16]``.
    """
    padded = np.zeros((len(weights), vectors * _SIXTEEN), np.int8)
    padded[:, : weights.shape[1]] = weights
    fours = padded.reshape(-1, _FOUR, vectors, _SIXTEEN)
    return np.ascontiguousarray(fours if vectors in _WHOLE_ROWS else fours.swapaxes(1, 2))


def _wide(array: Array | None) -> Wide | None:
    return None if array is None else array.astype(np.int64)


def _scales(factors: Array, bias: Wide, slopes: Wide) -> Array:
    """Return the constants of values: for each eight outputs their factors, biases and slopes."""
    every = (factors, bias, np.broadcast_to(slopes, bias.shape))
    found: Array = np.stack([part.reshape(-1, _EIGHT) for part in every], axis=1).astype(np.int16)
    return found


def _slopes(slope: Wide | None) -> Wide | None:
    """Return slopes of Q15, or None where one of them does not fit 16 bits."""
    if slope is None:
        return None
    fine = slope << _SLOPE_BITS
    if bool((np.abs(2 * fine + 1) > 2 * _LIMIT + 1).any()):
        return None
    return fine


def _factors(scale: Wide, shift: int) -> tuple[Array, int]:
    """Return factors that are as large as 16 bits allow, and the shift that belongs to them, up to 15."""
    found, most = scale, int(np.abs(scale).max())
    while shift < _MAX_SHIFT and 2 * most <= _LIMIT:
        found, most, shift = 2 * found, 2 * most, shift + 1
    factors: Array = found.astype(np.int16)
    return factors, shift


def _near(most: int, down: int, scale: Wide, bias: Wide, shift: int) -> int:
    """Return the magnitude of a sum up to which all that follows fits 16 bits, see ``linear_mve.h``.

    Args:
        most: the largest magnitude of a sum.
        down: the shift that belongs to the scale.
        scale, bias: the constants of each output.
        shift: the shift that belongs to the factors.
    """
    if shift > _MAX_SHIFT:
        return -1
    # (sum * scale + half >> down) + bias
    room = ((_LIMIT - np.abs(bias)) << down) - (1 << down >> 1)
    each = np.where(scale == 0, most, room // np.maximum(np.abs(scale), 1))
    return max(min(_LIMIT >> (_MAX_SHIFT - shift), most, int(each.min())), -1)


# Instructions, fitted to counts on an emulated Cortex-M55; those of an element in tenths. -------------------

_TENTH = 10
_VALUE, _BIT, _ALONE = 13, 17, 13


def _sums(grid: Grid, N: int, width: int, K: int, *, looked_at: bool) -> int:
    """Estimate the sums of all patches with N rows of ``width`` words, or their mismatches.

    Args:
        grid: the patches.
        N: the number of rows.
        width: the words of a row.
        K: the bits of a row.
        looked_at: whether the sums are needed, not only the mismatches.
    """
    M, each = grid.out_tokens, 90 + _copied(grid)
    if width in _WHOLE:
        group = 3.5 * width + (2.5 if width <= _PART else 7)
        return round(M * (each + N // _FOUR * group + (15 + N // _SIXTEEN * 9 if looked_at else 0)))
    parts = -(-width // _PART)
    sums = 16 if K <= _BYTE_BITS else 19 if width <= _FEW_WORDS else 11 + 42 * -(-width // _WORDS)
    return round(M * (each + 24 * parts + N // _FOUR * (3.6 * width + 3 * parts) + N // _SIXTEEN * sums))


def _copied(grid: Grid) -> int:
    """Estimate the copy of a patch; those that lie as they are needed are copied at borders only."""
    if grid.kernel_columns > 1 and grid.dilation_columns > 1:
        return 30 + 18 * grid.taps
    return 20 + 22 * grid.kernel_rows if grid.kernel_rows > 1 else 0


def _dotted(grid: Grid, A: int, N: int, vectors: int, *, residual: bool) -> int:
    """Estimate a layer of bytes."""
    each = 6 + 4 * vectors if vectors in _WHOLE_ROWS else 9 + 7 * vectors
    ends = N * _VALUE // _TENTH + N // A * 15 if residual else N * _ALONE // _TENTH
    return grid.out_tokens * (85 + _copied(grid) + A // _FOUR * each + 5 * A // _FOUR + ends)


def _packed(M: int, K: int) -> int:
    """Estimate threshold and pack of ``[M, K]``."""
    return M * (K // _SIXTEEN * 12 + 5)
