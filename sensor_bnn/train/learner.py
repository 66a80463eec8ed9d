"""The computation of a training step: a model's answers and their loss."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from sensor_bnn.nn.model import Model


class Learner(nn.Module):
    """Computes the answers of a model and their loss against the labels.

    Args:
        model: the model to train.
        smoothing: the label smoothing, 0 .. 1.
    """

    def __init__(self, model: Model, smoothing: float) -> None:
        super().__init__()
        self.student = model
        self.smoothing = smoothing

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``(logits [n, classes], loss)``.

        Args:
            x: windows ``[n, C, L]`` or images.
            y: labels, int64 ``[n]``, or shares, float32 ``[n, classes]``, if examples were mixed.
        """
        answers: Tensor = self.student(x)
        return answers, functional.cross_entropy(answers, y, label_smoothing=self.smoothing)
