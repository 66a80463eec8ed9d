"""Recordings of a board's own sensor: the CSV file, gaps and failures, the plot."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from sensor_bnn.cli.record import command
from sensor_bnn.data.recording import read_csv
from sensor_bnn.errors import BusyError, DataError, DeviceError
from sensor_bnn.live.record import Collected, Csv, Part, Sensor, collect
from sensor_bnn.report.record import record_line, record_view
from sensor_bnn.wire.protocol import Hello

HELLO = Hello("0" * 64, 1_000_000, 240, 8, 1, 64, 512, "toy", "cycles", "m", "1")
SENSOR = Sensor(HELLO, ("ax", "ay"), 50.0)


def numbers(count: int, first: int = 0) -> np.ndarray:
    return np.arange(2 * first, 2 * (first + count), dtype=np.int16).reshape(-1, 2)


def test_each_run_adds_a_recording(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    add(file, SENSOR, " walk ", None, numbers(2))
    assert file.read_text() == "recording,label,time,ax,ay\n1,walk,0.000000,0,1\n1,walk,0.020000,2,3\n"
    with Csv(file, SENSOR, "no samples", None):
        pass
    add(file, SENSOR, "sit, or lie", None, numbers(1, 9), numbers(1, 4))
    found = read_csv(file, for_training=True)
    runs = [(run.recording, run.label, run.end - run.first) for run in found.runs]
    assert runs == [(1, "walk", 2), (2, "sit, or lie", 1), (3, "sit, or lie", 1)]
    assert found.samples.tolist() == [[0, 1], [2, 3], [18, 19], [8, 9]]


def add(file: Path, sensor: Sensor, label: str, subject: str | None, *recordings: np.ndarray) -> None:
    with Csv(file, sensor, label, subject) as csv:
        for recording in recordings:
            csv.add(recording, True)


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize("earlier", [True, False])
def test_a_full_disk_keeps_the_earlier_recordings_and_what_came_before(earlier: bool, tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    if earlier:
        add(file, SENSOR, "walk", None, numbers(2))
    code = (
        "import resource, sys, numpy; sys.path.insert(0, sys.argv[2]);"
        "from test_record import SENSOR, Csv, numbers;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200));"
        "from test_record import collect, parts; from pathlib import Path;\n"
        "with Csv(Path(sys.argv[1]), SENSOR, 'walk', None) as file:\n"
        "    found, failure = collect(parts((3, False), (500, False)), None, int, file.add, print)\n"
        "assert found.samples == 3 and found.recordings == [3]\n"
        "raise failure"
    )
    words = [sys.executable, "-c", code, str(file), str(Path(__file__).parent)]
    done = subprocess.run(
        words, capture_output=True, text=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    )
    assert "own.csv cannot be written (File too large)" in done.stderr.splitlines()[-1]
    lengths = [run.end - run.first for run in read_csv(file, for_training=True).runs]
    assert lengths == ([2, 3] if earlier else [3]) and [one.name for one in tmp_path.iterdir()] == ["own.csv"]


@pytest.mark.usefixtures("long_run")
def test_a_file_that_takes_no_sample_is_not_left(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    code = (
        "import resource, sys; sys.path.insert(0, sys.argv[2]); from pathlib import Path;"
        "from test_record import SENSOR, Csv, numbers;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20));\n"
        "with Csv(Path(sys.argv[1]), SENSOR, 'walk', None) as file: file.add(numbers(1), True)"
    )
    words = [sys.executable, "-c", code, str(file), str(Path(__file__).parent)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert "own.csv cannot be written (File too large)" in done.stderr.splitlines()[-1]
    assert not list(tmp_path.iterdir())


def test_a_sample_is_in_the_file_as_soon_as_it_comes(tmp_path: Path) -> None:
    """So a program that is killed loses none; a file with other ends of lines goes on."""
    file = tmp_path / "own.csv"
    file.write_bytes(b"\xef\xbb\xbfrecording,label,time,ax,ay\r\n7,sit,0,1,2")
    with Csv(file, SENSOR, "walk", None) as csv:
        csv.add(numbers(1), True)
        assert file.read_bytes().endswith(b"7,sit,0,1,2\n8,walk,0.000000,0,1\n")
        csv.add(numbers(2, 1), False)
        found = read_csv(file, for_training=True)
    assert [(run.recording, run.end - run.first) for run in found.runs] == [(7, 1), (8, 3)]


def test_floats_are_kept_to_the_last_bit(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(size=(50, 2)).astype(np.float32) * np.float32(1e-3)
    add(tmp_path / "own.csv", Sensor(HELLO, ("ax", "ay"), None), "walk", "anna", values)
    found = read_csv(tmp_path / "own.csv", for_training=True)
    assert np.array_equal(found.samples, values)
    assert {run.subject for run in found.runs} == {"anna"}


@pytest.mark.parametrize(
    ("content", "label", "subject", "told"),
    [
        ("recording,label,ax,ay\n1,walk,1,2\n", "walk", None, "has the columns recording, label, ax, ay"),
        (
            "recording,label,time,ax\n1,walk,0,1\n",
            "walk",
            None,
            "and the recording has recording, label, time",
        ),
        ("recording,label,time,ax,ay\n1,walk,0,1\n", "walk", None, "line 2: it has 4 fields"),
        ("", "walk", None, "line 1: it is empty"),
        (None, "", None, "--label is ''; it must not be empty"),
        (None, 'a"b', None, "must not contain a quote"),
        (None, "walk", "1.5", "subject is '1.5'"),
    ],
)
def test_what_is_refused_and_then_not_changed(
    content: str | None, label: str, subject: str | None, told: str, tmp_path: Path
) -> None:
    file = tmp_path / "own.csv"
    if content is not None:
        file.write_text(content)
    with pytest.raises(DataError, match=told):
        Csv(file, SENSOR, label, subject)
    assert file.exists() == (content is not None) and (content is None or file.read_text() == content)


def test_a_file_that_is_deleted_or_replaced_meanwhile_loses_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "own.csv"
    add(file, SENSOR, "sit", None, numbers(3))
    (tmp_path / "own-2.csv").write_text("somebody else's")
    with Csv(file, SENSOR, "walk", None) as csv:
        csv.add(numbers(2), True)
        file.unlink()
        csv.add(numbers(2, 2), False)
        assert csv.path == tmp_path / "own-3.csv"
        (tmp_path / "own-2.csv").replace(csv.path)  # as an editor saves
        csv.add(numbers(1, 4), False)
        assert csv.path == tmp_path / "own-2.csv"
        csv.path.unlink()
    assert "own.csv was deleted; what it held is kept too: the recording goes on in" in caplog.text
    assert "own-3.csv was replaced by another file" in caplog.text
    assert (tmp_path / "own-3.csv").read_text() == "somebody else's"
    (left,) = {*tmp_path.iterdir()} - {tmp_path / "own-3.csv"}
    assert left == csv.path
    found = read_csv(left, for_training=True)
    runs = [(run.recording, run.label, run.end - run.first) for run in found.runs]
    assert runs == [(1, "sit", 3), (2, "walk", 5)]
    assert found.samples[3:].tolist() == numbers(5).tolist()


def test_a_file_that_is_moved_is_followed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Csv(tmp_path / "own.csv", SENSOR, "walk", None) as csv:
        csv.add(numbers(2), True)
        (tmp_path / "own.csv").rename(tmp_path / "kept.csv")
        csv.add(numbers(2, 2), False)
        csv.add(numbers(2, 4), False)
    assert caplog.text.count(" was moved: ") == 1 and [one.name for one in tmp_path.iterdir()] == ["kept.csv"]
    assert read_csv(tmp_path / "kept.csv", for_training=True).samples.tolist() == numbers(6).tolist()


def test_the_file_that_holds_the_samples_is_named(tmp_path: Path) -> None:
    file, kept, away = tmp_path / "own.csv", tmp_path / "kept.csv", tmp_path / "other" / "own.csv"
    away.parent.mkdir()
    with Csv(file, SENSOR, "walk", None) as csv:
        csv.add(numbers(2), True)
    assert csv.place == str(file)
    with Csv(file, SENSOR, "walk", None) as csv:
        csv.add(numbers(2), True)
        kept.hardlink_to(file)
        file.unlink()
        file.write_text("somebody else's")
    assert csv.place == str(kept) and file.read_text() == "somebody else's"
    with Csv(kept, SENSOR, "walk", None) as csv:
        csv.add(numbers(2), True)
        kept.rename(away)
    assert csv.place == f"The file that was moved away from {kept}"
    assert len(read_csv(away, for_training=True).samples) == 6


def test_what_another_program_adds_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "own.csv"
    add(file, SENSOR, "sit", None, numbers(2))

    def other(line: str) -> None:
        with file.open("a") as stream:
            stream.write(line)

    with Csv(file, SENSOR, "walk", None) as csv:
        other("7,run,0,1,1\n")  # before the first sample
        csv.add(numbers(2), True)
        other("20,run,0,1,1\n")
        csv.add(numbers(2, 2), False)
        csv.add(numbers(1, 4), False)
    runs = read_csv(file, for_training=True).runs
    assert [(run.recording, run.label, run.end - run.first) for run in runs] == [
        (1, "sit", 2),
        (7, "run", 1),
        (8, "walk", 2),
        (20, "run", 1),
        (21, "walk", 3),
    ]
    assert caplog.text.count("Another program has made") == 2


def test_a_file_that_another_program_breaks_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    with Csv(file, SENSOR, "walk", None) as csv:
        csv.add(numbers(2), True)
        with file.open("a") as stream:
            stream.write("no line of a table\n")
        broken = file.read_bytes()
        csv.add(numbers(2, 2), False)
    assert file.read_bytes() == broken and csv.path == tmp_path / "own-2.csv"
    (run,) = read_csv(csv.path, for_training=True).runs
    assert (run.recording, run.end) == (1, 2)


def test_another_name_of_the_file_is_the_same_file(tmp_path: Path) -> None:
    file, link = tmp_path / "own.csv", tmp_path / "link.csv"
    add(file, SENSOR, "sit", None, numbers(1))
    link.hardlink_to(file)
    with Csv(file, SENSOR, "walk", None) as csv:
        with pytest.raises(BusyError, match=r"writes to .*link\.csv, perhaps by another name of the file"):
            Csv(link, SENSOR, "run", None)
        csv.add(numbers(1), True)
    add(link, SENSOR, "run", None, numbers(1))
    assert [run.label for run in read_csv(file, for_training=True).runs] == ["sit", "walk", "run"]


def parts(*given: tuple[int, bool], failure: Exception | None = None) -> Iterator[Part]:
    first = lost = 0
    for count, gap in given:
        lost += 7 * gap
        yield Part(numbers(count, first), gap, lost)
        first += count
    if failure is not None:
        raise failure


def collected(most: int | None, *given: tuple[int, bool], **more: Any) -> tuple[Collected, Any]:
    return collect(parts(*given, **more), most, lambda: False, lambda *part: None, lambda known: None)


def test_a_gap_begins_another_recording() -> None:
    stored: list[tuple[list[Any], bool]] = []
    found, failure = collect(
        parts((3, False), (2, False), (4, True), (1, False)),
        None,
        lambda: False,
        lambda samples, begins: stored.append((samples.tolist(), begins)),
        lambda known: None,
    )
    assert found.recordings == [5, 5] and failure is None
    assert (found.samples, found.lost) == (10, 7)
    assert [begins for _, begins in stored] == [True, False, True, False]
    assert [row for samples, _ in stored for row in samples] == numbers(10).tolist()


def test_as_many_samples_as_are_asked_for() -> None:
    found, _ = collected(4, (3, False), (3, False), (3, False))
    assert found.recordings == [4] and found.samples == 4


def test_what_came_before_a_failure_is_kept() -> None:
    broken = DeviceError("The board was reset.", "Check its power.")
    found, failure = collected(None, (3, False), failure=broken)
    assert found.samples == 3 and failure is broken


def test_the_plot_and_the_line() -> None:
    found, _ = collected(None, (100, False))
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(record_view(SENSOR, "walk", found))
    text = console.export_text()
    assert "walk: 100 samples (2.0 s) from toy" in text and "last 100 samples" in text
    row = next(line for line in text.splitlines() if " ax " in line)
    assert "▁" in row and "█" in row and row.split()[-4:-1] == ["198", "0", "198"]
    assert record_line(SENSOR, "walk", found) == "walk: 100 samples (2.0 s) from toy: ax 198, ay 199"


def test_wrong_usage() -> None:
    for arguments, told in (
        (["--label", "a", "--seconds", "1", "--samples", "2"], "either --seconds or --samples"),
        ([], "Missing option '--label'"),
    ):
        done = CliRunner().invoke(command, arguments)
        assert done.exit_code == 2 and told in done.output
