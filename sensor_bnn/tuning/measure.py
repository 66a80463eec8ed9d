"""Run a program of trials on a board, and read what its timer counted."""

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
from sensor_bnn.files import scratch_folder
from sensor_bnn.firmware.build import BuildResult, build_firmware
from sensor_bnn.flashing.flash import flash_image
from sensor_bnn.flashing.image import read_image
from sensor_bnn.hardware.boards import Board
from sensor_bnn.measure.bench import instructions_of
from sensor_bnn.measure.on_board import with_image
from sensor_bnn.report.progress import transfer_bars
from sensor_bnn.wire.application import check_answer, greet
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort

_REPEATS = 3
"""Of a run whose counts do not repeat; the least one is what the work took."""


@dataclass(frozen=True)
class Counts:
    """What a board counted.

    Attributes:
        steps: of each step: instructions where the board is emulated, else ticks of ``counter``.
        counter: the timer that counted.
        output: the program's.
    """

    steps: tuple[int, ...]
    counter: str
    output: Array


def run_trials(program: Program, key: str, board: Board, port: str | None) -> Counts:
    """Compile, build, and run a program on a board.

    Args:
        program: its output is uint32.
        key: what tells this program from every other one.
        board: the board that must be at the port.
        port: where a real one is; None starts the emulator.

    Raises:
        BoardError: the program does not fit the board.
        ToolError, PortError, FlashError, DeviceError: whatever a stage says.
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
    """The port of the board that runs the build."""
    if port is None:
        with Emulator(with_image(board, build.firmware_bin), build.bootloader_elf) as emulator:
            yield emulator.port
        return
    with transfer_bars() as progress:
        flash_image(port, read_image(build.folder), board, progress=progress)
    yield port
