"""Signs with gradients, and binarizers of activations: median shift, mean restore, and other published ones.

The paper is "Binary Transformer Based on the Alignment and Correction of Distribution", Sensors 2024, 24(24),
8190. Its abstract describes a *median shift and mean restore* in binarization, so that the binary features
keep the distribution of the full-precision transformer's features. Its method section was not available to
us. Everything beyond the two names is our reading:

- Shift: ``B = sign(x - median(x))`` with one median of the whole tensor (``axis = "tensor"``), so that about
  half of all its bits are set. With one median per channel, half of the bits of *every* channel are set,
  which undoes the biases that the earlier layers have learned. That was our first reading, and its accuracy
  was lower (docs/results.md).
  The median is a running one, in training and in evaluation. On the device it is a constant threshold and
  costs nothing, and a model is evaluated with the thresholds that it was trained with. (If training used the
  batch's own median, as BatchNorm uses the batch's mean, all inputs of one integer value could change sides
  together when the running median replaces it.)
  The median and the other statistics of a large batch are taken from about 1500 rows, evenly spaced over
  images and tokens. The paper does not mention it.
- Restore: the product uses ``alpha * B + mu`` with ``alpha = mean|x - median|`` over the tensor and
  ``mu = mean(x)`` per channel; both are running statistics. ``W (alpha B + mu) = alpha (W B) + W mu``, and
  W mu is a constant.

The effect of that constant is small. With running statistics the restored mean folds into one constant per
output. Where a median shift follows (query, key, value, MLP expansion), the shift cancels that constant and
alpha exactly. Where BatchNorm follows (``norm = "batch"``), BatchNorm cancels both, except for its epsilon.
In these places the restore is not computed. It acts only in the float outputs of ``norm = "none"``: alpha is
their scale, and the mean is a constant beside a learned bias that can express it as well. There the restore
changes the starting point and the course of training, but not the set of functions.
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
    """+1 where ``x >= 0``, else -1. Zero gives +1, because it must be a bit (``torch.sign(0)`` is 0)."""
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
    """Return the values of ``hard`` with the gradient of ``soft``, which has the same shape."""
    return _StraightThrough.apply(hard, soft)  # type: ignore[no-any-return,no-untyped-call]


def clipped_sign(x: Tensor) -> Tensor:
    """Sign of weights, and of activations if configured. The gradient passes where ``|x| <= 1``."""
    return _ClippedSign.apply(x)  # type: ignore[no-any-return,no-untyped-call]


def polynomial_sign(x: Tensor) -> Tensor:
    """Sign of activations with the gradient of Bi-Real Net: ``2 - 2|x|`` inside (-1, 1), else zero."""
    return _PolynomialSign.apply(x)  # type: ignore[no-any-return,no-untyped-call]


class Binarizer(nn.Module):
    """Binarizes activations: +1 where ``x >= threshold``, else -1. The threshold of this class is 0.

    All kinds share this interface. A kind has a packed form if its learned or running values make one
    constant per channel; otherwise ``fold_float`` and ``fold_integer`` raise ``CheckpointError``.

    Args:
        unit: the expected standard deviation of ``x``. It affects gradients only, which pass where
            ``|x - threshold| < unit``.
        integer: whether ``x`` holds integers; the threshold is then rounded up to an integer.
        gradient: the gradient of the sign, ``polynomial`` (Bi-Real Net) or ``clipped``.
    """

    def __init__(self, *, unit: float = 1.0, integer: bool = False, gradient: str = "polynomial") -> None:
        super().__init__()
        self.unit = unit
        self.integer = integer
        self.gradient = gradient
        self.sign = _SIGNS[gradient]

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[..., channels]`` to +-1 in the same shape."""
        if self.training:
            return self.sign((x - self.training_threshold(x)) / self.width())
        # Evaluation compares, as the device does.
        return (x >= self.threshold()).to(x.dtype).mul_(2).sub_(1)

    def threshold(self) -> Tensor:
        """The threshold in evaluation, ``[channels]`` or a scalar; whole numbers for integer inputs."""
        return torch.zeros(())

    def restored(self) -> tuple[Tensor, Tensor | float]:
        """``(alpha, mu)`` in units of ``unit``: the input was about ``unit * (alpha * B + mu)``."""
        return torch.ones(()), 0.0

    def fold_float(self, channels: int) -> Floats:
        """Return the thresholds of a float input, float32 ``[channels]``."""
        return self.threshold().detach().expand(channels).to(torch.float32).numpy().copy()

    def fold_integer(self, channels: int) -> Integers:
        """Return the thresholds of an integer input, int32 ``[channels]``."""
        return self.threshold().detach().expand(channels).to(torch.int32).numpy().copy()

    def training_threshold(self, x: Tensor) -> Tensor:
        """The threshold for a batch ``x`` in training; running statistics are updated with the batch."""
        return self.threshold()

    def width(self) -> Tensor | float:
        """The distance from the threshold up to which the gradient passes."""
        return self.unit


class FullPrecision(Binarizer):
    """Replaces a binarizer in full precision: values pass, divided by ``unit``."""

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[..., channels]`` to the same shape."""
        return x / self.unit


class MedianShift(Binarizer):
    """Median shift and mean restore (Sensors 2024, 24(24), 8190, in our reading), with running statistics.

    Args:
        channels: the size of the last axis.
        restore: whether to keep the statistics of the mean restore.
        axis: what has its own median: ``channel`` (each channel), ``tensor`` (one median for all) or
            ``token`` (each of ``tokens``).
        tokens: the size of the last axis but one; used by ``axis="token"`` only.
        momentum: the weight of the newest batch in the running statistics, 0 .. 1.
        options: the arguments of ``Binarizer``.
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
            # A product sums over channels and cannot use a mean per token: that case keeps the tensor's mean.
            self.register_buffer("running_mean", torch.zeros(channels if axis == "channel" else 1))
            self.register_buffer("running_alpha", torch.ones(()))

    def threshold(self) -> Tensor:
        """The running median."""
        return self.running_median.ceil() if self.integer else self.running_median

    def restored(self) -> tuple[Tensor, Tensor | float]:
        """Return the running ``mean|x - median|`` and the running mean, in units of ``unit``."""
        if not self.restore:
            return super().restored()
        return self.running_alpha / self.unit, self.running_mean / self.unit

    def fold_float(self, channels: int) -> Floats:
        """Return the thresholds of a float input, float32 ``[channels]``.

        Raises:
            CheckpointError: the medians are per token.
        """
        self._need_channels()
        return super().fold_float(channels)

    def fold_integer(self, channels: int) -> Integers:
        """Return the thresholds of an integer input, int32 ``[channels]``.

        Raises:
            CheckpointError: the medians are per token.
        """
        self._need_channels()
        return super().fold_integer(channels)

    def _need_channels(self) -> None:
        if self.axis == "token":
            raise CheckpointError(
                "Medians per token have no packed form: a packed operator has one threshold per channel.",
                'Train with axis = "channel" or "tensor".',
            )

    def training_threshold(self, x: Tensor) -> Tensor:
        """Update all running statistics with the batch, then return the running median."""
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
        return self.running_median.clone()  # a copy, because the next step updates the buffer in place


class LiveMedian(Binarizer):
    """Median shift by each window's own median, in evaluation too. It is not a constant and cannot be folded.

    Args:
        axis: the values of a median: ``channel`` (over tokens), ``token`` (over channels) or ``tensor`` (over
            both).
        options: the arguments of ``Binarizer``.
    """

    def __init__(self, *, axis: str = "channel", **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[batch, tokens, channels]`` to +-1 in the same shape."""
        return self.sign((x - self._median(x.detach())) / self.unit)

    def _median(self, x: Tensor) -> Tensor:
        if self.axis == "tensor":
            return x.flatten(-2).median(dim=-1).values[..., None, None]
        return x.median(dim=-1 if self.axis == "token" else -2, keepdim=True).values

    def fold_float(self, channels: int) -> Floats:
        """Refuse: there is no packed form.

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
    """A learned threshold per channel (RSign of ReActNet; BinaryViT's bias before the sign)."""

    def __init__(self, channels: int, **options: Any) -> None:
        super().__init__(**options)
        # The bias is in units of the spread, so that it learns equally fast for inputs of any spread.
        self.bias = nn.Parameter(torch.zeros(channels))

    def threshold(self) -> Tensor:
        """The learned bias times ``unit``; in training it carries gradients."""
        threshold = self.unit * self.bias
        return threshold.ceil() if self.integer and not self.training else threshold

    def fold_integer(self, channels: int) -> Integers:
        """Return the thresholds of an integer input, int32 ``[channels]``, rounded up in either mode."""
        return (self.unit * self.bias.detach()).ceil().expand(channels).to(torch.int32).numpy().copy()


class Elastic(LearnedBias):
    """BiT's elastic binarization: a learned threshold per channel and a learned size a.

    The values are ``{-a, a}`` or ``{0, a}``; the bits are the same. ``{0, a} = a / 2 * (B + 1)`` becomes a
    scale and a constant of the next layer. BiT rounds ``(x - b) / a`` to 0 or 1, so its threshold is
    ``b + a / 2``; here that sum is the learned threshold itself. BiT learns one threshold per layer, and its
    attention map is ``AttentionMap`` with a learned c.

    Args:
        channels: the size of the last axis.
        positive: whether the values are ``{0, a}`` instead of ``{-a, a}``.
        options: the arguments of ``Binarizer``.
    """

    def __init__(self, channels: int, *, positive: bool = False, **options: Any) -> None:
        super().__init__(channels, **options)
        self.positive = positive
        self.log_scale = nn.Parameter(torch.zeros(()))

    def restored(self) -> tuple[Tensor, Tensor | float]:
        """Return ``(a, 0)``, or ``(a / 2, a / 2)`` if ``positive``."""
        scale = self.log_scale.exp()
        return (scale / 2, scale / 2) if self.positive else (scale, 0.0)

    def width(self) -> Tensor | float:
        """The learned size, in the unit of ``x``."""
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
    """Make a binarizer by name.

    Args:
        kind: the kind: ``median`` (median shift and mean restore), ``shift`` (median shift alone), ``sign``
            (threshold 0), ``learned``, ``elastic``, ``live`` or ``none`` (full precision).
        channels: the size of the last axis.
        restore: whether the next layer can use the restored mean; only ``median`` keeps it.
        positive: whether the values would be positive in full precision; used by ``elastic`` only.
        axis: the axis of running and live medians: ``channel``, ``tensor`` or ``token``.
        tokens: the size of the last axis but one; used by running medians per token only.
        options: the arguments of ``Binarizer``: ``unit``, ``integer``, ``gradient``.
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
