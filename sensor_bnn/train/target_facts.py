"""What the numbers look like that a model is to predict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensor_bnn.data.numbers import deviation
from sensor_bnn.data.predicted import unit_of
from sensor_bnn.train.used import SplitFacts
from sensor_bnn.train.windows import Recordings

RANGES = 10
"""The ranges of a histogram of a target."""


@dataclass(frozen=True)
class TargetFacts:
    """One number to predict, over all windows.

    Attributes:
        name: its name.
        unit: as its name states it; empty if it states none.
        low, high, mean, deviation: of its values, in that unit.
        learned, tested: the windows of the two parts in ``RANGES`` equal ranges from ``low`` to ``high``; if
            there is no split, ``learned`` has all.
    """

    name: str
    unit: str
    low: float
    high: float
    mean: float
    deviation: float
    learned: tuple[int, ...]
    tested: tuple[int, ...]


def target_facts(dataset: Recordings, split: SplitFacts | None) -> tuple[TargetFacts, ...]:
    """Return one entry per number to predict; none where the data have classes."""
    if dataset.targets is None:
        return ()
    everything = np.ones(len(dataset.y), dtype=np.bool_)
    learned = everything if split is None else dataset.is_of(split.learned)
    tested = ~everything if split is None else dataset.is_of(split.tested)
    found = []
    for name, values in zip(dataset.target_names, dataset.targets.T, strict=True):
        low, high = float(values.min()), float(values.max())
        counts = [np.histogram(values[part], RANGES, (low, high))[0].tolist() for part in (learned, tested)]
        spread = deviation(values)
        found.append(
            TargetFacts(name, unit_of(name), low, high, float(values.mean()), spread, *map(tuple, counts))
        )
    return tuple(found)
