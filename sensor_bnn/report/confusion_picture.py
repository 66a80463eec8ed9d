"""A confusion matrix as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sensor_bnn.errors import DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_NUMBERS = 30
"""Classes up to which every cell carries its count."""


def confusion_figure(confusion: Sequence[Sequence[int]], classes: Sequence[str], title: str) -> Figure:
    """Return a picture: rows are the truth, columns the answers, the darker the larger a share of the row.

    Args:
        confusion: counts [truth][answer].
        classes: the classes' names.
        title: above it.
    """
    from matplotlib.figure import Figure

    count = len(classes)
    side = max(4.0, min(0.55 * count + 2, 24.0))
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = figure.subplots()
    counts: npt.NDArray[np.int64] = np.asarray(confusion, dtype=np.int64)
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, label="share of the class")
    axes.set(title=title, xlabel="answer", ylabel="truth")
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


def draw_confusion(
    path: Path, confusion: Sequence[Sequence[int]], classes: Sequence[str], title: str
) -> None:
    """Write the picture to a file.

    Args:
        path: its ending names the form: ``.png``, ``.svg`` or ``.pdf``.
        confusion: counts [truth][answer].
        classes: the classes' names.
        title: above it.

    Raises:
        DataError: the form is unknown, or the place cannot be written to.
    """
    form = path.suffix.lower().lstrip(".")
    if form not in ("png", "svg", "pdf"):
        raise DataError(f"{path} names no form of picture.", "End it in .png, .svg or .pdf.")
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        confusion_figure(confusion, classes, title).savefig(temporary, format=form, dpi=120)
        temporary.replace(path)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written ({error.strerror or error}).", "Choose another place."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
