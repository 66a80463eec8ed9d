"""Boards that are programs of an operating system: how they end, and what they do not support."""

from __future__ import annotations

import os
import select
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from sensor_bnn.cli.emulate import command as emulate
from sensor_bnn.cli.flash import command as flash
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.emulation.instruction_plugin import instruction_plugin
from sensor_bnn.errors import BoardError, BundleError, DeviceError, ToolError
from sensor_bnn.firmware.build import BuildResult, build_bootloader, build_firmware
from sensor_bnn.flashing.flash import flash_image
from sensor_bnn.flashing.image import read_image
from sensor_bnn.hardware.boards import Board, is_program, list_boards
from sensor_bnn.measure.bench import instructions_of
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort

from .line import Line, request

PROGRAMS = [board for board in list_boards() if is_program(board)]
WRITE_INPUT, INFER, BOOTLOADER = 2, 3, 8


@pytest.fixture(scope="module", params=PROGRAMS, ids=[board.name for board in PROGRAMS])
def program(
    cross_compiler: None,
    qemu: None,
    request: pytest.FixtureRequest,
    standin_for: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Board, BuildResult]:
    board: Board = request.param
    return board, build_firmware(standin_for(board.target), board, tmp_path_factory.mktemp("program") / "out")


def ended(emulator: Emulator) -> str:
    watched = os.pidfd_open(emulator.pid)
    has_ended = select.select([watched], [], [], 60.0)[0]
    os.close(watched)
    assert has_ended, "the program still runs"
    with pytest.raises(ToolError, match="exited with status") as caught:
        emulator.wait(1)
    return caught.value.message


def test_the_command_runs_it_on_after_the_signal_for_a_reset(program: tuple[Board, BuildResult]) -> None:
    board, built = program
    line = [sys.executable, "-m", "sensor_bnn", "emulate", board.name, "--build", str(built.folder)]
    pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(line, text=True, **pipes) as process:
        try:
            assert process.stdout is not None and process.stderr is not None
            port = process.stdout.readline().strip()
            assert process.stderr.readline() == f"{board.title} runs; Ctrl-C stops it.\n"
            process.send_signal(signal.SIGUSR1)
            assert process.stderr.readline() == f"{board.name} is a program and has no reset.\n"
            with Line(port) as host:
                host.greet()
            process.send_signal(signal.SIGTERM)
            assert process.stderr.read() == "Stopped.\n"
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()


def test_there_is_no_bootloader(program: tuple[Board, BuildResult], tmp_path: Path) -> None:
    board, built = program
    assert built.bootloader_elf == built.firmware_elf
    assert not (built.folder / "bootloader.elf").exists()
    with pytest.raises(BoardError, match="has no bootloader"):
        build_bootloader(board, tmp_path)
    done = CliRunner().invoke(emulate, [board.name])
    assert isinstance(done.exception, BoardError)


def test_it_ends_where_a_board_would_enter_its_bootloader(program: tuple[Board, BuildResult]) -> None:
    board, built = program
    with Emulator(board, built.bootloader_elf) as emulator, Line(emulator.port) as line:
        assert line.ask(BOOTLOADER) == (0, b"")
        assert "status 0" in ended(emulator)


def test_a_stack_overflow_ends_it(program: tuple[Board, BuildResult]) -> None:
    board, built = program
    with Emulator(board, built.bootloader_elf) as emulator, Line(emulator.port) as line:
        line.ok(WRITE_INPUT, struct.pack("<Iff", 0, 0, board.ram.stack + 100))
        line.send(request(INFER))
        assert "Segmentation fault" in ended(emulator)


def test_it_has_no_reset(program: tuple[Board, BuildResult]) -> None:
    board, built = program
    with Emulator(board, built.bootloader_elf) as emulator, pytest.raises(ToolError, match="no reset"):
        emulator.reset()


def test_flashing_another_model_is_refused(program: tuple[Board, BuildResult]) -> None:
    board, built = program
    image = read_image(built.folder)
    with Emulator(board, built.bootloader_elf) as emulator:
        result = flash_image(emulator.port, image, board)
        assert (result.model_hash, result.written_bytes) == (image.model_hash, 0)
        done = CliRunner().invoke(flash, [str(built.folder), "--port", emulator.port])
        assert "is a program and runs" in done.output
        with pytest.raises(DeviceError, match="runs the model"):
            flash_image(emulator.port, replace(image, model_hash="ab" * 32), board)


def test_without_the_plugin_time_is_real_and_no_instructions(program: tuple[Board, BuildResult]) -> None:
    board, built = program
    assert board.emulator is not None
    with Emulator(board, built.bootloader_elf) as emulator, SerialPort(emulator.port, board.uart) as port:
        counted = Client(port).hello()
    assert counted.counter == "instructions"
    assert instructions_of(1234, counted, board) == 1234
    timed = replace(counted, counter="monotonic")
    assert instructions_of(1234, timed, board) is None
    done = subprocess.run(
        [board.emulator.program, *board.emulator.arguments, built.firmware_elf],
        input=request(1),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, "the end of input is the end of the program"
    assert b"monotonic" in done.stdout


def test_a_program_without_the_variable(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="cannot be read"):
        instruction_plugin(tmp_path / "absent", tmp_path)
    subprocess.run(["cc", "-x", "c", "-", "-o", tmp_path / "other"], input=b"int main(void){}", check=True)
    with pytest.raises(BundleError, match="has no variable linux_instructions"):
        instruction_plugin(tmp_path / "other", tmp_path)
