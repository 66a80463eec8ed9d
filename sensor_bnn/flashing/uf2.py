"""Flash through the drive that a board shows, whose ROM or first bootloader writes the UF2 file copied there.

Microsoft, *USB Flashing Format (UF2)*: blocks of 512 bytes, each with its address, so that every write to the
drive is complete in itself.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

from sensor_bnn.errors import BoardError, BundleError, FlashError
from sensor_bnn.files import replace_file
from sensor_bnn.flashing.drive import DriveResult
from sensor_bnn.flashing.image import Image
from sensor_bnn.flashing.placement import check_fit
from sensor_bnn.flashing.transfer import Progress
from sensor_bnn.hardware.boards import Board

PAYLOAD_BYTES = 256

SHOW_DRIVE = "Hold BOOTSEL while plugging the board in, or press its reset button twice"
"""How boards with a drive are made to show it."""

_FILE = "FIRMWARE.UF2"
_INFO = "INFO_UF2.TXT"
# Eight words, an area of 476 bytes for the payload, and a closing magic number: 512 bytes, a sector of the
# drive.
_BLOCK = struct.Struct("<8I476sI")
# The format's magic numbers; in memory the first one reads "UF2\n".
_FIRST, _SECOND, _LAST = 0x0A324655, 0x9E5D5157, 0x0AB16F30
_FAMILY_PRESENT = 0x2000
# Where desktops of Linux and macOS mount drives, and where people do by hand.
_MOUNTED = ("/media/*/*", "/run/media/*/*", "/media/*", "/mnt/*", "/Volumes/*")


def to_uf2(parts: Sequence[tuple[int, bytes]], family: int) -> bytes:
    """Return a UF2 file that writes the parts; the last payload of each is padded with 0xFF.

    Args:
        parts: addresses, which are multiples of 256, and the bytes to write there.
        family: UF2 family id of the chips that may accept the file.

    Raises:
        ValueError: an address is not a multiple of 256.
    """
    payloads = []
    for address, data in parts:
        if address % PAYLOAD_BYTES:
            raise ValueError(f"{address:#x} is no multiple of {PAYLOAD_BYTES}")
        for at in range(0, len(data), PAYLOAD_BYTES):
            payload = data[at : at + PAYLOAD_BYTES]
            payloads.append((address + at, payload + b"\xff" * (PAYLOAD_BYTES - len(payload))))
    return b"".join(
        _BLOCK.pack(
            *(_FIRST, _SECOND, _FAMILY_PRESENT, address),
            *(PAYLOAD_BYTES, number, len(payloads), family, payload, _LAST),
        )
        for number, (address, payload) in enumerate(payloads)
    )


def flash_by_uf2(image: Image, board: Board, drive: Path | None, progress: Progress) -> DriveResult:
    """Copy the resident bootloader and the image as one UF2 file; the board then starts the image by itself.

    Args:
        image: a checked image that contains its bootloader.
        board: the board that the drive must belong to.
        drive: the folder where the board's drive is mounted; None searches for it.
        progress: called with the stage, the bytes done and the bytes in all.

    Raises:
        BoardError: the image is for another board or does not fit, or the board takes no UF2.
        BundleError: the image brings no bootloader.
        FlashError: there is no such drive, or it is another board's.
        FileError: the drive cannot be written.
    """
    check_fit(image, board)
    if board.uf2 is None:
        raise BoardError(
            f"The board {board.name} has no drive for UF2 files.",
            "Flash it without --via; a board that has one says so in [uf2] of its board.toml.",
        )
    if not 0 < len(image.bootloader) <= board.bootloader.size:
        raise BundleError(
            "There is no bootloader.elf of this board beside the image.",
            "Give a folder of `sensor-bnn build`.",
        )
    place = _find(board.uf2.board_id) if drive is None else drive
    _check(place, board.uf2.board_id)
    parts = ((board.flash.origin, image.bootloader), (board.slot.origin, image.data))
    content = to_uf2(parts, board.uf2.family)
    file = place / _FILE
    progress("write", 0, len(content))
    remedy = f"{SHOW_DRIVE}, mount its drive, and try again."
    with replace_file(file, in_place=True, remedy=remedy) as stream:
        for at in range(0, len(content), 1 << 16):
            stream.write(content[at : at + (1 << 16)])
            progress("write", min(at + (1 << 16), len(content)), len(content))
    return DriveResult(
        *(board.name, "uf2", str(file), board.slot.origin, len(image.data)),
        *(len(image.bootloader), image.model_hash),
    )


def _find(board_id: str) -> Path:
    """The only mounted drive whose INFO_UF2.TXT names the board."""
    folders = {folder for pattern in _MOUNTED for folder in Path("/").glob(pattern[1:])}
    found = sorted(folder for folder in folders if _is_of(board_id, _board_id(folder)))
    if len(found) == 1:
        return found[0]
    if not found:
        raise FlashError(
            f"No drive of a board {board_id} is mounted.",
            f"{SHOW_DRIVE}, mount its drive, or name it with --drive.",
        )
    names = ", ".join(map(str, found))
    raise FlashError(f"Several drives of boards {board_id} are mounted: {names}.", "Name one with --drive.")


def _check(drive: Path, board_id: str) -> None:
    found = _board_id(drive)
    if found is None:
        raise FlashError(
            f"{drive} is not a boot ROM's drive: it holds no {_INFO}.",
            f"{SHOW_DRIVE}, mount its drive, and name it with --drive.",
        )
    if not _is_of(board_id, found):
        raise FlashError(
            f"The drive {drive} belongs to a board {found}, not {board_id}.", "Check --drive and --board."
        )


def _is_of(board_id: str, found: str | None) -> bool:
    """Whether a drive's Board-ID is the board's, whose file has what all revisions begin with."""
    return found is not None and found.startswith(board_id)


def _board_id(drive: Path) -> str | None:
    try:
        text = (drive / _INFO).read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    ids = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("Board-ID:")]
    return ids[0] if ids else None
