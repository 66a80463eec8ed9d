"""Columns without the usual names: what a refusal proposes is a line of a recipe that reads the file."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor_bnn.data.recorded import Columns
from sensor_bnn.data.recording import csv_roles, read_csv
from sensor_bnn.errors import DataError

LABELS = ("activity", "Class", "gesture_name", "label_text", "what is done")
RECORDINGS = ("session", "trial_id", "Recording No", "file", "segment")


def table(names: dict[str, str], order: list[str], recordings: int, samples: int) -> str:
    """A file with an index, a person, a device, two channels, and a recording and a label of these names."""
    lines = [",".join(names.get(key, key) for key in order)]
    row = 0
    for recording in range(recordings):
        for label in ("sit", "walk"):
            for _ in range(samples):
                cells = {"recording": f"{recording}", "label": label, "index": f"{row}", "device": "phone A"}
                cells |= {"user": f"{recording // 2}", "ax": f"{row % 7}.5", "ay": f"{row % 3}"}
                lines.append(",".join(cells[key] for key in order))
                row += 1
    return "\n".join(lines) + "\n"


@given(
    label=st.sampled_from(LABELS),
    recording=st.sampled_from(RECORDINGS),
    order=st.permutations(["recording", "label", "index", "user", "device", "ax", "ay"]),
    recordings=st.integers(2, 5),
    samples=st.integers(3, 6),
)
@settings(deadline=None, max_examples=40)
def test_the_proposed_line_reads_the_file(
    tmp_path_factory: pytest.TempPathFactory,
    label: str,
    recording: str,
    order: list[str],
    recordings: int,
    samples: int,
) -> None:
    file = tmp_path_factory.getbasetemp() / "renamed.csv"
    file.write_text(table({"label": label, "recording": recording}, order, recordings, samples))
    with pytest.raises(DataError, match="it has no column recording and no column label") as refused:
        read_csv(file, for_training=True)
    line = re.search(r"columns = \{.*?\}", refused.value.remedy)
    assert line is not None, refused.value.remedy
    proposed = tomllib.loads(line[0])["columns"]
    assert proposed == {"recording": recording, "label": label}
    roles = csv_roles(file)
    assert roles.subject == ("user",) and roles.counters == ("index",)
    assert set(roles.words) == {"device", label}
    found = read_csv(file, for_training=True, columns=Columns(**proposed), channels=("ax", "ay"))
    assert len(found.recordings()) == recordings and {run.label for run in found.runs} == {"sit", "walk"}
    assert set(found.left_out) == {"index", "user", "device"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("ax,ay\n1,2\n3,4\n", ("No column looks like a label", "No column looks like a recording")),
        ("session,ax\n1,2\n1,3\n2,4\n2,5\n", ('recording = "session"', "No column looks like a label")),
        # A recording that comes back after another is none.
        (
            "recording,activity,ax\n1,sit,2\n1,walk,2\n1,sit,2\n1,walk,2\n",
            ('columns = { label = "activity" }',),
        ),
        ('label,"se ""1""",ax\na,1,2\n', ()),
    ],
)
def test_what_there_is_no_candidate_for_is_said(tmp_path: Path, content: str, told: tuple[str, ...]) -> None:
    (tmp_path / "own.csv").write_text(content)
    with pytest.raises(DataError) as refused:
        read_csv(tmp_path / "own.csv", for_training=True)
    for words in told:
        assert words in refused.value.remedy
    assert ("looks like" in refused.value.remedy) == any("looks like" in words for words in told)


@pytest.mark.parametrize(("values", "told"), [("0123", "few whole numbers"), ("x", "normal = ")])
def test_a_label_that_is_not_called_so_is_offered(tmp_path: Path, values: str, told: str) -> None:
    """A class as a number, and one class only, in a column that a recipe may name."""
    lines = ["session,condition,ax"]
    for session in range(8):
        lines += [f"{session},{values[session % len(values)]},{at % 7}.5" for at in range(30)]
    (tmp_path / "own.csv").write_text("\n".join(lines))
    with pytest.raises(DataError) as refused:
        read_csv(tmp_path / "own.csv", for_training=True)
    assert "No column looks like a label" in refused.value.remedy and told in refused.value.remedy
    assert 'columns = { recording = "session", label = "condition" }' in refused.value.remedy
    found = read_csv(
        tmp_path / "own.csv", for_training=True, columns=Columns(recording="session", label="condition")
    )
    assert {run.label for run in found.runs} == set(values)


def test_a_later_mistake_does_not_hide_the_first(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_bytes(b'activity,ax\nsit,1\nwalk,"2\n')
    with pytest.raises(DataError, match="no column recording and no column label"):
        read_csv(tmp_path / "own.csv", for_training=True)
    (tmp_path / "own.csv").write_bytes(b"activity,ax\nsit,1\nwalk,\xff\n")
    with pytest.raises(DataError, match=r"UTF-8|no column recording"):
        read_csv(tmp_path / "own.csv", for_training=True)


def test_a_name_in_its_own_spelling_is_preferred(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("X,x\n1,2\n")
    found = read_csv(tmp_path / "own.csv", for_training=False, channels=("x",))
    assert found.samples.tolist() == [[2]] and found.left_out == ("X",)


def test_columns_that_are_not_wanted_may_hold_anything(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("note,ay,label,ax\nfirst try,1,a,2\n,3,,4\n")
    found = read_csv(tmp_path / "own.csv", for_training=False, wanted=["ax", "ay", "az"])
    assert found.channels == ("ay", "ax") and found.left_out == ("note",)
    assert found.samples.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(DataError, match="none of the channels gx, gy: its columns are note, ay, label, ax"):
        read_csv(tmp_path / "own.csv", for_training=False, wanted=["gx", "gy"])


def test_a_stated_column_of_another_kind_is_named_as_missing(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("recording,label,ax\n1,a,1\n2,b,2\n")
    columns = Columns(split="part", time="clock")
    with pytest.raises(DataError, match="it has no column clock and no column part: its columns are"):
        read_csv(tmp_path / "own.csv", for_training=True, columns=columns)
    assert read_csv(tmp_path / "own.csv", for_training=True, columns=Columns(split="")).channels == ("ax",)
