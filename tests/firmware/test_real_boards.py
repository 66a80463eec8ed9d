"""The programs of real boards, run in a chip simulated from its reference manual, not on hardware."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.firmware.build import BuildResult, build_bootloader, build_firmware
from sensor_bnn.flashing.flash import flash_image
from sensor_bnn.flashing.image import read_image
from sensor_bnn.flashing.session import Session
from sensor_bnn.flashing.transfer import changed_pages, erase_pages, pages_of, verify, write_pages
from sensor_bnn.flashing.uf2 import to_uf2
from sensor_bnn.hardware.boards import Board, is_only_emulated, is_program, list_boards, load_board
from sensor_bnn.wire.an3155 import An3155, RefusalError
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort

from .chip import CCR, Bus, Chip, ChipPort
from .chips import FAMILIES, RECORD, SETTLED, connect, counter_hz, quiet
from .standin.facts import STANDIN_HASH
from .stm32 import N6, U5
from .test_slots import version_of

BOARDS = list_boards()
OWN_CLOCK = 10  # what Get Version's second option byte says before the first Go


@dataclass
class Bench:
    """A real board's programs in its simulated chip, and a host's connection to it."""

    board: Board
    built: BuildResult
    chip: Chip
    session: Session


@pytest.fixture(scope="module", params=FAMILIES)
def bench(request: pytest.FixtureRequest, built_for: Callable[[str], BuildResult]) -> Bench:
    board, built = load_board(request.param), built_for(request.param)
    chip = Chip(board, built.bootloader_elf, FAMILIES[board.name]())
    return Bench(board, built, chip, connect(chip))


def test_every_real_board_that_writes_its_flash_is_here() -> None:
    real = {board.name for board in BOARDS if not is_only_emulated(board) and not is_program(board)}
    assert {name for name in real if load_board(name).flash.driver not in ("ram", "external")} == set(
        FAMILIES
    )


def test_clocks_are_what_the_board_says(bench: Bench) -> None:
    """No step on the way may be one that the chip forbids."""
    assert bench.chip.violations == []
    assert bench.chip.family.core_hz == bench.board.counter.clock_hz
    assert bench.chip.family.uart_hz == bench.board.uart.clock_hz
    assert bench.session.bootloader.get_id() == bench.board.bootloader.chip_id


@pytest.mark.parametrize("name", SETTLED)
def test_the_set_up_can_be_done_twice(name: str) -> None:
    """Bootloader and application both do the set-up; neither may stop the core's clock."""
    board, family = load_board(name), SETTLED[name]()
    bus = Bus(board, family)
    for _ in range(2):
        bus.set_up()
        assert bus.violations == []
        assert counter_hz(family) == board.counter.clock_hz
        assert family.uart_hz in (0, board.uart.clock_hz)  # 0: 0 before a byte is sent


FALLING_BACK = [board.name for board in BOARDS if board.fallback]


@pytest.mark.parametrize("name", FALLING_BACK)
def test_a_board_whose_clock_never_comes_runs_from_the_chips_own(name: str) -> None:
    """Twice: the application finds the PLL of the bootloader running, and waits for the clock again."""
    board, family = load_board(name), FAMILIES[name]()
    family.has_hse = False
    bus = Bus(board, family)
    bus.may_fall_back = True
    for _ in range(2):
        bus.set_up()
        assert bus.violations == []
        assert family.core_hz == board.counter.clock_hz // (2 if board.target == "cortex-m3" else 1)
        assert family.uart_hz == board.uart.clock_hz
    assert len(bus.waited_for) == 2


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize("name", FALLING_BACK)
def test_no_wait_of_start_up_is_without_end(name: str, tmp_path: Path) -> None:
    """The bootloader of a board without its clock answers, and says so."""
    board, family = load_board(name), FAMILIES[name]()
    family.has_hse = False
    chip = Chip(board, build_bootloader(board, tmp_path), family)
    bootloader = An3155(cast(SerialPort, ChipPort(chip)))
    assert bootloader.sync(60.0), chip.violations
    assert bootloader.options()[1] & 15 == OWN_CLOCK
    assert bootloader.get_id() == board.bootloader.chip_id
    assert chip.violations == []


CLOCKS = {
    "nucleo-f446re": {0x40007000, 0x40023800, 0x40023804, 0x40023808, 0x40023C00},
    "nucleo-f767zi": {0x40007000, 0x40023800, 0x40023804, 0x40023808, 0x40023C00},
    "nucleo-h743zi2": {
        *(0x5802480C, 0x58024818, 0x5800042C, 0x58024400, 0x58024428, 0x5802442C),
        *(0x58024430, 0x52002000, 0x58024418, 0x5802441C, 0x58024420, 0x58024410),
    },
    "nucleo-g0b1re": {0x40021000, 0x40021008, 0x4002100C, 0x40022000},
    "nucleo-l4r5zi": {0x40021058, 0x40021000, 0x40021008, 0x4002100C, 0x40007080, 0x40022000},
    "nucleo-n657x0-q": {0x56028080, 0x560280C4, 0x560280C8, 0x56028240, 0x56028020},
    "nucleo-u575zi-q": {
        *(0x46020C94, 0x4602080C, 0x46020C00, 0x46020C28, 0x46020C34, 0x40022000),
        *(0x46020C20, 0x46020C1C),
    },
    "feather-nrf52840": {0x40000000},
    "nrf52840-dk": {0x40000000},
    "pico": {0x40024000, 0x4000C000, 0x40028008, 0x40028004, 0x4002800C, 0x4000803C},
    "pico2": {0x40048000, 0x40020000, 0x40050008, 0x40050004, 0x4005000C, 0x4001003C},
}
"""Registers of power, clocks and wait states, per board."""


@pytest.mark.parametrize("name", CLOCKS)
def test_the_played_chip_misses_each_step(name: str) -> None:
    board = load_board(name)
    for register in CLOCKS[name]:
        steps = tuple(step for step in board.setup if step.register != register)
        assert len(steps) < len(board.setup), f"{register:#x} is not set up"
        family = SETTLED[name]()
        bus = Bus(replace(board, setup=steps), family)
        bus.set_up()
        clocks = (family.core_hz, family.uart_hz or board.uart.clock_hz)
        assert bus.violations or clocks != (board.counter.clock_hz, board.uart.clock_hz), f"{register:#x}"


STEPS = (
    ("nucleo-f446re", 0x40023840, 0x10000000, 0x10020000, "during the switch to over-drive"),
    ("nucleo-f767zi", 0x40023840, 0x10000000, 0x10040000, "during the switch to over-drive"),
    ("nucleo-f446re", 0x40023808, 0x00009400, 0x00009402, "in one write"),
    ("nucleo-f103rb", 0x40021004, 0x001D0400, 0x001D0402, "in one write"),
    ("stm32f4discovery", 0x40023C00, 0x00000605, 0x00000705, "prefetch"),
)
"""A board's step, by register and bits, the bits that were there before, and what the chip says to them."""


@pytest.mark.parametrize(("name", "register", "right", "wrong", "words"), STEPS)
def test_the_played_chip_notices_a_wrong_order(
    name: str, register: int, right: int, wrong: int, words: str
) -> None:
    board = load_board(name)
    steps = [
        replace(step, set=wrong) if (step.register, step.set) == (register, right) else step
        for step in board.setup
    ]
    assert tuple(steps) != board.setup
    bus = Bus(replace(board, setup=tuple(steps)), FAMILIES[name]())
    bus.set_up()
    assert any(words in said for said in bus.violations), bus.violations


def test_the_played_chip_notices_that_the_ways_of_its_cache_change() -> None:
    board = load_board("nucleo-u575zi-q")
    bus = Bus(board, U5())
    bus.set_up()
    assert bus.violations == []
    bus.write(U5.icache, 3)
    assert bus.violations == ["the instruction cache's ways changed while it is on"]


def test_every_real_cortex_m_board_is_set_up_here() -> None:
    real = {board.name for board in BOARDS if board.setup and board.emulator is None}
    assert real - {board.name for board, _ in TWINS} == set(SETTLED)


@pytest.mark.parametrize("name", [board.name for board in BOARDS if board.uf2 is not None])
def test_a_board_flashed_by_uf2_starts(name: str, standin_for: Callable[[str], Path], tmp_path: Path) -> None:
    board = load_board(name)
    assert board.uf2 is not None
    built = build_firmware(standin_for(board.target), board, tmp_path / "out")
    image = read_image(built.folder)
    file = to_uf2([(board.flash.origin, image.bootloader), (board.slot.origin, image.data)], board.uf2.family)
    chip = Chip(board, built.bootloader_elf, SETTLED[board.name]())
    chip.set_flash(board.flash.origin, b"\xff" * board.bootloader.size)
    for at in range(0, len(file), 512):
        address, count = struct.unpack_from("<II", file, at + 12)
        chip.set_flash(address, file[at + 32 : at + 32 + count])
    chip.stop_at_sleeps(board.slot.origin, len(image.data))
    port = cast(SerialPort, ChipPort(chip))
    client, bootloader = Client(port), An3155(port)
    hello = client.hello(timeout=2.0, attempts=3)
    assert (hello.board, hello.model_hash) == (board.name, STANDIN_HASH.hex())
    assert chip.violations == []
    assert chip.family.core_hz == board.counter.clock_hz
    assert chip.family.uart_hz == board.uart.clock_hz
    client.enter_bootloader()
    assert bootloader.sync(3.0)
    assert bootloader.get_id() == board.bootloader.chip_id
    if board.flash.driver == "external":
        with pytest.raises(RefusalError):
            bootloader.erase([board.bootloader.size // board.flash.page])
    assert chip.violations == []


def test_the_caches_of_an_stm32n6_can_be_switched_on() -> None:
    """Bits 12 and 13 of the Cortex-M55's MSCR: without them CCR's bits have no effect."""
    bus = Bus(load_board("nucleo-n657x0-q"), N6())
    bus.set_up()
    assert bus.registers.get(0xE001E000, 0) & 0x3000 == 0x3000


@pytest.mark.usefixtures("cross_compiler")
def test_caches_that_are_on_already_are_cleaned_and_switched_off(tmp_path: Path) -> None:
    """As a debugger or a boot ROM may leave them; the bootloader writes flash that they may hold."""
    board = load_board("nucleo-f767zi")
    chip = Chip(board, build_bootloader(board, tmp_path), FAMILIES[board.name]())
    chip.caches_left_on = True
    chip.reset()
    assert An3155(cast(SerialPort, ChipPort(chip))).sync(60.0)
    assert chip.registers[CCR] & 3 << 16 == 0
    assert len(chip.cleaned) == 128
    assert chip.violations == []


def test_an_overrun_is_cleared(bench: Bench) -> None:
    bench.chip.uart.overrun = True
    assert bench.session.bootloader.get_id() == bench.board.bootloader.chip_id
    assert not bench.chip.uart.overrun
    assert bench.chip.violations == []


def test_worn_flash_is_refused(bench: Bench) -> None:
    board, chip, bootloader = bench.board, bench.chip, bench.session.bootloader
    page = board.bootloader.size // board.flash.page
    bootloader.erase([page])
    bootloader.write(board.slot.origin, bytes(64))
    chip.family.worn = True
    with pytest.raises(RefusalError):
        bootloader.erase([page])
    with pytest.raises(RefusalError):
        bootloader.write(board.slot.origin + 256, bytes(64))
    chip.family.worn = False
    bootloader.erase([page])
    assert chip.violations == []


def test_from_flash_to_an_answer(bench: Bench) -> None:
    """The host's flasher erases, writes and verifies; the application starts and reports its model."""
    board, chip, session = bench.board, bench.chip, bench.session
    data = bench.built.firmware_bin.read_bytes()
    data += b"\xff" * (-len(data) % 4)
    session.bootloader.retries = 0
    pages = changed_pages(session, board, board.slot.origin, data, quiet)
    erase_pages(session, board, pages, quiet)
    write_pages(session, board, board.slot.origin, data, pages, quiet)
    assert verify(session, board.slot.origin, data, quiet) == "checksum"
    assert not getattr(chip.family, "stale", False), "a cache holds what the flash no longer does"
    assert not changed_pages(session, board, board.slot.origin, data, quiet)
    assert session.bootloader.speed(460_800) is True
    assert session.bootloader.read(board.slot.origin, 256) == data[:256]
    assert session.bootloader.retries == 0
    chip.stop_at_sleeps(board.slot.origin, len(data))
    session.go(board.slot.origin + 512)
    hello = session.client.hello(timeout=2.0, attempts=3)
    assert (hello.board, hello.model_hash) == (board.name, STANDIN_HASH.hex())
    assert chip.violations == []
    session.client.enter_bootloader()
    assert session.bootloader.sync(3.0)
    assert chip.resets == 1
    assert session.bootloader.get_id() == board.bootloader.chip_id
    assert chip.violations == []


TWINS = [
    (board, twin)
    for board in BOARDS
    for twin in BOARDS
    if board.emulator is None and twin.emulator is not None and board.soc and board.soc == twin.soc
]
"""Real boards without an emulator of their own, and the emulated one with their chip."""


def test_a_word_torn_by_a_power_cut(bench: Bench) -> None:
    """Flash with error codes faults when it is read; the bootloader still answers and can flash again."""
    board, chip, session = bench.board, bench.chip, bench.session
    if not chip.family.error_codes:
        return  # the damaged image can be read here, and is not whole
    data = bench.built.firmware_bin.read_bytes()
    data += b"\xff" * (-len(data) % 4)
    pages = pages_of(board, board.slot.origin, len(data))
    erase_pages(session, board, pages, quiet)
    write_pages(session, board, board.slot.origin, data, pages, quiet)
    chip.tear(board.slot.origin + 0x1000, 32)
    chip.reset()
    assert session.bootloader.sync(3.0)
    assert chip.violations == []
    erase_pages(session, board, pages, quiet)
    write_pages(session, board, board.slot.origin, data, pages, quiet)
    assert verify(session, board.slot.origin, data, quiet) == "checksum"


TWO_SLOTS = [name for name in FAMILIES if load_board(name).bootloader.slots == 2]


def records(chip: Chip) -> list[tuple[int, bytes]]:
    """Return address and content of each record in the journal."""
    journal = chip.board.journal
    content = chip.flash(journal.origin, journal.size)
    found = [(journal.origin + at, content[at : at + 32]) for at in range(0, journal.size, 32)]
    return [(address, record) for address, record in found if record != b"\xff" * 32]


@pytest.mark.parametrize("name", TWO_SLOTS)
def test_an_image_that_never_answers_gives_way_to_the_one_before(
    name: str, built_for: Callable[[str], BuildResult]
) -> None:
    """Two slots and a journal in two small sectors; when one sector is full, the other is used."""
    board, built = load_board(name), built_for(name)
    chip = Chip(board, built.bootloader_elf, FAMILIES[name]())
    port = cast(SerialPort, ChipPort(chip))
    bootloader, client = An3155(port), Client(port)
    for slot, version in enumerate(("old", "new")):
        content = version_of(built, slot, version)
        chip.set_flash(board.slots[slot].origin, content)
        chip.stop_at_sleeps(board.slots[slot].origin, len(content))
    # As after many starts of the old image: only one more record fits the first sector.
    old = struct.unpack("<I", chip.flash(board.slots[0].origin + 508, 4))[0]
    new = struct.unpack("<I", chip.flash(board.slots[1].origin + 508, 4))[0]
    page = board.journal.size // 2
    for sequence in range(1, page // 32):
        record = RECORD.pack(sequence, sequence, old, new, 0, 0, 0)
        record += struct.pack("<I", zlib.crc32(record))
        chip.set_flash(board.journal.origin + 32 * (sequence - 1), record)

    def start() -> str:
        chip.reset()
        hello = client.hello(timeout=2.0, attempts=3)
        client.confirm(hello.model_hash)
        return hello.firmware_version

    assert start() == "old"
    last, _ = records(chip)[-1]
    assert last == board.journal.origin + page, "confirmed by the application, its caches on"
    chip.reset()
    assert bootloader.sync(3.0)
    bootloader.go(board.slots[1].origin)
    for _ in range(2):
        chip.reset()
        port.read(1, 1.0)  # a silent host
    assert start() == "old", "the new one had its three starts"
    # A record that a power cut left incomplete is ignored.
    (_, kept), (last, torn) = records(chip)[-2:]
    chip.set_flash(last, torn[:16] + b"\xff" * 16)
    assert struct.unpack("<I", kept[:4])[0] + 1 == struct.unpack("<I", torn[:4])[0]
    assert start() == "old"
    assert chip.violations == []


@pytest.mark.usefixtures("cross_compiler", "qemu")
@pytest.mark.parametrize(("board", "twin"), TWINS, ids=lambda board: str(board.name))
def test_a_real_board_whose_chip_is_emulated(
    board: Board, twin: Board, standin_for: Callable[[str], Path], tmp_path: Path
) -> None:
    built = build_firmware(standin_for(board.target), board, tmp_path / "out")
    assert (tmp_path / "out" / "bootloader.bin").stat().st_size <= board.bootloader.size
    with Emulator(replace(board, emulator=twin.emulator), built.bootloader_elf) as emulator:
        result = flash_image(emulator.port, read_image(built.folder), board)
    assert (result.model_hash, result.verified_by) == (STANDIN_HASH.hex(), "checksum")
