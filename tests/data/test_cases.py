"""Mistakes that users of such programs reported, as small files, by the names of their cases.

csv-messages, labels-and-split, stream-csv, recording-number-20-digits, npz-object-array, model-name-late:
each is accepted with the right values, or refused in one sentence with what, where and the rule.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bundles import write_bundle
from click.testing import CliRunner, Result

from sensor_bnn.cli.ablate import command as ablate_command
from sensor_bnn.cli.bench import command as bench_command
from sensor_bnn.cli.evaluate import command as evaluate_command
from sensor_bnn.cli.stream import command as stream_command
from sensor_bnn.cli.train import command as train_command
from sensor_bnn.errors import CheckpointError, DataError, PortError, SensorBnnError
from sensor_bnn.live.recording import read_recording
from sensor_bnn.nn.checkpoint import save_checkpoint
from sensor_bnn.nn.families import build
from sensor_bnn.train import sets
from sensor_bnn.train.recipe import load_recipe

LINES = 40
"""Of each recording with each label; a window is half of that."""

Make = Callable[..., Path]


def lines_of(recording: object, label: str, count: int = LINES) -> list[str]:
    random = np.random.default_rng([len(str(recording)), len(label)])
    values = random.normal(size=(count, 3)).round(4)
    return [f"{recording},{label},{x},{y},{z}" for x, y, z in values.tolist()]


def whole() -> list[str]:
    """Recordings 1 to 4, each of rest and then of walk. Line n of the file is item n - 1."""
    parts = [lines_of(number, label) for number in (1, 2, 3, 4) for label in ("rest", "walk")]
    return ["recording,label,ax,ay,az", *(line for part in parts for line in part)]


@pytest.fixture
def case(tmp_path: Path) -> Make:
    """Writes a CSV file and its recipe; returns the recipe."""

    def make(
        lines: list[str],
        *,
        train: str = "[1, 2, 3]",
        test: str = "[4]",
        name: str = "case",
        start: str = "",
    ) -> Path:
        file = tmp_path / "data.csv"
        file.write_text(start + "\n".join(lines) + "\n", encoding="utf-8")
        recipe = tmp_path / f"{name}.toml"
        recipe.write_text(
            'preset = "sensor-tiny"\n[model]\nwidth = 32\nheads = 1\nlayers = 1\nlength = 20\n'
            f'[data]\nset = "csv"\npath = "{file}"\nwindow = 20\nstep = 10\n'
            f"train_subjects = {train}\ntest_subjects = {test}\n[schedule]\nepochs = 1\n",
            encoding="utf-8",
        )
        return recipe

    return make


def refused(recipe: Path) -> SensorBnnError:
    """What `train --dry-run` and `train` refuse, before a folder is made."""
    told = []
    for arguments in (["--dry-run"], ["--out", str(recipe.parent / "run")]):
        result = CliRunner().invoke(train_command, [str(recipe), *arguments])
        assert isinstance(result.exception, SensorBnnError), result.output
        told.append(result.exception)
    assert str(told[0]) == str(told[1]) and "\n" not in str(told[0])
    assert not (recipe.parent / "run").exists()
    return told[0]


def windows_of(recipe: Path) -> sets.Split:
    plan = load_recipe(str(recipe))
    return sets.split(sets.load(plan.data), plan)


def test_csv_messages_bom(case: Make) -> None:
    """As Excel writes it: skipped, by train and by stream."""
    plain = windows_of(case(whole()))
    recipe = case(whole(), start="\ufeff")
    np.testing.assert_array_equal(windows_of(recipe).test.x[:], plain.test.x[:])
    assert read_recording(recipe.with_name("data.csv")).raw.shape == (8 * LINES, 3)


@pytest.mark.parametrize("value", ["nan", "1e39"])
def test_csv_messages_nan_and_overflow(
    case: Make, value: str, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    lines = whole()
    lines[150] = lines[150].rpartition(",")[0] + f",{value}"
    found = refused(case(lines))
    assert f"data.csv: line 151: az is '{value}'; it must be a finite number" in found.message
    assert not [warning for warning in recwarn if "overflow" in str(warning.message)]
    assert "RuntimeWarning" not in capfd.readouterr().err


def test_csv_messages_string_recording(case: Make) -> None:
    """A name is as good as a number; a recipe that lists numbers names none of them."""
    lines = [line if at == 0 else f"S{line}" for at, line in enumerate(whole())]
    message = refused(case(lines)).message
    assert "data.train_subjects names recording 1, which the data set does not have" in message
    assert "It has S1, S2, S3, S4." in message
    found = windows_of(case(lines, train='["S1", "S2", "S3"]', test='["S4"]'))
    np.testing.assert_array_equal(found.test.x[:], windows_of(case(whole())).test.x[:])


def test_csv_messages_time_column(case: Make) -> None:
    """It is no channel. A time of another name would be one, and float32 does not hold it."""
    lines = whole()
    lines[0] = lines[0].replace("label,", "label,time_ms,")
    for at in range(1, len(lines)):
        number, label, rest = lines[at].split(",", 2)
        lines[at] = f"{number},{label},{1700000000000 + 20 * at},{rest}"
    assert windows_of(case(lines)).channels == ("ax", "ay", "az")
    found = refused(case([lines[0].replace("time_ms", "clock"), *lines[1:]]))
    assert "clock has 320 different values, from 1700000000020 to" in found.message
    assert "Leave the column clock out" in found.remedy


def test_labels_and_split_empty_label(case: Make) -> None:
    lines = [line.replace("2,walk", "2,") for line in whole()]
    message = refused(case(lines)).message
    assert f"data.csv: line {2 + 3 * LINES}: label is ''; it must not be empty" in message


def test_labels_and_split_no_such_recording(case: Make) -> None:
    message = refused(case(whole(), train="[1, 2, 33]")).message
    assert "data.train_subjects names recording 33, which the data set does not have" in message
    assert "It has 1, 2, 3, 4." in message
    assert "data.test_subjects names recording 9" in refused(case(whole(), test="[4, 9]")).message


def test_labels_and_split_only_tested(case: Make) -> None:
    message = refused(case([line.replace("4,walk", "4,run") for line in whole()])).message
    assert "Class run has none of the 18 windows to learn from; 3 windows are tested on" in message


def test_labels_and_split_too_short(case: Make) -> None:
    lines = [*whole(), *lines_of(5, "fall", 12)]
    message = refused(case(lines, train="[1, 2, 3, 5]")).message
    assert "data.train_subjects names recording 5, which has no window: data.window is 20 samples" in message
    assert f"12 samples of class fall, line {2 + 8 * LINES} of" in message
    message = refused(case(lines)).message
    assert "Class fall has none of the 18 windows to learn from" in message
    assert "its parts are shorter than data.window, 20 samples: 12 samples of class fall" in message


def test_labels_and_split_tested_and_learned_from(case: Make) -> None:
    message = refused(case(whole(), test="[3, 4]")).message
    assert "subjects [3] are both in the training part and in the test part" in message


def test_labels_and_split_what_is_odd_is_said(case: Make) -> None:
    lines = [*whole(), *lines_of(5, "rest"), *lines_of(5, "walk", 7), *lines_of(6, "rest")]
    plan = load_recipe(str(case(lines, test="[5]")))
    notes = sets.check_split(sets.load(plan.data), plan.data)
    assert notes[0] == "Class walk is learned from 9 windows and not tested."
    assert notes[1].startswith("1 parts are shorter than data.window, 20 samples, and not used: 7 samples of")
    assert notes[2] == "Neither learned from nor tested on: recording 4, 6."


@pytest.mark.usefixtures("training")
def test_labels_and_split_notes_are_printed(case: Make) -> None:
    recipe = case([line.replace("4,walk", "4,rest") for line in whole()])
    result = CliRunner().invoke(train_command, [str(recipe), "--dry-run"])
    assert "note: Class walk is learned from 9 windows and not tested." in result.stderr
    assert "note:" not in result.stdout


def checkpoint_of(recipe: Path) -> Path:
    """A checkpoint of the recipe as it is before training."""
    plan = load_recipe(str(recipe))
    parts = windows_of(recipe)
    model = build(plan.config(parts.shape, parts.classes, parts.channels))
    save_checkpoint(recipe.with_name("ckpt.pt"), model, plan.to_dict(), {})
    return recipe.with_name("ckpt.pt")


def test_labels_and_split_is_checked_by_evaluate_too(case: Make, caplog: pytest.LogCaptureFixture) -> None:
    checkpoint = checkpoint_of(case(whole()))
    case([line.replace("4,walk", "4,rest") for line in whole()])
    with caplog.at_level("WARNING"):
        assert CliRunner().invoke(evaluate_command, [str(checkpoint), "--json"]).exit_code == 0
    assert "Class walk is learned from 9 windows and not tested." in caplog.messages
    case([line for line in whole() if not line.startswith("4,")])
    error = CliRunner().invoke(evaluate_command, [str(checkpoint)]).exception
    assert isinstance(error, DataError)
    assert "data.test_subjects names recording 4, which the data set does not have" in error.message


def test_labels_and_split_notes_of_each_fold_are_printed(case: Make, tmp_path: Path) -> None:
    recipe = case(whole(), train="[1, 2, 3]")
    table = tmp_path / "table.toml"
    table.write_text(f'folds = [[1], [2]]\n[rows]\n"a" = "{recipe}"\n')
    case([line.replace("1,walk", "1,rest") for line in whole()])
    line = [str(table), "--out", str(tmp_path / "runs"), "--seeds", "1", "--folds", "--row", "none"]
    assert "has no row 'none'" in str(CliRunner().invoke(ablate_command, line).exception)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sensor_bnn.train.ablation.fill", lambda *arguments: [])
        done = CliRunner().invoke(ablate_command, line[:-2])
    assert done.exception is None, done.output
    assert "note: Class walk is learned from 6 windows and not tested." in done.stderr


def test_evaluate_away_from_the_data_says_what_it_takes(
    case: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = case(whole())
    recipe.write_text(recipe.read_text().replace(f"{tmp_path}/", ""))
    monkeypatch.chdir(tmp_path)
    checkpoint = checkpoint_of(recipe)
    assert CliRunner().invoke(evaluate_command, [str(checkpoint)]).exit_code == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert CliRunner().invoke(evaluate_command, [str(checkpoint)]).exit_code == 0
    (tmp_path / "data.csv").unlink()
    error = CliRunner().invoke(evaluate_command, [str(checkpoint)]).exception
    assert isinstance(error, DataError)
    assert (
        f"The data that {checkpoint} was trained on cannot be read: There is no data.csv in" in error.message
    )
    assert f"{tmp_path} or {tmp_path / 'elsewhere'}." in error.message
    assert (
        "the folder in which it was trained" in error.remedy and "an .npz file, with --data" in error.remedy
    )


def test_a_channel_that_never_changes_is_named(case: Make) -> None:
    lines = [line if at == 0 else f"{line.rpartition(',')[0]},0.1" for at, line in enumerate(whole())]
    assert "In the training windows, channel az never changes" in refused(case(lines)).message


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda line: line.replace(".", ","),
            "line 2: it has 8 fields, and the header has 5; .* with commas",
        ),
        (lambda line: line.replace("ax,ay,az", "x,x,z"), "line 1: columns 3 and 4 are both named x"),
    ],
)
def test_stream_csv_decimal_comma_and_same_name_twice(
    case: Make, change: Callable[[str], str], told: str
) -> None:
    recipe = case([change(line) for line in whole()])
    with pytest.raises(DataError, match=told):
        read_recording(recipe.with_name("data.csv"))
    assert "data.csv: line" in refused(recipe).message


def test_stream_csv_glued_lines(case: Make) -> None:
    """Two files were joined, and the first did not end in a newline."""
    lines = whole()
    lines[20:22] = [lines[20] + lines[21]]
    recipe = case(lines)
    told = "line 21: it has 9 fields, and the header has 5; perhaps two lines are joined"
    with pytest.raises(DataError, match=told):
        read_recording(recipe.with_name("data.csv"))
    assert told in refused(recipe).message


@pytest.fixture
def stream(tmp_path: Path, case: Make) -> Callable[..., Result]:
    """Runs `stream` with a bundle for three channels at a port that is not there."""

    def run(lines: list[str], *options: str, classes: list[str] | None = None) -> Result:
        bundle = write_bundle(
            tmp_path / "bundle",
            target="cortex-m7",
            input={"dtype": "float32", "shape": [1, 3, 20], "bytes": 240},
            output={"dtype": "float32", "shape": [1, 2], "bytes": 8},
            **({"classes": classes} if classes else {}),
        )
        file = case(lines).with_name("data.csv")
        port = ["--port", str(tmp_path / "no-port"), "--board", "qemu-mps2-an500"]
        return CliRunner().invoke(stream_command, [str(bundle), *port, "--data", str(file), *options])

    return run


def test_stream_csv_labels_are_compared_by_name(stream: Callable[..., Result]) -> None:
    """Refused before the port is opened; what is right gets as far as the port."""
    zumba = [line.replace("rest", "zumba") for line in whole()]
    result = stream(zumba, classes=["rest", "walk"])
    assert isinstance(result.exception, DataError)
    assert "labels of the recording: zumba. Its classes are rest, walk." in result.exception.message
    unlabelled = [line.replace("rest", "") for line in whole()]
    for lines in (whole(), unlabelled):
        assert isinstance(stream(lines, classes=["rest", "walk"]).exception, PortError)


def test_stream_csv_spaces_in_classes(stream: Callable[..., Result]) -> None:
    assert isinstance(stream(whole(), "--classes", "rest, walk").exception, PortError)
    assert isinstance(
        stream(whole(), "--classes", "rest, walk", classes=["rest", "walk"]).exception, PortError
    )
    result = stream(whole(), "--classes", "rest, swim")
    assert isinstance(result.exception, DataError) and "walk" in result.exception.message


def test_recording_number_20_digits(case: Make) -> None:
    """Date and time to the microsecond: it works."""
    first = 20240501103015123450
    lines = [line if at == 0 else f"{first + int(line[0])}{line[1:]}" for at, line in enumerate(whole())]
    found = windows_of(case(lines, train=str([first + 1, first + 2, first + 3]), test=f"[{first + 4}]"))
    plain = windows_of(case(whole()))
    np.testing.assert_array_equal(found.test.x[:], plain.test.x[:])
    assert len(found.train) == len(plain.train) == 18
    message = refused(case(lines, train=f"[{first + 9}]", test=f"[{first + 4}]")).message
    assert f"names recording {first + 9}, which the data set does not have" in message


def test_npz_object_array(tmp_path: Path) -> None:
    """As pandas' unique() gives names: `train` and `bench --samples` say how to save them."""
    names = np.array(["rest", "walk"], dtype=object)
    x = np.random.default_rng(0).normal(size=(4, 3, 100)).astype(np.float32)
    file = tmp_path / "objects.npz"
    np.savez(file, x=x, y=np.array([0, 1, 0, 1]), classes=names, recording=np.array([1, 1, 2, 2]))
    recipe = tmp_path / "objects.toml"
    recipe.write_text(
        f'[data]\nset = "npz"\npath = "{file}"\ntrain_subjects = [1]\ntest_subjects = [2]\n', encoding="utf-8"
    )
    bench = CliRunner().invoke(
        bench_command, [str(tmp_path), "--port", str(tmp_path / "no-port"), "--samples", str(file)]
    )
    for error in (refused(recipe), bench.exception):
        assert isinstance(error, DataError), error
        assert "objects.npz: classes holds Python objects" in error.message
        assert "np.array(classes, dtype=str)" in error.remedy


@pytest.mark.parametrize("name", ["schlaf-\u00fcberwachung", "a b\u200b", 'a"b', "..."])
def test_model_name_late(case: Make, name: str) -> None:
    """A name that no firmware can have is refused before anything is trained."""
    found = refused(case(whole(), name=name))
    assert isinstance(found, CheckpointError)
    assert f"name is {name!r}; it must be printable ASCII characters" in found.message
    assert "Set `name` in the recipe, or rename the file" in found.remedy
