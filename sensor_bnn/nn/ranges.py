"""The ranges that integers need: measured in training, kept in the checkpoint, used by the export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from sensor_bnn.nn.across import largest_magnitude
from sensor_bnn.nn.hybrid_parts import Epilogue, repeated


class Ranges(nn.Module):
    """The largest magnitudes that were seen; all 0 until they are measured.

    A checkpoint of an earlier version holds none; it is read as one of a model that was not measured.

    Attributes:
        input: of each channel of the training windows, without augmentation, in sensor units, ``[C]``.
        whole: whether all values of a channel are whole numbers, bool ``[C]``.
        stream: of the stream, before and after its activation, at any layer; a scalar.
        logits: of the logits; a scalar.

    Args:
        channels: C, the channels of the input.
    """

    input: Tensor
    whole: Tensor
    stream: Tensor
    logits: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("input", torch.zeros(channels))
        self.register_buffer("whole", torch.zeros(channels, dtype=torch.bool))
        self.register_buffer("stream", torch.zeros(()))
        self.register_buffer("logits", torch.zeros(()))

    @property
    def measured(self) -> bool:
        """Whether the model ran on training batches since it was trained."""
        return bool(self.stream > 0)

    def widen(self, name: str, x: Tensor) -> None:
        """Widen the range ``stream`` or ``logits`` to hold ``x``, of all processes."""
        range_ = self.get_buffer(name)
        range_.copy_(torch.maximum(range_, largest_magnitude(x).to(range_)))

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
        ranges.widen("stream", output if module.activation is None else output - module.activation.after)
        # Before the activation the value is held in 16 bits as well.
        moved = module.norm(y.flatten(0, 2)).view(y.shape)
        moved = moved if shortcut is None else moved + repeated(shortcut, moved.shape[-1])
        ranges.widen("stream", moved if module.activation is None else moved - module.activation.before)

    def see_logits(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ranges.widen("logits", output)

    hooks = [
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
