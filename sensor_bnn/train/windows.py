"""Labelled sensor windows, in memory and in ``samples.npz``."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sensor_bnn.errors import DataError
from sensor_bnn.files import replace_file


class Examples(Protocol):
    """Examples that are read slice by slice as float32; an array is one such."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of all examples, ``(n, C, L)`` or ``(n, C, H, W)``."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> npt.NDArray[np.float32]: ...


@dataclass(frozen=True)
class Windows:
    """Windows or images with their labels.

    Attributes:
        x: windows ``[n, C, L]`` in sensor units, or images ``[n, C, H, W]`` in 0 .. 1; float32.
        y: the labels, int64 ``[n]``, indices into ``classes``.
        classes: the names of the classes.
    """

    x: Examples
    y: npt.NDArray[np.int64]
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Recordings:
    """Long recordings and the positions of the windows in them, so that training can cut windows elsewhere.

    Attributes:
        signal: all recordings, concatenated, float32 ``[C, samples]`` in sensor units.
        start: the first sample of each window, int64 ``[n]``.
        first, end: the bounds of the recording that holds each window, int64 ``[n]``; ``end`` is exclusive.
        length: the samples of a window.
        y: the labels of the windows, int64 ``[n]``, indices into ``classes``.
        group: the number of the subject or recording of each window, int64 ``[n]``.
        classes: the names of the classes.
        mirror: the signs, +1 or -1, that turn a left arm's signal into a right arm's, float32 ``[C]``.
    """

    signal: npt.NDArray[np.float32]
    start: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    length: int
    y: npt.NDArray[np.int64]
    group: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    mirror: npt.NDArray[np.float32]

    def windows(self) -> Windows:
        """Return the windows without augmentation."""
        at = self.start[:, None] + np.arange(self.length)  # [n, L]
        return Windows(np.ascontiguousarray(self.signal[:, at].transpose(1, 0, 2)), self.y, self.classes)

    def of_groups(self, groups: tuple[int, ...]) -> Recordings:
        """Return the windows of some groups.

        Raises:
            DataError: these groups have no windows.
        """
        chosen = np.isin(self.group, groups)
        if not chosen.any():
            raise DataError(f"The data set has no windows of groups {groups}.", "Correct the recipe's split.")
        columns = {name: getattr(self, name)[chosen] for name in ("start", "first", "end", "y", "group")}
        return replace(self, **columns)

    def normalisation(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return ``(mean, std)`` per channel over the windows, float32 ``[C]`` each, in sensor units."""
        x = self.windows().x[:].astype(np.float64)
        mean, std = x.mean(axis=(0, 2)), x.std(axis=(0, 2))
        return mean.astype(np.float32), std.astype(np.float32)


def write_samples(path: Path, windows: Windows) -> None:
    """Write windows atomically as ``samples.npz`` with the arrays x, y and classes.

    Raises:
        FileError: the file cannot be written.
    """
    with replace_file(path) as file:
        np.savez_compressed(file, x=windows.x[:], y=windows.y, classes=np.array(windows.classes))


def read_samples(path: Path) -> Windows:
    """Read a file that ``write_samples`` wrote.

    Raises:
        DataError: the file is missing, damaged, or its arrays do not fit each other.
    """
    remedy = "Give a samples.npz with x float32 [n, C, L] or [n, C, H, W], y int64 [n] and classes."
    if not path.is_file():
        raise DataError(f"There is no sample file {path}.", remedy)
    try:
        with np.load(path, allow_pickle=False) as file:
            x, y, classes = file["x"], file["y"], file["classes"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        raise DataError(
            f"{path} is damaged or not a sample file ({type(error).__name__}).", remedy
        ) from error
    found = problem(x, y, classes)
    if found:
        raise DataError(f"The sample file {path} is invalid: {found}.", remedy)
    return Windows(x.astype(np.float32), y.astype(np.int64), tuple(str(name) for name in classes))


def problem(
    x: npt.NDArray[np.generic], y: npt.NDArray[np.generic], classes: npt.NDArray[np.generic]
) -> str | None:
    """Say why these arrays are not labelled windows or images, or return None if they are."""
    if x.ndim not in (3, 4) or x.dtype.kind != "f" or not len(x):
        return f"x is {x.dtype} {list(x.shape)}"
    if y.shape != (len(x),) or y.dtype.kind != "i":
        return f"y is {y.dtype} {list(y.shape)} for {len(x)} windows"
    if classes.ndim != 1 or not len(classes):
        return "classes is not a list of names"
    if not np.isfinite(x.astype(np.float64)).all():
        return "x has values that are not finite"
    labels = y.astype(np.int64)
    if labels.min() < 0 or labels.max() >= len(classes):
        return f"a label is outside 0 .. {len(classes) - 1}"
    return None


def spread(windows: Windows, group: npt.NDArray[np.int64], count: int, seed: int) -> Windows:
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
    return Windows(windows.x[chosen], windows.y[chosen], windows.classes)
