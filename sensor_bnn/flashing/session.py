"""A connection to a board's bootloader, identified and at the fastest rate."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sensor_bnn.errors import BoardError, DeviceError, PortError
from sensor_bnn.hardware.boards import Board, is_loaded_by_rom
from sensor_bnn.wire.an3155 import (
    ERASE,
    EXTENDED_ERASE,
    GET_CHECKSUM,
    GO,
    LONG_WRITE,
    READ,
    SPEED,
    WRITE,
    An3155,
    RefusalError,
)
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort

FAST_BAUD = 921_600
"""The default rate in baud: the fastest one that all common USB adapters reach."""

_SYNC_SECONDS = 0.5
_RESET_SECONDS = 3.0
_HELLO_SECONDS = 0.5


_log = logging.getLogger(__name__)

_REFUSALS = {
    1: ("there is no image", "Flash one."),
    2: ("it is another board's", "Build it for this board."),
    3: (
        "it was built for another address",
        "Flash the folder that `sensor-bnn build` left, not one file of it.",
    ),
    4: ("it is larger than the slot", "Check memory and bootloader in the board.toml."),
    5: ("it is not whole", "Flash it again."),
    6: (
        "it is not signed, and this board starts only signed ones",
        "Build it with --sign and the board's key.",
    ),
    7: ("its signature is not by this board's key", "Build it with --sign and the board's key."),
    8: (
        "it is older than one that has run on this board",
        "To go back on purpose, build it again with --sign: that gives it a new counter.",
    ),
    9: (
        "the board cannot record its start",
        "The flash of the board's journal is worn or write-protected: docs/protocol.md, Two slots.",
    ),
}
"""Reason and remedy by the lower half of Get Version's second option byte after a refused Go."""


_ON_OWN_CLOCK = 10
_SLOW_CLOCK = (
    "The %s at %s runs from its chip's own oscillator: the clock that its board.toml names did not start. "
    "Times may be wrong by some percent. Check the crystal, or the solder bridges of the debugger's clock."
)


@dataclass(frozen=True)
class Link:
    """How to reach a board.

    Attributes:
        port: the serial port's path.
        baud: the rate to change to where the bootloader offers Speed; 0 keeps the board's own.
        reset: names of modem lines (``dtr``, ``rts``): the first drives the board's reset, the second its
            BOOT0.
    """

    port: str
    baud: int = FAST_BAUD
    reset: tuple[str, ...] = ()


@dataclass
class Session:
    """An open port, both protocols over it, and what the bootloader reported about itself."""

    port: SerialPort
    bootloader: An3155
    client: Client
    version: int
    commands: frozenset[int]
    base_baud: int
    features: int = 0  # the second option byte of our bootloader
    sends_flash: bool = True
    checksum_bytes: int = 4  # checksums cover multiples of this many bytes

    @property
    def has_checksum(self) -> bool:
        """Whether the bootloader computes checksums itself."""
        return GET_CHECKSUM in self.commands

    @property
    def is_ours(self) -> bool:
        """Whether this is our resident bootloader and not one in a chip's ROM."""
        return self.bootloader.hasty

    @property
    def checks_signatures(self) -> bool:
        """Whether the board starts only images signed with its key."""
        return bool(self.features & 0x10)

    @property
    def is_on_own_clock(self) -> bool:
        """Whether the board's clock did not start, so that the chip runs from its own oscillator."""
        return self.is_ours and self.features & 0x0F == _ON_OWN_CLOCK

    @property
    def spare_slot(self) -> int | None:
        """The number of the slot for the next image; None if there is only one slot."""
        return (self.features >> 7) if self.features & 0x40 else None

    def go(self, address: int) -> None:
        """Start the application and change to its rate.

        Raises:
            RefusalError: its image is damaged, or the board may not start it; the message says why.
        """
        try:
            self.bootloader.go(address)
        except RefusalError:
            reason = _REFUSALS.get(self.bootloader.options()[1] & 0x0F) if self.is_ours else None
            if reason is None:
                raise
            raise RefusalError(
                f"The board refuses to start the image at {address:#010x}: {reason[0]}.", reason[1]
            ) from None
        self.port.set_baud(self.base_baud)


def refuse_without_bootloader(board: Board, what: str, esptool: str) -> None:
    """Refuse what only our bootloader does.

    Args:
        board: the board.
        what: what is refused, as the first words of the message.
        esptool: the command of Espressif's esptool that does it.

    Raises:
        BoardError: the chip's ROM starts the board's image.
    """
    if is_loaded_by_rom(board):
        raise BoardError(
            f"{what} requires our bootloader; on {board.name} the chip's ROM starts the image.",
            f"Use Espressif's esptool: `esptool --port PORT {esptool}`.",
        )


@contextmanager
def open_session(link: Link, board: Board) -> Iterator[Session]:
    """Open the port and find the bootloader; if an application runs, make it enter the bootloader.

    Raises:
        PortError: the port is absent, busy or silent.
        DeviceError: another chip or board answers.
    """
    with SerialPort(link.port, board.uart) as port:
        if link.reset:
            port.pull(*link.reset[:2])
        client = Client(port)
        bootloader = An3155(port)
        _reach(bootloader, client, board, link.port)
        version, commands = _identify(bootloader, board)
        bootloader.hasty = {SPEED, GET_CHECKSUM} <= commands  # only our bootloader has both commands
        features = 0
        if bootloader.hasty:
            bootloader.ahead, features = bootloader.options()
            bootloader.long_writes = LONG_WRITE in commands
            if features & 0x0F == _ON_OWN_CLOCK:
                _log.warning(_SLOW_CLOCK, board.name, link.port)
        if SPEED in commands and link.baud > board.uart.baud:
            bootloader.speed(link.baud)
        whose = "the resident bootloader" if bootloader.hasty else "a bootloader in ROM"
        _log.info("%s: %s, version %#04x, chip %#05x", link.port, whose, version, board.bootloader.chip_id)
        sends = READ in commands or not bootloader.hasty
        unit = 4 if sends else board.flash.page
        yield Session(
            *(port, bootloader, client, version, commands, board.uart.baud, features),
            sends_flash=sends,
            checksum_bytes=unit,
        )


def _reach(bootloader: An3155, client: Client, board: Board, port: str) -> None:
    # The bootloader is called first, because an application ignores the call. HELLO would be commands to a
    # bootloader.
    if bootloader.sync(_SYNC_SECONDS):
        return
    for _ in range(2):  # the client does not repeat this request, which may be lost
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


def _identify(bootloader: An3155, board: Board) -> tuple[int, frozenset[int]]:
    capabilities = bootloader.get()
    # Without Read Memory the flash is verified by checksums.
    looks = set() if GET_CHECKSUM in capabilities.commands else {READ}
    missing = ({WRITE, GO} | looks) - set(capabilities.commands)
    if missing or not {ERASE, EXTENDED_ERASE} & set(capabilities.commands):
        names = ", ".join(f"{code:#04x}" for code in sorted(missing or {ERASE, EXTENDED_ERASE}))
        raise DeviceError(
            f"The bootloader lacks the commands {names}.",
            "Check in ST's AN2606 what this part's bootloader supports, or use a debug probe.",
        )
    if EXTENDED_ERASE not in capabilities.commands:
        bootloader.erase_command = ERASE
    chip_id = bootloader.get_id()
    if chip_id != board.bootloader.chip_id:
        raise DeviceError(
            f"The chip answers the id {chip_id:#05x}; {board.name} has {board.bootloader.chip_id:#05x}.",
            "Check --port and --board.",
        )
    return capabilities.version, frozenset(capabilities.commands)
