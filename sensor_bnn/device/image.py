"""Read a firmware image from where a build left it: header of 512 bytes, vector table, code, weights."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from sensor_bnn.errors import BundleError

_REMEDY = "Make it with `sensor-bnn build`."


@dataclass(frozen=True)
class Image:
    """A whole, checked firmware image; ``data`` begins with its header."""

    data: bytes
    board: str
    model_hash: str  # hex
    firmware_version: str


def read_image(source: Path) -> Image:
    """Read a build's folder, its firmware.bin, or its firmware.elf.

    Raises:
        BundleError: there is none, or it is cut off, damaged or of another version.
    """
    from sensor_bnn.firmware import image

    file = source / "firmware.bin" if source.is_dir() else source
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BundleError(f"Cannot read the firmware {file}: {error.strerror}.", _REMEDY) from None
    if data.startswith(b"\x7fELF"):
        data = _loaded(file)
    try:
        header = image.read_image(data)
    except BundleError as error:
        raise BundleError(f"{file}: {error.message}", error.remedy) from None
    return Image(data, header.board, header.model_hash.hex(), header.firmware_version)


def _loaded(file: Path) -> bytes:
    """What an ELF file puts into flash: its loadable segments, gaps filled as erased flash."""
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    with file.open("rb") as stream:
        try:
            segments = [
                (int(segment["p_paddr"]), bytes(segment.data()))
                for segment in ELFFile(stream).iter_segments("PT_LOAD")
                if segment["p_filesz"]
            ]
        except (ELFError, struct.error) as error:
            raise BundleError(f"{file} is a damaged ELF file: {error}.", _REMEDY) from None
    if not segments:
        raise BundleError(f"{file} holds nothing to load.", _REMEDY)
    start = min(address for address, _ in segments)
    end = max(address + len(data) for address, data in segments)
    if end - start > 1 << 26:
        raise BundleError(f"{file} spreads over {end - start:,} bytes.", "Give the build's firmware.bin.")
    flash = bytearray(b"\xff" * (end - start))
    for address, data in segments:
        flash[address - start : address - start + len(data)] = data
    return bytes(flash)
