"""Recordings in memory, and the windows that are cut from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sensor_bnn.data.samples import Windows
from sensor_bnn.errors import DataError


@dataclass(frozen=True)
class Short:
    """A part of a recording, with one label, that is shorter than a window.

    Attributes:
        group: the number of its subject or recording.
        label: the name of its class.
        samples: how long it is.
        place: where it is, for messages, such as "line 7 of my-sensor.csv"; may be empty.
    """

    group: int
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
        group: the number of the subject or recording of each window, int64 ``[n]``; Python's whole numbers
            (dtype object) if one of them is larger.
        classes: the names of the classes.
        mirror: the signs, +1 or -1, that turn a left arm's signal into a right arm's, float32 ``[C]``.
        channels: the names of the channels; empty if they have none.
        short: the parts of the recordings that hold no window, because they are shorter than one.
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

    def channel(self, place: int) -> str:
        """Return how messages call a channel: by its name, or by its number from 1."""
        return f"channel {self.channels[place] if self.channels else place + 1}"

    def windows(self) -> Windows:
        """Return the windows without augmentation."""
        at = self.start[:, None] + np.arange(self.length)  # [n, L]
        x = np.ascontiguousarray(self.signal[:, at].transpose(1, 0, 2))
        return Windows(x, self.y, self.classes, self.channels)

    def constant_channels(self) -> list[int]:
        """Return the places of the channels that have one value in all windows."""
        # +1 where a window starts and -1 where it has ended: the running sum is the number of windows over a
        # sample.
        covered = np.zeros(self.signal.shape[1] + 1, dtype=np.int64)
        np.add.at(covered, self.start, 1)
        np.add.at(covered, self.start + self.length, -1)
        used = self.signal[:, np.cumsum(covered)[:-1] > 0]
        return np.flatnonzero(used.max(axis=1) == used.min(axis=1)).tolist()

    def of_groups(self, groups: tuple[int, ...]) -> Recordings:
        """Return the windows of some groups.

        Raises:
            DataError: one of these groups has no windows.
        """
        without = sorted(set(groups) - set(self.group.tolist()))
        if without:
            raise DataError(
                f"The data set has no windows of groups {', '.join(map(str, without))}.",
                "Correct the recipe's split.",
            )
        chosen = np.isin(self.group, groups)
        columns = {name: getattr(self, name)[chosen] for name in ("start", "first", "end", "y", "group")}
        return replace(self, **columns)

    def normalisation(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return ``(mean, std)`` per channel over the windows, float32 ``[C]`` each, in sensor units.

        The deviation of a constant channel is exactly 0: a sum of equal values may round to another mean.
        """
        x = self.windows().x[:].astype(np.float64)
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
    for value in np.unique(group):
        members = shuffled[group[shuffled] == value]
        rank[members] = np.arange(len(members))
    chosen = np.sort(shuffled[np.argsort(rank[shuffled], kind="stable")][:count])
    return Windows(windows.x[chosen], windows.y[chosen], windows.classes, windows.channels)
