"""Choose the slot of a board for an image, and find the current image's slot."""

from __future__ import annotations

from sensor_bnn.errors import BoardError
from sensor_bnn.flashing.image import Image, parse_image
from sensor_bnn.flashing.session import Session
from sensor_bnn.flashing.transfer import filled, holds
from sensor_bnn.hardware.boards import Board, is_loaded_by_rom
from sensor_bnn.wire.an3155 import BLOCK_BYTES


def check_fit(image: Image, board: Board) -> None:
    """Refuse an image for another board, or one that does not fit the slot that it was built for.

    Raises:
        BoardError: the message has both names, the addresses, or the sizes.
    """
    if image.board != board.name:
        raise BoardError(
            f"The image was built for {image.board}, not for {board.name}.",
            f"Build it with `sensor-bnn build --board {board.name}`.",
        )
    slot = next((slot for slot in board.slots if slot.origin == image.address), None)
    if slot is None:
        slots = " and ".join(f"{slot.origin:#010x}" for slot in board.slots)
        raise BoardError(
            f"The image was built for {image.address:#010x}, and the slot of {board.name} is at {slots}.",
            "Build it again: the board.toml has changed.",
        )
    if len(image.data) > slot.size:
        raise BoardError(
            f"The image takes {len(image.data):,} bytes of flash, and {board.name} has room for "
            f"{slot.size:,}.",
            "Compile a smaller model, or choose a board with more flash.",
        )


def check_in_place(image: Image, board: Board) -> None:
    """As ``check_fit``, for what writes the image to the address where it runs, such as a debug probe.

    Raises:
        BoardError: also if the chip's ROM copies the image into RAM from a flash that has no such address.
    """
    if is_loaded_by_rom(board):
        raise BoardError(
            f"The image of {board.name} is in RAM, into which the chip's ROM loads it from a serial flash; "
            "only that ROM writes it.",
            "Leave --via out.",
        )
    check_fit(image, board)


def place(session: Session, image: Image, board: Board) -> Image:
    """Return the image for the spare slot; for the other slot, if that already holds it.

    An image that was read from a single file, or is too large for the second slot, has only one place.

    Raises:
        BoardError: the board starts only signed images, and this one is not signed; nothing was changed.
    """
    if session.checks_signatures and not image.is_signed:
        raise BoardError(
            f"The {board.name} at {session.port.path} starts only signed images, and this one is not signed.",
            "Build it with --sign and the board's key.",
        )
    if session.spare_slot is None or image.second is None:
        return image
    places = (image, image.second)
    there = places[1 - session.spare_slot]
    if holds(session, there.address, filled(there.data)):
        return there
    return places[session.spare_slot]


def current_origin(session: Session, board: Board) -> int:
    """Return the address of the image that a reset starts; the address for the next one if there is none."""
    if session.spare_slot is None:
        return board.slot.origin
    if not session.sends_flash:
        return board.slots[1 - session.spare_slot].origin
    spare, other = board.slots[session.spare_slot].origin, board.slots[1 - session.spare_slot].origin
    return spare if parse_image(session.bootloader.read(other, BLOCK_BYTES)) is None else other
