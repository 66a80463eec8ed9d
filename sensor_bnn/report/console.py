"""The consoles for tables and for steps: no name and no number is cut, however narrow the terminal is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_COLUMNS = 150
"""Wide enough for every table; where nothing says a width, such as in a file, tables have this one."""
_UNLIMITED = 10_000


class TableConsole(Console):
    """A console that prints a table which is wider than the terminal as one paragraph per row.

    Rich would cut names and numbers, and a terminal would break the lines of the table anywhere.
    """

    def __init__(self, *, stderr: bool, columns: int) -> None:
        super().__init__(stderr=stderr)
        known = self.is_terminal or "COLUMNS" in os.environ
        self._is_narrow = known and self.width < columns
        if not self._is_narrow:
            self.width = max(self.width, columns)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print like rich's console, but for tables that do not fit."""
        fitting = (self._fitting(thing) for thing in objects) if self._is_narrow else objects
        super().print(*fitting, **options)

    def _fitting(self, thing: Any) -> Any:
        if isinstance(thing, Group):
            return Group(*map(self._fitting, thing.renderables))
        if not isinstance(thing, Table):
            return thing
        wanted = Measurement.get(self, self.options.update(width=_UNLIMITED), thing)
        # Keys with values have no headings: long values are wrapped beside their keys.
        least = wanted.maximum if thing.show_header else wanted.minimum
        return thing if least <= self.width else _Paragraphs(thing)


def table_console(*, stderr: bool = False, columns: int = _COLUMNS) -> TableConsole:
    """Return a console for tables, for a terminal and for a file alike.

    Args:
        stderr: whether it writes to standard error.
        columns: its width where nothing says one, and its least width in a wider terminal.
    """
    return TableConsole(stderr=stderr, columns=columns)


def steps_console(*, quiet: bool = False, highlight: bool = True) -> Console:
    """Return the console for steps and progress, which is standard error.

    A file has no width, so there rich wraps no line of it and cuts none.

    Args:
        quiet: whether nothing is printed.
        highlight: whether numbers and paths are coloured on a terminal.
    """
    console = Console(stderr=True, quiet=quiet, highlight=highlight)
    if not console.is_terminal:
        console.width = _UNLIMITED
    return console


class _Paragraphs:
    """A table whose rows are paragraphs: the first cell, and below it every other one with its heading."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = self._table
        if table.title:
            yield ""
            yield _text(console, table.title, "table.title")
        yield ""
        headings = [_line(_text(console, column.header).plain) for column in table.columns]
        if not table.show_header:
            headings = [""] * len(headings)
        # The heading of a mark is empty: the mark is set before the name of the row.
        first = next((place for place, heading in enumerate(headings) if heading), 0)
        for row, style in _rows(table, console):
            name = Text(" ", style=style or "").join(cell for cell in row[: first + 1] if cell.plain)
            facts = [
                Text(f"{heading} " if heading else "").append_text(cell)
                for heading, cell in zip(headings[first + 1 :], row[first + 1 :], strict=True)
                if cell.plain
            ]
            name.stylize(style or "")
            yield name
            yield Padding(Text("; ").join(facts), (0, 0, 0, 2), expand=False)
        if table.caption:
            yield ""
            yield _text(console, table.caption, "table.caption")


def _rows(table: Table, console: Console) -> Iterator[tuple[list[Text], Any]]:
    """Yield the cells of each row with its style, those of the footer last."""
    cells = zip(*(column.cells for column in table.columns), strict=True)
    for row, one in zip(table.rows, cells, strict=True):
        yield [_text(console, cell) for cell in one], row.style
    if not table.show_footer:
        return
    footers = [_text(console, column.footer).split("\n") for column in table.columns]
    for place in range(max(map(len, footers))):
        yield [lines[place] if place < len(lines) else Text() for lines in footers], None


def _text(console: Console, cell: RenderableType, style: str = "") -> Text:
    if isinstance(cell, Text):
        return cell.copy()
    assert isinstance(cell, str)  # all cells of our tables are texts
    return console.render_str(cell, style=style)


def _line(heading: str) -> str:
    return " ".join(heading.split())
