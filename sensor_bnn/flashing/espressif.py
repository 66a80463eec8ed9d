"""Write the serial flash of a board whose chip's ROM loads the image, through the loader in that ROM."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass

from sensor_bnn.errors import DeviceError, FlashError, PortError, SensorBnnError
from sensor_bnn.firmware.esp_image import FLASH_ADDRESS, SECTOR_BYTES, to_esp_image
from sensor_bnn.flashing.image import Image
from sensor_bnn.flashing.placement import check_fit
from sensor_bnn.flashing.session import Link
from sensor_bnn.flashing.transfer import Progress
from sensor_bnn.hardware.boards import Board
from sensor_bnn.wire.an3155 import RefusalError, SilenceError
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.esp_rom import BLOCK_BYTES, EspRom
from sensor_bnn.wire.port import SerialPort

FLASH_BYTES = 4 << 20
"""The serial flash that the image's header states."""

LINES = ("rts", "dtr")
"""The modem lines of a development board: that of the reset, and that of the pin which selects the loader."""

# Registers of the RTC, by which the chip is reset without any line: its watchdog, and the request of an
# application to start the loader, which the reset must not find again.
_OPTION1 = 0x600080F4
_WDTCONFIG0, _WDTCONFIG1, _WDTWPROTECT = 0x60008090, 0x60008094, 0x600080A8
_WDT_KEY = 0x50D83AA1
_WDT_TICKS = 20_000  # of its clock of some 136 kHz: 0.15 s
_WDT_RESETS = 1 << 31 | 5 << 28 | 1 << 8 | 2  # on, and what it does; esptool's value (targets/esp32c3.py)

_WATCHDOG_SECONDS = 1.0
"""How long a reset by the watchdog is waited for. The ROM's words end the wait; fuses may silence them."""

_BANNER = b"ESP-ROM:"

_SYNC_SECONDS = 0.5
_RESET_SECONDS = 3.0
_HELLO_SECONDS = 0.5
_ATTEMPTS = 3  # to write the image

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RomWritten:
    """What was written; ``flash_bytes`` is the ROM's image, of which ``sent`` were sent."""

    seconds: float
    verify_seconds: float
    flash_bytes: int
    sent: int
    baud: int
    retries: int

    @property
    def sectors(self) -> int:
        """The sectors of the serial flash that the image takes."""
        return -(-self.flash_bytes // SECTOR_BYTES)


def write_through_rom(
    link: Link, image: Image, board: Board, progress: Progress, *, rewrite_all: bool = False
) -> RomWritten:
    """Write ``image`` to the start of the serial flash, verify it by its MD5, and reset the chip.

    Nothing is written if the flash holds it already. After an interruption the flash holds no image, and the
    board must be flashed again.

    Raises:
        BoardError: the image is for another board or does not fit.
        PortError: the port is absent, busy or silent.
        DeviceError: another chip or board answers, or the chip takes only what a key made.
        FlashError: the ROM refuses, or the verification fails.
    """
    check_fit(image, board)
    content = to_esp_image(image.data, board)
    with open_rom(link, board) as rom:
        begun = time.perf_counter()
        progress("compare", 0, len(content))
        sent = 0
        if rewrite_all or not _holds(rom, content):
            sent = _write(rom, content, progress)
        written = time.perf_counter()
        progress("verify", 0, len(content))
        if not _holds(rom, content):
            raise FlashError(
                f"Verification failed: the MD5 of the {len(content):,} bytes in the flash is wrong.",
                "Flash again, with --baud 0; if it fails again, the flash is worn or write-protected.",
            )
        progress("verify", len(content), len(content))
        verified = time.perf_counter()
        baud = rom.baud
        return RomWritten(written - begun, verified - written, len(content), sent, baud, rom.rom.retries)


def holds_image(link: Link, image: Image, board: Board) -> tuple[bool, int]:
    """Return whether the flash holds ``image``, and the bytes that it takes there; nothing is written.

    Raises:
        BoardError, PortError, DeviceError, FlashError: as ``write_through_rom``.
    """
    check_fit(image, board)
    content = to_esp_image(image.data, board)
    with open_rom(link, board) as rom:
        return _holds(rom, content), len(content)


@dataclass
class OpenRom:
    """An open port, at which the loader of the right chip answers."""

    port: SerialPort
    rom: EspRom

    @property
    def baud(self) -> int:
        """The line's rate."""
        return self.port.baud


@contextlib.contextmanager
def open_rom(link: Link, board: Board, *, restart: bool = True) -> Iterator[OpenRom]:
    """Open the port and find the loader; at the end, reset the chip, which starts its image.

    If an application runs, it is asked to start the loader; else the board's modem lines do so.

    Args:
        link: the port, its rate for the transfer, and the lines of its reset.
        board: the board that must be there.
        restart: False leaves the loader active, for whatever opens the port next.

    Raises:
        PortError: the port is absent, busy or silent.
        DeviceError: another chip or board answers, or the chip takes only what a key made.
    """
    with SerialPort(link.port, board.uart) as port:
        rom = EspRom(port)
        _reach(rom, port, link, board)
        _check_chip(rom, link, board)
        if link.baud > board.uart.baud:
            rom.speed(link.baud)
        try:
            rom.attach(FLASH_BYTES)
            yield OpenRom(port, rom)
        except BaseException:
            # The next call finds the loader at the board's own rate.
            with contextlib.suppress(SensorBnnError):
                if port.baud != board.uart.baud:
                    rom.speed(board.uart.baud)
            raise
        if restart:
            _restart(rom, port, board)


def _reach(rom: EspRom, port: SerialPort, link: Link, board: Board) -> None:
    if link.reset:
        if len(link.reset) == 1:
            port.pull(link.reset[0])
        else:
            port.pull_into_rom(*link.reset)
        if rom.sync(_RESET_SECONDS):
            return
    elif rom.sync(_SYNC_SECONDS) or _ask_application(rom, port, board, link.port):
        return
    elif port.has_lines:
        port.pull_into_rom(*LINES)
        if rom.sync(_RESET_SECONDS):
            return
    if _BANNER in rom.noise:
        raise PortError(
            f"The chip's ROM at {link.port} writes its text, but does not answer.",
            "Is its receiving pin connected? Hold BOOT, press RESET, let go of BOOT, and try again.",
        )
    # What was sent comes back over a line without a device whose two wires touch.
    if rom.noise:
        raise PortError(
            f"Bytes come from the port {link.port}, but none of them answer: another device or rate, or the"
            " line returns what is sent.",
            "Check --port, --board and cable. Hold BOOT, press RESET, let go of BOOT, and try again.",
        )
    raise PortError(
        f"The port {link.port} is silent: neither the chip's ROM nor an application answers.",
        "Check cable, port and power. Hold BOOT, press RESET, let go of BOOT, and try again.",
    )


def _ask_application(rom: EspRom, port: SerialPort, board: Board, path: str) -> bool:
    client = Client(port)
    try:
        hello = client.hello(timeout=_HELLO_SECONDS, attempts=3)
    except PortError:
        return False
    if hello.board != board.name:
        raise DeviceError(
            f"The board at {path} says that it is {hello.board}, not {board.name}.",
            "Check --port and --board.",
        )
    client.enter_bootloader()
    return rom.sync(_RESET_SECONDS)


def _check_chip(rom: EspRom, link: Link, board: Board) -> None:
    info = rom.security_info()
    if info.chip_id != board.bootloader.chip_id:
        raise DeviceError(
            f"The chip at {link.port} answers the id {info.chip_id}; {board.name} has "
            f"{board.bootloader.chip_id}.",
            "Check --port and --board.",
        )
    locked = [
        name
        for name, on in (
            ("secure boot", info.secure_boot),
            ("secure download mode", info.secure_download),
            ("flash encryption", info.flash_encryption),
        )
        if on
    ]
    if locked:
        raise DeviceError(
            f"The chip at {link.port} has {' and '.join(locked)} on: it takes only what its key made.",
            "Sign or encrypt the build's rom-image.bin and write it with Espressif's tools.",
        )


def _holds(rom: OpenRom, content: bytes) -> bool:
    return rom.rom.md5(FLASH_ADDRESS, len(content)) == hashlib.md5(content, usedforsecurity=False).hexdigest()


def _write(rom: OpenRom, content: bytes, progress: Progress) -> int:
    """Erase and write; return the bytes sent. After a lost answer all begins again."""
    for attempt in range(_ATTEMPTS):
        try:
            progress("erase", 0, len(content))
            blocks = rom.rom.begin(FLASH_ADDRESS, len(content))
            progress("erase", len(content), len(content))
            for number in range(blocks):
                at = number * BLOCK_BYTES
                rom.rom.write_block(number, content[at : at + BLOCK_BYTES])
                progress("write", min(at + BLOCK_BYTES, len(content)), len(content))
            return len(content)
        except (FlashError, PortError) as error:
            if attempt == _ATTEMPTS - 1 or not isinstance(error, RefusalError | SilenceError):
                told = f"{error.message} The flash now holds no whole image."
                raise type(error)(told, error.remedy) from error
            rom.rom.retries += 1
            _log.info("%s: writing begins again", rom.port.path)
            rom.port.drain(quiet=_HELLO_SECONDS)
    raise AssertionError("unreachable")


def _restart(rom: EspRom, port: SerialPort, board: Board) -> None:
    """Reset the chip by its watchdog, and wait until that has happened: the loader answers until then."""
    rom.write_register(_OPTION1, 0, 1)
    rom.write_register(_WDTWPROTECT, _WDT_KEY)
    rom.write_register(_WDTCONFIG1, _WDT_TICKS)
    rom.write_last_register(_WDTCONFIG0, _WDT_RESETS)
    port.set_baud(board.uart.baud)
    deadline, said = time.monotonic() + port.patient(_WATCHDOG_SECONDS), b""
    while _BANNER not in said and (left := deadline - time.monotonic()) > 0:
        said += port.read_some(left)
