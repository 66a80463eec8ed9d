"""A confusion matrix for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

_MOST_CLASSES = 10
_COLUMNS = 56
"""Of a terminal of 60 columns, what names may take."""

_LONGEST, _SHORTEST = 12, 3
"""Signs of a class's name in the heading of its column."""


def confusion_table(
    classes: Sequence[str], recall: Sequence[float | None], confusion: Sequence[Sequence[int]]
) -> Table:
    """Draw the matrix: one row per true class, one column per answered class.

    A column's heading is the start of the class's name, or its number where those starts are alike or have no
    room; then each row begins with its number. With more than ten classes only the recalls are drawn.

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
    heads = _heads(classes) if drawn else []
    for number in range(len(classes) if drawn else 0):
        table.add_column(Text(heads[number] if heads else str(number)), justify="right", no_wrap=True)
    rows = zip(classes, recall, confusion, strict=True)
    for number, (name, share, counts) in enumerate(rows):
        told = "" if share is None else f"{share:.1%}"
        # As a text, because rich takes the [g] of a name for markup.
        row = Text(name if heads else f"{number} {name}")
        table.add_row(row, told, *map(str, counts if drawn else ()))
    return table


def _heads(classes: Sequence[str]) -> list[str]:
    """Return the start of each name that names its column; none if they are alike or have no room."""
    room = (_COLUMNS - max(map(len, classes), default=0) - len("100.0%")) // max(1, len(classes)) - 1
    heads = [name[: min(room, _LONGEST)].strip() for name in classes]
    return heads if room >= _SHORTEST and len({*heads}) == len(heads) else []
