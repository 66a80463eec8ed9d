"""Look at a board's application slot, or empty it, without flashing."""

from __future__ import annotations

from dataclasses import dataclass

from sensor_bnn.boards import HEADER_BYTES, Board
from sensor_bnn.device.an3155 import BLOCK_BYTES, RefusalError
from sensor_bnn.device.flash import check_fit
from sensor_bnn.device.image import Image, parse_image
from sensor_bnn.device.session import Link, Session, open_session
from sensor_bnn.device.transfer import Progress, changed_pages, erase_pages, filled, pages_of, verify
from sensor_bnn.errors import BundleError


@dataclass(frozen=True)
class SlotReport:
    """What was found, or done, in the slot of a board.

    Attributes:
        action: ``verify``, ``dry-run``, ``read`` or ``erase``.
        board, port, address: where; ``address`` is the slot's start.
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
    """See that the slot holds ``image``; nothing is written.

    Raises:
        FlashError: it does not; the message names the first wrong address.
        BoardError, PortError, DeviceError: as ``flash_image``.
    """
    data = _words(image, board)
    with open_session(link, board) as session:
        how = verify(session, board.slot.origin, data, progress, read_back)
        started = _go(session, board)
    pages = len(pages_of(board, board.slot.origin, len(data)))
    return SlotReport(
        "verify", board.name, link.port, board.slot.origin, len(image.data), pages, 0, how, started
    )


def plan_flash(link: Link, image: Image, board: Board, progress: Progress) -> SlotReport:
    """Find out what ``flash_image`` would write; nothing is.

    A bootloader without Get Checksum is not asked: ``pages_changed`` are then all.

    Raises:
        BoardError, PortError, DeviceError: as ``flash_image``.
    """
    data = _words(image, board)
    with open_session(link, board) as session:
        changed = changed_pages(session, board, board.slot.origin, data, progress)
        started = _go(session, board)
    pages = len(pages_of(board, board.slot.origin, len(data)))
    return SlotReport(
        *("dry-run", board.name, link.port, board.slot.origin, len(image.data), pages),
        *(len(changed), "", started),
    )


def read_slot(
    link: Link, board: Board, progress: Progress, count: int | None = None
) -> tuple[bytes, SlotReport]:
    """Read ``count`` bytes of the slot; the image that its header tells of, when None.

    Raises:
        BundleError: there is no header, and ``count`` is None.
        PortError, DeviceError: as ``flash_image``.
    """
    origin = board.slot.origin
    with open_session(link, board) as session:
        if count is None:
            size = parse_image(session.bootloader.read(origin, BLOCK_BYTES))
            if size is None or not HEADER_BYTES < size <= board.slot.size:
                raise BundleError(
                    f"The slot of {board.name} at {link.port} holds no image.",
                    "Say how much to read: --bytes N.",
                )
            count = size
        count = min(count, board.slot.size)
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
    """Erase the whole slot; the bootloader stays and listens.

    Raises:
        PortError, DeviceError, FlashError: as ``flash_image``.
    """
    pages = pages_of(board, board.slot.origin, board.slot.size)
    with open_session(link, board) as session:
        erase_pages(session, board, pages, progress)
    return SlotReport(
        "erase", board.name, link.port, board.slot.origin, board.slot.size, len(pages), None, "", False
    )


def _words(image: Image, board: Board) -> bytes:
    check_fit(image, board, board.slot.origin)
    return filled(image.data)


def _go(session: Session, board: Board) -> bool:
    try:
        session.go(board.slot.origin + HEADER_BYTES)
    except RefusalError:  # what stands there is not whole: the bootloader stays
        return False
    return True
