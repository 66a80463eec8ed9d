"""A board whose core does not start in its flash: stack and start are where the core reads them."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from sensor_bnn.errors import BoardError
from sensor_bnn.firmware.build import build_bootloader
from sensor_bnn.firmware.content import flash_content
from sensor_bnn.hardware.boards import load_board

NAME = "qemu-mps3-an547"


@pytest.mark.usefixtures("cross_compiler")
def test_the_bootloader_has_them_in_both_places(tmp_path: Path) -> None:
    board = load_board(NAME)
    assert board.flash.vectors == 0 and board.flash.origin > 0
    data = build_bootloader(board, tmp_path).read_bytes()
    with (tmp_path / "bootloader.elf").open("rb") as file:
        elf = ELFFile(file)
        first = elf.get_section_by_name(".first")
        (reset,) = (
            s["st_value"] for s in elf.get_section_by_name(".symtab").iter_symbols() if s.name == "reset"
        )
        assert (first["sh_addr"], first["sh_size"]) == (board.flash.vectors, 8)
        read = first.data()
    # What a debugger or a host writes to the flash begins with the same two words.
    content = (tmp_path / "bootloader.bin").read_bytes()
    assert content == flash_content(data, board.flash.origin, board.flash.size)
    assert read == content[:8]
    stack, start = struct.unpack("<2I", read)
    assert board.ram.origin < stack <= board.ram.end
    assert start == reset | 1 and board.flash.origin < start < board.slot.origin


def test_each_slot_has_room_for_a_large_model() -> None:
    """vit-cifar, whose image takes 800 KB, did not fit the 512 KB where the core starts."""
    board = load_board(NAME)
    assert len(board.slots) == 2
    assert all(slot.size > 1 << 20 for slot in board.slots)


@pytest.mark.parametrize("address", ["0x31000100", "0x00000004"])
def test_a_place_in_the_flash_is_refused(address: str, tmp_path: Path) -> None:
    folder = tmp_path / NAME
    shutil.copytree(load_board(NAME).folder, folder)
    file = folder / "board.toml"
    file.write_text(file.read_text().replace("vectors = 0x00000000", f"vectors = {address}"))
    with pytest.raises(
        BoardError, match=r"memory\.flash\.vectors is 0x[0-9a-f]+; it must be a multiple of 8"
    ):
        load_board(str(folder))
