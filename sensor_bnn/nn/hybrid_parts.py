"""The parts of a hybrid layer: thresholds, products in 1 bit, 8 bits or floats, and what follows them.

Tokens are a grid, channels last: ``[batch, rows, columns, channels]``. A window has one row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from sensor_bnn.nn import fused
from sensor_bnn.nn.across import batch_norm, largest_magnitude, together
from sensor_bnn.nn.binarize import Binarizer, clipped_sign, make_binarizer, straight_through
from sensor_bnn.nn.hybrid_config import HybridConfig

BYTE = 127
"""The largest symmetric 8-bit number. -128 is not used, so that negation is exact."""

_MOMENTUM = 0.1
_START_STEPS = 200
"""The number of steps in which a threshold of kind ``start`` follows the median before it is learned."""


class Threshold(nn.Module):
    """Binarizes values to +-1 with a threshold per channel; a value at the threshold becomes +1.

    ``learned`` is RSign (ReActNet), ``median`` the paper's median shift with a running median per channel,
    ``start`` a learned threshold that starts at that median, and ``zero`` the plain sign.

    Args:
        channels: the size of the last axis.
        config: the configuration, which gives the kind and the gradient.
    """

    step: Tensor

    def __init__(self, channels: int, config: HybridConfig) -> None:
        super().__init__()
        kind = {"learned": "learned", "median": "shift", "start": "learned", "zero": "sign"}[config.threshold]
        self.binarize: Binarizer = make_binarizer(kind, channels, gradient=config.gradient)
        self.median = (
            make_binarizer("shift", channels, gradient=config.gradient)
            if config.threshold == "start"
            else None
        )
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))
        self.fast: fused.FastSteps | None = None

    def forward(self, x: Tensor, heads: int = 0) -> Tensor:
        """Map ``[..., channels]`` to +-1 in the same shape, or with ``heads`` as ``thresholded`` does."""
        return thresholded([self], x, heads=heads)[0][0]

    def follow(self, x: Tensor) -> None:
        """Let a threshold of kind ``start`` follow the median of ``x`` in the first steps of training."""
        if self.median is not None and self.training and int(self.step) < _START_STEPS:
            self.median(x.detach())  # for its statistics; its signs are not used
            self.binarize.get_parameter("bias").data.copy_(self.median.threshold())
            self.step += 1

    def spread(self, x: Tensor) -> Tensor:
        """Return the mean distance of each token's values from their thresholds, ``[..., 1]``."""
        return (x - self.binarize.threshold()).abs().mean(dim=-1, keepdim=True)


def thresholded(
    thresholds: Sequence[Threshold], x: Tensor, readers: int = 0, heads: int = 0
) -> tuple[list[Tensor], list[Tensor]]:
    """Return the signs of ``x`` by each threshold, and ``x`` for each of its other ``readers``.

    A fast step adds the gradients of all of them in one pass, so they should take ``x`` from here. With
    ``heads`` the signs are ``[batch, heads, tokens, channels]``, else they have the shape of ``x``.
    """
    for threshold in thresholds:
        threshold.follow(x)
    return binarized([threshold.binarize for threshold in thresholds], x, thresholds[0].fast, readers, heads)


def binarized(
    binarizers: Sequence[Binarizer],
    x: Tensor,
    fast: fused.FastSteps | None,
    readers: int = 0,
    heads: int = 0,
) -> tuple[list[Tensor], list[Tensor]]:
    """Do as ``thresholded`` for binarizers of one kind; in a fast step signs have the products' type."""
    first = binarizers[0]
    width = first.width()
    if fast is None or not first.training or isinstance(width, Tensor):
        signs = [binarizer(x) for binarizer in binarizers]
    elif fast.fused:
        found = [binarizer.training_threshold(x) for binarizer in binarizers]
        return fused.signs(x, found, width, first.gradient, fast, readers, heads)
    else:
        signs = [binarizer(x).to(fast.gradients) for binarizer in binarizers]
    return [by_head(part, heads) if heads else part for part in signs], [x] * readers


def by_head(x: Tensor, heads: int) -> Tensor:
    """Turn ``[batch, rows, columns, C]`` into ``[batch, heads, tokens, C / heads]``."""
    batch, rows, columns, _ = x.shape
    return x.reshape(batch, rows * columns, heads, -1).transpose(1, 2)


class ByteRange(nn.Module):
    """Rounds values to 8 bits with one running scale; the gradient passes straight through.

    The scale follows the largest magnitude of a batch. In evaluation it is a constant, as on a device.
    """

    largest: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.momentum = _MOMENTUM
        self.register_buffer("largest", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Map a tensor to the same shape."""
        self.follow(x)
        return rounded(x, self.largest)

    @torch.no_grad()
    def follow(self, x: Tensor) -> None:
        """Let the scale follow a batch, in training."""
        if self.training:
            found = largest_magnitude(x).to(self.largest)
            self.largest.copy_(torch.where(self.largest > 0, self.largest.lerp(found, self.momentum), found))


def rounded(x: Tensor, largest: Tensor) -> Tensor:
    """Round ``x`` to symmetric 8-bit steps of ``largest / 127``; the gradient passes straight through."""
    step = (largest / BYTE).clamp(min=1e-12)
    return straight_through((x / step).round().clamp(-BYTE, BYTE) * step, x)


class Product(nn.Module):
    """A convolution, or with kernel 1 a linear layer, in 1 bit, 8 bits or floats; no norm and no bias.

    Args:
        inputs, outputs: the numbers of channels.
        config: the configuration, which gives the padding and the kernel's shape: a row for windows, a square
            for images.
        bits: ``1``, ``8`` or ``float``.
        kernel: the taps along each side.
        stride: the tokens from one output to the next.
        dilation: the tokens from one tap to the next.
        groups: the channels are divided into so many groups, each with outputs of its own; ``inputs`` of them
            are a depthwise convolution.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        config: HybridConfig,
        bits: str,
        *,
        kernel: int = 1,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.bits = bits
        self.groups = groups
        self.kernel = (kernel if config.height else 1, kernel)
        self.stride = (stride if config.height else 1, stride)
        self.dilation = (dilation if config.height else 1, dilation)
        self.real = False
        self.border = -1.0 if config.padding == "minus" and bits == "1" else 0.0
        taps = self.kernel[0] * self.kernel[1]
        read = inputs // groups
        self.weight = nn.Parameter(torch.randn(outputs, read, *self.kernel) / math.sqrt(read * taps))
        self.byte_range = ByteRange() if bits == "8" else None
        self.fast: fused.FastSteps | None = None

    def product_weight(self) -> Tensor:
        """Return the weights, ``[N, C / groups, rows, columns]``: +-1, 8-bit steps, or floats."""
        if self.bits == "8":
            largest = self.weight.detach().abs().amax(dim=(1, 2, 3), keepdim=True)
            return rounded(self.weight, largest)
        if self.bits == "float":
            return self.weight
        if self.real:  # With a mean magnitude of 1, the sums keep their size when weights become signs.
            magnitude = self.weight.detach().abs().mean(dim=(1, 2, 3), keepdim=True)
            return self.weight / magnitude
        return clipped_sign(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[batch, rows, columns, C]`` to ``[batch, rows', columns', N]``."""
        if self.byte_range is not None:
            x = self.byte_range(x)
        return self.sums(x, self.product_weight())

    def sums(self, x: Tensor, weight: Tensor) -> Tensor:
        """Map the bits, bytes or floats of ``forward``, and weights as ``product_weight``'s, to the sums."""
        rows, columns = x.shape[1:3]
        sideways, upright = (
            same_padding(size, self.kernel[axis], self.stride[axis], self.dilation[axis])
            for size, axis in ((columns, 1), (rows, 0))
        )
        pads = (*sideways, *upright)
        if self.fast and self.training and self.groups == 1:
            shape = fused.Geometry(self.stride, self.dilation, pads, self.border)
            bits = self.bits == "1"
            return fused.product(x, weight, shape, bits=bits, signed=bits and not self.real, steps=self.fast)
        if self.kernel == self.stride == (1, 1) and self.groups == 1:
            return functional.linear(x, weight.flatten(1))
        grid = x.permute(0, 3, 1, 2)  # a view: in memory channels stay last
        grid = functional.pad(grid, pads, value=self.border)
        y = functional.conv2d(grid, weight, stride=self.stride, dilation=self.dilation, groups=self.groups)
        return y.permute(0, 2, 3, 1)


def same_padding(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Return the padding ``(before, after)`` with which a convolution has ``ceil(size / stride)`` outputs."""
    outputs = -(-size // stride)
    missing = max((outputs - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return missing // 2, missing - missing // 2


class Rprelu(nn.Module):
    """ReActNet's activation: ``y = x - before``, times ``slope`` where it is negative, plus ``after``.

    Args:
        channels: the number of parameter sets; 1 for one that all channels share, 0 for a plain ReLU, which
            is not learned.
    """

    before: Tensor
    slope: Tensor
    after: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        start = {"before": 0.0, "slope": 0.25 if channels else 0.0, "after": 0.0}
        for name, value in start.items():
            if channels:
                self.register_parameter(name, nn.Parameter(torch.full((channels,), value)))
            else:
                self.register_buffer(name, torch.full((1,), value), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[..., channels]`` to the same shape."""
        moved = x - self.before
        return torch.where(moved < 0, moved * self.slope, moved) + self.after


class Scale(nn.Module):
    """A learned scale and bias per channel, in place of BatchNorm.

    Args:
        channels: N, the number of channels.
        terms: the number of terms in one sum of the product before it; the sum's spread is about its root.
    """

    def __init__(self, channels: int, terms: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), 1 / math.sqrt(terms)))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[..., channels]`` to the same shape."""
        return x * self.weight + self.bias


class Epilogue(nn.Module):
    """What follows a product: norm, shortcut, RPReLU.

    Args:
        channels: N, the number of output channels.
        terms: the number of terms in one sum of the product.
        config: the configuration, which gives norm and activation.
    """

    def __init__(self, channels: int, terms: int, config: HybridConfig) -> None:
        super().__init__()
        self.norm: nn.BatchNorm1d | Scale = (
            nn.BatchNorm1d(channels, momentum=_MOMENTUM) if config.norm == "batch" else Scale(channels, terms)
        )
        sets = {"channel": channels, "layer": 1, "relu": 0, "none": None}[config.activation]
        self.activation = None if sets is None else Rprelu(sets)
        self.fast: fused.FastSteps | None = None

    def forward(self, y: Tensor, shortcut: Tensor | None) -> Tensor:
        """Map a product ``[batch, rows, columns, N]`` and the stream to the new stream.

        A narrower stream is repeated up to N channels.
        """
        fast = self.fast is not None and self.fast.fused and self.training and not together()
        if fast and isinstance(self.norm, nn.BatchNorm1d):
            a = self.activation
            rprelu = None if a is None else (a.before, a.slope, a.after)
            return fused.epilogue(y, shortcut, self.norm, rprelu)
        if isinstance(self.norm, nn.BatchNorm1d):
            y = batch_norm(self.norm, y.flatten(0, 2)).view(y.shape)
        else:
            y = self.norm(y)
        if shortcut is not None:
            y = y + repeated(shortcut, y.shape[-1])
        return y if self.activation is None else self.activation(y)


def repeated(x: Tensor, channels: int) -> Tensor:
    """Repeat the channels of ``[..., C]`` up to ``[..., channels]``, a multiple of C."""
    return x if x.shape[-1] == channels else torch.cat([x] * (channels // x.shape[-1]), dim=-1)


def pooled(x: Tensor, rows: int, columns: int) -> Tensor:
    """Return the means of groups of ``rows x columns`` tokens; the last group of a side may be smaller."""
    if rows == columns == 1:
        return x
    y = functional.avg_pool2d(x.permute(0, 3, 1, 2), (rows, columns), ceil_mode=True, count_include_pad=False)
    return y.permute(0, 2, 3, 1)


def each_product(model: nn.Module) -> list[tuple[str, Product]]:
    """Return every product of a model with its name."""
    return [(name, module) for name, module in model.named_modules() if isinstance(module, Product)]
