"""The application for one slot, from its ELF file: header, image, and what is flashed."""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from elftools.elf.elffile import ELFFile

from sensor_bnn.compiler.metadata import Metadata
from sensor_bnn.firmware.image import HEADER_BYTES, ImageHeader
from sensor_bnn.hardware.boards import Board, Region

if TYPE_CHECKING:
    from sensor_bnn.firmware.signing import Signer


@dataclass(frozen=True)
class LinkedApplication:
    """The application for one slot: its ELF file with the header in it, and what is flashed of it."""

    elf: bytes
    header: ImageHeader
    binary: bytes


def make_application(
    linked: bytes, slot: Region, bundle: Metadata, board: Board, signer: Signer | None
) -> LinkedApplication:
    """Return what is flashed of an ELF file linked for that slot, its header signed if there is a signer."""
    image = application_bytes(linked, slot)
    header = ImageHeader.of(
        image, bytes.fromhex(bundle.model_hash), board.name, version("sensor-bnn"), slot.origin
    )
    if signer is not None:
        header = signer.sign(header)
    return LinkedApplication(_with_header(linked, header), header, header.to_bytes() + image)


def application_bytes(firmware: bytes, slot: Region) -> bytes:
    """Return what an ELF file, linked for that slot, puts into flash behind the header."""
    content = flash_content(firmware, slot.origin)
    assert len(content) <= slot.size
    return content[HEADER_BYTES:]


def flash_content(elf: bytes, start: int) -> bytes:
    """Return what an ELF file puts into flash from ``start`` on, gaps filled with zeros."""
    parts = [
        (segment["p_paddr"], segment.data())
        for segment in ELFFile(io.BytesIO(elf)).iter_segments("PT_LOAD")
        if segment["p_filesz"]
    ]
    content = bytearray(max(address + len(data) for address, data in parts) - start)
    for address, data in parts:
        content[address - start : address - start + len(data)] = data
    return bytes(content)


def _with_header(firmware: bytes, header: ImageHeader) -> bytes:
    section = ELFFile(io.BytesIO(firmware)).get_section_by_name(".header")
    assert section is not None and section["sh_size"] == HEADER_BYTES
    offset = section["sh_offset"]
    return firmware[:offset] + header.to_bytes() + firmware[offset + HEADER_BYTES :]
