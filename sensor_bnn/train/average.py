"""The running average of weights (EMA)."""

from __future__ import annotations

import torch
from torch import nn


class RunningAverage:
    """The exponential moving average of a model's parameters. If ``past`` is 0 it does nothing.

    Running statistics are averages already and are not averaged again. The binary weights of the result are
    the signs of the averaged latent weights.

    Args:
        model: the model to average.
        past: the weight of the past in each step, 0 .. below 1.
    """

    def __init__(self, model: nn.Module, past: float) -> None:
        self.past = past
        self.parameters = list(model.parameters()) if past else []
        self.tensors = [parameter.detach().clone() for parameter in self.parameters]

    @torch.no_grad()
    def take(self) -> None:
        """Add the parameters after one more step to the average."""
        for mean, parameter in zip(self.tensors, self.parameters, strict=True):
            mean.lerp_(parameter, 1 - self.past)

    @torch.no_grad()
    def give(self) -> None:
        """Copy the average into the model."""
        for mean, parameter in zip(self.tensors, self.parameters, strict=True):
            parameter.copy_(mean)
