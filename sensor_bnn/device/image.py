"""A firmware image as it lies in flash: a header of 512 bytes, then vector table, code and weights."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from sensor_bnn.device.boards import HEADER_BYTES
from sensor_bnn.errors import BundleError

MAGIC = 0x4E4E4253  # "SBNN", little-endian
HEADER_VERSION = 1

_REMEDY = "Make it again with `sensor-bnn build`."


@dataclass(frozen=True)
class Image:
    """A whole, checked firmware image; ``data`` includes the header."""

    data: bytes
    board: str
    model_hash: str  # hex
    firmware_version: str


def read_image(source: Path) -> Image:
    """Read a build's folder, its firmware.bin, or its firmware.elf.

    Raises:
        BundleError: there is none, or it is damaged.
    """
    file = source / "firmware.bin" if source.is_dir() else source
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BundleError(
            f"Cannot read the firmware {file}: {error.strerror}.", "Make it with `sensor-bnn build`."
        ) from None
    return parse_image(_loaded(file) if data.startswith(b"\x7fELF") else data, str(file))


def parse_image(data: bytes, name: str) -> Image:
    """Check header and checksums of an image.

    Args:
        data: header and image; what lies behind the length that the header states is refused.
        name: what errors call it.

    Raises:
        BundleError: it is no image of ours, of another version, cut off, or damaged.
    """
    if len(data) < HEADER_BYTES or struct.unpack_from("<I", data)[0] != MAGIC:
        raise BundleError(f"{name} is no sensor-bnn firmware image.", _REMEDY)
    _, version, size, checksum, model_hash, board, firmware = struct.unpack_from("<4I32s32s16s", data)
    if struct.unpack_from("<I", data, HEADER_BYTES - 4)[0] != zlib.crc32(data[: HEADER_BYTES - 4]):
        raise BundleError(f"The header of {name} is damaged.", _REMEDY)
    if version != HEADER_VERSION:
        raise BundleError(f"{name} is an image of version {version}, this is {HEADER_VERSION}.", _REMEDY)
    body = data[HEADER_BYTES:]
    if len(body) != size:
        raise BundleError(f"{name} holds {len(body)} bytes of image where its header says {size}.", _REMEDY)
    if zlib.crc32(body) != checksum:
        raise BundleError(f"The checksum of {name} is wrong.", _REMEDY)
    return Image(data, _text(board), model_hash.hex(), _text(firmware))


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode("ascii", errors="replace")


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
        raise BundleError(f"{file} spreads over {end - start} bytes.", "Give the firmware.bin of the build.")
    flash = bytearray(b"\xff" * (end - start))
    for address, data in segments:
        flash[address - start : address - start + len(data)] = data
    return bytes(flash)
