"""The board registry: ``boards/<name>/board.toml`` read into frozen dataclasses.

A board is a folder of facts. Code asks for a fact and never for a board's name, so a new board is a new
folder, in this installation's ``boards/`` or anywhere the user keeps it.
"""

from __future__ import annotations

import difflib
import re
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from sensor_bnn.errors import BoardError
from sensor_bnn.resources import resource

BOARD_FILE = "board.toml"
HEADER_BYTES = 512  # the image header at the start of the application slot; the vector table follows it

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")  # 31 bytes: the image header keeps 32 with a closing NUL
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_FLASHERS = ("an3155", "gdb", "process", "uf2")
_PARITIES = ("none", "even", "odd")


@dataclass(frozen=True)
class Region:
    """A range of the address space, in bytes."""

    origin: int
    size: int

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

    driver: str
    page: int
    first_sectors: tuple[int, ...] = ()


@dataclass(frozen=True)
class Ram(Region):
    """The RAM, of which the application's stack takes the first ``stack`` bytes."""

    stack: int


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

    driver: str
    base: int
    clock_hz: int
    irq: int
    baud: int
    parity: str  # "none", "even" or "odd"


@dataclass(frozen=True)
class Counter:
    """The timer that the firmware falls back to when the core's cycle counter stands still."""

    driver: str
    clock_hz: int


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

    register: int
    value: int


@dataclass(frozen=True)
class EnergyPin:
    """A pin that is raised round every inference, for an instrument that measures energy: two writes."""

    raised: Write
    lowered: Write


@dataclass(frozen=True)
class Uf2:
    """The drive by which the board is flashed: the family of its files, and its own Board-ID."""

    family: int
    board_id: str


@dataclass(frozen=True)
class ResetCause:
    """The register that tells why the chip was reset: its bits for the watchdog, and those that clear it."""

    register: int = 0
    fired: int = 0
    clear: int = 0


@dataclass(frozen=True)
class Watchdog:
    """What resets a board whose application is not heard of for ``seconds``; ``cause`` where it tells."""

    driver: str
    base: int
    clock_hz: int
    seconds: int
    cause: ResetCause


@dataclass(frozen=True)
class Emulator:
    """The program that emulates the board; ``2**icount_shift`` ns of virtual time an instruction.

    ``default``: the demo runs on this board when none is named; one board says so.
    """

    program: str
    arguments: tuple[str, ...]
    icount_shift: int
    default: bool


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


def list_boards() -> list[Board]:
    """Return every board of this installation, by name.

    Raises:
        BoardError: a board's file is wrong.
    """
    return [read_board(resource("boards") / name) for name in _names()]


def default_board() -> Board:
    """Return the emulated board that the demo runs on when none is named.

    Raises:
        BoardError: a board's file is wrong, or not exactly one says that it is the default.
    """
    found = [board for board in list_boards() if board.emulator is not None and board.emulator.default]
    if len(found) != 1:
        raise BoardError(
            f"{len(found)} boards say that they are the default, not one.",
            "Name a board with --board, or correct the boards' emulator.default.",
        )
    return found[0]


def load_board(name: str | Path) -> Board:
    """Return the board of this name, or the one in this folder.

    Args:
        name: a name that ``sensor-bnn boards`` lists, or a path to a folder with a ``board.toml``.

    Raises:
        BoardError: no such board, or its file is wrong.
    """
    if str(name) in _names():
        return read_board(resource("boards") / name)
    path = Path(name)
    if path.name == BOARD_FILE:
        path = path.parent
    if (path / BOARD_FILE).is_file():
        return read_board(path)
    if isinstance(name, Path) or path.is_dir() or len(path.parts) > 1:
        raise BoardError(
            f"The folder {path} holds no {BOARD_FILE}.",
            "Give a board's name (`sensor-bnn boards` lists them) or a folder with its facts.",
        )
    near = difflib.get_close_matches(str(name), _names(), n=3, cutoff=0.3)
    raise BoardError(
        f"There is no board named {name!r}.",
        f"Did you mean {' or '.join(near)}?" if near else f"The boards are: {', '.join(_names())}.",
    )


def read_board(folder: Path) -> Board:
    """Read and validate ``folder/board.toml``.

    Raises:
        BoardError: the file is missing, is no TOML, or a key is missing, unknown or out of range; the
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
        raise BoardError(f"{file} is no valid TOML: {error}.", "Correct the line it names.") from None

    top = _Table(file, "", content)
    name = top.text("name", _NAME, "small letters, digits and hyphens, at most 31")
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


def new_board(name: str, source: Board, folder: Path) -> Board:
    """Write ``folder/name/board.toml`` with the facts, and comments, of another board.

    The new board has not run on hardware and is no default.

    Raises:
        BoardError: the name is none, or there is such a board or folder.
    """
    if not _NAME.fullmatch(name):
        raise BoardError(
            f"{name!r} cannot name a board.", "Use small letters, digits and hyphens, at most 31 characters."
        )
    target = folder / name
    if name in _names() or target.exists():
        raise BoardError(f"There is a board {name!r} or a folder {target} already.", "Choose another name.")
    text = (source.folder / BOARD_FILE).read_text(encoding="utf-8")
    for key, value in (("name", f'"{name}"'), ("title", f'"{name}"'), ("run_on_hardware", "false")):
        text = re.sub(rf"(?m)^{key}\s*=.*$", f"{key} = {value}", text, count=1)
    text = re.sub(r"(?m)^default\s*=.*\n", "", text)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".board-") as temporary:
            draft = Path(temporary) / name
            draft.mkdir()
            (draft / BOARD_FILE).write_text(text, encoding="utf-8")
            read_board(draft)
            draft.rename(target)
    except OSError as error:
        raise BoardError(f"Cannot write {target}: {error.strerror}.", "Choose another folder.") from None
    return read_board(target)


def _names() -> list[str]:
    root = resource("boards")
    return sorted(file.parent.name for file in root.glob(f"*/{BOARD_FILE}"))


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
        table.fail("page", "makes more pages than Extended Erase can number")
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
        table.fail("journal_sector", "wants a journal and memory.flash.first_sectors")
    if bootloader.slots == 2 and not bootloader.journal:
        table.fail("slots", "is 2, which wants a journal of 2 pages")
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
    """One table of a board's file; remembers which keys were asked for, so that a typing error shows."""

    def __init__(self, file: Path, prefix: str, content: object) -> None:
        self.file, self.prefix, self.asked = file, prefix, set[str]()
        if not isinstance(content, dict):
            raise BoardError(f"{file}: {prefix.rstrip('.')} must be a table.", "Correct the board's file.")
        self.content: dict[str, object] = content

    def fail(self, key: str, reason: str) -> NoReturn:
        """Raise a BoardError that names file, key and reason."""
        raise BoardError(f"{self.file}: {self.prefix}{key} {reason}.", "Correct the board's file.")

    def value(self, key: str) -> object:
        """The value of a required key."""
        self.asked.add(key)
        if key not in self.content:
            self.fail(key, "is missing")
        return self.content[key]

    def table(self, key: str) -> _Table:
        """A required table below this one."""
        return _Table(self.file, f"{self.prefix}{key}.", self.value(key))

    def tables(self, key: str) -> list[_Table]:
        """The tables of an array that may be absent."""
        self.asked.add(key)
        value = self.content.get(key, [])
        if not isinstance(value, list):
            self.fail(key, f"must be an array of tables, [[{key}]]")
        return [_Table(self.file, f"{self.prefix}{key}[{i}].", item) for i, item in enumerate(value)]

    def text(self, key: str, pattern: re.Pattern[str] | None = None, meaning: str = "") -> str:
        """A string that is not empty and matches the pattern."""
        value = self.value(key)
        if not isinstance(value, str) or not value:
            self.fail(key, f"must be a text, not {value!r}")
        if pattern is not None and not pattern.fullmatch(value):
            self.fail(key, f"must be {meaning}, not {value!r}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings."""
        value = self.value(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fail(key, f"must be a list of texts, not {value!r}")
        return tuple(value)

    def numbers(self, key: str, high: int) -> tuple[int, ...]:
        """A list of integers in 0..high."""
        value = self.value(key)
        if not isinstance(value, list) or not all(type(item) is int and 0 <= item <= high for item in value):
            self.fail(key, f"must be a list of integers in 0..{high}, not {value!r}")
        return tuple(value)

    def choice(self, key: str, allowed: Sequence[str]) -> str:
        """One of the allowed strings."""
        value = self.text(key)
        if value not in allowed:
            self.fail(key, f"must be one of {', '.join(allowed)}, not {value!r}")
        return value

    def flag(self, key: str, absent: bool | None = None) -> bool:
        """A boolean; ``absent``, unless None, is the value of a key that is not there."""
        if absent is not None and key not in self.content:
            self.asked.add(key)
            return absent
        value = self.value(key)
        if not isinstance(value, bool):
            self.fail(key, f"must be true or false, not {value!r}")
        return value

    def number(self, key: str, low: int, high: int, absent: int | None = None) -> int:
        """An integer in low..high; ``absent``, unless None, is the value of a key that is not there."""
        if absent is not None and key not in self.content:
            self.asked.add(key)
            return absent
        value = self.value(key)
        if not isinstance(value, int) or isinstance(value, bool):
            self.fail(key, f"must be an integer, not {value!r}")
        if not low <= value <= high:
            self.fail(key, f"must lie in {low}..{high}, not {value}")
        return value

    def close(self) -> None:
        """Refuse keys that nobody asked for."""
        for key in self.content:
            if key not in self.asked:
                near = difflib.get_close_matches(key, sorted(self.asked), n=1)
                self.fail(key, "is not a known key" + (f"; did you mean {near[0]}?" if near else ""))
