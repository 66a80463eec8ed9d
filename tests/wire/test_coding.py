"""Inputs as bytes: every value comes back to the last bit, or is not coded at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sensor_bnn.wire.coding import DIVISORS, code, decode, pack

CODES = arrays.arrays(np.uint8, st.integers(0, 700), elements=st.sampled_from([0, 1, 2, 255]))


def unpacked(packed: bytes) -> bytes:
    """Unpack PackBits by its definition, independently of the code under test."""
    out, at = b"", 0
    while at < len(packed):
        n = packed[at]
        if n < 128:
            out += packed[at + 1 : at + 2 + n]
            at += n + 2
        else:
            out += packed[at + 1 : at + 2] * (n - 126)
            at += 2
    return out


@given(CODES)
def test_packets_stand_for_the_codes(codes: np.ndarray) -> None:
    packets = pack(codes)
    assert unpacked(b"".join(data for _, data in packets)) == codes.tobytes()
    for count, data in packets:
        assert len(unpacked(data)) == count
    # At worst, 128 bytes go as they are, with one before them.
    assert sum(len(data) for _, data in packets) <= len(codes) * 129 / 128 + 1


@pytest.mark.parametrize("divisor", DIVISORS)
@pytest.mark.parametrize("zero", [0, 3, 128, 255])
def test_every_byte_over_a_divisor_is_coded(divisor: float, zero: int) -> None:
    values = (np.arange(256, dtype=np.float32) - np.float32(zero)) / np.float32(divisor)
    coded = code(values)
    assert coded is not None
    assert decode(coded).tobytes() == values.tobytes()


@given(arrays.arrays(np.float32, st.integers(0, 50), elements=st.floats(width=32)))
def test_no_value_is_changed(values: np.ndarray) -> None:
    coded = code(values)
    if coded is not None:
        assert decode(coded).tobytes() == values.tobytes()


@pytest.mark.parametrize("value", [0.1, -0.0, np.nan, np.inf, 256.0, 1e30])
def test_what_is_no_byte_is_not_coded(value: float) -> None:
    assert code(np.array([0, 1, value], np.float32)) is None
