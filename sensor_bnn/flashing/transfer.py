"""Transfer bytes into a board's flash through AN3155: compare, erase, write and verify by the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

from sensor_bnn.errors import FlashError
from sensor_bnn.flashing.session import Session
from sensor_bnn.hardware.boards import Board
from sensor_bnn.wire.an3155 import BLOCK_BYTES, ERASE_PAGES, RefusalError, SilenceError, stm32_crc

Progress = Callable[[str, int, int], None]
"""Called with a stage ("compare", "erase", "write", "verify"), the bytes done in it, and its bytes in all."""

_WORD_BYTES = 32  # the flash word of an STM32H7, the longest of all; its ROM may refuse less
_READ_BYTES = 64 * BLOCK_BYTES  # bytes read before a wrong block is read again
_LOOKS = 4  # reads of a block that differs
_BLANK = b"\xff" * BLOCK_BYTES


def filled(data: bytes) -> bytes:
    """Return ``data`` padded with 0xFF, like erased flash, to whole flash words."""
    return data + b"\xff" * (-len(data) % _WORD_BYTES)


def _covered(session: Session, data: bytes) -> bytes:
    """Return ``data`` padded with 0xFF to bytes of which the bootloader computes checksums."""
    return data + b"\xff" * (-len(data) % session.checksum_bytes)


def pages_of(board: Board, address: int, size: int) -> range:
    """Return the numbers of the pages that contain ``size`` bytes from ``address``, the start of a page."""
    first = (address - board.flash.origin) // board.flash.page
    return range(first, first + -(-size // board.flash.page))


def changed_pages(
    session: Session, board: Board, address: int, data: bytes, progress: Progress
) -> Sequence[int]:
    """Return the pages whose content differs from ``data``, where ``data`` covers them.

    The bootloader computes the checksums. Without that command all pages count as changed, because reading a
    page takes as long as writing it.
    """
    pages = pages_of(board, address, len(data))
    if not session.has_checksum:
        return pages
    changed = []
    try:
        # One checksum of everything first: if nothing has changed, no page needs a command of its own.
        if _equal(session, address, data):
            return ()
        starts = range(0, len(data), board.flash.page)
        parts = [_covered(session, data[at : at + board.flash.page]) for at in starts]
        checksums = session.bootloader.checksum_all(
            [(address + at, len(part)) for at, part in zip(starts, parts, strict=True)]
        )
        done = 0
        for number, part, checksum in zip(pages, parts, checksums, strict=True):
            if checksum != stm32_crc(part):
                changed.append(number)
            done = min(done + len(part), len(data))
            progress("compare", done, len(data))
    except (RefusalError, SilenceError):
        if session.is_ours:  # a word that a power cut left half written cannot be read before it is erased
            session.bootloader.resync()
        else:
            _without_checksum(session)
        return pages
    return changed


def refuse_unnumbered(session: Session, board: Board, pages: Sequence[int]) -> None:
    """Refuse pages that the bootloader in ROM may know by other numbers than ours.

    Raises:
        FlashError: there are such pages, and no resident bootloader answers; nothing was erased.
    """
    known = board.bootloader.rom_pages
    if session.is_ours or not known or not pages or max(pages) < known:
        return
    documented, needed = (count * board.flash.page >> 10 for count in (known, max(pages) + 1))
    raise FlashError(
        f"The bootloader in ROM of {board.name} erases only the first {documented} KB of its flash by page "
        f"numbers that are documented; this needs the flash up to {needed} KB.",
        "Flash a smaller model with --with-bootloader first. Then take BOOT0 back and reset the board: its "
        "resident bootloader takes any image, without --with-bootloader.",
    )


def erase_pages(session: Session, board: Board, pages: Sequence[int], progress: Progress) -> None:
    """Erase pages by number.

    Raises:
        FlashError: as ``refuse_unnumbered``.
    """
    refuse_unnumbered(session, board, pages)
    total = len(pages) * board.flash.page
    progress("erase", 0, total)
    for at in range(0, len(pages), ERASE_PAGES):
        batch = pages[at : at + ERASE_PAGES]
        session.bootloader.erase(batch if session.is_ours else _sectors(board, batch))
        progress("erase", (at + len(batch)) * board.flash.page, total)


def _sectors(board: Board, pages: Sequence[int]) -> list[int]:
    """Convert page numbers to the chip's own sector numbers, which a bootloader in ROM uses."""
    first = max(1, len(board.flash.first_sectors))
    later = [number - 1 + first for number in pages if number > 0]
    return [*(range(first) if 0 in pages else ()), *later]


def write_pages(
    session: Session, board: Board, address: int, data: bytes, pages: Sequence[int], progress: Progress
) -> int:
    """Write these pages of ``data``, which are erased; return the bytes sent. Blank blocks are not sent."""
    start = pages_of(board, address, len(data)).start
    starts = [(number - start) * board.flash.page for number in pages]
    total = sum(min(board.flash.page, len(data) - at) for at in starts)
    blocks = []
    for at in starts:
        end = min(at + board.flash.page, len(data))
        for offset in range(at, end, BLOCK_BYTES):
            block = data[offset : min(offset + BLOCK_BYTES, end)]
            if block != _BLANK[: len(block)]:
                blocks.append((address + offset, block))
    sent = list(accumulate(len(block) for _, block in blocks))
    blank = total - (sent[-1] if sent else 0)
    progress("write", blank, total)
    for done, _ in zip(sent, session.bootloader.write_all(blocks), strict=True):
        progress("write", blank + done, total)
    return total - blank


def verify(session: Session, address: int, data: bytes, progress: Progress, read_back: bool = False) -> str:
    """Check that the flash holds ``data``; return how: "checksum" where the bootloader has one, else
    "read-back".

    Raises:
        FlashError: it does not; the message has the first wrong address.
    """
    progress("verify", 0, len(data))
    try:
        if not read_back and session.has_checksum and _equal(session, address, data):
            progress("verify", len(data), len(data))
            return "checksum"
    except (RefusalError, SilenceError):
        _without_checksum(session)
    if not session.sends_flash:
        raise FlashError(
            f"Verification failed: the checksum of the pages from {address:#010x} differs.",
            "Flash again; this board's bootloader does not send its flash, so the place is not known.",
        )
    for start in range(0, len(data), _READ_BYTES):
        part = data[start : start + _READ_BYTES]
        blocks = [(start + at, part[at : at + BLOCK_BYTES]) for at in range(0, len(part), BLOCK_BYTES)]
        found = session.bootloader.read_all([(address + at, len(block)) for at, block in blocks])
        wrong = []
        for (at, block), bytes_found in zip(blocks, found, strict=True):
            if bytes_found != block:
                wrong.append((at, block))
            progress("verify", at + len(block), len(data))
        for at, block in wrong:
            _look_again(session, address + at, block)
    return "read-back"


def _look_again(session: Session, address: int, block: bytes) -> None:
    """Read a differing block again, because the line may have damaged it: one right read is enough."""
    for _ in range(_LOOKS):
        found = session.bootloader.read(address, len(block))
        if found == block:
            return
    offset = next(i for i, (a, b) in enumerate(zip(found, block, strict=True)) if a != b)
    raise FlashError(
        f"Verification failed at {address + offset:#010x}: "
        f"read {found[offset]:#04x}, wrote {block[offset]:#04x}.",
        "Flash again; if it fails at the same address, the flash is worn or write-protected.",
    )


def holds(session: Session, address: int, data: bytes) -> bool:
    """Whether the flash holds ``data``, by the bootloader's checksum; False without one."""
    try:
        return session.has_checksum and _equal(session, address, data)
    except (RefusalError, SilenceError):
        _without_checksum(session)
        return False


def _equal(session: Session, address: int, data: bytes) -> bool:
    covered = _covered(session, data)
    return session.bootloader.checksum(address, len(covered)) == stm32_crc(covered)


def _without_checksum(session: Session) -> None:
    """Do not use Get Checksum again: this bootloader implements it with other stages."""
    session.commands = frozenset()
    session.bootloader.resync()
