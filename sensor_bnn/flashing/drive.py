"""Flash through the drive of a board's debug probe, which writes a file that is copied there into the flash.

ST-Link and DAPLink probes accept Intel HEX, which contains the addresses of its bytes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from sensor_bnn.errors import FlashError
from sensor_bnn.files import replace_file, write_errors
from sensor_bnn.flashing.image import Image
from sensor_bnn.flashing.placement import check_in_place
from sensor_bnn.hardware.boards import Board

_FILE = "FIRMWARE.HEX"


@dataclass(frozen=True)
class DriveResult:
    """What was copied, and to which drive; the probe, or the chip's ROM, then writes the flash by itself.

    ``port`` and ``model`` belong to the application that answered, if its answer was awaited.
    """

    board: str
    via: str
    file: str
    address: int
    flash_bytes: int
    bootloader_bytes: int
    model_hash: str
    port: str = ""
    model: str = ""


def flash_by_drive(image: Image, board: Board, drive: Path) -> DriveResult:
    """Copy the resident bootloader, if ``image`` contains it, and the image as one Intel HEX file.

    Args:
        image: a checked image.
        board: the board that the drive must belong to.
        drive: the folder where the probe's drive is mounted.

    Raises:
        BoardError: the image is for another board or does not fit.
        FlashError: the drive tells of a failure.
        FileError: the drive cannot be written.
    """
    from intelhex import IntelHex

    check_in_place(image, board)
    content = IntelHex()
    content.puts(board.slot.origin, image.data)
    if image.bootloader:
        content.puts(board.flash.origin, image.bootloader)
    file = drive / _FILE
    text = io.StringIO()
    content.write_hex_file(text)
    remedy = "Mount the probe's drive, and name it with --drive."
    with replace_file(file, in_place=True, remedy=remedy) as stream:
        stream.write(text.getvalue().encode())
    with write_errors(file, remedy):
        # A probe reports a failure by a file of this name on its drive.
        failed = drive / "FAIL.TXT"
        words = failed.read_text(errors="replace").strip() if failed.is_file() else ""
    if words:
        raise FlashError(f"The probe refused the file: {words}", "Check that the drive is this board's.")
    return DriveResult(
        *(board.name, "mass-storage", str(file), board.slot.origin, len(image.data)),
        *(len(image.bootloader), image.model_hash),
    )
