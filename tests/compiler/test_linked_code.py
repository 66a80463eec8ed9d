"""The code of kernels.o: its digest is what linking leaves as it is, wherever the linker puts it."""

from __future__ import annotations

import io
import subprocess
import zlib
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from sensor_bnn.compiler.library import host_compiler
from sensor_bnn.compiler.linked_code import LinkedCode, linked_code
from sensor_bnn.compiler.targets import find_target

SOURCE = """
float scaled(float x, const float *w);
float tables(int at);
static const float table[4] = {1.0f, 2.5f, -3.0f, 4.0f};
extern volatile int outside;
float scaled(float x, const float *w) { return x * *w + *w / x; }
float tables(int at) { outside = at; return table[at & 3]; }
FILLER
"""
PROGRAM = """
volatile int outside;
float scaled(float x, const float *w);
float tables(int at);
void _start(void);
void _start(void) { static float w = 2.0f; w = scaled(1.0f, &w) + tables(outside); }
"""


def crc_of(code: bytes, gaps: tuple[int, ...]) -> int:
    """As docs/protocol.md says it."""
    crc, at = 0, 0
    for words in gaps:
        crc = zlib.crc32(code[at : at + 2 * words], crc)
        at += 2 * words
        if words != 255:
            crc = zlib.crc32(bytes(len(code[at : at + 4])), crc)
            at += 4
    assert at >= len(code)
    return crc


def flags(target: str) -> list[str]:
    """The flags without picolibc, which brings a linker script, and as LLVM compiles for RISC-V."""
    own = ["-mno-relax"] if target.startswith("rv") else []
    return [flag for flag in find_target(target).gcc if "picolibc" not in flag] + own


def linked(kernels: Path, target: str, address: int, facts: LinkedCode) -> bytes:
    """The code in a program with its text at ``address``."""
    found = find_target(target)
    source, program = kernels.with_name("program.c"), kernels.with_name("program.elf")
    source.write_text(PROGRAM)
    command = [found.compiler, *flags(target), "-nostartfiles", "-static", "-nolibc", source, kernels]
    subprocess.run([*command, f"-Wl,-Ttext={address:#x}", "-lgcc", "-o", program], check=True)
    elf = ELFFile(io.BytesIO(program.read_bytes()))
    (symbol,) = elf.get_section_by_name(".symtab").get_symbol_by_name(facts.start)
    text = elf.get_section(symbol["st_shndx"])
    at = (symbol["st_value"] & ~1) - facts.offset - text["sh_addr"]
    return bytes(text.data()[at : at + facts.size])


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize(
    "target", ["cortex-m0plus", "cortex-m3", "cortex-m7", "cortex-m55", "cortex-a53", "rv32imc"]
)
def test_it_is_the_same_wherever_it_is_linked(target: str, tmp_path: Path) -> None:
    kernels = tmp_path / "kernels.o"
    source = tmp_path / "kernels.c"
    # More than 255 half-words without a gap.
    source.write_text(SOURCE.replace("FILLER", 'void rest(void) { __asm__(".zero 1200"); }'))
    found = find_target(target)
    subprocess.run([found.compiler, *flags(target), "-O2", "-c", source, "-o", kernels], check=True)
    facts = linked_code(kernels.read_bytes())
    assert facts is not None and facts.size > 1200 and 255 in facts.gaps
    assert any(words != 255 for words in facts.gaps)
    here, there = (linked(kernels, target, address, facts) for address in (0x10000, 0x25000))
    assert here != there, "the linker wrote other addresses"
    assert crc_of(here, facts.gaps) == crc_of(there, facts.gaps) == facts.crc32

    assert facts.crc32_of(there) == facts.crc32

    changed = bytearray(kernels.read_bytes())
    elf = ELFFile(io.BytesIO(bytes(changed)))
    changed[elf.get_section_by_name(".text")["sh_offset"] + facts.size - 100] ^= 1
    kernels.write_bytes(changed)
    assert crc_of(linked(kernels, target, 0x10000, facts), facts.gaps) != facts.crc32


def test_code_of_other_machines_has_none(tmp_path: Path) -> None:
    """The host's bundle is a library, which no firmware is linked with."""
    source, made = tmp_path / "kernels.c", tmp_path / "kernels.o"
    source.write_text("int kernel(void); int kernel(void) { return 1; }")
    subprocess.run([host_compiler(), "-c", source, "-o", made], check=True)
    assert linked_code(made.read_bytes()) is None
