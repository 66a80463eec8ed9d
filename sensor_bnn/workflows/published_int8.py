"""What a model of 8 bits would take with CMSIS-NN, from measured instructions per multiply-add.

The rates are those of CMSIS-NN of July 2026 (commit 99f736a6), GCC 12.2 -O3, exact counts in QEMU: the layers
of a network with convolutions in time, of ResNet-8, of MLPerf Tiny's depthwise-separable network, and of a
trained network of 0.15 M multiply-adds on Helium. Additions of shortcuts, pooling and activations are left
out, which is in favour of 8 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sensor_bnn.measure.bench import Layer
from sensor_bnn.nn.hybrid import Head
from sensor_bnn.nn.hybrid_config import HybridConfig
from sensor_bnn.nn.hybrid_model import HybridModel
from sensor_bnn.nn.hybrid_parts import Product

CODE_BYTES = 8_602
"""The code of the smallest of the measured networks, 8.4 KB, without an interpreter and an application."""

_CHANNEL_BYTES = 12
"""Per output channel: a bias, a multiplier and a shift, of 32 bits each."""


@dataclass(frozen=True)
class Rates:
    """Instructions per multiply-add.

    Attributes:
        stem: of the first convolution, which has few input channels.
        time: of a convolution in time.
        image: of a convolution of 3 x 3.
        dense: of a dense layer.
        depthwise, pointwise: of the two layers of a depthwise-separable convolution; None if not measured.
    """

    stem: float
    time: float
    image: float
    dense: float
    depthwise: float | None = None
    pointwise: float | None = None


_RATES = {
    "cortex-m0plus": Rates(11.7, 7.4, 6.3, 8.0, 35.7, 7.6),
    "cortex-m3": Rates(5.5, 3.1, 2.7, 4.3, 9.4, 3.1),
    "cortex-m4": Rates(4.8, 2.1, 1.8, 2.9, 8.3, 2.1),
    "cortex-m33": Rates(4.8, 2.1, 1.8, 2.9, 8.3, 2.1),
    "cortex-m7": Rates(4.8, 2.1, 1.8, 2.9, 8.3, 2.1),
    # Whole networks were measured there: 74,933 for 0.15 M, and 4.81 M for the 12.50 M of ResNet-8.
    "cortex-m55": Rates(0.5, 0.5, 0.385, 0.5),
}


@dataclass(frozen=True)
class Shape:
    """A layer of a separable network.

    Attributes:
        kind: ``stem``, ``depthwise``, ``pointwise`` or ``dense``.
        macs: its multiply-adds.
        weights: the number of its weights.
        outputs: its output channels.
        read, written: the values that it reads and writes, one byte each.
        patch: the values that one output reads, of all channels.
    """

    kind: str
    macs: int
    weights: int
    outputs: int
    read: int
    written: int
    patch: int


@dataclass(frozen=True)
class Estimate:
    """What a separable network would take with CMSIS-NN.

    Attributes:
        instructions: per inference.
        flash_bytes: weights, constants and the least code, without an application.
        ram_bytes: the largest input and output of a layer with its scratch, without a stack.
    """

    instructions: int
    flash_bytes: int
    ram_bytes: int


def published_instructions(layers: Sequence[Layer], target: str, *, images: bool) -> int | None:
    """Return the instructions per inference at the rates of CMSIS-NN.

    Args:
        layers: the measured layers of a model of 8 bits; only their operators and multiply-adds count.
        target: the name of the target.
        images: whether the model's inputs are images.

    Returns:
        The sum over all products; None if no rates are known for the target.
    """
    rates = _RATES.get(target)
    if rates is None:
        return None
    products = [layer for layer in layers if layer.macs]
    whole = 0.0
    for place, layer in enumerate(products):
        if place == 0:
            rate = rates.stem
        elif place == len(products) - 1:
            rate = rates.dense
        else:
            rate = rates.image if images else rates.time
        whole += rate * layer.macs
    return round(whole)


def has_separable(target: str) -> bool:
    """Whether the rates of depthwise-separable convolutions are known for a target."""
    rates = _RATES.get(target)
    return rates is not None and rates.depthwise is not None and rates.pointwise is not None


def separable_shapes(config: HybridConfig) -> list[Shape]:
    """Return the layers of a model whose stages hold ``sep`` alone, in the order of computation.

    The layer of a window's own mean and deviation is left out.
    """
    found: list[Shape] = []

    def note(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(module, Product):
            tokens, weights = output.shape[1] * output.shape[2], module.weight.numel()
            kind = "depthwise" if module.groups > 1 else "pointwise" if found else "stem"
            written, patch = output.numel(), module.groups * module.weight[0].numel()
            channels = len(module.weight)
            found.append(Shape(kind, tokens * weights, weights, channels, inputs[0].numel(), written, patch))
        elif isinstance(module, Head):
            (rows, columns), each = module.linear.weight.shape, module.linear.weight.numel()
            found.append(Shape("dense", each, each, rows, columns, rows, columns))

    with torch.device("meta"):
        model = HybridModel(config).eval()
        for module in model.modules():
            module.register_forward_hook(note)
        model(torch.empty(1, *config.input_shape))
    return found


def estimated(shapes: Sequence[Shape], target: str) -> Estimate:
    """Return what a separable network would take with CMSIS-NN, by the rates of its layers.

    For MLPerf Tiny's network this is 2 to 5 % above the exact count of the whole.

    Args:
        shapes: its layers.
        target: the name of a target for which ``has_separable`` holds.
    """
    rates = _RATES[target]
    each = {"stem": rates.stem, "dense": rates.dense}
    each |= {"depthwise": rates.depthwise or 0.0, "pointwise": rates.pointwise or 0.0}
    # The input of a convolution as two columns of 16 bits; a pointwise layer reads it where it lies.
    return Estimate(
        round(sum(each[shape.kind] * shape.macs for shape in shapes)),
        CODE_BYTES + sum(shape.weights + _CHANNEL_BYTES * shape.outputs for shape in shapes),
        max(shape.read + shape.written for shape in shapes)
        + max(4 * shape.patch for shape in shapes if shape.kind in ("stem", "depthwise")),
    )
