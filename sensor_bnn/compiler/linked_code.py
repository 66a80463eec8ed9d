"""The code of ``kernels.o`` as it is after linking, except for the places that a linker writes addresses to.

A board computes a CRC-32 of the kernels that are linked into its firmware, with zeros at those places, and a
host compares it with the bundle's: so a build without the bundle's own check that has linked another
``kernels.o`` is found.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

_LONGEST, _GAP = 255, 4
# Eight bytes are changed by the relocations of 64-bit addresses (R_AARCH64_ABS64, R_AARCH64_PREL64) and of
# RISC-V's calls (R_RISCV_CALL, R_RISCV_CALL_PLT); all others change four, or two of which a gap covers the
# two after them too.
_OF_EIGHT_BYTES: dict[str, set[int]] = {"EM_ARM": set(), "EM_AARCH64": {257, 260}, "EM_RISCV": {18, 19}}
# R_RISCV_ALIGN and R_RISCV_RELAX let the linker take code away. TVM makes none; GCC does.
_SHORTEN = {43, 51}


@dataclass(frozen=True)
class LinkedCode:
    """The section ``.text`` of ``kernels.o``.

    Attributes:
        start: the name of a function in it.
        offset: of that function in the section, in bytes.
        size: of the section, in bytes.
        gaps: one number for each piece of the code in its order: the half-words before a gap of two
            half-words; 255: so many half-words, and no gap after them. The last piece ends with the section.
        crc32: of the section, with zeros in the gaps.
    """

    start: str
    offset: int
    size: int
    gaps: tuple[int, ...]
    crc32: int

    def crc32_of(self, code: bytes) -> int:
        """Return the CRC-32 of code as it is linked.

        Args:
            code: ``size`` bytes of a program, from ``offset`` bytes before the function ``start`` on.
        """
        found = at = 0
        for words in self.gaps:
            found = zlib.crc32(code[at : at + 2 * words], found)
            at += 2 * words
            if words != _LONGEST:
                found = zlib.crc32(bytes(len(code[at : at + _GAP])), found)
                at += _GAP
        return found


def linked_code(kernels: bytes) -> LinkedCode | None:
    """Return the facts of an object file with kernels; None if it has no code to name.

    None also if it is for another processor than Arm's and RISC-V, or if a linker may shorten its code.

    Args:
        kernels: the ELF file.
    """
    elf = ELFFile(io.BytesIO(kernels))
    table, section = elf.get_section_by_name(".symtab"), elf.get_section_by_name(".text")
    if elf["e_machine"] not in _OF_EIGHT_BYTES or section is None:
        return None
    assert isinstance(table, SymbolTableSection)
    number = elf.get_section_index(".text")
    assert number is not None
    if elf["e_machine"] == "EM_RISCV" and any(kind in _SHORTEN for _, kind in _relocations(elf, number)):
        return None
    functions = [
        (symbol["st_value"] & ~1, symbol.name)  # Thumb's mark
        for symbol in table.iter_symbols()
        if symbol["st_shndx"] == number
        and (symbol["st_info"]["bind"], symbol["st_info"]["type"]) == ("STB_GLOBAL", "STT_FUNC")
    ]
    if not functions:
        return None
    offset, start = min(functions)
    code = section.data()
    gaps = []
    done, end = 0, len(code) // 2
    for place in _places(elf, number):
        if place >= done:
            whole, rest = divmod(place - done, _LONGEST)
            gaps += [_LONGEST] * whole + [rest]
            done = place + _GAP // 2
    gaps += [_LONGEST] * -(-(end - done) // _LONGEST)
    facts = LinkedCode(start, offset, len(code), tuple(gaps), 0)
    return replace(facts, crc32=facts.crc32_of(code))


def _places(elf: ELFFile, number: int) -> Iterator[int]:
    """Yield each half-word of the section that a linker changes, in rising order."""
    places: set[int] = set()
    for at, kind in _relocations(elf, number):
        size = 8 if kind in _OF_EIGHT_BYTES[elf["e_machine"]] else 4
        places.update(range(at // 2, (at + size + 1) // 2))
    yield from sorted(place for place in places if 2 * place < elf.get_section(number)["sh_size"])


def _relocations(elf: ELFFile, number: int) -> Iterator[tuple[int, int]]:
    """Yield offset and type of each relocation of the section."""
    for section in elf.iter_sections():
        if isinstance(section, RelocationSection) and section["sh_info"] == number:
            for entry in section.iter_relocations():
                yield entry["r_offset"], entry["r_info_type"]
