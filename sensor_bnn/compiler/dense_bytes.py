"""Products of an image's bytes with weights of bytes in C (``firmware/kernels/linear_dense.h``)."""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from sensor_bnn.compiler.kernels.dense import Patches
from sensor_bnn.compiler.narrow import Array
from sensor_bnn.compiler.program import Call, Plan, Read, Workspace, Write
from sensor_bnn.compiler.targets import Target
from sensor_bnn.onnx.operators import TensorType

_SYMBOL = "sbnn_dense_bytes"
_FAMILY = "dense"
_STORED = ("uint8", "int8", "float32", "float16")
"""The types of input, weights, scale and bias."""

# The numbers equal those of the C code: the rows of a block, and the multiples of its loops.
_ROWS = 6
_WIDTH, _TERMS, _OUTPUTS = 4, 16, 8

_TERM, _SUMS, _FLOAT, _BYTE, _BLOCK = 75 / 16, 16, 5.9, 2.7, 300
"""Instructions of a term of one output for six rows, of their sums, of one output of one row, of widening
a byte, and of a block of six rows, on a Cortex-M7."""


def dense_in_c(
    types: list[TensorType], weights: Array | None, sums: str, shape: Patches, target: Target
) -> Plan | None:
    """Return the call of a product of bytes, or None if the TIR kernel must be used.

    Args:
        types: the types of input, weights, scale and bias, as they are in flash.
        weights: int8 ``[terms, N]``; None if they are not a constant.
        sums: the type in which all sums are exact: ``int32`` if they are exact as floats too.
        shape: the shape of the input.
        target: the processor.
    """
    N, M, K = types[1].shape[1], shape.rows, shape.terms
    if target.isa[-1] != "armv7em" or target.small or weights is None or sums != "int32":
        return None
    if tuple(kind.dtype.name for kind in types) != _STORED:
        return None
    if shape.S % _WIDTH or K % _TERMS or N % _OUTPUTS:
        return None
    biases = types[3].shape[0] if len(types[3].shape) == 2 else 1
    sizes = (shape.C, shape.R, shape.P, shape.Q, shape.S, N, biases)
    call = Call(_SYMBOL, None, (*sizes, *map(Read, range(4)), Workspace(), Write()))
    block = N * (K * _TERM + _SUMS) + _ROWS * K * _BYTE + _BLOCK
    instructions = round(-(-M // _ROWS) * block + M * N * _FLOAT)
    stored = {1: np.ascontiguousarray(weights.T)}
    return Plan((call,), instructions, M * N * K, 12 * K + 24 * N, (1, M, N, K), constants=stored)


def dense_families(symbols: Container[str]) -> set[str]:
    """Return the family of C sources, if its function is among the symbols."""
    return {_FAMILY} if _SYMBOL in symbols else set()
