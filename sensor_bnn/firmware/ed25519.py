"""Decode an Ed25519 public key to a point of the curve (RFC 8032, section 5.1.3).

The build computes the square root for this, because a bootloader has no room for the code.
"""

from __future__ import annotations

from sensor_bnn.errors import KeyFileError

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)
_COFACTOR_DOUBLINGS = 3


def minus_x(public_key: bytes) -> tuple[int, ...]:
    """Return the x of the negated point -A in eight 32-bit words, the lowest first, below 2^255 - 19.

    Args:
        public_key: A as encoded by RFC 8032, 32 bytes.

    Raises:
        KeyFileError: the bytes are not the canonical encoding of a point, or the point has an order of at
            most 8, so that anyone can sign for it.
    """
    number = int.from_bytes(public_key, "little")
    y, sign = number % 2**255, number >> 255
    # x^2 = (y^2 - 1) / (d y^2 + 1); d is not a square, so the divisor is never 0.
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if len(public_key) != 32 or y >= _P or (x * x - square) % _P or (x == 0 and sign):
        raise KeyFileError(
            f"The public key {public_key.hex()} is not a point of Ed25519's curve.",
            "Make a key with `sensor-bnn keygen`.",
        )
    if x % 2 != sign:
        x = _P - x
    if _is_of_small_order(x, y):
        raise KeyFileError(
            f"The public key {public_key.hex()} is of small order: anyone can sign for it.",
            "Make a key with `sensor-bnn keygen`.",
        )
    words = (-x % _P).to_bytes(32, "little")
    return tuple(int.from_bytes(words[at : at + 4], "little") for at in range(0, 32, 4))


def _is_of_small_order(x: int, y: int) -> bool:
    """Whether [8](x, y) is the neutral element (0, 1)."""
    for _ in range(_COFACTOR_DOUBLINGS):
        product = _D * x * x * y * y
        x, y = (
            2 * x * y * pow(1 + product, -1, _P) % _P,
            (y * y + x * x) * pow(1 - product, -1, _P) % _P,
        )
    return x == 0
