"""A confusion matrix for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table

_MOST_CLASSES = 10


def confusion_table(
    classes: Sequence[str], recall: Sequence[float | None], confusion: Sequence[Sequence[int]]
) -> Table:
    """Draw the matrix: one row per true class, one column per answered class, which its number names.

    With more than ten classes only the recalls are drawn.

    Args:
        classes: the names of the classes.
        recall: per class the share of its samples that were answered right; None for a class without samples.
        confusion: counts [truth][answer].
    """
    drawn = len(classes) <= _MOST_CLASSES
    title = "rows: truth, columns: answer" if drawn else "the matrix itself: see --json"
    # As wide as the title at least, which would be broken into a word per line above few classes.
    table = Table(title=title, title_justify="left", box=box.SIMPLE, padding=0, min_width=len(title))
    table.add_column("class", no_wrap=True)
    table.add_column("recall", justify="right", no_wrap=True)
    for number in range(len(classes) if drawn else 0):
        table.add_column(str(number), justify="right", no_wrap=True)
    rows = zip(classes, recall, confusion, strict=True)
    for number, (name, share, counts) in enumerate(rows):
        told = "" if share is None else f"{share:.1%}"
        table.add_row(f"{number} {name}", told, *map(str, counts if drawn else ()))
    return table
