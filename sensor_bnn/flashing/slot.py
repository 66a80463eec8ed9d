"""Verify, read or erase a board's application slot without flashing."""

from __future__ import annotations

from dataclasses import dataclass

from sensor_bnn.errors import BoardError, BundleError, FlashError
from sensor_bnn.firmware.esp_image import FLASH_ADDRESS, ROM_IMAGE, SECTOR_BYTES
from sensor_bnn.flashing.espressif import holds_image
from sensor_bnn.flashing.image import Image, parse_image
from sensor_bnn.flashing.placement import check_fit, current_origin, place
from sensor_bnn.flashing.protection import refuse_protected
from sensor_bnn.flashing.session import Link, Session, open_session, refuse_without_bootloader
from sensor_bnn.flashing.transfer import (
    Progress,
    changed_pages,
    erase_pages,
    filled,
    pages_of,
    refuse_unnumbered,
    verify,
)
from sensor_bnn.hardware.boards import HEADER_BYTES, Board, is_loaded_by_rom
from sensor_bnn.wire.an3155 import BLOCK_BYTES, RefusalError


@dataclass(frozen=True)
class SlotReport:
    """What was found or done in the slot of a board.

    Attributes:
        action: ``verify``, ``dry-run``, ``read`` or ``erase``.
        board, port, address: the place; ``address`` is the start of the slot.
        bytes: number of bytes compared, read or erased.
        pages: number of pages that contain them.
        pages_changed: how many of these ``flash`` would write; None if nothing was compared.
        verified_by: how the bytes were verified; empty if they were not.
        started: whether the application was started again.
    """

    action: str
    board: str
    port: str
    address: int
    bytes: int
    pages: int
    pages_changed: int | None
    verified_by: str
    started: bool


def verify_slot(link: Link, image: Image, board: Board, progress: Progress, read_back: bool) -> SlotReport:
    """Check that the slot that a reset starts holds ``image``. Nothing is written; the image there is
    started.

    Raises:
        FlashError: it does not; the message names the first wrong address.
        BoardError, PortError, DeviceError: as ``flash_image``.
    """
    if is_loaded_by_rom(board):
        if read_back:
            refuse_without_bootloader(board, "--read-back", f"verify-flash {FLASH_ADDRESS} {ROM_IMAGE}")
        report = _compare_through_rom("verify", link, image, board, progress)
        if report.pages_changed:
            raise FlashError(
                f"The MD5 of the {report.bytes:,} bytes at the start of the flash is that of another image.",
                "The board holds another image; nothing was written. Flash this one without --verify-only.",
            )
        return report
    check_fit(image, board)
    with open_session(link, board) as session:
        is_second = image.second is not None and current_origin(session, board) == image.second.address
        expected = image.second if is_second and image.second is not None else image
        try:
            how = verify(session, expected.address, filled(expected.data), progress, read_back)
        except FlashError as error:
            _go(session, board)  # the application that ran before continues
            raise FlashError(
                error.message,
                "The board holds another image; nothing was written. Flash this one without --verify-only.",
            ) from None
        started = _go(session, board)
    size = len(expected.data)
    pages = len(pages_of(board, expected.address, size))
    return SlotReport("verify", board.name, link.port, expected.address, size, pages, 0, how, started)


def plan_flash(link: Link, image: Image, board: Board, progress: Progress) -> SlotReport:
    """Report what ``flash_image`` would write, without writing.

    Without Get Checksum nothing can be compared: ``pages_changed`` is then the number of all pages.

    Raises:
        BoardError, PortError, DeviceError, FlashError: as ``flash_image``.
    """
    if is_loaded_by_rom(board):
        return _compare_through_rom("dry-run", link, image, board, progress)
    check_fit(image, board)
    with open_session(link, board) as session:
        placed = place(session, image, board)
        changed = changed_pages(session, board, placed.address, filled(placed.data), progress)
        refuse_unnumbered(session, board, changed)
        if changed:
            refuse_protected(session, board, changed)
        started = _go(session, board)
    pages = len(pages_of(board, placed.address, len(placed.data)))
    return SlotReport(
        *("dry-run", board.name, link.port, placed.address, len(placed.data), pages),
        *(len(changed), "", started),
    )


def read_slot(
    link: Link, board: Board, progress: Progress, count: int | None = None
) -> tuple[bytes, SlotReport]:
    """Read ``count`` bytes of the slot that a reset starts; None reads the image that its header describes.

    Raises:
        BundleError: there is no header, and ``count`` is None.
        BoardError: the bootloader does not send its flash, the chip's ROM starts the image, or the slot has
            fewer bytes.
        PortError, DeviceError: as ``flash_image``.
    """
    size_given = "SIZE" if count is None else str(count)
    refuse_without_bootloader(board, "--read", f"read-flash {FLASH_ADDRESS} {size_given} FILE")
    if count is not None and count > board.slot.size:
        raise _beyond(count, board.slot.size, board.slot.origin, board)
    with open_session(link, board) as session:
        if not session.sends_flash:
            raise BoardError(
                f"The bootloader of {board.name} at {link.port} does not send its flash.",
                "It was built so (`sensor-bnn build --no-read`); a debug probe may still read it.",
            )
        origin = current_origin(session, board)
        room = board.slot.end - origin
        if count is None:
            size = parse_image(session.bootloader.read(origin, BLOCK_BYTES))
            if size is None or not HEADER_BYTES < size <= room:
                raise BundleError(
                    f"The slot of {board.name} at {link.port} holds no image.",
                    "Say how much to read: --bytes N.",
                )
            count = size
        if count > room:
            _go(session, board)
            raise _beyond(count, room, origin, board)
        ranges = [(origin + at, min(BLOCK_BYTES, count - at)) for at in range(0, count, BLOCK_BYTES)]
        data = b""
        for part in session.bootloader.read_all(ranges):
            data += part
            progress("read", len(data), count)
        how = verify(session, origin, data, progress) if session.has_checksum and count % 4 == 0 else ""
        started = _go(session, board)
    pages = len(pages_of(board, origin, count))
    return data, SlotReport("read", board.name, link.port, origin, count, pages, None, how, started)


def _beyond(count: int, room: int, origin: int, board: Board) -> BoardError:
    return BoardError(
        f"--bytes is {count}, but from {origin:#010x} to its end the slot of {board.name} has {room}.",
        f"Give --bytes {room} or less.",
    )


def erase_slot(link: Link, board: Board, progress: Progress) -> SlotReport:
    """Erase the whole slot (both, if there are two); the bootloader stays active.

    Raises:
        BoardError: the chip's ROM starts the board's image.
        PortError, DeviceError, FlashError: as ``flash_image``.
    """
    refuse_without_bootloader(board, "--erase", "erase-flash")
    pages = pages_of(board, board.slot.origin, board.slot.size)
    with open_session(link, board) as session:
        erase_pages(session, board, pages, progress)
    return SlotReport(
        "erase", board.name, link.port, board.slot.origin, board.slot.size, len(pages), None, "", False
    )


def _compare_through_rom(
    action: str, link: Link, image: Image, board: Board, progress: Progress
) -> SlotReport:
    """Compare the serial flash with an image by its MD5; nothing is written, and the image there starts."""
    progress("compare", 0, len(image.data))
    same, size = holds_image(link, image, board)
    progress("compare", len(image.data), len(image.data))
    sectors = -(-size // SECTOR_BYTES)
    return SlotReport(
        *(action, board.name, link.port, FLASH_ADDRESS, size, sectors),
        *(0 if same else sectors, "MD5", True),
    )


def _go(session: Session, board: Board) -> bool:
    try:
        session.go(current_origin(session, board) + HEADER_BYTES)
    except RefusalError:  # the image there must not start: the bootloader stays active
        return False
    return True
