"""What a step computes: a model's answers and their loss."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from sensor_bnn.nn.model import Model


class Learner(nn.Module):
    """A model that learns from labels alone.

    Args:
        model: that learns.
        smoothing: of the labels.
    """

    def __init__(self, model: Model, smoothing: float) -> None:
        super().__init__()
        self.student = model
        self.smoothing = smoothing

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """``(logits [n, classes], loss)`` of windows ``[n, C, L]`` or images.

        Labels are int64 ``[n]``, or shares float32 ``[n, classes]`` where examples were mixed.
        """
        answers: Tensor = self.student(x)
        return answers, functional.cross_entropy(answers, y, label_smoothing=self.smoothing)
