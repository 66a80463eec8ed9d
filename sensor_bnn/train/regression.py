"""Regression: numbers in place of classes, learned in deviations of the training part from its mean.

So all targets of a model have the same weight, whatever their units, and an error of 1 is that of a model
that always answers with the mean.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn
from torch.nn import functional

from sensor_bnn.data.channels import with_channels_of
from sensor_bnn.data.numbers import Fit, errors_of, scaling
from sensor_bnn.data.predicted import Number
from sensor_bnn.data.samples import Windows, truth_of
from sensor_bnn.nn.hybrid_config import HybridConfig
from sensor_bnn.nn.model import Model
from sensor_bnn.train.evaluate import logits
from sensor_bnn.train.recipe import Recipe


class NumberLearner(nn.Module):
    """Computes the answers of a model and their loss against numbers.

    Args:
        model: the model to train.
        loss: ``mse`` or ``huber``, see ``sensor_bnn.train.recipe.Schedule``.
    """

    def __init__(self, model: Model, loss: str) -> None:
        super().__init__()
        self.student = model
        self.loss = loss

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``(answers [n, targets], loss)``.

        Args:
            x: windows ``[n, C, L]``.
            y: numbers in deviations from the mean, float32 ``[n, targets]``.
        """
        answers: Tensor = self.student(x)
        if self.loss == "huber":
            return answers, functional.huber_loss(answers, y)
        return answers, functional.mse_loss(answers, y)


def targets_of(model: Model) -> tuple[Number, ...]:
    """Return the numbers that a model predicts; none if it tells classes apart."""
    return model.config.targets if isinstance(model.config, HybridConfig) else ()


def is_regression(recipe: Recipe) -> bool:
    """Whether a recipe's model predicts numbers."""
    return bool(recipe.data.targets)


def values_of(outputs: npt.NDArray[np.floating], targets: tuple[Number, ...]) -> npt.NDArray[np.float64]:
    """Return the numbers that outputs ``[n, targets]`` of a model in PyTorch are, in the targets' units."""
    scale, offset = scaling(targets)
    return outputs.astype(np.float64) * scale + offset


def fit(model: Model, windows: Windows) -> Fit:
    """Evaluate a model that predicts numbers on all windows; targets and channels are matched by name.

    Raises:
        DataError: shape, channels or targets of the windows are not the model's.
    """
    targets, owner = targets_of(model), f"the model {model.config.name}"
    windows = with_channels_of(windows, model.config.channel_names, owner)
    truth = truth_of(windows, targets, owner)
    scales, means = scaling(targets)
    return errors_of(values_of(logits(model, windows.x), targets), truth, targets, scales, means)
