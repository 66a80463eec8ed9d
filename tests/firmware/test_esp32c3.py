"""The ESP32-C3: its image, its start, its rules. The chip is simulated; nothing here is hardware."""

from __future__ import annotations

import hashlib
import re
import shutil
import struct
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor_bnn.errors import BoardError
from sensor_bnn.firmware import link
from sensor_bnn.firmware.build import BuildResult, build_bootloader, build_firmware
from sensor_bnn.firmware.esp_image import to_esp_image
from sensor_bnn.firmware.fit import too_big_for_slot
from sensor_bnn.firmware.signing import Signer
from sensor_bnn.hardware.boards import load_board
from sensor_bnn.resources import resource
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort
from sensor_bnn.wire.protocol import Frame, Kind, encode

from .chip import Bus, ChipPort
from .esp32c3 import ADDRESS, DRAM, IRAM, ROM_STACK, XTAL_HZ, Esp32c3, Esp32c3Chip
from .standin.facts import STANDIN_HASH

NAME = "esp32-c3-devkitm-1"
BOARD = load_board(NAME)
ENTRY = BOARD.slot.origin + BOARD.flash.code_offset


def image_of(*words: int, at: int = ENTRY, entry: int | None = None) -> bytes:
    """Return an image of one segment, as the ROM expects it."""
    data = struct.pack(f"<{len(words)}I", *words)
    head = struct.pack(
        "<BBBBIB3xHBHH4xB", 0xE9, 1, 2, 0x20, at if entry is None else entry, 0xEE, 5, 0, 0, 0xFFFF, 1
    )
    content = head + struct.pack("<II", at, len(data)) + data
    total = 0xEF
    for byte in data:
        total ^= byte
    content += bytes(15 - len(content) % 16) + bytes([total])
    return content + hashlib.sha256(content).digest()


# A few instructions of RV32I, enough to break a rule each.
A0, A1 = 10, 11
LOOP, RETURN_FROM_TRAP = 0x0000006F, 0x30200073


def load(register: int, value: int) -> tuple[int, int]:
    """Load a constant."""
    low = value & 0xFFF
    high = (value + 0x800) & 0xFFFFF000
    return high | register << 7 | 0x37, low << 20 | register << 15 | register << 7 | 0x13


def read(size: int) -> int:
    """``lb``, ``lh`` or ``lw a1, 0(a0)``."""
    return A0 << 15 | {1: 0, 2: 1, 4: 2}[size] << 12 | A1 << 7 | 0x03


def store(size: int) -> int:
    """``sb``, ``sh`` or ``sw a1, 0(a0)``."""
    return A1 << 20 | A0 << 15 | {1: 0, 2: 1, 4: 2}[size] << 12 | 0x23


def csrw(number: int) -> int:
    """``csrw number, a0``."""
    return number << 20 | A0 << 15 | 1 << 12 | 0x73


def poke(name: str, value: int) -> tuple[int, ...]:
    """Write a register."""
    return (*load(A0, ADDRESS[name]), *load(A1, value), store(4))


WFI = 0x10500073
UNGUARDED = (
    *poke("RTC_CNTL.WDTWPROTECT", 0x50D83AA1),
    *poke("RTC_CNTL.WDTCONFIG0", 0),
    *poke("RTC_CNTL.SWD_WPROTECT", 0x8F1D312A),
    *poke("RTC_CNTL.SWD_CONF", 1 << 31),
    *poke("TIMG0.WDTWPROTECT", 0x50D83AA1),
    *poke("TIMG0.WDTCONFIG0", 1 << 22),
)
MILLISECOND = 16_000
SECOND = 1000 * MILLISECOND


def ran(*words: int, later: float = 0.0) -> Esp32c3Chip:
    """Return the chip after a millisecond of a program; ``later``: and after these seconds of nothing new."""
    chip = Esp32c3Chip(BOARD, image_of(*words, LOOP))
    chip.uart.host_baud = 115200
    chip.run(lambda: bool(chip.faults), MILLISECOND)
    if later:
        chip.now += int(later * XTAL_HZ)
        chip.run(lambda: bool(chip.faults), MILLISECOND)
    return chip


# The ROM and its image


@settings(max_examples=10)
@given(st.binary(min_size=512, max_size=2000))
def test_the_rom_loads_what_the_build_writes(firmware: bytes) -> None:
    chip = Esp32c3Chip(BOARD, to_esp_image(firmware, BOARD))
    assert chip.stuck == ""
    start = BOARD.slot.origin - DRAM
    assert bytes(chip._memory)[start : start + len(firmware)] == firmware
    assert chip._pc == ENTRY + 512


@settings(max_examples=20)
@given(st.integers(0, 1 << 31), st.integers(0, 7))
def test_the_rom_starts_no_image_with_a_wrong_bit(place: int, bit: int) -> None:
    content = bytearray(to_esp_image(bytes(range(256)) * 4, BOARD))
    content[place % len(content)] ^= 1 << bit
    assert Esp32c3Chip(BOARD, bytes(content)).stuck != ""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no image of this chip"),
        (image_of(LOOP, at=0x40000000), "not in SRAM"),
        (image_of(LOOP, at=ROM_STACK, entry=ENTRY), "overwrites the ROM's stack"),
        (image_of(LOOP, at=IRAM + ROM_STACK - DRAM), "overwrites the ROM's stack"),
        (image_of(LOOP, entry=BOARD.slot.origin), "not in IRAM"),
    ],
    ids=["erased", "outside", "the ROM's stack", "its code", "no code"],
)
def test_what_the_rom_does_not_start(content: bytes, words: str) -> None:
    chip = Esp32c3Chip(BOARD, content)
    assert words in chip.stuck
    chip.run(lambda: False, 2 * SECOND)
    assert set(chip.resets) <= {"watchdog RTC_CNTL", "watchdog TIMG0", "watchdog SWD"} and chip.resets


# The rules of the chip, each with a program that breaks it


def test_a_program_that_breaks_no_rule() -> None:
    chip = ran(*UNGUARDED, *load(A0, DRAM), read(1), read(4), later=3.0)
    assert (chip.violations, chip.faults, chip.resets) == ([], [], [])


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("access", [read, store])
def test_code_is_fetched_only(size: int, access: Callable[[int], int]) -> None:
    """Silicon allows whole words there; this chip allows none, because no program of ours needs one."""
    assert ran(*load(A0, ENTRY), access(size)).faults[0][0] == (5 if access is read else 7)
    assert ran(*load(A0, BOARD.slot.origin), access(size)).faults == []


def test_data_is_not_executed() -> None:
    jump = A0 << 15 | 0x67  # jr a0
    assert ran(*load(A0, BOARD.slot.origin), jump).faults[0][0] == 1


@pytest.mark.parametrize("number", [0x304, 0x344, 0xB00, 0x306, 0x180])
def test_a_control_register_that_the_core_lacks_faults(number: int) -> None:
    chip = ran(csrw(number))
    assert chip.faults[0][0] == 2 and "lacks" in chip.violations[0]
    assert ran(csrw(0x340)).faults == []  # mscratch


@pytest.mark.parametrize("table", [ENTRY + 0x100, ENTRY + 0x101 + 4, ENTRY + 1 + 128])
def test_traps_lead_to_a_table_on_a_multiple_of_256(table: int) -> None:
    chip = ran(*load(A0, table), csrw(0x305), 0)
    assert chip.faults[0][0] == 2 and "knows only tables" in chip.violations[0]
    assert ran(*load(A0, ENTRY + 0x101), csrw(0x305), 0).violations == []


@pytest.mark.parametrize("left", [0, 1, 2])
def test_each_watchdog_that_is_left_on_resets_the_chip(left: int) -> None:
    name = ("RTC_CNTL", "SWD", "TIMG0")[left]
    chip = ran(*UNGUARDED[: 10 * left], *UNGUARDED[10 * left + 10 :], later=2.0)
    assert chip.resets[0] == f"watchdog {name}"


@pytest.mark.parametrize("unit", ["RTC_CNTL.WDT", "RTC_CNTL.SWD_", "TIMG0.WDT"])
def test_a_locked_watchdog_takes_no_write(unit: str) -> None:
    name = unit + ("CONF" if unit.endswith("_") else "CONFIG0")
    before = Esp32c3Chip(BOARD, image_of(LOOP)).registers[ADDRESS[name]]
    chip = ran(*poke(f"{unit}WPROTECT", 1), *poke(name, 0 if "WDT" in unit else 1 << 31))
    assert chip.violations == [f"{name} written while it is locked"]
    assert chip.registers[ADDRESS[name]] == before


def test_a_timer_group_takes_a_write_over_only_if_told() -> None:
    chip = ran(*poke("TIMG0.WDTWPROTECT", 0x50D83AA1), *poke("TIMG0.WDTCONFIG0", 0))
    assert "has no effect" in chip.violations[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*load(A0, ADDRESS["UART0.CONF1"]), store(1)), "1 bytes at 0x60000024"),
        ((*load(A0, 0x60000028), read(4)), "0x60000028 is no register that the table knows"),
        (poke("SYSTEM.SYSCLK_CONF", 1 << 10), "a PLL that is not calibrated"),
        (poke("UART0.CLK_CONF", 0x03701000), "the UART's clock changed while it sends"),
        (poke("UART0.CLKDIV", 100), "the UART's rate changed while it sends"),
        ((*poke("SYSTEM.PERIP_CLK_EN0", 0), *poke("UART0.CONF1", 1)), "0x60000024 without its clock"),
        ((*poke("SYSTEM.PERIP_RST_EN0", 1 << 29), *poke("SYSTIMER.CONF", 0)), "0x60023000 held in reset"),
        ((*load(A0, ADDRESS["UART0.FIFO"]), read(4)), "the UART's empty buffer"),
        (poke("UART0.FIFO", 65) * 130, "the UART's full buffer"),
        ((WFI,), "sleeps with masked interrupts"),
        ((WFI,), "nothing can end it"),
    ],
)
def test_what_the_chip_does_not_forgive(words: tuple[int, ...], said: str) -> None:
    assert any(said in text for text in ran(*words).violations)


SENDS = (*load(A0, ADDRESS["UART0.FIFO"]), store(4))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (poke("UART0.CLKDIV", 700), "57143 baud beside 115200"),
        (poke("UART0.CLK_CONF", 0x03600000), "40000000 baud"),
        (poke("UART0.CLK_CONF", 0x03F00000), "baud beside 115200"),
        (poke("UART0.CONF0", 0x1000001E), "not of eight bits, no parity"),
        (poke("IO_MUX.GPIO21", 0x1B00), "pins are not its own"),
        (poke("IO_MUX.GPIO20", 0x0900), "pins are not its own"),
    ],
)
def test_a_byte_that_the_line_does_not_carry(words: tuple[int, ...], said: str) -> None:
    def sent(*before: int) -> list[str]:
        chip = Esp32c3Chip(BOARD, image_of(*before, *SENDS, LOOP))
        chip.uart.host_baud = 115200
        chip._sending.clear()  # the ROM's words
        chip.run(lambda: False, MILLISECOND)
        return chip.violations

    assert sent() == []
    found = sent(*words)
    assert found and ("baud" in said or any(said in text for text in found))
    assert all("baud" in text for text in found) or "baud" not in said


def test_bytes_beyond_the_uarts_buffer_are_lost() -> None:
    chip = Esp32c3Chip(BOARD, image_of(*UNGUARDED, LOOP))
    chip.uart.coming.extend(bytes(200))
    chip.run(lambda: False, 50 * MILLISECOND)
    assert len(chip._received) == 128
    assert chip.violations == ["a byte is lost: the UART's buffer is full"] * 72


def test_an_interrupt_comes_only_through_matrix_priority_and_mask() -> None:
    core = "INTERRUPT_CORE0."
    steps = (
        poke("UART0.INT_ENA", 1),
        poke("UART0.CONF1", 1),
        poke(core + "UART_INTR_MAP", 1),
        poke(core + "CPU_INT_PRI_1", 1),
        poke(core + "CPU_INT_THRESH", 1),
        poke(core + "CPU_INT_ENABLE", 2),
    )

    def pending(*chosen: tuple[int, ...]) -> Esp32c3Chip:
        chip = Esp32c3Chip(BOARD, image_of(*UNGUARDED, *(word for step in chosen for word in step), LOOP))
        chip.run(lambda: False, MILLISECOND)
        chip.uart.coming.append(0x55)
        chip.run(lambda: False, MILLISECOND)
        return chip

    assert pending(*steps).pending() == 1
    for left_out in range(len(steps)):
        if left_out != 4:  # without a threshold every priority passes
            assert pending(*steps[:left_out], *steps[left_out + 1 :]).pending() is None
    assert pending(*steps[:4], poke(core + "CPU_INT_THRESH", 2), steps[5]).pending() is None
    edge = pending(*steps, poke(core + "CPU_INT_TYPE", 2))
    assert edge.pending() == 1 and "waits for an edge" in edge.violations[0]


# The board's set-up


def test_the_set_up_leaves_no_watchdog_and_the_crystals_clock() -> None:
    family = Esp32c3()
    bus = Bus(BOARD, family)
    assert family.guards(bus) == ["RTC_CNTL", "TIMG0", "SWD"]
    bus.set_up()
    assert (bus.violations, family.guards(bus)) == ([], [])
    assert (family.core_hz, family.uart_hz) == (XTAL_HZ, BOARD.uart.clock_hz)


@pytest.mark.parametrize("place", range(9))
def test_without_a_step_a_watchdog_stays_on_or_unlocked(place: int) -> None:
    family = Esp32c3()
    bus = Bus(replace(BOARD, setup=BOARD.setup[:place] + BOARD.setup[place + 1 :]), family)
    if place == 6:  # a timer group's watchdog is unlocked after a reset, but not after each program
        bus.registers[ADDRESS["TIMG0.WDTWPROTECT"]] = 0
    bus.set_up()
    locks = ("RTC_CNTL.WDTWPROTECT", "RTC_CNTL.SWD_WPROTECT", "TIMG0.WDTWPROTECT")
    assert bus.violations or family.guards(bus) or any(bus.registers[ADDRESS[name]] for name in locks)


# The program


@pytest.fixture(scope="module")
def built(built_for: Callable[[str], BuildResult]) -> BuildResult:
    return built_for(NAME)


def started(built: BuildResult, family: Esp32c3 | None = None) -> tuple[Esp32c3Chip, Client]:
    chip = Esp32c3Chip(BOARD, (built.folder / "rom-image.bin").read_bytes(), family)
    return chip, Client(cast(SerialPort, ChipPort(chip)))


@pytest.mark.parametrize("edges", [True, False])
def test_the_image_starts_and_answers(built: BuildResult, edges: bool) -> None:
    family = Esp32c3()
    family.edges = edges
    chip, client = started(built, family)
    hello = client.hello()
    assert (hello.board, hello.model_hash, hello.counter) == (NAME, STANDIN_HASH.hex(), "systimer")
    client.write_input(struct.pack("<400f", *([0.0] * 400)))
    assert client.infer() > 0
    before = chip.now
    chip.run(lambda: False, 10 * SECOND)  # no watchdog is left
    assert chip.now - before >= 10 * XTAL_HZ
    assert client.hello().board == NAME
    assert (chip.violations, chip.faults, chip.resets, client.retries) == ([], [], [], 0)
    assert (chip.esp.core_hz, chip.esp.uart_hz) == (40_000_000, BOARD.uart.clock_hz)


def test_a_change_of_speed(built: BuildResult) -> None:
    chip, client = started(built)
    client.hello()
    client.change_speed(921_600)
    assert client.hello().board == NAME
    assert (chip.violations, client.retries) == ([], 0)


def test_a_fault_starts_the_image_again(built: BuildResult) -> None:
    chip, client = started(built)
    client.hello()
    chip._pc = BOARD.ram.origin - 16  # no memory is there
    chip.run(lambda: bool(chip.resets), SECOND)
    assert chip.resets == ["SW_SYS_RST"] and not chip.downloading
    assert client.hello().board == NAME
    assert chip.violations == []


def test_a_host_sends_it_into_the_loader_of_its_rom(built: BuildResult) -> None:
    chip, client = started(built)
    client.hello()
    client.enter_bootloader()
    chip.run(lambda: chip.downloading, SECOND)
    assert chip.downloading and chip.resets == ["SW_SYS_RST"]
    assert (chip.violations, chip.faults) == ([], [])


WRONG = (
    ("riscv_startup.S", "la t0, traps + 1", "la t0, traps", "knows only tables"),
    ("riscv_startup.S", "csrci mstatus, 8 /*", "csrw mie, zero\n    csrci mstatus, 8 /*", "the core lacks"),
    (
        "esp32c3_soc.c",
        "    RISCV_SET(mstatus, MSTATUS_MIE);\n    if",
        "    if",
        "sleeps with masked interrupts",
    ),
    ("esp32c3_soc.c", "CONF |= SYSTIMER_CONF_ALARM", "CONF |= 0u", "nothing can end it"),
    ("esp32c3_uart.c", "STATUS_TWO_OR_MORE, 0, WAIT_UART", "0, 0, WAIT_UART", "full buffer"),
)
"""A file of ``firmware/hal``, a change of it, and what the chip says of the program then."""


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize(("file", "right", "wrong", "words"), WRONG, ids=[words for *_, words in WRONG])
def test_the_chip_notices_a_wrong_driver(
    file: str,
    right: str,
    wrong: str,
    words: str,
    standin_of: Callable[[], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    firmware = Path(shutil.copytree(resource("firmware"), tmp_path / "firmware"))
    source = firmware / "hal" / file
    assert source.read_text().count(right) == 1
    source.write_text(source.read_text().replace(right, wrong))
    monkeypatch.setattr(link, "resource", lambda part: tmp_path / part)
    built = build_firmware(standin_of(), BOARD, tmp_path / "out")
    chip = Esp32c3Chip(BOARD, (built.folder / "rom-image.bin").read_bytes())
    chip.uart.host_baud = 115200
    chip.run(lambda: bool(chip.violations), SECOND)
    if not chip.violations:  # requests whose answers are longer than the buffer
        chip.uart.coming.extend(encode(Frame(1, Kind.HELLO)) * 3)
        chip.run(lambda: bool(chip.violations), SECOND)
    assert any(words in said for said in chip.violations)


@pytest.fixture(scope="module")
def standin_of(standin_for: Callable[[str], Path]) -> Callable[[], Path]:
    """The stand-in for the chip's target, compiled once."""
    return cache(lambda: standin_for(BOARD.target))


# What the board does not have


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"signer": Signer(Ed25519PrivateKey.generate(), 1)}, "No signature of ours is checked"),
        ({"weights": "ram"}, "weights are in RAM already"),
        ({"sends_flash": False}, "the ROM that sends the contents"),
    ],
)
def test_what_only_our_bootloader_does_is_refused(
    options: dict[str, Any], words: str, standin_of: Callable[[], Path], tmp_path: Path
) -> None:
    with pytest.raises(BoardError, match="has no bootloader of ours") as refused:
        build_firmware(standin_of(), BOARD, tmp_path / "out", **options)
    assert words in refused.value.message and "Leave `--" in refused.value.remedy
    assert not (tmp_path / "out").exists()


def test_there_is_no_bootloader_to_build(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="has no bootloader: its chip's ROM starts the image"):
        build_bootloader(BOARD, tmp_path)


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize("room", [0x2000, 0x6000])
def test_a_program_that_is_too_large_does_not_link(
    room: int, standin_of: Callable[[], Path], tmp_path: Path
) -> None:
    """Its code alone, or only with its constants."""
    small = replace(BOARD, flash=replace(BOARD.flash, size=room))
    with pytest.raises(BoardError, match="of RAM for its image, code and weights together"):
        build_firmware(standin_of(), small, tmp_path / "out")


def test_a_model_that_is_too_large_is_refused_with_both_sizes() -> None:
    refused = too_big_for_slot(300 << 10, BOARD)
    assert "300 KB (307,200 bytes) of RAM for its image, code and weights together" in refused.message
    assert "has 232 KB (237,568 bytes)" in refused.message


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("code = 0x403A0000", "code = 0x403A0100", "memory.flash.code is 0x403a0100; it must be a multiple"),
        ("code = 0x403A0000", "code = 0x3FCA0200", "memory.flash.code is 0x3fca0200; it must be a multiple"),
        ("code = 0x403A0000", "code = 0xFFFF0000", "from which the flash ends in the 32-bit address space"),
        ('driver = "external"', 'driver = "ram"', "it requires bootloader.size 0 and memory.flash.driver"),
        ("size = 0\n", "size = 0x1000\n", "it requires bootloader.size 0 and memory.flash.driver"),
    ],
)
def test_facts_that_do_not_fit_together(old: str, new: str, reason: str, tmp_path: Path) -> None:
    text = (BOARD.folder / "board.toml").read_text()
    assert text.count(old) == 1
    folder = tmp_path / NAME
    folder.mkdir()
    (folder / "board.toml").write_text(text.replace(old, new))
    with pytest.raises(BoardError, match=re.escape(reason)):
        load_board(folder)
