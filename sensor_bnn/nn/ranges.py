"""The ranges that integers need: measured in training, kept in the checkpoint, used by the export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from sensor_bnn.nn.across import largest_magnitude
from sensor_bnn.nn.hybrid_parts import BYTE, Epilogue, Product, each_product, repeated


class Ranges(nn.Module):
    """The largest magnitudes that were seen; all 0 until they are measured.

    A checkpoint of an earlier version holds none; it is read as one of a model that was not measured.

    Attributes:
        input: of each channel of the training windows, without augmentation, in sensor units, ``[C]``.
        whole: whether all values of a channel are whole numbers, bool ``[C]``.
        sums: of the accumulators of each product in 8 bits, in the order of the modules, ``[P]``.
        stream: of the stream, before and after its activation, at any layer; a scalar.
        logits: of the logits; a scalar.

    Args:
        channels: C, the channels of the input.
        products: P, the number of products in 8 bits.
    """

    input: Tensor
    whole: Tensor
    sums: Tensor
    stream: Tensor
    logits: Tensor

    def __init__(self, channels: int, products: int) -> None:
        super().__init__()
        self.register_buffer("input", torch.zeros(channels))
        self.register_buffer("whole", torch.zeros(channels, dtype=torch.bool))
        self.register_buffer("sums", torch.zeros(products))
        self.register_buffer("stream", torch.zeros(()))
        self.register_buffer("logits", torch.zeros(()))

    @property
    def measured(self) -> bool:
        """Whether the model ran on training batches since it was trained."""
        return bool(self.stream > 0)

    @staticmethod
    def widen(largest: Tensor, x: Tensor) -> None:
        """Widen a range, a scalar, to hold ``x``, of all processes."""
        largest.copy_(torch.maximum(largest, largest_magnitude(x).to(largest)))

    def clear(self) -> None:
        """Forget what was measured."""
        for buffer in self.buffers():
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
        ranges.widen(ranges.stream, output if module.activation is None else output - module.activation.after)
        # Before the activation the value is held in 16 bits as well.
        moved = module.norm(y.flatten(0, 2)).view(y.shape)
        moved = moved if shortcut is None else moved + repeated(shortcut, moved.shape[-1])
        ranges.widen(ranges.stream, moved if module.activation is None else moved - module.activation.before)

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
