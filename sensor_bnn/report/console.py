"""The console for tables: no name and no number is cut, however narrow the terminal is."""

from __future__ import annotations

from rich.console import Console

_COLUMNS = 150
"""Wide enough for every table. A narrower terminal wraps its lines; rich would cut names and numbers."""


def table_console(*, stderr: bool = False, columns: int = _COLUMNS) -> Console:
    """Return a console of at least so many columns, for a terminal and for a file alike.

    Args:
        stderr: whether it writes to standard error.
        columns: its least width.
    """
    return Console(stderr=stderr, width=max(Console(stderr=stderr).width, columns))
