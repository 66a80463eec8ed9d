"""Linear layers whose inputs and weights are +-1."""

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
"""The result of ``Binarizer.restored``: alpha and mean, in the binarizer's unit."""


class BinaryLinear(nn.Module):
    """The +-1 dot product: maps ``[..., K]`` of +-1 to ``[..., N]`` of integers, exact in floats.

    Args:
        inputs: K.
        outputs: N.
        binary: whether the weights are signs; otherwise this is an ordinary linear layer without a bias.
        centre: whether the sign is that of ``W - mean(W)`` per row, instead of W.

    Attributes:
        real: whether the product uses real weights in place of signs. They are scaled to mean magnitude 1 per
            row, so that every later scale and median keeps its size when the signs replace them.
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
        """Make a layer with the precision and the weights of the configuration."""
        binary, centre = config.precision == "binary", config.weights == "centred"
        return cls(inputs, outputs, binary=binary, centre=centre)

    def centred(self) -> Tensor:
        """The latent weights ``[N, K]``, minus the mean of their row if ``centre``."""
        return self.weight - self.weight.mean(dim=1, keepdim=True) if self.centre else self.weight

    def product_weight(self) -> Tensor:
        """The weights that the product uses, ``[N, K]``; +-1 if binary and not ``real``."""
        if self.binary and self.real:
            centred = self.centred()
            return centred / centred.abs().mean(dim=1, keepdim=True)
        return clipped_sign(self.centred()) if self.binary else self.weight

    def forward(self, x: Tensor) -> Tensor:
        """Return the product without scale and bias, ``[..., K]`` to ``[..., N]``."""
        return functional.linear(x, self.product_weight())

    def fold_weight(self) -> Bits:
        """Return the signs of the weights, ``[N, K]``, True for +1."""
        return (self.centred().detach() >= 0).numpy().copy()


class PackedLinear(nn.Module):
    """Binary linear layer with a binarizer after it: +-1 in, +-1 out, integers between."""

    def __init__(self, inputs: int, outputs: int, config: TransformerConfig, place: str) -> None:
        super().__init__()
        self.linear = BinaryLinear.of(inputs, outputs, config)
        self.binarize = hidden_binarizer(place, outputs, inputs, config)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[..., K]`` of +-1 to ``[..., N]`` of +-1."""
        bits: Tensor = self.binarize(self.linear(x))
        return bits

    def fold(self) -> PackedOutLinear:
        """Return the signs and the integer thresholds.

        Raises:
            CheckpointError: the binarizer has no packed form.
        """
        weight = self.linear.fold_weight()
        return PackedOutLinear(weight, self.binarize.fold_integer(len(weight)))


class ScaledLinear(nn.Module):
    """Binary linear layer with mean restore, weight scale and norm: +-1 in, floats out.

    ``y = norm(a_w * (alpha * acc + W mu) + bias)`` with ``a_w = mean|W - mean(W)|`` per row. In evaluation
    all of it except a LayerNorm is ``scale * acc + bias``, rounded once after the product and once after the
    sum, as on the device.
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
        """Map ``[..., K]`` of +-1 to floats ``[..., N]``.

        Args:
            bits: the inputs, +-1.
            restored: the values that +-1 represents: ``alpha * bits + mean``.
        """
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
        """Return ``(scale, bias)``, float32 ``[N]`` each, from the running statistics."""
        scale, bias = self._restore(restored)
        scale, bias = scale.double(), bias.double().expand_as(scale)
        if self.bias is not None:
            bias = bias + self.bias.double()
        if isinstance(self.norm, nn.BatchNorm1d):
            scale, bias = _fold_norm(self.norm, scale, bias)
        return scale.float(), bias.float()

    def fold_scaled(self, restored: Restored) -> FloatOutLinear:
        """Return the signs, the scales and the biases."""
        scale, bias = self.folded(restored)
        return FloatOutLinear(self.linear.fold_weight(), _numpy(scale), _numpy(bias))

    def fold_norm(self) -> LayerNorm | None:
        """Return the constants of the LayerNorm after the layer, or None if there is none."""
        return fold_layer_norm(self.norm) if isinstance(self.norm, nn.LayerNorm) else None

    def _restore(self, restored: Restored) -> tuple[Tensor, Tensor]:
        """Return ``(a_w * alpha, a_w * W mu)``, ``[N]`` each, without bias and BatchNorm."""
        magnitude = self.linear.centred().abs().mean(dim=1)
        alpha, mean = restored
        weight = self.linear.product_weight()
        return magnitude * alpha, magnitude * (weight * mean).sum(dim=1)

    def _normalised(self, y: Tensor) -> Tensor:
        if isinstance(self.norm, nn.BatchNorm1d):
            return normalise(self.norm, y)
        return y if self.norm is None else self.norm(y)


class RestoredLinear(ScaledLinear):
    """A ``ScaledLinear`` with its own binarizer in front: values in, floats out."""

    def __init__(self, binarize: Binarizer, inputs: int, outputs: int, config: TransformerConfig) -> None:
        super().__init__(inputs, outputs, config)
        self.binarize = binarize

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[..., K]`` to floats ``[..., N]``."""
        bits = self.binarize(x)  # comes first: in training it updates the statistics that are restored
        return self.product(bits, self.binarize.restored())

    def fold(self) -> FloatOutLinear:
        """Return the signs, the scales and the biases."""
        return self.fold_scaled(self.binarize.restored())


class ResidualLinear(ScaledLinear):
    """A ``ScaledLinear`` whose output is added to the stream, then binarized: +-1 and stream in, +-1 out.

    The sums are floats, so the binarizer's thresholds are floats too. If the layer is wider than the stream,
    the stream is repeated.
    """

    def __init__(
        self, inputs: int, outputs: int, config: TransformerConfig, binarize: Binarizer | None
    ) -> None:
        super().__init__(inputs, outputs, config)
        self.binarize = binarize

    def forward(self, bits: Tensor, restored: Restored, stream: Tensor) -> Tensor:
        """Compute ``[..., N]`` of +-1; without a binarizer the float sums, which the next layer binarizes.

        Args:
            bits: the inputs, +-1, ``[..., K]``.
            restored: the values that +-1 represents: ``alpha * bits + mean``.
            stream: the float stream, ``[..., d]``; N is a multiple of d.
        """
        y = self.product(bits, restored)
        y = y + stream.repeat(1, 1, y.shape[-1] // stream.shape[-1])
        return y if self.binarize is None else self.binarize(y)

    def fold(self, restored: Restored, binarize: Binarizer) -> ResidualPackedLinear:
        """Return the signs, scales and biases, and the float thresholds of ``binarize``.

        Raises:
            CheckpointError: a LayerNorm precedes the sum, or the binarizer has no packed form.
        """
        if isinstance(self.norm, nn.LayerNorm):
            raise CheckpointError(
                'residual = "layer" together with norm = "layer" has no packed form here.',
                'Train with norm = "batch" or "none", or with pre_norm = "layer".',
            )
        linear = self.fold_scaled(restored)
        return ResidualPackedLinear(linear, binarize.fold_float(len(linear.scale)))


def stream_binarizer(config: TransformerConfig, unit: float) -> Binarizer:
    """Make the binarizer of the float stream, whose standard deviation is about ``unit``."""
    return make_binarizer(
        config.binarizer_at("stream"),
        config.width,
        restore=config.residual == "layer",  # otherwise a binarizer follows, which cancels it
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
    """Make the binarizer of integer sums of ``terms`` products +-1; their deviation is ``sqrt(terms)``."""
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
    """Make the binarizer of the sum of stream and layer output; the stream's deviation is ``unit``."""
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
    """Apply BatchNorm over all axes except the last of ``[batch, tokens, channels]``."""
    return batch_norm(norm, x.flatten(0, 1)).view_as(x)


def fold_layer_norm(norm: nn.LayerNorm) -> LayerNorm:
    """Return the constants of a LayerNorm."""
    return LayerNorm(_numpy(norm.weight), _numpy(norm.bias), norm.eps)


def _fold_norm(norm: nn.BatchNorm1d, scale: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Fold the BatchNorm after ``scale * acc + bias`` into a new scale and bias, in float64."""
    assert norm.running_mean is not None and norm.running_var is not None
    gain = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    return scale * gain, (bias - norm.running_mean.double()) * gain + norm.bias.double()


def _numpy(x: Tensor) -> Floats:
    return x.detach().to(torch.float32).numpy().copy()
