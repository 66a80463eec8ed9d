"""The computation of a training step: a model's answers and their loss."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from sensor_bnn.nn.model import Model

_HEAVIEST = 10.0
"""The largest weight of a class before the mean is made 1: one window must not rule a batch."""


class Learner(nn.Module):
    """Computes the answers of a model and their loss against the labels.

    Args:
        model: the model to train.
        smoothing: the label smoothing, 0 .. 1.
        weights: the weight of each class in the loss, float32 ``[classes]``; None for equal ones.
    """

    weights: Tensor | None

    def __init__(self, model: Model, smoothing: float, weights: Tensor | None = None) -> None:
        super().__init__()
        self.student = model
        self.smoothing = smoothing
        self.register_buffer("weights", weights, persistent=False)

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``(logits [n, classes], loss)``.

        Args:
            x: windows ``[n, C, L]`` or images.
            y: labels, int64 ``[n]``, or shares, float32 ``[n, classes]``, if examples were mixed.
        """
        answers: Tensor = self.student(x)
        return answers, label_loss(answers, y, self.smoothing, self.weights)


def label_loss(answers: Tensor, y: Tensor, smoothing: float, weights: Tensor | None) -> Tensor:
    """Return the mean cross-entropy of a batch against its labels, in nats.

    The mean is over examples, not over their weights: so the gradients of processes that share a batch are
    averaged as without weights.

    Args:
        answers: logits ``[n, classes]``.
        y: labels, int64 ``[n]``, or shares, float32 ``[n, classes]``.
        smoothing: the label smoothing, 0 .. 1.
        weights: the weight of each class, float32 ``[classes]``; None for equal ones.
    """
    if weights is None:
        return functional.cross_entropy(answers, y, label_smoothing=smoothing)
    each = functional.cross_entropy(answers, y, label_smoothing=smoothing, reduction="none")
    return (each * (weights[y] if y.ndim == 1 else y @ weights)).mean()


def class_weights(counts: Sequence[int]) -> Tensor:
    """Return weights that let each class weigh the same, float32 ``[classes]``; 1 in the mean of examples.

    A class has at most ten times the weight that it would have if all classes had equally many examples.

    Args:
        counts: the number of training examples of each class.
    """
    known = torch.tensor(counts, dtype=torch.float64)
    present = int((known > 0).sum())
    weights = (known.sum() / (present * known.clamp(min=1))).clamp(max=_HEAVIEST)
    return (weights * known.sum() / (weights * known).sum()).float()
