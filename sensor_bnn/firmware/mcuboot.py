"""Images for MCUboot, for products that have its bootloader: their place, their format, their signature.

The format is that of MCUboot's docs/design.md: a header, padding up to the vector table, the program, then
records of type, length and value (TLV): the protected ones, which digest and signature cover, and the others.
"""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensor_bnn.compiler.targets import find_target
from sensor_bnn.errors import BoardError, KeyFileError
from sensor_bnn.firmware.content import ERASED
from sensor_bnn.firmware.image import MCUBOOT_MAGIC
from sensor_bnn.firmware.signing import read_private
from sensor_bnn.hardware.boards import Board, Region, is_only_emulated

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

DEFAULT_HEADER_BYTES = 512
"""From the slot's start to the vector table: what Zephyr's projects use if nothing else is set."""

# Load address, bytes of header, of protected records and of the program, flags; version; padding.
_HEADER = struct.Struct("<4sIHHIIBBHII")
_RECORDS = struct.Struct("<HH")  # magic number, and bytes of all records with this
_RECORD = struct.Struct("<HH")  # type, and bytes of the value
_MAGIC_OF_RECORDS, _MAGIC_OF_PROTECTED = 0x6907, 0x6908
_KEYHASH, _SHA256, _ECDSA, _ED25519, _SECURITY_COUNTER = 0x01, 0x10, 0x22, 0x24, 0x50
_MOST_RECORD_BYTES = 256  # digest 36, hash of the key 36, signature at most 76, counter 8, both beginnings 8

# The end of a slot belongs to MCUboot: three notes per sector of the slot, four flags, and a magic number.
_SECTORS = 128  # as imgtool and Zephyr assume if nothing else is set
_MAGIC_BYTES = 16
_LEAST_ALIGNMENT = 8
# The drivers whose flash is written in words of more than eight bytes, each once after an erase.
_ALIGNMENTS = {"stm32h7": 32, "stm32u5": 16}

_NUMBER = r"(0x[0-9a-fA-F]{1,8}|[0-9]{1,10})"
_SLOT = re.compile(rf"{_NUMBER}:{_NUMBER}")
_VERSION = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,3})(?:\.([0-9]{1,5})(?:\+([0-9]{1,10}))?)?)?")
_VERSION_LIMITS = (0xFF, 0xFF, 0xFFFF, 0xFFFFFFFF)
_REMEDY = "Take the place of MCUboot's primary slot from your product's flash map."


@dataclass(frozen=True)
class McubootVersion:
    """A version as MCUboot compares it: major and minor of 8 bits, revision of 16, build of 32."""

    major: int
    minor: int = 0
    revision: int = 0
    build: int = 0

    @classmethod
    def parse(cls, text: str) -> McubootVersion | None:
        """Return the version of a text such as ``1.2.3+4``, whose later parts may be left out; else None."""
        found = _VERSION.fullmatch(text)
        parts = [int(part or 0) for part in found.groups()] if found else []
        if not parts or any(part > limit for part, limit in zip(parts, _VERSION_LIMITS, strict=True)):
            return None
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.revision}+{self.build}"


@dataclass(frozen=True)
class McubootLayout:
    """Where MCUboot expects the image, and what it is called.

    Attributes:
        slot: the slot from which the image runs: MCUboot's primary one.
        version: of the image.
        header_bytes: from the slot's start to the vector table.
    """

    slot: Region
    version: McubootVersion
    header_bytes: int = DEFAULT_HEADER_BYTES

    @property
    def vectors(self) -> int:
        """The address of the vector table."""
        return self.slot.origin + self.header_bytes


@dataclass(frozen=True)
class McubootSigner:
    """A private key that signs images for MCUboot: Ed25519, or ECDSA on the curve P-256.

    Attributes:
        counter: the security counter, 0 to 2**32 - 1; None for images without one.
    """

    private: Ed25519PrivateKey | EllipticCurvePrivateKey
    counter: int | None = None

    @property
    def kind(self) -> str:
        """``ed25519`` or ``ecdsa-p256``."""
        return "ed25519" if self._is_ed25519 else "ecdsa-p256"

    @property
    def key_hash(self) -> bytes:
        """The SHA-256 by which MCUboot finds the public key among its own."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        public = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(public).digest()

    def record(self, covered: bytes) -> bytes:
        """Return the record with the signature of these bytes: header, program and protected records."""
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.hashes import SHA256

        if isinstance(self.private, Ed25519PrivateKey):
            # MCUboot's Ed25519 signs the SHA-256, not the bytes themselves.
            return _record(_ED25519, self.private.sign(hashlib.sha256(covered).digest()))
        return _record(_ECDSA, self.private.sign(covered, ec.ECDSA(SHA256())))

    @property
    def _is_ed25519(self) -> bool:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return isinstance(self.private, Ed25519PrivateKey)


def read_mcuboot_key(file: Path, counter: int | None = None) -> McubootSigner:
    """Read a private key that MCUboot knows.

    Args:
        file: a PEM file of ``sensor-bnn keygen``, ``imgtool keygen`` (Ed25519, ECDSA P-256) or OpenSSL.
        counter: the security counter of the images; None for images without one.

    Raises:
        KeyFileError: there is no such file, or it holds no such key without a password.
    """
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = read_private(file)
    if isinstance(private, Ed25519PrivateKey) or (
        isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(private.curve, ec.SECP256R1)
    ):
        return McubootSigner(private, counter)
    raise KeyFileError(
        f"{file} holds a key of another kind than Ed25519 and ECDSA P-256.",
        "Build without --sign, and sign payload.bin with your own `imgtool sign --pad-header`.",
    )


def parse_slot(text: str) -> Region | None:
    """Return the slot of a text ``ADDRESS:BYTES``, both decimal or hexadecimal with 0x; else None."""
    found = _SLOT.fullmatch(text)
    if found is None:
        return None
    origin, size = (int(part, 0 if part.startswith("0x") else 10) for part in found.groups())
    return Region(origin, size) if size else None


def board_with_mcuboot(board: Board, layout: McubootLayout) -> Board:
    """Return the board whose only slot is that of MCUboot, and whose bootloader is not ours.

    Raises:
        BoardError: MCUboot cannot start such a board's image, or the slot cannot be where it is said to be.
    """
    target = find_target(board.target)
    runs_in_place = board.flash.driver not in ("ram", "external") or is_only_emulated(board)
    if target.core != "cortex_m" or not runs_in_place:
        raise BoardError(
            f"The board {board.name} runs no image for MCUboot: it must be a Cortex-M that runs from a flash"
            " which the firmware can write.",
            "Leave `--format mcuboot` out.",
        )
    slot, header = layout.slot, layout.header_bytes
    starts = _sector_starts(board)
    if slot.origin not in starts or slot.end not in starts:
        raise BoardError(
            f"The slot {slot.origin:#010x}:{slot.size:#x} does not begin and end with sectors of the flash "
            f"of {board.name}, which reaches from {board.flash.origin:#010x} to {board.flash.end:#010x}.",
            _REMEDY,
        )
    if slot.origin == board.flash.origin:
        raise BoardError(
            f"The slot begins at {slot.origin:#010x}, where the flash of {board.name} begins: MCUboot itself"
            " is there.",
            _REMEDY,
        )
    if not _HEADER.size <= header <= 0xFFFF or header % 4:
        raise BoardError(
            f"A header of {header} bytes is not possible: it has {_HEADER.size} to 65,532, in steps of 4.",
            f"{DEFAULT_HEADER_BYTES} is what most projects use.",
        )
    least = header + trailer_bytes(board) + _MOST_RECORD_BYTES
    if slot.size <= least:
        raise BoardError(
            f"The slot of {slot.size:,} bytes has no room for a program: MCUboot takes {least:,} of them.",
            _REMEDY,
        )
    return replace(
        board, given_slot=slot, bootloader=replace(board.bootloader, slots=1, journal=0, journal_sector=0)
    )


def alignment(board: Board) -> int:
    """Return the bytes of one of MCUboot's flags at the slot's end, its BOOT_MAX_ALIGN: 8, 16 or 32."""
    return _ALIGNMENTS.get(board.flash.driver, _LEAST_ALIGNMENT)


def trailer_bytes(board: Board) -> int:
    """Return the bytes at the slot's end that are left to MCUboot, for up to 128 sectors per slot."""
    align = alignment(board)
    return (3 * _SECTORS + 4) * align + max(_MAGIC_BYTES, align)


def room(board: Board, layout: McubootLayout) -> Region:
    """Return the region for the program: the slot without header, records and trailer."""
    taken = layout.header_bytes + _MOST_RECORD_BYTES + trailer_bytes(board)
    return Region(layout.vectors, layout.slot.size - taken)


def make_image(payload: bytes, layout: McubootLayout, signer: McubootSigner | None) -> bytes:
    """Return the image: header, ``payload``, which begins with the vector table, and records.

    The same bytes as those of `imgtool sign --pad-header` with the same version and key; the records are in
    its order.
    """
    protected = b""
    if signer is not None and signer.counter is not None:
        protected = _records(
            _MAGIC_OF_PROTECTED, _record(_SECURITY_COUNTER, signer.counter.to_bytes(4, "little"))
        )
    version = layout.version
    header = _HEADER.pack(
        *(MCUBOOT_MAGIC, 0, layout.header_bytes, len(protected), len(payload), 0),
        *(version.major, version.minor, version.revision, version.build, 0),
    )
    covered = header.ljust(layout.header_bytes, ERASED) + payload + protected
    records = _record(_SHA256, hashlib.sha256(covered).digest())
    if signer is not None:
        records += _record(_KEYHASH, signer.key_hash) + signer.record(covered)
    image = covered + _records(_MAGIC_OF_RECORDS, records)
    assert len(image) <= layout.header_bytes + len(payload) + _MOST_RECORD_BYTES
    return image


def facts(layout: McubootLayout, board: Board, signer: McubootSigner | None) -> dict[str, Any]:
    """Return what ``build.json`` says of the image for MCUboot."""
    return {
        "slot_address": layout.slot.origin,
        "slot_bytes": layout.slot.size,
        "header_bytes": layout.header_bytes,
        "trailer_bytes": trailer_bytes(board),
        "version": str(layout.version),
        "signature": None
        if signer is None
        else {"kind": signer.kind, "key_hash": signer.key_hash.hex(), "counter": signer.counter},
    }


def _record(kind: int, value: bytes) -> bytes:
    return _RECORD.pack(kind, len(value)) + value


def _records(magic: int, records: bytes) -> bytes:
    return _RECORDS.pack(magic, _RECORDS.size + len(records)) + records


def _sector_starts(board: Board) -> set[int]:
    """Return the addresses of all sectors of the flash, and its end."""
    flash = board.flash
    starts = set(range(flash.origin, flash.end + 1, flash.page))
    at = flash.origin
    for size in flash.first_sectors:
        starts.add(at)
        at += size
    return starts
