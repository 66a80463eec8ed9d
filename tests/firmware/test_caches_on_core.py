"""What an AArch64 core's caches hold when the bootloader leaves them to the application, in Unicorn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import unicorn
from elftools.elf.elffile import ELFFile
from unicorn import arm64_const as arm

from sensor_bnn.firmware.build import build_bootloader
from sensor_bnn.hardware.boards import load_board

CLIDR, CCSIDR, CSSELR, SCTLR = (0, 0, 3, 1, 1), (0, 0, 3, 1, 0), (0, 0, 3, 2, 0), (1, 0, 3, 0, 0)
DC_CISW = 0xD5087E40  # and the number of the register with the operand
MMU_AND_CACHES = 1 | 1 << 2 | 1 << 12
MOST_INSTRUCTIONS = 1_000_000


def lines(core: Any) -> set[int]:
    """Return the operand of DC CISW for each line of each level of cache that holds data."""
    found = set()
    clidr = core.reg_read(arm.UC_ARM64_REG_CP_REG, CLIDR)
    for level in range(clidr >> 24 & 7):
        if clidr >> 3 * level & 7 < 2:
            continue
        core.reg_write(arm.UC_ARM64_REG_CP_REG, (*CSSELR, level << 1))
        size = core.reg_read(arm.UC_ARM64_REG_CP_REG, CCSIDR)
        sets, ways, line = (size >> 13 & 0x7FFF) + 1, (size >> 3 & 0x3FF) + 1, (size & 7) + 4
        shift = 32 - (ways - 1).bit_length()
        found |= {way << shift | at << line | level << 1 for way in range(ways) for at in range(sets)}
    return found


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize("name", ["raspberry-pi-3b", "qemu-virt-a72"])
def test_no_dirty_line_of_the_bootloader_survives_into_the_application(name: str, tmp_path: Path) -> None:
    """Every line is written back, with MMU and caches off, and nothing is stored after that."""
    board = load_board(name)
    core = unicorn.Uc(unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
    core.ctl_set_cpu_model(arm.UC_CPU_ARM64_A53 if "53" in board.target else arm.UC_CPU_ARM64_A72)
    core.mem_map(board.flash.origin, board.flash.size)
    core.mem_map(board.ram.origin, board.ram.size)
    with build_bootloader(board, tmp_path).open("rb") as stream:
        elf = ELFFile(stream)
        for segment in elf.iter_segments("PT_LOAD"):
            core.mem_write(segment["p_paddr"], segment.data())
        table: Any = elf.get_section_by_name(".symtab")
        (symbol,) = table.get_symbol_by_name("aarch64_leave")
    entry, target = symbol["st_value"], board.slot.origin + 512
    expected = lines(core)
    assert len(expected) > 256
    cleaned: list[int] = []
    stores: list[int] = []

    def step(uc: Any, address: int, size: int, data: Any) -> None:
        word = int.from_bytes(uc.mem_read(address, 4), "little")
        if word & ~31 == DC_CISW:
            assert not uc.reg_read(arm.UC_ARM64_REG_CP_REG, SCTLR) & MMU_AND_CACHES
            cleaned.append(uc.reg_read(arm.UC_ARM64_REG_X0 + (word & 31)))

    core.hook_add(unicorn.UC_HOOK_CODE, step, begin=entry, end=entry + 256)
    core.hook_add(unicorn.UC_HOOK_MEM_WRITE, lambda uc, kind, at, size, value, data: stores.append(at))
    core.reg_write(arm.UC_ARM64_REG_X0, target)
    core.emu_start(entry, target, count=MOST_INSTRUCTIONS)
    assert core.reg_read(arm.UC_ARM64_REG_PC) == target
    assert set(cleaned) == expected and len(cleaned) == len(expected)
    assert stores == []
