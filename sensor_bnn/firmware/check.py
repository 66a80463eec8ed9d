"""Check that a board's facts are consistent: link bootloader and a minimal application, and inspect them."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from sensor_bnn import programs
from sensor_bnn.compiler.metadata import FILE, FORMAT, End, LayerFacts, Metadata, file_digests
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.errors import SensorBnnError
from sensor_bnn.files import copy_folder, scratch_folder, write_file
from sensor_bnn.firmware.build import build_firmware
from sensor_bnn.firmware.fit import RESERVED_BYTES
from sensor_bnn.firmware.link import check_compiler
from sensor_bnn.hardware.boards import FIRST_BYTES, HEADER_BYTES, Board, Region, has_bootloader
from sensor_bnn.resources import resource

if TYPE_CHECKING:
    from sensor_bnn.firmware.signing import Signer

CHECKS = ("links", "symbols", "fits", "vectors")
"""The checks in their order; a board whose programs do not link has no further result."""

_WEIGHTS = struct.pack("<f", 0.5)  # of firmware/check/weights.c
_WORD = 4
_SYSTEM_VECTORS = 16
_TRAPS_BYTES = 256
_EXCEPTIONS_BYTES = 2048  # size of AArch64's vector table, and its alignment


@dataclass(frozen=True)
class BoardCheck:
    """The result of one of ``CHECKS`` for one board: whether it passed, and what was found."""

    board: str
    check: str
    ok: bool
    detail: str


def check_board(board: Board, signer: Signer | None = None, *, sends_flash: bool = True) -> list[BoardCheck]:
    """Build bootloader and a minimal application for the board, and check the linked files.

    Args:
        board: the board's facts.
        signer: for a bootloader that checks signatures; not used for a board without a bootloader.
        sends_flash: as for ``build_firmware``; not used for a board without a bootloader either.

    Raises:
        ToolError: the cross compiler is missing.
    """
    try:
        core = find_target(board.target).core
    except SensorBnnError as error:
        return [BoardCheck(board.name, "links", False, str(error))]
    check_compiler(find_target(board.target))
    with scratch_folder("check") as folder:
        try:
            _make_bundle(board, folder / "bundle")
            signs = signer if has_bootloader(board) else None
            built = build_firmware(
                folder / "bundle",
                board,
                folder / "out",
                signer=signs,
                sends_flash=sends_flash or not has_bootloader(board),
            )
        except SensorBnnError as error:
            return [BoardCheck(board.name, "links", False, str(error))]
        programs = [_Program(built.firmware_elf, board.slot.origin + HEADER_BYTES, board.slot.size)]
        if has_bootloader(board):
            programs.insert(
                0, _Program(built.bootloader_elf, board.bootloader_vectors, board.bootloader_room)
            )
    checks = [BoardCheck(board.name, "links", True, f"for {board.target}")]
    for name, check in (("symbols", _symbols), ("fits", _fits), ("vectors", _VECTORS[core])):
        found = [check(program, board) for program in programs]
        wrong = [text for ok, text in found if not ok]
        checks.append(
            BoardCheck(board.name, name, not wrong, "; ".join(wrong or [text for _, text in found]))
        )
    return checks


def _make_bundle(board: Board, folder: Path) -> None:
    copy_folder(resource("firmware") / "check", folder)
    target = find_target(board.target)
    programs.run(
        [target.compiler, *target.gcc, "-O2", "-c", "kernels.c", "-o", "kernels.o"],
        cwd=folder,
        install=f"Install it: {target.install}",
        remedy="Check the flags of the board's target.",
    )
    number = End("float32", (1,), 4)
    layer = LayerFacts(
        index=0,
        name="check",
        op="Check",
        kernel="check",
        macs=0,
        product=None,
        input_bytes=4,
        weights_bytes=4,
        output_bytes=4,
        ram_bytes=16,
        instructions_estimated=0,
        float=True,
    )
    metadata = Metadata(
        format=FORMAT,
        model="check",
        model_hash="00" * 32,
        target=board.target,
        arena_bytes=16,
        arena_lower_bound_bytes=16,
        input=number,
        output=number,
        input_step=None,
        input_gain="fixed",
        output_step=None,
        sources=("model.c", "weights.c"),
        weights_bytes=4,
        cost_model="none",
        layers=(layer,),
        classes=None,
        channels=None,
        numbers=None,
        tuning=None,
        prefix="check",
        library=None,
        arena=(),
        weights_sha256=hashlib.sha256(_WEIGHTS).hexdigest(),
        weights_crc32=zlib.crc32(_WEIGHTS),
        kernels_bytes=0,
        kernels_crc32=0,
        sources_bytes=0,
        files=file_digests(folder),
        optimize="speed",
    )
    write_file(folder / FILE, metadata.to_json())


class _Program:
    """An ELF file whose vector table must be at ``vectors``."""

    def __init__(self, file: Path, vectors: int, room: int) -> None:
        elf = ELFFile(io.BytesIO(file.read_bytes()))
        self.name = file.stem
        self.vectors = vectors
        self.room = room
        self.entry = int(elf["e_entry"])
        self.loaded = [
            (int(segment["p_paddr"]), bytes(segment.data()), int(segment["p_memsz"]))
            for segment in elf.iter_segments("PT_LOAD")
        ]
        table = elf.get_section_by_name(".symtab")
        symbols = list(table.iter_symbols()) if isinstance(table, SymbolTableSection) else []
        self.undefined = sorted(
            symbol.name
            for symbol in symbols
            if symbol.name and symbol["st_shndx"] == "SHN_UNDEF" and symbol["st_info"]["bind"] == "STB_GLOBAL"
        )
        self.addresses = {symbol.name: int(symbol["st_value"]) for symbol in symbols}
        self.vector_bytes = next((int(s["st_size"]) for s in symbols if s.name == "vectors"), 0)

    def word(self, address: int) -> int | None:
        """Return the word that is loaded to the address; None if there is none."""
        for start, data, _ in self.loaded:
            if start <= address and address + _WORD <= start + len(data):
                return int.from_bytes(data[address - start : address - start + _WORD], "little")
        return None


def _symbols(program: _Program, board: Board) -> tuple[bool, str]:
    if program.undefined:
        return False, f"{program.name} lacks {', '.join(program.undefined)}"
    return True, f"none undefined in {program.name}"


def _fits(program: _Program, board: Board) -> tuple[bool, str]:
    regions = [Region(board.ram.origin, board.ram.size - RESERVED_BYTES)]
    regions += [] if board.large is None else [board.large]
    flash = used = 0
    for start, data, size in program.loaded:
        if any(region.origin <= start and start + size <= region.end for region in regions):
            used += size
        elif board.flash.origin <= start and start + len(data) <= board.flash.end:
            flash += len(data)
        elif (
            start == board.flash.vectors and size <= FIRST_BYTES
        ):  # a copy of the first two words, see facts.Flash
            continue
        else:
            return False, f"{program.name} loads {size} bytes to {start:#010x}, outside of flash and RAM"
    if flash > program.room:
        return False, f"{program.name} takes {flash:,} bytes of flash and has {program.room:,}"
    return True, f"{program.name} takes {flash:,} of {program.room:,} bytes of flash"


def _cortex_m_vectors(program: _Program, board: Board) -> tuple[bool, str]:
    size, start = program.vector_bytes, program.vectors
    # Armv7-M requires a power of two that is not smaller than the table, and at least 128 bytes (VTOR's low
    # bits are 0).
    alignment = max(128, 1 << (size - 1).bit_length())
    if program.addresses.get("vectors") != start:
        return False, f"{program.name} has no vector table at {start:#010x}"
    if start % alignment:
        return False, f"the vectors of {program.name} are at {start:#010x}, not a multiple of {alignment}"
    stack, *handlers = (program.word(start + at) for at in range(0, size, _WORD))
    if stack is None or stack % 8 or not board.ram.origin < stack <= board.ram.end:
        return False, f"the first stack of {program.name}, {stack}, is not in RAM"
    for number, handler in enumerate(handlers, 1):
        if handler and (not handler & 1 or program.word(handler & ~3) is None):
            return False, f"vector {number} of {program.name}, {handler:#010x}, leads to no Thumb code"
    if not handlers or not handlers[0]:
        return False, f"{program.name} has no reset vector"
    if handlers[_SYSTEM_VECTORS - 1 + board.uart.irq] != program.addresses.get("uart_interrupt"):
        return False, f"interrupt {board.uart.irq} of {program.name} is not the UART's"
    return True, f"{program.name} at {start:#010x}"


def _aarch64_vectors(program: _Program, board: Board) -> tuple[bool, str]:
    """Check an AArch64 program, which begins at its first instruction; start-up sets the table's address."""
    start = program.addresses.get("reset")
    if start != program.vectors or program.word(program.vectors) is None:
        return False, f"{program.name} does not begin with its reset code at {program.vectors:#010x}"
    table = program.addresses.get("exceptions", -1)
    if table % _EXCEPTIONS_BYTES or program.word(table) is None:
        return (
            False,
            f"the exceptions of {program.name} are at {table:#x}, not a multiple of {_EXCEPTIONS_BYTES}",
        )
    return True, f"{program.name} at {start:#010x}"


def _riscv_start(program: _Program, board: Board) -> tuple[bool, str]:
    """Check a RISC-V program, which begins at its first instruction; start-up sets where traps lead."""
    offset = board.flash.code_offset
    start = program.addresses.get("reset", -1) - offset
    if start != program.vectors or program.word(start) is None:
        return False, f"{program.name} does not begin with its reset code at {program.vectors:#010x}"
    # Cores that know only tables take multiples of 256.
    table = program.addresses.get("traps", -1)
    if table % _TRAPS_BYTES or program.word(table - offset) is None:
        return False, f"the traps of {program.name} lead to {table:#x}, not to code at a multiple of 256"
    return True, f"{program.name} at {start:#010x}"


def _linux_start(program: _Program, board: Board) -> tuple[bool, str]:
    """Check a Linux program, which starts at the entry point of its ELF header."""
    if program.addresses.get("reset") != program.entry or program.word(program.entry) is None:
        return False, f"{program.name} does not begin with its start-up code"
    return True, f"{program.name} starts at {program.entry:#010x}"


_VECTORS = {
    "cortex_m": _cortex_m_vectors,
    "aarch64": _aarch64_vectors,
    "linux": _linux_start,
    "riscv": _riscv_start,
}
