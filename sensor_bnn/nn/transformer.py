"""The binary transformer, leaf to root.

Evaluation computes with the folded constants, so the exported model is the evaluated one, bit for bit.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.attention import BinaryAttention, Observed
from sensor_bnn.nn.config import TransformerConfig
from sensor_bnn.nn.folded import (
    Floats,
    FoldedAttention,
    FoldedMlp,
    FoldedModel,
    PackedOutLinear,
    ResidualPackedLinear,
    Rprelu,
)
from sensor_bnn.nn.linear import (
    BinaryLinear,
    ResidualLinear,
    RestoredLinear,
    fold_layer_norm,
    hidden_binarizer,
    normalise,
    residual_binarizer,
    stream_binarizer,
)
from sensor_bnn.nn.model import Model


class PatchEmbedding(nn.Module):
    """Embeds windows ``[batch, C, L]`` in sensor units, or images, as the float stream ``[batch, T, d]``.

    The input is normalised per channel by ``mean`` and ``std`` (buffers, from the training set) and cut into
    T tokens of ``C * patch`` values, channel-major. A token of an image is one of its squares, in row-major
    order, and has ``C * patch * patch`` values. The tokens are multiplied in full precision.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.patch = config.patch
        self.values = config.patch_values // config.channels
        self.weight = nn.Parameter(torch.empty(config.width, config.patch_values))
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        self.norm = nn.BatchNorm1d(config.width)
        self.position = nn.Parameter(0.02 * torch.randn(config.tokens, config.width))
        self.register_buffer("mean", torch.zeros(config.channels))
        self.register_buffer("std", torch.ones(config.channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[batch, C, L]`` or ``[batch, C, height, L]`` to ``[batch, T, d]``."""
        if not self.training:
            weight, bias = self.folded()
            return self._tokens(x) @ weight + bias
        channel = (-1, *(1 for _ in x.shape[2:]))
        x = (x - self.mean.view(channel)) / self.std.view(channel)
        return normalise(self.norm, functional.linear(self._tokens(x), self.weight)) + self.position

    def folded(self) -> tuple[Tensor, Tensor]:
        """``(weight [values, d], bias [T, d])``, float32, for raw input.

        They include the input's normalisation, the BatchNorm and the position embedding. The sums are made in
        float64, so that each constant is rounded once.
        """
        assert self.norm.running_mean is not None and self.norm.running_var is not None
        gain = self.norm.weight.double() / (self.norm.running_var.double() + self.norm.eps).sqrt()  # [d]
        std = self.std.double().repeat_interleave(self.values)  # [values]
        mean = self.mean.double().repeat_interleave(self.values)
        weight = self.weight.double() * gain[:, None] / std  # [d, values]
        bias = self.norm.bias.double() - self.norm.running_mean.double() * gain - weight @ mean  # [d]
        return weight.t().float().contiguous(), (bias + self.position.double()).float()

    def _tokens(self, x: Tensor) -> Tensor:
        if x.ndim == 3:
            return x.reshape(*x.shape[:2], -1, self.patch).transpose(1, 2).flatten(2)  # [batch, T, values]
        rows, columns = (size // self.patch for size in x.shape[2:])
        squares = x.reshape(*x.shape[:2], rows, self.patch, columns, self.patch)
        return squares.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)  # [batch, T, values]


class BinaryMlp(nn.Module):
    """Binary MLP with ``mlp_ratio * d`` hidden bits. It takes the float stream and returns its addend."""

    def __init__(self, config: TransformerConfig, unit: float) -> None:
        super().__init__()
        d, f, self.full = config.width, config.width * config.mlp_ratio, config.precision == "full"
        self.width = d
        self.pre_norm = nn.LayerNorm(d) if config.pre_norm == "layer" else None
        self.binarize = stream_binarizer(config, 1.0 if self.pre_norm else unit)
        if config.residual == "layer":
            self.expand: BinaryLinear | ResidualLinear = ResidualLinear(d, f, config, None)
            hidden = residual_binarizer("hidden", f, unit, config)
        else:
            self.expand = BinaryLinear.of(d, f, config)
            hidden = hidden_binarizer("hidden", f, d, config, restore=True, positive=True)
        self.contract = RestoredLinear(hidden, f, d, config)

    def forward(self, x: Tensor) -> Tensor:
        """Map the stream ``[batch, T, d]`` to its addend, in the same shape."""
        bits = self.binarize(x if self.pre_norm is None else self.pre_norm(x))
        if isinstance(self.expand, ResidualLinear):
            hidden = self.expand(bits, self.binarize.restored(), x)
        else:
            hidden = self.expand(bits)  # [batch, T, f], integers if binary
        y: Tensor = self.contract(functional.gelu(hidden) if self.full else hidden)
        return y

    def fold(self) -> FoldedMlp:
        """Return all constants of the layer.

        Raises:
            CheckpointError: a binarizer has no packed form.
        """
        hidden = self.contract.binarize
        if isinstance(self.expand, ResidualLinear):
            expand: PackedOutLinear | ResidualPackedLinear = self.expand.fold(
                self.binarize.restored(), hidden
            )
        else:
            weight = self.expand.fold_weight()
            expand = PackedOutLinear(weight, hidden.fold_integer(len(weight)))
        return FoldedMlp(
            threshold=self.binarize.fold_float(self.width),
            expand=expand,
            contract=self.contract.fold(),
            pre_norm=None if self.pre_norm is None else fold_layer_norm(self.pre_norm),
            norm=self.contract.fold_norm(),
        )


class RPReLU(nn.Module):
    """ReActNet's activation, per channel: ``x - before``, times ``slope`` where negative, plus ``after``."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.before = nn.Parameter(torch.zeros(channels))
        self.slope = nn.Parameter(torch.full((channels,), 0.25))
        self.after = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[..., channels]`` to the same shape."""
        moved = x - self.before
        return torch.where(moved < 0, moved * self.slope, moved) + self.after

    def fold(self) -> Rprelu:
        """Return the constants, float32 ``[channels]`` each."""
        return Rprelu(_numpy(self.before), _numpy(self.slope), _numpy(self.after))


class Block(nn.Module):
    """Attention, then MLP; the output of each is added to the stream.

    Every addition contributes about unit variance, so the standard deviation of the stream grows as the
    square root of their number. The gradient of a sign is as wide as that deviation.
    """

    def __init__(self, config: TransformerConfig, index: int) -> None:
        super().__init__()
        # The embedding and two additions per block came before: 1 + 2 * index terms of unit variance.
        self.attention = BinaryAttention(config, unit=math.sqrt(1 + 2 * index))
        self.mlp = BinaryMlp(config, unit=math.sqrt(2 + 2 * index))
        rprelu = config.activation == "rprelu"
        self.after_attention = RPReLU(config.width) if rprelu else None
        self.after_mlp = RPReLU(config.width) if rprelu else None

    def forward(self, x: Tensor, seen: Observed | None = None) -> Tensor:
        """Map the stream ``[batch, T, d]`` to the same shape; ``seen`` records attention and output."""
        x = x + self.attention(x, seen)
        if self.after_attention is not None:
            x = self.after_attention(x)
        y: Tensor = x + self.mlp(x)
        if self.after_mlp is not None:
            y = self.after_mlp(y)
        if seen is not None:
            seen.features.append(y)
        return y

    def fold(self) -> tuple[FoldedAttention, FoldedMlp]:
        """Return all constants of both layers.

        Raises:
            CheckpointError: a binarizer has no packed form.
        """
        attention, mlp = self.attention.fold(), self.mlp.fold()
        if self.after_attention is not None and self.after_mlp is not None:
            attention = replace(attention, activation=self.after_attention.fold())
            mlp = replace(mlp, activation=self.after_mlp.fold())
        return attention, mlp


class BinaryTransformer(Model):
    """The whole model: patch embedding, blocks of binary attention and MLP, mean over tokens, linear head.

    Args:
        config: the configuration to build; ``config.classes`` names the logits and must not be empty.

    Raises:
        CheckpointError: ``config.classes`` is empty.
    """

    config: TransformerConfig

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        if not config.classes:
            raise CheckpointError("The model configuration names no classes.", "List them in `classes`.")
        self.config = config
        self.embed = PatchEmbedding(config)
        self.blocks = nn.ModuleList(Block(config, index) for index in range(config.layers))
        self.head = nn.Linear(config.width, len(config.classes))

    def forward(self, x: Tensor, seen: Observed | None = None) -> Tensor:
        """Map windows, float32 ``[batch, C, L]`` in sensor units, or images to logits ``[batch, classes]``.

        ``seen``, if given, records features and attention.
        """
        x = self.embed(x)  # [batch, T, d]
        for block in self.blocks:
            x = block(x, seen)
        logits: Tensor = self.head(x.mean(dim=1))
        return logits

    def set_real_weights(self, real: bool) -> None:
        """Switch the binary layers to real weights or back to signs, for progressive binarization.

        Args:
            real: whether the products use real weights (of mean magnitude 1 per row) instead of signs.
        """
        for module in self.modules():
            if isinstance(module, BinaryLinear) and module.binary:
                module.real = real

    def set_normalisation(self, mean: Tensor, std: Tensor) -> None:
        """Set the input's normalisation.

        Args:
            mean: the mean of each channel over the training set, ``[C]``, in sensor units.
            std: the standard deviation of each channel, likewise.
        """
        self.embed.mean.copy_(mean)
        self.embed.std.copy_(std)

    @torch.no_grad()
    def fold(self) -> FoldedModel:
        """Fold every running statistic, BatchNorm and scale into constants.

        Raises:
            CheckpointError: the model is in full precision, or a binarizer has no packed form.
        """
        config = self.config
        if config.precision != "binary":
            raise CheckpointError(
                f"The model {config.name} is in full precision and has no packed form.",
                'Train a recipe with precision = "binary".',
            )
        weight, bias = self.embed.folded()
        return FoldedModel(
            name=config.name,
            channels=config.channels,
            length=config.length,
            patch=config.patch,
            heads=config.heads,
            embed_weight=weight.numpy().copy(),
            embed_bias=bias.numpy().copy(),
            blocks=tuple(block.fold() for block in self.each_block()),
            head_weight=_numpy(self.head.weight.t()),
            head_bias=_numpy(self.head.bias),
            classes=config.classes,
            height=config.height,
            channel_names=config.channel_names,
        )

    def each_block(self) -> list[Block]:
        """Return the blocks, in the order of computation."""
        return [block for block in self.blocks if isinstance(block, Block)]


def _numpy(x: Tensor) -> Floats:
    return x.detach().contiguous().numpy().copy()
