"""A trained binary transformer with every constant folded: what leaves PyTorch and enters the export.

Weights are booleans, ``True`` for +1 and ``False`` for -1. Running medians are thresholds; alphas, restored
means and BatchNorm are the ``scale`` and ``bias`` of the layer they follow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int32]


@dataclass(frozen=True)
class PackedOutLinear:
    """Binary linear whose outputs are bits: ``acc >= threshold``, acc the +-1 dot product.

    Attributes:
        weight: ``[N, K]``.
        threshold: ``[N]``.
    """

    weight: Bits
    threshold: Integers


@dataclass(frozen=True)
class FloatOutLinear:
    """Binary linear whose outputs are ``scale * acc + bias``, acc the +-1 dot product.

    Attributes:
        weight: ``[N, K]``.
        scale: ``[N]``.
        bias: ``[N]``.
    """

    weight: Bits
    scale: Floats
    bias: Floats


@dataclass(frozen=True)
class ResidualPackedLinear:
    """Binary linear with the stream round it: bit = ``scale * acc + bias + stream >= threshold``.

    Attributes:
        linear: N outputs; of more than d the stream's channels are repeated, ``N / d`` times over.
        threshold: ``[N]``.
    """

    linear: FloatOutLinear
    threshold: Floats


@dataclass(frozen=True)
class LayerNorm:
    """``gain * (x - mean(x)) / sqrt(var(x) + epsilon) + bias`` of every token of floats.

    Attributes:
        gain, bias: ``[d]``.
        epsilon: as in training.
    """

    gain: Floats
    bias: Floats
    epsilon: float


@dataclass(frozen=True)
class Rprelu:
    """``y = x - before``, times ``slope`` where it is negative, plus ``after``.

    Attributes:
        before, slope, after: ``[d]``.
    """

    before: Floats
    slope: Floats
    after: Floats


@dataclass(frozen=True)
class FoldedAttention:
    """Binary attention of H heads over width d, head width ``d / H`` (a multiple of 32).

    Attributes:
        threshold: ``[d]``, of the float stream (after ``pre_norm``): bit = x >= threshold.
        query, key, value: width d to d.
        table: ``[H, d/H + 1]``, 0 .. 65535: the exponential of a score by its count of agreeing bits.
        ratio: ``[H]``: a token is attended to where ``table[count] >= ratio * sum(table[counts])``.
        output_threshold: ``[d]``, of the integer attention output.
        output: width d to d, added to the stream.
        pre_norm: of the stream before the threshold, or None.
        norm: of what is added to the stream, or None.
        activation: of the stream after the addition, or None.
    """

    threshold: Floats
    query: PackedOutLinear | ResidualPackedLinear
    key: PackedOutLinear | ResidualPackedLinear
    value: PackedOutLinear | ResidualPackedLinear
    table: Integers
    ratio: Floats
    output_threshold: Integers
    output: FloatOutLinear
    pre_norm: LayerNorm | None = None
    norm: LayerNorm | None = None
    activation: Rprelu | None = None


@dataclass(frozen=True)
class FoldedMlp:
    """Binary MLP: width d to f to d, added to the stream.

    Attributes:
        threshold: ``[d]``, of the float stream (after ``pre_norm``): bit = x >= threshold.
        expand: d to f.
        contract: f to d.
        pre_norm, norm, activation: as in attention.
    """

    threshold: Floats
    expand: PackedOutLinear | ResidualPackedLinear
    contract: FloatOutLinear
    pre_norm: LayerNorm | None = None
    norm: LayerNorm | None = None
    activation: Rprelu | None = None


@dataclass(frozen=True)
class FoldedModel:
    """The whole model, batch 1: window ``[1, C, L]``, or image ``[1, C, height, L]``, to logits.

    Tokens are ``T = L / patch`` rows; a row holds C x patch values, channel-major. Of an image they are its
    square patches, row by row; a row holds C x patch x patch values, channel-major.

    Attributes:
        name: the model's name.
        channels: C.
        length: L.
        patch: samples a token, or the side of a square of an image.
        heads: H.
        embed_weight: ``[C * patch, d]`` or ``[C * patch * patch, d]``, input normalisation folded in.
        embed_bias: ``[T, d]``: bias and position embedding.
        blocks: attention and MLP, in order.
        head_weight: ``[d, classes]``, after the mean over tokens.
        head_bias: ``[classes]``.
        classes: the classes' names.
        height: rows of an image; 0 for windows.
    """

    name: str
    channels: int
    length: int
    patch: int
    heads: int
    embed_weight: Floats
    embed_bias: Floats
    blocks: tuple[tuple[FoldedAttention, FoldedMlp], ...]
    head_weight: Floats
    head_bias: Floats
    classes: tuple[str, ...]
    height: int = 0

    @property
    def input_shape(self) -> tuple[int, ...]:
        """``(C, L)`` or ``(C, height, L)``."""
        return (self.channels, self.height, self.length) if self.height else (self.channels, self.length)

    @property
    def patch_values(self) -> int:
        """Values a token is made from."""
        return self.channels * self.patch ** (2 if self.height else 1)
