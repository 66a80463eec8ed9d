"""Numbers that a model predicted, beside the truth: the same arithmetic wherever they were computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sensor_bnn.data.numbers import Fit as Fit
from sensor_bnn.data.numbers import TargetErrors as TargetErrors
from sensor_bnn.data.numbers import errors_of
from sensor_bnn.data.predicted import Number
from sensor_bnn.data.samples import Samples, truth_of
from sensor_bnn.errors import DataError
from sensor_bnn.onnx.quantities import to_values


def with_numbers_of(samples: Samples, numbers: Sequence[Number], owner: str) -> Samples:
    """Return samples with their numbers in the order of a model's, by name.

    Raises:
        DataError: the samples have classes, or other numbers.
    """
    truth = truth_of(samples, tuple(numbers), owner)
    return replace(samples, targets=truth, target_names=tuple(one.name for one in numbers))


def refuse_numbers(samples: Samples, owner: str) -> None:
    """Refuse samples with numbers to predict for a model that tells classes apart.

    Raises:
        DataError: the samples are such.
    """
    if samples.targets is not None:
        raise DataError(
            f"The samples have numbers to predict, but {owner} tells classes apart.",
            "Give an .npz with x, y and classes.",
        )


def fit_of(outputs: npt.NDArray[Any], samples: Samples, numbers: Sequence[Number], step: float | None) -> Fit:
    """Compare what a model's outputs ``[n, numbers]`` are with the truth.

    Args:
        outputs: in the model's own type.
        samples: what ``with_numbers_of`` returned; outputs may be those of the first of them only.
        numbers: what the outputs are.
        step: the deviations of the training part per step of the output.
    """
    values = to_values(outputs, numbers).astype(np.float64)
    return fit_of_values(values, samples, numbers, step)


def fit_of_values(
    values: npt.NDArray[np.float64], samples: Samples, numbers: Sequence[Number], step: float | None
) -> Fit:
    """Compare numbers ``[n, numbers]`` in their units with the truth; otherwise as ``fit_of``."""
    assert samples.targets is not None
    scales = np.array([one.scale for one in numbers]) / (step or 1.0)
    means = np.array([one.offset for one in numbers])
    return errors_of(values, samples.targets[: len(values)], tuple(numbers), scales, means)
