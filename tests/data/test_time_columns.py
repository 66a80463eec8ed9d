"""The column of times of a file that has none of the usual names: found by its name and its values."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sensor_bnn.cli import root
from sensor_bnn.data.recorded import Columns, steps_of
from sensor_bnn.errors import DataError
from sensor_bnn.train import sets
from sensor_bnn.train.guess import guessed
from sensor_bnn.train.recipe import load_recipe

STEP = 10.0
"""Milliseconds from one sample to the next."""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(header: str, scale: float = 1.0, *, start: float = 0.0, label: str = "") -> None:
    """Eight recordings of two classes at 100 Hz: a time, a channel that falls, and one that rises.

    Args:
        header: the name of the column of times.
        scale: what a millisecond is in its unit.
        start: the first time of a recording, in milliseconds.
        label: the only class; empty for two.
    """
    lines = [f"{header},run,state,x,slow"]
    for run in range(8):
        for at in range(120):
            time = (start + STEP * at + (at % 3 == 1)) * scale
            state = label or "ab"[run % 2]
            lines.append(f"{time:.15g},r{run},{state},{(at * 13 + run) % 11},{at // 9}")
    Path("own.csv").write_text("\n".join(lines) + "\n")


def look() -> tuple[dict[str, Any], dict[str, Any]]:
    """What `data` says, and [data] of the recipe that it writes."""
    done = CliRunner().invoke(root, ["data", "own.csv", "--json", "--write-recipe", "own.toml"])
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.stdout), tomllib.loads(Path("own.toml").read_text())["data"]


def test_the_recipe_that_is_written_names_the_time() -> None:
    write("t_ms")
    found, data = look()
    assert data["columns"] == {"recording": "run", "label": "state", "time": "t_ms"}
    assert found["time"]["rate"] == pytest.approx(100, rel=0.01) and not found["refused"]
    assert [channel["name"] for channel in found["channels"]] == ["x", "slow"]
    assert found["notes"][0] == "The column t_ms is taken for the time."
    assert sets.load(load_recipe("own.toml").data).channels == ("x", "slow")


@pytest.mark.parametrize(
    ("name", "scale", "start"),
    [
        ("ms", 1, 5000),
        ("millis", 1, 0),
        ("timestampMs", 1, 1.7e12),  # since 1970: float32 does not hold it, so that it cannot be a channel
        ("t [us]", 1000, 0),
        ("micros", 1000, 0),
        ("seconds_elapsed", 0.001, 0),
        ("sec", 0.001, 1e6),
        ("t", 0.001, 0),  # without a unit it is in seconds, as a column `time` is
    ],
)
def test_a_time_is_found_by_its_name_and_its_values(name: str, scale: float, start: float) -> None:
    write(name, scale, start=start)
    guess = guessed(Path("own.csv"))
    assert guess.data.columns == Columns(recording="run", label="state", time=name)
    assert guess.found is not None and guess.found.channels == ("x", "slow")
    steps = steps_of(guess.found)
    assert steps is not None and steps.rate == pytest.approx(100, rel=0.01)


@pytest.mark.parametrize("name", ["elapsed", "when"])
def test_a_time_of_an_unknown_unit_is_left_out_and_the_line_is_said(name: str) -> None:
    """Whole numbers without a unit may be milliseconds, and their name need not say that they are times."""
    write(name)
    found, data = look()
    assert data["channels"] == ["x", "slow"] and "time" not in data["columns"]
    assert found["time"]["rate"] is None
    (note,) = (note for note in found["notes"] if f"The column {name} " in note)
    assert f'write columns = {{ recording = "run", label = "state", time = "{name}" }} in [data]' in note
    assert f"rename it first, such as to {name}_ms" in note


def test_a_second_time_is_left_out_too() -> None:
    write("t_ms")
    lines = Path("own.csv").read_text().splitlines()
    times = (f"{float(line.split(',')[0]) / 1000}" for line in lines[1:])
    more = [f"{line},{time}" for line, time in zip(lines[1:], times, strict=True)]
    Path("own.csv").write_text("\n".join([lines[0] + ",when", *more]))
    found, data = look()
    assert data["columns"]["time"] == "t_ms" and data["channels"] == ["x", "slow"]
    assert found["time"]["rate"] == pytest.approx(100, rel=0.01)


@pytest.mark.parametrize("name", ["t_s", "t"])
def test_a_channel_under_the_name_of_a_time_stays_one(name: str) -> None:
    """A temperature falls, too, or rises in other steps."""
    write("x2")
    lines = Path("own.csv").read_text().splitlines()
    values = [f"{20 + place % 9 * 0.5},{line.partition(',')[2]}" for place, line in enumerate(lines[1:])]
    Path("own.csv").write_text("\n".join([lines[0].replace("x2", name), *values]))
    guess = guessed(Path("own.csv"))
    assert guess.found is not None and guess.found.channels == (name, "x", "slow")
    assert guess.found.time is None


@pytest.mark.parametrize(("scale", "told"), [(1, True), (0.001, False)])
def test_milliseconds_in_a_column_time_are_told(scale: float, told: bool) -> None:
    """Such a column is in seconds: a tenth of a sample per second, and whole numbers, are hardly meant."""
    write("time", scale)
    found, _ = look()
    assert found["time"]["rate"] == pytest.approx(0.1 if told else 100, rel=0.01)
    notes = [note for note in found["notes"] if "look like milliseconds" in note]
    assert len(notes) == told and all("rename the column to time_ms" in note for note in notes)
    recipe = Path("own.toml").read_text()
    assert ("# CHECK FIRST: The times in the column time are taken for seconds" in recipe) == told
    assert ("s, IF THE TIMES ARE IN SECONDS, see above" in recipe) == told


def test_one_class_only_is_refused_with_what_to_do() -> None:
    write("t_ms", label="idle")
    done = CliRunner().invoke(root, ["data", "own.csv", "--json"])
    refused = json.loads(done.stdout)["refused"]
    assert refused.startswith("All windows are of one class, idle: a model would always answer idle.")
    assert 'normal = "idle"' in refused
    # The line that is named makes a recipe that is not refused; without it, training says the same.
    lines = 'preset = "sensor-small"\n[data]\nset = "csv"\npath = "own.csv"\nwindow = 60\nstep = 60\n'
    lines += 'columns = { recording = "run", label = "state", time = "t_ms" }\n'
    Path("own.toml").write_text(lines + 'normal = "idle"\n')
    data = load_recipe("own.toml").data
    assert sets.check_split(sets.load(data), data)
    Path("own.toml").write_text(lines)
    done = CliRunner().invoke(root, ["train", "own.toml"])
    assert isinstance(done.exception, DataError) and str(done.exception) == refused
    assert not list(Path().glob("runs/*/*.pt"))
