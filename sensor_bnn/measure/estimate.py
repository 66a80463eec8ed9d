"""Run a model on an emulated board that counts every instruction, and estimate the cycles of each layer.

The same run simulates the flash of each real board with this core: what it waits for code and for weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sensor_bnn.compiler.metadata import Metadata, read_metadata
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.cycles.cycles import Estimate, Memory, estimate_cycles
from sensor_bnn.cycles.energy import real_boards
from sensor_bnn.cycles.memory import MemoryCost, memory_costs
from sensor_bnn.emulation.counting import CountPlugin, Symbols, counts_by_layer, spans_of_layers
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.emulation.memory_plugin import FlashMemory, MemoryPlugin
from sensor_bnn.emulation.preloaded import with_image
from sensor_bnn.files import scratch_folder
from sensor_bnn.firmware.build import start_file
from sensor_bnn.firmware.fit import free_ram
from sensor_bnn.hardware.boards import Board
from sensor_bnn.wire.application import check_answer, greet
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort

_WARM = 1
"""Inferences that fill the caches before the one whose waits are taken."""

MARK = "counter_now"
"""The firmware's function that runs before and after each layer of a profiled inference."""


@dataclass(frozen=True)
class ModelEstimate:
    """The estimate of each layer of a model, and its cost on each real board whose flash is described."""

    layers: tuple[Estimate, ...]
    memory: tuple[MemoryCost, ...]


def estimate_model(
    board: Board,
    bundle: Path,
    build: Path,
    sample: bytes,
    memory: Memory | None = None,
) -> ModelEstimate:
    """Estimate the cycles of each layer of a model, for one sample.

    Args:
        board: one with an emulator.
        bundle: the compiled model.
        build: its firmware.
        sample: the bytes of the input.
        memory: a bound of the flash's cost; without wait states if None. Boards whose flash is described have
            a cost of their own.

    Raises:
        SensorBnnError: the run failed, or LLVM's programs are missing.
    """
    metadata = read_metadata(bundle)
    symbols = Symbols(build / "firmware.elf")
    with scratch_folder("counts") as folder:
        counts = CountPlugin.build(symbols, MARK, folder)
        boards = [real for real in real_boards(board.target) if real.flash.access is not None]
        waits = _waits_plugin(board, boards, symbols, metadata, folder)
        plugins = [plugin.argument for plugin in (counts, waits) if plugin is not None]
        flashed = with_image(board, build / "firmware.bin")
        with (
            Emulator(flashed, start_file(board, build), plugins) as emulator,
            SerialPort(emulator.port, board.uart) as line,
        ):
            client = Client(line)
            check_answer(greet(line, client), board, metadata)
            client.write_input(sample)
            for _ in range(1 + _WARM):
                client.profile()
        number = len(metadata.layers)
        spans = counts_by_layer(counts.counts(), number)
        layers = estimate_cycles(spans, symbols, find_target(board.target), memory)
        costs = (
            []
            if waits is None
            else memory_costs(
                boards,
                [layer.cycles_without_waits for layer in layers],
                spans_of_layers(waits.waits(), number, _WARM)[1:],
                metadata.weights_bytes,
                [free_ram(metadata, real) for real in boards],
            )
        )
    return ModelEstimate(tuple(layers), tuple(costs))


def _waits_plugin(
    board: Board, boards: list[Board], symbols: Symbols, metadata: Metadata, folder: Path
) -> MemoryPlugin | None:
    """Return the plugin that simulates each board's flash twice, with the weights in it and in RAM."""
    weights = symbols.data(f"{metadata.prefix}_weights_")
    memories = [
        FlashMemory(real.flash.access, without_waits)
        for real in boards
        if real.flash.access is not None
        for without_waits in ((0, 0), weights)
    ]
    return MemoryPlugin.build(symbols, MARK, board.flash, memories, folder) if memories else None
