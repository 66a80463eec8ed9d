"""A flipped bit in a C file of a bundle that GCC alone compiles: the linker compares the files' texts."""

from __future__ import annotations

import random
import re
import subprocess
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import Symbol
from flips import PLACES, SEED

from sensor_bnn.compiler import carried
from sensor_bnn.compiler.compiled import Bundle
from sensor_bnn.compiler.metadata import Metadata
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.resources import resource

FAKE = Path(__file__).parents[1] / "firmware" / "host" / "fake"
SECTION = "mlp_sources"


def gcc(target: str, *arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    facts = find_target(target)
    command = [facts.compiler, *facts.gcc, "-std=c11", "-ffunction-sections", f"-D{carried.MACRO}"]
    return subprocess.run(
        [*command, *arguments], check=check, capture_output=True, text=True, errors="replace"
    )


def linked_bytes(target: str, program: Path, *files: str | Path) -> int:
    """Link as a firmware is, and return the bytes that it says: where the section ends, from where it starts.

    Functions of the firmware are missing; only the texts matter here.
    """
    main = program.with_suffix(".c")
    names = f"__start_{SECTION}[], __stop_{SECTION}[]"
    size = f"(unsigned)((__UINTPTR_TYPE__)__stop_{SECTION} - (__UINTPTR_TYPE__)__start_{SECTION})"
    main.write_text(f"extern const char {names};\nunsigned start(void) {{ return {size}; }}\n")
    flags = ["-nostdlib", "-static", "-Wl,--gc-sections,-e,start,--unresolved-symbols=ignore-all,-z,muldefs"]
    gcc(target, "-O1", *flags, main, *files, "-o", program)
    with program.open("rb") as stream:
        elf = ELFFile(stream)
        (start,), (stop,) = (
            elf.get_section_by_name(".symtab").get_symbol_by_name(f"__{name}_{SECTION}")
            for name in ("start", "stop")
        )
        assert not elf.get_section_by_name(SECTION)["sh_flags"] & 2, "nothing of it is loaded"
        return int(stop["st_value"] - start["st_value"])


def texts_in(file: Path) -> set[bytes]:
    """Return the texts that an object file carries."""
    with file.open("rb") as stream:
        section = ELFFile(stream).get_section_by_name(SECTION)
        return set() if section is None else set(section.data().split(b"\0")[:-1])


def kept(texts: set[bytes]) -> set[bytes]:
    """Return the texts that GNU ld keeps: none with which another ends, as after a bit that makes a NUL."""
    return {text for text in texts if not any(one != text and one.endswith(text) for one in texts)}


def loaded(file: Path) -> dict[str, object]:
    """Return what of an object file goes into a program: code, data, and what the linker changes in them."""
    with file.open("rb") as stream:
        elf, found = ELFFile(stream), {}
        symbols = list(elf.get_section_by_name(".symtab").iter_symbols())
        for section in elf.iter_sections():
            if section["sh_flags"] & 2:  # SHF_ALLOC
                found[section.name] = section.data()
            elif isinstance(section, RelocationSection):
                found[section.name] = [
                    (one["r_offset"], one["r_info_type"], _named(elf, symbols[one["r_info_sym"]]))
                    for one in section.iter_relocations()
                ]
        return found


def _named(elf: ELFFile, symbol: Symbol) -> str:
    return symbol.name or elf.get_section(symbol["st_shndx"]).name


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize("target", ["cortex-m7", "cortex-a53", "rv32imac"])
def test_each_linker_keeps_a_text_once(target: str, tmp_path: Path) -> None:
    source = 'int add(int x) { return x + 1; } /* \\ "??=" ? \u00e9 % { */\n#define SOME "a\\n"\n'
    texts = {"one.c": carried.carrying(source, "mlp"), "two.h": carried.carrying("#define MORE 2\n", "mlp")}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "all.c").write_text(f'#include "two.h"\n{carried.texts_header(texts, "mlp")}')
    files = [tmp_path / "one.c", tmp_path / "all.c"]
    assert linked_bytes(target, tmp_path / "whole", *files) == carried.carried_bytes(texts)
    files[0].write_text(texts["one.c"].replace("+ 1", "+ 3"))
    more = len(texts["one.c"].encode()) + 1
    assert linked_bytes(target, tmp_path / "changed", *files) == carried.carried_bytes(texts) + more


class Sources:
    """The C files of a bundle, each of which one call of GCC compiles."""

    def __init__(self, folder: Path, metadata: Metadata, work: Path) -> None:
        self.folder, self.metadata, self.work = folder, metadata, work
        self.named = sorted(
            file.relative_to(folder).as_posix()
            for pattern in ("*.[ch]", "kernels/*.[ch]")
            for file in folder.glob(pattern)
        )
        rules = gcc(metadata.target, "-MM", *(folder / file for file in metadata.sources)).stdout
        self.compiled = {}
        for rule in re.split(r"\n(?=\S)", rules.replace("\\\n", " ")):
            unit, *headers = (Path(path).relative_to(folder).as_posix() for path in rule.split()[1:])
            for file in (unit, *headers):
                self.compiled.setdefault(file, unit)
        self.whole = {}
        for unit in metadata.sources:
            assert self.compile(unit, self.object(unit))
            self.whole[unit] = loaded(self.object(unit))
        self.reference = texts_in(self.object("weights.c"))

    def object(self, name: str) -> Path:
        return self.work / f"{name.replace('/', '_')}.o"

    def compile(self, unit: str, to: Path) -> bool:
        done = gcc(self.metadata.target, "-c", self.folder / unit, "-o", to, check=False)
        return done.returncode == 0

    def weights_crc32(self, file: Path) -> int:
        """Return the CRC-32 that a board computes of the weights in an object file."""
        with file.open("rb") as stream:
            elf, found = ELFFile(stream), {}
            for symbol in elf.get_section_by_name(".symtab").iter_symbols():
                if match := re.fullmatch(r"mlp_weights_(\d+)", symbol.name):
                    data = elf.get_section(symbol["st_shndx"]).data()
                    found[int(match[1])] = data[symbol["st_value"] :][: symbol["st_size"]]
        return zlib.crc32(b"".join(content for _, content in sorted(found.items())))


@pytest.fixture
def bundle(mlp_onnx: Callable[..., Path], tmp_path: Path) -> Bundle:
    return compile_model(mlp_onnx(), "cortex-m7", tmp_path / "bundle")


@pytest.mark.usefixtures("cross_compiler", "long_run")
def test_in_the_c_files_of_a_bundle(bundle: Bundle, tmp_path: Path) -> None:
    """At 200 places of all C files, in turn: refused by the compiler or by the board's answer, or harmless.

    The answer has the bytes of all different texts and the CRC-32 of the weights. Harmless is what changes no
    byte of the object files that goes into the program, and no file that is compiled with them.
    """
    sources = Sources(bundle.folder, bundle.metadata, tmp_path)
    target, found, carrying, changed = sources.metadata.target, Counter(), [], set(sources.reference)
    wholes = [sources.object(unit) for unit in sources.metadata.sources]
    assert linked_bytes(target, tmp_path / "whole", *wholes) == sources.metadata.sources_bytes
    rng = random.Random(SEED)
    for place in range(PLACES):
        name = sources.named[place % len(sources.named)]
        file, made = sources.folder / name, tmp_path / f"{place}.o"
        data = file.read_bytes()
        content = bytearray(data)
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        file.write_bytes(content)
        unit = sources.compiled.get(name)
        if name == "model.h":  # which only the firmware's agent includes
            compiled = agent_compiles(sources.folder, made)
        elif unit is None:
            compiled = sources.compile("model.c", made)
        else:
            compiled = sources.compile(unit, made)
        file.write_bytes(data)
        if not compiled:
            found["refused by the compiler"] += 1
        elif kept(sources.reference | texts_in(made)) != sources.reference:
            found["refused: other texts"] += 1
            carrying.append(made)
            changed |= texts_in(made)
        elif unit == "weights.c" and sources.weights_crc32(made) != sources.metadata.weights_crc32:
            found["refused: other weights"] += 1
        else:
            # A header that nothing includes is compiled into nothing.
            assert loaded(made) == sources.whole[unit or "model.c"], f"{name}: {content!r}"
            found["harmless"] += 1
    print(dict(found))
    assert found.total() == PLACES and found["refused: other texts"] > PLACES / 4
    assert found["harmless"] < PLACES / 10
    # What was counted here is what the linker counts.
    size = linked_bytes(target, tmp_path / "changed", *wholes, *carrying)
    assert size == sum(len(text) + 1 for text in kept(changed)) > sources.metadata.sources_bytes


def agent_compiles(bundle: Path, to: Path, macros: Sequence[str] = (f"-D{carried.MACRO}",)) -> bool:
    """Compile the firmware's agent with a bundle's headers."""
    firmware, cc = resource("firmware"), find_target("cortex-m7")
    command = [cc.compiler, *cc.gcc, "-std=c11", *macros, *(f"-I{one}" for one in (bundle, firmware, FAKE))]
    command += ["-c", str(firmware / "app" / "agent.c"), "-o", str(to)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.mark.usefixtures("cross_compiler")
def test_the_firmware_does_not_compile_without_a_check(bundle: Bundle, tmp_path: Path) -> None:
    assert not agent_compiles(bundle.folder, tmp_path / "agent.o", ())
    assert agent_compiles(bundle.folder, tmp_path / "agent.o")
    assert agent_compiles(bundle.folder, tmp_path / "agent.o", ("-DSBNN_BUNDLE_VERIFIED",))
