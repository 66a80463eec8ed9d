"""Run a program of trials on a board and read the counts of its timer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from sensor_bnn.compiler.bundle import write_bundle
from sensor_bnn.compiler.host_library import HostModel
from sensor_bnn.compiler.program import Array, Program
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.emulation.preloaded import with_image
from sensor_bnn.files import scratch_folder
from sensor_bnn.firmware.build import BuildResult, build_firmware
from sensor_bnn.flashing.flash import flash_image
from sensor_bnn.flashing.image import read_image
from sensor_bnn.hardware.boards import Board
from sensor_bnn.measure.bench import instructions_of
from sensor_bnn.wire.application import check_answer, greet
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort

_REPEATS = 3
"""The number of runs on a real board, whose counts vary; the lowest count is used."""


@dataclass(frozen=True)
class Counts:
    """The counts of a run on a board.

    Attributes:
        steps: the count of each step: instructions on an emulated board, otherwise ticks of ``counter``.
        counter: the name of the timer.
        output: the output of the program.
    """

    steps: tuple[int, ...]
    counter: str
    output: Array


def run_trials(program: Program, key: str, board: Board, port: str | None) -> Counts:
    """Compile, build, and run a program on a board.

    Args:
        program: the program, whose output is uint32.
        key: a text that identifies this program among all others.
        board: the board.
        port: the serial port of a real board; None starts the emulator.

    Raises:
        BoardError: the program does not fit the board.
        ToolError, PortError, FlashError, DeviceError: a stage failed.
    """
    with scratch_folder("tune") as folder:
        digest = hashlib.sha256(key.encode()).hexdigest()
        target = find_target(board.target)
        bundle = write_bundle(program, "tune", digest, target, folder / "bundle", package=False)
        build = build_firmware(bundle.folder, board, folder / "build")
        with _started(board, build, port) as path, SerialPort(path, board.uart) as line:
            client = Client(line)
            hello = greet(line, client)
            check_answer(hello, board, bundle.metadata)
            runs = [client.profile()[1] for _ in range(1 if board.emulator else _REPEATS)]
            output = np.frombuffer(client.read_output(bundle.metadata.output.bytes), np.uint32)
    ticks = [min(counts) for counts in zip(*runs, strict=True)]
    counted = [instructions_of(count, hello, board) for count in ticks]
    steps = tuple(tick if count is None else count for tick, count in zip(ticks, counted, strict=True))
    return Counts(steps, hello.counter, output)


def run_on_host(program: Program) -> Array:
    """Compile a program for this machine and return its output.

    Raises:
        ToolError: the host's C compiler is missing or failed.
    """
    with scratch_folder("tune") as folder:
        target = find_target("host")
        bundle = write_bundle(program, "tune", "0" * 64, target, folder / "host", package=False)
        return HostModel(bundle.folder).infer(np.zeros(1, np.uint32)).reshape(-1)


@contextmanager
def _started(board: Board, build: BuildResult, port: str | None) -> Iterator[str]:
    """Yield the port of a board that runs the build."""
    if port is None:
        with Emulator(with_image(board, build.firmware_bin), build.bootloader_elf) as emulator:
            yield emulator.port
        return
    flash_image(port, read_image(build.folder), board)
    yield port
