"""The application for one slot, from its ELF file: header, image, and flash content."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from sensor_bnn.compiler.linked_code import linked_code
from sensor_bnn.compiler.metadata import COMPILE_AGAIN, Metadata
from sensor_bnn.errors import BundleError
from sensor_bnn.firmware.content import flash_content
from sensor_bnn.firmware.image import ImageHeader
from sensor_bnn.firmware.mcuboot import McubootLayout, McubootSigner, make_image
from sensor_bnn.hardware.boards import HEADER_BYTES, Board, Region

if TYPE_CHECKING:
    from sensor_bnn.firmware.signing import Signer


@dataclass(frozen=True)
class LinkedApplication:
    """The application for one slot: its ELF file, which contains the header, and its flash content.

    ``payload`` is the program in an image for MCUboot; empty in an image of our own format.
    """

    elf: bytes
    header: ImageHeader
    binary: bytes
    payload: bytes = b""


def make_application(
    linked: bytes, slot: Region, bundle: Metadata, kernels: bytes, board: Board, signer: Signer | None
) -> LinkedApplication:
    """Return the application of an ELF file linked for ``slot``, its header signed if there is a signer.

    Args:
        linked: the ELF file.
        slot: the part of the flash for which it was linked.
        bundle: the facts of its model.
        kernels: the bundle's ``kernels.o``.
        board: the board's facts.
        signer: signs the header; None leaves it without a signature.

    Raises:
        BundleError: it was linked with other weights or kernels than the bundle's: its model hash would be
            wrong.
    """
    _check_weights(linked, bundle)
    _check_kernels(linked, bundle, kernels)
    image = application_bytes(linked, slot)
    header = ImageHeader.of(
        image, bytes.fromhex(bundle.model_hash), board.name, version("sensor-bnn"), slot.origin
    )
    if signer is not None:
        header = signer.sign(header)
    return LinkedApplication(_with_header(linked, header), header, header.to_bytes() + image)


def make_mcuboot_application(
    linked: bytes, layout: McubootLayout, bundle: Metadata, board: Board, signer: McubootSigner | None
) -> LinkedApplication:
    """Return the application of an ELF file linked for MCUboot.

    The program contains the header of our own format, by which the application tells what it is. Its size and
    digests are those of the bytes before it and after it.

    Raises:
        BundleError: it was linked with other weights than the bundle's: its model hash would be wrong.
    """
    _check_weights(linked, bundle)
    program = flash_content(linked, layout.vectors)
    section = ELFFile(io.BytesIO(linked)).get_section_by_name(".header")
    assert section is not None and section["sh_size"] == HEADER_BYTES
    at = section["sh_addr"] - layout.vectors
    rest = program[:at] + program[at + HEADER_BYTES :]
    header = ImageHeader.of(
        rest, bytes.fromhex(bundle.model_hash), board.name, version("sensor-bnn"), layout.slot.origin
    )
    payload = program[:at] + header.to_bytes() + program[at + HEADER_BYTES :]
    return LinkedApplication(
        _with_header(linked, header), header, make_image(payload, layout, signer), payload
    )


def _check_weights(linked: bytes, bundle: Metadata) -> None:
    """Compare the constants in an ELF file with those that the compiler had, before C and the linker."""
    elf = ELFFile(io.BytesIO(linked))
    table = elf.get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    name = re.compile(rf"{re.escape(bundle.prefix)}_weights_(\d+)")
    found = {
        int(match[1]): symbol for symbol in table.iter_symbols() if (match := name.fullmatch(symbol.name))
    }
    digest = hashlib.sha256()
    for _, symbol in sorted(found.items()):
        section = elf.get_section(symbol["st_shndx"])
        at = symbol["st_value"] - section["sh_addr"]
        digest.update(section.data()[at : at + symbol["st_size"]])
    if digest.hexdigest() != bundle.weights_sha256:
        raise BundleError("The linked firmware has other weights than the bundle.", COMPILE_AGAIN)


def _check_kernels(linked: bytes, bundle: Metadata, kernels: bytes) -> None:
    """Compare the kernels' code in an ELF file with the compiler's, except for the addresses in it."""
    code = linked_code(kernels) if bundle.kernels_bytes else None
    if code is None:
        return
    elf = ELFFile(io.BytesIO(linked))
    table = elf.get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    (symbol,) = table.get_symbol_by_name(code.start) or (None,)
    found = None
    if symbol is not None:
        section = elf.get_section(symbol["st_shndx"])
        at = (symbol["st_value"] & ~1) - code.offset - section["sh_addr"]  # without Thumb's mark
        found = code.crc32_of(section.data()[at : at + code.size])
    if found != bundle.kernels_crc32:
        raise BundleError("The linked firmware has other kernels than the bundle.", COMPILE_AGAIN)


def application_bytes(firmware: bytes, slot: Region) -> bytes:
    """Return the flash content after the header of an ELF file linked for ``slot``."""
    content = flash_content(firmware, slot.origin)
    # The linker has refused anything larger: the script's FLASH region is the slot.
    assert len(content) <= slot.size
    return content[HEADER_BYTES:]


def _with_header(firmware: bytes, header: ImageHeader) -> bytes:
    section = ELFFile(io.BytesIO(firmware)).get_section_by_name(".header")
    assert section is not None and section["sh_size"] == HEADER_BYTES
    offset = section["sh_offset"]
    return firmware[:offset] + header.to_bytes() + firmware[offset + HEADER_BYTES :]
