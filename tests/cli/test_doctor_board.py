"""``sensor-bnn doctor --port``: an emulated board in every step, and boards that are silent or too fast."""

from __future__ import annotations

import json
import os
import shutil
import struct
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from sensor_bnn.cli.doctor import command
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.errors import BoardError
from sensor_bnn.firmware.build import build_bootloader
from sensor_bnn.firmware.image import read_image
from sensor_bnn.hardware.boards import HEADER_BYTES, load_board
from sensor_bnn.report.environment import environment
from sensor_bnn.resources import resource
from sensor_bnn.workflows import checkup
from sensor_bnn.workflows.checkup import STEPS, check_board, find_baud, hanging_image


@pytest.fixture
def impatient(tmp_path: Path) -> Path:
    """QEMU's Cortex-M7 board with a watchdog of five seconds, not ten minutes."""
    folder = Path(shutil.copytree(resource("boards") / "qemu-mps2-an500", tmp_path / "impatient"))
    facts = (folder / "board.toml").read_text()
    facts = facts.replace('name = "qemu-mps2-an500"', 'name = "impatient"')
    assert "seconds = 600" in facts
    (folder / "board.toml").write_text(facts.replace("seconds = 600", "seconds = 5"))
    return folder


@pytest.mark.usefixtures("qemu", "cross_compiler", "long_compile")
def test_every_step_of_an_emulated_board(
    impatient: Path, tmp_path: Path, conforms: Callable[[str, object], None]
) -> None:
    board = load_board(impatient)
    out = tmp_path / "out"
    with Emulator(board, build_bootloader(board, tmp_path / "bootloader")) as emulator:
        arguments = ["--port", emulator.port, "--board", str(impatient), "-o", str(out), "--json"]
        done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    conforms("doctor-board", report)
    assert json.loads((out / "impatient.json").read_text()) == report
    steps = {step["name"]: step for step in report["steps"]}
    assert tuple(steps) == STEPS
    assert {name for name, step in steps.items() if step["outcome"] != "ok"} == {"power cut"}
    assert steps["bootloader"]["found"]["resident"] is True
    assert steps["banner"]["found"]["board"] == "impatient"
    assert steps["rates"]["found"]["115200"] == 0
    assert steps["model"]["found"]["bit_exact"] is True
    assert min(steps["counter"]["found"]["ticks"]) > 0
    assert report["environment"] | {"date": ""} == environment(board) | {"date": ""}


@contextmanager
def pseudo_terminal(baud: int | None) -> Iterator[str]:
    """A bootloader that answers at one rate only, as one whose clock is another; None for a silent line."""
    host, board = os.openpty()
    tty.setraw(board)
    ended = threading.Event()

    def answer() -> None:
        while not ended.is_set():
            try:
                data = os.read(host, 64)
            except OSError:
                return
            if baud is not None and termios.tcgetattr(board)[4] == baud and b"\x7f" in data:
                os.write(host, b"\x79")

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield os.ttyname(board)
    finally:
        ended.set()
        os.write(board, b"\0")  # The thread reads this last byte.
        thread.join()
        os.close(host)
        os.close(board)


@pytest.mark.parametrize(
    ("answers", "found"), [(termios.B57600, 57600), (termios.B230400, 230400), (None, None)]
)
def test_the_rate_of_a_board_with_another_crystal_is_found(
    monkeypatch: pytest.MonkeyPatch, long_run: None, answers: int | None, found: int | None
) -> None:
    monkeypatch.setattr(checkup, "CRYSTALS", (8, 16))
    with pseudo_terminal(answers) as port:
        assert find_baud(port, load_board("nucleo-f446re")) == found


def test_a_board_with_another_crystal_is_told_so(
    monkeypatch: pytest.MonkeyPatch, long_run: None, tmp_path: Path
) -> None:
    """The model is not compiled: no step gets as far as that."""
    monkeypatch.setattr(checkup, "CRYSTALS", (8, 16))
    monkeypatch.setattr(checkup, "prepare_model", lambda *given: SimpleNamespace(bundle=None, host=None))
    monkeypatch.setattr(checkup, "build_firmware", lambda *given: SimpleNamespace(folder=tmp_path))
    monkeypatch.setattr(checkup, "read_image", lambda folder: None)
    with pseudo_terminal(termios.B57600) as port:
        findings = {
            finding.name: finding for finding in check_board(port, load_board("nucleo-f446re"), tmp_path)
        }
    assert findings["port"].outcome == "ok"
    wrong = findings["bootloader"]
    assert (wrong.outcome, wrong.found) == ("failed", {"baud": 57600})
    assert "a crystal of 8 MHz where 16 are expected" in wrong.advice[1]
    for name in ("flash", "banner", "clock", "rates", "counter", "model", "watchdog"):
        assert findings[name].outcome == "not checked", name
        assert findings[name].advice[0].startswith("It requires: ")


def test_an_image_that_hangs_is_whole_and_branches_to_itself() -> None:
    board = load_board("nucleo-f446re")
    image = hanging_image(board, board.slots[1].origin)
    header = read_image(image.data)
    assert (header.board, header.address) == (board.name, board.slots[1].origin)
    stack, *vectors = struct.unpack_from(f"<{16 + board.uart.irq + 1}I", image.data, HEADER_BYTES)
    assert board.ram.origin < stack <= board.ram.end and stack % 8 == 0
    assert len(set(vectors)) == 1 and vectors[0] & 1
    code = image.data[vectors[0] - 1 - image.address :]
    assert code[:2] == b"\xfe\xe7"  # Thumb: a branch to itself


@pytest.mark.parametrize(
    "arguments", [["--port", "x"], ["--board", "pico2"], ["--debugger", "x"]], ids=lambda given: given[0]
)
def test_options_that_belong_together(arguments: list[str]) -> None:
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 2


def test_a_linux_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="neither flash nor start-up"):
        next(check_board("x", load_board("aarch64-linux"), tmp_path))


def test_a_board_with_a_drive_says_how_to_flash_it(
    monkeypatch: pytest.MonkeyPatch, long_run: None, tmp_path: Path
) -> None:
    monkeypatch.setattr(checkup, "prepare_model", lambda *given: SimpleNamespace(bundle=None, host=None))
    monkeypatch.setattr(checkup, "build_firmware", lambda *given: SimpleNamespace(folder=tmp_path))
    monkeypatch.setattr(checkup, "read_image", lambda folder: None)
    board = load_board("pico2")
    with pseudo_terminal(None) as port:
        steps = check_board(port, board, tmp_path)
        findings = [next(steps) for _ in range(3)]
    assert [finding.outcome for finding in findings] == ["ok", "not checked", "not checked"]
    assert "drive of its ROM" in findings[1].advice[0]
