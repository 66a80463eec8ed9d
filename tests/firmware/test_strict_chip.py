"""What the simulated chips refuse: each rule, and what breaks it. docs/start-up.md has the list."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from elftools.elf.elffile import ELFFile

from sensor_bnn.firmware.build import BuildResult
from sensor_bnn.hardware.boards import Setup, load_board
from sensor_bnn.wire import an3155
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort

from .chip import CCR, DWT_CTRL, Bus, Chip, ChipPort, FaultError
from .chips import FAMILIES, connect, talk
from .stm32 import KEYS

PAGE = Path(__file__).parents[2] / "docs" / "start-up.md"
F4_CR, F4_KEYR, F4_SR, F4_ACR = 0x40023C10, 0x40023C04, 0x40023C0C, 0x40023C00
RCC_CR, RCC_CFGR, RCC_APB1ENR, RCC_AHB1ENR = 0x40023800, 0x40023808, 0x40023840, 0x40023830
PWR_CR, USART2 = 0x40007000, 0x40004400
SECTOR_7 = 7 << 3


def set_up(steps: Callable[[tuple[Setup, ...]], tuple[Setup, ...]] = lambda steps: steps) -> Bus:
    """An STM32F446 after start-up with changed steps."""
    board = load_board("nucleo-f446re")
    bus = Bus(replace(board, setup=steps(board.setup)), FAMILIES[board.name]())
    bus.set_up()
    return bus


def without(register: int, bits: int) -> Bus:
    """Start-up without the step that sets these bits."""
    return set_up(lambda steps: tuple(s for s in steps if not (s.register == register and s.set & bits)))


def moved_to_front(register: int, bits: int, place: int) -> Bus:
    def steps(steps: tuple[Setup, ...]) -> tuple[Setup, ...]:
        (moved,) = [s for s in steps if s.register == register and s.set & bits]
        rest = [s for s in steps if s is not moved]
        return (*rest[:place], moved, *rest[place:])

    return set_up(steps)


def wrote(register: int, value: int) -> Bus:
    bus = set_up()
    assert bus.violations == []
    bus.write(register, value)
    return bus


START_UP: dict[str, tuple[Callable[[], Bus], str]] = {
    "PLL before its source": (lambda: without(RCC_CR, 1 << 16), "before its source is ready"),
    "system clock from a PLL that is not ready": (lambda: without(RCC_CR, 1 << 24), "that is not ready"),
    "PLL changed while it is on": (lambda: wrote(0x40023804, 0x28402D08), "changed while it is on"),
    "too few wait states when the clock rises": (lambda: without(F4_ACR, 5), "too few wait states"),
    "too few wait states while it is high": (lambda: wrote(F4_ACR, 0x0704), "too few wait states"),
    "over-drive missing": (lambda: without(PWR_CR, 1 << 17), "no over-drive"),
    "a peripheral's clock at the switch to over-drive": (
        lambda: moved_to_front(RCC_AHB1ENR, 1, 12),
        "during the switch to over-drive",
    ),
    "voltage scale missing": (
        lambda: set_up(
            lambda steps: tuple(
                replace(s, set=0, clear=3 << 14) if s.register == PWR_CR and s.set == 0xC000 else s
                for s in steps
            )
        ),
        "not at voltage scale 1",
    ),
    "prescalers and switch in one write": (
        lambda: set_up(
            lambda steps: tuple(
                replace(s, set=s.set | 2) if s.register == RCC_CFGR and s.set == 0x9400 else s for s in steps
            )
        ),
        "changed in one write",
    ),
    "a bus too fast": (lambda: without(RCC_CFGR, 0x9400), "APB1 of"),
    "UART without its clock": (lambda: _used(without(RCC_APB1ENR, 1 << 17), USART2 + 8), "without its clock"),
    "pin without its port's clock": (lambda: without(RCC_AHB1ENR, 1), "without its clock"),
    "HSE that never comes": (lambda: _dead_hse(), "is waited for"),
    "PLL switched off while the core runs from it": (
        lambda: _changed(RCC_CR, 1 << 24),
        "the PLL switched off",
    ),
    "HSE switched off while the core runs from it": (
        lambda: _changed(RCC_CR, 1 << 16),
        "the HSE switched off",
    ),
    "bypass of the HSE changed while it is on": (lambda: _changed(RCC_CR, 1 << 18), "bypass changed"),
    "system clock from an oscillator that is off": (
        lambda: _on_an_oscillator_that_is_off(),
        "HSI that is off",
    ),
    "over-drive changed while the core runs from the PLL": (
        lambda: _changed(PWR_CR, 3 << 16),
        "over-drive changed while",
    ),
    "voltage scale changed while the PLL is on": (lambda: _changed(PWR_CR, 1 << 15), "scale changed while"),
    "clock of the booster changed while that is on": (lambda: _boosted(), "booster's clock changed"),
    "UART with a clock of its own": (
        lambda: _talked("nucleo-f767zi", 0x40023890, 1 << 4),
        "another clock than the bus's",
    ),
    "UART with control registers that something else has set": (
        lambda: _talked("nucleo-u575zi-q", 0x40013804, 1 << 20),
        "another control register",
    ),
    "UART without its pins": (lambda: _talked("nucleo-h743zi2", 0x58020C00, 0xFFFFFFFF), "has mode 3"),
    "rate changed while the UART is on": (lambda: _uart_on(), "the rate changed while the USART is on"),
}


def _changed(register: int, bits: int) -> Bus:
    """After start-up, bits of a register that should stay."""
    bus = set_up()
    assert bus.violations == []
    bus.write(register, bus.registers[register] ^ bits)
    return bus


def _on_an_oscillator_that_is_off() -> Bus:
    bus = _changed(RCC_CR, 1)
    assert bus.violations == [], "the core runs from the PLL, and that from the HSE"
    bus.write(RCC_CFGR, bus.registers[RCC_CFGR] & ~3)
    return bus


def _talked(name: str, register: int, value: int) -> Bus:
    """A board whose set-up is complete, then a register as something before it has left it, and a byte."""
    bus = Bus(load_board(name), FAMILIES[name]())
    bus.set_up()
    send = bus.on_write.get(bus.board.uart.base + 0x28)
    bus.on_write[bus.board.uart.base + 0x28] = lambda byte: (
        bus.registers.update({register: value}),
        send and send(byte),
    )[-1]
    talk(bus)
    return bus


def _boosted() -> Bus:
    bus = Bus(load_board("nucleo-u575zi-q"), FAMILIES["nucleo-u575zi-q"]())
    bus.set_up()
    bus.write(0x46020C28, bus.registers[0x46020C28] ^ 1 << 12)
    return bus


def _used(bus: Bus, register: int) -> Bus:
    bus.write(register, 0x187)
    return bus


def _dead_hse() -> Bus:
    board = load_board("nucleo-f446re")
    family = FAMILIES[board.name]()
    family.has_hse = False
    bus = Bus(board, family)
    bus.set_up()
    return bus


def _uart_on() -> Bus:
    board = load_board("nucleo-f767zi")
    bus = Bus(board, FAMILIES[board.name]())
    bus.set_up()
    assert bus.violations == []
    bus.write(board.uart.base, 0xD)
    bus.write(board.uart.base + 0x0C, 0x100)
    return bus


@pytest.mark.parametrize("rule", START_UP)
def test_a_start_up_that_breaks_a_rule_is_noticed(rule: str) -> None:
    broken, words = START_UP[rule]
    assert any(words in said for said in broken().violations), broken().violations


@pytest.fixture
def chip(built_for: Callable[[str], BuildResult]) -> Chip:
    """An STM32F446 with its bootloader, unlocked flash, and nothing running."""
    board = load_board("nucleo-f446re")
    chip = Chip(board, built_for(board.name).bootloader_elf, FAMILIES[board.name]())
    for key in KEYS:
        chip.write(F4_KEYR, key)
    return chip


def program(chip: Chip, control: int, size: int = 4, value: int = 0, address: int = 0x0806_0000) -> None:
    chip.write(F4_CR, control)
    chip.family.program(chip, address, size, value)


def erase(chip: Chip, sector: int) -> None:
    chip.write(F4_CR, 2 | 2 << 8 | sector)
    chip.write(F4_CR, 2 | 2 << 8 | sector | 1 << 16)


def locked(chip: Chip) -> None:
    chip.write(F4_CR, 1 << 31)
    chip.write(F4_CR, 1 | 2 << 8)


def twice(chip: Chip) -> None:
    program(chip, 1 | 2 << 8)
    chip.read(F4_SR)
    program(chip, 1 | 2 << 8, value=0xFFFF_0000)


def busy(chip: Chip) -> None:
    program(chip, 1 | 2 << 8)
    chip.family.program(chip, 0x0806_0004, 4, 0)


def control_while_busy(chip: Chip) -> None:
    erase(chip, SECTOR_7)
    chip.write(F4_CR, 1 << 31)


def no_barrier(chip: Chip) -> None:
    erase(chip, SECTOR_7)
    chip.read(F4_SR)


def stalled(chip: Chip) -> None:
    chip.uart.coming.extend(b"\x31\xce")
    erase(chip, SECTOR_7)


FLASH: dict[str, tuple[Callable[[Chip], None], str]] = {
    "flash without its keys": (locked, "written while locked"),
    "flash without the bit PG": (lambda chip: program(chip, 2 << 8), "stored to"),
    "flash with another width": (lambda chip: program(chip, 1 | 2 << 8, size=2), "2 bytes stored to"),
    "flash with another width than PSIZE": (lambda chip: program(chip, 1), "stored to"),
    "flash that is not erased": (twice, "is not blank"),
    "flash written while it is busy": (busy, "while the flash is busy"),
    "its control register written while it is busy": (control_while_busy, "while the flash is busy"),
    "the status read without a DSB": (no_barrier, "without a DSB"),
    "the bootloader erased": (lambda chip: erase(chip, 0), "the bootloader's own flash erased"),
    "bytes while the core waits for flash that holds its code": (stalled, "that holds its code"),
}


@pytest.mark.parametrize("rule", FLASH)
def test_flash_that_is_used_wrongly_is_noticed(rule: str, chip: Chip) -> None:
    breaks, words = FLASH[rule]
    assert chip.violations == []
    breaks(chip)
    assert any(words in said for said in chip.violations), chip.violations


def test_code_in_the_other_bank_goes_on_while_a_bank_is_erased(
    built_for: Callable[[str], BuildResult],
) -> None:
    """An STM32H743: in the first bank the core stalls, and a host that sends ahead loses its bytes."""
    board = load_board("nucleo-h743zi2")
    chip = Chip(board, built_for(board.name).bootloader_elf, FAMILIES[board.name]())
    session = connect(chip)
    bank = 0x100000 // board.flash.page
    for page, stalls in ((bank + 1, False), (1, True)):
        before = chip.now
        session.bootloader.erase([page])
        assert (chip.now - before >= 0.02 * board.counter.clock_hz) or not stalls
        assert chip.violations == []
    session.bootloader.ahead = 2
    session.bootloader.long_writes = False
    blocks = [(board.slot.origin + 256 * n, bytes(256)) for n in range(4)]
    list(session.bootloader.write_all(blocks))
    assert any("that holds its code" in said for said in chip.violations)


def test_a_torn_word_faults_until_it_is_erased(
    built_for: Callable[[str], BuildResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bootloader that does not look first would fault; ours refuses."""
    monkeypatch.setattr(an3155, "_ATTEMPTS", 1)
    board = load_board("nucleo-h743zi2")
    chip = Chip(board, built_for(board.name).bootloader_elf, FAMILIES[board.name]())
    session = connect(chip)
    chip.tear(board.slot.origin, 32)
    assert session.bootloader.try_read(board.slot.origin, 4) is None
    assert chip.resets == 0
    _replace(chip, built_for(board.name), "flash_is_readable", b"\x01\x20\x70\x47")  # movs r0, #1; bx lr
    assert session.bootloader.sync(3.0)
    session.bootloader.try_read(board.slot.origin + 64, 4)
    with pytest.raises(an3155.SilenceError):
        session.bootloader.try_read(board.slot.origin, 4)
    assert chip.resets == 1
    session.bootloader.sync(3.0)
    session.bootloader.erase([1])
    assert session.bootloader.try_read(board.slot.origin, 4) == b"\xff" * 4


def _replace(chip: Chip, built: BuildResult, function: str, code: bytes) -> None:
    """Replace the beginning of a function of the bootloader."""
    with built.bootloader_elf.open("rb") as stream:
        table: Any = ELFFile(stream).get_section_by_name(".symtab")
        (symbol,) = table.get_symbol_by_name(function)
    address, core = symbol["st_value"] & ~1, cast(Any, chip._uc)
    core.mem_write(address, code)
    core.ctl_remove_cache(address, address + len(code))


def _with_application(built: BuildResult, chip: Chip) -> None:
    data = built.firmware_bin.read_bytes()
    chip.set_flash(chip.board.slot.origin, data)
    chip.stop_at_sleeps(chip.board.slot.origin, len(data))


def test_a_jump_with_caches_that_were_not_written_back(built_for: Callable[[str], BuildResult]) -> None:
    """A Cortex-M7 whose caches something has switched on; the bootloader's cleaning is left out, too."""
    board, built = load_board("nucleo-f767zi"), built_for("nucleo-f767zi")
    for skips in (False, True):
        chip = Chip(board, built.bootloader_elf, FAMILIES[board.name]())
        _with_application(built, chip)
        session = connect(chip)
        chip.registers[CCR] = 3 << 16
        if skips:
            _replace(chip, built, "cortex_m_leave_caches", b"\x70\x47")  # bx lr
        try:
            session.go(board.slot.origin + 512)
            session.client.hello(timeout=2.0, attempts=3)
        except FaultError:
            assert skips
        noticed = any("caches on" in said for said in chip.violations)
        assert noticed is skips, chip.violations


@pytest.mark.parametrize("name", ["nucleo-f446re", "nucleo-f767zi"])
def test_the_cycle_counter_of_a_locked_core_does_not_count(
    name: str, built_for: Callable[[str], BuildResult]
) -> None:
    """Our application unlocks a Cortex-M7's DWT and counts cycles; if that has no effect, it uses SysTick."""
    board, built = load_board(name), built_for(name)
    for locked in (False, True):
        chip = Chip(board, built.bootloader_elf, FAMILIES[name]())
        chip.dwt_stays_locked = locked
        _with_application(built, chip)
        client = Client(cast(SerialPort, ChipPort(chip)))
        hello = client.hello(timeout=3.0, attempts=3)
        counts = not locked or board.target != "cortex-m7"
        assert hello.counter == ("dwt" if counts else "systick")
        assert any(f"{DWT_CTRL:#x} of the DWT" in said for said in chip.violations) is not counts


def test_the_page_lists_every_rule() -> None:
    section = re.search(
        r"^## What the simulated chips refuse$(.*)", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    assert section is not None
    listed = re.findall(r"^\| ([^|]+) \|", section[1], re.MULTILINE)
    assert [rule for rule in (*START_UP, *FLASH) if rule not in listed] == []
