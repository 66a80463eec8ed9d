"""A trained binary transformer with every constant folded: the data that goes from PyTorch to the export.

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
    """Binary linear layer whose outputs are bits: ``acc >= threshold``, where acc is the +-1 dot product.

    Attributes:
        weight: the signs of the weights, ``[N, K]``, True for +1.
        threshold: the threshold of each output, int32 ``[N]``.
    """

    weight: Bits
    threshold: Integers


@dataclass(frozen=True)
class FloatOutLinear:
    """Binary linear layer whose outputs are ``scale * acc + bias``, where acc is the +-1 dot product.

    Attributes:
        weight: the signs of the weights, ``[N, K]``, True for +1.
        scale: the scale of each output, float32 ``[N]``.
        bias: the bias of each output, float32 ``[N]``.
    """

    weight: Bits
    scale: Floats
    bias: Floats


@dataclass(frozen=True)
class ResidualPackedLinear:
    """Binary linear layer with the stream added: bit = ``scale * acc + bias + stream >= threshold``.

    Attributes:
        linear: the layer, of N outputs. If N is more than d, the stream is repeated ``N / d`` times.
        threshold: the threshold of each output, float32 ``[N]``.
    """

    linear: FloatOutLinear
    threshold: Floats


@dataclass(frozen=True)
class LayerNorm:
    """LayerNorm of every float token: ``gain * (x - mean(x)) / sqrt(var(x) + epsilon) + bias``.

    Attributes:
        gain, bias: the constants of each channel, float32 ``[d]``.
        epsilon: the same value as in training.
    """

    gain: Floats
    bias: Floats
    epsilon: float


@dataclass(frozen=True)
class Rprelu:
    """ReActNet's activation: ``x - before``, times ``slope`` where it is negative, plus ``after``.

    Attributes:
        before, slope, after: the constants of each channel, float32 ``[d]``.
    """

    before: Floats
    slope: Floats
    after: Floats


@dataclass(frozen=True)
class FoldedAttention:
    """Binary attention of H heads over width d; the head width ``d / H`` is a multiple of 32.

    Attributes:
        threshold: the threshold of the float stream, after ``pre_norm``, ``[d]``: bit = x >= threshold.
        query, key, value: the projections, d to d.
        table: the exponential of a score by its count of agreeing bits, ``[H, d/H + 1]``, 0 .. 65535.
        ratio: the share of a row's sum, ``[H]``, from which on a token is attended to:
            ``table[count] >= ratio * sum(table[counts])``.
        output_threshold: the threshold of the integer attention output, ``[d]``.
        output: the output layer, d to d; its result is added to the stream.
        pre_norm: the LayerNorm of the stream before the threshold, or None.
        norm: the LayerNorm of the output layer's result, or None.
        activation: the activation of the stream after the addition, or None.
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
    """Binary MLP of widths d, f and d; its result is added to the stream.

    Attributes:
        threshold: the threshold of the float stream, after ``pre_norm``, ``[d]``: bit = x >= threshold.
        expand: the first layer, d to f.
        contract: the second layer, f to d.
        pre_norm, norm, activation: as in ``FoldedAttention``.
    """

    threshold: Floats
    expand: PackedOutLinear | ResidualPackedLinear
    contract: FloatOutLinear
    pre_norm: LayerNorm | None = None
    norm: LayerNorm | None = None
    activation: Rprelu | None = None


@dataclass(frozen=True)
class FoldedModel:
    """The whole model for batch 1. Its input is a window ``[1, C, L]`` or an image ``[1, C, height, L]``.

    The tokens of a window are ``T = L / patch`` rows of ``C * patch`` values, channel-major. The tokens of an
    image are its square patches in row-major order, rows of ``C * patch * patch`` values, channel-major.

    Attributes:
        name: the model's name.
        channels: C, the number of sensor channels or colours.
        length: L, the samples of a window or the columns of an image.
        patch: the samples of a token, or the side of an image's square patch in pixels.
        heads: H, the number of attention heads.
        embed_weight: ``[C * patch, d]`` or ``[C * patch * patch, d]``; it includes the input's normalisation.
        embed_bias: bias plus position embedding, ``[T, d]``.
        blocks: the pairs of attention and MLP, in the order of computation.
        head_weight: the weight of the head, ``[d, classes]``; the head uses the mean over tokens.
        head_bias: the bias of the head, ``[classes]``.
        classes: the names of the classes, in the order of the logits.
        height: the rows of an image; 0 for windows.
        channel_names: the names of the channels, in the order of the input; empty if they have none.
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
    channel_names: tuple[str, ...] = ()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input without the batch: ``(C, L)`` or ``(C, height, L)``."""
        return (self.channels, self.height, self.length) if self.height else (self.channels, self.length)

    @property
    def patch_values(self) -> int:
        """The number of input values in a token."""
        return self.channels * self.patch ** (2 if self.height else 1)
