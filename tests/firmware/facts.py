"""Registers as the makers of the chips describe them, and as the drivers in ``firmware/hal`` use them.

``registers/<chip>.toml`` has the facts of a chip with their sources, none of which is ours;
``registers/drivers.toml`` says what each constant of a driver means.
"""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sensor_bnn.hardware.boards import Board

FOLDER = Path(__file__).parent / "registers"
HAL = Path(__file__).parents[2] / "firmware" / "hal"

DRIVERS: dict[str, Any] = tomllib.loads((FOLDER / "drivers.toml").read_text())


@dataclass(frozen=True)
class Field:
    """Bits of a register: the lowest one, and their number."""

    first: int
    bits: int

    @property
    def mask(self) -> int:
        """The field's bits, as a mask of the register."""
        return ((1 << self.bits) - 1) << self.first


@dataclass(frozen=True)
class Register:
    """A register, such as ``RCC.CR``: its address, its value after a reset, and the fields that we use."""

    name: str
    address: int
    reset: int | None
    fields: Mapping[str, Field]


@dataclass(frozen=True)
class Chip:
    """What a table says of a chip.

    Attributes:
        boards: the names of the boards with this chip.
        interrupts: the numbers of the interrupts that we use.
        sources: where addresses, fields and reset values were read.
        facts: the number of facts, each with the line of its source.
    """

    name: str
    boards: tuple[str, ...]
    registers: Mapping[str, Register]
    interrupts: Mapping[str, int]
    sources: Mapping[str, str]
    facts: int

    def at(self, address: int) -> Register | None:
        """Return the register at an address."""
        return next((found for found in self.registers.values() if found.address == address), None)


def read_chip(file: Path) -> Chip:
    """Return the table of a chip; each fact ends with the line where its source has it."""
    table = tomllib.loads(file.read_text())
    facts = [fact for register in table["registers"].values() for fact in register.values()]
    facts += table.get("interrupts", {}).values()
    for fact in facts:
        # The line of the source, and the source's key in [sources] where the table's own is not meant.
        line = fact[-2] if isinstance(fact[-1], str) else fact[-1]
        assert line > 0 and (line is fact[-1] or fact[-1] in table["sources"]), (
            f"{file.name}: {fact} has no source"
        )
    registers = {
        name: Register(
            name,
            entry["at"][0],
            entry["reset"][0] if "reset" in entry else None,
            {field: Field(*where[:2]) for field, where in entry.items() if field not in ("at", "reset")},
        )
        for name, entry in table["registers"].items()
    }
    return Chip(
        table["chip"],
        tuple(table["boards"]),
        registers,
        {name: fact[0] for name, fact in table.get("interrupts", {}).items()},
        table["sources"],
        len(facts),
    )


CHIPS = tuple(
    read_chip(file)
    for file in sorted(FOLDER.glob("*.toml"))
    if file.name not in ("drivers.toml", "cortex-m.toml")
)
CORE = read_chip(FOLDER / "cortex-m.toml")


def plain(name: str) -> str:
    """Return a register's name without the number of its unit: ``USART.SR`` for ``USART2.SR``.

    ST's headers give an LPUART the registers of a USART.
    """
    return re.sub(r"\d+\.", ".", name).replace("LPUART.", "USART.")


def drivers_of(board: Board) -> tuple[str, ...]:
    """Return the drivers of a board that are described in ``drivers.toml``."""
    found = [f"{board.uart.driver}_uart", f"{board.flash.driver}_flash", f"{board.counter.driver}_counter"]
    found += [f"{board.watchdog.driver}_watchdog"] if board.watchdog else []
    found += [f"{board.soc}_soc"] if board.soc else []
    found += [f"{board.bootloader.boot2}_boot2"] if board.bootloader.boot2 else []
    found += [included for driver in found for included in DRIVERS.get(driver, {}).get("includes", ())]
    return tuple(driver for driver in found if driver in DRIVERS)


def source_of(driver: str) -> Path:
    """Return the C file of a driver, or the header of that name."""
    return HAL / (driver if driver.endswith(".h") else f"{driver}.c")


def macros_of(driver: str) -> list[str]:
    """Return the names of the constants that a driver defines; an include guard has no value."""
    text = _directives(source_of(driver))
    return list(dict.fromkeys(re.findall(r"^#define (\w+)(?=[ (])", text, re.MULTILINE)))


def values_of(driver: str, board: Board | None, expressions: list[str]) -> dict[str, int]:
    """Return the values of C expressions over a driver's constants; a register's value is its address."""
    given = {"SBNN_UART_BASE": board.uart.base} if board else {}
    if board and board.watchdog:
        given["SBNN_WATCHDOG_BASE"] = board.watchdog.base
    return dict(zip(expressions, _values(driver, tuple(given.items()), tuple(expressions)), strict=True))


@cache
def _values(driver: str, given: tuple[tuple[str, int], ...], expressions: tuple[str, ...]) -> list[int]:
    text = _directives(source_of(driver)) + "".join(f"@ {expression}\n" for expression in expressions)
    # A register becomes its address, so that the address is the value.
    command = ["cc", "-E", "-P", "-DREGISTER(address)=(address)", "-D__ARM_ARCH_ISA_THUMB=2"]
    command += [f"-D{name}={value}u" for name, value in given]
    ran = subprocess.run([*command, "-"], input=text, capture_output=True, text=True, check=True)
    return [_value(line[1:]) for line in ran.stdout.splitlines() if line.startswith("@")]


def _directives(file: Path) -> str:
    text = file.read_text().replace("\\\n", " ")
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    kept = [line for line in text.splitlines() if line.startswith("#") and not line.startswith("#include")]
    return "\n".join(kept) + "\n"


def _value(expression: str) -> int:
    python = re.sub(r"(?<=[0-9A-Fa-f])[uU]", "", expression)
    assert re.fullmatch(r"[\s0-9a-fA-Fx()|&<>*/%+~-]+", python), f"not a constant: {expression}"
    return int(eval(python)) & 0xFFFF_FFFF


@dataclass(frozen=True)
class Use:
    """A constant of a driver, and what it means: a register, or bits of one."""

    constant: str
    register: str
    fields: Mapping[str, int | None]
    """Empty for a register; a field's value is None if all its bits are set."""


def uses_of(driver: str, chip: str) -> Iterator[Use]:
    """Yield what each constant of a driver means on a chip."""
    table = DRIVERS[driver]
    entries = {key: value for key, value in table.items() if isinstance(value, str)} | {
        key: value for key, value in table.get(chip, {}).items() if isinstance(value, str)
    }
    for constant, meaning in entries.items():
        register, _, fields = meaning.partition(":")
        parts = [part.partition("=") for part in fields.split()]
        yield Use(constant, register, {name: int(value, 0) if value else None for name, _, value in parts})


def expected(use: Use, register: Register) -> int:
    """Return the value that the maker's facts give for a constant."""
    if not use.fields:
        return register.address
    total = 0
    for name, value in use.fields.items():
        field = next(register.fields[each] for each in name.split("/") if each in register.fields)
        total |= field.mask if value is None else value << field.first
    return total
