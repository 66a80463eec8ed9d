"""Every register, bit and interrupt number that boards and drivers use, against sources that are not ours."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensor_bnn.hardware.boards import Board, Setup, list_boards, load_board
from sensor_bnn.hardware.facts import ProtectedPages, ProtectedSectors, Write

from .chip import Bus
from .chips import SETTLED, counter_hz
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


@dataclasses.dataclass(frozen=True)
class Level:
    """A level that a write gives to one pin of a port."""

    port: str
    pin: int
    high: bool


def _level(chip: Chip, write: Write) -> Level | None:
    """Return what a write does to a pin; None if it is no write of one pin that the maker describes."""
    register = chip.at(write.register)
    if register is None or write.value.bit_count() != 1:
        return None
    port, name = register.name.split(".")
    number = write.value.bit_length() - 1
    if name == "BSRR":  # the upper half clears
        level = Level(port, number % 16, number < 16)
        field = f"B{'S' if level.high else 'R'}{level.pin}"
    elif name in ("OUTSET", "OUTCLR"):
        level, field = Level(port, number, name == "OUTSET"), f"PIN{number}"
    elif name in ("GPIO_OUT_SET", "GPIO_OUT_CLR"):
        level, field = Level(port, number, name == "GPIO_OUT_SET"), name
    else:
        return None
    return level if field in register.fields and register.fields[field].mask & write.value else None


def _makes_output(chip: Chip, steps: tuple[Setup, ...], level: Level) -> bool:
    """Return whether the steps make this pin an output of the port: mode 1 of an STM32, SIO of an RP2040."""
    by_name = {register.name: step for step in steps if (register := chip.at(step.register))}
    port, pin = level.port, level.pin
    if f"{port}.MODER" in by_name:
        return by_name[f"{port}.MODER"].set >> 2 * pin & 3 == 1
    if f"{port}.CRL" in by_name:
        return pin < 8 and by_name[f"{port}.CRL"].set >> 4 * pin & 0xF in (1, 2, 3)
    if f"{port}.PIN_CNF{pin}" in by_name:
        return bool(by_name[f"{port}.PIN_CNF{pin}"].set & 1)
    control, output = by_name.get(f"IO_BANK0.GPIO{pin}_CTRL"), by_name.get(f"{port}.GPIO_OE_SET")
    return control is not None and control.set == 5 and output is not None and output.set == 1 << pin


def _led_differences(board: Board, chip: Chip) -> Iterator[str]:
    """Compare the pin of the light: on and off are the two levels of one pin, which becomes an output."""
    if board.led is None:
        return
    on, off = _level(chip, board.led.on), _level(chip, board.led.off)
    if on is None or off is None or off != dataclasses.replace(on, high=not on.high):
        yield f"led: on is {on} and off is {off}, not two levels of one known pin"
    elif not _makes_output(chip, board.led.setup, on):
        yield f"led: no step makes pin {on.pin} of {on.port} an output"


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
def test_each_wrong_option_bit_is_noticed(board: Board, chip: Chip) -> None:
    assert board.protection is not None
    facts = board.protection
    wider = dataclasses.replace(facts, read=dataclasses.replace(facts.read, mask=facts.read.mask << 1))
    assert list(differences(dataclasses.replace(board, protection=wider), chip)) != []
    for kind in ("sectors", "pages"):
        for place, part in enumerate(getattr(facts, kind)):
            parts = list(getattr(facts, kind))
            parts[place] = dataclasses.replace(part, register=part.register + 0x400)
            moved = dataclasses.replace(facts, **{kind: tuple(parts)})
            assert list(differences(dataclasses.replace(board, protection=moved), chip)) != []


@pytest.mark.parametrize(
    ("board", "chip"), [pair for pair in BOARDS if pair[0].led], ids=lambda value: str(value.name)
)
def test_each_wrong_write_of_a_light_is_noticed(board: Board, chip: Chip) -> None:
    assert board.led is not None
    led = board.led
    assert list(_led_differences(board, chip)) == []
    wrong = [
        dataclasses.replace(led, on=dataclasses.replace(led.on, value=led.on.value << 1)),
        dataclasses.replace(led, off=dataclasses.replace(led.off, value=led.off.value >> 1)),
        dataclasses.replace(led, on=led.off),
        dataclasses.replace(led, on=dataclasses.replace(led.on, register=led.on.register + 4)),
        *(
            dataclasses.replace(led, setup=tuple(s for s in led.setup if s is not step))
            for step in led.setup
            if not re.search(r"ENR|PADS", getattr(chip.at(step.register), "name", ""))
        ),
    ]
    assert len(wrong) > 4
    for changed in wrong:
        assert list(_led_differences(dataclasses.replace(board, led=changed), chip)) != []


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
    assert counter_hz(family) == board.counter.clock_hz


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
