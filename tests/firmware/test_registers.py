"""Every register, bit and interrupt number that boards and drivers use, against sources that are not ours."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensor_bnn.hardware.boards import Board, Setup, list_boards, load_board
from sensor_bnn.hardware.facts import ProtectedPages, ProtectedSectors

from .chip import Bus
from .chips import SETTLED
from .facts import (
    CHIPS,
    CORE,
    DRIVERS,
    HAL,
    Chip,
    Register,
    Use,
    drivers_of,
    expected,
    macros_of,
    plain,
    uses_of,
    values_of,
)

BOARDS = [(load_board(name), chip) for chip in CHIPS for name in chip.boards]
NAMES = [board.name for board, _ in BOARDS]
EMULATORS_OWN = {"qemu-mps2-", "qemu-mps3-", "qemu-virt-"}
"""Boards whose registers Arm's FPGA images and QEMU define, not a chip."""


def differences(board: Board, chip: Chip) -> Iterator[str]:
    """Yield what a board's file and the facts of its chip disagree about."""
    text = (board.folder / "board.toml").read_text()
    led = board.led
    tables = (("setup", board.setup), ("fallback", board.fallback), ("led.setup", led.setup if led else ()))
    for table, steps in tables:
        names = re.findall(rf"^\[\[{re.escape(table)}\]\]\nregister = \w+ +# (\w+)", text, re.MULTILINE)
        for step, name in zip(steps, names, strict=True):
            yield from _step_differences(chip, step, name)
    yield from _led_differences(board, chip)
    yield from _option_differences(board, chip, text)
    if board.watchdog and board.watchdog.cause.register:
        cause = board.watchdog.cause
        register = chip.at(cause.register)
        if register is None:
            yield f"watchdog.cause: no register is known at {cause.register:#010x}"
        else:
            yield from _whole(
                register, "watchdog.cause", cause.fired | cause.clear, cause.fired | cause.clear
            )
    interrupts = {name for name, number in chip.interrupts.items() if number == board.uart.irq}
    if not interrupts:
        yield f"uart.irq is {board.uart.irq}, not one of {dict(chip.interrupts)}"
    units = {name.split(".")[0] for name in chip.registers if "UART" in name or "USART" in name}
    if not units & interrupts:
        yield f"interrupt {board.uart.irq} is of {interrupts}, and the registers are of {units}"
    for driver in drivers_of(board):
        yield from driver_differences(driver, board, chip)


def _led_differences(board: Board, chip: Chip) -> Iterator[str]:
    """Compare the pin of the light: set and reset in one register, at the same number of the same port."""
    if board.led is None:
        return
    on, off = board.led.on, board.led.off
    register = chip.at(on.register)
    if register is None or not register.name.endswith(".BSRR") or off.register != on.register:
        yield f"led: {on.register:#010x} and {off.register:#010x} are not one known GPIO's BSRR"
        return
    pin = on.value.bit_length() - 1
    meant = {f"BS{pin}": on.value, f"BR{pin}": off.value}
    if {name: field.mask for name, field in register.fields.items()} != meant:
        yield f"led: {register.name} has {dict(register.fields)}, and the file writes {meant}"
    port = register.name.split(".")[0]
    modes = [chip.at(step.register) for step in board.led.setup]
    if not any(mode and mode.name in (f"{port}.MODER", f"{port}.CRL") for mode in modes):
        yield f"led: no step gives a pin of {port}"


def _option_differences(board: Board, chip: Chip, text: str) -> Iterator[str]:
    """Compare the masks of option bytes with the maker's fields; a chip may have fewer sectors than bits."""
    if board.protection is None:
        return
    named = dict(re.findall(r"^register = (\w+) +# FLASH_(\w+)$", text, re.MULTILINE))
    for field in board.protection.fields:
        register = chip.at(field.register)
        if register is None:
            yield f"protection: no register is known at {field.register:#010x}"
            continue
        if register.name != "FLASH." + named[f"0x{field.register:08X}"]:
            yield f"protection: {field.register:#010x} is {register.name}"
        masks = [field.mask, *([field.last] if isinstance(field, ProtectedPages) else [])]
        for mask in masks:
            wholes = [known.mask for known in register.fields.values() if known.mask & mask]
            few = isinstance(field, ProtectedSectors) and len(wholes) == 1 and mask & ~wholes[0] == 0
            if wholes != [mask] and not few:
                yield f"protection: {mask:#010x} is no field of {register.name}"


def _step_differences(chip: Chip, step: Setup, named: str) -> Iterator[str]:
    register = chip.at(step.register) or CORE.at(step.register)
    if register is None:
        yield f"setup: no register is known at {step.register:#010x}"
        return
    if named not in (register.name.replace(".", "_"), register.name.split(".")[1]):
        yield f"setup: {step.register:#010x} is {register.name}, and the file calls it {named}"
    yield from _whole(register, f"setup of {register.name}", step.set, step.clear | step.set)
    yield from _whole(register, f"clearing {register.name}", step.clear, step.clear | step.set)
    yield from _whole(register, f"wait for {register.name}", step.wait, step.wait)


def _whole(register: Register, what: str, bits: int, changed: int) -> Iterator[str]:
    """Compare bits with the fields that they are in: no reserved bits, and no half of a field."""
    for name, field in register.fields.items():
        # A mode bit of many, such as a clock enable, is a field of its own.
        if field.mask & bits and field.mask & ~changed and field.bits > 1:
            yield f"{what}: {bits:#010x} has only a part of {name}, {field.mask:#010x}"
        bits &= ~field.mask
    if bits:
        yield f"{what}: the bits {bits:#010x} are in no field"


def driver_differences(driver: str, board: Board | None, chip: Chip) -> Iterator[str]:
    """Yield the constants of a driver that the chip's maker gives otherwise."""
    uses = list(uses_of(driver, chip.name))
    values = values_of(driver, board, [use.constant for use in uses])
    registers = {plain(name): register for name, register in chip.registers.items()} | dict(chip.registers)
    absent = DRIVERS[driver].get(chip.name, {}).get("absent", {})
    for use in uses:
        register = registers[use.register if use.register in registers else plain(use.register)]
        value, makers = values[use.constant] & ~absent.get(use.constant, 0), expected(use, register)
        if value != makers:
            yield f"{driver}: {use.constant} is {value:#010x}, and {_meant(use)} is {makers:#010x}"


def _meant(use: Use) -> str:
    return use.register + "".join(f" {name}" for name in use.fields)


@pytest.mark.parametrize(("board", "chip"), BOARDS, ids=NAMES)
def test_a_boards_registers_are_those_of_the_chips_maker(board: Board, chip: Chip) -> None:
    assert list(differences(board, chip)) == []


def test_the_cores_registers_are_those_of_arms_header() -> None:
    assert list(driver_differences("cortex_m.h", None, CORE)) == []


def test_the_address_in_the_assembly_of_start_up_is_the_one_that_switches_the_fpu_on() -> None:
    text = (HAL / "cortex_m_startup.c").read_text()
    assert [int(found, 16) for found in re.findall(r"ldr r0, =(0x\w+)", text)] == [
        CORE.registers["SCB.CPACR"].address
    ]


def test_every_board_with_registers_of_a_chip_has_its_table() -> None:
    described = {name for chip in CHIPS for name in chip.boards}
    for board in list_boards():
        if board.uart.driver != "linux" and not board.name.startswith(tuple(EMULATORS_OWN)):
            assert board.name in described


@pytest.mark.parametrize("driver", list(DRIVERS))
def test_every_constant_of_a_driver_is_compared_or_said_to_be_none(driver: str) -> None:
    keys = " ".join(key for key, value in DRIVERS[driver].items() if isinstance(value, str))
    known = set(re.findall(r"\w+", keys)) | set(DRIVERS[driver].get("others", ()))
    assert [name for name in macros_of(driver) if name not in known] == []
    # What the table names must exist, or a comparison would be of nothing.
    assert set(DRIVERS[driver].get("others", ())) <= set(macros_of(driver))


@pytest.mark.parametrize(("board", "chip"), BOARDS, ids=NAMES)
def test_each_wrong_bit_of_a_boards_set_up_is_noticed(board: Board, chip: Chip) -> None:
    """Each address moved to the next register, and each step with a bit more that is reserved."""
    for number, step in enumerate(board.setup):
        moved = dataclasses.replace(step, register=step.register + 4)
        assert list(differences(_with(board, number, moved), chip)) != []
        register = chip.at(step.register) or CORE.at(step.register)
        assert register is not None
        reserved = 0xFFFF_FFFF & ~sum(field.mask for field in register.fields.values())
        if reserved:
            lowest = reserved & -reserved
            assert list(
                differences(_with(board, number, dataclasses.replace(step, set=step.set | lowest)), chip)
            )


@pytest.mark.parametrize(
    ("board", "chip"), [pair for pair in BOARDS if pair[0].protection], ids=lambda value: str(value.name)
)
def test_each_wrong_option_bit_or_pin_is_noticed(board: Board, chip: Chip) -> None:
    assert board.protection is not None and board.led is not None
    facts = board.protection
    wider = dataclasses.replace(facts, read=dataclasses.replace(facts.read, mask=facts.read.mask << 1))
    assert list(differences(dataclasses.replace(board, protection=wider), chip)) != []
    for kind in ("sectors", "pages"):
        for place, part in enumerate(getattr(facts, kind)):
            parts = list(getattr(facts, kind))
            parts[place] = dataclasses.replace(part, register=part.register + 0x400)
            moved = dataclasses.replace(facts, **{kind: tuple(parts)})
            assert list(differences(dataclasses.replace(board, protection=moved), chip)) != []
    on = dataclasses.replace(board.led.on, value=board.led.on.value << 1)
    led = dataclasses.replace(board.led, on=on)
    assert list(differences(dataclasses.replace(board, led=led), chip)) != []


def _with(board: Board, number: int, step: Setup) -> Board:
    return dataclasses.replace(board, setup=(*board.setup[:number], step, *board.setup[number + 1 :]))


@pytest.mark.parametrize("name", SETTLED)
def test_the_set_up_reaches_its_clocks_from_the_makers_reset_values(name: str) -> None:
    """From what the maker says that the registers hold; the boot ROM of an STM32N6 changes some before us."""
    board, chip = next(found for found in BOARDS if found[0].name == name)
    family = SETTLED[name]()
    bus = Bus(board, family)
    bus.registers |= {
        register.address: register.reset for register in chip.registers.values() if register.reset is not None
    }
    bus.set_up()
    assert bus.violations == []
    assert family.core_hz == board.counter.clock_hz


def test_the_boards_page_counts_the_facts() -> None:
    counts = {
        chip.name: [
            len(chip.registers),
            sum(len(register.fields) for register in chip.registers.values()),
            sum(register.reset is not None for register in chip.registers.values()),
            chip.facts,
        ]
        for chip in (*CHIPS, CORE)
    }
    counts["all"] = [sum(column) for column in zip(*counts.values(), strict=True)]
    page = (Path(__file__).parents[2] / "docs" / "boards.md").read_text()
    rows = {
        name: [int(number.replace(",", "")) for number in numbers.split("|")]
        for name, numbers in re.findall(r"^\| ([\w-]+) \|((?: [\d,]+ \|){3} [\d,]+) \|", page, re.MULTILINE)
    }
    assert rows == counts
