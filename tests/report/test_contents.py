"""`sensor-bnn data`: what it says of data with known faults, in the terminal, as JSON and as a page."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from sensor_bnn.cli import root
from sensor_bnn.errors import CheckpointError, DataError, SensorBnnError
from sensor_bnn.train import sets
from sensor_bnn.train.recipe import load_recipe

from .browser import Browser

STEP_MS = 20
SAMPLES = 120
"""Of each recording with each label."""


def rows(*, faults: bool = False) -> list[str]:
    """Six recordings of three people: rest, then walk, at 50 Hz.

    With faults, ``ay`` is clipped, ``az`` constant, a value is missing, half a second is missing in recording
    2, and two samples of recording 3 have one time.
    """
    random = np.random.default_rng(1)
    lines = ["recording,label,subject,time_ms,ax [g],ay,az"]
    for recording in range(1, 7):
        time = 0
        for place, label in enumerate(("rest", "walk")):
            values = (place + random.normal(size=(SAMPLES, 3))).round(3)
            for at, (x, y, z) in enumerate(values.tolist()):
                time += STEP_MS
                if faults:
                    y, z = min(y, 1.0), 0.5
                    time += 500 * (recording == 2 and place == 0 and at == 70)
                    time -= STEP_MS * (recording == 3 and place == 0 and at == 5)
                lines.append(f"{recording},{label},p{recording % 3},{time},{x},{y},{z}")
    if faults:
        cells = lines[30].split(",")
        lines[30] = ",".join([*cells[:4], "", *cells[5:]])
    return lines


@pytest.fixture
def csv_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    monkeypatch.chdir(tmp_path)

    def write(**options: bool) -> Path:
        Path("own.csv").write_text("\n".join(rows(**options)) + "\n", encoding="utf-8")
        return Path("own.csv")

    return write


def typed(*words: str | Path) -> Result:
    return CliRunner().invoke(root, ["data", *map(str, words)])


def facts_of(*words: str | Path) -> dict[str, Any]:
    done = typed(*words, "--json")
    assert done.exit_code == 0, (done.output, done.exception)
    (line,) = done.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_the_json_is_of_its_schema_and_says_what_is_there(
    csv_file: Callable[..., Path], conforms: Callable[[str, object], None]
) -> None:
    found = facts_of(csv_file())
    conforms("data", found)
    assert (found["recordings"], found["subjects"], found["parts"]) == (6, 3, 12)
    assert (found["samples"], found["shortest"], found["longest"]) == (12 * SAMPLES, SAMPLES, SAMPLES)
    assert found["time"]["rate"] == pytest.approx(1000 / STEP_MS) and found["time"]["gaps"] == 0
    assert [channel["unit"] for channel in found["channels"]] == ["g", "", ""]
    assert not any(channel["constant"] or channel["clipped"] > 0.001 for channel in found["channels"])
    for one in found["classes"]:
        assert (one["recordings"], one["subjects"], one["samples"]) == (6, 3, 6 * SAMPLES)
        assert one["seconds"] == pytest.approx(6 * SAMPLES * STEP_MS / 1000)
        assert (one["learned"], one["tested"]) == (4, 2)
    split = found["split"]
    assert split["whole"] == "subject" and len(split["learned"]) == 2 and len(split["tested"]) == 1
    assert (split["learned_windows"], split["tested_windows"]) == (8, 4)
    # Windows of 100 in parts of 120: the rest of each part is in no window.
    assert found["dropped"] == [{"samples": 12 * 20, "why": "at the end of a part, or between two windows"}]
    assert found["refused"] == "" and found["notes"] == []


def test_faults_are_found_and_what_training_says_of_them(
    csv_file: Callable[..., Path], conforms: Callable[[str, object], None]
) -> None:
    found = facts_of(csv_file(faults=True))
    conforms("data", found)
    x, y, z = found["channels"]
    assert x["missing"] == 1 and z["constant"] and z["low"] == z["high"] == 0.5
    values = np.array([float(line.split(",")[5]) for line in rows(faults=True)[1:]])
    stuck = "".join("x" if value == 1 else " " for value in values).split()
    assert y["clipped"] == pytest.approx(sum(len(run) for run in stuck if len(run) > 2) / len(values))
    assert y["clipped"] > 0.1
    time = found["time"]
    assert (time["gaps"], time["twice"], time["backwards"]) == (1, 1, 0)
    assert time["longest_gap"] == pytest.approx(0.52)
    assert "own.csv: line 31: ax [g] is ''; it must be a number" in found["refused"]
    assert 'set data.missing in the recipe to "hold"' in found["refused"] and found["split"] is None
    told = " ".join(typed("own.csv").stdout.split())
    said = (
        "ax [g]",
        "TRAINING REFUSES",
        "constant",
        "1 gap, the longest 0.52 s",
        "Channel az never changes.",
    )
    for words in said:
        assert words in told


def test_with_the_keys_that_mend_them_training_takes_the_data(csv_file: Callable[..., Path]) -> None:
    csv_file(faults=True)
    recipe = Path("own.toml")
    keys = 'missing = "hold"\nchannels = ["ax [g]", "ay"]\nwindow = 60\nstep = 60\n'
    recipe.write_text(f'[data]\nset = "csv"\npath = "own.csv"\n{keys}')
    found = facts_of(recipe)
    assert found["refused"] == ""
    assert "1 missing values hold the value before them (data.missing)." in found["notes"]
    assert "1 gap in time, the longest of 0.52 s: no window crosses them." in found["notes"]
    # The gap is after 70 samples of 120: of the parts of 70 and 50, one is shorter than a window.
    assert {"samples": 50, "why": "in 1 part shorter than a window of 60"} in found["dropped"]
    windows = sum(one["learned"] + one["tested"] for one in found["classes"])
    assert windows == 11 * 2 + 1
    assert sum(one["samples"] for one in found["dropped"]) == found["samples"] - windows * 60


def test_the_terminal_prints_the_recipe_that_trains_it(csv_file: Callable[..., Path]) -> None:
    told = typed(csv_file()).stdout
    table, _, recipe = told.partition("A recipe begins with:\n")
    assert "25% of the subjects of each class" in " ".join(table.split())
    Path("own.toml").write_text(recipe)
    by_file, by_recipe = facts_of("own.csv"), facts_of("own.toml")
    assert {**by_file, "name": ""} == {**by_recipe, "name": ""}
    assert "A recipe begins with" not in typed("own.toml").stdout


def recipe_of(told: str) -> str:
    return told[told.index('preset = "') :]


def test_the_printed_recipe_is_one_that_trains(
    csv_file: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other names of columns, words, a row number, a constant and a missing value, and short recordings."""
    own = csv_file(faults=True)
    lines = own.read_text().replace("recording,label,subject,", "session,activity,user,").splitlines()
    odd = [f"{at - 1},{line},phone A" for at, line in enumerate(lines)]
    odd[0] = f"row,{lines[0]},device"
    # Of each label 70 samples: no window of 100.
    own.write_text("\n".join(line for at, line in enumerate(odd) if not at or (at - 1) % SAMPLES < 70) + "\n")
    done = typed(own)
    assert "A recipe that training takes begins with this; check what it chooses:" in done.stdout
    told = " ".join(done.stdout.split())
    for words in (
        "The column session is taken for the recording.",
        "The column activity is taken for the label.",
        "The column user is taken for the subject.",
        "These columns hold words, and are not read: device.",
    ):
        assert words in told
    assert "does not list them" not in told, "one note on one column"
    Path("own.toml").write_text(recipe_of(done.stdout))
    recipe = load_recipe("own.toml")
    assert recipe.data.channels == ("ax [g]", "ay") and recipe.data.missing == "interpolate"
    assert (recipe.data.window, recipe.data.step) == (70, 35)
    split = sets.split(sets.load(recipe.data), recipe)
    assert split.shape == (2, 70) and split.classes == ("rest", "walk")
    found = facts_of("own.toml")
    assert found["refused"] == "" and found["subjects"] == 3
    left_out = "Columns that are not read, because data.channels does not list them: row, az, device."
    assert left_out in found["notes"]


def test_of_columns_that_count_and_start_over_only_one_named_so_is_left_out_and_that_is_said(
    csv_file: Callable[..., Path],
) -> None:
    """The angle of an encoder rises in most rows as the number of a sample does, and is a channel."""
    own = csv_file()
    head, *lines = own.read_text().replace("recording,label,", "session,activity,").splitlines()
    counted = [f"{line},{at % 100},{at % 90}" for at, line in enumerate(lines)]
    own.write_text("\n".join([f"{head},sample,angle", *counted]))
    done = typed(own, "--write-recipe", "mine.toml")
    assert "The column sample counts the rows: it is left out." in " ".join(done.stdout.split())
    assert "column angle" not in done.stdout
    assert load_recipe("mine.toml").data.channels == ("ax [g]", "ay", "az", "angle")
    assert [one["name"] for one in facts_of(own)["channels"]] == ["ax [g]", "ay", "az", "angle"]


def test_a_channel_that_only_rises_is_in_neither_the_recipe_nor_another_note(
    csv_file: Callable[..., Path],
) -> None:
    own = csv_file()
    head, *lines = own.read_text().splitlines()
    counted = [f"{line},{at * at // 50}" for at, line in enumerate(lines)]
    own.write_text("\n".join([f"{head},pulses", *counted]))
    told = " ".join(typed(own, "--write-recipe", "mine.toml").stdout.split())
    assert (
        "The column pulses only rises, over all recordings, as a time or a count does: it is left out."
        in told
    )
    assert "add it to channels." in told and "In [data], " not in told
    assert load_recipe("mine.toml").data.channels == ("ax [g]", "ay", "az")


def test_a_recipe_is_written_that_is_the_printed_one(csv_file: Callable[..., Path]) -> None:
    """With odd columns, into another folder, from which it names the data; and it is never overwritten."""
    own = csv_file(faults=True)
    own.write_text(own.read_text().replace("recording,label,", "session,activity,"))
    Path("printed.toml").write_text(recipe_of(typed(own).stdout))
    done = typed(own, "--write-recipe", "recipes/mine.toml")
    assert "recipe recipes/mine.toml: look through it, then `sensor-bnn train" in done.stdout
    # A value is missing: training refuses the data, and takes them by the recipe.
    assert "TRAINING REFUSES" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("It mends what training refuses above, by ")
    assert 'missing = "interpolate"' in done.stdout.splitlines()[-1]
    written = Path("recipes/mine.toml").read_text()
    assert all("#" in line for line in written.splitlines() if "=" in line), "each key has a comment"
    assert "window = 100" in written and ": 2 s" in written
    recipe, printed = load_recipe("recipes/mine.toml"), load_recipe("printed.toml")
    assert recipe.data.path == "../own.csv" and recipe.data.place().samefile(own)
    assert replace(recipe.data, path="own.csv") == printed.data and recipe.preset == printed.preset
    again = typed(own, "--write-recipe", "recipes/mine.toml").exception
    assert isinstance(again, CheckpointError) and "which is not overwritten" in again.message
    assert Path("recipes/mine.toml").read_text() == written


@pytest.mark.parametrize(
    ("name", "told"),
    (
        ("mine.txt", "is no name of a recipe"),
        ('a"b.toml', "without quotes"),
        ("-.toml", "a letter or digit"),
    ),
)
def test_a_name_that_no_recipe_can_have_is_refused_at_once(
    name: str, told: str, csv_file: Callable[..., Path]
) -> None:
    error = typed(csv_file(), f"--write-recipe=./{name}").exception
    assert isinstance(error, CheckpointError) and told in str(error) and not Path(name).exists()


def test_no_recipe_is_written_where_none_trains(csv_file: Callable[..., Path]) -> None:
    own = csv_file()
    own.write_text("\n".join(line for line in rows() if line[0] in "r1") + "\n")
    done = typed(own, "--write-recipe", "mine.toml")
    assert isinstance(done.exception, DataError) and "No recipe was written" in done.exception.message
    assert "TRAINING REFUSES" in done.stdout and not Path("mine.toml").exists()
    Path("own.toml").write_text('[data]\nset = "csv"\npath = "own.csv"\n')
    assert typed("own.toml", "--write-recipe", "mine.toml").exit_code == 2


def test_an_example_is_new_and_training_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert typed("--example", "mine.csv").stdout == "example mine.csv: made-up motions, of three classes\n"
    found = facts_of("mine.csv")
    assert not found["refused"] and found["notes"] == [] and found["recordings"] == 12
    before = Path("mine.csv").read_bytes()
    error = typed("--example", "mine.csv").exception
    assert isinstance(error, DataError) and "which is not overwritten" in error.message
    assert Path("mine.csv").read_bytes() == before
    error = typed("--example", "other.txt").exception
    assert isinstance(error, DataError) and "does not end in .csv" in error.message
    assert not Path("other.txt").exists()
    assert typed("mine.csv", "--example", "other.csv").exit_code == typed().exit_code == 2


def test_a_key_and_its_value_are_on_one_line_in_80_columns(
    csv_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = [line.rstrip() for line in typed(csv_file()).stdout.splitlines()]
    assert [line for line in lines if len(line) > 80] == []
    for key, value in (
        ("data", "1,440 samples"),
        ("rate", "50 Hz"),
        ("split", "25% of"),
        ("learned from", ""),
    ):
        (line,) = [line for line in lines if line.strip().startswith(f"{key} ")]
        assert value in line and len(line.strip()) > len(key) + 2


def test_no_recipe_is_printed_where_none_trains(csv_file: Callable[..., Path]) -> None:
    own = csv_file()
    own.write_text("\n".join(line for line in rows() if line[0] in "r1") + "\n")  # nothing is left to test on
    told = typed(own).stdout
    assert "There is no recipe for these data yet: correct first what training refuses." in told
    assert "TRAINING REFUSES" in told and "preset" not in told


def test_a_channel_that_rests_while_it_is_learned_is_refused_at_once(csv_file: Callable[..., Path]) -> None:
    own = csv_file()
    lines = [line.split(",") for line in rows()]
    tested = {str(name) for name in facts_of(own)["split"]["tested"]}
    for cells in lines[1:]:
        cells[6] = cells[6] if cells[2] in tested else "1"
    own.write_text("\n".join(map(",".join, lines)) + "\n")
    found = facts_of(own)
    assert "In the training windows, channel az never changes." in found["refused"]
    assert "preset" not in typed(own).stdout


def test_the_page_has_every_class_and_needs_nothing_else(csv_file: Callable[..., Path]) -> None:
    done = typed(csv_file(), "--html", "page.html")
    assert done.exit_code == 0 and "page.html" in done.stdout
    page = Path("page.html").read_text(encoding="utf-8")
    assert page.count("<polyline") == 3 + 2 * 3  # the legend's three, and three channels of two classes
    assert "A window of class walk, 100 samples" in page and page.count(">4 + 2<") == 2
    assert (
        page.count('class="g0" style="width: 66.67%"') == page.count('class="g2" style="width: 33.33%"') == 2
    )
    assert "//" not in page.replace("</", "")


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_of_the_page_is_cut(
    width: int, csv_file: Callable[..., Path], browser: None, tmp_path: Path
) -> None:
    typed(csv_file(), "--html", "page.html")
    with Browser(tmp_path / "profile") as page:
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        page.ask("Emulation.setDeviceMetricsOverride", **size)
        page.open((tmp_path / "page.html").as_uri())
        assert page.run("document.documentElement.scrollWidth") <= width
        wide = "[...document.querySelectorAll('svg, .balance li')]"
        assert page.run(f"{wide}.every(part => part.getBoundingClientRect().right <= innerWidth)")
        assert page.run(f"{wide}.length") == 3 + 2 + 2
        assert page.complaints == []


def test_names_in_the_data_cannot_become_markup(csv_file: Callable[..., Path]) -> None:
    file = csv_file()
    file.write_text(file.read_text().replace("walk", "<script>x</script>"))
    typed(file, "--html", "page.html")
    page = Path("page.html").read_text(encoding="utf-8")
    assert "<script>x" not in page and "&lt;script&gt;x" in page


def test_windows_and_recordings_without_labels_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text("recording,ax\n" + "".join(f"1,{at % 7}\n" for at in range(150)))
    found = facts_of(file)
    assert found["unlabelled"] == found["samples"] == 150 and found["classes"] == []
    assert "it has no column label" in found["refused"]


def test_an_npz_is_told_as_well(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    recording = np.repeat(np.arange(4), 6)
    file = tmp_path / "own.npz"
    x = random.normal(size=(24, 2, 30)).astype(np.float32)
    np.savez(file, x=x, y=np.tile([0, 1], 12), classes=np.array(["a", "b"]), recording=recording)
    found = facts_of(file)
    assert (found["recordings"], found["parts"], found["window"]) == (4, 24, 30)
    assert len(found["split"]["tested"]) == 1 and found["split"]["tested_windows"] == 6
    assert [one["learned"] + one["tested"] for one in found["classes"]] == [12, 12]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("none.csv", "There is no none.csv"),
        ("empty", "empty has no file of recordings"),
        ("notes.txt", "notes.txt has a name that does not say its format"),
        ("none.toml", "There is no file none.toml"),
    ],
)
def test_what_is_no_data_is_refused(
    name: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("notes.txt").write_text("x")
    error = typed(name).exception
    assert isinstance(error, SensorBnnError) and told in error.message


def test_a_page_that_cannot_be_written_is_refused(csv_file: Callable[..., Path]) -> None:
    error = typed(csv_file(), "--html", "own.csv/page.html").exception
    assert isinstance(error, SensorBnnError) and not isinstance(error, DataError)
