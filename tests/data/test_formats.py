"""Recordings in every format: a file of each, folders of files, and files that break a rule."""

from __future__ import annotations

import json
import sys
import wave
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor_bnn.data.folders import FORMATS, Reading, read_recordings
from sensor_bnn.data.recorded import Columns, Recorded, steps_of
from sensor_bnn.errors import DataError, SensorBnnError

PLAN = Reading()


def write_csv(file: Path, values: list[list[float]], header: str = "ax,ay") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([header, *(",".join(map(str, row)) for row in values)]) + "\n")


def told(found: Recorded) -> list[tuple[Any, str, int, str]]:
    return [(run.recording, run.label, run.end - run.first, run.part) for run in found.runs]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("walk/1.csv", "walk"),
        ("walk.csv", "walk"),
        ("walk_01.csv", "walk"),
        ("walk fast-2.csv", "walk fast"),
        ("walk.3f2a1b.csv", "walk"),
        ("u\u0308ben3.csv", "\u00fcben"),
    ],
)
def test_the_label_is_that_of_folder_or_name(tmp_path: Path, name: str, label: str) -> None:
    write_csv(tmp_path / name, [[1, 2], [3, 4]])
    assert [run.label for run in read_recordings("csv", tmp_path, PLAN).runs] == [label]


def test_a_folder_of_files_is_read_in_order_and_names_its_recordings(tmp_path: Path) -> None:
    for at, name in enumerate(("walk/b.csv", "rest/7.csv", "walk/a.csv")):
        write_csv(tmp_path / name, [[at, 0], [at, 1], [at, 2]][: at + 1])
    write_csv(tmp_path / ".hidden" / "x.csv", [[9, 9]])
    (tmp_path / "notes.txt").write_text("no data")
    found = read_recordings("csv", tmp_path, PLAN)
    assert told(found) == [("rest/7", "rest", 2, ""), ("walk/a", "walk", 3, ""), ("walk/b", "walk", 1, "")]
    assert found.samples[:, 0].tolist() == [1, 1, 2, 2, 2, 0]
    assert found.source == ("labels from the names of the folders",)
    assert found.runs[1].place == f"line 2 of {tmp_path / 'walk' / 'a.csv'}"


def test_labels_of_a_column_come_first_and_the_recipe_may_choose(tmp_path: Path) -> None:
    for name, label in (("day1/a.csv", "walk"), ("day2/b.csv", "rest")):
        write_csv(tmp_path / name, [[1, 2], [3, 4]], "ax,ay")
        lines = (tmp_path / name).read_text().splitlines()
        (tmp_path / name).write_text("\n".join([f"label,{lines[0]}", *(f"{label},{x}" for x in lines[1:])]))
    labels = {
        choice: [run.label for run in read_recordings("csv", tmp_path, Reading(labels=choice)).runs]
        for choice in ("auto", "column", "folder", "name")
    }
    assert labels["auto"] == labels["column"] == ["walk", "rest"]
    assert (labels["folder"], labels["name"]) == (["day1", "day2"], ["a", "b"])
    write_csv(tmp_path / "day3" / "c.csv", [[1, 2]])
    with pytest.raises(DataError, match=r"recording at line 2 of .*c\.csv has no label in a column label"):
        read_recordings("csv", tmp_path, Reading(labels="column"))


def test_folders_of_train_and_test_state_the_split(tmp_path: Path) -> None:
    for name in ("training/walk.a.csv", "training/rest.b.csv", "testing/walk.c.csv"):
        write_csv(tmp_path / name, [[1, 2]])
    assert told(read_recordings("csv", tmp_path, PLAN)) == [
        ("testing/walk.c", "walk", 1, "test"),
        ("training/rest.b", "rest", 1, "train"),
        ("training/walk.a", "walk", 1, "train"),
    ]
    (tmp_path / "testing" / "walk.c.csv").unlink()
    # With one part only, nothing is stated.
    assert {run.part for run in read_recordings("csv", tmp_path, PLAN).runs} == {""}


def test_files_that_differ_in_their_channels_are_refused_unless_they_are_named(tmp_path: Path) -> None:
    write_csv(tmp_path / "a1.csv", [[1, 2]], "ax,ay")
    write_csv(tmp_path / "a2.csv", [[3, 4]], "ay,ax")
    with pytest.raises(DataError, match=r"a2\.csv has the channels ay, ax, but .*a1\.csv has ax, ay"):
        read_recordings("csv", tmp_path, PLAN)
    assert read_recordings("csv", tmp_path, Reading(channels=("ax",))).samples.tolist() == [[1], [4]]
    with pytest.raises(DataError, match="line 1: it has no column az: its columns are ax, ay"):
        read_recordings("csv", tmp_path, Reading(channels=("az",)))
    with pytest.raises(DataError, match=r"a name|the label from its name is ''"):
        write_csv(tmp_path / "3.csv", [[1, 2]])
        read_recordings("csv", tmp_path, Reading(channels=("ax",)))


@pytest.mark.parametrize("kind", FORMATS)
def test_a_folder_without_such_files_says_how_they_end(kind: str, tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=f"has no file of the format {kind}: none ends in {FORMATS[kind].suffixes[0]}"
    ):
        read_recordings(kind, tmp_path, PLAN)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_that_is_not_there_or_is_noise_is_refused(kind: str, tmp_path: Path) -> None:
    suffix = FORMATS[kind].suffixes[0]
    noise = tmp_path / f"noise{suffix}"
    noise.write_bytes(bytes(range(256)) * 4)
    for file in (tmp_path / f"none{suffix}", noise):
        with pytest.raises(DataError) as refused:
            read_recordings(kind, file, PLAN)
        assert str(file) in refused.value.message and "\n" not in str(refused.value)


def write_wav(file: Path, values: Any, *, rate: int = 16_000, width: int = 2) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    data = np.asarray(values, dtype="<i2").reshape(len(values), -1 if len(values) else 1)
    with wave.open(str(file), "wb") as opened:
        opened.setnchannels(data.shape[1])
        opened.setsampwidth(width)
        opened.setframerate(rate)
        opened.writeframes(data.tobytes())


def test_wav_files_keep_their_whole_numbers_and_state_the_rate(tmp_path: Path) -> None:
    write_wav(tmp_path / "on" / "1.wav", [-32768, 0, 32767])
    write_wav(tmp_path / "off" / "2.WAV", [1, -1])
    found = read_recordings("wav", tmp_path, PLAN)
    assert told(found) == [("off/2", "off", 2, ""), ("on/1", "on", 3, "")]
    assert found.samples[:, 0].tolist() == [1, -1, -32768, 0, 32767]
    assert (found.channels, found.rate, found.time) == (("audio",), 16_000, None)
    write_wav(tmp_path / "stereo.wav", [[1, 2], [3, 4]])
    found = read_recordings("wav", tmp_path / "stereo.wav", PLAN)
    assert (found.channels, found.samples.tolist()) == (("left", "right"), [[1, 2], [3, 4]])


def test_wav_files_of_several_rates_keep_their_times(tmp_path: Path) -> None:
    write_wav(tmp_path / "a1.wav", range(50), rate=8_000)
    write_wav(tmp_path / "a2.wav", range(50), rate=16_000)
    steps = steps_of(read_recordings("wav", tmp_path, PLAN))
    assert steps is not None
    assert (steps.slowest, steps.fastest) == (pytest.approx(8_000), pytest.approx(16_000))


def test_wav_mistakes_are_named(tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    write_wav(file, [1, 2, 3, 4], width=1)
    with pytest.raises(DataError, match="its samples have 8 bits; they must have 16"):
        read_recordings("wav", file, PLAN)
    write_wav(file, range(100))
    whole = file.read_bytes()
    file.write_bytes(whole[:-60])
    with pytest.raises(DataError, match="is cut off: its header states 100 samples, and 70 are there"):
        read_recordings("wav", file, PLAN)
    file.write_bytes(whole.replace(b"\x01\x00\x01\x00", b"\x03\x00\x01\x00", 1))
    with pytest.raises(DataError, match="is damaged or no WAV file of PCM"):
        read_recordings("wav", file, PLAN)
    write_wav(file, [])
    with pytest.raises(DataError, match=r"a\.wav"):
        read_recordings("wav", file, PLAN)


@pytest.mark.usefixtures("long_run")
@given(st.data())
@settings(deadline=None, max_examples=100)
def test_damaged_wav_files_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    file = tmp_path_factory.getbasetemp() / "mutated.wav"
    write_wav(file, range(40))
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        first = data.draw(st.integers(0, len(content)))
        content[first : first + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    file.write_bytes(content)
    try:
        found = read_recordings("wav", file, PLAN)
    except DataError as refused:
        assert "\n" not in str(refused)
        return
    assert np.isfinite(found.samples).all() and len(found.samples)


def ei(values: list[Any], sensors: int = 2, interval: float = 10.0, **changes: Any) -> dict[str, Any]:
    named = [{"name": f"acc{'XYZ'[at]}", "units": "m/s2"} for at in range(sensors)]
    payload = {"device_type": "board", "interval_ms": interval, "sensors": named, "values": values}
    protected = {"ver": "v1", "alg": "none"}
    return {"protected": protected, "signature": "0" * 64, "payload": {**payload, **changes}}


def test_files_of_edge_impulse(tmp_path: Path) -> None:
    (tmp_path / "testing").mkdir()
    (tmp_path / "training").mkdir()
    for name in ("testing/wave.1.json", "training/idle.2.json"):
        (tmp_path / name).write_text(json.dumps(ei([[-9.81, 0.03], [1, 2e-3]])))
    found = read_recordings("edge-impulse", tmp_path, PLAN)
    assert told(found) == [("testing/wave.1", "wave", 2, "test"), ("training/idle.2", "idle", 2, "train")]
    assert found.samples[:2].tolist() == np.float32([[-9.81, 0.03], [1, 2e-3]]).tolist()
    assert (found.channels, found.units, found.rate) == (("accX", "accY"), ("m/s2", "m/s2"), 100)
    file = tmp_path / "audio.3.json"
    file.write_text(json.dumps(ei([-10, 2, -9], 1, 0.0625)))
    found = read_recordings("edge-impulse", file, PLAN)
    assert found.samples.tolist() == [[-10], [2], [-9]] and found.rate == 16_000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (ei([[1]]), "line 1: it has 1 fields, and the header has 2"),
        (ei([[1, None]]), "line 1: accY is ''; it must be a number"),
        (ei([[1, 1e39]]), "line 1: accY is '1e[+]39'; it must be a finite number"),
        (ei([]), r"payload.values is \[\]; it must be"),
        (ei([[1, 2]], interval=0), "payload.interval_ms is 0"),
        (ei([["a", 2]]), "payload.values"),
        ({"payload": {}}, "payload.interval_ms is missing"),
        ([], "must be a table"),
    ],
)
def test_mistakes_in_files_of_edge_impulse_are_named(tmp_path: Path, content: Any, message: str) -> None:
    (tmp_path / "a.1.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=message):
        read_recordings("edge-impulse", tmp_path, PLAN)


def test_a_value_that_is_missing_is_nan_where_that_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "a.1.json").write_text(json.dumps(ei([[1, None], [2, 3]])))
    (tmp_path / "b.ts").write_text("@classLabel true a\n@data\n1,?,3:2,NaN,4:a\n")
    for kind in ("edge-impulse", "ts"):
        found = read_recordings(kind, tmp_path, Reading(missing=True))
        assert int(np.isnan(found.samples).sum()) == 1 + (kind == "ts")
        with pytest.raises(DataError):
            read_recordings(kind, tmp_path, PLAN)


def test_both_parts_of_a_set_of_the_archives_are_read(tmp_path: Path) -> None:
    head = "@problemName x\n@classLabel true a b\n@data\n"
    (tmp_path / "X_TRAIN.ts").write_text(head + "1,2,3:4,5,6:a\n\n7,8:9,10:b\n")
    (tmp_path / "X_TEST.ts").write_text(head + "1,2,3,4:5,6,7,8:a\n")
    expected = [("X_TRAIN/1", "a", 3, "train"), ("X_TRAIN/2", "b", 2, "train"), ("X_TEST/1", "a", 4, "test")]
    for place in (tmp_path / "X_TRAIN.ts", tmp_path / "X_TEST.ts", tmp_path):
        found = read_recordings("ts", place, PLAN)
        assert sorted(map(str, told(found))) == sorted(map(str, expected))
        assert found.channels == ("x1", "x2")
    assert found.runs[-1].place == f"line 6 of {tmp_path / 'X_TRAIN.ts'}"
    (tmp_path / "X_TEST.ts").unlink()
    found = read_recordings("ts", tmp_path / "X_TRAIN.ts", PLAN)
    assert told(found) == [(1, "a", 3, ""), (2, "b", 2, "")]


def test_series_in_lines_with_tabs(tmp_path: Path) -> None:
    (tmp_path / "y.tsv").write_text("2\t0.5\t1\n1\t3\t4\t5\n")
    found = read_recordings("ts", tmp_path / "y.tsv", PLAN)
    assert told(found) == [(1, "2", 2, ""), (2, "1", 3, "")]
    assert found.samples[:, 0].tolist() == [0.5, 1, 3, 4, 5]


def test_parquet_without_its_package_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="is a Parquet file, and the package that reads") as error:
        read_recordings("parquet", tmp_path / "a.parquet", PLAN)
    assert "pip install pyarrow" in error.value.remedy


def test_parquet_has_the_columns_of_a_csv_file(tmp_path: Path) -> None:
    times = [datetime(2026, 1, 2, 3, 4, 5, 20_000 * at, tzinfo=UTC) for at in range(3)]
    columns = {"recording": ["r1", "r1", "r2"], "label": ["a", "b", "b"], "time": times, "x": [0.1, 2, -1]}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    found = read_recordings("parquet", tmp_path / "t.parquet", PLAN)
    assert told(found) == [("r1", "a", 1, ""), ("r1", "b", 1, ""), ("r2", "b", 1, "")]
    assert found.channels == ("x",) and found.samples.tolist() == np.float32([[0.1], [2], [-1]]).tolist()
    assert found.time is not None and found.time[1] - found.time[0] == pytest.approx(0.02)
    columns["x"] = [0.1, None, -1]
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    with pytest.raises(DataError, match="line 2: x is ''; it must be a number"):
        read_recordings("parquet", tmp_path / "t.parquet", PLAN)
    (tmp_path / "t.parquet").write_bytes((tmp_path / "t.parquet").read_bytes()[:-9])
    with pytest.raises(DataError, match="is damaged or no Parquet file"):
        read_recordings("parquet", tmp_path / "t.parquet", PLAN)


TIMES = [
    ("time", ["0", "0.02", "0.04"], 50, "seconds"),
    ("Time (ms)", ["0", "20", "40"], 50, "milliseconds"),
    ("time [us]", ["0", "20000", "40000"], 50, "microseconds"),
    ("timestamp_ns", ["0", "20000000", "40000000"], 50, "nanoseconds"),
    ("timestamp", ["0", "16", "32"], 62.5, "milliseconds"),
    ("timestamp", ["0", "0.02", "0.04"], 50, "seconds"),
    ("timestamp", ["1700000000000", "1700000000020", "1700000000040"], 50, "milliseconds"),
    ("timestamp", ["1700000000", "1700000001", "1700000002"], 1, "seconds"),
    (
        "time",
        ["2026-01-02T03:04:05.00Z", "2026-01-02 03:04:05.02Z", "2026-01-02T03:04:05.04Z"],
        50,
        "seconds",
    ),
]


@pytest.mark.parametrize(("name", "times", "rate", "unit"), TIMES)
def test_the_column_of_times_gives_the_rate(
    tmp_path: Path, name: str, times: list[str], rate: float, unit: str
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("\n".join([f"recording,label,{name},x", *(f"1,a,{time},1" for time in times)]))
    found = read_recordings("csv", file, PLAN)
    steps = steps_of(found)
    assert found.channels == ("x",) and steps is not None
    assert steps.rate == pytest.approx(rate, rel=1e-4)
    assert found.source == (f"time from the column {name}, in {unit}",)


@pytest.mark.parametrize("text", ["soon", "", "nan", "1_0", "2026-13-01"])
def test_a_time_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"recording,label,time,x\n1,a,0,1\n1,a,{text},2\n")
    with pytest.raises(DataError, match=r"line 3: time is .*; it must be a number, or a date and time"):
        read_recordings("csv", file, PLAN)


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("Session,activity,person,clock,subject\n1,a,p,0,5\n1,a,p,0.5,6\n")
    columns = Columns("session", "activity", "person", "clock", "")
    found = read_recordings("csv", file, Reading(columns=columns))
    # Another name frees the usual one.
    assert (found.channels, found.runs[0].subject, found.samples.tolist()) == (("subject",), "p", [[5], [6]])
    with pytest.raises(SensorBnnError, match="it has no column owner: its columns are Session, activity"):
        read_recordings("csv", file, Reading(columns=Columns("session", "activity", "owner")))
