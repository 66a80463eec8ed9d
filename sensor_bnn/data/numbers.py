"""Numbers that a model predicts, by name: their scale, and their ranges as strata of a split."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensor_bnn.data.predicted import Number
from sensor_bnn.errors import DataError
from sensor_bnn.labels import class_name

_STRATA = 4
"""A split has its share of each quarter of the values."""


def deviation(values: npt.NDArray[np.float64]) -> float:
    """Return the standard deviation of finite values, which is 0 only if they are equal.

    Of values so small that float64 does not hold their squares, too.
    """
    lowest, highest = float(values.min()), float(values.max())
    if lowest == highest:
        return 0.0
    found = float(values.std())
    if found:
        return found
    span = highest - lowest
    return float(((values - lowest) / span).std()) * span


def strata(values: npt.NDArray[np.float64], name: str) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Divide values into quarters of equally many, of which a split has its share.

    Args:
        values: float64 ``[n]``, finite.
        name: what they are called.

    Returns:
        The quarter of each value, int64 ``[n]``, and the names of the quarters. There are fewer than four if
        many values are equal.
    """
    quantiles = np.quantile(values, np.arange(1, _STRATA) / _STRATA)
    # As they are written: a value is on the side that its stratum's name says.
    edges = sorted({float(f"{edge:.4g}") for edge in quantiles.tolist()})
    found, place = np.unique(np.searchsorted(edges, values, side="right"), return_inverse=True)
    bounds = [-math.inf, *edges, math.inf]
    names = tuple(_range(name, bounds[at], bounds[at + 1]) for at in found.tolist())
    return place.astype(np.int64).reshape(-1), names


def _range(name: str, low: float, high: float) -> str:
    if math.isinf(low):
        return f"{name}, all values" if math.isinf(high) else f"{name} below {high:.4g}"
    return f"{name} from {low:.4g}" if math.isinf(high) else f"{name} from {low:.4g} to {high:.4g}"


def target_order(names: Sequence[str], known: Sequence[str], owner: str) -> list[int]:
    """Return the place in the data of each target of a model.

    Args:
        names: the names of the data's targets, in their order; none if the data do not say them.
        known: the names of the model's targets, in the order of its outputs.
        owner: what has the known targets, for messages, such as "the model pump".

    Raises:
        DataError: the data have other targets, or another number of them.
    """
    given, wanted = ([class_name(name) for name in those] for those in (names, known))
    if not given:
        return list(range(len(wanted)))
    if sorted(given) != sorted(wanted):
        raise DataError(
            f"The samples have the targets {', '.join(given)}; {owner} predicts {', '.join(wanted)}.",
            "Give data with the model's own targets.",
        )
    return [given.index(name) for name in wanted]


@dataclass(frozen=True)
class TargetErrors:
    """How far answers are from the truth, of one target, in its unit.

    Attributes:
        name: the target's name.
        rmse, mae: the root of the mean squared error, and the mean absolute error.
        r2: 1 less the share of the truth's variance that the answers leave; None if the truth never changes.
        baseline: the error (RMSE) of always answering with the mean of the training part.
    """

    name: str
    rmse: float
    mae: float
    r2: float | None
    baseline: float


@dataclass(frozen=True)
class Fit:
    """The result of an evaluation of numbers.

    Attributes:
        targets: the errors of each target, in the order of the model's outputs.
        rmse: the root of the mean squared error over all targets, in deviations of the training part.
        truth, answers: float64 ``[n, targets]``, in the units of the targets.
    """

    targets: tuple[TargetErrors, ...]
    rmse: float
    truth: npt.NDArray[np.float64]
    answers: npt.NDArray[np.float64]


def errors_of(
    answers: npt.NDArray[np.float64],
    truth: npt.NDArray[np.float64],
    targets: tuple[Number, ...],
    scales: npt.NDArray[np.float64],
    means: npt.NDArray[np.float64],
) -> Fit:
    """Compare answers with the truth, both float64 ``[n, targets]`` in the units of the targets.

    Args:
        answers, truth: see above.
        targets: the targets' names.
        scales, means: deviation and mean of each target in the training part, float64 ``[targets]``.
    """
    error = answers - truth
    found = []
    for at, target in enumerate(targets):
        spread = float(((truth[:, at] - truth[:, at].mean()) ** 2).mean())
        square = float((error[:, at] ** 2).mean())
        found.append(
            TargetErrors(
                name=target.name,
                rmse=square**0.5,
                mae=float(np.abs(error[:, at]).mean()),
                r2=1 - square / spread if spread else None,
                baseline=float(((truth[:, at] - means[at]) ** 2).mean()) ** 0.5,
            )
        )
    whole = float(((error / scales) ** 2).mean()) ** 0.5
    return Fit(tuple(found), whole, truth, answers)


def scaling(targets: tuple[Number, ...]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return scale and offset of each target, float64 ``[targets]`` each."""
    return np.array([one.scale for one in targets]), np.array([one.offset for one in targets])
