"""Rounding of float constants to values that fit 16 or 8 bits, to halve or quarter their flash.

Rounding is part of the export. The ONNX file holds the rounded values as float32, so all backends compute
with the same values. The compiler stores a constant in a narrow type wherever that is exact.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sensor_bnn.nn.folded import (
    FloatOutLinear,
    Floats,
    FoldedAttention,
    FoldedMlp,
    FoldedModel,
    LayerNorm,
    PackedOutLinear,
    ResidualPackedLinear,
    Rprelu,
)

PIXEL = 255
"""The byte that represents a pixel of value 1."""

_LARGEST = 127
_WHOLE = 2**24  # up to here a float32 holds every whole number


def half(array: Floats) -> Floats:
    """Round to the nearest values that a float16 holds; return them as float32.

    Subnormal float16 values become 0. An array with a value outside float16's range is returned unchanged.
    """
    facts = np.finfo(np.float16)
    if not np.all(np.abs(array) <= float(facts.max)):
        return array
    rounded = array.astype(np.float16).astype(np.float32)
    return np.where(np.abs(rounded) < float(facts.smallest_normal), np.float32(0), rounded)


def eighth(weight: Floats, largest: int = 1) -> tuple[Floats, Floats]:
    """Round weights to whole numbers from -127 to 127 and one scale per output.

    ``weight`` is about ``whole * scale``. The whole numbers are so small that every sum of their products
    with whole inputs up to ``largest`` is exact in float32, in any order.

    Args:
        weight: the weights, float32 ``[K, N]``.
        largest: the largest magnitude of an input.

    Returns:
        The whole numbers ``[K, N]`` and the scales ``[N]``, float32. :func:`half` rounds the scales, unless
        one would become 0.
    """
    size = np.abs(weight.astype(np.float64)).max(axis=0) / _LARGEST
    # Weights that would need a subnormal scale become 0. A subnormal scale could round to 0, and the weights
    # are divided by it; or be so small that a step of 1/16 does not increase it, and the loop would not end.
    scale = np.where(size >= np.finfo(np.float32).smallest_normal, size, 1).astype(np.float32)
    scale = half(scale) if half(scale).all() else scale
    while True:
        # Adding 0 turns -0.0 into 0.0: the compiler stores the weights as int8, which has no negative zero.
        whole = np.clip(np.rint(weight / scale), -_LARGEST, _LARGEST).astype(np.float32) + np.float32(0)
        over = np.abs(whole).sum(axis=0) * largest / _WHOLE
        if not np.any(over > 1):
            return whole, scale
        scale = np.where(over > 1, scale * np.float32(1.0625), scale)
        scale = half(scale) if half(scale).all() else scale


def narrowed(folded: FoldedModel) -> FoldedModel:
    """Return the model with all its float constants but two rounded by :func:`half`.

    The weights of embedding and head are for :func:`eighth`; an attention's ``ratio`` is one number per head.
    """

    def linear(layer: FloatOutLinear) -> FloatOutLinear:
        return replace(layer, scale=half(layer.scale), bias=half(layer.bias))

    def packed(layer: PackedOutLinear | ResidualPackedLinear) -> PackedOutLinear | ResidualPackedLinear:
        if isinstance(layer, PackedOutLinear):  # Its thresholds are integers.
            return layer
        return replace(layer, linear=linear(layer.linear), threshold=half(layer.threshold))

    def norm(layer: LayerNorm | None) -> LayerNorm | None:
        return None if layer is None else replace(layer, gain=half(layer.gain), bias=half(layer.bias))

    def activation(layer: Rprelu | None) -> Rprelu | None:
        if layer is None:
            return None
        return Rprelu(half(layer.before), half(layer.slope), half(layer.after))

    def around(part: FoldedAttention | FoldedMlp) -> dict[str, Any]:
        return {
            "threshold": half(part.threshold),
            "pre_norm": norm(part.pre_norm),
            "norm": norm(part.norm),
            "activation": activation(part.activation),
        }

    blocks = tuple(
        (
            replace(
                attention,
                query=packed(attention.query),
                key=packed(attention.key),
                value=packed(attention.value),
                output=linear(attention.output),
                **around(attention),
            ),
            replace(mlp, expand=packed(mlp.expand), contract=linear(mlp.contract), **around(mlp)),
        )
        for attention, mlp in folded.blocks
    )
    return replace(
        folded, blocks=blocks, embed_bias=half(folded.embed_bias), head_bias=half(folded.head_bias)
    )
