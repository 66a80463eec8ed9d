"""Float constants of a layer to integers: scales with a shift, biases, thresholds, weights in 8 bits.

A product ``a * m`` with a real m becomes ``(a * scale) >> shift``, where a and scale have 16 bits. The shift
is one per layer, as large as the largest scale allows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.binarize import Binarizer
from sensor_bnn.nn.folded import Bits
from sensor_bnn.nn.folded_hybrid import Bytes, Halves, Quantizer, StreamEpilogue, Taps
from sensor_bnn.nn.hybrid_parts import BYTE, ByteRange, Epilogue, Product

Reals = npt.NDArray[np.float64]

SLOPE_ONE = 1 << 13
"""The slope that means 1."""

LARGEST_HALF = (1 << 15) - 1
_LARGEST_SHIFT = 30
_PARTS = 64
_FACTORS = 256
"""The most that the scales of a layer may differ by, so that the smallest has 7 bits."""
LARGEST_BIAS = 1 << 30
"""A product of 16 bits by 16 bits plus this fits int32."""


@dataclass
class Unit:
    """The stream's unit during folding, and whether it was too small.

    Attributes:
        step: the unit, a power of two.
        sums: the largest magnitude of the accumulators of each product in 8 bits in training.
        reduced: the number of channels whose constants do not fit 16 bits in this unit.
    """

    step: float
    sums: Mapping[Product, float] = field(default_factory=dict)
    reduced: int = 0


def power_of_two(at_least: float) -> float:
    """Return the smallest power of two that is not below ``at_least``, which is above 0."""
    mantissa, exponent = math.frexp(at_least)
    return math.ldexp(1.0, exponent - (mantissa == 0.5))


def pre_shift(bound: int) -> int:
    """Return the shift after which an integer of a magnitude up to ``bound``, rounded, fits 16 bits."""
    return next(s for s in range(_LARGEST_SHIFT + 1) if (bound + (1 << s >> 1)) >> s <= LARGEST_HALF)


def reals(x: Tensor, channels: int) -> Reals:
    """Return a parameter of one or ``channels`` values as float64 ``[channels]``."""
    found: Reals = x.detach().cpu().double().expand(channels).numpy().copy()
    return found


def byte_step(byte_range: ByteRange) -> float:
    """Return what one step of 8 bits is worth; as in evaluation it is never 0."""
    return max(float(byte_range.largest) / BYTE, 1e-12)


def bit_weights(product: Product) -> Bits:
    """Return the signs of the weights, ``[N, taps * C]``."""
    rows: Bits = (product.weight.detach() >= 0).permute(0, 2, 3, 1).flatten(1).cpu().numpy().copy()
    return rows


def byte_weights(weight: Tensor) -> tuple[Bytes, Reals]:
    """Round weights ``[N, C]`` or ``[N, C, rows, columns]`` to 8 bits with one step per output.

    Returns:
        ``(whole, step)``: int8 ``[N, taps * C]`` and float64 ``[N]``, as :func:`hybrid_parts.rounded` does.
    """
    rows = weight.detach().cpu().movedim(1, -1).flatten(1)
    step = (rows.abs().amax(dim=1, keepdim=True) / BYTE).clamp(min=1e-12)
    whole = (rows / step).round().clamp(-BYTE, BYTE).to(torch.int8)
    return whole.numpy().copy(), step[:, 0].double().numpy().copy()


def taps_of(product: Product) -> Taps:
    """Return what an output of the product reads."""
    return Taps(product.kernel, product.stride, product.dilation)


def threshold_of(binarize: Binarizer, after: Reals, unit: Unit) -> Halves:
    """Return the thresholds of a stored stream that is lower than its value by ``after``, int16 ``[C]``.

    A stored integer s is at least t where s is at least t rounded up. A threshold beyond 16 bits becomes the
    nearest end: there the stream saturates.
    """
    threshold = binarize.fold_float(len(after)).astype(np.float64) - after
    return np.clip(np.ceil(threshold / unit.step), -LARGEST_HALF - 1, LARGEST_HALF).astype(np.int16)


def quantizer(factor: Reals, offset: Reals, bound: int, what: str) -> Quantizer:
    """Return the constants of ``int8 = factor * x + offset``, ``[N]`` each.

    Args:
        factor: the steps of 8 bits per unit of the input.
        offset: the steps of 8 bits at an input of 0.
        bound: the largest magnitude of the input.
        what: the name of the value, for the message.

    Raises:
        CheckpointError: a constant is too large for every shift.
    """
    pre = pre_shift(bound)
    factor = factor * 2.0**pre
    for shift in range(_LARGEST_SHIFT, -1, -1):
        scale = np.rint(factor * 2.0**shift)
        bias = np.rint(offset * 2.0**shift) + (1 << shift >> 1)
        if np.abs(scale).max() <= LARGEST_HALF and np.abs(bias).max() <= LARGEST_BIAS:
            return Quantizer(scale.astype(np.int16), bias.astype(np.int32), pre, shift)
    raise CheckpointError(
        f"The 8 bits of {what} have no integers: one step of its input is up to"
        f" {np.abs(factor).max():.3g} of its steps.",
        "Its range is too small, as in a model that has learned nothing; train it further.",
    )


def quantizer_of(byte_range: ByteRange, after: Reals, unit: Unit, what: str) -> Quantizer:
    """Return how a stored stream that is lower than its value by ``after`` becomes bytes."""
    step = byte_step(byte_range)
    factor = np.full_like(after, unit.step / step)
    return quantizer(factor, after / step, LARGEST_HALF, what)


def input_steps(largest: Reals, whole: npt.NDArray[np.bool_], byte: Reals) -> Reals:
    """Return the sensor units per step of each channel's int16, ``[C]``.

    Whole numbers that fit 16 bits stay as they are. Another channel gets a byte divided by a power of two, so
    that its scale has no rounding, and a quarter of its range more, since a sample may lie beyond those of
    training. All channels share one shift when they are scaled to bytes; a channel of few steps per byte
    gets finer ones, so that no other loses its precision.

    Args:
        largest: the largest magnitude of each channel, in sensor units.
        whole: whether all its values are whole numbers.
        byte: the sensor units per step of its 8 bits.
    """
    needed = 1.25 * np.maximum(largest, 1e-30) / LARGEST_HALF
    steps = byte * np.array([power_of_two(size) for size in needed / byte])
    steps[whole & (largest <= LARGEST_HALF)] = 1.0
    while True:
        scale = steps / byte
        coarse = (scale > _FACTORS * scale.min()) & (2 * largest / steps <= LARGEST_HALF)
        if not coarse.any():
            return np.asarray(steps)
        steps[coarse] /= 2


def fold_epilogue(
    epilogue: Epilogue,
    acc_step: Reals,
    bound: int,
    shortcut: Reals | None,
    unit: Unit,
    moments: tuple[Reals, Reals] | None = None,
) -> tuple[StreamEpilogue, Reals]:
    """Fold norm and RPReLU into integers; a slope that is too steep becomes the steepest.

    Args:
        epilogue: the epilogue.
        acc_step: what 1 of the accumulator is worth in the product of training, ``[N]``.
        bound: the largest magnitude of an accumulator.
        shortcut: what the stored stream that is added is lower by, ``[N]``; None if none is added.
        unit: the stream's unit.
        moments: the mean and variance by which a BatchNorm divides, ``[N]`` each; None for the running ones.

    Returns:
        The integers, and what the stored result is lower than its value by, ``[N]``.
    """
    channels = len(acc_step)
    gain, mean, offset = _norm(epilogue, channels, moments)
    before, slope, after = np.zeros(channels), np.ones(1), np.zeros(channels)
    if epilogue.activation is not None:
        bend = epilogue.activation
        before, after = (reals(part, channels) for part in (bend.before, bend.after))
        slope = reals(bend.slope, len(bend.slope))  # one, if the channels share it
        # In whole parts of a step, so that float32 holds the sum with a stored integer, as training rounds.
        after = np.rint(after * _PARTS / unit.step) * unit.step / _PARTS
    offset = offset - before + (0 if shortcut is None else shortcut)
    integers = affine(gain * acc_step, mean / acc_step, offset, bound, unit)
    whole_slope = np.rint(slope * SLOPE_ONE).clip(-LARGEST_HALF, LARGEST_HALF).astype(np.int16)
    return replace(integers, slope=whole_slope), after


def gains(epilogue: Epilogue, channels: int, moments: tuple[Reals, Reals] | None = None) -> Reals:
    """Return the gains of an epilogue's norm, ``[N]``; ``moments`` as in :func:`fold_epilogue`."""
    return _norm(epilogue, channels, moments)[0]


def window_steps(largest: Reals, whole: npt.NDArray[np.bool_]) -> Reals:
    """Return the units per step of each channel, as ``input_steps`` does, of windows that are normalised."""
    steps = 1.25 * np.maximum(largest, 1e-30) / LARGEST_HALF
    return np.where(whole & (largest <= LARGEST_HALF), 1.0, steps)


def check_slope(epilogue: Epilogue, what: str) -> None:
    """Check that a layer's slopes fit 16 bits.

    Raises:
        CheckpointError: a slope is too steep.
    """
    steepest = 0.0 if epilogue.activation is None else float(epilogue.activation.slope.detach().abs().max())
    if steepest * SLOPE_ONE > LARGEST_HALF:
        raise CheckpointError(
            f"{what} multiplies negative values by {steepest:.3g}; integers reach"
            f" {LARGEST_HALF / SLOPE_ONE:.3f}.",
            'Train with a lower rate, or with activation = "none".',
        )


def affine(gain: Reals, mean: Reals, offset: Reals, bound: int, unit: Unit) -> StreamEpilogue:
    """Return the integers of ``gain * (acc - mean) + offset``, ``[N]`` each, in steps of ``unit``; slope 1.

    A channel whose constants do not fit keeps its offset at the mean, and gets the largest gain that fits:
    so does one that hardly ever changed in training, since its norm multiplies it by a very large number.
    """
    pre = pre_shift(bound)
    gain, offset = gain / unit.step, offset / unit.step
    room = np.maximum(LARGEST_HALF - np.abs(offset), 1)
    share = np.minimum(1, room / np.maximum(np.abs(gain * mean), 1e-9))
    share = np.minimum(share, LARGEST_HALF / np.maximum(np.abs(gain) * 2.0**pre, 1e-9))
    unit.reduced += int((share < 1).sum())
    gain = gain * share * 2.0**pre
    fits = (s for s in range(_LARGEST_SHIFT, 0, -1) if np.rint(np.abs(gain).max() * 2.0**s) <= LARGEST_HALF)
    shift = next(fits, 0)
    scale = np.clip(np.rint(gain * 2.0**shift), -LARGEST_HALF, LARGEST_HALF)
    # The bias follows from the rounded scale, so that the rounding changes nothing at the mean.
    bias = np.clip(np.rint(offset - mean / 2.0**pre * scale / 2.0**shift), -LARGEST_HALF, LARGEST_HALF)
    slope = np.full(1, SLOPE_ONE, dtype=np.int16)
    return StreamEpilogue(scale.astype(np.int16), bias.astype(np.int16), slope, pre, shift)


def _norm(
    epilogue: Epilogue, channels: int, moments: tuple[Reals, Reals] | None
) -> tuple[Reals, Reals, Reals]:
    """Return gain, mean and offset of a norm with these moments: ``gain * (y - mean) + offset``."""
    norm = epilogue.norm
    gain, offset = reals(norm.weight, channels), reals(norm.bias, channels)
    if not isinstance(norm, nn.BatchNorm1d):
        return gain, np.zeros(channels), offset
    if moments is None:
        assert norm.running_mean is not None and norm.running_var is not None
        moments = reals(norm.running_mean, channels), reals(norm.running_var, channels)
    mean, variance = moments
    return gain / np.sqrt(variance + norm.eps), mean, offset
