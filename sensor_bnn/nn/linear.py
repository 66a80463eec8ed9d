"""Linear layers whose products are +-1 by +-1."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from sensor_bnn.nn.binarize import Binarizer, clipped_sign, make_binarizer
from sensor_bnn.nn.config import TransformerConfig
from sensor_bnn.nn.folded import Bits, FloatOutLinear, PackedOutLinear


class BinaryLinear(nn.Module):
    """``[..., K]`` of +-1 to ``[..., N]`` integers (as floats, exact): the +-1 dot product.

    The sign is that of ``W - mean(W)`` a row. With ``binary=False`` an ordinary linear layer without bias.

    Attributes:
        real: the weights are not signed yet, but of mean magnitude 1 a row, so that every scale and median
            after them keeps its size when they are.
    """

    def __init__(self, inputs: int, outputs: int, *, binary: bool) -> None:
        super().__init__()
        self.binary = binary
        self.real = False
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))

    def centred(self) -> Tensor:
        """``[N, K]``: the latent weights less their row's mean."""
        return self.weight - self.weight.mean(dim=1, keepdim=True)

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
        return (self.centred() >= 0).numpy().copy()


class PackedLinear(nn.Module):
    """Binary linear into a binarizer: +-1 in, +-1 out, no float between."""

    def __init__(self, inputs: int, outputs: int, config: TransformerConfig) -> None:
        super().__init__()
        self.linear = BinaryLinear(inputs, outputs, binary=config.precision == "binary")
        self.binarize = hidden_binarizer(outputs, inputs, config)

    def forward(self, x: Tensor) -> Tensor:
        """``[..., K]`` to ``[..., N]``."""
        bits: Tensor = self.binarize(self.linear(x))
        return bits

    def fold(self) -> PackedOutLinear:
        """Signs and integer thresholds."""
        weight = self.linear.fold_weight()
        return PackedOutLinear(weight, self.binarize.fold_integer(len(weight)))


class RestoredLinear(nn.Module):
    """Binarizer, binary linear, mean restore, weight scale and BatchNorm: values in, floats out.

    ``y = norm(a_w * (alpha * acc + W mu) + bias)``, ``a_w = mean|W - mean(W)|`` a row. In evaluation all of
    it is ``scale * acc + bias``, rounded once after the product and once after the sum, as on the device.
    """

    def __init__(self, binarize: Binarizer, inputs: int, outputs: int, config: TransformerConfig) -> None:
        super().__init__()
        self.binarize = binarize
        self.linear = BinaryLinear(inputs, outputs, binary=config.precision == "binary")
        self.bias = nn.Parameter(torch.zeros(outputs)) if config.norm == "none" else None
        self.norm = nn.BatchNorm1d(outputs) if config.norm == "batch" else None

    def forward(self, x: Tensor) -> Tensor:
        """``[..., K]`` to float ``[..., N]``."""
        acc: Tensor = self.linear(self.binarize(x))
        if self.linear.binary and not self.training:
            scale, bias = self.folded()
            return acc * scale + bias
        if self.linear.binary:
            scale, constant = self._restore()
            acc = acc * scale + constant
        return self._normalised(acc)

    def folded(self) -> tuple[Tensor, Tensor]:
        """``(scale, bias)``, float32 ``[N]`` each, from the running statistics."""
        scale, bias = self._restore()
        scale, bias = scale.double(), bias.double().expand_as(scale)
        if self.bias is not None:
            bias = bias + self.bias.double()
        if self.norm is not None:
            scale, bias = _fold_norm(self.norm, scale, bias)
        return scale.float(), bias.float()

    def fold(self) -> FloatOutLinear:
        """Signs, scale and bias."""
        scale, bias = self.folded()
        return FloatOutLinear(self.linear.fold_weight(), scale.numpy().copy(), bias.numpy().copy())

    def _restore(self) -> tuple[Tensor, Tensor]:
        """``(a_w * alpha, a_w * W mu)``, ``[N]`` each, before bias and BatchNorm."""
        magnitude = self.linear.centred().abs().mean(dim=1)
        alpha, mean = self.binarize.restored()
        weight = self.linear.product_weight()
        return magnitude * alpha, magnitude * (weight * mean).sum(dim=1)

    def _normalised(self, y: Tensor) -> Tensor:
        if self.bias is not None:
            y = y + self.bias
        return y if self.norm is None else normalise(self.norm, y)


def stream_binarizer(config: TransformerConfig, unit: float) -> Binarizer:
    """The binarizer of the float stream, whose spread is about ``unit``."""
    kind = "none" if config.precision == "full" else config.binarizer
    return make_binarizer(kind, config.width, axis=config.axis, unit=unit, gradient=config.gradient)


def hidden_binarizer(
    channels: int, terms: int, config: TransformerConfig, *, restore: bool = False, positive: bool = False
) -> Binarizer:
    """The binarizer of integer sums of ``terms`` products, whose spread is about ``sqrt(terms)``."""
    if config.precision == "full":
        return make_binarizer("none", channels)
    return make_binarizer(
        config.binarizer,
        channels,
        restore=restore and config.norm == "none",  # BatchNorm would cancel it
        positive=positive,
        axis=config.axis,
        unit=math.sqrt(terms),
        integer=True,
        gradient=config.gradient,
    )


def normalise(norm: nn.BatchNorm1d, x: Tensor) -> Tensor:
    """BatchNorm over all but the last axis of ``[batch, tokens, channels]``."""
    y: Tensor = norm(x.flatten(0, 1))
    return y.view_as(x)


def _fold_norm(norm: nn.BatchNorm1d, scale: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """BatchNorm after ``scale * acc + bias`` as another scale and bias, in float64."""
    assert norm.running_mean is not None and norm.running_var is not None
    gain = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    return scale * gain, (bias - norm.running_mean.double()) * gain + norm.bias.double()
