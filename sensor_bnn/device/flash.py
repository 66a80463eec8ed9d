"""Flash a firmware image over the serial port, verify it, start it, and see that it answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sensor_bnn.boards import Board
from sensor_bnn.device import gdb
from sensor_bnn.device.an3155 import BLOCK_BYTES, ERASE_PAGES, EXTENDED_ERASE, GO, READ, WRITE, An3155
from sensor_bnn.device.client import Client
from sensor_bnn.device.gdb import Debugger
from sensor_bnn.device.image import Image
from sensor_bnn.device.port import SerialPort
from sensor_bnn.device.protocol import Hello
from sensor_bnn.errors import BoardError, DeviceError, FlashError, PortError

Progress = Callable[[str, int, int], None]
"""Called with a stage ("erase", "write", "verify"), the bytes done in it, and its bytes in all."""

_SYNC_SECONDS = 0.5
_RESET_SECONDS = 3.0
_HELLO_SECONDS = 0.5
_HELLO_ATTEMPTS = 20


@dataclass(frozen=True)
class FlashResult:
    """What was flashed where, and how fast; rates are bytes of image in a second of wall clock."""

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


def flash_image(
    port: str,
    image: Image,
    board: Board,
    *,
    address: int | None = None,
    debugger: str | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> FlashResult:
    """Write ``image`` into the board's application slot, verify it, start it, and see that it answers.

    Args:
        port: the serial port's path.
        image: a checked image (``read_image``).
        board: the board that is meant; its chip id must be the one that the bootloader answers.
        address: where the image goes; the start of the board's application slot when None.
        debugger: where the board's debugger is served, for a board whose flash only that can write.
        progress: called as the work goes on.

    Raises:
        BoardError: the image is for another board or does not fit; nothing was touched.
        PortError: the port is absent, busy or silent.
        DeviceError: another chip or board answers, or the flashed application does not.
        FlashError: the bootloader refuses, or what was read back differs.
    """
    start = board.slot.origin if address is None else address
    check_fit(image, board, start)
    by_debugger = board.flasher == "gdb"
    if by_debugger and debugger is None:
        raise PortError(
            f"The flash of {board.name} is written by its debugger, and none is named.",
            "Name it with --debugger (`sensor-bnn emulate BOARD --json` prints an emulated board's).",
        )
    # Whole words are written; the filling looks like erased flash.
    data = image.data + b"\xff" * (-len(image.data) % 4)
    with SerialPort(port, board.uart) as line:
        client = Client(line)
        bootloader = An3155(line)
        _reach_bootloader(bootloader, client, board, port)
        version = _identify(bootloader, board)
        if debugger is not None and by_debugger:
            seconds = _program_by_debugger(debugger, start, data, progress)
        else:
            seconds = _program_afresh(bootloader, board, start, data, progress)
        bootloader.go(start)
        hello = _greet(client, image)
    return FlashResult(
        board=board.name,
        port=port,
        address=start,
        flash_bytes=len(image.data),
        chip_id=board.bootloader.chip_id,
        bootloader_version=f"{version >> 4}.{version & 15}",
        model=hello.model,
        model_hash=hello.model_hash,
        firmware_version=hello.firmware_version,
        write_seconds=round(seconds[0], 3),
        verify_seconds=round(seconds[1], 3),
        write_bytes_per_second=round(len(data) / seconds[0], 1),
        verify_bytes_per_second=round(len(data) / seconds[1], 1),
        retries=bootloader.retries,
    )


def check_fit(image: Image, board: Board, address: int) -> None:
    """Refuse an image of another board, or one that does not fit into the application slot.

    Raises:
        BoardError: with both names, or the sizes.
    """
    if image.board != board.name:
        raise BoardError(
            f"The image was built for {image.board}, not for {board.name}.",
            f"Build it with `sensor-bnn build --board {board.name}`.",
        )
    if address % board.flash.page or not board.slot.origin <= address < board.slot.end:
        raise BoardError(
            f"The address {address:#010x} is no page of the application slot "
            f"{board.slot.origin:#010x}..{board.slot.end:#010x} of {board.name}.",
            "Leave the address out.",
        )
    room = board.slot.end - address
    if len(image.data) > room:
        raise BoardError(
            f"The image takes {len(image.data):,} bytes of flash, and {board.name} has room for {room:,}.",
            "Compile a smaller model, or choose a board with more flash.",
        )


def _reach_bootloader(bootloader: An3155, client: Client, board: Board, port: str) -> None:
    """Find the bootloader, or have the application start it."""
    if bootloader.sync(_SYNC_SECONDS):
        return
    for _ in range(2):  # the request into the bootloader is not repeated by the client: it may be lost
        try:
            hello = client.hello(timeout=_HELLO_SECONDS, attempts=3)
        except PortError:
            break
        if hello.board != board.name:
            raise DeviceError(
                f"The board at {port} says that it is {hello.board}, not {board.name}.",
                "Check --port and --board.",
            )
        client.enter_bootloader()
        if bootloader.sync(_RESET_SECONDS):
            return
    if not bootloader.sync(_RESET_SECONDS):
        raise PortError(
            f"The port {port} is silent: neither a bootloader nor an application answers.",
            "Check cable, port and power, reset the board (with BOOT0 set if its bootloader is in ROM), "
            "and try again.",
        )


def _identify(bootloader: An3155, board: Board) -> int:
    capabilities = bootloader.get()
    missing = {READ, WRITE, EXTENDED_ERASE, GO} - set(capabilities.commands)
    if missing:
        names = ", ".join(f"{code:#04x}" for code in sorted(missing))
        raise DeviceError(
            f"The bootloader lacks the commands {names}.", "Use a part whose bootloader has Extended Erase."
        )
    chip_id = bootloader.get_id()
    if chip_id != board.bootloader.chip_id:
        raise DeviceError(
            f"The chip answers the id {chip_id:#05x}; {board.name} has {board.bootloader.chip_id:#05x}.",
            "Check --port and --board.",
        )
    return capabilities.version


def _program_afresh(
    bootloader: An3155, board: Board, address: int, data: bytes, progress: Progress
) -> tuple[float, float]:
    try:
        return _program(bootloader, board, address, data, progress)
    except FlashError:
        if not bootloader.retries:
            raise
        # A lost byte can make a block of wrong bytes with a right checksum, once in 256: start afresh.
        return _program(bootloader, board, address, data, progress)


def _program(
    bootloader: An3155, board: Board, address: int, data: bytes, progress: Progress
) -> tuple[float, float]:
    """Erase, write, verify; return the seconds that writing and verifying took."""
    _erase(bootloader, board, address, len(data), progress)
    begun = time.perf_counter()
    _write(bootloader, address, data, progress)
    written = time.perf_counter()
    _verify(bootloader, address, data, progress)
    return written - begun, time.perf_counter() - written


def _program_by_debugger(address: str, start: int, data: bytes, progress: Progress) -> tuple[float, float]:
    """Write and verify while the bootloader is held; return the seconds of both."""
    with Debugger(address) as core:
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
    return written - begun, time.perf_counter() - written


def _erase(bootloader: An3155, board: Board, address: int, size: int, progress: Progress) -> None:
    page = board.flash.page
    first = (address - board.flash.origin) // page
    pages = range(first, first + -(-size // page))
    total = len(pages) * page
    progress("erase", 0, total)
    for at in range(0, len(pages), ERASE_PAGES):
        batch = pages[at : at + ERASE_PAGES]
        bootloader.erase(batch)
        progress("erase", (at + len(batch)) * page, total)


def _write(bootloader: An3155, address: int, data: bytes, progress: Progress) -> None:
    progress("write", 0, len(data))
    for at in range(0, len(data), BLOCK_BYTES):
        block = data[at : at + BLOCK_BYTES]
        bootloader.write(address + at, block)
        progress("write", at + len(block), len(data))


def _verify(bootloader: An3155, address: int, data: bytes, progress: Progress) -> None:
    progress("verify", 0, len(data))
    for at in range(0, len(data), BLOCK_BYTES):
        block = data[at : at + BLOCK_BYTES]
        found = bootloader.read(address + at, len(block))
        if found != block:
            # A read has no checksum: the line may have changed it. A second look decides.
            found = bootloader.read(address + at, len(block))
        if found != block:
            offset = next(i for i, (a, b) in enumerate(zip(found, block, strict=True)) if a != b)
            raise FlashError(
                f"Verification failed at {address + at + offset:#010x}: "
                f"read {found[offset]:#04x}, wrote {block[offset]:#04x}.",
                "Flash again; if it fails at the same address, the flash is worn or write-protected.",
            )
        progress("verify", at + len(block), len(data))


def _greet(client: Client, image: Image) -> Hello:
    try:
        hello = client.hello(timeout=_HELLO_SECONDS, attempts=_HELLO_ATTEMPTS)
    except PortError:
        raise DeviceError(
            "The image is written and verified, but its application does not answer.",
            "Reset the board; if it stays silent, build the firmware again.",
        ) from None
    if hello.model_hash != image.model_hash:
        raise DeviceError(
            f"The board runs the model {hello.model} ({hello.model_hash[:12]}), "
            f"but {image.model_hash[:12]} was flashed.",
            "Reset the board and flash again.",
        )
    return hello
