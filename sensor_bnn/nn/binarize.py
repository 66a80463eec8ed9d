"""Signs with gradients, and binarizers of activations: median shift, mean restore, and published others.

What the paper says ("Binary Transformer Based on the Alignment and Correction of Distribution", Sensors
2024, 24(24), 8190; its abstract): a *median shift and mean restore* in binarization, so that the binary
features keep the distribution of the full-precision transformer's. Its method section was not at hand;
everything below the two names is our reading:

- Shift: ``B = sign(x - median(x))``, one median of the whole tensor (``axis = "tensor"``), so that about half
  of all its bits are set. With a median a channel half of the bits of *every* channel are set, which undoes
  the biases that the layers before have learned; it was our first reading, and lost (docs/results.md).
  The median is a running one, in training as in evaluation: on the device it is a constant threshold and
  costs nothing, and a model is evaluated with the thresholds that it has learned with. (With the batch's own
  median in training, as BatchNorm takes the batch's mean, integers on both sides of a threshold move together
  when the running one is put in its place.)
  Of a large batch the median is that of some 1500 rows, evenly spaced over images and tokens, and so are the
  other statistics; the paper is silent on it.
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

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.folded import Floats, Integers
from sensor_bnn.nn.median import lower_median, sampled_rows


def sign(x: Tensor) -> Tensor:
    """+1 where ``x >= 0``, else -1: zero is +1 because it must be a bit (``torch.sign(0)`` is not)."""
    return (x >= 0).to(x.dtype).mul_(2).sub_(1)


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
    """Sign of weights, and of activations if chosen: the gradient passes where ``|x| <= 1``."""
    return _ClippedSign.apply(x)  # type: ignore[no-any-return,no-untyped-call]


def polynomial_sign(x: Tensor) -> Tensor:
    """Sign for activations with Bi-Real's gradient: ``2 - 2|x|`` inside (-1, 1), else zero."""
    return _PolynomialSign.apply(x)  # type: ignore[no-any-return,no-untyped-call]


class Binarizer(nn.Module):
    """Activations to +-1: ``x >= threshold``; this one's threshold is 0.

    Every kind has the same interface. What it learned or kept must be a constant a channel, or ``fold_float``
    and ``fold_integer`` say that it has no packed form.

    Args:
        unit: the expected spread of ``x``; only gradients see it: they pass where ``|x - threshold| < unit``.
        integer: ``x`` holds integers, so the threshold is rounded up to one.
        gradient: ``polynomial`` (Bi-Real's) or ``clipped``.
    """

    def __init__(self, *, unit: float = 1.0, integer: bool = False, gradient: str = "polynomial") -> None:
        super().__init__()
        self.unit = unit
        self.integer = integer
        self.sign = _SIGNS[gradient]

    def forward(self, x: Tensor) -> Tensor:
        """``[..., channels]`` to +-1 of the same shape."""
        if self.training:
            return self.sign((x - self._training_threshold(x)) / self._width())
        return (x >= self.threshold()).to(x.dtype).mul_(2).sub_(1)

    def threshold(self) -> Tensor:
        """``[channels]`` (or one for all): what evaluation compares with; whole numbers for integers."""
        return torch.zeros(())

    def restored(self) -> tuple[Tensor, Tensor | float]:
        """``(alpha, mu)`` in units: the input was about ``unit * (alpha * B + mu)``."""
        return torch.ones(()), 0.0

    def fold_float(self, channels: int) -> Floats:
        """``[channels]`` thresholds of a float input."""
        return self.threshold().detach().expand(channels).to(torch.float32).numpy().copy()

    def fold_integer(self, channels: int) -> Integers:
        """``[channels]`` thresholds of an integer input."""
        return self.threshold().detach().expand(channels).to(torch.int32).numpy().copy()

    def _training_threshold(self, x: Tensor) -> Tensor:
        return self.threshold()

    def _width(self) -> Tensor | float:
        return self.unit


class FullPrecision(Binarizer):
    """No binarizer: values pass, divided by ``unit``."""

    def forward(self, x: Tensor) -> Tensor:
        """``[..., channels]`` to the same."""
        return x / self.unit


class MedianShift(Binarizer):
    """The paper's median shift and mean restore in our reading, with running statistics.

    Args:
        channels: size of the last axis.
        restore: keep the statistics of the mean restore.
        axis: ``channel`` (a median each), ``tensor`` (one for all) or ``token`` (one for each of ``tokens``).
        tokens: size of the last but one axis, for that axis alone.
        momentum: weight of the newest batch in the running statistics.
        options: of every binarizer.
    """

    running_median: Tensor
    running_mean: Tensor
    running_alpha: Tensor

    def __init__(
        self,
        channels: int,
        *,
        restore: bool = False,
        axis: str = "channel",
        tokens: int = 1,
        momentum: float = 0.05,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.restore = restore
        self.axis = axis
        self.momentum = momentum
        shape = {"channel": (channels,), "tensor": (1,), "token": (tokens, 1)}[axis]
        self.register_buffer("running_median", torch.zeros(shape))
        if restore:
            # A mean a token has no place in a product over channels: there it is the tensor's.
            self.register_buffer("running_mean", torch.zeros(channels if axis == "channel" else 1))
            self.register_buffer("running_alpha", torch.ones(()))

    def threshold(self) -> Tensor:
        """The running median."""
        return self.running_median.ceil() if self.integer else self.running_median

    def restored(self) -> tuple[Tensor, Tensor | float]:
        """Running ``mean|x - median|`` and mean."""
        if not self.restore:
            return super().restored()
        return self.running_alpha / self.unit, self.running_mean / self.unit

    def fold_float(self, channels: int) -> Floats:
        """``[channels]`` thresholds of a float input.

        Raises:
            CheckpointError: there is one a token.
        """
        self._need_channels()
        return super().fold_float(channels)

    def fold_integer(self, channels: int) -> Integers:
        """``[channels]`` thresholds of an integer input.

        Raises:
            CheckpointError: there is one a token.
        """
        self._need_channels()
        return super().fold_integer(channels)

    def _need_channels(self) -> None:
        if self.axis == "token":
            raise CheckpointError(
                "Medians a token have no packed form: a packed operator has a threshold a channel.",
                'Train with axis = "channel" or "tensor".',
            )

    def _training_threshold(self, x: Tensor) -> Tensor:
        """The running median, the batch's taken into it, and into the other running statistics."""
        x = x.detach()
        if self.axis == "token":
            columns = sampled_rows(x.transpose(-2, -1)).t().contiguous()  # [tokens, rows]
        else:
            columns = sampled_rows(x).t().contiguous()  # [channels, rows]
            columns = columns.view(len(self.running_median), -1)
        median: Tensor = lower_median(columns)
        self.running_median.lerp_(median.view_as(self.running_median), self.momentum)
        if self.restore:
            mean = columns.mean(dim=1)
            self.running_mean.lerp_(mean.mean() if self.axis == "token" else mean, self.momentum)
            self.running_alpha.lerp_((columns - median[:, None]).abs().mean(), self.momentum)
        return self.running_median.clone()  # as it is now: the next step moves it in place


class LiveMedian(Binarizer):
    """Median shift by each window's own median, in evaluation too: no constant.

    Args:
        axis: ``channel`` (a median over tokens), ``token`` (over channels) or ``tensor`` (over both).
        options: of every binarizer.
    """

    def __init__(self, *, axis: str = "channel", **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """``[batch, tokens, channels]`` to +-1."""
        return self.sign((x - self._median(x.detach())) / self.unit)

    def _median(self, x: Tensor) -> Tensor:
        if self.axis == "tensor":
            return x.flatten(-2).median(dim=-1).values[..., None, None]
        return x.median(dim=-1 if self.axis == "token" else -2, keepdim=True).values

    def fold_float(self, channels: int) -> Floats:
        """Refuse.

        Raises:
            CheckpointError: always.
        """
        raise CheckpointError(
            "A live median has no packed form: on the device a threshold is a constant.",
            'Train with binarizer = "median", whose running median folds.',
        )

    def fold_integer(self, channels: int) -> Integers:
        """Refuse, as ``fold_float`` does."""
        self.fold_float(channels)
        raise AssertionError


class LearnedBias(Binarizer):
    """A learned threshold a channel (RSign of ReActNet; BinaryViT's bias before the sign)."""

    def __init__(self, channels: int, **options: Any) -> None:
        super().__init__(**options)
        self.bias = nn.Parameter(torch.zeros(channels))  # in units, so that it learns as fast at any spread

    def threshold(self) -> Tensor:
        """The learned bias; gradients pass in training."""
        threshold = self.unit * self.bias
        return threshold.ceil() if self.integer and not self.training else threshold

    def fold_integer(self, channels: int) -> Integers:
        """``[channels]``, rounded up, whatever the mode."""
        return (self.unit * self.bias.detach()).ceil().expand(channels).to(torch.int32).numpy().copy()


class Elastic(LearnedBias):
    """BiT's elastic binarization: a learned threshold a channel, a learned size, ``{-a, a}`` or ``{0, a}``.

    The bits are the same; ``{0, a} = a / 2 * (B + 1)`` is a scale and a constant of the layer that follows.
    BiT rounds ``(x - b) / a`` to 0 or 1, at ``b + a / 2``; here that sum is the learned threshold itself.
    BiT's is one a layer, and its attention map is ours with a learned c.

    Args:
        channels: size of the last axis.
        positive: ``{0, a}``.
        options: of every binarizer.
    """

    def __init__(self, channels: int, *, positive: bool = False, **options: Any) -> None:
        super().__init__(channels, **options)
        self.positive = positive
        self.log_scale = nn.Parameter(torch.zeros(()))

    def restored(self) -> tuple[Tensor, Tensor | float]:
        """``(a, 0)`` or ``(a / 2, a / 2)``."""
        scale = self.log_scale.exp()
        return (scale / 2, scale / 2) if self.positive else (scale, 0.0)

    def _width(self) -> Tensor | float:
        return self.unit * self.log_scale.exp()


_SIGNS: dict[str, Callable[[Tensor], Tensor]] = {"polynomial": polynomial_sign, "clipped": clipped_sign}


def make_binarizer(
    kind: str,
    channels: int,
    *,
    restore: bool = False,
    positive: bool = False,
    axis: str = "channel",
    tokens: int = 1,
    **options: Any,
) -> Binarizer:
    """A binarizer by name.

    Args:
        kind: ``median`` (median shift, mean restore), ``shift`` (median shift alone), ``sign`` (threshold 0),
            ``learned``, ``elastic``, ``live``, or ``none`` (full precision).
        channels: size of the last axis.
        restore: what follows can use the restored mean; only ``median`` keeps it.
        positive: what is binarized would be positive in full precision; only ``elastic`` minds.
        axis: of running and live medians.
        tokens: size of the last but one axis, for running medians a token.
        options: ``unit``, ``integer``, ``gradient``.
    """
    if kind in ("median", "shift"):
        return MedianShift(
            channels, restore=restore and kind == "median", axis=axis, tokens=tokens, **options
        )
    if kind == "learned":
        return LearnedBias(channels, **options)
    if kind == "elastic":
        return Elastic(channels, positive=positive, **options)
    if kind == "live":
        return LiveMedian(axis=axis, **options)
    return {"sign": Binarizer, "none": FullPrecision}[kind](**options)
