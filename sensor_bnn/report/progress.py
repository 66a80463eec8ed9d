"""Progress bars of long work, on stderr: over a serial port, and of the runs of a training."""

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
from rich.table import Column
from rich.text import Text

from sensor_bnn.report.console import steps_console

Report = Callable[[str, int, int], None]
"""A callback that is called with a stage's name, the units done, and the total units of the stage."""


_WIDE = 140
"""The columns of a terminal in which a long bar and all words about a run fit in one line."""


class _Speed(TransferSpeedColumn):
    """The rate, or nothing where it is not known, such as of an erase that one message tells of."""

    def render(self, task: Task) -> Text:
        known = task.finished_speed or task.speed
        return super().render(task) if known else Text()


@contextmanager
def transfer_bars(console: Console | None = None) -> Iterator[Report]:
    """Show one bar per stage, with percentage and rate; units are bytes.

    Args:
        console: where they are shown. Bars within other bars require the console of these: on a terminal, two
            consoles would overwrite each other. None for a console of their own.
    """
    with _bars(console, TextColumn("{task.percentage:>3.0f}%"), _Speed()) as report:
        yield report


@contextmanager
def count_bars(console: Console | None = None) -> Iterator[Report]:
    """Show one bar per stage, with the number done and the total number.

    Args:
        console: as in ``transfer_bars``.
    """
    with _bars(console, MofNCompleteColumn(), TimeRemainingColumn()) as report:
        yield report


@contextmanager
def _bars(console: Console | None, *columns: ProgressColumn) -> Iterator[Report]:
    tasks: dict[str, TaskID] = {}
    shown = console or steps_console()
    with Progress(TextColumn("{task.description:<8}"), BarColumn(), *columns, console=shown) as progress:

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total)
            progress.update(tasks[stage], completed=done, total=total)

        yield report


def run_columns(console: Console, title: str = "", *, counted: bool = False) -> tuple[ProgressColumn, ...]:
    """Return the columns of bars of runs: bar, time left, and words, which a narrow terminal wraps.

    Rich would cut the time and the words there.

    Args:
        console: where the bars are shown.
        title: a word before each bar.
        counted: whether the bar is followed by the number done and the total number.
    """
    whole = Column(no_wrap=True)
    columns: list[ProgressColumn] = [TextColumn(title, table_column=whole)] if title else []
    columns.append(BarColumn(40 if console.width >= _WIDE else 10, table_column=whole))
    if counted:
        columns.append(MofNCompleteColumn(table_column=whole))
    columns.append(TimeRemainingColumn(table_column=whole))
    words = TextColumn("{task.description}", markup=False, table_column=Column(overflow="fold"))
    return (*columns, words)


class RunBar:
    """The bar of the run that is trained now, one after the other in the same place.

    A file has no place to show one run after the other, so there each run gets a line when the next one
    begins; rich prints that of the last run.

    Args:
        progress: the bars to which it is added.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=1)
        self._told = ""

    def started(self, name: str, epochs: int) -> Callable[[int, dict[str, float]], None]:
        """Show another run; return the callback that is called after each of its epochs.

        Args:
            name: the name of the run.
            epochs: how many it takes.
        """
        console = self._progress.console
        if self._told and not console.is_terminal:
            console.print(self._told, markup=False, highlight=False)
        self._told = name
        self._progress.reset(self._task, total=epochs, description=name)

        def epoch_done(epoch: int, entry: dict[str, float]) -> None:
            shown = f"{name}  right {entry['top1']:.1%}"
            self._told = f"{shown}  {epoch} of {epochs} epochs"
            self._progress.update(self._task, completed=epoch, description=shown)

        return epoch_done
