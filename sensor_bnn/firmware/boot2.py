"""The checksum of a second stage of boot, without which the ROM of an RP2040 does not run it."""

from __future__ import annotations

import io
import zlib

from elftools.elf.elffile import ELFFile

from sensor_bnn.hardware.boards import BOOT2_BYTES

SECTION = ".boot2"
"""The section of ``bootloader.elf`` with the second stage and its checksum."""

_CHECKSUM_BYTES = 4
# The checksum takes the highest bit of a byte first, and that of zlib the lowest one.
_TURNED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def checksum(code: bytes) -> int:
    """Return the CRC-32 of the RP2040's boot ROM: polynomial 0x04C11DB7, from all ones, highest bit first."""
    turned = zlib.crc32(code.translate(_TURNED)) ^ 0xFFFF_FFFF
    return int(f"{turned:032b}"[::-1], 2)


def with_checksum(elf: bytes) -> bytes:
    """Return a bootloader's ELF file whose second stage of boot has its checksum, in its last four bytes.

    Args:
        elf: a file with a section ``SECTION`` of ``BOOT2_BYTES``.
    """
    section = ELFFile(io.BytesIO(elf)).get_section_by_name(SECTION)
    assert section is not None and section["sh_size"] == BOOT2_BYTES
    start = section["sh_offset"]
    end = start + BOOT2_BYTES - _CHECKSUM_BYTES
    found = checksum(elf[start:end]).to_bytes(_CHECKSUM_BYTES, "little")
    return elf[:end] + found + elf[end + _CHECKSUM_BYTES :]
