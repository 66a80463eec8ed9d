"""e to the x in float32 without a library: the same operations in the same order on every core."""

from __future__ import annotations

from typing import Any

from tvm.script import tirx as T

_LOG2_E = 1.44269504
# ln 2 in two parts, the first of few enough bits that its product with the exponent is exact.
_LN2_HIGH, _LN2_LOW = 0.693359375, -2.12194440e-4
_SMALLEST, _LARGEST = -87.0, 88.0


def exponent(x: Any) -> Any:
    """Return the whole number of powers of two nearest to e**x, as float32; x as ``limited``."""
    # Above zero, cutting off the fraction is rounding down; a core without that instruction needs no library.
    above = T.Cast("int32", limited(x) * T.float32(_LOG2_E) + T.float32(127.5))
    return T.Cast("float32", above - 127)


def limited(x: Any) -> Any:
    """Return x cut to where e**x is a normal float32."""
    return T.min(T.max(x, T.float32(_SMALLEST)), T.float32(_LARGEST))


def remainder(x: Any, k: Any) -> Any:
    """Return what of x is left beside ``k`` powers of two: -0.35 to 0.35."""
    return (limited(x) - k * T.float32(_LN2_HIGH)) - k * T.float32(_LN2_LOW)


def powers(r: Any) -> Any:
    """Return e**r of a small r: its Taylor series to the seventh power, whose rest is below half a unit."""
    total = T.float32(1 / 5040)
    for factorial in (720, 120, 24, 6, 2, 1, 1):
        total = total * r + T.float32(1 / factorial)
    return total


def scaled(value: Any, k: Any) -> Any:
    """Return ``value * 2**k``, k between -126 and 127."""
    return value * T.reinterpret("float32", T.shift_left(T.Cast("int32", k) + 127, 23))
