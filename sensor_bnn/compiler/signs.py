"""Bits of floats in C (``firmware/kernels/linear_signs.h``), on cores that compare floats by their signs."""

from __future__ import annotations

from collections.abc import Container
from math import prod

import numpy as np

from sensor_bnn.compiler.narrow import Array
from sensor_bnn.compiler.program import Call, Plan, Read, Write
from sensor_bnn.compiler.targets import Target
from sensor_bnn.onnx.operators import FLOAT, TensorType
from sensor_bnn.onnx.packing import WORD_BITS

_SYMBOL = "sbnn_pack_signs"
_FAMILY = "signs"
_WORD, _ROW, _CALL = 108, 4, 30
"""Instructions of a word, of a row and of a call on a Cortex-M7."""


def pack_floats(types: list[TensorType], threshold: Array | None, target: Target) -> Plan | None:
    """Return the call that makes bits of floats, or None if the TIR kernel must be used.

    Args:
        types: the types of ``x [..., K]`` and ``threshold [K]``.
        threshold: its contents; None if it is not a constant.
        target: the processor.
    """
    M, K = prod(types[0].shape[:-1]), types[0].shape[-1]
    if target.isa[-1] != "armv7em" or types[0].dtype != FLOAT or K % WORD_BITS or threshold is None:
        return None
    if np.isinf(threshold).any():  # x - x is no number then
        return None
    call = Call(_SYMBOL, None, (M, K, Read(0), Read(1), Write()))
    signed = np.where(threshold == 0, np.float32(-0.0), threshold)
    return Plan((call,), M * (K // WORD_BITS * _WORD + _ROW) + _CALL, constants={1: signed})


def signs_families(symbols: Container[str]) -> set[str]:
    """Return the family of C sources, if one of its functions is among the symbols."""
    return {_FAMILY} if _SYMBOL in symbols else set()
