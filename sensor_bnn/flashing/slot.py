"""Look at a board's application slot, or empty it, without flashing."""

from __future__ import annotations

from dataclasses import dataclass

from sensor_bnn.errors import BundleError, FlashError
from sensor_bnn.flashing.image import Image, parse_image
from sensor_bnn.flashing.placement import check_fit, current_origin, place
from sensor_bnn.flashing.session import Link, Session, open_session
from sensor_bnn.flashing.transfer import Progress, changed_pages, erase_pages, filled, pages_of, verify
from sensor_bnn.hardware.boards import HEADER_BYTES, Board
from sensor_bnn.wire.an3155 import BLOCK_BYTES, RefusalError


@dataclass(frozen=True)
class SlotReport:
    """What was found, or done, in the slot of a board.

    Attributes:
        action: ``verify``, ``dry-run``, ``read`` or ``erase``.
        board, port, address: where; ``address`` is the start of the slot that was looked at.
        bytes: that were compared, read or erased.
        pages: that ``bytes`` lie in.
        pages_changed: of these, that ``flash`` would write; None where nothing was compared.
        verified_by: how all bytes were seen to be right, or empty.
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
    """See that the slot that a reset starts holds ``image``; nothing is written, and what is there starts.

    Raises:
        FlashError: it does not; the message names the first wrong address.
        BoardError, PortError, DeviceError: as ``flash_image``.
    """
    check_fit(image, board)
    with open_session(link, board) as session:
        is_second = image.second is not None and current_origin(session, board) == image.second.address
        expected = image.second if is_second and image.second is not None else image
        try:
            how = verify(session, expected.address, filled(expected.data), progress, read_back)
        except FlashError as error:
            _go(session, board)  # what ran before this look runs on
            raise FlashError(
                error.message,
                "The board holds another image; nothing was written. Flash this one without --verify-only.",
            ) from None
        started = _go(session, board)
    size = len(expected.data)
    pages = len(pages_of(board, expected.address, size))
    return SlotReport("verify", board.name, link.port, expected.address, size, pages, 0, how, started)


def plan_flash(link: Link, image: Image, board: Board, progress: Progress) -> SlotReport:
    """Find out what ``flash_image`` would write; nothing is.

    A bootloader without Get Checksum is not asked: ``pages_changed`` are then all.

    Raises:
        BoardError, PortError, DeviceError: as ``flash_image``.
    """
    check_fit(image, board)
    with open_session(link, board) as session:
        placed = place(session, image, board)
        changed = changed_pages(session, board, placed.address, filled(placed.data), progress)
        started = _go(session, board)
    pages = len(pages_of(board, placed.address, len(placed.data)))
    return SlotReport(
        *("dry-run", board.name, link.port, placed.address, len(placed.data), pages),
        *(len(changed), "", started),
    )


def read_slot(
    link: Link, board: Board, progress: Progress, count: int | None = None
) -> tuple[bytes, SlotReport]:
    """Read ``count`` bytes of the slot that a reset starts; the image that its header tells of, when None.

    Raises:
        BundleError: there is no header, and ``count`` is None.
        PortError, DeviceError: as ``flash_image``.
    """
    with open_session(link, board) as session:
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
        count = min(count, room)
        ranges = [(origin + at, min(BLOCK_BYTES, count - at)) for at in range(0, count, BLOCK_BYTES)]
        data = b""
        for part in session.bootloader.read_all(ranges):
            data += part
            progress("read", len(data), count)
        how = verify(session, origin, data, progress) if session.has_checksum and count % 4 == 0 else ""
        started = _go(session, board)
    pages = len(pages_of(board, origin, count))
    return data, SlotReport("read", board.name, link.port, origin, count, pages, None, how, started)


def erase_slot(link: Link, board: Board, progress: Progress) -> SlotReport:
    """Erase the whole slot, both where it is two; the bootloader stays and listens.

    Raises:
        PortError, DeviceError, FlashError: as ``flash_image``.
    """
    pages = pages_of(board, board.slot.origin, board.slot.size)
    with open_session(link, board) as session:
        erase_pages(session, board, pages, progress)
    return SlotReport(
        "erase", board.name, link.port, board.slot.origin, board.slot.size, len(pages), None, "", False
    )


def _go(session: Session, board: Board) -> bool:
    try:
        session.go(current_origin(session, board) + HEADER_BYTES)
    except RefusalError:  # what stands there may not start: the bootloader stays
        return False
    return True
