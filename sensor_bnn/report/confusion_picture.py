"""A confusion matrix as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sensor_bnn.errors import DataError
from sensor_bnn.files import check_file, replace_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_NUMBERS = 30
"""The largest number of classes for which every cell shows its count."""


def confusion_figure(confusion: Sequence[Sequence[int]], classes: Sequence[str], title: str) -> Figure:
    """Return a picture: rows are the truth, columns the answers, the darker the larger a share of the row.

    Args:
        confusion: counts [truth][answer].
        classes: the names of the classes.
        title: the title above the picture.

    Raises:
        DataError: the format is unknown.
        FileError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    count = len(classes)
    side = max(4.0, min(0.55 * count + 2, 24.0))
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = figure.subplots()
    counts: npt.NDArray[np.int64] = np.asarray(confusion, dtype=np.int64)
    # A class without samples has a row of zeros.
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, label="share of the class")
    axes.set(title=title, xlabel="answer", ylabel="truth")
    # More names than that would overlap.
    if count <= 100:
        axes.set_xticks(range(count), classes, rotation=45, ha="right")
        axes.set_yticks(range(count), classes)
    if count <= _MOST_NUMBERS:
        for row in range(count):
            for column in range(count):
                colour = "white" if shares[row, column] > 0.5 else "black"
                number = str(counts[row, column])
                axes.text(column, row, number, ha="center", va="center", color=colour, fontsize=8)
    return figure


def check_picture(path: Path) -> None:
    """Refuse a file that ``draw_confusion`` cannot write. Call it before long work starts.

    Raises:
        DataError: the format is unknown.
        FileError: the file cannot be written.
    """
    picture_form(path)
    check_file(path)


def draw_confusion(
    path: Path, confusion: Sequence[Sequence[int]], classes: Sequence[str], title: str
) -> None:
    """Write the picture to a file.

    Args:
        path: the picture to write; its suffix gives the format: ``.png``, ``.svg`` or ``.pdf``.
        confusion: counts [truth][answer].
        classes: the names of the classes.
        title: the title above the picture.

    Raises:
        DataError: the format is unknown.
        FileError: the file cannot be written.
    """
    form = picture_form(path)
    figure = confusion_figure(confusion, classes, title)
    with replace_file(path) as stream:
        figure.savefig(stream, format=form, dpi=120)


def picture_form(path: Path) -> str:
    """Return the format that a file's name gives.

    Raises:
        DataError: it is unknown.
    """
    form = path.suffix.lower().lstrip(".")
    if form not in ("png", "svg", "pdf"):
        raise DataError(f"{path} names no known picture format.", "Choose a name in .png, .svg or .pdf.")
    return form
