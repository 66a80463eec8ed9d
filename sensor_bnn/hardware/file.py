"""Reads ``board.toml`` into frozen dataclasses; an error names file, key and reason."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from sensor_bnn.errors import BoardError
from sensor_bnn.hardware.facts import (
    HEADER_BYTES,
    Board,
    Bootloader,
    Counter,
    Emulator,
    EnergyPin,
    Flash,
    Ram,
    Region,
    ResetCause,
    Setup,
    Uart,
    Uf2,
    Watchdog,
    Write,
)

BOARD_FILE = "board.toml"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")  # 31 bytes: the image header has 32, with a final NUL
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_FLASHERS = ("an3155", "gdb", "process", "uf2")
_PARITIES = ("none", "even", "odd")


def read_board(folder: Path) -> Board:
    """Read and validate ``folder/board.toml``.

    Raises:
        BoardError: the file is missing or not valid TOML, or a key is missing, unknown or out of range; the
            message names file, key and reason.
    """
    file = folder / BOARD_FILE
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BoardError(
            f"Cannot read {file}: {error.strerror}.", "Check the board's folder and its permissions."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BoardError(f"{file} is not valid TOML: {error}.", "Correct the line that it names.") from None

    top = _Table(file, "", content)
    name = top.text("name", NAME, "small letters, digits and hyphens, at most 31")
    if name != folder.resolve().name:
        top.fail("name", f"is {name!r}, but the folder is {folder.resolve().name!r}")
    memory = top.table("memory")
    flash = _flash(memory.table("flash"))
    bootloader = _bootloader(top.table("bootloader"), flash)
    board = Board(
        name=name,
        title=top.text("title"),
        target=top.text("target"),
        soc=top.text("soc", _WORD, "a word") if "soc" in content else "",
        run_on_hardware=top.flag("run_on_hardware"),
        flash=flash,
        ram=_ram(memory.table("ram")),
        bootloader=bootloader,
        uart=_uart(top.table("uart")),
        counter=_counter(top.table("counter")),
        setup=tuple(_setup(table) for table in top.tables("setup")),
        flasher=_flasher(top.table("flasher")) if "flasher" in content else "an3155",
        emulator=_emulator(top.table("emulator")) if "emulator" in content else None,
        folder=folder,
        energy_pin=_energy_pin(top.table("energy_pin")) if "energy_pin" in content else None,
        uf2=_uf2(top.table("uf2")) if "uf2" in content else None,
        large=_large(memory.table("large")) if "large" in memory.content else None,
        usb_ids=_usb(top.table("usb")) if "usb" in content else (),
        watchdog=_watchdog(top.table("watchdog")) if "watchdog" in content else None,
    )
    memory.close()
    top.close()
    if _overlap(board.flash, board.ram):
        memory.fail("ram", "overlaps memory.flash")
    if board.large is not None and (_overlap(board.large, board.flash) or _overlap(board.large, board.ram)):
        memory.fail("large", "overlaps memory.flash or memory.ram")
    if board.flasher == "uf2" and board.uf2 is None:
        top.fail("uf2", "is missing, and flasher.via says uf2")
    if board.bootloader.size >= board.flash.size:
        top.fail("bootloader.size", "leaves no room for an application in memory.flash")
    if board.slot.origin % HEADER_BYTES:
        top.fail("bootloader.size", f"must put the application slot on a multiple of {HEADER_BYTES}")
    if board.bootloader.size and board.bootloader_room <= 0:
        top.fail("bootloader.journal", "leaves no room for the bootloader in bootloader.size")
    if any(slot.origin % HEADER_BYTES for slot in board.slots):
        top.fail("bootloader.slots", f"must put the second slot on a multiple of {HEADER_BYTES}")
    if board.bootloader.size % board.flash.page:
        top.fail("bootloader.size", f"must be a whole number of pages of {board.flash.page} bytes")
    return board


def _flash(table: _Table) -> Flash:
    origin, size = _origin_and_size(table)
    flash = Flash(
        origin,
        size,
        driver=table.text("driver", _WORD, "a word"),
        page=table.number("page", 256, 1 << 24),
        first_sectors=table.numbers("first_sectors", 1 << 24) if "first_sectors" in table.content else (),
    )
    table.close()
    if flash.first_sectors and sum(flash.first_sectors) != flash.page:
        table.fail("first_sectors", f"must make one page of {flash.page} bytes together")
    if flash.size % flash.page:
        table.fail("size", f"must be a whole number of pages of {flash.page} bytes")
    if flash.size // flash.page > 0xFFF0:
        table.fail("page", "gives more pages than Extended Erase can number")
    return flash


def _ram(table: _Table) -> Ram:
    origin, size = _origin_and_size(table)
    ram = Ram(origin, size, stack=table.number("stack", 256, 1 << 24))
    table.close()
    if ram.stack % 8:
        table.fail("stack", "must be a multiple of 8")
    if ram.stack >= ram.size:
        table.fail("stack", "leaves no room for data in memory.ram")
    return ram


def _large(table: _Table) -> Region:
    region = Region(*_origin_and_size(table))
    table.close()
    return region


def _overlap(left: Region, right: Region) -> bool:
    return left.origin < right.end and right.origin < left.end


def _origin_and_size(table: _Table) -> tuple[int, int]:
    origin, size = table.number("origin", 0, 0xFFFF_FFFF), table.number("size", 1, 1 << 32)
    if origin + size > 1 << 32:
        table.fail("size", "reaches beyond the 32-bit address space")
    return origin, size


def _bootloader(table: _Table, flash: Flash) -> Bootloader:
    bootloader = Bootloader(
        size=table.number("size", 0, 1 << 32),
        chip_id=table.number("chip_id", 0, 0xFFFF),
        alias=table.number("alias", 0, (1 << 32) - flash.size, absent=flash.origin),
        mark=table.numbers("mark", 0xFFFF_FFFF) if "mark" in table.content else (),
        slots=table.number("slots", 1, 2, absent=1),
        journal=table.number("journal", 0, 2, absent=0),
        journal_sector=table.number("journal_sector", 0, len(flash.first_sectors), absent=0),
    )
    table.close()
    if bootloader.journal == 1:
        table.fail("journal", "must be 2 pages, or 0")
    if bootloader.journal and flash.first_sectors:
        pages = flash.first_sectors[bootloader.journal_sector :][: bootloader.journal]
        if bootloader.journal_sector == 0 or len(pages) != bootloader.journal or len(set(pages)) != 1:
            table.fail("journal_sector", "must be the first of two equal ones of memory.flash.first_sectors")
    elif bootloader.journal_sector:
        table.fail("journal_sector", "requires a journal and memory.flash.first_sectors")
    if bootloader.slots == 2 and not bootloader.journal:
        table.fail("slots", "is 2, which requires a journal of 2 pages")
    return bootloader


def _uart(table: _Table) -> Uart:
    uart = Uart(
        driver=table.text("driver", _WORD, "a word"),
        base=table.number("base", 0, 0xFFFF_FFFF),
        clock_hz=table.number("clock_hz", 1, 10**10),
        irq=table.number("irq", 0, 1023),
        baud=table.number("baud", 1200, 10**7),
        parity=table.choice("parity", _PARITIES),
    )
    table.close()
    return uart


def _counter(table: _Table) -> Counter:
    counter = Counter(table.text("driver", _WORD, "a word"), table.number("clock_hz", 1, 10**10))
    table.close()
    return counter


def _setup(table: _Table) -> Setup:
    word = 0xFFFF_FFFF
    setup = Setup(
        register=table.number("register", 0, word),
        clear=table.number("clear", 0, word, absent=0),
        set=table.number("set", 0, word, absent=0),
        wait=(wait := table.number("wait", 0, word, absent=0)),
        until=table.number("until", 0, word, absent=wait),
    )
    table.close()
    if setup.register % 4:
        table.fail("register", "must be a multiple of 4")
    return setup


def _energy_pin(table: _Table) -> EnergyPin:
    pin = EnergyPin(raised=_write(table.table("raise")), lowered=_write(table.table("lower")))
    table.close()
    return pin


def _write(table: _Table) -> Write:
    write = Write(table.number("register", 0, 0xFFFF_FFFF), table.number("value", 0, 0xFFFF_FFFF))
    table.close()
    if write.register % 4:
        table.fail("register", "must be a multiple of 4")
    return write


def _watchdog(table: _Table) -> Watchdog:
    watchdog = Watchdog(
        driver=table.text("driver", _WORD, "a word"),
        base=table.number("base", 0, 0xFFFF_FFFF),
        clock_hz=table.number("clock_hz", 1, 10**10),
        seconds=table.number("seconds", 1, 3600),
        cause=_reset_cause(table.table("cause")) if "cause" in table.content else ResetCause(),
    )
    table.close()
    return watchdog


def _reset_cause(table: _Table) -> ResetCause:
    cause = ResetCause(*(table.number(key, 0, 0xFFFF_FFFF) for key in ("register", "fired", "clear")))
    table.close()
    if cause.register % 4:
        table.fail("register", "must be a multiple of 4")
    return cause


def _flasher(table: _Table) -> str:
    via = table.choice("via", _FLASHERS)
    table.close()
    return via


def _usb(table: _Table) -> tuple[str, ...]:
    ids = table.texts("ids")
    table.close()
    for name in ids:
        if not re.fullmatch("[0-9a-f]{4}:[0-9a-f]{4}", name):
            table.fail("ids", f"must hold vendor:product in small hex digits, not {name!r}")
    return ids


def _uf2(table: _Table) -> Uf2:
    uf2 = Uf2(table.number("family", 0, 0xFFFF_FFFF), table.text("board_id"))
    table.close()
    return uf2


def _emulator(table: _Table) -> Emulator:
    emulator = Emulator(
        program=table.text("program"),
        arguments=table.texts("arguments"),
        icount_shift=table.number("icount_shift", 0, 10),
        default=table.flag("default", absent=False),
    )
    table.close()
    return emulator


class _Table:
    """One table of a board's file. It records which keys were read, so that a misspelt key is found."""

    def __init__(self, file: Path, prefix: str, content: object) -> None:
        self.file, self.prefix, self.asked = file, prefix, set[str]()
        if not isinstance(content, dict):
            raise BoardError(f"{file}: {prefix.rstrip('.')} must be a table.", "Correct the board's file.")
        self.content: dict[str, object] = content

    def fail(self, key: str, reason: str) -> NoReturn:
        """Raise a BoardError that names file, key and reason."""
        raise BoardError(f"{self.file}: {self.prefix}{key} {reason}.", "Correct the board's file.")

    def value(self, key: str) -> object:
        """Return the value of a required key."""
        self.asked.add(key)
        if key not in self.content:
            self.fail(key, "is missing")
        return self.content[key]

    def table(self, key: str) -> _Table:
        """Return a required table below this one."""
        return _Table(self.file, f"{self.prefix}{key}.", self.value(key))

    def tables(self, key: str) -> list[_Table]:
        """Return the tables of an array, which may be absent."""
        self.asked.add(key)
        value = self.content.get(key, [])
        if not isinstance(value, list):
            self.fail(key, f"must be an array of tables, [[{key}]]")
        return [_Table(self.file, f"{self.prefix}{key}[{i}].", item) for i, item in enumerate(value)]

    def text(self, key: str, pattern: re.Pattern[str] | None = None, meaning: str = "") -> str:
        """Return a string that is not empty and matches the pattern."""
        value = self.value(key)
        if not isinstance(value, str) or not value:
            self.fail(key, f"must be a text, not {value!r}")
        if pattern is not None and not pattern.fullmatch(value):
            self.fail(key, f"must be {meaning}, not {value!r}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings."""
        value = self.value(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fail(key, f"must be a list of texts, not {value!r}")
        return tuple(value)

    def numbers(self, key: str, high: int) -> tuple[int, ...]:
        """Return a list of integers in 0..high."""
        value = self.value(key)
        if not isinstance(value, list) or not all(type(item) is int and 0 <= item <= high for item in value):
            self.fail(key, f"must be a list of integers in 0..{high}, not {value!r}")
        return tuple(value)

    def choice(self, key: str, allowed: Sequence[str]) -> str:
        """Return one of the allowed strings."""
        value = self.text(key)
        if value not in allowed:
            self.fail(key, f"must be one of {', '.join(allowed)}, not {value!r}")
        return value

    def flag(self, key: str, absent: bool | None = None) -> bool:
        """Return a boolean; ``absent``, unless None, is the value if the key is missing."""
        if absent is not None and key not in self.content:
            self.asked.add(key)
            return absent
        value = self.value(key)
        if not isinstance(value, bool):
            self.fail(key, f"must be true or false, not {value!r}")
        return value

    def number(self, key: str, low: int, high: int, absent: int | None = None) -> int:
        """Return an integer in low..high; ``absent``, unless None, is the value if the key is missing."""
        if absent is not None and key not in self.content:
            self.asked.add(key)
            return absent
        value = self.value(key)
        if not isinstance(value, int) or isinstance(value, bool):
            self.fail(key, f"must be an integer, not {value!r}")
        if not low <= value <= high:
            self.fail(key, f"must be in {low}..{high}, not {value}")
        return value

    def close(self) -> None:
        """Refuse keys that were not read."""
        for key in self.content:
            if key not in self.asked:
                near = difflib.get_close_matches(key, sorted(self.asked), n=1)
                self.fail(key, "is not a known key" + (f"; did you mean {near[0]}?" if near else ""))
