"""Transposed matrices of bits in C (``firmware/kernels/linear_transpose.h``), on cores without NEON."""

from __future__ import annotations

from collections.abc import Container
from math import prod

from sensor_bnn.compiler.program import Call, Plan, Read, Write
from sensor_bnn.compiler.targets import Target
from sensor_bnn.onnx.operators import TensorType
from sensor_bnn.onnx.packing import words_for

_SYMBOL = "sbnn_transpose_bits"
_FAMILY = "transpose"
_ROWS = 8
"""The rows of the result that the C code writes at once."""

_COSTS = {"armv6m": 1250, "armv7m": 690, "armv7em": 690, "helium": 690, "rv32im": 1000}
"""Instructions of a block of 32 x 32 bits, by the last folder of a target's kernels."""


def transpose_in_c(types: list[TensorType], K: int, target: Target) -> Plan | None:
    """Return the call that transposes bits, or None if the TIR kernel must be used.

    Args:
        types: the type of ``x [..., M, words(K)]``.
        K: the bits of a row.
        target: the processor.
    """
    heads, M = prod(types[0].shape[:-2]), types[0].shape[-2]
    block = _COSTS.get(target.isa[-1])
    if block is None or target.small or K % _ROWS:
        return None
    call = Call(_SYMBOL, None, (heads, M, K, Read(0), Write()))
    return Plan((call,), heads * words_for(M) * words_for(K) * block)


def transpose_families(symbols: Container[str]) -> set[str]:
    """Return the family of C sources, if its function is among the symbols."""
    return {_FAMILY} if _SYMBOL in symbols else set()
