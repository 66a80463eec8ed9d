"""A recording for `stream` by a recipe: read as training reads it, and known to be learned from or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bundles import write_bundle
from click.testing import CliRunner

from sensor_bnn.cli import root
from sensor_bnn.errors import DataError, PortError
from sensor_bnn.hardware.boards import default_board
from sensor_bnn.live.of_recipe import read_by_recipe
from sensor_bnn.live.payloads import Settings
from sensor_bnn.live.recording import read_recording
from sensor_bnn.live.stream import Decision
from sensor_bnn.report.stream import print_budget, recording_line, stream_facts
from sensor_bnn.train.parts import settled
from sensor_bnn.train.recipe import DataRecipe
from sensor_bnn.train.sets import load
from sensor_bnn.train.windows import Recordings
from sensor_bnn.wire.protocol import Hello

SAMPLES = 20


@pytest.fixture
def data(tmp_path: Path) -> DataRecipe:
    """Six recordings of three people, each of a class; a column of words, and one missing value."""
    lines = ["session,person,activity,note,ay,ax"]
    for session in range(6):
        label = "sit" if session % 2 else "walk"
        lines += [f"s{session},p{session // 2},{label},ok?,{at},{session + at / 4}" for at in range(SAMPLES)]
    lines[3] = lines[3].replace(",2,", ",,")
    (tmp_path / "own.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    values = {"recording": "session", "label": "activity", "subject": "person"}
    plan = DataRecipe(set="csv", path=str(tmp_path / "own.csv"), window=10, step=10, missing="hold")
    return type(plan)(
        **{
            **{key: getattr(plan, key) for key in ("set", "path", "window", "step", "missing")},
            "columns": type(plan.columns)(**values),
            "channels": ("ax", "ay"),
        }
    )


def test_names_and_parts_are_those_of_the_training(data: DataRecipe) -> None:
    recording = read_by_recipe(data, None, None, ("ax", "ay"))
    dataset = load(data)
    assert isinstance(dataset, Recordings)
    learned, tested = settled(dataset, data).parts()
    assert dataset.whole == "subject" and learned and tested
    assert recording.names == tuple(f"s{session}" for session in range(6))
    assert recording.learned == tuple(f"p{session // 2}" in learned for session in range(6))
    assert recording.raw.shape == (6 * SAMPLES, 2) and recording.raw[2].tolist() == [0.5, 1]
    assert recording.labels[:SAMPLES] == ("walk",) * SAMPLES
    assert [recording.place(at) for at in (0, SAMPLES - 1, SAMPLES, 6 * SAMPLES - 1)] == [0, 0, 1, 5]


def test_of_another_file_it_is_not_known(data: DataRecipe, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("session,person,activity,ax,note,ay\nnew,p9,sit,1,x,2\n")
    recording = read_by_recipe(data, tmp_path / "new.csv", None, ("ax", "ay"))
    assert recording.raw.tolist() == [[1, 2]] and recording.names == ("new",) and recording.learned == ()


def test_a_set_without_files_is_refused(data: DataRecipe) -> None:
    with pytest.raises(DataError, match="the data set smartwatch, which is no file of recordings"):
        read_by_recipe(DataRecipe(), None, None, ())


def test_the_share_on_new_recordings_is_told_apart(
    data: DataRecipe, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """All decisions are `sit`; half of the labels are."""
    hello = Hello("0" * 64, 1_000_000, 240, 8, 1, 64, 512, "toy", "cycles", "m", "1")
    recording = read_by_recipe(data, None, None, ())
    ends = range(10, 6 * SAMPLES + 1, 10)
    decisions = [Decision(at, 0, 0, 1.0, 0.5, 1, 2, 3) for at in ends]
    told = [recording_line(recording, place) for place in range(6)]
    assert {line.partition(", ")[2] for line in told} == {"learned from", "not learned from"}

    facts = stream_facts(hello, default_board(), decisions, recording, Settings(10), ("sit", "walk"), 50)
    new = 2 * recording.learned.count(False)
    assert (facts["not_learned_decisions"], facts["not_learned_top1_steady"]) == (new, 0.5)
    assert [one["recording"] for one in facts["decisions"][:3]] == ["s0", "s0", "s1"]
    assert facts["decisions"][0]["learned"] == recording.learned[0]
    print_budget(facts)
    assert f"right: 50.00% smoothed, of {new} of these, which are on recordings that it did not learn" in (
        " ".join(capsys.readouterr().out.split())
    )
    (tmp_path / "new.csv").write_text("recording,label,ax\n" + "1,sit,1\n" * 20)
    unknown = read_recording(tmp_path / "new.csv")
    assert recording_line(unknown, 0) == "recording 1"
    facts = stream_facts(hello, default_board(), decisions[:2], unknown, Settings(10), ("sit", "walk"), 50)
    assert facts["not_learned_decisions"] is None
    print_budget(facts)
    assert "whether the model learned from these recordings is not known here" in (
        " ".join(capsys.readouterr().out.split())
    )
    none = type(unknown)(np.zeros((20, 1), np.float32), ("sit",) * 20)
    print_budget(stream_facts(hello, default_board(), decisions[:2], none, Settings(10), ("sit", "walk"), 50))
    assert "learned" not in capsys.readouterr().out


def test_the_command_reads_by_the_recipe_before_it_looks_for_a_board(
    data: DataRecipe, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = write_bundle(
        tmp_path / "bundle",
        input={"dtype": "float32", "shape": [1, 2, 10], "bytes": 80},
        output={"dtype": "float32", "shape": [1, 2], "bytes": 8},
        channels=["ax", "ay"],
        classes=["sit", "walk"],
    )
    recipe = tmp_path / "own.toml"
    recipe.write_text(
        '[data]\nset = "csv"\npath = "own.csv"\nwindow = 10\nmissing = "hold"\nchannels = ["ax", "ay"]\n'
        'columns = { recording = "session", label = "activity", subject = "person" }\n'
    )
    words = ["stream", str(bundle), "--port", str(tmp_path / "none"), "--recipe", str(recipe)]
    error = CliRunner().invoke(root, words).exception
    assert isinstance(error, PortError), error
    assert "These columns are not channels, and not sent: note." in caplog.text
    done = CliRunner().invoke(root, ["stream", "--board", "qemu-mps2-an500", "--recipe", str(recipe)])
    assert done.exit_code == 2 and "Give a BUNDLE with --recipe." in done.output
