"""Flash a firmware image over the serial port, verify it, start it, and check that it answers."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from sensor_bnn.emulation import gdb
from sensor_bnn.emulation.gdb import Debugger
from sensor_bnn.errors import BoardError, BundleError, DeviceError, FlashError, PortError
from sensor_bnn.firmware.esp_image import FLASH_ADDRESS
from sensor_bnn.flashing.espressif import write_through_rom
from sensor_bnn.flashing.image import Image
from sensor_bnn.flashing.placement import check_fit, place
from sensor_bnn.flashing.protection import refuse_protected
from sensor_bnn.flashing.session import FAST_BAUD, Link, Session, open_session
from sensor_bnn.flashing.transfer import (
    Progress,
    changed_pages,
    erase_pages,
    filled,
    pages_of,
    refuse_unnumbered,
    verify,
    write_pages,
)
from sensor_bnn.hardware.boards import HEADER_BYTES, Board, is_loaded_by_rom, is_program
from sensor_bnn.tracing import Laps
from sensor_bnn.wire.an3155 import SilenceError
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import LostPortError, SerialPort
from sensor_bnn.wire.protocol import Hello

_HELLO_SECONDS = 0.5
_HELLO_ATTEMPTS = 20
_LOOK_SECONDS = 0.2  # between two checks whether a lost port is back
_FUTILE = 4  # sessions in a row that may fail without getting further than an earlier one

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FlashResult:
    """What was flashed, where, and how fast; rates are image bytes per second of wall clock.

    ``write_seconds`` covers comparing, erasing and writing. ``written_bytes`` were sent; the rest of
    ``flash_bytes`` was already in the flash. ``baud`` is the rate of the line, ``retries`` counts repeated
    commands, and ``resumed`` how often the board was lost and found again.
    """

    board: str
    port: str
    address: int
    flash_bytes: int
    chip_id: int
    bootloader_version: str
    model: str
    model_hash: str
    firmware_version: str
    write_seconds: float
    verify_seconds: float
    write_bytes_per_second: float
    verify_bytes_per_second: float
    retries: int
    baud: int
    pages: int
    pages_written: int
    written_bytes: int
    verified_by: str
    resumed: int


class _Reach:
    """How far the sessions with a board come that is lost again and again.

    Pages that hold their bytes need not be written by the next session, so a session that writes at least one
    block comes further than those before it.
    """

    def __init__(self, progress: Progress) -> None:
        self._report = progress
        self._furthest = self._now = (0, 0)
        self._futile = 0

    def progress(self, stage: str, done: int, total: int) -> None:
        """Note the bytes that are still to be done, and pass the report on."""
        stages = {"write": 1, "verify": 2}
        self._now = max(self._now, (stages.get(stage, 0), done - total if stage in stages else 0))
        self._report(stage, done, total)

    def is_futile(self) -> bool:
        """Note that a session failed; whether too many in a row came no further."""
        further = self._now > self._furthest
        self._futile = 0 if further else self._futile + 1
        self._furthest, self._now = max(self._furthest, self._now), (0, 0)
        return self._futile >= _FUTILE


@dataclass(frozen=True)
class _Written:
    seconds: float
    verify_seconds: float
    pages: int
    sent: int
    verified_by: str


def flash_image(
    port: str,
    image: Image,
    board: Board,
    *,
    debugger: str | None = None,
    progress: Progress = lambda stage, done, total: None,
    baud: int = FAST_BAUD,
    reset: tuple[str, ...] = (),
    read_back: bool = False,
    rewrite_all: bool = False,
    with_bootloader: bool = False,
    patience: float = 0.0,
) -> FlashResult:
    """Write ``image`` into the board's application slot, verify it, start it, and check that it answers.

    On a board with two slots the image goes to the slot that does not hold the running image, which is kept.

    Args:
        port: the serial port's path.
        image: a checked image (``read_image``).
        board: the board that must answer; its chip id must equal the bootloader's answer.
        debugger: address of the board's debugger, for a board whose flash only a debugger can write.
        progress: called with the stage, the bytes done and the bytes in all.
        baud, reset: see ``Link``.
        read_back: verify by reading all bytes back, even where the bootloader computes checksums.
        rewrite_all: write every page, even one whose contents already match.
        with_bootloader: write the image's resident bootloader first, through the bootloader in the chip's
            ROM.
        patience: seconds to wait for a board that is lost meanwhile (a pulled cable), before continuing with
            it. It is given up when it was lost four times in a row without getting further than before.

    Raises:
        BoardError: the image is for another board or does not fit; nothing was changed.
        PortError: the port is absent, busy or silent.
        DeviceError: another chip or board answers, or the flashed application does not.
        FlashError: the flash is write-protected, the bootloader refuses, or the verification fails.
    """
    check_fit(image, board)
    if is_program(board):
        return _greet_program(port, image, board)
    if board.flasher == "uf2":
        raise BoardError(
            f"The flash of {board.name} is written by the drive that its ROM shows, not over a port.",
            "Hold BOOTSEL while plugging it in, and flash --via uf2.",
        )
    if is_loaded_by_rom(board):
        return _flash_through_rom(
            Link(port, baud, reset), image, board, progress, read_back, rewrite_all, with_bootloader
        )
    by_debugger = board.flasher == "gdb"
    if by_debugger and debugger is None:
        raise PortError(
            f"The flash of {board.name} is written by its debugger, and none is named.",
            "Name it with --debugger (`sensor-bnn emulate BOARD --json` prints an emulated board's).",
        )
    link = Link(port, baud, reset)
    retries = resumed = 0
    lost_at: float | None = None
    reach = _Reach(progress)
    while True:
        session: Session | None = None
        try:
            with open_session(link, board) as session:
                placed = image if with_bootloader else place(session, image, board)
                start, data = placed.address, filled(placed.data)
                refuse_unnumbered(session, board, pages_of(board, start, len(data)))
                if with_bootloader:
                    _program_bootloader(session, board, image.bootloader, progress)
                if debugger is not None and by_debugger:
                    written = _program_by_debugger(debugger, board, start, data, reach.progress)
                else:
                    written = _program_verified(
                        session, board, start, data, reach.progress, read_back, rewrite_all
                    )
                reached = session.port.baud
                # A bootloader in ROM needs the address of the vector table; the resident one checks the image
                # first.
                session.go(board.flash.origin if with_bootloader else start + HEADER_BYTES)
                hello = _greet(session.client, image, _AFTER_ROM if with_bootloader else _RESET)
            break
        except (LostPortError, SilenceError, PortError) as error:
            # Wait only for a board that has answered before.
            if session is None and lost_at is None:
                raise
            lost_at = time.monotonic() if session is not None or lost_at is None else lost_at
            if session is not None:
                retries += session.bootloader.retries
                resumed += 1
            if time.monotonic() - lost_at >= patience or patience <= 0:
                raise error
            if session is not None and reach.is_futile():
                raise type(error)(
                    f"{error.message} The board was lost {resumed} times, the last {_FUTILE} of them without "
                    "getting further.",
                    "Check its power and the cable. If it is always lost at the same place, its flash may be "
                    "worn or write-protected.",
                ) from None
            time.sleep(_LOOK_SECONDS)
    return FlashResult(
        board=board.name,
        port=port,
        address=start,
        flash_bytes=len(placed.data),
        chip_id=board.bootloader.chip_id,
        bootloader_version=f"{session.version >> 4}.{session.version & 15}",
        model=hello.model,
        model_hash=hello.model_hash,
        firmware_version=hello.firmware_version,
        write_seconds=round(written.seconds, 3),
        verify_seconds=round(written.verify_seconds, 3),
        write_bytes_per_second=round(len(data) / written.seconds, 1),
        verify_bytes_per_second=round(len(data) / written.verify_seconds, 1),
        retries=retries + session.bootloader.retries,
        baud=reached,
        pages=len(pages_of(board, start, len(data))),
        pages_written=written.pages,
        written_bytes=written.sent,
        verified_by=written.verified_by,
        resumed=resumed,
    )


def _program_verified(
    session: Session,
    board: Board,
    address: int,
    data: bytes,
    progress: Progress,
    read_back: bool,
    rewrite_all: bool,
) -> _Written:
    try:
        return _program(session, board, address, data, progress, read_back, rewrite_all)
    except FlashError:
        if not session.bootloader.retries:
            raise
        # A lost byte can make a block of wrong bytes with a right checksum, once in 256: start again.
        return _program(session, board, address, data, progress, read_back, rewrite_all)


def _program(
    session: Session,
    board: Board,
    address: int,
    data: bytes,
    progress: Progress,
    read_back: bool,
    rewrite_all: bool,
) -> _Written:
    """Compare, erase, write, verify."""
    laps = Laps(_log)
    begun = time.perf_counter()
    pages = (
        pages_of(board, address, len(data))
        if rewrite_all
        else changed_pages(session, board, address, data, progress)
    )
    laps.lap("compared %d bytes at %#010x, %d pages to write", len(data), address, len(pages))
    sent = 0
    if pages:
        refuse_protected(session, board, pages)
        erase_pages(session, board, pages, progress)
        laps.lap("erased %d pages", len(pages))
        sent = write_pages(session, board, address, data, pages, progress)
        laps.lap("wrote %d bytes", sent)
    written = time.perf_counter()
    how = verify(session, address, data, progress, read_back)
    laps.lap("verified by %s", how)
    return _Written(written - begun, time.perf_counter() - written, len(pages), sent, how)


def _program_bootloader(session: Session, board: Board, bootloader: bytes, progress: Progress) -> None:
    if session.is_ours:
        raise DeviceError(
            f"The bootloader at {session.port.path} is the resident one, which never overwrites itself.",
            "Set BOOT0 and reset the board to reach the one in ROM, or leave --with-bootloader out.",
        )
    if not 0 < len(bootloader) <= board.bootloader.size:
        raise BundleError(
            "There is no bootloader.elf of this board beside the image.",
            "Give a folder of `sensor-bnn build`.",
        )
    data = filled(bootloader)
    origin = board.flash.origin
    pages = changed_pages(session, board, origin, data, progress)
    refuse_protected(session, board, pages)
    erase_pages(session, board, pages, progress)
    write_pages(session, board, origin, data, pages, progress)
    verify(session, origin, data, progress)


def _program_by_debugger(
    debugger: str, board: Board, start: int, data: bytes, progress: Progress
) -> _Written:
    """Write and verify through the debugger while the core is halted."""
    with Debugger(debugger) as core:
        begun = time.perf_counter()
        for at in range(0, len(data), gdb.BLOCK_BYTES):
            core.write(start + at, data[at : at + gdb.BLOCK_BYTES])
            progress("write", min(at + gdb.BLOCK_BYTES, len(data)), len(data))
        written = time.perf_counter()
        for at in range(0, len(data), gdb.BLOCK_BYTES):
            block = data[at : at + gdb.BLOCK_BYTES]
            if core.read(start + at, len(block)) != block:
                raise FlashError(
                    f"Verification failed in the {len(block)} bytes at {start + at:#010x}.",
                    "Check memory.flash in the board.toml: the debugger does not write there.",
                )
            progress("verify", at + len(block), len(data))
    pages = len(pages_of(board, start, len(data)))
    return _Written(written - begun, time.perf_counter() - written, pages, len(data), "debugger")


def _greet_program(port: str, image: Image, board: Board) -> FlashResult:
    """Check a program's model. It is not flashed: its model was chosen when it was started."""
    hello = greet(port, image, board)
    return FlashResult(
        board=board.name,
        port=port,
        address=image.address,
        flash_bytes=len(image.data),
        chip_id=0,
        bootloader_version="",
        model=hello.model,
        model_hash=hello.model_hash,
        firmware_version=hello.firmware_version,
        write_seconds=0.0,
        verify_seconds=0.0,
        write_bytes_per_second=0.0,
        verify_bytes_per_second=0.0,
        retries=0,
        baud=0,
        pages=0,
        pages_written=0,
        written_bytes=0,
        verified_by="",
        resumed=0,
    )


def _flash_through_rom(
    link: Link,
    image: Image,
    board: Board,
    progress: Progress,
    read_back: bool,
    rewrite_all: bool,
    with_bootloader: bool,
) -> FlashResult:
    """Write the image through the loader in ROM; the chip then starts it."""
    if with_bootloader:
        raise BoardError(
            f"The board {board.name} has no bootloader of ours: its chip's ROM starts the image.",
            "Leave --with-bootloader out.",
        )
    if read_back:
        raise BoardError(f"The ROM of {board.name} verifies the flash by its MD5.", "Leave --read-back out.")
    written = write_through_rom(link, image, board, progress, rewrite_all=rewrite_all)
    hello = greet(link.port, image, board)
    return FlashResult(
        board=board.name,
        port=link.port,
        address=FLASH_ADDRESS,
        flash_bytes=written.flash_bytes,
        chip_id=board.bootloader.chip_id,
        bootloader_version="",
        model=hello.model,
        model_hash=hello.model_hash,
        firmware_version=hello.firmware_version,
        write_seconds=round(written.seconds, 3),
        verify_seconds=round(written.verify_seconds, 3),
        write_bytes_per_second=round(written.flash_bytes / written.seconds, 1),
        verify_bytes_per_second=round(written.flash_bytes / written.verify_seconds, 1),
        retries=written.retries,
        baud=written.baud,
        pages=written.sectors,
        pages_written=written.sectors if written.sent else 0,
        written_bytes=written.sent,
        verified_by="MD5",
        resumed=0,
    )


_RESET = "Reset the board; if it stays silent, build the firmware again."
_AFTER_ROM = (
    "Take BOOT0 back, connect the UART of board.toml, and reset the board: the bootloader in ROM may use "
    "other pins."
)


def greet(port: str, image: Image, board: Board) -> Hello:
    """Check that the application answers, and that it runs this image.

    Raises:
        PortError: the port is absent or busy.
        DeviceError: nothing answers, or another model's application.
    """
    with SerialPort(port, board.uart) as line:
        return _greet(Client(line), image, _RESET)


def _greet(client: Client, image: Image, remedy: str) -> Hello:
    try:
        hello = client.hello(timeout=_HELLO_SECONDS, attempts=_HELLO_ATTEMPTS)
    except LostPortError:
        raise
    except PortError:
        raise DeviceError(
            "The image is written and verified, but its application does not answer.",
            remedy,
        ) from None
    if hello.model_hash != image.model_hash:
        raise DeviceError(
            f"The board runs the model {hello.model} ({hello.model_hash[:12]}), "
            f"but {image.model_hash[:12]} was flashed.",
            "Reset the board and flash again.",
        )
    client.confirm(hello.model_hash)
    return hello
