"""The running average of weights (EMA)."""

from __future__ import annotations

import torch
from torch import nn


class RunningAverage:
    """The running average of a model's learned weights; nothing where ``past`` is 0.

    Running statistics are averages already and are left alone. Binary weights are the signs of the average.

    Args:
        model: whose.
        past: weight of the past in each step, below 1.
    """

    def __init__(self, model: nn.Module, past: float) -> None:
        self.past = past
        self.parameters = list(model.parameters()) if past else []
        self.tensors = [parameter.detach().clone() for parameter in self.parameters]

    @torch.no_grad()
    def take(self) -> None:
        """A step was done."""
        for mean, parameter in zip(self.tensors, self.parameters, strict=True):
            mean.lerp_(parameter, 1 - self.past)

    @torch.no_grad()
    def give(self) -> None:
        """Let the average be the model's weights."""
        for mean, parameter in zip(self.tensors, self.parameters, strict=True):
            parameter.copy_(mean)
