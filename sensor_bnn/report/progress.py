"""Progress bars of long work over a serial port, on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

Report = Callable[[str, int, int], None]
"""A callback that is called with a stage's name, the units done, and the total units of the stage."""


class _Speed(TransferSpeedColumn):
    """The rate, or nothing where it is not known, such as of an erase that one message tells of."""

    def render(self, task: Task) -> Text:
        known = task.finished_speed or task.speed
        return super().render(task) if known else Text()


@contextmanager
def transfer_bars() -> Iterator[Report]:
    """Show one bar per stage, with percentage and rate; units are bytes."""
    with _bars(TextColumn("{task.percentage:>3.0f}%"), _Speed()) as report:
        yield report


@contextmanager
def count_bars() -> Iterator[Report]:
    """Show one bar per stage, with the number done and the total number."""
    with _bars(MofNCompleteColumn(), TimeRemainingColumn()) as report:
        yield report


@contextmanager
def _bars(*columns: ProgressColumn) -> Iterator[Report]:
    tasks: dict[str, TaskID] = {}
    console = Console(stderr=True)
    with Progress(TextColumn("{task.description:<8}"), BarColumn(), *columns, console=console) as progress:

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total)
            progress.update(tasks[stage], completed=done, total=total)

        yield report
