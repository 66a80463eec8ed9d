"""Code float32 inputs as bytes: pixels and other small integers over one divisor, with repeats packed.

A value is ``(byte - zero) / divisor``, one IEEE division of float32, which board and host compute
identically. Values that do not come back to the last bit are not coded. The bytes are packed as in PackBits
(Apple's TIFF technical note): n < 128 followed by n + 1 bytes, or n >= 128 followed by one byte that is
repeated n - 126 times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DIVISORS = (255.0, 1.0, 127.0, 128.0, 256.0, 127.5)
"""The divisors that are tried: the usual ones for values made from bytes."""

# A repeat takes two bytes, so one of two values saves nothing and would end a plain packet. The most are what
# the control byte can say: 255 - 126 and 127 + 1.
_LEAST_REPEAT, _MOST_REPEAT, _MOST_PLAIN = 3, 129, 128


@dataclass(frozen=True)
class Coded:
    """Values ``(codes - zero) / divisor``; ``codes`` is uint8 [n]."""

    zero: int
    divisor: float
    codes: npt.NDArray[np.uint8]


def code(values: npt.NDArray[np.float32]) -> Coded | None:
    """Find bytes that give the float32 ``values`` [n] to the last bit; None if there are none."""
    flat = np.ascontiguousarray(values, np.float32).ravel()
    if not flat.size or not np.isfinite(flat).all():
        return None
    for divisor in DIVISORS:
        # In float64 the product is exact, because each divisor has at most eight significant bits.
        whole = np.rint(flat.astype(np.float64) * divisor)
        zero = max(0.0, -float(whole.min()))
        if not float(whole.max()) + zero <= 255:
            continue
        codes = (whole + zero).astype(np.uint8)
        # Compared as bits: as numbers -0.0 equals 0.0, but no code gives -0.0.
        if np.array_equal(decode(Coded(int(zero), divisor, codes)).view(np.uint32), flat.view(np.uint32)):
            return Coded(int(zero), divisor, codes)
    return None


def decode(coded: Coded) -> npt.NDArray[np.float32]:
    """Return the values [n] that the board computes."""
    return (coded.codes.astype(np.float32) - np.float32(coded.zero)) / np.float32(coded.divisor)


def pack(codes: npt.NDArray[np.uint8]) -> list[tuple[int, bytes]]:
    """Pack uint8 [n]; return for each packet its number of values and its bytes."""
    packets: list[tuple[int, bytes]] = []
    plain = bytearray()

    def close() -> None:
        for at in range(0, len(plain), _MOST_PLAIN):
            part = plain[at : at + _MOST_PLAIN]
            packets.append((len(part), bytes([len(part) - 1]) + part))
        plain.clear()

    ends = [*(np.flatnonzero(codes[1:] != codes[:-1]) + 1).tolist(), len(codes)]
    begin = 0
    for end in ends if len(codes) else []:
        byte, count = int(codes[begin]), end - begin
        if count < _LEAST_REPEAT:
            plain += bytes([byte]) * count
        else:
            close()
            for at in range(0, count, _MOST_REPEAT):
                part = min(_MOST_REPEAT, count - at)
                # A single value that is left over must be plain: 126 + 1 is the control byte of 128 plain
                # values.
                packets.append((part, bytes([126 + part, byte]) if part > 1 else bytes([0, byte])))
        begin = end
    close()
    return packets
