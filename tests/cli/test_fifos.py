"""A FIFO as input or output: what is waited for is said, Ctrl-C ends it, and it works with a partner."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("long_run")


@contextmanager
def started(arguments: list[str], cwd: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "sensor_bnn", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def told(process: subprocess.Popen[str]) -> str:
    """The next line on standard error. It is waited for, however slow the machine is."""
    assert process.stderr is not None
    return process.stderr.readline()


def waits_for(what: str, name: str) -> str:
    note = f"waiting for another program to {what} {name}, which is a FIFO. Ctrl-C ends this."
    return f"sensor-bnn: note: {note}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "in"],
        ["compare", "in", "in"],
        ["evaluate", "--data", "in"],
        ["stream", "--board", "qemu-mps2-an500", "--data", "in"],
        ["flash", "in", "--board", "qemu-mps2-an500"],
    ],
)
@pytest.mark.parametrize(
    ("number", "how"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "ended by SIGTERM")]
)
def test_an_input_that_nobody_writes(
    arguments: list[str], number: signal.Signals, how: str, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "in")
    before = list(tmp_path.iterdir())
    with started(arguments, tmp_path) as process:
        assert told(process) == waits_for("write to", "in")
        process.send_signal(number)
        typed = " ".join(arguments)
        assert told(process) == (f"sensor-bnn: The command was {how}. Start over with: sensor-bnn {typed}\n")
        assert process.wait() == 128 + number
    assert list(tmp_path.iterdir()) == before


def test_an_input_that_is_written_later(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "in")
    with started(["report", "in"], tmp_path) as process:
        assert told(process) == waits_for("write to", "in")
        (tmp_path / "in").write_text("{}")
        assert told(process).startswith("sensor-bnn: in ")  # it is no result
        assert process.wait() == 1


def test_an_output_that_nobody_reads(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "out")
    with started(["--trace", "out", "boards", "--json"], tmp_path) as process:
        assert told(process) == waits_for("read from", "out")
        process.send_signal(signal.SIGINT)
        assert told(process).startswith("sensor-bnn: The command was interrupted. Start over with: ")
        assert process.wait() == 130


def test_an_output_with_a_reader_is_no_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "out")
    reader = os.open(tmp_path / "out", os.O_RDONLY | os.O_NONBLOCK)
    with started(["--trace", "out", "boards", "--json"], tmp_path) as process:
        said, errors = process.communicate()
        assert (process.returncode, errors) == (0, "")
        assert json.loads(said)["boards"]
    assert os.read(reader, 1 << 16)
    os.close(reader)
