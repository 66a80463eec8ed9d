"""e to the x in float32 without a library, by the same operations in the same order on every core."""

from __future__ import annotations

from typing import Any

from tvm.script import tirx as T

_LOG2_E = 1.44269504
# ln 2 in two parts; the first has so few bits that its product with the exponent is exact.
_LN2_HIGH, _LN2_LOW = 0.693359375, -2.12194440e-4
_SMALLEST, _LARGEST = -87.0, 88.0


def exponent(x: Any) -> Any:
    """Return the whole number k for which 2**k is nearest to e**x, as float32; x is limited first."""
    # Adding 127.5 makes the value positive. Then truncation rounds down, and no rounding function is needed.
    above = T.Cast("int32", limited(x) * T.float32(_LOG2_E) + T.float32(127.5))
    return T.Cast("float32", above - 127)


def limited(x: Any) -> Any:
    """Return x, limited to the range in which e**x is a normal float32."""
    return T.min(T.max(x, T.float32(_SMALLEST)), T.float32(_LARGEST))


def remainder(x: Any, k: Any) -> Any:
    """Return x - k ln 2, which is in -0.35 .. 0.35."""
    return (limited(x) - k * T.float32(_LN2_HIGH)) - k * T.float32(_LN2_LOW)


def powers(r: Any) -> Any:
    """Return e**r of a small r by its Taylor series to r**7; the omitted terms are below half an ulp."""
    total = T.float32(1 / 5040)
    for factorial in (720, 120, 24, 6, 2, 1, 1):
        total = total * r + T.float32(1 / factorial)
    return total


def scaled(value: Any, k: Any) -> Any:
    """Return ``value * 2**k`` for k in -126 .. 127; 2**k is made from its exponent bits."""
    return value * T.reinterpret("float32", T.shift_left(T.Cast("int32", k) + 127, 23))
