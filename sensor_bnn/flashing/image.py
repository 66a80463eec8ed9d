"""Read a firmware image from a build: a header of 512 bytes, vector table, code, weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sensor_bnn.errors import BundleError

_REMEDY = "Make it with `sensor-bnn build BUNDLE --board BOARD`, which prints the folder to give here."


@dataclass(frozen=True)
class Image:
    """A complete, checked firmware image; ``data`` begins with its header.

    It runs only at ``address``. ``bootloader`` is the flash content of the resident bootloader, and
    ``second`` the same image for the board's second slot; both are set only if a build's folder was read that
    has them.
    """

    data: bytes
    board: str
    model_hash: str  # hex
    firmware_version: str
    address: int
    is_signed: bool = False
    bootloader: bytes = b""
    second: Image | None = None


def read_image(source: Path) -> Image:
    """Read a build's folder, its firmware.bin, or its firmware.elf, or Intel HEX of one (``*.hex``).

    An image checks itself. What else is in a build's folder is checked by the digests in its ``build.json``.

    Raises:
        BundleError: there is no image, or it is truncated, damaged or of another version; or another file of
            the build is damaged.
    """
    if not source.is_dir():
        return _read_file(source)
    second = source / "firmware-b.bin"
    has_bootloader = (source / "bootloader.elf").is_file()
    if has_bootloader:
        from sensor_bnn.firmware.sizes import read_build

        read_build(source)
    return replace(
        _read_file(source / "firmware.bin"),
        bootloader=_bytes_of(source / "bootloader.bin") if has_bootloader else b"",
        second=_read_file(second) if second.is_file() else None,
    )


def parse_image(head: bytes) -> int | None:
    """Return the size of the image that begins with ``head``, with its header; None if it is none."""
    from sensor_bnn.firmware import image

    return image.image_size(head)


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BundleError(f"Cannot read the firmware {file}: {error.strerror}.", _REMEDY) from None


def _read_file(file: Path) -> Image:
    from sensor_bnn.firmware import image

    data = _bytes_of(file)
    if file.suffix.lower() in (".hex", ".ihex"):
        data = _from_hex(file)
    if data.startswith(b"\x7fELF"):
        data = _loaded(file)
    try:
        header = image.read_image(data)
    except BundleError as error:
        raise BundleError(f"{file}: {error.message}", error.remedy) from None
    return Image(
        *(data, header.board, header.model_hash.hex(), header.firmware_version),
        *(header.address, header.is_signed),
    )


def _from_hex(file: Path) -> bytes:
    """Return the flash content of an Intel HEX file, gaps as in that of an ELF file."""
    from intelhex import HexReaderError, IntelHex

    from sensor_bnn.firmware.content import ERASED

    try:
        content = IntelHex(str(file))
    except (HexReaderError, UnicodeDecodeError) as error:
        raise BundleError(f"{file} is a damaged Intel HEX file: {error}.", _REMEDY) from None
    if content.minaddr() is None:
        raise BundleError(f"{file} holds nothing to load.", _REMEDY)
    # 64 MB are far more than a board's flash. Parts that are farther apart would fill this machine's memory
    # with padding.
    if content.maxaddr() - content.minaddr() > 1 << 26:
        raise BundleError(f"{file} spreads over too many bytes.", "Give the build's firmware.bin.")
    content.padding = ERASED[0]
    return bytes(content.tobinstr())


def _loaded(file: Path) -> bytes:
    """Return the flash content of an ELF file."""
    from sensor_bnn.firmware.content import flash_content

    try:
        return flash_content(file.read_bytes())
    except OSError as error:
        raise BundleError(f"Cannot read {file}: {error.strerror}.", _REMEDY) from None
    except BundleError as error:
        raise BundleError(f"{file}: {error.message}", error.remedy) from None
