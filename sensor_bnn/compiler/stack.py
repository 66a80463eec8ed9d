"""The stack that the functions of a bundle's library need, from their frames and calls.

GCC says the frame of each function that it compiles (``-fstack-usage``). Kernels from LLVM have call frame
information. What has neither is written in assembly; there the instructions that move the stack pointer are
counted. Which function calls which is in the relocations, because each has a section of its own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from elftools.dwarf.callframe import FDE
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

EXTERNAL_BYTES = 128
"""What a function of the C library or of GCC's own may need: memcpy, memset, divisions; they need less."""

_USAGE = re.compile(r"^.*:([^:\t]+)\t(\d+)\t", re.MULTILINE)
_STACK_POINTER = 13  # of Arm


def deepest_stack(objects: Sequence[Path], usage: str, entries: Sequence[str]) -> int:
    """Return the bytes of stack that the deepest call of one of the entries needs, on an Arm core.

    Args:
        objects: the object files for Thumb, with all functions but those of the C library and of GCC.
        usage: what GCC said about their frames, the contents of its ``.su`` files.
        entries: the functions to begin with; those that no object has are left out.
    """
    said = {name: int(size) for name, size in _USAGE.findall(usage)}
    frames: dict[str, int] = {}
    calls: dict[str, set[str]] = defaultdict(set)
    for path in objects:
        with path.open("rb") as file:
            _read(ELFFile(file), path.name, said, frames, calls)

    def depth(name: str, above: frozenset[str]) -> int:
        if name not in frames:
            return EXTERNAL_BYTES
        below = [depth(called, above | {name}) for called in sorted(calls[name] - above - {name})]
        return frames[name] + max(below, default=0)

    return max(depth(entry, frozenset()) for entry in entries if entry in frames)


def _read(
    elf: ELFFile, file: str, said: dict[str, int], frames: dict[str, int], calls: dict[str, set[str]]
) -> None:
    """Add the functions of one object file, and what they call."""
    table = elf.get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    functions = defaultdict(list)
    for symbol in table.iter_symbols():
        if symbol["st_info"]["type"] == "STT_FUNC" and isinstance(symbol["st_shndx"], int):
            begin = symbol["st_value"] & ~1
            name = symbol.name if symbol["st_info"]["bind"] != "STB_LOCAL" else f"{file}:{symbol.name}"
            functions[symbol["st_shndx"]].append((begin, begin + symbol["st_size"], name))
            code = elf.get_section(symbol["st_shndx"]).data()[begin : begin + symbol["st_size"]]
            frames[name] = said.get(symbol.name) or _frame_of(elf, symbol["st_shndx"], begin, code)
    for section in elf.iter_sections():
        if not isinstance(section, RelocationSection) or section["sh_info"] not in functions:
            continue
        for relocation in section.iter_relocations():
            called = table.get_symbol(relocation["r_info_sym"])
            there = called["st_shndx"]
            if there == "SHN_UNDEF":
                names = [called.name]
            elif called["st_info"]["type"] == "STT_SECTION":
                names = [name for _, _, name in functions.get(there, ())]
            else:
                names = [
                    name for begin, _, name in functions.get(there, ()) if begin == called["st_value"] & ~1
                ]
            for begin, end, name in functions[section["sh_info"]]:
                if begin <= relocation["r_offset"] < end:
                    calls[name].update(names)


def _frame_of(elf: ELFFile, section: int, begin: int, code: bytes) -> int:
    """Return the frame of a function that GCC says nothing about."""
    rows = _unwound(elf, section, begin)
    if rows and all(rule.reg == _STACK_POINTER for rule in rows):
        return max(int(rule.offset) for rule in rows)
    return pushed_bytes(code)


def _unwound(elf: ELFFile, section: int, begin: int) -> list[Any]:
    """Return the rules by which a debugger finds the frame of the function's caller, if the file has them."""
    if elf.get_section_by_name(".debug_frame") is None or elf.get_section(section).name != ".text":
        return []
    found = []
    for entry in elf.get_dwarf_info().CFI_entries():
        if isinstance(entry, FDE) and entry["initial_location"] == begin:
            found += [row["cfa"] for row in entry.get_decoded().table]
    return found


def pushed_bytes(code: bytes) -> int:
    """Return the bytes by which the instructions of a function in Thumb move the stack pointer down."""
    halves = [int.from_bytes(code[at : at + 2], "little") for at in range(0, len(code) - 1, 2)]
    total = at = 0
    while at < len(halves):
        first, second = halves[at], halves[at + 1] if at + 1 < len(halves) else 0
        wide = first >> 11 in (0b11101, 0b11110, 0b11111)
        if first & 0xFE00 == 0xB400:  # push
            total += 4 * (first & 0x1FF).bit_count()
        elif first & 0xFF80 == 0xB080:  # sub sp, #n
            total += 4 * (first & 0x7F)
        elif first == 0xE92D:  # push of high registers
            total += 4 * second.bit_count()
        elif first == 0xF84D and second & 0xFFF == 0xD04:  # push of one high register
            total += 4
        elif first & 0xFFBF == 0xED2D:  # vpush
            total += 4 * (second & 0xFF)
        elif first & 0xFBFF == 0xF1AD and second & 0x8F00 == 0x0D00:  # sub sp, sp, #modified constant
            total += _constant((first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xFF)
        elif first & 0xFBFF == 0xF2AD and second & 0x8F00 == 0x0D00:  # sub sp, sp, #12 bits
            total += (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xFF
        at += 1 + wide
    return total


def _constant(twelve: int) -> int:
    """Return the constant that 12 bits of an instruction in Thumb mean."""
    low, rotation = twelve & 0xFF, twelve >> 7
    if twelve >> 10 == 0:
        return (low, low * 0x00010001, low * 0x01000100, low * 0x01010101)[twelve >> 8 & 3]
    rotated = 0x80 | low & 0x7F
    return (rotated >> rotation | rotated << (32 - rotation)) & 0xFFFFFFFF
