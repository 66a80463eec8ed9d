"""Recordings in memory, and the windows that are cut from them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sensor_bnn.data.numbers import deviation
from sensor_bnn.data.predicted import Number
from sensor_bnn.data.recorded import Id, in_order
from sensor_bnn.data.samples import Windows
from sensor_bnn.errors import DataError
from sensor_bnn.train.distortions import twins_distorted

_SMALLEST = 1e-20
"""The least deviation of a target: a step of an output is some thousandth of it, which float32 must hold."""

_FARTHEST = 1e5
"""The mean of a target, in its deviations: what is farther from 0 leaves float32 few digits for the rest."""


@dataclass(frozen=True)
class Short:
    """A part of a recording, with one label, that is shorter than a window.

    Attributes:
        group: the number or name of its subject or recording.
        label: the name of its class.
        samples: how long it is.
        place: where it is, for messages, such as "line 7 of my-sensor.csv"; may be empty.
    """

    group: Id
    label: str
    samples: int
    place: str = ""


@dataclass(frozen=True)
class Recordings:
    """Long recordings and the positions of the windows in them, so that training can cut windows elsewhere.

    Attributes:
        signal: all recordings, concatenated, float32 ``[C, samples]`` in sensor units.
        start: the first sample of each window, int64 ``[n]``.
        first, end: the bounds of the recording that holds each window, int64 ``[n]``; ``end`` is exclusive.
        length: the samples of a window.
        y: the labels of the windows, int64 ``[n]``, indices into ``classes``.
        group: the subject or recording of each window, int64 ``[n]``; Python's objects (dtype object) if one
            of them is a name or a larger number.
        classes: the names of the classes.
        mirror: the signs, +1 or -1, that turn a left arm's signal into a right arm's, float32 ``[C]``.
        channels: the names of the channels; empty if they have none.
        short: the parts of the recordings that hold no window, because they are shorter than one.
        whole: what a group is: a subject, a recording, or a part of an archive.
        stated: the part, ``train`` or ``test``, of each group, where the data say it.
        notes: sentences on what was done to the recordings.
        distorted: whether each window is to be distorted, ``[n]``, see ``sensor_bnn.train.anomalies``; None
            for none.
        targets: the numbers to predict of each window, float64 ``[n, targets]``; None for classes. With them
            ``y`` and ``classes`` are the quarters of the first target, by which a split is stratified.
        target_names: the names of the targets.
    """

    signal: npt.NDArray[np.float32]
    start: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    length: int
    y: npt.NDArray[np.int64]
    group: npt.NDArray[Any]
    classes: tuple[str, ...]
    mirror: npt.NDArray[np.float32]
    channels: tuple[str, ...] = ()
    short: tuple[Short, ...] = ()
    whole: str = "subject"
    stated: Mapping[Id, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    distorted: npt.NDArray[np.bool_] | None = None
    targets: npt.NDArray[np.float64] | None = None
    target_names: tuple[str, ...] = ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of a model's outputs: the classes, or the targets."""
        return self.classes if self.targets is None else self.target_names

    def channel(self, place: int) -> str:
        """Return how messages call a channel: by its name, or by its number from 1."""
        return f"channel {self.channels[place] if self.channels else place + 1}"

    def windows(self) -> Windows:
        """Return the windows without augmentation; those to be distorted are, the same each time."""
        at = self.start[:, None] + np.arange(self.length)  # [n, L]
        x = np.ascontiguousarray(self.signal[:, at].transpose(1, 0, 2))
        if self.distorted is not None:
            x = twins_distorted(x, self.distorted)
        return Windows(x, self.y, self.classes, self.channels, self.targets, self.target_names)

    def scaling(self) -> tuple[Number, ...]:
        """Return mean and deviation of each target over the windows, as offset and scale; none for classes.

        Raises:
            DataError: a target has one value only.
        """
        if self.targets is None:
            return ()
        found = []
        for name, values in zip(self.target_names, self.targets.T, strict=True):
            scale, mean = deviation(values), float(values.mean())
            if values.min() < values.max() and abs(mean) > _FARTHEST * scale:
                raise DataError(
                    f"The target {name} is {mean:.6g} with a deviation of {scale:.3g}: an answer in float32"
                    " hardly holds how it changes.",
                    f"Subtract a constant such as {mean:.6g} from it in the data, and add it to the answers.",
                )
            if values.min() == values.max() or not scale:
                raise DataError(
                    f"In the training windows, the target {name} is always {values[0]:.6g}.",
                    "Leave it out of data.targets, or state another split.",
                )
            if not _SMALLEST <= scale <= 1 / _SMALLEST:
                raise DataError(
                    f"The target {name} has a deviation of {scale:.3g}; float32 hardly holds such numbers.",
                    f"Give it in another unit, in which that is between {_SMALLEST:g} and {1 / _SMALLEST:g}.",
                )
            found.append(Number(name, scale, mean))
        return tuple(found)

    def constant_channels(self) -> list[int]:
        """Return the places of the channels that have one value in all windows."""
        # +1 where a window starts and -1 where it has ended: the running sum is the number of windows over a
        # sample.
        covered = np.zeros(self.signal.shape[1] + 1, dtype=np.int64)
        np.add.at(covered, self.start, 1)
        np.add.at(covered, self.start + self.length, -1)
        used = self.signal[:, np.cumsum(covered)[:-1] > 0]
        return np.flatnonzero(used.max(axis=1) == used.min(axis=1)).tolist()

    def of_groups(self, groups: Collection[Id]) -> Recordings:
        """Return the windows of some groups.

        Raises:
            DataError: one of these groups has no windows.
        """
        without = in_order(set(groups) - set(self.group.tolist()))
        if without:
            raise DataError(
                f"The data set has no windows of groups {', '.join(map(str, without))}.",
                "Correct the recipe's split.",
            )
        chosen = self.is_of(groups)
        columns = {name: getattr(self, name)[chosen] for name in ("start", "first", "end", "y", "group")}
        if self.distorted is not None:
            columns["distorted"] = self.distorted[chosen]
        if self.targets is not None:
            columns["targets"] = self.targets[chosen]
        return replace(self, **columns)

    def is_of(self, groups: Collection[Id]) -> npt.NDArray[np.bool_]:
        """Return whether each window is of one of these groups, bool ``[n]``."""
        # Not by numpy, which cannot compare numbers and names.
        wanted = set(groups)
        return np.array([group in wanted for group in self.group.tolist()], dtype=np.bool_)

    def normalisation(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return ``(mean, std)`` per channel over the windows, float32 ``[C]`` each, in sensor units.

        Windows that are to be distorted do not count.
        The deviation of a constant channel is exactly 0: a sum of equal values may round to another mean.
        """
        x = self.windows().x[:].astype(np.float64)
        if self.distorted is not None:
            x = x[~self.distorted]
        mean, std = x.mean(axis=(0, 2)), x.std(axis=(0, 2))
        std[x.max(axis=(0, 2)) == x.min(axis=(0, 2))] = 0
        return mean.astype(np.float32), std.astype(np.float32)

    def extent(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Return ``(largest, whole)`` per channel over the windows, ``[C]`` each.

        They are the largest magnitude, in sensor units, and whether all values are whole numbers.
        """
        x = self.windows().x[:]
        return np.abs(x).max(axis=(0, 2)), (x == np.rint(x)).all(axis=(0, 2))


def spread(windows: Windows, group: npt.NDArray[Any], count: int, seed: int) -> Windows:
    """Draw ``count`` examples, as equally from all groups as possible.

    Args:
        windows: the examples to draw from.
        group: the group of each example, such as its subject, int64 ``[n]``.
        count: the number of examples to draw.
        seed: the seed of the choice.

    Raises:
        DataError: there are fewer examples than ``count``, or ``count`` is not positive.
    """
    total = len(windows.y)
    if not 0 < count <= total:
        raise DataError(f"{count} samples were asked for of {total} windows.", f"Ask for 1 to {total}.")
    shuffled = np.random.default_rng(seed).permutation(total)
    # The rank of each window in its own group; taking the lowest ranks first takes from all groups in turn.
    rank = np.empty(total, dtype=np.int64)
    for value in set(group.tolist()):
        members = shuffled[group[shuffled] == value]
        rank[members] = np.arange(len(members))
    chosen = np.sort(shuffled[np.argsort(rank[shuffled], kind="stable")][:count])
    targets = None if windows.targets is None else windows.targets[chosen]
    return replace(windows, x=windows.x[chosen], y=windows.y[chosen], targets=targets)
