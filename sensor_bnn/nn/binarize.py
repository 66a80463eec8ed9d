"""Signs with gradients, and the binarizer of activations: median shift and mean restore.

What the paper says ("Binary Transformer Based on the Alignment and Correction of Distribution", Sensors
2024, 24(24), 8190; its abstract): a *median shift and mean restore* in binarization, so that the binary
features keep the distribution of the full-precision transformer's. Its method section was not at hand;
everything below the two names is our reading:

- Shift: ``B = sign(x - median(x))``, a median a channel over batch and tokens, so that about half of the bits
  of every channel are set. In training the batch's median, in evaluation a running one, as BatchNorm keeps
  its mean: on the device it is a constant threshold and costs nothing.
- Restore: the product sees ``alpha * B + mu`` with ``alpha = mean|x - median|`` over the tensor and
  ``mu = mean(x)`` a channel, running too. ``W (alpha B + mu) = alpha (W B) + W mu``, and W mu is a constant.

What that constant is worth, honestly: with running statistics the restored mean folds into one constant an
output. Where a median shift follows (query, key, value, MLP expansion), that shift cancels it, and alpha,
exactly; where BatchNorm follows (``norm = "batch"``), BatchNorm cancels both, but for its epsilon. There the
restore is not even computed. It acts only in the float outputs of ``norm = "none"``: alpha as their scale,
the mean as a constant beside a learned bias that could have learned it, so what it brings there is a start
and a path of training, not a function that the bias alone could not express.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sensor_bnn.nn.folded import Floats, Integers


def sign(x: Tensor) -> Tensor:
    """+1 where ``x >= 0``, else -1: zero is +1 because it must be a bit (``torch.sign(0)`` is not)."""
    return (x >= 0).to(x.dtype).mul_(2).sub_(1)


def lower_median(rows: Tensor) -> Tensor:
    """``[n, m]`` to ``[n]``: the lower median of each row, eight times as fast as ``torch.median`` here."""
    middle = (rows.shape[1] - 1) // 2
    return torch.from_numpy(np.partition(rows.numpy(), middle, axis=1)[:, middle].copy())


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hard: Tensor, soft: Tensor) -> Tensor:
        return hard.view_as(hard)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor]:
        return None, gradients[0]


class _ClippedSign(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return sign(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        passed: Tensor = gradients[0] * (x.abs() <= 1)
        return passed


class _PolynomialSign(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return sign(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        passed: Tensor = gradients[0] * x.abs().mul_(-2).add_(2).clamp_(min=0)
        return passed


def straight_through(hard: Tensor, soft: Tensor) -> Tensor:
    """The values of ``hard`` with the gradient of ``soft`` (same shape)."""
    return _StraightThrough.apply(hard, soft)  # type: ignore[no-any-return,no-untyped-call]


def clipped_sign(x: Tensor) -> Tensor:
    """Sign for weights: the gradient passes where ``|x| <= 1``."""
    return _ClippedSign.apply(x)  # type: ignore[no-any-return,no-untyped-call]


def polynomial_sign(x: Tensor) -> Tensor:
    """Sign for activations with Bi-Real's gradient: ``2 - 2|x|`` inside (-1, 1), else zero."""
    return _PolynomialSign.apply(x)  # type: ignore[no-any-return,no-untyped-call]


class Binarizer(nn.Module):
    """Activations to +-1: ``x >= threshold`` a channel.

    Args:
        channels: size of the last axis.
        kind: ``median`` or ``shift`` (running median as threshold), ``sign`` (threshold 0) or ``none`` (full
            precision: values pass, divided by ``unit``).
        unit: the expected spread of ``x``; only gradients see it: they pass where ``|x - threshold| < unit``.
        integer: ``x`` holds integers, so the threshold is rounded up to one.
        restore: keep the statistics of the mean restore; only ``median`` does.
        momentum: weight of the newest batch in the running statistics.
    """

    running_median: Tensor
    running_mean: Tensor
    running_alpha: Tensor

    def __init__(
        self,
        channels: int,
        kind: str,
        *,
        unit: float = 1.0,
        integer: bool = False,
        restore: bool = False,
        momentum: float = 0.1,
    ) -> None:
        super().__init__()
        self.kind = kind
        self.unit = unit
        self.integer = integer
        self.restore = restore and kind == "median"
        self.momentum = momentum
        self.shifted = kind in ("median", "shift")
        if self.shifted:
            self.register_buffer("running_median", torch.zeros(channels))
        if self.restore:
            self.register_buffer("running_mean", torch.zeros(channels))
            self.register_buffer("running_alpha", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        """``[..., channels]`` to +-1 of the same shape."""
        if self.kind == "none":
            return x / self.unit
        if self.training:
            return polynomial_sign((x - self._batch_shift(x.detach())) / self.unit)
        return (x >= self.threshold()).to(x.dtype).mul_(2).sub_(1)

    def threshold(self) -> Tensor:
        """``[channels]`` (or a scalar 0): what evaluation compares with; whole numbers for integers."""
        if not self.shifted:
            return torch.zeros(())
        return self.running_median.ceil() if self.integer else self.running_median

    def restored(self) -> tuple[Tensor, Tensor | float]:
        """``(alpha, mu)`` in units: the input was about ``unit * (alpha * B + mu)``."""
        if not self.restore:
            return torch.ones(()), 0.0
        return self.running_alpha / self.unit, self.running_mean / self.unit

    def fold_float(self, channels: int) -> Floats:
        """``[channels]`` thresholds of a float input."""
        return self.threshold().expand(channels).to(torch.float32).numpy().copy()

    def fold_integer(self, channels: int) -> Integers:
        """``[channels]`` thresholds of an integer input."""
        return self.threshold().expand(channels).to(torch.int32).numpy().copy()

    def _batch_shift(self, x: Tensor) -> Tensor:
        """The batch's median a channel, on the way into the running statistics."""
        if not self.shifted:
            return torch.zeros(())
        columns = x.flatten(0, -2).t().contiguous()  # [channels, batch * tokens]
        median = lower_median(columns)
        self.running_median.lerp_(median, self.momentum)
        if self.restore:
            self.running_mean.lerp_(columns.mean(dim=1), self.momentum)
            self.running_alpha.lerp_((columns - median[:, None]).abs().mean(), self.momentum)
        return median
