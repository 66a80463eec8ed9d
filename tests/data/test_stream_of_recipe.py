"""A recording for `stream` by a recipe: read as training reads it, and known to be learned from or not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bundles import write_bundle
from click.testing import CliRunner

from sensor_bnn.cli import root
from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.errors import DataError, PortError
from sensor_bnn.hardware.boards import default_board
from sensor_bnn.live.of_recipe import read_by_recipe
from sensor_bnn.live.payloads import Settings
from sensor_bnn.live.recording import of_model, read_recording
from sensor_bnn.live.stream import Decision
from sensor_bnn.report.stream import Truth, decision_line, print_budget, recording_line, stream_facts
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


def timed(file: Path, rate: float, more: str = "") -> Path:
    """Four recordings with times and numbers to predict."""
    lines = [f"time,recording,label,ax{more}"]
    for one in range(4):
        for at in range(SAMPLES):
            number = f",{one % 2 + 1 + at / 10}" if more else ""
            lines.append(f"{at / rate:.4f},{one},{'ab'[one % 2]},{at}{number}")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_the_rate_is_that_of_the_times(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = timed(tmp_path / "a.csv", 100)
    assert read_recording(file).rate == pytest.approx(100)
    assert read_recording(file, rate=100.5).rate == 100.5
    with pytest.raises(DataError, match=r"--rate is 50 Hz, but by the times in .*a.csv it is 100 Hz"):
        read_recording(file, rate=50)
    (tmp_path / "none.csv").write_text("ax\n1\n")
    assert read_recording(tmp_path / "none.csv").rate is None
    assert read_recording(tmp_path / "none.csv", rate=25).rate == 25
    assert caplog.text == ""
    slow = timed(tmp_path / "b.csv", 50).read_text().splitlines()[1:]
    mixed = file.read_text() + "\n".join(line.replace(",", ",1", 1) for line in slow) + "\n"
    file.write_text(mixed)
    read_recording(file)
    assert "have 50 to 100 Hz by their times" in caplog.text


def test_the_rate_by_a_recipe(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    own, other = timed(tmp_path / "own.csv", 50), timed(tmp_path / "other.csv", 100)
    plan = DataRecipe(set="csv", path=str(own), window=10, step=10)
    assert read_by_recipe(plan, None, None, ("ax",)).rate == pytest.approx(50)
    assert caplog.text == ""
    found = read_by_recipe(plan, other, None, ("ax",))
    assert found.rate == pytest.approx(100) and len(found.raw) == 4 * SAMPLES
    assert "was trained on 50 samples per second, and gets 100" in caplog.text
    with pytest.raises(DataError, match=r"--rate is 50 Hz, but by the times in .*other.csv it is 100 Hz"):
        read_by_recipe(plan, other, None, ("ax",), rate=50)

    caplog.clear()
    brought = replace(plan, resample=25.0)
    found = read_by_recipe(brought, other, None, ("ax",))
    assert found.rate == 25 and len(found.raw) == SAMPLES
    assert "trained on" not in caplog.text and "Resampled from 100 to 25 Hz" in caplog.text

    stated = replace(plan, rate=50.0)
    with pytest.raises(DataError, match=r"data.rate is 50 Hz, but by the times in .*other.csv it is 100 Hz"):
        read_by_recipe(stated, other, None, ("ax",))
    assert read_by_recipe(stated, other, None, ("ax",), rate=100).rate == pytest.approx(100)
    with pytest.raises(DataError, match=r"--rate is 100 Hz, but by the recipe's data.rate it is 25 Hz"):
        read_by_recipe(replace(untimed(tmp_path), rate=25.0), None, None, ("ax",), rate=100)
    assert read_by_recipe(replace(plan, rate=25.0), None, None, ("ax",)).rate == 25
    assert "data.rate is 25 Hz and counts; by the times in" in caplog.text
    with pytest.raises(DataError, match="stretched to one window each"):
        read_by_recipe(replace(plan, lengths="stretch"), None, None, ("ax",))


def untimed(folder: Path) -> DataRecipe:
    lines = timed(folder / "timed.csv", 50).read_text().splitlines()
    (folder / "untimed.csv").write_text("\n".join(line.partition(",")[2] for line in lines) + "\n")
    return DataRecipe(set="csv", path=str(folder / "untimed.csv"), window=10, step=10)


def test_the_test_part_is_sent_first(data: DataRecipe, caplog: pytest.LogCaptureFixture) -> None:
    whole = read_by_recipe(data, None, None, ("ax", "ay"))
    tested = read_by_recipe(data, None, None, ("ax", "ay"), part=None)
    names = tuple(name for name, learned in zip(whole.names, whole.learned, strict=True) if not learned)
    assert tested.names == names and set(tested.learned) == {False}
    assert f"Sent are the {len(names)} of 6 recordings" in caplog.text
    assert tested.breaks == tuple(range(SAMPLES, len(names) * SAMPLES, SAMPLES))
    first = whole.names.index(names[0]) * SAMPLES
    assert tested.raw[:SAMPLES].tolist() == whole.raw[first : first + SAMPLES].tolist()
    assert tested.labels[:SAMPLES] == whole.labels[first : first + SAMPLES]
    limited = read_by_recipe(data, None, SAMPLES + 1, ("ax", "ay"), part="test")
    assert limited.raw.tolist() == tested.raw[: SAMPLES + 1].tolist()
    assert (limited.names, limited.breaks) == (names[:2], (SAMPLES,))


def test_no_part_of_another_file(data: DataRecipe, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("session,person,activity,ax,ay\nnew,p9,sit,1,2\n")
    with pytest.raises(DataError, match="--part test: which of these recordings"):
        read_by_recipe(data, tmp_path / "new.csv", None, ("ax", "ay"), part="test")
    assert read_by_recipe(data, tmp_path / "new.csv", None, ("ax", "ay"), part=None).names == ("new",)


NUMBER = "speed [m/s]"


def test_true_numbers_are_shown_beside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    file = timed(tmp_path / "a.csv", 100, f",{NUMBER}")
    bundle = write_bundle(
        tmp_path / "bundle",
        input={"dtype": "float32", "shape": [1, 1, 10], "bytes": 40},
        output={"dtype": "int16", "shape": [1, 1], "bytes": 2},
        channels=["ax"],
        classes=None,
        numbers=[{"name": NUMBER, "scale": 1.0, "offset": 2.0}],
    )
    plain = read_recording(file, None, ("ax",), (NUMBER,))
    plan = DataRecipe(set="csv", path=str(file), window=10, step=10, targets=(NUMBER,), resample=50.0)
    resampled = read_by_recipe(plan, None, None, ("ax",))
    assert resampled.truth is not None and len(resampled.truth) == len(resampled.raw) == 2 * SAMPLES
    assert resampled.truth[0, 0] == pytest.approx(1.05)
    assert of_model(resampled, read_metadata(bundle)).channels == ("ax",)
    recording = of_model(plain, read_metadata(bundle))
    assert recording.channels == ("ax",) and "not sent" not in caplog.text
    truth = recording.truth_of([10, 20], 10)
    assert truth is not None and truth[:, 0] == pytest.approx([1.45, 2.45])

    hello = Hello("0" * 64, 1_000_000, 240, 8, 1, 64, 512, "toy", "cycles", "m", "1")
    said = ((10, 2.45), (20, 2.45))
    decisions = [Decision(at, 0, 0, 0.0, 0.0, 1, 2, 3, (value,), (value + 1,)) for at, value in said]
    line = decision_line(decisions[0], (NUMBER,), 100, (1.45,))
    assert line.endswith("window alone: 2.45   true: 1.45") and "0.10 s" in line
    for learned, ends in (
        ((), "is not known here; --recipe tells it"),
        ((True,) * 4, "learned from all of these: this says nothing about its accuracy on new data"),
        ((False,) * 4, "the model did not learn from any of these recordings"),
    ):
        facts = stream_facts(
            *(hello, default_board(), decisions, replace(recording, learned=learned), Settings(10)),
            *((NUMBER,), 100, Truth(truth, (2.0,))),
        )
        (error,) = facts["errors"]
        assert error["rmse_alone"] == pytest.approx(np.sqrt(0.5))
        assert error["rmse"] == pytest.approx(np.sqrt((2**2 + 1) / 2))
        assert error["mean_rmse"] == pytest.approx(np.sqrt((0.55**2 + 0.45**2) / 2))
        assert facts["decisions"][1]["truth"] == pytest.approx([2.45])
        print_budget(facts)
        told = " ".join(capsys.readouterr().out.split())
        assert f"RMSE of {NUMBER}: 1.581 smoothed, 0.7071 by the window alone, 0.5025 if it always" in told
        assert told.endswith(ends)


def test_a_recording_without_true_numbers_is_sent(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"ax,{NUMBER}\n1,\n2,3\n")
    found = read_recording(file, None, ("ax",), (NUMBER,))
    assert found.truth is None and found.raw.tolist() == [[1], [2]] and found.channels == ("ax",)
    assert "No true values are shown: " in caplog.text
    plan = DataRecipe(set="csv", path=str(tmp_path), window=2, targets=(NUMBER,), missing="hold")
    file.write_text(f"recording,ax,{NUMBER}\n1,1,2\n2,2,\n")
    assert read_by_recipe(plan, file, None, ("ax",), part=None).truth is None
    assert f"A value of {NUMBER} is missing" in caplog.text


def test_a_rate_that_nothing_states_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bundle = write_bundle(
        tmp_path / "bundle",
        input={"dtype": "float32", "shape": [1, 1, 2], "bytes": 8},
        channels=["ax"],
        classes=["a", "b", "c"],
    )
    (tmp_path / "a.csv").write_text("ax\n1\n2\n3\n")
    words = ["stream", str(bundle), "--port", str(tmp_path / "none"), "--data", str(tmp_path / "a.csv")]
    assert isinstance(CliRunner().invoke(root, words).exception, PortError)
    assert "Nothing states the rate: 50 Hz is assumed" in caplog.text
    caplog.clear()
    assert isinstance(CliRunner().invoke(root, [*words, "--rate", "20"]).exception, PortError)
    assert "Nothing states" not in caplog.text
    (tmp_path / "own.csv").write_text(
        "recording,label,ax\n1,a,1\n1,a,2\n2,b,3\n2,b,4\n3,a,1\n3,a,1\n4,b,2\n4,b,0\n"
    )
    (tmp_path / "own.toml").write_text('[data]\nset = "csv"\npath = "own.csv"\nwindow = 2\nstep = 2\n')
    of_recipe = [*words[:4], "--recipe", str(tmp_path / "own.toml"), "--part", "all"]
    assert isinstance(CliRunner().invoke(root, of_recipe).exception, PortError)
    assert "Nothing states the rate: 50 Hz is assumed" in caplog.text
    assert CliRunner().invoke(root, [*words, "--part", "all"]).exit_code == 2


@pytest.mark.parametrize("resample", [0.0, 25.0])
def test_a_gap_in_time_begins_the_stream_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, resample: float
) -> None:
    """Two recordings at 50 Hz; in the first, time is missing twice, once where the label changes."""
    lines = ["time,recording,label,ax"]
    for recording in "pq":
        for at in range(60):
            jump = (at >= 20) + (at >= 40) if recording == "p" else 0
            label = "sit" if at < 40 else "walk"
            lines.append(f"{at / 50 + jump:.2f},{recording},{label},{at}")
    file = tmp_path / "gaps.csv"
    file.write_text("\n".join(lines) + "\n")
    plan = DataRecipe(set="csv", path=str(file), window=10, step=10, resample=resample)
    whole = read_by_recipe(plan, None, None, ("ax",), part="all")
    length = 10 if resample else 20
    assert whole.breaks == (length, 2 * length, 3 * length)
    assert whole.names == ("p", "p", "p", "q") and len(set(whole.learned[:3])) == 1
    assert "2 gaps in time, the longest of 1.02 s: no window crosses them." in caplog.text
    lines = [recording_line(whole, place, place - 1 if place else None) for place in range(4)]
    assert [line.split(",")[0] for line in lines] == ["recording p", "", "", "recording q"]
    caplog.clear()
    assert len({*read_by_recipe(plan, None, None, ("ax",), part=None).names}) == 1
    assert "Sent are the 1 of 2 recordings" in caplog.text
    if not resample:
        caplog.clear()
        plain = read_recording(file)
        assert (plain.breaks, plain.names) == (whole.breaks, whole.names)
        assert plain.raw.tolist() == whole.raw.tolist()
        assert "2 gaps in time" in caplog.text
