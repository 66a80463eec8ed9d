"""Numbers that a model predicts as integers of C, for cores without an FPU: fixed point of 31 bits."""

from __future__ import annotations

from dataclasses import dataclass
from math import frexp
from typing import Any

import numpy as np
import numpy.typing as npt

from sensor_bnn.data.predicted import Number

SHIFT = 14
"""A number is ``(output * multiplier + 2^13) >> 14``, plus an integer."""

_MOST_BITS = 30
_MOST_OUTPUT = 1 << 15


@dataclass(frozen=True)
class FixedNumber:
    """How the integer of a number is computed from an output of int16.

    Attributes:
        bits: the value is the integer times ``2^-bits``; it may be negative.
        multiplier, addend: int32.
    """

    bits: int
    multiplier: int
    addend: int

    @property
    def factor(self) -> str:
        """What 1 of the integer is worth, as a float of C."""
        return c_float(2.0**-self.bits)


def c_float(value: float) -> str:
    """Return a float of C that is the float32 next to a number; decimal, which every C++ reads."""
    return f"{np.float32(value)!s}f"


def fixed_of(number: Number) -> FixedNumber:
    """Return the integers of a number, with as many bits as no output exceeds 2^30 with."""
    most = _MOST_OUTPUT * number.scale + abs(number.offset)
    bits = _MOST_BITS - frexp(most)[1]
    return FixedNumber(bits, round(number.scale * 2.0 ** (bits + SHIFT)), round(number.offset * 2.0**bits))


def to_numbers(outputs: npt.NDArray[Any], numbers: tuple[Number, ...]) -> npt.NDArray[np.int64]:
    """Return the integers that a bundle's C code computes of outputs of int16 ``[..., numbers]``."""
    each = [fixed_of(number) for number in numbers]
    multipliers, addends = (np.array([getattr(one, key) for one in each]) for key in ("multiplier", "addend"))
    made: npt.NDArray[np.int64] = (
        (outputs.astype(np.int64) * multipliers + (1 << SHIFT - 1)) >> SHIFT
    ) + addends
    return made
