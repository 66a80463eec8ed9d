"""The RP2040 and the nRF52840: what their simulated chips notice, watchdogs, and power cuts."""

from __future__ import annotations

import contextlib
import shutil
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor_bnn.firmware import link
from sensor_bnn.firmware.boot2 import checksum
from sensor_bnn.firmware.build import BuildResult, build_bootloader, build_firmware
from sensor_bnn.hardware.boards import BOOT2_BYTES, load_board
from sensor_bnn.resources import resource
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort

from .chip import AIRCR, Bus, Chip, ChipPort, FaultError
from .chips import FAMILIES
from .nrf52 import ENABLE, UART, Nrf52
from .rp2040 import Rp2040, crc_of

BOARDS = ("nrf52840-dk", "pico")
SECONDS = 5.0  # of the chip's time, for an answer
ACK = b"\x79"


def checked(data: bytes) -> bytes:
    """Return bytes and their XOR."""
    check = 0
    for byte in data:
        check ^= byte
    return data + bytes([check])


class Caller:
    """Raw commands to the bootloader of a chip, each once."""

    def __init__(self, chip: Chip) -> None:
        self.port = ChipPort(chip)

    def talk(self, data: bytes, count: int = 1) -> bytes:
        """Send bytes and return the answer."""
        self.port.write(data)
        return self.port.read(count, SECONDS)

    def erase(self, page: int) -> bytes:
        """Erase a page; return ACK, NACK or nothing."""
        assert self.talk(b"\x44\xbb") == ACK
        return self.talk(checked(struct.pack(">HH", 0, page)))

    def write(self, address: int, data: bytes) -> bytes:
        """Write up to 256 bytes; return ACK, NACK or nothing."""
        assert self.talk(b"\x31\xce") == ACK
        assert self.talk(checked(struct.pack(">I", address))) == ACK
        return self.talk(checked(bytes([len(data) - 1]) + data))


@pytest.fixture(scope="module")
def built_of(
    standin_for: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], BuildResult]:
    """``built_of(name)``: a board's programs, built once."""

    @cache
    def build(name: str) -> BuildResult:
        board = load_board(name)
        return build_firmware(standin_for(board.target), board, tmp_path_factory.mktemp("uf2") / "out")

    return build


@given(st.binary(max_size=BOOT2_BYTES))
def test_the_checksum_of_a_second_stage_is_that_of_the_rom(code: bytes) -> None:
    assert checksum(code) == crc_of(code)


def test_the_rom_refuses_a_second_stage_with_a_wrong_bit(built_of: Callable[[str], BuildResult]) -> None:
    chip = Chip(load_board("pico"), built_of("pico").bootloader_elf, Rp2040())
    first = chip.flash(0x10000000, BOOT2_BYTES)
    assert chip.violations == []
    for at in range(0, BOOT2_BYTES, 17):
        wrong = bytearray(first)
        wrong[at] ^= 1 << at % 8
        chip.set_flash(0x10000000, bytes(wrong))
        chip.reset()
        assert chip.violations == ["the boot ROM finds no second stage, and shows its drive"]
        chip.violations.clear()


WRONG = (
    ("pico", "rp2040_flash.c", 'long_call, section(".in_ram")', "long_call", "called from the flash"),
    ("pico", "rp2040_flash.c", "state = cpu_mask();", "state = 0;", "interrupts, whose handlers"),
    ("pico", "rp2040_flash.c", "    it->leave_read();\n", "", "RE after IF"),
    ("pico", "rp2040_flash.c", "    it->empty_cache();\n", "", "with an old cache"),
    ("pico", "rp2040_boot2.c", "    SSI_SSIENR = 0;\n", "", "while the SSI is on"),
    ("pico", "rp2040_boot2.c", "BAUDR_DIVISOR 4u", "BAUDR_DIVISOR 2u", "read at 62.5 MHz"),
    ("pico", "rp2040_boot2.c", "(6u << 2)", "(8u << 2)", "no command that every flash has"),
    ("nrf52840-dk", "nrf51_flash.c", "configure(CONFIG_WRITE) &&", "true &&", "4 bytes stored"),
    ("nrf52840-dk", "nrf51_flash.c", "configure(CONFIG_READ) && done", "done", "open for writes"),
    ("nrf52840-dk", "nrf51_flash.c", "    return wait();\n", "    return true;\n", "4 bytes stored"),
    ("nrf52840-dk", "nrf51_flash.c", "NVMC_ERASEPAGE = address", "NVMC_ERASEPAGE = address + 4u", "an erase"),
    ("nrf52840-dk", "nrf51_uart.c", "    uart_driver_drain();\n    sending", "    sending", "still sends"),
)
"""A board, a file of ``firmware/hal``, a change of it, and what the chip says of the bootloader then."""


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize(
    ("name", "file", "right", "wrong", "words"), WRONG, ids=lambda value: str(value)[:24]
)
def test_the_played_chip_notices_a_wrong_driver(
    name: str, file: str, right: str, wrong: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    firmware = Path(shutil.copytree(resource("firmware"), tmp_path / "firmware"))
    source = firmware / "hal" / file
    assert source.read_text().count(right) == 1
    source.write_text(source.read_text().replace(right, wrong))
    monkeypatch.setattr(link, "resource", lambda part: tmp_path / part)
    board = load_board(name)
    chip = Chip(board, build_bootloader(board, tmp_path / "out"), FAMILIES[name]())
    caller = Caller(chip)
    with contextlib.suppress(FaultError, AssertionError):
        assert caller.talk(b"\x7f") == ACK
        assert caller.erase(board.bootloader.size // board.flash.page) == ACK
        assert caller.write(board.slot.origin, bytes(range(256))) == ACK
    assert any(words in said for said in chip.violations), chip.violations


@pytest.mark.parametrize("name", ["feather-nrf52840", "nrf52840-dk"])
def test_the_played_nrf52840_notices_a_wrong_pin(name: str) -> None:
    board = load_board(name)
    tx = {"feather-nrf52840": 25, "nrf52840-dk": 6}[name]
    pins = {0x50000508, 0x50000700 + 4 * tx, 0x4000250C, 0x40002514}
    assert pins <= {step.register for step in board.setup}
    for left_out in (None, *pins):
        bus = Bus(board, Nrf52())
        bus.may_fall_back = True
        for step in board.setup:
            if step.register != left_out:
                bus.write(step.register, bus.read(step.register) & ~step.clear | step.set)
        bus.write(ENABLE, 4)
        assert bool(bus.violations) == (left_out is not None), left_out
    # The application does the set-up while the bootloader's UART is on.
    bus.violations.clear()
    bus.write(UART + 0x50C, 7)
    assert bus.violations == ["0x4000250c written while the UART is on"]


def test_the_played_rp2040_notices_a_reset_of_its_core_alone(built_of: Callable[[str], BuildResult]) -> None:
    chip = Chip(load_board("pico"), built_of("pico").bootloader_elf, Rp2040())
    chip.write(AIRCR, 0x05FA0004)
    assert chip.violations == ["a reset of the core alone"]


def started(name: str, built: BuildResult) -> tuple[Chip, Client]:
    """Return a chip whose application answers and is confirmed."""
    board = load_board(name)
    chip = Chip(board, built.bootloader_elf, FAMILIES[name]())
    data = built.firmware_bin.read_bytes()
    chip.set_flash(board.slot.origin, data)
    chip.stop_at_sleeps(board.slot.origin, len(data))
    client = Client(cast(SerialPort, ChipPort(chip)))
    client.confirm(client.hello(timeout=2.0, attempts=3).model_hash)
    assert chip.family.fed_at is not None, "the watchdog is on"
    return chip, client


def idle(chip: Chip, seconds: float) -> None:
    """Let time pass without a host."""
    assert ChipPort(chip).read(1, seconds) == b""


@pytest.mark.parametrize("name", BOARDS)
def test_the_watchdog_resets_a_hanging_application_and_not_the_bootloader(
    name: str, built_of: Callable[[str], BuildResult]
) -> None:
    """An nRF52840's goes on through a reset by software; the reason of an RP2040's last one stays."""
    chip, client = started(name, built_of(name))
    board, caller = chip.board, Caller(chip)
    assert board.watchdog is not None
    # As for an application that has hung since it last fed the watchdog.
    chip.now += (board.watchdog.seconds + 1) * board.counter.clock_hz
    idle(chip, 5.0)
    assert chip.resets == 1
    assert caller.talk(b"\x7f") == ACK, "for ten seconds after a crash a host may call"
    idle(chip, board.watchdog.seconds + 3.0)
    assert chip.resets == 1
    assert caller.talk(b"\x21\xde") == ACK
    assert caller.talk(b"\x00\x00\x00\x00\x00") != ACK
    assert caller.talk(b"\x21\xde") == ACK
    address = board.slot.origin.to_bytes(4, "big")
    assert caller.talk(address + bytes([address[0] ^ address[1] ^ address[2] ^ address[3]])) == ACK
    client.hello(timeout=2.0, attempts=3)
    # A host asks for the bootloader, which is no crash, and stays there.
    client.enter_bootloader()
    idle(chip, board.watchdog.seconds + 3.0)
    assert chip.resets == 2
    assert caller.talk(b"\x7f") == ACK
    assert chip.violations == []
