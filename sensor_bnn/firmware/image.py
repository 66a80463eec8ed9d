"""The firmware image: a header of 512 bytes, then the linker's output (docs/protocol.md)."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass

from sensor_bnn.errors import BundleError
from sensor_bnn.hardware.facts import HEADER_BYTES

_MAGIC = int.from_bytes(b"SBNN", "little")
_VERSION = 3
# The 308 reserved bytes put the signature and the last CRC at the end of the 512 bytes (docs/protocol.md).
_FIELDS = struct.Struct("<IIII32s32s16s32sII308x")
_SIGNATURE_BYTES = 64
_CRC = struct.Struct("<I")
_UNSIGNED = bytes(_SIGNATURE_BYTES)

MCUBOOT_MAGIC = (0x96F3B83D).to_bytes(4, "little")
"""The first bytes of an image for MCUboot, which is another format."""


@dataclass(frozen=True)
class ImageHeader:
    """The header of an image.

    Attributes:
        image_bytes: number of bytes after the header.
        image_crc32: their CRC-32, as zlib computes it.
        model_hash: SHA-256 of the model's ONNX file, 32 bytes.
        board: the board's name.
        firmware_version: version of the sensor-bnn that built it.
        image_sha256: SHA-256 of the bytes after the header, 32 bytes.
        address: the header's address in the board's flash; the image runs only there.
        counter: for signed images, higher in newer ones; a board that has run an image starts none with a
            lower counter.
        signature: Ed25519 signature of the header's bytes before it, 64 bytes; zeros if not signed.
    """

    image_bytes: int
    image_crc32: int
    model_hash: bytes
    board: str
    firmware_version: str
    image_sha256: bytes
    address: int
    counter: int = 0
    signature: bytes = _UNSIGNED

    @property
    def is_signed(self) -> bool:
        """Whether there is a signature, by any key."""
        return self.signature != _UNSIGNED

    @classmethod
    def of(
        cls, image: bytes, model_hash: bytes, board: str, firmware_version: str, address: int
    ) -> ImageHeader:
        """Return the header for the bytes ``image`` that will follow it.

        Args:
            image: vector table, code and constants.
            model_hash: 32 bytes.
            board: at most 31 ASCII characters.
            firmware_version: ASCII; truncated to 15 characters.
            address: the address of the header in flash.
        """
        digest = hashlib.sha256(image).digest()
        return cls(len(image), zlib.crc32(image), model_hash, board, firmware_version[:15], digest, address)

    def signed_bytes(self) -> bytes:
        """Return the signed part of the header: the bytes before the signature."""
        return _FIELDS.pack(
            _MAGIC,
            _VERSION,
            self.image_bytes,
            self.image_crc32,
            self.model_hash,
            self.board.encode("ascii"),
            self.firmware_version.encode("ascii"),
            self.image_sha256,
            self.address,
            self.counter,
        )

    def to_bytes(self) -> bytes:
        """Return the 512 bytes of the header."""
        fields = self.signed_bytes() + self.signature
        return fields + _CRC.pack(zlib.crc32(fields))


def image_size(head: bytes) -> int | None:
    """Return the size of header and image from at least its first 12 bytes; None if these begin no image."""
    if len(head) < 12:
        return None
    magic, version, size = struct.unpack_from("<III", head)
    return HEADER_BYTES + size if magic == _MAGIC and version == _VERSION else None


def read_image(content: bytes) -> ImageHeader:
    """Check a complete image like the bootloader, and return its header.

    Args:
        content: the bytes of ``firmware.bin``.

    Raises:
        BundleError: it is not an image, or is damaged.
    """
    remedy = "Build it again with `sensor-bnn build`."
    if content.startswith(MCUBOOT_MAGIC):
        raise BundleError(
            "The file is an image for MCUboot, which `sensor-bnn flash` does not write.",
            "Write it with the tools of your MCUboot, such as mcumgr (docs/mcuboot.md), or build again "
            "without `--format mcuboot`.",
        )
    if len(content) < HEADER_BYTES or content[:4] != _MAGIC.to_bytes(4, "little"):
        raise BundleError("The file is not a sensor-bnn firmware image.", remedy)
    fields = _FIELDS.unpack_from(content)
    _, version, size, crc, model_hash, board, firmware_version, digest, address, counter = fields
    if version != _VERSION:
        raise BundleError(f"The firmware image has header version {version}, not {_VERSION}.", remedy)
    end = _FIELDS.size + _SIGNATURE_BYTES
    if _CRC.unpack_from(content, end)[0] != zlib.crc32(content[:end]):
        raise BundleError("The header of the firmware image is damaged.", remedy)
    image = content[HEADER_BYTES:]
    if len(image) != size or zlib.crc32(image) != crc or hashlib.sha256(image).digest() != digest:
        raise BundleError(f"The firmware image is damaged: {len(image)} bytes of {size}, or changed.", remedy)
    return ImageHeader(
        size,
        crc,
        model_hash,
        board.rstrip(b"\0").decode("ascii"),
        firmware_version.rstrip(b"\0").decode("ascii"),
        digest,
        address,
        counter,
        content[_FIELDS.size : end],
    )
