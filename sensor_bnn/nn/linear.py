"""Linear layers whose products are +-1 by +-1."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.across import batch_norm
from sensor_bnn.nn.binarize import Binarizer, clipped_sign, make_binarizer
from sensor_bnn.nn.config import TransformerConfig
from sensor_bnn.nn.folded import (
    Bits,
    FloatOutLinear,
    Floats,
    LayerNorm,
    PackedOutLinear,
    ResidualPackedLinear,
)

Restored = tuple[Tensor, Tensor | float]
"""What ``Binarizer.restored`` gives: alpha and mean, in units."""


class BinaryLinear(nn.Module):
    """``[..., K]`` of +-1 to ``[..., N]`` integers (as floats, exact): the +-1 dot product.

    The sign is that of ``W - mean(W)`` a row, or, if not ``centre``, of W. With ``binary=False`` an ordinary
    linear layer without bias.

    Attributes:
        real: the weights are not signed yet, but of mean magnitude 1 a row, so that every scale and median
            after them keeps its size when they are.
    """

    def __init__(self, inputs: int, outputs: int, *, binary: bool, centre: bool = True) -> None:
        super().__init__()
        self.binary = binary
        self.centre = centre
        self.real = False
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))

    @classmethod
    def of(cls, inputs: int, outputs: int, config: TransformerConfig) -> BinaryLinear:
        """As the configuration says."""
        binary, centre = config.precision == "binary", config.weights == "centred"
        return cls(inputs, outputs, binary=binary, centre=centre)

    def centred(self) -> Tensor:
        """``[N, K]``: the latent weights, less their row's mean if that is asked for."""
        return self.weight - self.weight.mean(dim=1, keepdim=True) if self.centre else self.weight

    def product_weight(self) -> Tensor:
        """``[N, K]``: what the product uses, +-1 if binary."""
        if self.binary and self.real:
            centred = self.centred()
            return centred / centred.abs().mean(dim=1, keepdim=True)
        return clipped_sign(self.centred()) if self.binary else self.weight

    def forward(self, x: Tensor) -> Tensor:
        """The bare product, no scale and no bias."""
        return functional.linear(x, self.product_weight())

    def fold_weight(self) -> Bits:
        """``[N, K]``, True for +1."""
        return (self.centred().detach() >= 0).numpy().copy()


class PackedLinear(nn.Module):
    """Binary linear into a binarizer: +-1 in, +-1 out, no float between."""

    def __init__(self, inputs: int, outputs: int, config: TransformerConfig, place: str) -> None:
        super().__init__()
        self.linear = BinaryLinear.of(inputs, outputs, config)
        self.binarize = hidden_binarizer(place, outputs, inputs, config)

    def forward(self, x: Tensor) -> Tensor:
        """``[..., K]`` to ``[..., N]``."""
        bits: Tensor = self.binarize(self.linear(x))
        return bits

    def fold(self) -> PackedOutLinear:
        """Signs and integer thresholds."""
        weight = self.linear.fold_weight()
        return PackedOutLinear(weight, self.binarize.fold_integer(len(weight)))


class ScaledLinear(nn.Module):
    """Binary linear, mean restore, weight scale and norm: +-1 in, floats out.

    ``y = norm(a_w * (alpha * acc + W mu) + bias)``, ``a_w = mean|W - mean(W)|`` a row. In evaluation all of
    it but a LayerNorm is ``scale * acc + bias``, rounded once after the product and once after the sum, as on
    the device.
    """

    def __init__(self, inputs: int, outputs: int, config: TransformerConfig) -> None:
        super().__init__()
        self.linear = BinaryLinear.of(inputs, outputs, config)
        self.bias = nn.Parameter(torch.zeros(outputs)) if config.norm == "none" else None
        self.norm: nn.BatchNorm1d | nn.LayerNorm | None = None
        if config.norm == "batch":
            self.norm = nn.BatchNorm1d(outputs)
        elif config.norm == "layer":
            self.norm = nn.LayerNorm(outputs)

    def product(self, bits: Tensor, restored: Restored) -> Tensor:
        """``[..., K]`` of +-1, and what they stand for, to float ``[..., N]``."""
        acc: Tensor = self.linear(bits)
        if not self.linear.binary:
            return self._normalised(acc if self.bias is None else acc + self.bias)
        if self.training:
            scale, constant = self._restore(restored)
            acc = acc * scale + constant
            return self._normalised(acc if self.bias is None else acc + self.bias)
        scale, bias = self.folded(restored)
        y = acc * scale + bias
        return self._normalised(y) if isinstance(self.norm, nn.LayerNorm) else y

    def folded(self, restored: Restored) -> tuple[Tensor, Tensor]:
        """``(scale, bias)``, float32 ``[N]`` each, from the running statistics."""
        scale, bias = self._restore(restored)
        scale, bias = scale.double(), bias.double().expand_as(scale)
        if self.bias is not None:
            bias = bias + self.bias.double()
        if isinstance(self.norm, nn.BatchNorm1d):
            scale, bias = _fold_norm(self.norm, scale, bias)
        return scale.float(), bias.float()

    def fold_scaled(self, restored: Restored) -> FloatOutLinear:
        """Signs, scale and bias."""
        scale, bias = self.folded(restored)
        return FloatOutLinear(self.linear.fold_weight(), _numpy(scale), _numpy(bias))

    def fold_norm(self) -> LayerNorm | None:
        """The LayerNorm after it, if there is one."""
        return fold_layer_norm(self.norm) if isinstance(self.norm, nn.LayerNorm) else None

    def _restore(self, restored: Restored) -> tuple[Tensor, Tensor]:
        """``(a_w * alpha, a_w * W mu)``, ``[N]`` each, before bias and BatchNorm."""
        magnitude = self.linear.centred().abs().mean(dim=1)
        alpha, mean = restored
        weight = self.linear.product_weight()
        return magnitude * alpha, magnitude * (weight * mean).sum(dim=1)

    def _normalised(self, y: Tensor) -> Tensor:
        if isinstance(self.norm, nn.BatchNorm1d):
            return normalise(self.norm, y)
        return y if self.norm is None else self.norm(y)


class RestoredLinear(ScaledLinear):
    """A ``ScaledLinear`` behind a binarizer of its own: values in, floats out."""

    def __init__(self, binarize: Binarizer, inputs: int, outputs: int, config: TransformerConfig) -> None:
        super().__init__(inputs, outputs, config)
        self.binarize = binarize

    def forward(self, x: Tensor) -> Tensor:
        """``[..., K]`` to float ``[..., N]``."""
        bits = self.binarize(x)  # first: in training it takes the statistics that are restored
        return self.product(bits, self.binarize.restored())

    def fold(self) -> FloatOutLinear:
        """Signs, scale and bias."""
        return self.fold_scaled(self.binarize.restored())


class ResidualLinear(ScaledLinear):
    """A ``ScaledLinear`` with the stream round it, into a binarizer: +-1 and the stream in, +-1 out.

    The sums are floats, so the binarizer's thresholds are as well. Where the layer is wider than the stream,
    the stream is repeated.
    """

    def __init__(
        self, inputs: int, outputs: int, config: TransformerConfig, binarize: Binarizer | None
    ) -> None:
        super().__init__(inputs, outputs, config)
        self.binarize = binarize

    def forward(self, bits: Tensor, restored: Restored, stream: Tensor) -> Tensor:
        """``[..., K]``, what it stands for, and ``[..., d]``, to ``[..., N]``.

        Without a binarizer, which is then that of the next layer, the sums as floats.
        """
        y = self.product(bits, restored)
        y = y + stream.repeat(1, 1, y.shape[-1] // stream.shape[-1])
        return y if self.binarize is None else self.binarize(y)

    def fold(self, restored: Restored, binarize: Binarizer) -> ResidualPackedLinear:
        """Signs, scales, biases, and the float thresholds of that binarizer.

        Raises:
            CheckpointError: a LayerNorm stands between.
        """
        if isinstance(self.norm, nn.LayerNorm):
            raise CheckpointError(
                'residual = "layer" beside norm = "layer" has no packed form here.',
                'Train with norm = "batch" or "none", or with pre_norm = "layer".',
            )
        linear = self.fold_scaled(restored)
        return ResidualPackedLinear(linear, binarize.fold_float(len(linear.scale)))


def stream_binarizer(config: TransformerConfig, unit: float) -> Binarizer:
    """The binarizer of the float stream, whose spread is about ``unit``."""
    return make_binarizer(
        config.binarizer_at("stream"),
        config.width,
        restore=config.residual == "layer",  # else a binarizer follows, and cancels it
        axis=config.axis,
        tokens=config.tokens,
        unit=unit,
        gradient=config.gradient,
    )


def hidden_binarizer(
    place: str,
    channels: int,
    terms: int,
    config: TransformerConfig,
    *,
    restore: bool = False,
    positive: bool = False,
) -> Binarizer:
    """The binarizer of integer sums of ``terms`` products, whose spread is about ``sqrt(terms)``."""
    if config.precision == "full":
        return make_binarizer("none", channels)
    return make_binarizer(
        config.binarizer_at(place),
        channels,
        restore=restore and config.norm == "none",  # BatchNorm would cancel it
        positive=positive,
        axis=config.axis,
        tokens=config.tokens,
        unit=math.sqrt(terms),
        integer=True,
        gradient=config.gradient,
    )


def residual_binarizer(place: str, channels: int, unit: float, config: TransformerConfig) -> Binarizer:
    """The binarizer of a float sum of the stream, whose spread is about ``unit``, and a layer's output."""
    return make_binarizer(
        config.binarizer_at(place),
        channels,
        restore=place == "hidden" and config.norm == "none",
        positive=place == "hidden",
        axis=config.axis,
        tokens=config.tokens,
        unit=unit,
        gradient=config.gradient,
    )


def normalise(norm: nn.BatchNorm1d, x: Tensor) -> Tensor:
    """BatchNorm over all but the last axis of ``[batch, tokens, channels]``."""
    return batch_norm(norm, x.flatten(0, 1)).view_as(x)


def fold_layer_norm(norm: nn.LayerNorm) -> LayerNorm:
    """Its constants."""
    return LayerNorm(_numpy(norm.weight), _numpy(norm.bias), norm.eps)


def _fold_norm(norm: nn.BatchNorm1d, scale: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """BatchNorm after ``scale * acc + bias`` as another scale and bias, in float64."""
    assert norm.running_mean is not None and norm.running_var is not None
    gain = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    return scale * gain, (bias - norm.running_mean.double()) * gain + norm.bias.double()


def _numpy(x: Tensor) -> Floats:
    return x.detach().to(torch.float32).numpy().copy()
