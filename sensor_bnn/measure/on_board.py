"""Run a program once on an emulated board, with the same kind of bundle and firmware as a user's model."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sensor_bnn.compiler.bundle import write_bundle
from sensor_bnn.compiler.program import Program
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.emulation.counting import CountPlugin, Symbols
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.emulation.gdb import BLOCK_BYTES, Debugger
from sensor_bnn.emulation.instruction_plugin import variable
from sensor_bnn.emulation.preloaded import with_image
from sensor_bnn.files import scratch_folder
from sensor_bnn.firmware.build import build_firmware
from sensor_bnn.hardware.boards import Board, without_emulator
from sensor_bnn.wire.application import check_answer, greet
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort

_OUTPUT = "output"
"""The variable of firmware/app/agent.c that holds the output."""


@dataclass(frozen=True)
class BoardRun:
    """The results of a run on a board.

    Attributes:
        output: the bytes of the output.
        idle: the program's functions in the image that never ran; None if they were not watched.
    """

    output: bytes
    idle: tuple[str, ...] | None


def run_on_board(
    program: Program, name: str, board: Board, window: bytes, *, watch: bool = False
) -> BoardRun:
    """Compile, build, start the board with the image in its flash, and run the program once.

    Args:
        program: kernels and buffers.
        name: name of the model.
        board: one with an emulator.
        window: the bytes of the input.
        watch: whether QEMU records which functions run.

    Raises:
        BoardError: the board has no emulator, or the program does not fit it.
        ToolError: the cross compiler or the emulator is missing or failed.
    """
    if board.emulator is None:
        raise without_emulator(board)
    with scratch_folder("run") as folder:
        digest = hashlib.sha256(name.encode()).hexdigest()
        target = find_target(board.target)
        bundle = write_bundle(program, name, digest, target, folder / "bundle", package=False)
        build = build_firmware(bundle.folder, board, folder / "build")
        symbols = Symbols(build.firmware_elf)
        prefix = f"{bundle.metadata.prefix}_"
        plugin = CountPlugin.build(symbols, f"{prefix}run", folder) if watch else None
        arguments = [plugin.argument] if plugin else []
        with (
            Emulator(with_image(board, build.firmware_bin), build.bootloader_elf, arguments) as emulator,
            SerialPort(emulator.port, board.uart) as line,
        ):
            client = Client(line)
            check_answer(greet(line, client), board, bundle.metadata)
            client.write_input(window)
            client.infer()
            output = client.read_output(bundle.metadata.output.bytes)
        if plugin is None:
            return BoardRun(output, None)
        ran = {symbols.at(address) for span in plugin.counts() for address, _ in span}
        functions = (f.name for f in symbols.functions if f.name.startswith(prefix) and f not in ran)
        return BoardRun(output, tuple(functions))


def output_of(emulator: Emulator, client: Client, firmware: Path, size: int) -> bytes:
    """Return the last inference's output, read by QEMU if possible: a megabyte over the line takes a minute.

    Args:
        emulator: the emulator that runs the firmware.
        client: a client of the application.
        firmware: the file ``firmware.elf`` of the build.
        size: bytes of the output.

    Raises:
        BundleError: the firmware cannot be read or has no output.
        PortError: the board does not answer.
    """
    if not emulator.debugger:
        return client.read_output(size)
    address = variable(firmware, _OUTPUT)
    with Debugger(emulator.debugger) as debugger:
        parts = range(0, size, BLOCK_BYTES)
        return b"".join(debugger.read(address + at, min(BLOCK_BYTES, size - at)) for at in parts)
