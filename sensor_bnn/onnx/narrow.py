"""Float constants rounded to what 16 or 8 bits hold, so that flash holds them in half or a quarter.

Rounding is part of the export: the ONNX file has the rounded values, as float32, and every backend computes
with the same. The compiler stores a constant narrow wherever that loses nothing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sensor_bnn.nn.folded import FloatOutLinear, Floats, FoldedModel

PIXEL = 255
"""The byte of a pixel of value 1."""

_LARGEST = 127
_WHOLE = 2**24  # up to here a float32 holds every whole number


def half(array: Floats) -> Floats:
    """The nearest values that a float16 holds, as float32; subnormal ones become 0.

    An array that leaves float16's range is returned as it is.
    """
    facts = np.finfo(np.float16)
    if not np.all(np.abs(array) <= float(facts.max)):
        return array
    rounded = array.astype(np.float16).astype(np.float32)
    return np.where(np.abs(rounded) < float(facts.smallest_normal), np.float32(0), rounded)


def eighth(weight: Floats, largest: int = 1) -> tuple[Floats, Floats]:
    """Whole numbers -127 to 127 and a scale an output: ``weight`` is about ``whole * scale``.

    The numbers are small enough for every sum of their products with whole inputs up to ``largest`` to be
    exact in float32, in any order.

    Args:
        weight: ``[K, N]``.
        largest: input.

    Returns:
        ``[K, N]`` and ``[N]``, float32; the scale as :func:`half` rounds it, unless it is too small for that.
    """
    size = np.abs(weight.astype(np.float64)).max(axis=0) / _LARGEST
    # Weights that need a subnormal scale are 0: one that rounds to 0 divides by it, and none grows by a step.
    scale = np.where(size >= np.finfo(np.float32).smallest_normal, size, 1).astype(np.float32)
    scale = half(scale) if half(scale).all() else scale
    while True:
        whole = np.clip(np.rint(weight / scale), -_LARGEST, _LARGEST).astype(np.float32) + np.float32(0)
        over = np.abs(whole).sum(axis=0) * largest / _WHOLE
        if not np.any(over > 1):
            return whole, scale
        scale = np.where(over > 1, scale * np.float32(1.0625), scale)
        scale = half(scale) if half(scale).all() else scale


def narrowed(folded: FoldedModel) -> FoldedModel:
    """The model with thresholds, scales, biases and positions as :func:`half` rounds them."""

    def linear(layer: FloatOutLinear) -> FloatOutLinear:
        return replace(layer, scale=half(layer.scale), bias=half(layer.bias))

    blocks = tuple(
        (
            replace(attention, threshold=half(attention.threshold), output=linear(attention.output)),
            replace(mlp, threshold=half(mlp.threshold), contract=linear(mlp.contract)),
        )
        for attention, mlp in folded.blocks
    )
    return replace(
        folded, blocks=blocks, embed_bias=half(folded.embed_bias), head_bias=half(folded.head_bias)
    )
