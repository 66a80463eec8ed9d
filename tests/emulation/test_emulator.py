"""QEMU as a board: it starts, its port carries bytes, and errors contain its own output."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import stat
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.errors import BoardError, BundleError, PortError, ToolError
from sensor_bnn.hardware.boards import Board, default_board
from sensor_bnn.wire.an3155 import ACK, NACK, SYNC
from sensor_bnn.wire.port import SerialPort

# A program for Cortex-M that sends back each byte of the CMSDK UART at 0x40004000.
ECHO = (
    0x4805,  # ldr r0, =0x40004000
    0x21D9,  # movs r1, #217
    0x6101,  # str r1, [r0, #16]   BAUDDIV
    0x2103,  # movs r1, #3
    0x6081,  # str r1, [r0, #8]    CTRL: transmit and receive
    0x6841,  # ldr r1, [r0, #4]    STATE
    0x0789,  # lsls r1, r1, #30    bit 1: a byte was received
    0xD5FC,  # bpl to the load of STATE
    0x6801,  # ldr r1, [r0]
    0x6001,  # str r1, [r0]
    0xE7F9,  # b to the load of STATE
    0x0000,
)


@pytest.fixture
def board() -> Board:
    return default_board()


@pytest.fixture
def echo(cross_compiler: None, qemu: None, tmp_path: Path, board: Board) -> Path:
    """An ELF file made by hand: vector table and program at the start of the board's flash."""
    base = board.flash.origin
    vectors = struct.pack("<16I", board.ram.end, *[(base + 64) | 1] * 15)
    body = vectors + struct.pack(f"<{len(ECHO)}H", *ECHO) + struct.pack("<I", 0x40004000)
    ident = b"\x7fELF\x01\x01\x01" + bytes(9)
    # An executable (2) for Arm (40) with version 5 of its ABI (0x05000000), and one program header.
    header = ident + struct.pack(
        "<HHIIIIIHHHHHH", 2, 40, 1, (base + 64) | 1, 52, 0, 0x05000000, 52, 32, 1, 0, 0, 0
    )
    program = struct.pack("<8I", 1, 0x1000, base, base, len(body), len(body), 7, 0x1000)
    file = tmp_path / "echo.elf"
    file.write_bytes((header + program).ljust(0x1000, b"\0") + body)
    return file


def script(folder: Path, text: str) -> str:
    file = folder / "fake-qemu"
    file.write_text("#!/bin/sh\n" + text)
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


def with_program(board: Board, program: str) -> Board:
    assert board.emulator is not None
    return replace(board, emulator=replace(board.emulator, program=program))


@contextlib.contextmanager
def started(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A process with pipes that is ended even if the test fails."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, text=True, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def talk(port: SerialPort, text: bytes) -> bytes:
    port.write(text)
    return port.read(len(text), timeout=20)


def test_bytes_go_and_come_also_after_a_reset(board: Board, echo: Path) -> None:
    with Emulator(board, echo) as emulator:
        with SerialPort(emulator.port, board.uart) as port:
            assert talk(port, b"hello") == b"hello"
        with SerialPort(emulator.port, board.uart) as port:
            assert talk(port, bytes(range(256))) == bytes(range(256))
            emulator.reset()
            assert talk(port, b"again") == b"again"
    with pytest.raises(ProcessLookupError):
        # Signal 0 only asks whether there is such a process.
        os.kill(emulator.pid, 0)


def test_one_program_at_a_time(board: Board, echo: Path) -> None:
    with (
        Emulator(board, echo) as emulator,
        SerialPort(emulator.port, board.uart),
        pytest.raises(PortError, match="another program holds it"),
    ):
        SerialPort(emulator.port, board.uart)


def test_a_missing_program_names_its_package(
    board: Board, echo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolError, match="apt-get install --no-install-recommends qemu-system-arm"):
        Emulator(board, echo).__enter__()


def test_a_qemu_that_exits_at_once_shows_its_words(board: Board, echo: Path, tmp_path: Path) -> None:
    fake = script(tmp_path, "echo 'no such machine' >&2; exit 3\n")
    with pytest.raises(ToolError, match="exited with status 3: no such machine"):
        Emulator(with_program(board, fake), echo).__enter__()


def test_wrong_arguments_show_qemus_own_words(board: Board, echo: Path) -> None:
    assert board.emulator is not None
    wrong = replace(board, emulator=replace(board.emulator, arguments=("-machine", "no-such-board")))
    with pytest.raises(ToolError, match="unsupported machine type"):
        Emulator(wrong, echo).__enter__()


def test_a_qemu_that_dies_later_is_not_blamed_on_the_port(board: Board, echo: Path) -> None:
    with (
        pytest.raises(ToolError, match="exited with status -9"),
        Emulator(board, echo) as emulator,
        SerialPort(emulator.port, board.uart) as port,
    ):
        assert talk(port, b"x") == b"x"
        os.kill(emulator.pid, signal.SIGKILL)
        port.read(1, timeout=20)


def test_a_board_without_an_emulator_and_a_missing_bootloader(board: Board, tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="has no emulator"):
        Emulator(replace(board, emulator=None), tmp_path)
    with pytest.raises(BundleError, match=r"no bootloader at .*none\.elf"):
        Emulator(board, tmp_path / "none.elf")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_the_port_and_ends_cleanly(
    board: Board, echo: Path, number: signal.Signals
) -> None:
    line = [sys.executable, "-m", "sensor_bnn", "emulate", board.name, "--bootloader", str(echo), "--json"]
    with started(line) as process:
        assert process.stdout is not None and process.stderr is not None
        said = json.loads(process.stdout.readline())
        assert said["board"] == board.name
        with SerialPort(said["port"], board.uart) as port:
            assert talk(port, b"hello") == b"hello"
        process.send_signal(number)
        assert process.stderr.read() == "Stopped.\n"
        assert process.wait(timeout=20) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(said["pid"], 0)


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_the_bootloader_answers_at_the_printed_port_at_once_and_after_a_reset(board: Board) -> None:
    """A script that uses the port may be faster than the board: the command calls it first."""
    line = [sys.executable, "-m", "sensor_bnn", "emulate", board.name, "--json"]
    with started(line) as process:
        assert process.stdout is not None and process.stderr is not None
        said = json.loads(process.stdout.readline())
        with SerialPort(said["port"], board.uart) as port:
            port.write(bytes([SYNC]))
            port.write(bytes([SYNC ^ 0xFF]))  # If it was called before, this is a command that it refuses.
            assert port.read(1, 5.0) == bytes([NACK])
            port.drain(0.2)
            # A bootloader that was called takes SYNC as half a command; one that was reset answers it.
            os.kill(said["process"], signal.SIGUSR1)
            for expected in ("Building", "Reset."):
                assert process.stderr.readline().startswith(expected)
            port.drain(0.5)
            port.write(bytes([SYNC]))
            assert port.read(1, 5.0) == bytes([ACK])
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_no_qemu_outlives_a_host_that_is_killed(board: Board, echo: Path) -> None:
    """Not even if the host cannot clean up: a remaining emulator would use half a core for ever."""
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from sensor_bnn.hardware.boards import load_board\n"
        "from sensor_bnn.emulation.emulator import Emulator\n"
        "with Emulator(load_board(sys.argv[1]), Path(sys.argv[2])) as emulator:\n"
        "    print(emulator.pid, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    line = [sys.executable, "-c", program, board.name, str(echo)]
    with started(line) as host:
        assert host.stdout is not None
        qemu = int(host.stdout.readline())
        watched = os.pidfd_open(qemu)
        host.kill()
        host.wait()
        ended, _, _ = select.select([watched], [], [], 20.0)
        os.close(watched)
    assert ended, "QEMU still runs"
