"""The ranges that integers need: measured in training, kept in the checkpoint, used by the export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from sensor_bnn.nn.across import largest_magnitude, total
from sensor_bnn.nn.hybrid_parts import BYTE, Epilogue, Product, each_product, repeated

_LEAST, _POWERS = -16, 48
"""Magnitudes are counted by powers of two: below 2 ** -16, below 2 ** -15, and so on."""

RARE = 100_000
"""One in so many values of the stream may saturate."""


class Ranges(nn.Module):
    """The magnitudes that were seen; all 0 until they are measured.

    A checkpoint of an earlier version holds none; it is read as one of a model that was not measured.

    Attributes:
        input: the largest of each channel of the training windows, without augmentation, in sensor units,
            ``[C]``.
        whole: whether all values of a channel are whole numbers, bool ``[C]``.
        sums: the largest accumulators of each product in 8 bits, in the order of the modules, ``[P]``.
        stream: how many values of the stream, before and after each activation, were below each power of two
            and not below the one before, int64.
        logits: the largest logit; a scalar.
        step: the unit of the stream with which training rounded; 0 if it did not. A scalar.

    Args:
        channels: C, the channels of the input.
        products: P, the number of products in 8 bits.
    """

    input: Tensor
    whole: Tensor
    sums: Tensor
    stream: Tensor
    logits: Tensor
    step: Tensor

    def __init__(self, channels: int, products: int) -> None:
        super().__init__()
        self.register_buffer("input", torch.zeros(channels))
        self.register_buffer("whole", torch.zeros(channels, dtype=torch.bool))
        self.register_buffer("sums", torch.zeros(products))
        self.register_buffer("stream", torch.zeros(_POWERS, dtype=torch.int64))
        self.register_buffer("logits", torch.zeros(()))
        self.register_buffer("step", torch.zeros(()))

    @property
    def measured(self) -> bool:
        """Whether the model ran on training batches since it was trained."""
        return bool(self.stream.any())

    def stream_range(self) -> float:
        """The smallest power of two that at most one in 100,000 values of the stream reaches.

        A few values far away, such as those of a channel that hardly ever changes, may saturate: a finer
        unit for all others is worth more.
        """
        reaching = self.stream.flip(0).cumsum(0).flip(0)  # at least as large as the power before
        few = reaching * RARE <= self.stream.sum()
        return 2.0 ** (int(few.int().argmax()) - 1 + _LEAST) if few.any() else 2.0 ** (_POWERS - 1 + _LEAST)

    def see_stream(self, x: Tensor) -> None:
        """Count the values of ``x``, of all processes."""
        _, exponent = torch.frexp(x.detach().float())
        places = (exponent.flatten().long() - _LEAST).clamp(0, _POWERS - 1)
        self.stream += total(torch.bincount(places, minlength=_POWERS))

    @staticmethod
    def widen(largest: Tensor, x: Tensor) -> None:
        """Widen a range, a scalar, to hold ``x``, of all processes."""
        largest.copy_(torch.maximum(largest, largest_magnitude(x).to(largest)))

    def clear(self) -> None:
        """Forget what was measured. The unit of training stays: it is a choice."""
        for name, buffer in self.named_buffers():
            if name != "step":
                buffer.zero_()

    def set_input(self, largest: Tensor, whole: Tensor) -> None:
        """Set the ranges of the input, ``[C]`` each."""
        self.input.copy_(largest)
        self.whole.copy_(whole)

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *rest: Any) -> None:
        missing = {
            prefix + name: buffer for name, buffer in self.named_buffers() if prefix + name not in state_dict
        }
        self.clear()
        self.step.zero_()
        super()._load_from_state_dict({**state_dict, **missing}, prefix, *rest)


def byte_products(model: nn.Module) -> list[Product]:
    """Return the products in 8 bits, in the order of the modules."""
    return [product for _, product in each_product(model) if product.bits == "8"]


@contextmanager
def measuring(model: nn.Module, ranges: Ranges) -> Iterator[None]:
    """Measure the stream and the logits of each batch that ``model`` computes within the context.

    Args:
        model: a hybrid model in evaluation mode.
        ranges: its ranges, which are widened.
    """

    def see_epilogue(module: nn.Module, inputs: tuple[Tensor, Tensor | None], output: Tensor) -> None:
        assert isinstance(module, Epilogue)
        y, shortcut = inputs
        ranges.see_stream(output if module.activation is None else output - module.activation.after)
        # Before the activation the value is held in 16 bits as well.
        moved = module.norm(y.flatten(0, 2)).view(y.shape)
        moved = moved if shortcut is None else moved + repeated(shortcut, moved.shape[-1])
        ranges.see_stream(moved if module.activation is None else moved - module.activation.before)

    def see_logits(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ranges.widen(ranges.logits, output)

    def see_product(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        assert isinstance(module, Product) and module.byte_range is not None
        weight_step = module.weight.abs().amax(dim=(1, 2, 3)) / BYTE
        acc_step = weight_step * module.byte_range.largest / BYTE
        # A product of weights of 0 has accumulators of 0.
        ranges.widen(ranges.sums[products.index(module)], output / acc_step.clamp(min=1e-12))

    products = byte_products(model)
    hooks = [product.register_forward_hook(see_product) for product in products]
    hooks += [
        module.register_forward_hook(see_epilogue)
        for module in model.modules()
        if isinstance(module, Epilogue)
    ]
    hooks.append(model.register_forward_hook(see_logits))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
