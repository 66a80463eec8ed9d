"""The hybrid family's model: binary convolution and binary attention in stages, one or two dimensions."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn import rounding
from sensor_bnn.nn.attention import Observed
from sensor_bnn.nn.fold_hybrid import fold
from sensor_bnn.nn.folded_hybrid import FoldedHybrid
from sensor_bnn.nn.fused import FastSteps
from sensor_bnn.nn.hybrid import USUAL_SHARE, Attention, Head, Mlp, Pool, Separable, Signed, Stem
from sensor_bnn.nn.hybrid_config import HybridConfig, Layer
from sensor_bnn.nn.hybrid_parts import Epilogue, Product, Threshold, each_product
from sensor_bnn.nn.integers import Unit
from sensor_bnn.nn.model import Model
from sensor_bnn.nn.ranges import Ranges, byte_products


class HybridModel(Model):
    """The whole model: stem, stages, head.

    Args:
        config: the configuration to build; ``config.classes`` names the logits and must not be empty.

    Raises:
        CheckpointError: ``config.classes`` is empty.
    """

    config: HybridConfig

    def __init__(self, config: HybridConfig) -> None:
        super().__init__()
        if not config.classes:
            raise CheckpointError("The model configuration names no classes.", "List them in `classes`.")
        self.config = config
        self.stem = Stem(config)
        self.layers = nn.ModuleList(_layers(config))
        self.head = Head(config)
        self.ranges = Ranges(config.channels, len(byte_products(self)))
        self.unit: Unit | None = None
        self.register_load_state_dict_post_hook(_round_if_trained_so)  # type: ignore[no-untyped-call]

    def forward(self, x: Tensor, seen: Observed | None = None) -> Tensor:
        """Map windows float32 ``[batch, C, L]`` in sensor units, or images, to logits ``[batch, classes]``.

        Since training has rounded, they are the logits of the exported integers.
        ``seen``, if given, records the stream after each layer, ``[batch, tokens, width]``, and attention.
        """
        if self.unit is not None:
            return self.rounded(x, self.unit, seen)
        x = self.stem(x)
        for layer in self.layers:
            x = layer(x, seen) if isinstance(layer, Attention) else layer(x)
            if seen is not None and not isinstance(layer, Pool):
                seen.features.append(x.flatten(1, 2))
        logits: Tensor = self.head(x)
        return logits

    def rounded(self, x: Tensor, unit: Unit, seen: Observed | None = None) -> Tensor:
        """Map as ``forward`` does, with a stream of integers in steps of ``unit``."""
        return rounding.forward(self.stem, self.layers, self.head, self.ranges, unit, x, seen)

    def set_real_weights(self, real: bool) -> None:
        """Switch real weights in binary layers on or off, for training that binarizes activations first."""
        for _, product in each_product(self):
            product.real = real and product.bits == "1"

    def set_fast(self, steps: FastSteps | None) -> None:
        """Choose how the training steps are computed, with the means ``steps`` or, if None, plainly."""
        for module in self.modules():
            if isinstance(module, Threshold | Product | Epilogue | Attention):
                module.fast = steps

    def set_rounding(self, on: bool) -> None:
        """Choose whether logits are those of the integers, in the unit that ``round_from_here`` settled.

        Without such a unit they stay those of the float form.
        """
        step = float(self.ranges.step)
        self.unit = Unit(step, self._sums()) if on and step else None

    def round_from_here(self) -> None:
        """Settle the unit of the stream with which training rounds, and round from now on.

        Raises:
            CheckpointError: the model has no integers, or its ranges were not measured.
        """
        self.ranges.step.zero_()
        # The integers are made on the CPU; the model may be on another device.
        step = copy.deepcopy(self).to("cpu").fold().stream_step
        self.ranges.step.fill_(step)
        self.set_rounding(True)

    def set_normalisation(self, mean: Tensor, std: Tensor) -> None:
        """Set the normalisation from the training set's ``mean`` and ``std``, ``[C]``, in sensor units.

        If windows are normalised by themselves, it is their own mean and deviation that these normalise. A
        model that takes its input as it is needs neither.
        """
        if self.stem.normalise == "channel":
            self.stem.mean.copy_(mean)
        if self.stem.normalise in ("channel", "mean"):
            self.stem.std.copy_(std)
        if self.stem.dense is None:
            return
        if self.stem.by_gain:  # All windows have about one size, whatever the set's is.
            mean, std = torch.zeros_like(mean), torch.full_like(std, USUAL_SHARE)
        # A window's mean lies within the set's spread, and its deviation is about the set's.
        self.stem.window_mean.copy_(torch.cat([mean, std.log()]))
        self.stem.window_std.copy_(torch.cat([std, torch.ones_like(std)]))

    def fold(self) -> FoldedHybrid:
        """Return every constant of the exported model, integers only.

        Raises:
            CheckpointError: a part of the model has no integers, or its ranges were not measured.
        """
        return fold(self.config, self.stem, self.layers, self.head, self.ranges, self._sums())

    def _sums(self) -> dict[Product, float]:
        """The largest accumulator of each product in 8 bits in training."""
        return dict(zip(byte_products(self), self.ranges.sums.tolist(), strict=True))


def _round_if_trained_so(model: nn.Module, missing: object) -> None:
    """Round, after a state was loaded, if training did."""
    assert isinstance(model, HybridModel)
    model.set_rounding(True)


def _layers(config: HybridConfig) -> list[nn.Module]:
    found: list[nn.Module] = []
    for stage, (line, grids) in enumerate(zip(config.plan, config.grids, strict=True)):
        width = config.widths[stage]
        if stage:
            before = config.widths[stage - 1]
            if line and line[0].kind == "sep":
                found.append(Separable(before, width, config, line[0].bits or config.bits, stride=2))
            else:
                found.append(Signed(before, width, config, config.bits, kernel=config.kernel, stride=2))
        for layer, (rows, columns) in zip(line, grids[:-1], strict=True):
            found.append(_layer(layer, width, rows * columns, config))
    return found


def _layer(layer: Layer, width: int, tokens: int, config: HybridConfig) -> nn.Module:
    bits = layer.bits or config.bits
    if layer.kind == "pool":
        return Pool(config)
    if layer.kind == "conv":
        return Signed(width, width, config, bits, kernel=config.kernel, dilation=layer.dilation)
    if layer.kind == "sep":
        return Separable(width, width, config, bits)
    if layer.kind == "mlp":
        return Mlp(width, config, bits)
    return Attention(width, tokens, config, bits)
