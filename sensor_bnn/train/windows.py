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
    """What is read slice by slice as float32; an array is."""

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, C, L)`` or ``(n, C, H, W)``."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> npt.NDArray[np.float32]: ...


@dataclass(frozen=True)
class Windows:
    """Windows or images with their labels.

    Attributes:
        x: float32 ``[n, C, L]``, sensor units, or ``[n, C, H, W]``, 0 .. 1: an array, or what
            is read slice by slice.
        y: int64 ``[n]``, index into ``classes``.
        classes: the classes' names.
    """

    x: Examples
    y: npt.NDArray[np.int64]
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Recordings:
    """Long recordings and where the windows start in them, so that training can cut them anew.

    Attributes:
        signal: float32 ``[C, samples]``, all recordings one after another, sensor units.
        start: int64 ``[n]``, first sample of each window.
        first, end: int64 ``[n]``, bounds of the recording each window lies in, end exclusive.
        length: samples a window.
        y: int64 ``[n]``.
        group: int64 ``[n]``, who was recorded (the subject's number).
        classes: the classes' names.
        mirror: float32 ``[C]``, +1 or -1: the signs that turn a left arm's signal into a right arm's.
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
        """The windows as they stand."""
        at = self.start[:, None] + np.arange(self.length)  # [n, L]
        return Windows(np.ascontiguousarray(self.signal[:, at].transpose(1, 0, 2)), self.y, self.classes)

    def of_groups(self, groups: tuple[int, ...]) -> Recordings:
        """The windows of some groups.

        Raises:
            DataError: there are none.
        """
        chosen = np.isin(self.group, groups)
        if not chosen.any():
            raise DataError(f"The data set has no windows of groups {groups}.", "Correct the recipe's split.")
        columns = {name: getattr(self, name)[chosen] for name in ("start", "first", "end", "y", "group")}
        return replace(self, **columns)

    def normalisation(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """``(mean, std)`` a channel, ``[C]`` each, over the windows."""
        x = self.windows().x[:].astype(np.float64)
        mean, std = x.mean(axis=(0, 2)), x.std(axis=(0, 2))
        return mean.astype(np.float32), std.astype(np.float32)


def write_samples(path: Path, windows: Windows) -> None:
    """Write windows as ``samples.npz`` (x, y, classes) in one step.

    Raises:
        FileError: it cannot be written.
    """
    with replace_file(path) as file:
        np.savez_compressed(file, x=windows.x[:], y=windows.y, classes=np.array(windows.classes))


def read_samples(path: Path) -> Windows:
    """Read what ``write_samples`` wrote.

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
        raise DataError(f"{path} is damaged or no sample file ({type(error).__name__}).", remedy) from error
    found = problem(x, y, classes)
    if found:
        raise DataError(f"The sample file {path} is unusable: {found}.", remedy)
    return Windows(x.astype(np.float32), y.astype(np.int64), tuple(str(name) for name in classes))


def problem(
    x: npt.NDArray[np.generic], y: npt.NDArray[np.generic], classes: npt.NDArray[np.generic]
) -> str | None:
    """What keeps these from being windows or images with labels, if anything."""
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
        return f"a label lies outside 0 .. {len(classes) - 1}"
    return None


def spread(windows: Windows, group: npt.NDArray[np.int64], count: int, seed: int) -> Windows:
    """``count`` examples, the same share of every group (or as near as can be), drawn with a fixed seed.

    Args:
        windows: to draw from.
        group: int64 ``[n]``, such as the subject of each.
        count: how many.
        seed: of the choice.

    Raises:
        DataError: there are fewer examples than that.
    """
    total = len(windows.y)
    if not 0 < count <= total:
        raise DataError(f"{count} samples were asked for of {total} windows.", f"Ask for 1 to {total}.")
    shuffled = np.random.default_rng(seed).permutation(total)
    # Each window's rank in its own group: taking the lowest ranks first takes from all groups in turn.
    rank = np.empty(total, dtype=np.int64)
    for value in np.unique(group):
        members = shuffled[group[shuffled] == value]
        rank[members] = np.arange(len(members))
    chosen = np.sort(shuffled[np.argsort(rank[shuffled], kind="stable")][:count])
    return Windows(windows.x[chosen], windows.y[chosen], windows.classes)
