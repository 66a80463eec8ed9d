"""The tables of the STM32F103, F405, F407, F446 and nRF51 against the SVD files of the package cmsis-svd.

An SVD file is a chip's registers in XML, in the form that its maker hands to debuggers.
"""

from __future__ import annotations

import re
import tarfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import pytest

from sensor_bnn.resources import cache_folder
from sensor_bnn.train.packages import Package, fetch

from .facts import CHIPS, Chip, Field

SVD = Package(
    "cmsis-svd",
    "cmsis-svd-0.4.tar.gz",
    "b5f439fc6bbc43c9b56dd822f1f764359d503c685a42f913a1cfc2a3c6c42b2c",
    (
        "pip",
        "download",
        "cmsis-svd==0.4",
        "--no-deps",
        "--no-binary=:all:",
        "--no-build-isolation",
        "--quiet",
    ),
    "cmsis-svd-0.4.tar.gz",
)
FILES = {
    "STM32F103": "STMicro/STM32F103xx.svd",
    "STM32F405": "STMicro/STM32F40x.svd",
    "STM32F407": "STMicro/STM32F40x.svd",
    "STM32F446": "STMicro/STM32F446x.svd",
    "nRF51": "Nordic/nrf51.svd",
}

KNOWN = {
    "STM32F405": {
        "TIM2.ARR is 0xffffffff after a reset, described as 0x0": "RM0090 gives all ones; we write it first",
        "USART1.SR is 0xc0 after a reset, described as 0xc00000": "its own TC and TXE are bits 6 and 7",
    },
    "STM32F407": {
        "USART2.SR is 0xc0 after a reset, described as 0xc00000": "its own TC and TXE are bits 6 and 7",
        "PWR.CR VOS, 0x4000, is no field there": "left out; ST's header and RM0090 have it",
    },
    "STM32F446": {
        "USART2.SR is 0xc0 after a reset, described as 0xc00000": "its own TC and TXE are bits 6 and 7",
        "RCC.PLLCFGR PLLR, 0x70000000, is no field there": "left out; ST's header and RM0390 have it",
        "FLASH.ACR LATENCY, 0xf, is no field there": "three bits, which hold our 5; ST's header has four",
        "FLASH.CR SNB, 0xf8, is no field there": "four bits, which hold eight sectors; ST's header has five",
        "FLASH.OPTCR nWRP, 0xfff0000, is no field there": "eight bits, which we read; ST's header has twelve",
    },
}
"""Where the two sources of a table disagree with each other, and why our value holds by both."""


@dataclass(frozen=True)
class Described:
    """A register as an SVD file has it."""

    address: int
    reset: int
    fields: dict[str, Field]


@pytest.fixture(scope="module")
def registers_of(long_run: None) -> Callable[[str], dict[str, Described]]:
    """Return the registers of an SVD file by name, such as ``RCC.CR``."""
    archive = fetch(SVD, cache_folder())

    @cache
    def read(file: str) -> dict[str, Described]:
        with tarfile.open(archive) as package:
            content = package.extractfile(f"cmsis-svd-0.4/cmsis_svd/data/{file}")
            assert content is not None
            return dict(_registers(ElementTree.parse(content).getroot()))

    return read


def _registers(device: ElementTree.Element) -> Iterator[tuple[str, Described]]:
    units = {_text(unit, "name"): unit for unit in device.iter("peripheral")}
    for name, unit in units.items():
        like = units[unit.attrib["derivedFrom"]] if "derivedFrom" in unit.attrib else unit
        base = int(_text(unit, "baseAddress"), 0)
        for register in (unit if unit.find("registers") is not None else like).iter("register"):
            fields = {_text(field, "name"): _field(field) for field in register.iter("field")}
            reset = register.findtext("resetValue") or device.findtext("resetValue") or "0"
            address = base + int(_text(register, "addressOffset"), 0)
            yield f"{name}.{_text(register, 'name')}", Described(address, _number(reset), fields)


def _number(text: str) -> int:
    return int(text, 16 if "x" in text else 10)


def _field(field: ElementTree.Element) -> Field:
    if field.find("bitOffset") is not None:
        return Field(int(_text(field, "bitOffset"), 0), int(_text(field, "bitWidth"), 0))
    if field.find("lsb") is not None:
        first = int(_text(field, "lsb"))
        return Field(first, int(_text(field, "msb")) - first + 1)
    last, first = map(int, re.findall(r"\d+", _text(field, "bitRange")))
    return Field(first, last - first + 1)


def _text(element: ElementTree.Element, tag: str) -> str:
    found = element.findtext(tag)
    assert found is not None, tag
    return found


def differences(chip: Chip, described: dict[str, Described]) -> Iterator[str]:
    """Yield what a table and an SVD file disagree about."""
    for name, register in chip.registers.items():
        other = described.get(name)
        if other is None:
            yield f"{name} is not described"
            continue
        if other.address != register.address:
            yield f"{name} is at {register.address:#x}, described at {other.address:#x}"
        if register.reset is not None and other.reset != register.reset:
            yield f"{name} is {register.reset:#x} after a reset, described as {other.reset:#x}"
        for field, bits in register.fields.items():
            found = _tiles(other, bits)
            if found is None:
                yield f"{name} {field}, {bits.mask:#x}, is no field there"


def _tiles(register: Described, bits: Field) -> list[str] | None:
    """Return the fields that make up exactly these bits: some files split a number into its bits."""
    if not register.fields and bits.bits == 32:
        return []
    within = {name: field for name, field in register.fields.items() if field.mask & bits.mask}
    whole = sum(field.mask for field in within.values())
    return list(within) if whole == bits.mask else None


@pytest.mark.parametrize("chip", [chip for chip in CHIPS if chip.name in FILES], ids=lambda chip: chip.name)
def test_a_table_agrees_with_the_svd_file_of_its_chip(
    chip: Chip, registers_of: Callable[[str], dict[str, Described]]
) -> None:
    assert list(differences(chip, registers_of(FILES[chip.name]))) == list(KNOWN.get(chip.name, {}))
