"""Power cut at every erase and every write of an update: no half image is ever started."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from bundles import change_bundle

from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.emulation.gdb import BLOCK_BYTES, Debugger
from sensor_bnn.firmware.build import BuildResult, build_firmware
from sensor_bnn.hardware.boards import Board

from .line import ACK, HELLO, NACK, Line, checked

BLOCK = 256


def other_application(standin: Path, board: Board, folder: Path) -> bytes:
    """Return another whole image; its longer name moves the data after it."""
    bundle = Path(shutil.copytree(standin, folder / "bundle"))
    model = (bundle / "model.c").read_text()
    (bundle / "model.c").write_text(model.replace('"stand-in"', '"stand-in of before"'))
    change_bundle(bundle)
    return build_firmware(bundle, board, folder / "out").firmware_bin.read_bytes()


def model(line: Line) -> bytes:
    return line.ok(HELLO)[56:].split(b"\0")[2]


def restart(emulator: Emulator, line: Line) -> None:
    """Switch the power off and on, and call the bootloader."""
    emulator.reset()
    assert line.call(every=0.5) == ACK


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_power_cut_at_every_step_of_an_update(
    standin: Path, board: Board, built: BuildResult, tmp_path: Path
) -> None:
    old, new = other_application(standin, board, tmp_path), built.firmware_bin.read_bytes()
    new += b"\xff" * (-len(new) % 4)  # the last block is short: half of it is half of its data
    slot, page = board.slot.origin, board.flash.page
    steps: list[tuple[int, bytes, Callable[[Line], bytes]]] = []
    for start in range(slot, slot + max(len(old), len(new)), page):
        number = (start - board.flash.origin) // page

        def erase(line: Line, number: int = number) -> bytes:
            assert line.command(0x44) == ACK
            return line.stage(checked(struct.pack(">HH", 0, number)))

        steps.append((start, b"\xff" * page, erase))
    for at in range(0, len(new), BLOCK):

        def write(line: Line, at: int = at) -> bytes:
            return line.write(slot + at, new[at : at + BLOCK])

        steps.append((slot + at, new[at : at + BLOCK], write))
    assert len(steps) > 40
    with Emulator(board, built.bootloader_elf) as emulator, Line(emulator.port) as line:
        assert line.call() == ACK
        line.program(slot, old)
        emulator.reset()
        line.greet()
        assert model(line) == b"stand-in of before", "before the first step, the old one boots"
        restart(emulator, line)
        for index, (address, content, perform) in enumerate(steps):
            # Cut in the middle: half of the page or block already has its new contents.
            with Debugger(emulator.debugger) as core:
                half = content[: len(content) // 2]
                for at in range(0, len(half), BLOCK_BYTES):
                    core.write(address + at, half[at : at + BLOCK_BYTES])
            restart(emulator, line)
            assert line.go(slot) == NACK, f"half of step {index}"
            assert perform(line) == ACK
            # Cut after the step; in every eighth case no host calls, and nothing may start.
            # Not every time, because it waits a second for nothing.
            if index % 8 == 7:
                emulator.reset()
                assert line.take(1, 1.0) == b""
                line.send(b"\xa5\x5a\x01\x07\x01\x00\x00\x00" + struct.pack("<I", 0))
                assert line.take(1, 0.2) == b"", f"something answers after step {index}"
                assert line.call() == ACK
            else:
                restart(emulator, line)
            assert line.go(slot) == (NACK if index < len(steps) - 1 else ACK), f"after step {index}"
        assert model(line) == b"stand-in"
