"""The layers of the hybrid family: stem, binary convolution, MLP and attention, pool and head.

The family takes its parts from binary networks that reach the accuracy of convolutional ones: a shortcut
around every binary layer (Bi-Real Net); a threshold per channel before each sign, and RPReLU after each sum
(ReActNet); an overlapping stem in 8 bits; BatchNorm after each product; small convolutions beside attention
(BinaryViT, BHViT). The share of positive values over the tokens is a feature of MiniROCKET.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sensor_bnn.nn.attention import AttentionMap, Observed
from sensor_bnn.nn.binarize import Binarizer, make_binarizer
from sensor_bnn.nn.fused import MOST_TOKENS, FastSteps
from sensor_bnn.nn.hybrid_config import HybridConfig
from sensor_bnn.nn.hybrid_parts import (
    ByteRange,
    Epilogue,
    Product,
    Threshold,
    binarized,
    by_head,
    pooled,
    repeated,
    rounded,
    thresholded,
)

BY_WINDOW = ("window", "mean")
"""The ways to normalise the input that look at each window by itself."""

USUAL_SHARE = 0.3
"""The usual deviation of a channel that is divided so that its largest magnitude is 0.5 to 1."""

MOST_DEVIATIONS = 5.0
"""The largest magnitude of a window's own mean or logarithm of its deviation, normalised over the set."""


class Stem(nn.Module):
    """Turns windows or images into the stream: normalise, convolve in 8 bits, repeat for thresholds, pool.

    With ``normalise = "window"`` every window gets mean 0 and deviation 1 per channel, with ``"mean"`` mean 0
    alone. Its own mean and the logarithm of its own deviation, normalised over the training set, reach the
    stream through a dense layer.

    Args:
        config: the configuration of the model.
    """

    mean: Tensor
    std: Tensor
    window_mean: Tensor
    window_std: Tensor

    def __init__(self, config: HybridConfig) -> None:
        super().__init__()
        C, self.width = config.channels, config.widths[0]
        self.normalise = config.normalise
        self.by_gain = config.gain == "window"
        channels = self.width // config.thresholds
        self.image = bool(config.height)
        self.pool = (config.stem_pool if self.image else 1, config.stem_pool)
        bits = "float" if config.precision == "full" else "8"
        self.product = Product(
            C, channels, config, bits, kernel=config.stem_kernel, stride=config.stem_stride
        )
        self.dense = nn.Linear(2 * C, channels, bias=False) if config.normalise in BY_WINDOW else None
        self.epilogue = Epilogue(self.width, self.product.weight[0].numel(), config)
        if config.thresholds > 1 and config.activation == "channel":
            assert self.epilogue.activation is not None
            # The copies of a channel begin at different thresholds: a thermometer code of one feature.
            nn.init.normal_(self.epilogue.activation.before, std=0.5)
        self.register_buffer("mean", torch.zeros(C))
        self.register_buffer("std", torch.ones(C))
        self.register_buffer("window_mean", torch.zeros(2 * C))
        self.register_buffer("window_std", torch.ones(2 * C))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[batch, C, L]`` or ``[batch, C, height, L]`` to tokens ``[batch, rows, columns, d]``."""
        normal, found = self.normalised(self.grid(x))
        y = self.product(normal)
        if self.dense is not None:
            assert found is not None
            y = y + self.dense(self.moments(found))[:, None, None, :]
        return pooled(self.epilogue(repeated(y, self.width), None), *self.pool)

    def normalised(self, grid: Tensor) -> tuple[Tensor, Tensor | None]:
        """Normalise ``[batch, rows, columns, C]``; return also the windows' own moments, or None.

        The moments are their means and the logarithms of their deviations, ``[batch, 2 C]``.
        """
        if self.dense is None:
            return (grid - self.mean) / self.std, None
        normal, found = by_window(grid)
        if self.normalise == "mean":
            normal = (grid - found[:, None, None, : grid.shape[-1]]) / self.std
        return normal, found

    def moments(self, found: Tensor) -> Tensor:
        """Normalise the windows' own means and logarithms of deviations, ``[batch, 2 C]``."""
        return ((found - self.window_mean) / self.window_std).clamp(-MOST_DEVIATIONS, MOST_DEVIATIONS)

    def grid(self, x: Tensor) -> Tensor:
        """Map windows or images to ``[batch, rows, columns, C]``; a window has one row.

        With a gain per window its channels are divided by their powers of two, see ``by_power``.
        """
        if self.by_gain:
            x = by_power(x)
        return (x if self.image else x.unsqueeze(2)).permute(0, 2, 3, 1)


def by_power(x: Tensor) -> Tensor:
    """Divide each channel of float32 ``[batch, C, L]`` by the least power of two above its largest magnitude.

    The quotients are exact but for numbers below 2^-126, and below 1. What is below 2^-125 is divided by
    that, as ``sensor_bnn.onnx.quantities.powers`` has it.
    """
    largest = x.detach().abs().amax(dim=-1, keepdim=True)
    exponent = (largest.view(torch.int32) >> 23).clamp(min=1) - 126
    # In float64 there is a factor for each exponent of float32; its bits are the exponent alone.
    factor = ((1023 - exponent.to(torch.int64)) << 52).view(torch.float64)
    return (x.double() * factor).to(x.dtype)


def by_window(grid: Tensor) -> tuple[Tensor, Tensor]:
    """Normalise each window ``[batch, rows, columns, C]`` by its own mean and deviation per channel.

    Returns:
        ``(normalised, found)``: the windows in the same shape, and their means and the logarithms of their
        deviations, ``[batch, 2 C]``.
    """
    std, mean = torch.std_mean(grid, dim=(1, 2), correction=0, keepdim=True)
    std = std + 1e-6
    return (grid - mean) / std, torch.cat([mean.flatten(1), std.log().flatten(1)], dim=1)


class Signed(nn.Module):
    """One layer from stream to stream: threshold, product, restore, epilogue.

    Args:
        inputs, outputs: the numbers of channels; ``outputs`` is a multiple of ``inputs``.
        config: the configuration of the model.
        bits: the bits of the product; with ``8`` or ``float`` there is no threshold.
        kernel, stride, dilation: see ``Product``.
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
    ) -> None:
        super().__init__()
        self.threshold = Threshold(inputs, config) if bits == "1" else None
        self.product = Product(inputs, outputs, config, bits, kernel=kernel, stride=stride, dilation=dilation)
        self.live = config.restore == "live" and bits == "1"
        self.stride = self.product.stride
        self.epilogue = Epilogue(outputs, self.product.weight[0].numel(), config)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[batch, rows, columns, inputs]`` to ``[batch, rows', columns', outputs]``."""
        if self.threshold is None:
            return self.after(x, x)
        (signs,), (x,) = thresholded([self.threshold], x, readers=1)
        return self.after(signs, x)

    def after(self, signs: Tensor, x: Tensor) -> Tensor:
        """Do what follows the threshold: map its signs, and ``x`` itself, to the new stream."""
        y = self.product(signs)
        shortcut = pooled(x, *self.stride)
        if self.live and self.threshold is not None:
            y = y * pooled(self.threshold.spread(x), *self.stride)
        return self.epilogue(y, shortcut)  # type: ignore[no-any-return]


class Separable(nn.Module):
    """A depthwise convolution, then a linear layer, each with an epilogue and neither with a shortcut.

    Args:
        inputs, outputs: the numbers of channels.
        config: the configuration of the model.
        bits: the bits of both products, ``8`` or ``float``.
        stride: the tokens from one output to the next.
    """

    def __init__(self, inputs: int, outputs: int, config: HybridConfig, bits: str, stride: int = 1) -> None:
        super().__init__()
        self.depthwise = Product(
            inputs, inputs, config, bits, kernel=config.kernel, stride=stride, groups=inputs
        )
        self.between = Epilogue(inputs, self.depthwise.weight[0].numel(), config)
        self.pointwise = Product(inputs, outputs, config, bits)
        self.epilogue = Epilogue(outputs, inputs, config)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[batch, rows, columns, inputs]`` to ``[batch, rows', columns', outputs]``."""
        x = self.between(self.depthwise(x), None)
        return self.epilogue(self.pointwise(x), None)  # type: ignore[no-any-return]


class Mlp(nn.Module):
    """Two linear layers, C to ``mlp_ratio`` C to C, each with a shortcut.

    Args:
        width: C.
        config: the configuration of the model.
        bits: the bits of both products.
    """

    def __init__(self, width: int, config: HybridConfig, bits: str) -> None:
        super().__init__()
        hidden = width * config.mlp_ratio
        self.expand = Signed(width, hidden, config, bits)
        self.threshold = Threshold(hidden, config) if bits == "1" else None
        self.contract = Product(hidden, width, config, bits)
        self.epilogue = Epilogue(width, hidden, config)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[batch, rows, columns, C]`` to the same shape."""
        hidden = self.expand(x)
        y = self.contract(hidden if self.threshold is None else self.threshold(hidden))
        return self.epilogue(y, x)  # type: ignore[no-any-return]


class Attention(nn.Module):
    """Binary attention over all tokens: bits of query, key and value, a {0, 1} map, integer sums.

    Query, key and value have a shortcut, as every layer of the family has. The map is that of
    ``AttentionMap``: a token is attended to where its share of the softmax reaches a learned fraction.

    Args:
        width: C, the width of the stream.
        tokens: T, the number of tokens.
        config: the configuration of the model.
        bits: the bits of all products; with ``8`` or ``float`` the map is the softmax.
    """

    def __init__(self, width: int, tokens: int, config: HybridConfig, bits: str) -> None:
        super().__init__()
        self.heads = width // config.head_width
        self.binary = bits == "1"
        self.query, self.key, self.value = (Signed(width, width, config, bits) for _ in range(3))
        self.signs = nn.ModuleList(Threshold(width, config) for _ in range(3)) if self.binary else None
        self.map = AttentionMap(self.heads, config.head_width, tokens, full=not self.binary)
        # A sum of up to T values of +-1 is an integer with a spread of about the root of T.
        self.merged: Binarizer | None = (
            make_binarizer(
                "learned", width, unit=max(tokens, 1) ** 0.5, integer=True, gradient=config.gradient
            )
            if self.binary
            else None
        )
        self.output = Product(width, width, config, bits)
        self.epilogue = Epilogue(width, width, config)
        self.fast: FastSteps | None = None

    def forward(self, x: Tensor, seen: Observed | None = None) -> Tensor:
        """Map ``[batch, rows, columns, C]`` to the same shape."""
        made = (self.query, self.key, self.value)
        thresholds = [part.threshold for part in made if part.threshold is not None]
        signs, (*others, x) = thresholded(thresholds, x, readers=4) if self.binary else ([x] * 3, [x] * 4)
        parts = [part.after(*read) for part, *read in zip(made, signs, others, strict=True)]
        return self.epilogue(self.attended(parts, seen), x)  # type: ignore[no-any-return]

    def attended(self, parts: Sequence[Tensor], seen: Observed | None = None, whole: bool = False) -> Tensor:
        """Return the sums of the output layer.

        Args:
            parts: query, key and value, ``[batch, rows, columns, C]`` each.
            seen: if given, records the attention.
            whole: whether the map is that of operators of integers.
        """
        if self.signs is None:
            q, k, v = (by_head(part, self.heads) for part in parts)  # [batch, H, T, dh]
        else:
            pairs = zip(self.signs, parts, strict=True)
            q, k, v = (sign(part, self.heads) for sign, part in pairs)
        scores = q @ k.transpose(-2, -1)  # [batch, H, T, T]
        if seen is not None:
            seen.attention.append(self.map.log_soft(scores.float()))
        merged = (self._map(scores, v.dtype, whole) @ v).transpose(1, 2).reshape(parts[0].shape)
        return self.output(  # type: ignore[no-any-return]
            merged if self.merged is None else binarized([self.merged], merged, self.fast)[0][0]
        )

    def _map(self, scores: Tensor, dtype: torch.dtype, whole: bool) -> Tensor:
        few = scores.shape[-1] <= MOST_TOKENS
        if self.binary and self.training and few and self.fast and self.fast.fused:
            return self.map.fast(scores, whole)
        return self.map(scores.float(), whole).to(dtype)  # type: ignore[no-any-return]


class Pool(nn.Module):
    """The mean of two neighbouring tokens, of 2 x 2 in an image."""

    def __init__(self, config: HybridConfig) -> None:
        super().__init__()
        self.sides = (2 if config.height else 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[batch, rows, columns, C]`` to half of each side, rounded up."""
        return pooled(x, *self.sides)


class Head(nn.Module):
    """Mean, maximum and share of positive values over the tokens, then a linear layer in 8 bits.

    Args:
        config: the configuration of the model.
    """

    def __init__(self, config: HybridConfig) -> None:
        super().__init__()
        self.pooling, width = config.pooling, config.widths[-1]
        self.positive = (
            make_binarizer("learned", width, gradient=config.gradient)
            if "positive" in config.pooling
            else None
        )
        self.byte_range = None if config.precision == "full" else ByteRange()
        self.linear = nn.Linear(width * len(config.pooling), len(config.classes))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[batch, rows, columns, C]`` to logits ``[batch, classes]``."""
        features = self.features(x)
        weight = self.linear.weight
        if self.byte_range is not None:
            features = self.byte_range(features)
            weight = rounded(weight, weight.detach().abs().amax(dim=1, keepdim=True))
        return nn.functional.linear(features, weight, self.linear.bias)

    def features(self, x: Tensor) -> Tensor:
        """Map ``[batch, rows, columns, C]`` to the features, ``[batch, kinds * C]``."""
        tokens = x.flatten(1, 2)
        found = []
        for name in self.pooling:
            if name == "positive":
                assert self.positive is not None
                found.append(self.positive(tokens).mean(dim=1))
            else:
                found.append(tokens.mean(dim=1) if name == "mean" else tokens.amax(dim=1))
        return torch.cat(found, dim=1)
