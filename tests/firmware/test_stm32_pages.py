"""The rules that the STM32L4R5 and the STM32G0B1 have beyond those of the other chips, each broken once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import unicorn

from sensor_bnn.firmware.build import build_bootloader
from sensor_bnn.hardware.boards import Board, Setup, load_board
from sensor_bnn.wire.an3155 import An3155, RefusalError
from sensor_bnn.wire.port import SerialPort

from .chip import Bus, Chip, ChipPort
from .chips import talk
from .stm32_pages import G0B, L4R, Pages

FAMILIES: dict[str, Callable[[], Pages]] = {"nucleo-g0b1re": G0B, "nucleo-l4r5zi": L4R}
CFGR, PLLCFGR, ACR, PWR_CR2, PWR_CR5 = 0x40021008, 0x4002100C, 0x40022000, 0x40007004, 0x40007080
CR, SR, OPTR = 0x40022014, 0x40022010, 0x40022020
TWO_BANKS = {"nucleo-g0b1re": 1 << 21, "nucleo-l4r5zi": 1 << 22}
EXCHANGED = 1 << 20  # G0: 0 exchanges the banks; L4: 1 lets the chip start from the second


def has(step: Setup, register: int, fields: dict[str, int]) -> bool:
    """Return whether a step is of this register and has these fields."""
    return step.register == register and all(getattr(step, key) == value for key, value in fields.items())


def without(register: int, **fields: int) -> Callable[[Setup], Setup | None]:
    """Leave out the steps of a register that have these fields."""

    def change(step: Setup) -> Setup | None:
        return None if has(step, register, fields) else step

    return change


def other(register: int, old: dict[str, int], **new: int) -> Callable[[Setup], Setup | None]:
    """Give the steps of a register that have these fields others."""

    def change(step: Setup) -> Setup | None:
        return replace(step, **new) if has(step, register, old) else step

    return change


WRONG = (
    ("nucleo-l4r5zi", other(CFGR, {"set": 0x80}, set=0), "across 80 MHz in one step"),
    ("nucleo-l4r5zi", other(CFGR, {"set": 1}, clear=0xF3, set=0x91), "in one write"),
    ("nucleo-l4r5zi", other(ACR, {"set": 0x705}, set=0x704, until=4), "too few wait states"),
    ("nucleo-l4r5zi", other(ACR, {"set": 0x705}, set=0x1F05), "emptied while it is on"),
    ("nucleo-l4r5zi", other(ACR, {"set": 0x705}, set=0x8705), "reserved bits"),
    ("nucleo-l4r5zi", without(PWR_CR5), "the system of 120 MHz"),
    ("nucleo-l4r5zi", without(CFGR, set=1), "switched off while the core runs from it"),
    ("nucleo-l4r5zi", without(0x40021000, clear=1 << 24), "the PLL changed while it is on"),
    ("nucleo-l4r5zi", without(0x40021000, set=0x100), "a source that does not run"),
    ("nucleo-l4r5zi", other(PLLCFGR, {}, set=0x01001E02), "the PLL's input of 16 MHz"),
    ("nucleo-l4r5zi", other(PLLCFGR, {}, set=0x01007F12), "the VCO of 1016 MHz"),
    ("nucleo-l4r5zi", other(PLLCFGR, {}, set=0x00001E12), "an output of the PLL that is off"),
    ("nucleo-l4r5zi", without(0x40021058), "0x40007080 without its clock"),
    ("nucleo-l4r5zi", without(PWR_CR2), "PG7 and PG8 used without their supply"),
    ("nucleo-l4r5zi", without(0x48001800), "pin 7 of 0x48001800 has mode 3"),
    ("nucleo-l4r5zi", other(0x48001824, {}, set=7), "function 7"),
    ("nucleo-g0b1re", other(ACR, {"set": 0x202}, set=0x302), "prefetch"),
    ("nucleo-g0b1re", other(ACR, {"set": 0x202}, set=0x201, until=1), "too few wait states"),
    ("nucleo-g0b1re", without(CFGR, clear=7), "switched off while the core runs from it"),
    ("nucleo-g0b1re", without(0x40021000, clear=1 << 24), "the PLL changed while it is on"),
    ("nucleo-g0b1re", other(CFGR, {"set": 2}, clear=0x7000, set=0x4002), "in one write"),
    ("nucleo-g0b1re", other(PLLCFGR, {}, set=0x30001412), "the core of 80 MHz"),
    ("nucleo-g0b1re", other(PLLCFGR, {}, set=0x20001012), "an output of the PLL that is off"),
    ("nucleo-g0b1re", without(0x40021054), "the UART has another clock"),
    ("nucleo-g0b1re", without(0x50000000), "pin 2 of 0x50000000 has mode 3"),
)
"""A board's set-up with one mistake, and what the chip says to it after its bootloader in ROM."""


@pytest.mark.parametrize(("name", "change", "words"), WRONG, ids=[f"{row[0]}, {row[2]}" for row in WRONG])
def test_a_mistake_of_the_set_up_is_noticed(
    name: str, change: Callable[[Setup], Setup | None], words: str
) -> None:
    board, family = load_board(name), FAMILIES[name]()
    steps = tuple(changed for step in board.setup if (changed := change(step)) is not None)
    assert steps != board.setup
    bus = Bus(replace(board, setup=steps), family)
    family.leave_as_rom(bus)
    bus.set_up()
    talk(bus)
    assert any(words in said for said in bus.violations), bus.violations


def start(board: Board, bootloader: Path, options: int | None = None) -> tuple[Chip, An3155]:
    """Return a chip whose bootloader runs, with these option bytes, and a host's connection to it."""
    family = FAMILIES[board.name]()
    if options is not None:
        family.options[OPTR] = options
    chip = Chip(board, bootloader, family)
    host = An3155(cast(SerialPort, ChipPort(chip)))
    assert host.sync(1.0), chip.violations
    return chip, host


@pytest.fixture(scope="module")
def bootloaders(cross_compiler: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The bootloader of each board."""
    folder = tmp_path_factory.mktemp("bootloaders")
    return {name: build_bootloader(load_board(name), folder / name) for name in FAMILIES}


@pytest.fixture(scope="module", params=FAMILIES)
def started(request: pytest.FixtureRequest, bootloaders: dict[str, Path]) -> tuple[Chip, An3155]:
    return start(load_board(request.param), bootloaders[request.param])


def is_blank(chip: Chip, page: int) -> bool:
    size = chip.board.flash.page
    return chip.flash(chip.board.flash.origin + page * size, size) == b"\xff" * size


def test_each_page_is_erased_in_its_bank(started: tuple[Chip, An3155]) -> None:
    """The first page of the slot, those at the border of the banks, and the last."""
    chip, bootloader = started
    flash = chip.board.flash
    count, first = flash.size // flash.page, chip.board.bootloader.size // flash.page
    chip.set_flash(chip.board.slot.origin, bytes(chip.board.slot.size))
    erased = []
    for page in (first, count // 2 - 1, count // 2, count - 1):
        bootloader.erase([page])
        erased.append(page)
        assert [number for number in range(first, count) if is_blank(chip, number)] == erased
    assert chip.violations == []


OPTIONS = (
    ("nucleo-l4r5zi", TWO_BANKS, (False, False)),
    ("nucleo-l4r5zi", EXCHANGED, (False, False)),
    ("nucleo-g0b1re", TWO_BANKS, (True, False)),
    ("nucleo-g0b1re", EXCHANGED, (False, False)),
)
"""An option byte that is not as ST delivers it, and whether a page of each half is erased then."""


@pytest.mark.parametrize(("name", "bit", "erases"), OPTIONS)
def test_pages_that_an_option_byte_places_elsewhere_are_not_erased(
    name: str, bit: int | dict[str, int], erases: tuple[bool, bool], bootloaders: dict[str, Path]
) -> None:
    board = load_board(name)
    flipped = bit if isinstance(bit, int) else bit[name]
    chip, bootloader = start(board, bootloaders[name], FAMILIES[name]().options[OPTR] ^ flipped)
    count, first = board.flash.size // board.flash.page, board.bootloader.size // board.flash.page
    for page, allowed in zip((first, count - 1), erases, strict=True):
        chip.set_flash(board.slot.origin, bytes(board.slot.size))
        if allowed:
            bootloader.erase([page])
        else:
            with pytest.raises(RefusalError):
                bootloader.erase([page])
        blank = [number for number in range(first, count) if is_blank(chip, number)]
        assert blank == ([page] if allowed else [])
    assert chip.violations == []


@pytest.mark.usefixtures("cross_compiler")
def test_one_bank_of_large_pages(tmp_path: Path) -> None:
    """As board.toml says for option byte DBANK = 0; with two banks its pages are not erased."""
    board = load_board("nucleo-l4r5zi")
    board = replace(
        board,
        flash=replace(board.flash, page=0x2000),
        bootloader=replace(board.bootloader, size=0x4000),
    )
    built = build_bootloader(board, tmp_path)
    chip, bootloader = start(board, built, L4R.delivered[0] & ~(1 << 22))
    chip.set_flash(board.slot.origin, bytes(board.slot.size))
    bootloader.erase([2, 255])
    assert [number for number in range(2, 256) if is_blank(chip, number)] == [2, 255]
    bootloader.write(board.slot.origin, bytes(range(64)))
    assert chip.flash(board.slot.origin, 64) == bytes(range(64))
    assert chip.violations == []
    _, bootloader = start(board, built)
    with pytest.raises(RefusalError):
        bootloader.erase([2])


def test_the_rules_of_the_flash(started: tuple[Chip, An3155]) -> None:
    """Each is broken once, by writes that the driver does not do."""
    chip, bootloader = started
    family, slot = cast(Pages, chip.family), chip.board.slot.origin
    bootloader.erase([chip.board.bootloader.size // chip.board.flash.page])

    def said() -> str:
        words, chip.violations = "; ".join(chip.violations), []
        return words

    def unlock(control: int) -> None:
        for key in (0x45670123, 0xCDEF89AB):
            chip.write(CR - 12, key)
        chip.write(CR, control)

    assert said() == ""
    chip.write(CR, 1)
    assert "written while locked" in said()
    family.program(chip, slot, 4, 0)
    assert f"4 bytes stored to {slot:#x}" in said()
    chip.registers[ACR] &= ~family.caches
    unlock(1)
    family.program(chip, slot + 4, 4, 0)
    assert f"a double word begun at {slot + 4:#x}" in said()
    family.first = None
    family.program(chip, slot, 4, 1)
    assert chip.read(SR) & 7 << 16, "busy with half a double word"
    family.program(chip, slot + 12, 4, 2)
    assert f"begun at {slot:#x} and ended at {slot + 12:#x}" in said()
    for _ in range(2):
        family.program(chip, slot, 4, 1)
        family.program(chip, slot + 4, 4, 2)
    assert "is written twice" in said()
    assert chip.flash(slot, 8) == b"\1\0\0\0\2\0\0\0"
    chip.write(CR, 3)
    assert "written while the flash is busy" in said()
    assert chip.read(SR) & 7 << 16
    chip.write(CR, 3)
    assert "an erase and for a write" in said()
    wrong = {"nucleo-l4r5zi": 1 << 11 | 10 << 3, "nucleo-g0b1re": 300 << 3}[chip.board.name]
    if chip.board.name == "nucleo-l4r5zi":
        family.options[OPTR] &= ~(1 << 22)
    chip.write(CR, 2 | wrong)
    chip.write(CR, 2 | wrong | 1 << 16)
    words = said()
    assert "a second bank chosen" in words or "page 300 of bank 1" in words
    assert chip.read(SR) & 7 << 16
    assert "without a DSB" in said()
    assert chip.read(SR) == 0
    chip.registers[ACR] |= family.caches
    chip.write(CR, 1)
    for at in (16, 20):
        family.program(chip, slot + at, 4, 3)
    assert family.stale, "a cache holds what was there"
    assert ("data cache is on while the flash changes" in said()) == (chip.board.name == "nucleo-l4r5zi")
    chip.reset()


def test_a_reset_starts_a_flash_that_was_empty_when_the_power_came(bootloaders: dict[str, Path]) -> None:
    """Until the bit EMPTY of FLASH_ACR is cleared, a reset starts the bootloader in ROM."""
    board = load_board("nucleo-g0b1re")
    chip, _ = start(board, bootloaders[board.name])
    chip.resets += 1
    chip.reset()
    assert chip.violations == []
    steps = tuple(replace(step, clear=step.clear & ~(1 << 16)) for step in board.setup)
    bus = Bus(replace(board, setup=steps), G0B())
    bus.set_up()
    assert cast(G0B, bus.family).empty


def test_ahb_has_its_full_speed_a_microsecond_after_the_switch(bootloaders: dict[str, Path]) -> None:
    """RM0432: 60 clocks at 60 MHz, of which an instruction takes at least one."""
    board = load_board("nucleo-l4r5zi")
    chip = Chip(board, bootloaders[board.name], L4R())
    executed = 0
    written: list[tuple[int, int]] = []
    write = chip.on_write[CFGR]

    def count(*_: object) -> None:
        nonlocal executed
        executed += 1

    def note(value: int) -> None:
        written.append((value & 0xF3, executed))
        write(value)

    chip.on_write[CFGR] = note
    end = board.flash.origin + board.bootloader.size
    chip._uc.hook_add(unicorn.UC_HOOK_CODE, count, begin=board.flash.origin, end=end)
    assert An3155(cast(SerialPort, ChipPort(chip))).sync(1.0)
    assert [value for value, _ in written] == [0x80, 0x81, 0x83, 0x03]
    (_, switched), (_, full) = written[-2:]
    assert full - switched >= 60
