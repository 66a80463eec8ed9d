"""``board.toml`` read into the facts of a board; a mistake is reported with file, key, value and rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from sensor_bnn.errors import BoardError
from sensor_bnn.hardware.facts import (
    FIRST_BYTES,
    HEADER_BYTES,
    Access,
    Address,
    Board,
    Bootloader,
    Counter,
    Driver,
    Emulator,
    EnergyPin,
    Flash,
    Flasher,
    Led,
    Power,
    Protection,
    Ram,
    Region,
    Setup,
    Text,
    Uart,
    Uf2,
    UsbId,
    Watchdog,
    Word,
    Write,
    is_loaded_by_rom,
)
from sensor_bnn.reading import Source, read_toml

BOARD_FILE = "board.toml"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")  # 31 bytes: the image header keeps 32 with a closing NUL
_MOST_PAGES = 0xFFF0  # Extended Erase numbers pages in 16 bits and keeps the numbers from here on for itself


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file whose keys are not a fact's fields: some follow from others, some are renamed."""


class _Memory(_Table, frozen=True):
    flash: Flash
    ram: Ram
    large: Region | None = None


class _Bootloader(_Table, frozen=True):
    size: Annotated[int, Meta(ge=0, le=1 << 32)]
    chip_id: Annotated[int, Meta(ge=0, le=0xFFFF)]
    alias: Address | None = None
    mark: tuple[Word, ...] = ()
    slots: Annotated[int, Meta(ge=1, le=2)] = 1
    journal: Literal[0, 2] = 0
    journal_sector: Annotated[int, Meta(ge=0, le=1 << 16)] = 0
    boot2: Driver | None = None
    rom_pages: Annotated[int, Meta(ge=0, le=1 << 16)] = 0

    def facts(self, flash: Flash) -> Bootloader:
        alias = flash.origin if self.alias is None else self.alias
        return Bootloader(
            *(self.size, self.chip_id, alias, self.mark, self.slots, self.journal, self.journal_sector),
            *(self.boot2 or "", self.rom_pages),
        )


class _Setup(_Table, frozen=True):
    register: Address
    clear: Word = 0
    set: Word = 0
    wait: Word = 0
    until: Word | None = None

    def facts(self) -> Setup:
        until = self.wait if self.until is None else self.until
        return Setup(self.register, self.clear, self.set, self.wait, until)


class _EnergyPin(_Table, frozen=True):
    raised: Write = msgspec.field(name="raise")
    lowered: Write = msgspec.field(name="lower")


class _Led(_Table, frozen=True):
    on: Write
    off: Write
    setup: tuple[_Setup, ...]


class _Flasher(_Table, frozen=True):
    via: Flasher


class _Usb(_Table, frozen=True):
    ids: tuple[UsbId, ...]


class _File(_Table, frozen=True):
    name: Annotated[
        str,
        Meta(
            pattern=rf"\A{NAME.pattern}\Z",
            extra={"rule": "small letters, digits and hyphens, at most 31"},
        ),
    ]
    title: Text
    target: Text
    run_on_hardware: bool
    memory: _Memory
    bootloader: _Bootloader
    uart: Uart
    counter: Counter
    soc: Driver = ""
    setup: tuple[_Setup, ...] = ()
    fallback: tuple[_Setup, ...] = ()
    flasher: _Flasher = _Flasher("an3155")
    emulator: Emulator | None = None
    energy_pin: _EnergyPin | None = None
    power: Power | None = None
    uf2: Uf2 | None = None
    usb: _Usb = _Usb(())
    watchdog: Watchdog | None = None
    led: _Led | None = None
    protection: Protection | None = None
    reset: Write | None = None

    def board(self, folder: Path) -> Board:
        pin, led = self.energy_pin, self.led
        return Board(
            name=self.name,
            title=self.title,
            target=self.target,
            soc=self.soc,
            run_on_hardware=self.run_on_hardware,
            flash=self.memory.flash,
            ram=self.memory.ram,
            bootloader=self.bootloader.facts(self.memory.flash),
            uart=self.uart,
            counter=self.counter,
            setup=tuple(setup.facts() for setup in self.setup),
            fallback=tuple(setup.facts() for setup in self.fallback),
            flasher=self.flasher.via,
            emulator=self.emulator,
            folder=folder,
            energy_pin=None if pin is None else EnergyPin(pin.raised, pin.lowered),
            uf2=self.uf2,
            large=self.memory.large,
            usb_ids=self.usb.ids,
            watchdog=self.watchdog,
            led=None if led is None else Led(tuple(setup.facts() for setup in led.setup), led.on, led.off),
            protection=self.protection,
            power=self.power,
            reset=self.reset,
        )


def read_board(folder: Path) -> Board:
    """Read and validate ``folder/board.toml``.

    Raises:
        BoardError: the file is missing, is no TOML, or a key is missing, unknown or out of range; the
            message names file, key, value and rule.
    """
    file = folder / BOARD_FILE
    source = Source(str(file), BoardError, "Correct the board's file.")
    board = read_toml(file, _File, source).board(folder)
    problem = next(_problems(board), None)
    if problem is not None:
        raise source.wrong(problem)
    return board


def _problems(board: Board) -> Iterator[str]:
    """What no key breaks alone. An earlier rule may be what a later one is computed with."""
    if board.name != board.folder.resolve().name:
        yield f"name is {board.name!r}; it must be {board.folder.resolve().name!r}, the name of the folder"
    yield from _flash_problems(board.flash)
    yield from _ram_problems(board)
    yield from _bootloader_problems(board)
    yield from _protection_problems(board)
    for key, register in _registers(board):
        if register % 4:
            yield f"{key} is {register:#x}; it must be a multiple of 4"
    if is_loaded_by_rom(board) and (board.bootloader.size or board.flash.driver != "external"):
        yield "flasher.via is 'esp-rom'; it requires bootloader.size 0 and memory.flash.driver 'external'"
    if board.flasher == "uf2" and board.uf2 is None:
        yield "uf2 is missing; flasher.via is 'uf2', which needs it"


def _flash_problems(flash: Flash) -> Iterator[str]:
    yield from _region_problems("memory.flash", flash)
    together = sum(flash.first_sectors)
    if flash.first_sectors and together != flash.page:
        yield (
            f"memory.flash.first_sectors has {together} bytes; they must make one page of {flash.page} bytes "
            f"together"
        )
    if flash.size % flash.page:
        yield (
            f"memory.flash.size is {flash.size:#x}; it must be a whole number of pages of {flash.page} bytes"
        )
    if flash.code is not None and (
        flash.code % HEADER_BYTES or flash.code + flash.size > 1 << 32 or _overlap(flash, _code(flash))
    ):
        yield (
            f"memory.flash.code is {flash.code:#x}; it must be a multiple of {HEADER_BYTES} from which the "
            f"flash ends in the 32-bit address space, apart from memory.flash"
        )
    if flash.vectors is not None and (
        flash.vectors % FIRST_BYTES or _overlap(flash, Region(flash.vectors, FIRST_BYTES))
    ):
        yield (
            f"memory.flash.vectors is {flash.vectors:#x}; it must be a multiple of {FIRST_BYTES} apart from "
            f"memory.flash, and is left out where the core starts in the flash"
        )
    if flash.size // flash.page > _MOST_PAGES:
        yield (
            f"memory.flash.page is {flash.page}; it must make at most {_MOST_PAGES} pages, as many as "
            f"Extended Erase can number"
        )
    if flash.access is not None:
        yield from _access_problems(flash.access)


def _access_problems(access: Access) -> Iterator[str]:
    key = "memory.flash.access"
    caches = {"code": access.code, "data": access.data, "shared": access.shared}
    sizes = {f"{key}.read_bytes": access.read_bytes}
    for name, cache in caches.items():
        if cache is not None:
            sizes |= {f"{key}.{name}.{part}": size for part, size in asdict(cache).items()}
    for name, size in sizes.items():
        if size.bit_count() != 1:
            yield f"{name} is {size}; it must be a power of two"
    if access.shared is not None and (access.code or access.data) is not None:
        yield f"{key}.shared is a cache for code and data; it excludes {key}.code and {key}.data"
    for name, cache in caches.items():
        if cache is None:
            continue
        if not access.read_bytes <= cache.line_bytes <= 64 * access.read_bytes:
            yield (
                f"{key}.{name}.line_bytes is {cache.line_bytes}; it must be at least {key}.read_bytes, "
                f"{access.read_bytes}, and at most 64 times as much"
            )
        if cache.line_bytes * cache.ways > cache.bytes:
            yield (
                f"{key}.{name}.bytes is {cache.bytes}; it must hold at least one set, "
                f"{cache.ways} lines of {cache.line_bytes} bytes"
            )


def _code(flash: Flash) -> Region:
    """The flash where the core fetches its code."""
    return Region(flash.origin + flash.code_offset, flash.size)


def _ram_problems(board: Board) -> Iterator[str]:
    ram, large = board.ram, board.large
    yield from _region_problems("memory.ram", ram)
    # The procedure call standard of a Cortex-M keeps the stack pointer at a multiple of 8.
    if ram.stack % 8:
        yield f"memory.ram.stack is {ram.stack:#x}; it must be a multiple of 8"
    if ram.stack >= ram.size:
        yield f"memory.ram.stack is {ram.stack:#x}; it leaves no room for data in memory.ram"
    if _overlap(board.flash, ram):
        yield "memory.ram overlaps memory.flash"
    if large is not None:
        yield from _region_problems("memory.large", large)
        if _overlap(large, board.flash) or _overlap(large, ram):
            yield "memory.large overlaps memory.flash or memory.ram"


def _region_problems(key: str, region: Region) -> Iterator[str]:
    if region.end > 1 << 32:
        yield f"{key}.size is {region.size:#x}; from its origin it reaches beyond the 32-bit address space"


def _bootloader_problems(board: Board) -> Iterator[str]:
    boot, flash = board.bootloader, board.flash
    if boot.alias + flash.size > 1 << 32:
        yield (
            f"bootloader.alias is {boot.alias:#x}; it must be at most {(1 << 32) - flash.size:#x}, so that "
            f"the flash ends in the 32-bit address space"
        )
    if boot.journal and flash.first_sectors:
        pages = flash.first_sectors[boot.journal_sector :][: boot.journal]
        if boot.journal_sector == 0 or len(pages) != boot.journal or len(set(pages)) != 1:
            yield (
                f"bootloader.journal_sector is {boot.journal_sector}; it must be the first of two equal ones "
                f"of memory.flash.first_sectors"
            )
    elif boot.journal_sector:
        yield (
            f"bootloader.journal_sector is {boot.journal_sector}; it requires a journal and "
            f"memory.flash.first_sectors"
        )
    if boot.slots == 2 and not boot.journal:
        yield "bootloader.slots is 2; that requires a journal of 2 pages"
    size = f"bootloader.size is {boot.size:#x}; it"
    if boot.size >= flash.size:
        yield f"{size} leaves no room for an application in memory.flash"
    if board.slot.origin % HEADER_BYTES:
        yield f"{size} must put the application slot on a multiple of {HEADER_BYTES}"
    if boot.size and board.bootloader_room <= 0:
        yield f"bootloader.journal is {boot.journal}; it leaves no room for the bootloader in bootloader.size"
    if any(slot.origin % HEADER_BYTES for slot in board.slots):
        yield f"bootloader.slots is {boot.slots}; the second slot must be on a multiple of {HEADER_BYTES}"
    if boot.size % flash.page:
        yield f"{size} must be a whole number of pages of {flash.page} bytes"


def _protection_problems(board: Board) -> Iterator[str]:
    if board.protection is None:
        return
    words = {word.register for word in board.protection.words}
    for field in board.protection.fields:
        if field.register not in words:
            yield f"protection names {field.register:#x}; it must be one of protection.words"
    for place, sectors in enumerate(board.protection.sectors):
        if len(sectors.sizes) not in (1, sectors.mask.bit_count()):
            yield (
                f"protection.sectors[{place}].sizes has {len(sectors.sizes)} sizes; it must have one, or one "
                f"for each of the {sectors.mask.bit_count()} bits"
            )
    for place, word in enumerate(board.protection.words):
        if word.rom and sum(count for _, count in word.rom) != 4:
            yield f"protection.words[{place}].rom must have 4 bytes in total"
    brown_out = board.protection.brown_out
    if brown_out is not None and len(brown_out.levels) > 1 << brown_out.mask.bit_count():
        yield (
            f"protection.brown_out.levels has {len(brown_out.levels)} texts; its field has "
            f"{1 << brown_out.mask.bit_count()} values"
        )


def _registers(board: Board) -> Iterator[tuple[str, int]]:
    """Every register of the file, by its key: the core reads and writes them as aligned words."""
    for place, setup in enumerate(board.setup):
        yield f"setup[{place}].register", setup.register
    for place, setup in enumerate(board.fallback):
        yield f"fallback[{place}].register", setup.register
    if board.energy_pin is not None:
        yield "energy_pin.raise.register", board.energy_pin.raised.register
        yield "energy_pin.lower.register", board.energy_pin.lowered.register
    if board.watchdog is not None:
        yield "watchdog.cause.register", board.watchdog.cause.register
    if board.led is not None:
        for place, setup in enumerate(board.led.setup):
            yield f"led.setup[{place}].register", setup.register
        yield "led.on.register", board.led.on.register
        yield "led.off.register", board.led.off.register
    if board.protection is not None:
        for place, word in enumerate(board.protection.words):
            yield f"protection.words[{place}].register", word.register
    if board.reset is not None:
        yield "reset.register", board.reset.register


def _overlap(left: Region, right: Region) -> bool:
    return left.origin < right.end and right.origin < left.end
