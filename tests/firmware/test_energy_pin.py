"""The pin that is high while a model runs, read by a debugger while the emulated core is halted."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.emulation.gdb import Debugger
from sensor_bnn.firmware.build import build_firmware
from sensor_bnn.flashing.flash import flash_image
from sensor_bnn.flashing.image import read_image
from sensor_bnn.hardware.boards import EnergyPin, Write, default_board, load_board

from .line import Line, request

LEDS = 0x40028000  # register of MPS2's FPGAIO: two bits that QEMU keeps
PIN = f"""
[energy_pin]
raise = {{ register = {LEDS:#x}, value = 1 }}
lower = {{ register = {LEDS:#x}, value = 2 }}
"""


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_it_is_high_during_an_inference_and_no_longer(
    standin_for: Callable[[str], Path], tmp_path: Path
) -> None:
    source = default_board()
    folder = tmp_path / source.name
    folder.mkdir()
    (folder / "board.toml").write_text((source.folder / "board.toml").read_text() + PIN)
    board = load_board(folder)
    assert board.energy_pin == EnergyPin(Write(LEDS, 1), Write(LEDS, 2))
    built = build_firmware(standin_for(board.target), board, tmp_path / "out")

    def leds(emulator: Emulator) -> int:
        with Debugger(emulator.debugger) as debugger:
            return int.from_bytes(debugger.read(LEDS, 4), "little")

    with Emulator(board, built.bootloader_elf) as emulator:
        flash_image(emulator.port, read_image(built.folder), board)
        with Line(emulator.port) as line:
            assert leds(emulator) == 2  # since the self-test that confirmed the image
            rounds = 300_000_000.0  # seconds of run time on any machine
            assert line.ok(2, struct.pack("<If", 0, rounds)) == b""
            line.send(request(3))
            # The request may still be on its way.
            while (seen := leds(emulator)) == 2:
                pass
            assert seen == 1
            assert line.answer()[1:3] == (0x83, 0)
            assert leds(emulator) == 2
