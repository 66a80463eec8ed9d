"""The flash content of an ELF file."""

from __future__ import annotations

import io
import struct

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from sensor_bnn.errors import BundleError

ERASED = b"\xff"
"""A byte of erased flash, which fills gaps: a debugger that loads only the segments leaves the same bytes."""

_LARGEST = 1 << 26


def flash_content(elf: bytes, start: int | None = None, size: int | None = None) -> bytes:
    """Return the loadable segments of an ELF file as flash holds them, gaps filled with ``ERASED``.

    Args:
        elf: the bytes of the file.
        start: the address of the first byte; None begins with the first segment.
        size: the bytes of the flash from ``start`` on, outside of which segments are left out; None for none.

    Raises:
        BundleError: it is no ELF file, holds nothing to load, or spreads over too many bytes.
    """
    remedy = "Make it with `sensor-bnn build`."
    try:
        parts = [
            (int(segment["p_paddr"]), bytes(segment.data()))
            for segment in ELFFile(io.BytesIO(elf)).iter_segments("PT_LOAD")
            if segment["p_filesz"]
            and (start is None or size is None or 0 <= segment["p_paddr"] - start < size)
        ]
    except (ELFError, struct.error, ValueError, KeyError, AttributeError, UnicodeDecodeError) as error:
        raise BundleError(f"It is a damaged ELF file: {error}.", remedy) from None
    if not parts:
        raise BundleError("It holds nothing to load.", remedy)
    first = min(address for address, _ in parts) if start is None else start
    end = max(address + len(data) for address, data in parts)
    if not 0 <= end - first <= _LARGEST or min(address for address, _ in parts) < first:
        raise BundleError(f"It spreads over {end - first:,} bytes.", "Give the build's firmware.bin.")
    content = bytearray(ERASED * (end - first))
    for address, data in parts:
        content[address - first : address - first + len(data)] = data
    return bytes(content)
