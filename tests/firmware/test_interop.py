"""Stock programs with the emulated board: stm32loader, stm32flash, GDB."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.firmware.build import BuildResult, build_firmware
from sensor_bnn.firmware.image import ImageHeader
from sensor_bnn.flashing.flash import flash_image
from sensor_bnn.flashing.image import read_image
from sensor_bnn.hardware.boards import Board
from sensor_bnn.hardware.facts import HEADER_BYTES
from sensor_bnn.nn.folded import FoldedModel
from sensor_bnn.onnx.export import save_onnx, to_onnx

from .line import ACK, NACK, QUIET, Line, Machine, request
from .noise import NoisyCable

HELLO, WRITE_INPUT, INFER = 1, 2, 3


def stm32loader(port: str, *arguments: str | Path) -> str:
    script = Path(__file__).parent / "stm32loader_on_a_pty.py"
    command = [sys.executable, str(script), "-p", port, "-P", "none", "-n", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_stm32loader_erases_writes_verifies_reads_and_starts(
    machine: Machine, board: Board, built: BuildResult, tmp_path: Path
) -> None:
    line, port = machine.line, machine.emulator.port
    assert line.call() == ACK
    image = built.firmware_bin.read_bytes()
    slot = f"0x{board.slot.origin - board.flash.origin + board.bootloader.alias:08x}"
    line.program(board.slot.end - 256, bytes(256))
    said = stm32loader(port, "-e", "-w", "-v", "-a", slot, built.firmware_bin)
    assert "Bootloader version: 0x33" in said and f"Chip id: 0x{board.bootloader.chip_id:X}" in said
    assert "Verification OK" in said
    assert line.read(board.slot.end - 256, 256) == b"\xff" * 256, "erased"
    stm32loader(port, "-r", "-l", str(len(image)), "-a", slot, tmp_path / "read.bin")
    assert (tmp_path / "read.bin").read_bytes() == image
    stm32loader(port, "-g", slot)
    assert line.ask(HELLO)[0] == 0


_ATTEMPTS = 5  # stm32flash waits one second for an answer, which may be too short on a busy machine


def large_image(image: bytes, size: int) -> bytes:
    """Return a whole image of ``size`` bytes: the given one, followed by unused noise."""
    noise = np.random.default_rng(11).bytes(size - len(image))
    body = image[HEADER_BYTES:] + noise
    old = image[:HEADER_BYTES]
    name = old[48:80].rstrip(b"\0").decode()
    address = int.from_bytes(old[128:132], "little")
    return ImageHeader.of(body, old[16:48], name, "1", address).to_bytes() + body


def test_less_on_the_wire_than_stm32flash(
    machine: Machine, board: Board, built: BuildResult, tmp_path: Path
) -> None:
    """Both write and verify the same bytes over blank flash; ours also starts them.

    The cost on a line is bytes and waits for answers; ``tests/played/wire_time.py`` measures seconds.
    """
    if shutil.which("stm32flash") is None:
        pytest.fail("stm32flash is missing: apt-get install stm32flash")
    line, port = machine.line, machine.emulator.port
    assert line.call() == ACK
    image = large_image(built.firmware_bin.read_bytes(), 64 << 10)
    (tmp_path / "firmware.bin").write_bytes(image)
    slot = f"0x{board.slot.origin - board.flash.origin + board.bootloader.alias:08x}"
    program = [
        *("stm32flash", "-m", "8n1", "-b", "115200", "-S", slot),
        *("-w", str(tmp_path / "firmware.bin"), "-v"),
    ]
    for _ in range(_ATTEMPTS):
        with NoisyCable(port, 0.0, 0) as theirs:
            done = subprocess.run(
                [*program, theirs.port], capture_output=True, text=True, check=False, timeout=300
            )
        assert line.call() in (ACK, NACK), "it listens for a command"
        while line.take(4096, QUIET):
            pass  # answers that stm32flash or an earlier call did not wait for
        assert line.command(0x44) == ACK
        assert line.stage(b"\xff\xff\x00") == ACK
        if done.returncode == 0:
            break
    assert done.returncode == 0 and "verified" in done.stdout, done.stdout + done.stderr
    with NoisyCable(port, 0.0, 0) as ours:
        result = flash_image(ours.port, read_image(tmp_path), board)
    assert result.pages_written == result.pages and result.verified_by == "checksum"
    assert line.ask(8)[0] == 0
    assert line.call() == ACK
    assert line.read(board.slot.origin + len(image) - 256, 256) == image[-256:]
    assert theirs.bytes > 2 * len(image), "written and read back"
    assert ours.bytes < theirs.bytes, (ours.bytes, theirs.bytes)
    assert ours.turns < theirs.turns, (ours.turns, theirs.turns)


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_gdb_stops_in_a_kernel_with_source_lines(
    board: Board,
    tmp_path: Path,
    shape_of: Callable[..., object],
    random_folded: Callable[..., FoldedModel],
) -> None:
    if shutil.which("gdb-multiarch") is None:
        pytest.fail("gdb-multiarch is missing: apt-get install gdb-multiarch")
    save_onnx(
        to_onnx(random_folded(shape_of(tokens=32, width=128, hidden=256, layers=1))), tmp_path / "model.onnx"
    )
    bundle = compile_model(tmp_path / "model.onnx", board.target, tmp_path / "bundle")
    built = build_firmware(bundle.folder, board, tmp_path / "built")
    with built.firmware_elf.open("rb") as stream:
        names = {symbol.name for symbol in ELFFile(stream).get_section_by_name(".symtab").iter_symbols()}
    kernel = "random_0_linear_packed_lookup16"
    assert kernel in names, sorted(name for name in names if "linear" in name)
    frame = tmp_path / "infer"
    frame.write_bytes(request(INFER))
    with Emulator(board, built.bootloader_elf) as emulator:
        flash_image(emulator.port, read_image(built.folder), board)
        with Line(emulator.port) as line:
            assert line.ok(WRITE_INPUT, struct.pack("<I", 0) + bytes(4)) == b""
            done = subprocess.run(
                [
                    *("gdb-multiarch", "--batch", "-nx", str(built.firmware_elf)),
                    *("-ex", f"target remote {emulator.debugger}", "-ex", f"break {kernel}"),
                    *("-ex", f"shell cat {frame} > {emulator.port}", "-ex", "continue"),
                    *("-ex", "bt", "-ex", "next", "-ex", "info args", "-ex", "delete", "-ex", "detach"),
                ],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            said = done.stdout + done.stderr
            assert f"Breakpoint 1, {kernel} (" in said, said
            assert "bundle/kernels/linear_packed_lookup16.c:" in said, said
            assert "random_0_run (" in said and "model.c:" in said, said
            line.answer()
