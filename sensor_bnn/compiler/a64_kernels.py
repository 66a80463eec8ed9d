"""Layers of the integer stream in AArch64's vectors (``firmware/kernels/aarch64/linear_a64.h``).

Bits are counted as in the linear layers of NEON, for 64 outputs at a time; but weights are stored in the
order in which they are read, and patches are read from a copy of the grid with zeros around it. A layer of
bytes joins 16 products at a time: none of the targets has dot products.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

import numpy as np
import numpy.typing as npt

from sensor_bnn.compiler.kernels.stream_layer import StreamLayer
from sensor_bnn.compiler.narrow import Array
from sensor_bnn.compiler.program import Call, Plan, Read, Workspace, Write
from sensor_bnn.compiler.stream_kernels import comparisons, grid_numbers, halved
from sensor_bnn.compiler.targets import Target
from sensor_bnn.onnx.operators import TensorType
from sensor_bnn.onnx.packing import WORD_BITS

VALUES, BITS, BYTES, PACK = "sbnn_a64_values", "sbnn_a64_bits", "sbnn_a64_bytes", "sbnn_a64_pack"
SCORES_MAP = "sbnn_a64_scores_map"
"""The C functions."""

FAMILY = "a64"
"""The family of C sources, see ``lookup.Kernel``."""

ISA = "aarch64"
"""The folder of ``firmware/kernels`` of the cores that have them."""

# Equal to the numbers of the C code: the outputs of panels, the words of K whose counts fit a byte, and the
# bytes that a part of a patch with such words takes.
_PANELS = (64, 32, 16)
_CHUNK = 7
_RUN_BYTES = 8 + 4 * 64

_EIGHT, _SIXTEEN = 8, 16
_LIMIT = 32767
_MOST_SHIFT = 15
_TABLE_BITS = 63
"""The bits of a query whose counts are indices of a table of 64 entries."""
_SLOPE_BITS = 2
"""The bits by which a slope of Q13 becomes one of Q15."""

Wide = npt.NDArray[np.int64]

_X, _W, _SCALE, _BIAS, _SLOPE, _RESIDUAL = range(6)
"""The inputs of a layer; its threshold is the last one."""


def a64_families(symbols: Iterable[str]) -> tuple[str, ...]:
    """Return the families of C sources that a program with these symbols needs because of these layers."""
    return (FAMILY,) if {VALUES, BITS, BYTES, PACK, SCORES_MAP} & {*symbols} else ()


def a64_kernel(
    shape: StreamLayer, arrays: Sequence[Array | None], target: Target, estimate: int
) -> Plan | None:
    """Return the call that computes a layer in C, or None where the kernel in TIR must or should.

    Args:
        shape: the layer's sizes.
        arrays: the contents of its inputs that are constants, in the order of the kernel in TIR.
        target: the processor.
        estimate: the estimated instructions of the kernel in TIR.
    """
    if ISA not in target.isa:
        return None
    make = _bytes if not shape.K else _bits if shape.packed else _values
    plan = make(shape, arrays)
    return plan if plan is not None and plan.instructions < estimate else None


def a64_pack(types: list[TensorType], threshold: Array | None, target: Target) -> Plan | None:
    """Return the call that packs a stream ``[M, K]`` of int16 in C, or None where the kernel in TIR must."""
    M, K = prod(types[0].shape[:-1]), types[0].shape[-1]
    if ISA not in target.isa or threshold is None or types[0].dtype != np.int16 or K % WORD_BITS:
        return None
    return Plan((Call(PACK, None, (M, K, Read(0), Read(1), Write())),), M * (K // WORD_BITS * 27 + 5))


def a64_scores_map(types: list[TensorType], table: Array | None, K: int, target: Target) -> Plan | None:
    """Return the call that makes an attention map in C, or None where the kernel in TIR must.

    Args:
        types: the types of queries ``[H, M, words(K)]`` and keys ``[H, N, words(K)]``, table and ratio.
        table: the contents of the table, ``[H, K + 1]``; None if it is not a constant.
        K: the bits of a query.
        target: the processor.
    """
    if ISA not in target.isa or table is None or K > _TABLE_BITS:
        return None
    (H, M, words), N = types[0].shape, types[1].shape[1]
    groups = -(-N // _SIXTEEN)
    reads = (Read(0), Read(1), Read(2), Read(3))
    return Plan(
        (Call(SCORES_MAP, None, (H, M, N, K, *reads, Workspace(), Write())),),
        H * (600 + groups * words * 90 + M * (50 + groups * (25 + 24 * words))),
        H * M * N * K,
        groups * (2 * _SIXTEEN + 4 * _SIXTEEN * words),
        (H, M, N, K),
        constants={2: np.ascontiguousarray(table[:, ::-1]).astype(np.uint16)},
    )


def _values(shape: StreamLayer, arrays: Sequence[Array | None]) -> Plan | None:
    slopes = _slopes(shape, arrays[_SLOPE])
    constants = halved(shape, arrays)
    if slopes is None or constants is None:
        return None
    constants[_SLOPE] = slopes
    return _binary(shape, arrays, VALUES, constants)


def _bits(shape: StreamLayer, arrays: Sequence[Array | None]) -> Plan | None:
    constants = comparisons(shape, arrays)
    return None if constants is None else _binary(shape, arrays, BITS, constants)


def _binary(
    shape: StreamLayer, arrays: Sequence[Array | None], function: str, constants: dict[int, Array]
) -> Plan | None:
    weights, grid, N = arrays[_W], shape.grid, shape.N
    whole = N % _SIXTEEN == 0 and shape.B % _SIXTEEN == 0
    if not whole or shape.A != N or shape.pre or shape.K > _LIMIT or shape.shift > _MOST_SHIFT:
        return None
    if weights is None:
        return None
    M, parts, words = grid.out_tokens, *_parts(shape)
    sizes = (*grid_numbers(shape), N, *_residual(shape), shape.shift - 1)
    reads = (Read(_X), Read(_W), Read(_BIAS), Read(_SCALE))
    slope = () if shape.packed else (Read(_SLOPE),)
    ends = (Read(_RESIDUAL) if shape.B else None, Workspace(), Write())
    chunks = -(-parts * words // _CHUNK)
    each = 2.2 + (0 if chunks < 2 else 0.1 + 0.25 * chunks)
    counted = sum(panel // _SIXTEEN * 3 + 2 for panel in _panels(N)) * parts * words * 4
    return Plan(
        (Call(function, None, (*sizes, *reads, *slope, *ends)),),
        round(M * (counted + N * each + 30) + 300 + grid.tokens * shape.W),
        M * N * shape.K,
        _RUN_BYTES * parts * -(-words // _CHUNK) + _padded(shape, 4 * shape.W),
        (1, M, N, shape.K),
        overwrites=_RESIDUAL if shape.B == N and not shape.packed and not shape.shared else None,
        constants={**constants, _W: _weights(weights)},
    )


def _bytes(shape: StreamLayer, arrays: Sequence[Array | None]) -> Plan | None:
    weights, slopes = arrays[_W], _slopes(shape, arrays[_SLOPE])
    M, A, N, B = shape.grid.out_tokens, shape.A, shape.N, shape.B
    base = _byte_base(shape, arrays)
    if shape.packed or A % _EIGHT or B % _EIGHT or shape.shift >= _MOST_SHIFT or shape.pre > _MOST_SHIFT:
        return None
    if weights is None or slopes is None or base is None or bool((weights == -128).any()):
        return None
    parts, size = _parts(shape)
    terms = -(-parts * size // _SIXTEEN) * _SIXTEEN
    sizes = (*grid_numbers(shape), A, N, *_residual(shape), shape.pre, shape.shift)
    reads = (Read(_X), Read(_W), Read(_BIAS), Read(_SCALE), Read(_SLOPE))
    vectors = terms // _SIXTEEN
    own = 4 * A + 2 * terms + _SIXTEEN + -(-4 * parts // _SIXTEEN) * _SIXTEEN
    gathered = parts * (8 + 5 * -(-size // _SIXTEEN)) if parts > 1 else 0
    return Plan(
        (Call(BYTES, None, (*sizes, *reads, Read(_RESIDUAL) if B else None, Workspace(), Write())),),
        round(M * (A // _EIGHT * (30 * vectors + 12) + N * 2 + 40 + gathered) + 300),
        M * A * shape.terms,
        own + _padded(shape, shape.W) + _SIXTEEN,
        (1, M, A, shape.terms),
        overwrites=_RESIDUAL if B == N and not shape.shared else None,
        constants={_W: _rows(weights, terms), _BIAS: base, _SLOPE: slopes},
    )


def _byte_base(shape: StreamLayer, arrays: Sequence[Array | None]) -> Array | None:
    """Return what is added to a product, or None if a sum may not fit 32 bits."""
    scale, bias = _wide(arrays[_SCALE]), _wide(arrays[_BIAS])
    if scale is None or bias is None:
        return None
    base = (bias << shape.shift) + (1 << shape.shift >> 1)
    room = (np.abs(scale) << _MOST_SHIFT) + np.abs(base)
    if int(room.max()) + ((1 << _MOST_SHIFT + shape.shift) if shape.B else 0) >= 1 << (WORD_BITS - 1):
        return None
    return base.astype(np.int32)


def _slopes(shape: StreamLayer, slope: Array | None) -> Array | None:
    """Return slopes of Q15, one for each output, or None where one of them does not fit 16 bits."""
    if slope is None:
        return None
    fine = slope.astype(np.int64) << _SLOPE_BITS
    if int(np.abs(fine).max()) > _LIMIT:
        return None
    return np.broadcast_to(fine, (shape.N,)).astype(np.int16)


def _parts(shape: StreamLayer) -> tuple[int, int]:
    """Return how many parts of a patch lie apart in the padded grid, and the elements of one."""
    grid = shape.grid
    if grid.dilation_columns == 1:
        return grid.kernel_rows, grid.kernel_columns * shape.W
    return grid.taps, shape.W


def _padded(shape: StreamLayer, size: int) -> int:
    """Return the bytes of the tokens that all patches read, of ``size`` bytes each."""
    grid = shape.grid
    rows = (grid.out_rows - 1) * grid.stride_rows + (grid.kernel_rows - 1) * grid.dilation_rows + 1
    columns = (grid.out_columns - 1) * grid.stride_columns
    return rows * (columns + (grid.kernel_columns - 1) * grid.dilation_columns + 1) * size


def _residual(shape: StreamLayer) -> tuple[int, int]:
    """Return the width of the residual, and the values from a token's to the next one's."""
    return shape.B, 0 if shape.shared else shape.B


def _panels(N: int) -> list[int]:
    """Return the outputs of each panel."""
    found = []
    while N:
        found.append(next(panel for panel in _PANELS if panel <= N))
        N -= found[-1]
    return found


def _weights(weights: Array) -> Array:
    """Return words ``[N, width]`` as bytes, of each panel ``[4 * width, outputs]``."""
    rows = np.ascontiguousarray(weights.astype("<u4")).view(np.uint8)
    ends = np.cumsum(_panels(len(rows)))[:-1]
    found: Array = np.concatenate([np.ascontiguousarray(part.T).reshape(-1) for part in np.split(rows, ends)])
    return found


def _rows(weights: Array, terms: int) -> Array:
    """Return bytes ``[A, terms or less]`` as ``[eights, sixteens of terms, 8, 16]``; missing ones are 0."""
    padded = np.zeros((len(weights), terms), np.int8)
    padded[:, : weights.shape[1]] = weights
    eights = padded.reshape(-1, _EIGHT, terms // _SIXTEEN, _SIXTEEN)
    return np.ascontiguousarray(eights.swapaxes(1, 2))


def _wide(array: Array | None) -> Wide | None:
    return None if array is None else array.astype(np.int64)
