"""Each window by its own mean and deviation, per channel, in integers; ``export/operators.md`` defines both.

A deviation is known by its logarithm, in 256ths of a doubling: so neither a root nor a division is needed.
"""

from __future__ import annotations

from math import isqrt

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]

LOG_BITS = 8
LOG_STEPS = 1 << LOG_BITS
"""The steps of a logarithm per doubling."""
SQUARES = LOG_BITS - 1
"""The bits of a logarithm below a doubling of the sum of squares; each takes one squaring."""
POWER_BITS = 14
"""The bits after the point of a power of 2 of a fraction."""
POWER_ROOTS = tuple(
    (bit, round(2 ** (POWER_BITS + 2.0**bit / LOG_STEPS))) for bit in reversed(range(LOG_BITS))
)
"""The bits of a fraction in 256ths, from the highest, and the power of 2 of each."""
FLAT = -32 * LOG_STEPS
"""The logarithm of a channel that does not change."""
DEVIATION = 2048
"""The steps of a normalised value per deviation."""
GAIN_STEP = 2.0**-15
"""A step of the input with a gain per window: in units of the power of two that divides the channel."""
_LEAST, _MOST = -(1 << 15), (1 << 15) - 1


def gain_of(tokens: int) -> int:
    """Return the gain with which a deviation is ``DEVIATION`` steps, for windows of so many tokens."""
    # A logarithm is rounded down, so the middle of its step is half a step higher.
    return round(LOG_STEPS * float(np.log2(DEVIATION) + np.log2(tokens) / 2) + 0.5)


def largest_step(tokens: int) -> int:
    """Return the largest magnitude of so many values whose squares add up to at most 2 ** 30."""
    return isqrt(2**30 // tokens)


def window_moments(x: Whole) -> Whole:
    """Return mean and logarithm of the deviation of each channel of ``[batch, n, C]``.

    Returns:
        ``[batch, 2 C]``: the means, rounded to nearest, ties up; then L, in 256ths of a doubling, of
        ``n ** 1.5`` times the deviations, in steps of x.
    """
    n = x.shape[1]
    total = x.sum(axis=1)
    return np.concatenate([(2 * total + n) // (2 * n), _logarithms(n * x - total[:, None])], axis=1)


def _logarithms(centred: Whole) -> Whole:
    """Return the logarithm of the root of the sum of squares along axis 1, in 256ths of a doubling."""
    most, limit = np.abs(centred).max(axis=1), largest_step(centred.shape[1])
    small = sum(((most + (1 << shift >> 1)) >> shift > limit).astype(np.int64) for shift in range(31))
    small = np.asarray(small)
    squares = (((centred + (1 << small >> 1)[:, None]) >> small[:, None]) ** 2).sum(axis=1)
    place = np.asarray(sum((squares >> bit > 0).astype(np.int64) for bit in range(1, 31)))
    mantissa, fraction = squares << (30 - place) >> 15, np.zeros_like(squares)
    for _ in range(SQUARES):
        square = mantissa * mantissa >> 15
        bit = square >> 16
        mantissa, fraction = square >> bit, 2 * fraction + bit
    found = LOG_STEPS // 2 * place + fraction + LOG_STEPS * small
    return np.where(squares > 0, found, FLAT)


def window_normalized(x: Whole, logarithms: Whole, gain: int) -> Whole:
    """Return ``(n * x - sum) * 2 ** ((gain - L) / 256)``, within 16 bits.

    Args:
        x: ``[batch, n, C]``.
        logarithms: L, ``[batch, C]``.
        gain: the gain.
    """
    power = (gain - logarithms)[:, None]
    right, left = np.clip(-(power >> LOG_BITS), 0, 30), np.clip(power >> LOG_BITS, 0, 15)
    centred = x.shape[1] * x - x.sum(axis=1, keepdims=True)
    near = ((centred + (1 << right >> 1)) >> right).clip(_LEAST, _MOST)
    a = (near << left).clip(_LEAST, _MOST)
    factor = power_of_fraction(power & (LOG_STEPS - 1))
    return np.asarray(((a * factor + (1 << POWER_BITS >> 1)) >> POWER_BITS).clip(_LEAST, _MOST))


def power_of_fraction(fraction: Whole) -> Whole:
    """Return ``2 ** (14 + fraction / 256)`` for fractions of 0 .. 255, as a product of rounded roots."""
    factor = np.full_like(fraction, 1 << POWER_BITS)
    for bit, root in POWER_ROOTS:
        more = (factor * root + (1 << POWER_BITS >> 1)) >> POWER_BITS
        factor = np.where(fraction >> bit & 1, more, factor)
    return factor
