"""The only reader of CSV recordings: its rules, and random damage to files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from bundles import write_bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor_bnn.data.recorded import Run
from sensor_bnn.data.recording import read_csv
from sensor_bnn.errors import DataError

HEADER = "recording,label,ax,ay\n"
GOOD = HEADER + "1,rest,0.5,1\n1,rest,-2,3e1\n1,walk,0.25,-.5\n2,walk,+1,1.\n"
VALUES = [[0.5, 1], [-2, 30], [0.25, -0.5], [1, 1]]
RUNS = (Run(1, "rest", 0, 2, 2), Run(1, "walk", 2, 3, 4), Run(2, "walk", 3, 4, 5))


def written(folder: Path, content: str | bytes) -> Path:
    file = folder / "own.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


@pytest.mark.parametrize("for_training", [True, False])
@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r\r\n"),  # text mode on Windows, of what csv.writer wrote
        GOOD.replace("\n", "\n\n"),
        GOOD.rstrip("\n"),
        GOOD.replace(",", " , "),
        GOOD.replace("walk", '"walk"').replace("0.5", '"0.5"'),
        GOOD.replace("recording,label", "Recording,LABEL"),
    ],
)
def test_forms_of_the_same_file(tmp_path: Path, content: str, for_training: bool) -> None:
    found = read_csv(written(tmp_path, content), for_training=for_training)
    assert found.channels == ("ax", "ay")
    assert found.samples.dtype == np.float32 and found.samples.tolist() == VALUES
    assert [(run.recording, run.label, run.first, run.end) for run in found.runs] == [
        (run.recording, run.label, run.first, run.end) for run in RUNS
    ]
    if content.count("\n") == GOOD.count("\n") and "\r\r" not in content:
        assert found.runs == RUNS


def test_columns_are_found_by_their_names(tmp_path: Path) -> None:
    rows = [line.split(",") for line in GOOD.split()]
    turned = "\n".join(",".join((row[2], row[1], row[3], row[0])) for row in rows)
    found = read_csv(written(tmp_path, turned), for_training=True)
    assert (found.channels, found.samples.tolist(), found.runs) == (("ax", "ay"), VALUES, RUNS)


def test_a_stream_needs_no_labels(tmp_path: Path) -> None:
    found = read_csv(written(tmp_path, "ax\n1\n2\n"), for_training=False)
    assert found.runs == (Run(None, "", 0, 2, 2),)
    partly = GOOD.replace("1,rest", "1,", 1)
    found = read_csv(written(tmp_path, partly), for_training=False)
    assert [run.label for run in found.runs] == ["", "rest", "walk", "walk"]


def test_numbers_of_more_than_64_bits(tmp_path: Path) -> None:
    number = 20240501103015123451
    content = GOOD.replace("\n1,", f"\n{number},").replace("\n2,", f"\n{number + 1},")
    found = read_csv(written(tmp_path, content), for_training=True)
    assert [run.recording for run in found.runs] == [number, number, number + 1]


def test_one_name_in_two_spellings_of_unicode(tmp_path: Path) -> None:
    content = HEADER + "1,\u00fcben,1,2\n1,u\u0308ben,2,3\n"
    assert [run.label for run in read_csv(written(tmp_path, content), for_training=True).runs] == [
        "\u00fcben"
    ]


WRONG = [
    ("", "line 1: it is empty; it must be a header"),
    ("\n" + GOOD, "line 1: it is empty; it must be a header"),
    (HEADER, "it holds no sample"),
    ("recording,label\n1,a\n", "line 1: it names no channel"),
    (GOOD.replace(",", ";"), "line 1: its columns are separated by semicolons; .* by commas"),
    (GOOD.replace(",", "\t"), "line 1: its columns are separated by tabs"),
    (GOOD.replace("ay", "ax", 1), "line 1: columns 3 and 4 are both named ax"),
    (GOOD.replace("ay", " ax", 1), "line 1: columns 3 and 4 are both named ax"),
    (GOOD.replace("ay", "Label", 1), "line 1: two columns are named label"),
    (GOOD.replace("ay", "", 1), "line 1: the name of column 4 is ''; it must not be empty"),
    (GOOD.replace("ay", "a\x00y", 1), "line 1: the name of column 4 is .*; it must have only characters"),
    (GOOD.split("\n", 1)[1], "line 1: the name of column 1 is 1; the first line must name the columns"),
    (GOOD.replace("0.5,1", "0,5,1,0"), "line 2: it has 6 fields, and the header has 4; .* with commas"),
    (GOOD.replace("3e1\n", "3e1"), "line 3: it has 7 fields, and the header has 4; perhaps two lines are"),
    (GOOD.replace("0.5,1", '"0,5",1'), "line 2: ax is '0,5'; it must be a number with a decimal point"),
    (GOOD.replace("0.5,1", "0.5"), "line 2: it has 3 fields, and the header has 4$"),
    (GOOD + GOOD, "line 6: it is the header again"),
    (GOOD + GOOD.split("\n", 1)[1], "line 6: recording 1 is continued after recording 2; .* adjacent"),
    (GOOD.replace("-.5", "nan"), "line 4: ay is 'nan'; it must be a finite number"),
    (GOOD.replace("-.5", "-Infinity"), "line 4: ay is '-Infinity'; it must be a finite number"),
    (GOOD.replace("-.5", "-1e39"), r"line 4: ay is '-1e39'; .* at most 3.4e\+38, which float32 holds"),
    (GOOD.replace("-.5", "3.41e38"), "line 4: ay is '3.41e38'; it must be a finite number"),
    (GOOD.replace("-.5", "1_0"), "line 4: ay is '1_0'; it must be a number$"),
    (GOOD.replace("-.5", "\uff11"), "line 4: ay is '\uff11'; it must be a number$"),
    (GOOD.replace("-.5", ""), "line 4: ay is ''; it must be a number$"),
    (GOOD.replace("-.5", "0x10"), "line 4: ay is '0x10'; it must be a number$"),
    (GOOD.replace("2,walk", "S\u200b2,walk"), "line 5: recording is .*; it must have only characters"),
    (GOOD.replace("2,walk", "2.0,walk"), "line 5: recording is '2.0'; it must be a whole number"),
    (GOOD.replace("2,walk", "-2,walk"), "line 5: recording is '-2'; it must be a whole number"),
    (GOOD.replace("2,walk", "1_0,walk"), "line 5: recording is '1_0'; it must be a whole number"),
    (GOOD.replace("2,walk", ",walk"), "line 5: recording is ''; it must be a whole number"),
    (
        GOOD.replace("2,walk", "9" * 5000 + ",walk"),
        "line 5: recording is '9+\\.\\.\\.'; .* at most 40 digits",
    ),
    (GOOD.replace("2,walk", '2,"wa\nlk"'), "line 5: label is 'wa\\\\nlk'; it must have only characters"),
    (GOOD.replace("2,walk", "2,wa\u200blk"), "line 5: label is .*; it must have only characters"),
    (GOOD.replace("2,walk", '2,"walk'), "line 5: it is no valid CSV: unexpected end of data"),
    (GOOD.replace("2,walk", '2,walk"'), "line 5: label is 'walk\"'; it must not contain a quote"),
    (GOOD.replace("2,walk", '2, "walk"'), "line 5: label is .*; it must not contain a quote"),
    (GOOD.replace("label", 'label"', 1), "line 1: the name of column 2 is .*; it must not contain a quote"),
    (GOOD.replace("2,walk", '2,"walk"s'), "line 5: it is no valid CSV"),
    (GOOD.replace("1,rest,0.5", '1,"rest\n",0.5').replace("1.\n", "x\n"), "line 6: ay is 'x'"),
    (GOOD.replace("-.5", "9" * (1 << 20)), "line 4: it has more than 1,048,576 characters"),
    (GOOD.encode("utf-16"), "it is UTF-16; it must be UTF-8"),
    (GOOD.replace("2,walk", "2,l\u00e4uft").encode("latin-1"), "line 5: byte 4 is not UTF-8"),
    (
        HEADER + "".join(f"1,a,{1700000000000 + 20 * at},{at}\n" for at in range(60)),
        r"ax has 60 different values, from 1700000000000 to 1700000001180, and float32 holds only 1 of them",
    ),
]


@pytest.mark.parametrize("for_training", [True, False])
@pytest.mark.parametrize(("content", "told"), WRONG)
def test_a_mistake_is_named(tmp_path: Path, content: str | bytes, told: str, for_training: bool) -> None:
    file = written(tmp_path, content)
    with pytest.raises(DataError) as refused:
        read_csv(file, for_training=for_training)
    assert re.search(told, refused.value.message.rstrip(".")), refused.value.message
    assert refused.value.message.startswith(str(file))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("ax\n1\n", "line 1: it has no column recording and no column label: its columns are ax"),
        ("recording,ax\n1,1\n", "line 1: it has no column label"),
        (GOOD.replace("2,walk", "2, "), "line 5: label is ' '; it must not be empty"),
    ],
)
def test_what_only_training_refuses(tmp_path: Path, content: str, told: str) -> None:
    file = written(tmp_path, content)
    with pytest.raises(DataError, match=told):
        read_csv(file, for_training=True)
    assert len(read_csv(file, for_training=False).samples)


def test_a_blank_line_among_the_values_of_one_column(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 3: it is blank; it must hold a value of ax"):
        read_csv(written(tmp_path, "ax\n1\n\n2\n"), for_training=False)
    found = read_csv(written(tmp_path, "ax\n1\n2\n\n\n"), for_training=False)
    assert found.samples.tolist() == [[1], [2]]


def test_what_is_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path, Path("a\0b.csv")):
        with pytest.raises(DataError, match="Cannot read"):
            read_csv(path, for_training=False)
    with pytest.raises(DataError, match="more than 1,048,576 characters"):
        read_csv(Path("/dev/zero"), for_training=False)
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=(GOOD,))
    writer.start()
    assert read_csv(tmp_path / "pipe", for_training=False).samples.tolist() == VALUES
    writer.join()


@pytest.mark.usefixtures("long_run")
@given(st.data())
@settings(deadline=None, max_examples=400)
def test_damage_is_refused_in_a_sentence_or_leaves_the_right_values(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A few bytes are replaced, inserted or removed: what is accepted is what another parser reads."""
    content = bytearray(GOOD.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        first = data.draw(st.integers(0, len(content)))
        end = min(len(content), first + data.draw(st.integers(0, 3)))
        signs = st.sampled_from(b'0123456789.,-+eE\n\r" ;\tnaif_x\0\xff\xef')
        content[first:end] = bytes(data.draw(st.lists(signs, max_size=4)))
    file = tmp_path_factory.getbasetemp() / "mutated.csv"
    file.write_bytes(content)
    for_training = data.draw(st.booleans())
    try:
        found = read_csv(file, for_training=for_training)
    except DataError as refused:
        assert str(refused).count("\n") == 0
        return
    assert np.isfinite(found.samples).all() and found.samples.shape[1] == len(found.channels)
    assert [run.first for run in found.runs[1:]] == [run.end for run in found.runs[:-1]]
    assert (found.runs[0].first, found.runs[-1].end) == (0, len(found.samples))
    rows = [line.split(",") for line in re.split(r"[\r\n]+", content.decode("utf-8-sig")) if line.strip('"')]
    plain = [[field.strip().strip('"').strip() for field in row] for row in rows]
    if '""' in content.decode() or any(len(row) != len(plain[0]) for row in plain):
        return  # A quoted comma, or a quote in quotes: this naive parser cannot read it.
    columns = [at for at, name in enumerate(plain[0]) if name.casefold() not in {"recording", "label"}]
    expected = np.array([[float(row[at]) for at in columns] for row in plain[1:]], np.float32)
    np.testing.assert_array_equal(found.samples, expected)
    labels = [run.label for run in found.runs for _ in range(run.first, run.end)]
    of_label = [at for at, name in enumerate(plain[0]) if name.casefold() == "label"]
    assert labels == [row[of_label[0]] if of_label else "" for row in plain[1:]]


@pytest.mark.usefixtures("long_run")
def test_the_commands_that_read_start_without_torch(tmp_path: Path) -> None:
    """On a board's host they are light: a mistake is told before anything large is imported."""
    csv_file, npz = written(tmp_path, "ax\nnan\n"), tmp_path / "s.npz"
    npz.write_bytes(b"no npz")
    at = ["--port", str(tmp_path / "none")]
    for command, arguments in (
        ("stream", [str(write_bundle(tmp_path / "bundle")), *at, "--data", str(csv_file)]),
        ("bench", [str(tmp_path), *at, "--samples", str(npz)]),
        ("evaluate", [str(tmp_path), *at, "--data", str(npz)]),
        ("monitor", [str(tmp_path), *at, "--data", str(npz)]),
    ):
        program = (
            "import sys; from click.testing import CliRunner;"
            f"from sensor_bnn.cli.{command} import command; from sensor_bnn.errors import DataError;"
            f"error = CliRunner().invoke(command, {arguments!r}).exception; print(repr(error));"
            "sys.exit(not isinstance(error, DataError) or 'torch' in sys.modules or 'tvm' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stdout, done.stderr)


def test_the_readers_start_without_torch() -> None:
    program = (
        "import sys, sensor_bnn.data.recording, sensor_bnn.data.samples, sensor_bnn.live.recording;"
        "sys.exit('torch' in sys.modules or 'tvm' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_column_of_words_is_asked_what_it_names(tmp_path: Path) -> None:
    """A label under another name is the first mistake with a file of one's own."""
    (tmp_path / "own.csv").write_text("recording,label,activity,ax\n1,a,rest,1\n1,a,walk,2\n")
    with pytest.raises(DataError, match="activity is 'rest'; it must be a number") as refused:
        read_csv(tmp_path / "own.csv", for_training=True)
    assert 'columns = { label = "activity" }' in refused.value.remedy
