"""The application for one slot, from its ELF file: header, image, and flash content."""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from elftools.elf.elffile import ELFFile

from sensor_bnn.compiler.metadata import Metadata
from sensor_bnn.firmware.image import ImageHeader
from sensor_bnn.hardware.boards import HEADER_BYTES, Board, Region

if TYPE_CHECKING:
    from sensor_bnn.firmware.signing import Signer


@dataclass(frozen=True)
class LinkedApplication:
    """The application for one slot: its ELF file, which contains the header, and its flash content."""

    elf: bytes
    header: ImageHeader
    binary: bytes


def make_application(
    linked: bytes, slot: Region, bundle: Metadata, board: Board, signer: Signer | None
) -> LinkedApplication:
    """Return the application of an ELF file linked for ``slot``, its header signed if there is a signer."""
    image = application_bytes(linked, slot)
    header = ImageHeader.of(
        image, bytes.fromhex(bundle.model_hash), board.name, version("sensor-bnn"), slot.origin
    )
    if signer is not None:
        header = signer.sign(header)
    return LinkedApplication(_with_header(linked, header), header, header.to_bytes() + image)


def application_bytes(firmware: bytes, slot: Region) -> bytes:
    """Return the flash content after the header of an ELF file linked for ``slot``."""
    content = flash_content(firmware, slot.origin)
    # The linker has refused anything larger: the script's FLASH region is the slot.
    assert len(content) <= slot.size
    return content[HEADER_BYTES:]


def flash_content(elf: bytes, start: int) -> bytes:
    """Return the flash content of an ELF file from ``start`` on, gaps filled with zeros."""
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
