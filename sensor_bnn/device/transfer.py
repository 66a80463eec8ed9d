"""Bytes into a board's flash through AN3155: compared, erased, written and verified by the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sensor_bnn.boards import Board
from sensor_bnn.device.an3155 import BLOCK_BYTES, ERASE_PAGES, RefusalError, SilenceError, stm32_crc
from sensor_bnn.device.session import Session
from sensor_bnn.errors import FlashError

Progress = Callable[[str, int, int], None]
"""Called with a stage ("compare", "erase", "write", "verify"), the bytes done in it, and its bytes in all."""

_BLANK = b"\xff" * BLOCK_BYTES


def pages_of(board: Board, address: int, size: int) -> range:
    """Return the numbers of the pages that ``size`` bytes from ``address``, a page's start, lie in."""
    first = (address - board.flash.origin) // board.flash.page
    return range(first, first + -(-size // board.flash.page))


def changed_pages(
    session: Session, board: Board, address: int, data: bytes, progress: Progress
) -> Sequence[int]:
    """Return the pages whose content differs from ``data``, as far as that reaches into them.

    The bootloader computes the checksums; one that does not is asked nothing, and all pages count as
    changed: to read a page takes as long as to write it.
    """
    pages = pages_of(board, address, len(data))
    if not session.has_checksum or _equal(session, address, data):
        return () if session.has_checksum else pages
    changed = []
    for number in pages:
        at = (number - pages.start) * board.flash.page
        part = data[at : at + board.flash.page]
        if not _equal(session, address + at, part):
            changed.append(number)
        progress("compare", at + len(part), len(data))
    return changed


def erase_pages(session: Session, board: Board, pages: Sequence[int], progress: Progress) -> None:
    """Erase pages by number."""
    total = len(pages) * board.flash.page
    progress("erase", 0, total)
    for at in range(0, len(pages), ERASE_PAGES):
        batch = pages[at : at + ERASE_PAGES]
        session.bootloader.erase(batch if session.is_ours else _sectors(board, batch))
        progress("erase", (at + len(batch)) * board.flash.page, total)


def _sectors(board: Board, pages: Sequence[int]) -> list[int]:
    """The chip's own numbers of pages, as a bootloader in ROM counts them."""
    first = board.flash.first_sectors
    later = [number - 1 + first for number in pages if number > 0]
    return [*(range(first) if 0 in pages else ()), *later]


def write_pages(
    session: Session, board: Board, address: int, data: bytes, pages: Sequence[int], progress: Progress
) -> int:
    """Write those erased pages of ``data``; return the bytes sent. What stays blank is not sent."""
    start = pages_of(board, address, len(data)).start
    starts = [(number - start) * board.flash.page for number in pages]
    total = sum(min(board.flash.page, len(data) - at) for at in starts)
    done = sent = 0
    progress("write", 0, total)
    for at in starts:
        end = min(at + board.flash.page, len(data))
        for offset in range(at, end, BLOCK_BYTES):
            block = data[offset : min(offset + BLOCK_BYTES, end)]
            if block != _BLANK[: len(block)]:
                session.bootloader.write(address + offset, block)
                sent += len(block)
            done += len(block)
            progress("write", done, total)
    return sent


def verify(session: Session, address: int, data: bytes, progress: Progress, read_back: bool = False) -> str:
    """See that the flash holds ``data``; return how: "checksum" where the bootloader has one, or "read-back".

    Raises:
        FlashError: with the first wrong address.
    """
    progress("verify", 0, len(data))
    if not read_back and session.has_checksum and _equal(session, address, data):
        progress("verify", len(data), len(data))
        return "checksum"
    for at in range(0, len(data), BLOCK_BYTES):
        block = data[at : at + BLOCK_BYTES]
        found = session.bootloader.read(address + at, len(block))
        if found != block:
            # A read has no checksum: the line may have changed it. A second look decides.
            found = session.bootloader.read(address + at, len(block))
        if found != block:
            offset = next(i for i, (a, b) in enumerate(zip(found, block, strict=True)) if a != b)
            raise FlashError(
                f"Verification failed at {address + at + offset:#010x}: "
                f"read {found[offset]:#04x}, wrote {block[offset]:#04x}.",
                "Flash again; if it fails at the same address, the flash is worn or write-protected.",
            )
        progress("verify", at + len(block), len(data))
    return "read-back"


def _equal(session: Session, address: int, data: bytes) -> bool:
    """By checksum. A bootloader whose Get Checksum has other stages is asked no second time."""
    try:
        return session.bootloader.checksum(address, len(data)) == stm32_crc(data)
    except (RefusalError, SilenceError):
        session.commands = frozenset()
        session.bootloader.resync()
        return False
