"""The image that the ROM of an Espressif chip loads from the start of its serial flash into RAM, and starts.

A header of 24 bytes, a segment (the address where it is loaded, its size, its bytes), zeros and a checksum
in the last byte of 16, and the SHA-256 of all that. The fields are those of ESP-IDF's ``esp_app_format.h``.
"""

from __future__ import annotations

import hashlib
import struct
from functools import reduce
from operator import xor

from sensor_bnn.hardware.boards import HEADER_BYTES, Board

ROM_IMAGE = "rom-image.bin"
"""The file of a build that the chip's ROM loads, on a board without a bootloader of ours."""

FLASH_ADDRESS = 0
"""Where the ROM of an ESP32-C3 looks for it, in bytes from the start of the serial flash."""

SECTOR_BYTES = 4096
"""The unit of erasing of the serial flash."""

_MAGIC = 0xE9
_TWO_BITS = 2  # DIO: every serial flash on a module has it
_MHZ_40_AND_4_MB = 0 | 2 << 4
_NO_WRITE_PROTECT_PIN = 0xEE
_ANY_REVISION = 0xFFFF
_HAS_DIGEST = 1
_HEADER = struct.Struct("<BBBBIB3xHBHH4xB")
_SEGMENT = struct.Struct("<II")
_CHECKSUM_START = 0xEF
_ALIGNMENT = 16


def to_esp_image(firmware: bytes, board: Board) -> bytes:
    """Return the image that loads a ``firmware.bin`` into RAM and starts it.

    Args:
        firmware: header and program, linked for ``board.slot``.
        board: a board that its chip's ROM starts.
    """
    # Through the bus for instructions, by words: so the first one is inside of the segment.
    address = board.slot.origin + board.flash.code_offset
    data = firmware + bytes(-len(firmware) % 4)
    header = _HEADER.pack(
        *(_MAGIC, 1, _TWO_BITS, _MHZ_40_AND_4_MB, address + HEADER_BYTES, _NO_WRITE_PROTECT_PIN),
        *(board.bootloader.chip_id, 0, 0, _ANY_REVISION, _HAS_DIGEST),
    )
    content = header + _SEGMENT.pack(address, len(data)) + data
    content += bytes(_ALIGNMENT - 1 - len(content) % _ALIGNMENT) + bytes([checksum(data)])
    return content + hashlib.sha256(content).digest()


def checksum(data: bytes) -> int:
    """Return the checksum of an image's segments, or of a packet of the ROM's protocol."""
    return reduce(xor, data, _CHECKSUM_START)
