"""What training would use of a data set: the split, and the samples that are in neither part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensor_bnn.data.recorded import Id
from sensor_bnn.train import parts
from sensor_bnn.train.recipe import DataRecipe
from sensor_bnn.train.windows import Recordings


@dataclass(frozen=True)
class SplitFacts:
    """The split of a data set.

    Attributes:
        how: how it was made, in words.
        whole: what is never on both sides, such as a recording.
        learned, tested: the names of those in the two parts.
        learned_windows, tested_windows: their windows or images.
    """

    how: str
    whole: str
    learned: tuple[Id, ...]
    tested: tuple[Id, ...]
    learned_windows: int
    tested_windows: int


@dataclass(frozen=True)
class Dropped:
    """Samples that are in the data, and that training neither learns from nor tests on."""

    samples: int
    why: str


def split_of(data: DataRecipe, dataset: Recordings) -> tuple[SplitFacts, dict[str, tuple[int, int]]]:
    """Return the split, and by the name of a class its windows to learn from and to test on.

    Raises:
        DataError: the recipe's split does not fit the data.
    """
    learned, tested = parts.settled(dataset, data).parts()
    to_learn, to_test = dataset.is_of(learned), dataset.is_of(tested)
    facts = SplitFacts(
        parts.told(dataset, data), dataset.whole, learned, tested, int(to_learn.sum()), int(to_test.sum())
    )
    counts = {
        name: (int((dataset.y[to_learn] == label).sum()), int((dataset.y[to_test] == label).sum()))
        for label, name in enumerate(class_names(data, dataset))
    }
    return facts, counts


def class_names(data: DataRecipe, dataset: Recordings) -> tuple[str, ...]:
    """Return the names of the classes; of the normal one the data's own."""
    return dataset.classes if dataset.distorted is None else (data.normal, *dataset.classes[1:])


def dropped_from(dataset: Recordings, split: SplitFacts) -> tuple[Dropped, ...]:
    """Return how many samples are in no window of the two parts, by reason."""
    used = {*split.learned, *split.tested}
    chosen = dataset.is_of(used)
    bounds = np.unique(np.stack([dataset.first, dataset.end], axis=1)[chosen], axis=0)
    covered = np.zeros(dataset.signal.shape[1] + 1, dtype=np.int64)
    np.add.at(covered, dataset.start[chosen], 1)
    np.add.at(covered, dataset.start[chosen] + dataset.length, -1)
    in_windows = int((np.cumsum(covered)[:-1] > 0).sum())
    unused = np.unique(np.stack([dataset.first, dataset.end], axis=1)[~chosen], axis=0)
    short = [part for part in dataset.short if part.group in used]
    found = (
        (
            sum(part.samples for part in short),
            f"in {len(short)} part{'s' * (len(short) != 1)} shorter than a window of {dataset.length}",
        ),
        (int(np.diff(bounds).sum()) - in_windows, "at the end of a part, or between two windows"),
        (
            int(np.diff(unused).sum())
            + sum(part.samples for part in dataset.short if part.group not in used),
            f"in a {dataset.whole} that is in neither part of the split",
        ),
    )
    return tuple(Dropped(samples, why) for samples, why in found if samples)
