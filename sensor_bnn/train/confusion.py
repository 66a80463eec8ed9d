"""A confusion matrix as a picture."""

from __future__ import annotations

from pathlib import Path

from sensor_bnn.errors import DataError
from sensor_bnn.train.evaluate import Evaluation

_MOST_NUMBERS = 30
"""The largest number of classes for which every cell shows its count."""


def draw_confusion(path: Path, found: Evaluation, classes: tuple[str, ...], title: str) -> None:
    """Draw a confusion matrix: rows are the truth, columns the answers.

    The darker a cell, the larger its share of the row.

    Args:
        path: the picture to write; its suffix gives the format: ``.png``, ``.svg`` or ``.pdf``.
        found: the evaluation to draw.
        classes: the names of the classes.
        title: the title above the picture.

    Raises:
        DataError: the format is unknown, or the file cannot be written.
    """
    from matplotlib.figure import Figure

    count = len(classes)
    side = max(4.0, min(0.55 * count + 2, 24.0))
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = figure.subplots()
    totals = found.confusion.sum(axis=1, keepdims=True)
    shares = found.confusion / totals.clip(min=1)
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
                number = str(found.confusion[row, column])
                axes.text(column, row, number, ha="center", va="center", color=colour, fontsize=8)
    form = path.suffix.lower().lstrip(".")
    if form not in ("png", "svg", "pdf"):
        raise DataError(f"{path} names no known picture format.", "Choose a name in .png, .svg or .pdf.")
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(temporary, format=form, dpi=120)
        temporary.replace(path)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written ({error.strerror or error}).", "Choose another place."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
