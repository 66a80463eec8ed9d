"""The progress bars of a transfer and of runs, in a file and on a terminal."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from sensor_bnn.report.console import steps_console
from sensor_bnn.report.progress import RunBar, count_bars, run_columns, transfer_bars

LONG = "electric-devices-convolution-of-the-recipe-with-a-channel-of-its-own-" * 3
COLUMNS = (BarColumn(), TextColumn("{task.description}", markup=False))


def test_a_stage_that_is_told_once_has_no_rate(capsys: pytest.CaptureFixture[str]) -> None:
    """An erase is one answer: nothing says how fast it was, and no question mark does."""
    with transfer_bars() as report:
        report("erase", 4096, 4096)
        report("write", 0, 100)
        report("write", 100, 100)
    told = capsys.readouterr().err
    assert "erase" in told and "100%" in told and "?" not in told


def test_each_run_has_a_whole_line_in_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that ends early, and whatever the width of the terminal is from which it was started."""
    monkeypatch.setenv("COLUMNS", "60")
    console = steps_console()
    with Progress(*COLUMNS, console=console) as progress:
        bar = RunBar(progress)
        for number in range(3):
            epoch_done = bar.started(f"{LONG}{number}", 4)
            console.print(f"step of {LONG}{number}")
            for epoch in range(1, 4 - (number == 1)):
                epoch_done(epoch, {"top1": epoch / 4})
    lines = [line.rstrip() for line in capsys.readouterr().err.splitlines()]
    assert lines[:5] == [
        f"step of {LONG}0",
        f"{LONG}0  right 75.0%  3 of 4 epochs",
        f"step of {LONG}1",
        f"{LONG}1  right 50.0%  2 of 4 epochs",
        f"step of {LONG}2",
    ]
    (last,) = filter(None, lines[5:])
    assert last.endswith(f" {LONG}2  right 75.0%")


def shown(text: str) -> list[str]:
    """Return the lines of a terminal that has received a text."""
    lines, row = [""], 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[^\x1b\r\n]+|[\r\n]", text):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part.endswith("A") and part.startswith("\x1b"):
            row = max(0, row - int(part[2:-1]))
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part[0] not in "\x1b\r":
            lines[row] += part
    return lines


def test_bars_in_bars_do_not_overwrite_each_other_on_a_terminal() -> None:
    """As a run of `explore` counts its model on a board, with steps that are printed meanwhile."""
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=120)
    with Progress(*COLUMNS, console=console, auto_refresh=False) as progress:
        progress.add_task("3 of 9 runs", total=9, completed=3)
        RunBar(progress).started("now", 4)(1, {"top1": 0.5})
        console.print("building firmware")
        with transfer_bars(console) as report:
            report("write", 50, 100)
            console.print("a step between")
            report("write", 100, 100)
        with count_bars(console) as report:
            report("samples", 1, 1)
        console.print("after")
        progress.refresh()
    lines = shown(console.file.getvalue())  # type: ignore[attr-defined]
    order = ["building", "a step", "write ", "samples ", "after", "3 of 9 runs", "now  right"]
    places = [[at for at, line in enumerate(lines) if word in line] for word in order]
    assert all(len(found) == 1 for found in places), lines
    assert places == sorted(places)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_nothing_of_a_runs_bar_is_cut(width: int) -> None:
    """Neither the time that is left nor the last figure, which a narrow terminal has on another line."""
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=width)
    told = "my-sensor  rate 0.0029  loss 1.234  right 93.1%  validation 91.2%  2,345/s"
    with Progress(*run_columns(console, "epochs", counted=True), console=console) as progress:
        progress.add_task(told, total=375, completed=375)
    lines = shown(console.file.getvalue())  # type: ignore[attr-defined]
    words = " ".join(lines).split()
    assert "\u2026" not in "".join(lines) and max(map(len, lines)) <= width
    assert {"epochs", "375/375", "-:--:--", *told.split()} <= {*words}
