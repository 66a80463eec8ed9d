"""What a board is: the facts that every stage asks for, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

Address = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Word = Annotated[int, Meta(ge=0, le=2**32 - 1)]
"""A register's value, or bits of it."""

Bytes = Annotated[int, Meta(ge=1, le=2**32)]
Page = Annotated[int, Meta(ge=256, le=1 << 24)]
Hertz = Annotated[int, Meta(ge=1, le=10**10)]
Text = Annotated[str, Meta(min_length=1)]
Driver = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]*\Z", extra={"rule": "a word in small letters"})]
Flasher = Literal["an3155", "gdb", "process", "uf2"]
UsbId = Annotated[
    str,
    Meta(
        pattern=r"\A[0-9a-f]{4}:[0-9a-f]{4}\Z",
        extra={"rule": "vendor:product in small hexadecimal digits, such as 0483:374b"},
    ),
]

HEADER_BYTES = 512  # the image header at the start of the application slot; the vector table follows it


@dataclass(frozen=True)
class Region:
    """A range of the address space, in bytes."""

    origin: Address
    size: Bytes

    @property
    def end(self) -> int:
        """The first address behind the region."""
        return self.origin + self.size


@dataclass(frozen=True)
class Flash(Region):
    """The flash: which driver of ``firmware/`` writes it, and the bytes of a page, its unit of erasure.

    The first page may be several sectors of the chip's, smaller ones: ``first_sectors`` are their bytes.
    Each later page is one sector.
    """

    driver: Driver
    page: Page
    first_sectors: tuple[Annotated[int, Meta(ge=1, le=1 << 24)], ...] = ()


@dataclass(frozen=True)
class Ram(Region):
    """The RAM, of which the application's stack takes the first ``stack`` bytes."""

    stack: Page


@dataclass(frozen=True)
class Bootloader:
    """The resident bootloader: bytes it takes at the start of flash, and the chip id it answers.

    ``alias`` is where hosts that know the chip expect the flash; addresses from there on mean it too.
    ``mark`` are the words behind its vectors by which a bootloader in ROM knows it for a program.
    ``journal`` pages at the end of ``size`` (two, or none) hold what the board remembers of its images;
    with them it may have two ``slots`` for these. Where the first page is of several sectors, two of equal
    size are the journal's pages, from sector ``journal_sector`` on.
    """

    size: int
    chip_id: int
    alias: int
    mark: tuple[int, ...] = ()
    slots: int = 1
    journal: int = 0
    journal_sector: int = 0


@dataclass(frozen=True)
class Uart:
    """The serial port of flasher and benchmark: a driver of ``firmware/`` and its facts."""

    driver: Driver
    base: Address
    clock_hz: Hertz
    irq: Annotated[int, Meta(ge=0, le=1023)]
    baud: Annotated[int, Meta(ge=1200, le=10**7)]
    parity: Literal["none", "even", "odd"]


@dataclass(frozen=True)
class Counter:
    """The timer that the firmware falls back to when the core's cycle counter stands still."""

    driver: Driver
    clock_hz: Hertz


@dataclass(frozen=True)
class Setup:
    """A register that start-up changes before anything else: ``value & ~clear | set``.

    Start-up then waits until ``value & wait == until``; ``wait`` is 0 where there is nothing to wait for.
    """

    register: int
    clear: int
    set: int
    wait: int = 0
    until: int = 0


@dataclass(frozen=True)
class Write:
    """A value for a register."""

    register: Address
    value: Word


@dataclass(frozen=True)
class EnergyPin:
    """A pin that is raised round every inference, for an instrument that measures energy: two writes."""

    raised: Write
    lowered: Write


@dataclass(frozen=True)
class Uf2:
    """The drive by which the board is flashed: the family of its files, and its own Board-ID."""

    family: Word
    board_id: Text


@dataclass(frozen=True)
class ResetCause:
    """The register that tells why the chip was reset: its bits for the watchdog, and those that clear it."""

    register: Address
    fired: Word
    clear: Word


@dataclass(frozen=True)
class Watchdog:
    """What resets a board whose application is not heard of for ``seconds``; ``cause`` where it tells."""

    driver: Driver
    base: Address
    clock_hz: Hertz
    seconds: Annotated[int, Meta(ge=1, le=3600)]
    cause: ResetCause = ResetCause(0, 0, 0)


@dataclass(frozen=True)
class Emulator:
    """The program that emulates the board; ``2**icount_shift`` ns of virtual time an instruction.

    ``default``: the demo runs on this board when none is named; one board says so.
    """

    program: Text
    arguments: tuple[str, ...]
    icount_shift: Annotated[int, Meta(ge=0, le=10)]
    default: bool = False


@dataclass(frozen=True)
class Board:
    """One board, as its ``board.toml`` states it."""

    name: str
    title: str
    target: str
    soc: str  # what of ``firmware/hal`` the chip adds to its core; empty for a Cortex-M
    run_on_hardware: bool
    flash: Flash
    ram: Ram
    bootloader: Bootloader
    uart: Uart
    counter: Counter
    setup: tuple[Setup, ...]
    flasher: str  # "an3155", "gdb" or "uf2" bring the image into the flash; "process" starts it as a program
    emulator: Emulator | None
    folder: Path
    energy_pin: EnergyPin | None = None
    uf2: Uf2 | None = None
    large: Region | None = None  # slower RAM, for an arena that finds no room in ``ram``
    usb_ids: tuple[str, ...] = ()  # "vendor:product" in hex, of its debug probe's or its own serial port
    watchdog: Watchdog | None = None

    @property
    def slot(self) -> Region:
        """The application slot: all of the flash behind the bootloader."""
        return Region(self.flash.origin + self.bootloader.size, self.flash.size - self.bootloader.size)

    @property
    def slots(self) -> tuple[Region, ...]:
        """Where an image can stand: in the slot from its start, or, with two slots, from its middle on.

        The first is the whole slot: an image that needs it stands over the second.
        """
        if self.bootloader.slots == 1:
            return (self.slot,)
        half = self.slot.size // self.flash.page // 2 * self.flash.page
        return self.slot, Region(self.slot.origin + half, self.slot.size - half)

    @property
    def journal(self) -> Region:
        """The pages in which bootloader and application note what they know of the images.

        The bootloader's own program stands before it.
        """
        count, first = self.bootloader.journal, self.bootloader.journal_sector
        sectors = self.flash.first_sectors
        if count and sectors:
            return Region(self.flash.origin + sum(sectors[:first]), count * sectors[first])
        size = count * self.flash.page
        return Region(self.slot.origin - size, size)

    @property
    def bootloader_room(self) -> int:
        """Bytes that the bootloader's program may take."""
        return self.journal.origin - self.flash.origin


def ram_bytes(board: Board) -> int:
    """Bytes of all RAM that the firmware uses."""
    return board.ram.size + (0 if board.large is None else board.large.size)


def is_program(board: Board) -> bool:
    """Whether the board's firmware is a program of an operating system, with no bootloader and no flash."""
    return board.flasher == "process"
