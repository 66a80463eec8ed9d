"""The facts about a board that the other stages use, and values derived from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

Address = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Word = Annotated[int, Meta(ge=0, le=2**32 - 1)]
"""A register's value, or bits of it."""

Bytes = Annotated[int, Meta(ge=1, le=2**32)]
PowerOfTwo = Annotated[int, Meta(ge=1, le=1 << 20)]
"""A size or a number that is a power of two."""

Page = Annotated[int, Meta(ge=256, le=1 << 24)]
Hertz = Annotated[int, Meta(ge=1, le=10**10)]
Text = Annotated[str, Meta(min_length=1)]
Driver = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]*\Z", extra={"rule": "a word in small letters"})]
Flasher = Literal["an3155", "esp-rom", "gdb", "process", "uf2"]
UsbId = Annotated[
    str,
    Meta(
        pattern=r"\A[0-9a-f]{4}:[0-9a-f]{4}\Z",
        extra={"rule": "vendor:product in small hexadecimal digits, such as 0483:374b"},
    ),
]

# The table that follows it may have up to 128 words: it must be at a multiple of its size, rounded up to a
# power of two.
HEADER_BYTES = 512  # the image header at the start of the application slot; the vector table follows it
BOOT2_BYTES = (
    256  # a second stage of boot, before the bootloader's vector table; the last four are its checksum
)

FIRST_BYTES = 8
"""What a Cortex-M reads first after a reset: its stack pointer and where it starts."""


@dataclass(frozen=True)
class Region:
    """A range of the address space, in bytes."""

    origin: Address
    size: Bytes

    @property
    def end(self) -> int:
        """The first address after the region."""
        return self.origin + self.size


@dataclass(frozen=True)
class Cache:
    """A cache: its bytes, those of a line, and the number of lines in a set."""

    bytes: PowerOfTwo
    line_bytes: PowerOfTwo
    ways: PowerOfTwo


@dataclass(frozen=True)
class Access:
    """What the core waits for while it reads the flash, for estimates.

    One read brings ``read_bytes``, and the core waits ``wait`` of its cycles for it. ``code`` and ``data``
    are the caches for instructions and for everything else, ``shared`` is one for both. Without one for code
    the bytes of the last read are kept, without one for data nothing is. With ``prefetch`` the next read of
    code begins by itself. ``at_least``: no manual states all cycles of a read, so that the real waits are
    longer. ``assumes`` is what else is assumed, and ``source`` says where the rest is stated.
    """

    wait: Annotated[int, Meta(ge=0, le=10_000)]
    read_bytes: PowerOfTwo
    source: Annotated[str, Meta(min_length=1, max_length=300)]
    prefetch: bool = False
    code: Cache | None = None
    data: Cache | None = None
    shared: Cache | None = None
    at_least: bool = False
    assumes: Annotated[str, Meta(max_length=300)] = ""


@dataclass(frozen=True)
class Flash(Region):
    """The flash: the driver of ``firmware/`` that writes it, and the bytes of a page, its unit of erasure.

    The first page may consist of several smaller sectors of the chip; ``first_sectors`` are their sizes in
    bytes. Each later page is one sector.

    ``error_codes``: the flash has error-correcting codes, so that reading a word which a power cut left half
    written is a fault. The driver must be able to find such words (``flash_is_readable``).

    ``code`` is the address of its first byte on the bus from which the core fetches instructions, where that
    is another address than the one for data. ``vectors`` is the address from which the core reads stack and
    start after a reset, where that is not the flash: whatever loads the bootloader writes them there too.

    ``access`` is what reading it costs; None if that is not known.
    """

    driver: Driver
    page: Page
    first_sectors: tuple[Annotated[int, Meta(ge=1, le=1 << 24)], ...] = ()
    error_codes: bool = False
    code: Address | None = None
    access: Access | None = None
    vectors: Address | None = None

    @property
    def code_offset(self) -> int:
        """What to add to the address of a byte of code to get the address where the core fetches it."""
        return 0 if self.code is None else self.code - self.origin


@dataclass(frozen=True)
class Ram(Region):
    """The RAM. The application's stack takes the first ``stack`` bytes."""

    stack: Page


@dataclass(frozen=True)
class Bootloader:
    """The resident bootloader: its bytes at the start of flash, and the chip id that it answers.

    ``alias`` is the address where hosts that know the chip expect the flash; it is a second address of the
    flash. ``boot2`` names the second stage of boot that comes before its vectors, where the chip's ROM
    requires one. ``mark`` are words after its vectors by which a bootloader in ROM recognises a program.
    The last ``journal`` pages of ``size`` (two, or none) hold what the board remembers about its images;
    only with them it may have two ``slots``. If the first page has several sectors, the journal's pages
    are two sectors of equal size, beginning with sector ``journal_sector``. ``rom_pages`` is the number of
    pages, from the first on, whose numbers in the ROM's own erase command are known; 0: those of all are.
    """

    size: int
    chip_id: int
    alias: int
    mark: tuple[int, ...] = ()
    slots: int = 1
    journal: int = 0
    journal_sector: int = 0
    boot2: str = ""
    rom_pages: int = 0


@dataclass(frozen=True)
class Uart:
    """The serial port for flashing and benchmarks: a driver of ``firmware/`` and its facts."""

    driver: Driver
    base: Address
    clock_hz: Hertz
    irq: Annotated[int, Meta(ge=0, le=1023)]
    baud: Annotated[int, Meta(ge=1200, le=10**7)]
    parity: Literal["none", "even", "odd"]


@dataclass(frozen=True)
class Counter:
    """The timer that the firmware uses if the core's cycle counter does not count.

    ``deviation`` is by what share its clock may be off: 0 for a crystal's, which is far better than a host
    can measure over a serial port.
    """

    driver: Driver
    clock_hz: Hertz
    deviation: Annotated[float, Meta(ge=0, le=0.1)] = 0.0


@dataclass(frozen=True)
class Setup:
    """A change of a register that start-up makes before anything else: ``value & ~clear | set``.

    Start-up then waits until ``value & wait == until``; ``wait`` is 0 if there is nothing to wait for.
    """

    register: int
    clear: int
    set: int
    wait: int = 0
    until: int = 0


@dataclass(frozen=True)
class Write:
    """A write of a value to a register."""

    register: Address
    value: Word


@dataclass(frozen=True)
class EnergyPin:
    """The two writes that raise and lower a pin around every inference, for an energy meter."""

    raised: Write
    lowered: Write


@dataclass(frozen=True)
class Uf2:
    """The drive that flashes the board: the UF2 family of its files, and what its Board-ID begins with."""

    family: Word
    board_id: Text


@dataclass(frozen=True)
class ResetCause:
    """The register with the cause of the last reset: the watchdog's bits, and the bits that clear it."""

    register: Address
    fired: Word
    clear: Word


@dataclass(frozen=True)
class Watchdog:
    """The watchdog, which resets a board whose application has not fed it for ``seconds``.

    ``outlives_reset``: it may go on counting through a reset by software, into the bootloader.
    """

    driver: Driver
    base: Address
    clock_hz: Hertz
    seconds: Annotated[int, Meta(ge=1, le=3600)]
    cause: ResetCause = ResetCause(0, 0, 0)
    outlives_reset: bool = False


@dataclass(frozen=True)
class Power:
    """The current that the chip takes while its core runs code from flash, as its maker states it.

    ``microamps_per_mhz`` at ``volts``; ``source`` names where it is stated, and the conditions.
    """

    microamps_per_mhz: Annotated[float, Meta(gt=0, le=10_000)]
    volts: Annotated[float, Meta(gt=0, le=24)]
    source: Annotated[str, Meta(min_length=1, max_length=200)]


@dataclass(frozen=True)
class Led:
    """A light of the board that says why it does not start as it should (docs/bring-up.md).

    ``setup`` gives the pin to the program; nothing is done to it while there is nothing to say.
    """

    setup: tuple[Setup, ...]
    on: Write
    off: Write


@dataclass(frozen=True)
class Field:
    """Bits of a register, of one run."""

    register: Address
    mask: Annotated[int, Meta(ge=1, le=2**32 - 1)]

    def of(self, value: int) -> int:
        """Return the field's value in that of its register."""
        return (value & self.mask) >> ((self.mask & -self.mask).bit_length() - 1)


@dataclass(frozen=True)
class ReadProtection(Field):
    """The level of read protection: the field's value without any, and the value that is final, if one is."""

    none: Word
    final: Word | None = None


@dataclass(frozen=True)
class BrownOut(Field):
    """The supply below which the chip resets itself: a text for each value of the field, ``off`` for none."""

    levels: tuple[Text, ...]


@dataclass(frozen=True)
class ProtectedSectors(Field):
    """A bit per sector, 0 if it is write-protected; the sectors' sizes in bytes, in the order of the bits.

    One size means that all sectors have it.
    """

    origin: Address
    sizes: tuple[Bytes, ...]

    def protected(self, value: int) -> tuple[Region, ...]:
        """Return the protected sectors."""
        count = self.mask.bit_count()
        at, found = self.origin, []
        for bit, size in enumerate(self.sizes * (count if len(self.sizes) == 1 else 1)):
            if not self.of(value) >> bit & 1:
                found.append(Region(at, size))
            at += size
        return tuple(found)


@dataclass(frozen=True)
class ProtectedPages(Field):
    """The first page of a write-protected range; ``last`` has the bits of the last one.

    There is no such range if the last page is before the first. Pages are counted from ``origin``.
    """

    last: Word
    origin: Address
    page: Bytes

    def protected(self, value: int) -> tuple[Region, ...]:
        """Return the protected range, if there is one."""
        first, last = self.of(value), Field(self.register, self.last).of(value)
        size = (last + 1 - first) * self.page
        return (Region(self.origin + first * self.page, size),) if first <= last else ()


@dataclass(frozen=True)
class Expected(Field):
    """An option that the board's other facts assume: its value, and what it means."""

    value: Word
    text: Text


@dataclass(frozen=True)
class OptionWord:
    """A register with a chip's option bytes.

    ``rom`` says where a bootloader in ROM shows the same: pairs of an address and a number of bytes, which
    together make the word, the lowest first. Without them that is the register's own address.
    """

    register: Address
    rom: tuple[tuple[Address, Annotated[int, Meta(ge=1, le=4)]], ...] = ()


@dataclass(frozen=True)
class Protection:
    """What a chip's option bytes protect."""

    words: tuple[OptionWord, ...]
    read: ReadProtection
    brown_out: BrownOut | None = None
    sectors: tuple[ProtectedSectors, ...] = ()
    pages: tuple[ProtectedPages, ...] = ()
    expects: tuple[Expected, ...] = ()

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields."""
        brown_out = () if self.brown_out is None else (self.brown_out,)
        return (self.read, *brown_out, *self.sectors, *self.pages, *self.expects)


@dataclass(frozen=True)
class Emulator:
    """The program that emulates the board, with ``2**icount_shift`` ns of virtual time per instruction.

    ``default``: the demo runs on this board if none is named; exactly one board is the default.
    """

    program: Text
    arguments: tuple[str, ...]
    icount_shift: Annotated[int, Meta(ge=0, le=10)]
    default: bool = False


@dataclass(frozen=True)
class Board:
    """One board, as described by its ``board.toml``."""

    name: str
    title: str
    target: str
    soc: str  # prefix of the chip's file in ``firmware/hal``; empty for a Cortex-M
    run_on_hardware: bool
    flash: Flash
    ram: Ram
    bootloader: Bootloader
    uart: Uart
    counter: Counter
    setup: tuple[Setup, ...]
    flasher: str  # what writes the image into the flash; "process" starts it as a program
    emulator: Emulator | None
    folder: Path
    energy_pin: EnergyPin | None = None
    uf2: Uf2 | None = None
    large: Region | None = None  # slower RAM, for an arena that does not fit ``ram``
    usb_ids: tuple[str, ...] = ()  # "vendor:product" in hex, of its debug probe's or its own serial port
    watchdog: Watchdog | None = None
    fallback: tuple[Setup, ...] = ()  # after the first step of ``setup`` whose wait does not end in time
    led: Led | None = None
    protection: Protection | None = None
    power: Power | None = None  # for estimates of energy
    reset: Write | None = None  # resets the chip, where the core's own request resets the core alone
    given_slot: Region | None = None  # the slot of another bootloader than ours, which the product has

    @property
    def slot(self) -> Region:
        """The application slot: all of the flash after our bootloader, or that of another one."""
        if self.given_slot is not None:
            return self.given_slot
        return Region(self.flash.origin + self.bootloader.size, self.flash.size - self.bootloader.size)

    @property
    def slots(self) -> tuple[Region, ...]:
        """The possible places of an image: the slot's start, and, with two slots, also its middle.

        The first is the whole slot: a large image in it extends over the second.
        """
        if self.bootloader.slots == 1:
            return (self.slot,)
        half = self.slot.size // self.flash.page // 2 * self.flash.page
        return self.slot, Region(self.slot.origin + half, self.slot.size - half)

    @property
    def journal(self) -> Region:
        """The pages in which bootloader and application record what they know about the images.

        The bootloader's own program must end before them.
        """
        count, first = self.bootloader.journal, self.bootloader.journal_sector
        sectors = self.flash.first_sectors
        if count and sectors:
            return Region(self.flash.origin + sum(sectors[:first]), count * sectors[first])
        size = count * self.flash.page
        return Region(self.slot.origin - size, size)

    @property
    def bootloader_vectors(self) -> int:
        """The address of the bootloader's vector table."""
        return self.flash.origin + (BOOT2_BYTES if self.bootloader.boot2 else 0)

    @property
    def bootloader_room(self) -> int:
        """The most bytes that the bootloader's program may take."""
        return self.journal.origin - self.flash.origin


def ram_bytes(board: Board) -> int:
    """The bytes of all RAM that the firmware uses."""
    return board.ram.size + (0 if board.large is None else board.large.size)


def is_program(board: Board) -> bool:
    """Whether the board's firmware is a program of an operating system, without bootloader and flash."""
    return board.flasher == "process"


def is_loaded_by_rom(board: Board) -> bool:
    """Whether the chip's ROM loads the whole image into RAM and starts it, without a bootloader of ours."""
    return board.flasher == "esp-rom"


def has_bootloader(board: Board) -> bool:
    """Whether our bootloader starts the board's image."""
    return not is_program(board) and not is_loaded_by_rom(board)


def is_only_emulated(board: Board) -> bool:
    """Whether the board exists in an emulator alone; a program of an emulated Linux runs on machines too."""
    return board.emulator is not None and not is_program(board)
