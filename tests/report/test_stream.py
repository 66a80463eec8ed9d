"""The live stream, end to end on the emulated board, and the recordings that are sent to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bundles import write_bundle
from click.testing import CliRunner

from sensor_bnn.cli.stream import command
from sensor_bnn.compiler.host_library import HostModel
from sensor_bnn.errors import DataError
from sensor_bnn.hardware.boards import default_board
from sensor_bnn.live.recording import read_recording
from sensor_bnn.live.stream import names_of
from sensor_bnn.measure.bench import read_samples
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
    host = HostModel(tmp_path / "build" / "stream" / "host")
    meant = [samples.classes[int(host.infer(x[np.newaxis]).argmax())] for x in samples.x]
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


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no column"),
        (b"recording,label\n1,a\n", "no column"),
        (b"ax\n", "holds no sample"),
        (b"ax,ay\n1\n", "Line 2"),
        (b"ax\n1\nnan\n", "Line 3"),
        (b"ax\nwalk\n", "Line 2"),
        (b"\xff\xfe\n", "not a CSV file"),
    ],
)
def test_a_recording_that_is_none(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "walk.csv"
    file.write_bytes(content)
    with pytest.raises(DataError, match=told):
        read_recording(file)
    with pytest.raises(DataError, match="Cannot read"):
        read_recording(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Give --port, or --board"),
        (["--port", "p"], "give the BUNDLE"),
        (["bundle", "--board", "b"], "Give --data"),
        (["--board", "b", "--gain", "1,x"], "commas between"),
    ],
)
def test_wrong_usage(arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENSOR_BNN_PORT", raising=False)
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 2 and told in done.output


def test_the_names_of_the_classes(tmp_path: Path) -> None:
    named = write_bundle(tmp_path / "named", classes=["walk", "rest", "run"])
    assert names_of(named, (), (), ("rest", "", "walk")) == ("walk", "rest", "run")
    assert names_of(named, (), ("rest", "run", "walk"), ()) == ("walk", "rest", "run")
    for given, listed, labels in ((("swim",), (), ()), ((), ("swim",), ()), ((), (), ("rest", "swim"))):
        with pytest.raises(DataError, match=r"swim\. Its classes are walk, rest, run\."):
            names_of(named, given, listed, labels)


def test_a_bundle_without_names_needs_them(tmp_path: Path) -> None:
    """Sorted labels are no order of outputs: nothing is guessed from them."""
    bundle = write_bundle(tmp_path / "bundle")
    assert names_of(bundle, ("c", "a", "b"), (), ("a",)) == ("c", "a", "b")
    assert names_of(bundle, (), ("c", "b", "a"), ()) == ("c", "b", "a")
    with pytest.raises(DataError, match="does not say the names of its 3 classes"):
        names_of(bundle, (), (), ("a", "b", "c"))
    with pytest.raises(DataError, match="3 classes, but 2 are named"):
        names_of(bundle, ("a", "b"), (), ())
    with pytest.raises(DataError, match="labels of the recording: d"):
        names_of(bundle, ("a", "b", "c"), (), ("d",))
