"""Run a model on an emulated board that counts every instruction, and estimate the cycles of each layer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.cycles.cycles import Estimate, Memory, estimate_cycles
from sensor_bnn.emulation.counting import CountPlugin, Symbols, counts_by_layer
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.files import scratch_folder
from sensor_bnn.firmware.build import start_file
from sensor_bnn.flashing.flash import flash_image
from sensor_bnn.flashing.image import read_image
from sensor_bnn.hardware.boards import Board
from sensor_bnn.measure.bench import Progress
from sensor_bnn.wire.application import check_answer, greet
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort

MARK = "counter_now"
"""The firmware's function that runs before and after each layer of a profiled inference."""


class CountedRun:
    """An emulated, flashed board whose instructions are counted.

    ``port`` is its serial port while it runs; ``estimates`` may be called after it has stopped.
    """

    def __init__(self, board: Board, plugin: CountPlugin, symbols: Symbols, port: str) -> None:
        self.port = port
        self._board = board
        self._plugin = plugin
        self._symbols = symbols

    def estimates(self, layers: int, memory: Memory | None = None) -> list[Estimate]:
        """Return the estimate of each layer of the profiled inference.

        Args:
            layers: number of the model's layers.
            memory: of the flash; without wait states if None.

        Raises:
            ToolError: no inference was profiled, or LLVM's programs are missing.
        """
        counts = counts_by_layer(self._plugin.counts(), layers)
        return estimate_cycles(counts, self._symbols, find_target(self._board.target), memory)


@contextmanager
def counted_run(
    board: Board, build: Path, folder: Path, progress: Progress = lambda stage, done, total: None
) -> Iterator[CountedRun]:
    """Start the board with the counting plugin and flash a build.

    Within the context, profile one inference and run no other; the board stops at the end of the context.

    Args:
        board: one with an emulator.
        build: the folder of ``sensor-bnn build`` for it.
        folder: folder for plugin and counts; it must exist longer than the context.
        progress: of flashing.

    Raises:
        SensorBnnError: the emulator, the flasher or the C compiler failed.
    """
    symbols = Symbols(build / "firmware.elf")
    plugin = CountPlugin.build(symbols, MARK, folder)
    with Emulator(board, start_file(board, build), plugin.argument) as emulator:
        flash_image(emulator.port, read_image(build), board, progress=progress)
        yield CountedRun(board, plugin, symbols, emulator.port)


def estimate_model(
    board: Board,
    bundle: Path,
    build: Path,
    sample: bytes,
    memory: Memory | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> list[Estimate]:
    """Estimate the cycles of each layer of a model, for one sample.

    Args:
        board: one with an emulator.
        bundle: the compiled model.
        build: its firmware.
        sample: the bytes of the input.
        memory: of the flash; without wait states if None.
        progress: of flashing.

    Raises:
        SensorBnnError: the run failed, or LLVM's programs are missing.
    """
    metadata = read_metadata(bundle)
    with scratch_folder("counts") as folder:
        with (
            counted_run(board, build, folder, progress) as run,
            SerialPort(run.port, board.uart) as line,
        ):
            client = Client(line)
            check_answer(greet(line, client), board, metadata)
            client.write_input(sample)
            client.profile()
        return run.estimates(len(metadata.layers), memory)
