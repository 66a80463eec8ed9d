"""The live stream, end to end on the emulated board, and the recordings that are sent to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from bundles import bundle_facts, write_bundle
from click.testing import CliRunner

from sensor_bnn.cli.stream import command
from sensor_bnn.compiler.metadata import Metadata
from sensor_bnn.data.samples import read_samples
from sensor_bnn.errors import DataError
from sensor_bnn.hardware.boards import default_board
from sensor_bnn.live.payloads import Payloads, Settings
from sensor_bnn.live.recording import Recording, read_recording
from sensor_bnn.live.stream import Decision, names_of
from sensor_bnn.measure.bench import host_outputs
from sensor_bnn.report.stream import print_budget, stream_facts
from sensor_bnn.wire.protocol import Hello
from sensor_bnn.workflows.demo import SHIPPED


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_the_shipped_model_hears_its_recordings(
    tmp_path: Path, conforms: Callable[[str, object], None]
) -> None:
    """A hop of a window: each decision is that of one recorded window, as this machine computes it."""
    line = [sys.executable, "-m", "sensor_bnn", "stream", "--board", default_board().name, "--json"]
    done = subprocess.run(
        [*line, "--hop", "100", "--limit", "600"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    conforms("stream", result)
    samples = read_samples(SHIPPED / "samples.npz", 6)
    outputs = host_outputs(tmp_path / "build" / "stream" / "host", samples)
    meant = [samples.classes[answer] for answer in outputs.argmax(axis=1)]
    assert [decision["answer"] for decision in result["decisions"]] == meant
    assert [decision["at"] for decision in result["decisions"]] == [100, 200, 300, 400, 500, 600]
    parts = sum(result[name]["median"] for name in ("preparing", "inferring", "smoothing"))
    assert parts == pytest.approx(result["cost"]["median"], rel=0.01)
    assert result["needed_per_second"] == round(result["cost"]["max"] / 2.0)
    assert result["budget_used"] is None, "virtual time is no time"
    assert "budget: a decision every 2,000.0 ms (100 samples at 50 Hz)" in done.stderr


def test_a_csv_recording(tmp_path: Path) -> None:
    file = tmp_path / "walk.csv"
    file.write_text("recording,label,ax,ay\n1,rest,0.5,1\n1,walk,-2,3e1\n")
    recording = read_recording(file)
    assert recording.raw.tolist() == [[0.5, 1.0], [-2.0, 30.0]] and recording.labels == ("rest", "walk")
    assert len(read_recording(file, 1).raw) == 1
    file.write_text("ax\n1\n")
    assert read_recording(file).labels == ()


def test_windows_one_behind_the_other(tmp_path: Path) -> None:
    x = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    np.savez(tmp_path / "w.npz", x=x, y=np.array([1, 0]), classes=np.array(["a", "b"]))
    recording = read_recording(tmp_path / "w.npz")
    assert recording.raw[:, 0].tolist() == [0, 1, 2, 6, 7, 8]
    assert recording.labels == ("b", "b", "b", "a", "a", "a")


def test_samples_without_a_label_are_neither_right_nor_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """Of the four decisions, the last samples of two windows have a label; one decision is right."""
    hello = Hello("0" * 64, 1_000_000, 240, 8, 1, 64, 512, "toy", "cycles", "m", "1")
    answers = ((2, 0), (4, 1), (6, 0), (8, 1))
    decisions = [Decision(at, answer, 0, 1.0, 0.5, 1, 2, 3) for at, answer in answers]
    settings = Settings(hop=2)

    def facts(labels: tuple[str, ...]) -> dict[str, object]:
        recording = Recording(np.zeros((8, 3), np.float32), labels)
        return stream_facts(hello, default_board(), decisions, recording, settings, ("rest", "walk"), 50)

    partly = facts(("", "rest", "rest", "", "", "", "", "rest"))
    assert (partly["labelled_decisions"], partly["top1_answer"], partly["top1_steady"]) == (2, 0.5, 1.0)
    all_of_them = facts(("rest",) * 8)
    assert (all_of_them["labelled_decisions"], all_of_them["top1_answer"]) == (4, 0.5)
    for labels in ((), ("rest", "") * 4):
        none = facts(labels)
        assert (none["labelled_decisions"], none["top1_answer"], none["top1_steady"]) == (0, None, None)
    print_budget(partly)
    told = "right: 100.00% smoothed, 50.00% by the window alone, of 2 decisions with a label"
    assert told in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Give --port, or --board"),
        (["--port", "p"], "give the BUNDLE"),
        (["bundle", "--board", "b"], "Give --data"),
        (["--board", "b", "--gain", "1,x"], "Give numbers with commas between"),
        (["--board", "b", "--gain", "1,inf"], "inf is not a finite number. Give"),
        (["--board", "b", "--offset", "nan"], "nan is not a finite number. Give"),
        (["--board", "b", "--rate", "inf"], "inf is not a finite number."),
    ],
)
def test_wrong_usage(arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENSOR_BNN_PORT", raising=False)
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 2 and told in done.output


@pytest.mark.parametrize(
    ("offset", "gain", "value", "told"),
    [
        (1e39, 1.0, 1.0, r"An offset or a gain is 1e\+39; it must be a finite number of at most 3.4e\+38"),
        (0.0, np.nan, 1.0, "An offset or a gain is nan"),
        (0.0, 1e38, 4.0, "Channel 1 of sample 2 is 4.0, and beyond float32 with an offset of 0 and a gain"),
        (-3e38, 1.0, 3e38, r"Channel 1 of sample 2 is 3\S+, and beyond float32 with an offset of -3e\+38"),
        (0.0, 1.0, np.inf, "Channel 1 of sample 2 is inf"),
    ],
)
def test_a_board_gets_no_infinite_input(offset: float, gain: float, value: float, told: str) -> None:
    facts = bundle_facts(input={"dtype": "float32", "shape": [1, 2, 3], "bytes": 24})
    sent = Payloads(msgspec.convert(facts, Metadata), Settings(1, 1.0, (0.0, offset), (1.0, gain)))
    raw = np.zeros((3, 2), np.float32)
    raw[2, 1] = value
    with pytest.raises(DataError, match=told):
        sent.opening()
        sent.samples(raw)


def taken(labels: tuple[str, ...] = (), classes: tuple[str, ...] = ()) -> Recording:
    return Recording(np.zeros((len(labels), 1), np.float32), labels, classes)


def test_the_names_of_the_classes(tmp_path: Path) -> None:
    named = write_bundle(tmp_path / "named", classes=["walk", "rest", "run"])
    assert names_of(named, (), taken(("rest", "", "walk"))) == ("walk", "rest", "run")
    assert names_of(named, (), taken(classes=("rest", "run", "walk"))) == ("walk", "rest", "run")
    for given, recording in (
        (("swim",), taken()),
        ((), taken(classes=("swim",))),
        ((), taken(("rest", "swim"))),
    ):
        with pytest.raises(DataError, match=r"swim\. Its classes are walk, rest, run\."):
            names_of(named, given, recording)


def test_a_bundle_without_names_needs_them(tmp_path: Path) -> None:
    """Sorted labels are no order of outputs: nothing is guessed from them."""
    bundle = write_bundle(tmp_path / "bundle")
    assert names_of(bundle, ("c", "a", "b"), taken(("a",))) == ("c", "a", "b")
    assert names_of(bundle, (), taken(classes=("c", "b", "a"))) == ("c", "b", "a")
    for given, recording, told in (
        ((), taken(("a", "b", "c")), "does not say the names of its 3 classes"),
        (("a", "b"), taken(), "3 classes, but 2 are named"),
        (("a", "b", "c"), taken(("d",)), "labels of the recording: d"),
        (("a", "b", "b"), taken(), "Two classes of the model are named b"),
        (("a", "", "c"), taken(), "without a name"),
    ):
        with pytest.raises(DataError, match=told):
            names_of(bundle, given, recording)
