"""The resident bootloader on the emulated board, in raw bytes of AN3155."""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.emulation.gdb import Debugger
from sensor_bnn.firmware.build import BuildResult
from sensor_bnn.firmware.image import ImageHeader
from sensor_bnn.hardware.boards import Board
from sensor_bnn.hardware.facts import HEADER_BYTES

from .line import ACK, GET_REPLY, HELLO, NACK, QUIET, SYNC, Line, Machine, checked, start_application

LONG_WRITE = 0xB1


@pytest.fixture(scope="module")
def called(cross_compiler: None, qemu: None, board: Board, built: BuildResult) -> Iterator[Line]:
    """A line to a bootloader that has been called, for all tests of this module."""
    with Emulator(board, built.bootloader_elf) as emulator, Line(emulator.port) as line:
        assert line.call() == ACK
        yield line


@pytest.fixture
def line(called: Line) -> Line:
    """The called bootloader with a blank slot."""
    assert called.command(0x44) == ACK
    assert called.stage(b"\xff\xff\x00") == ACK
    return called


def still_there(line: Line) -> None:
    assert line.talk(b"\x00\xff", len(GET_REPLY)) == GET_REPLY


def test_the_bootloader_is_small(built: BuildResult) -> None:
    from elftools.elf.elffile import ELFFile

    with built.bootloader_elf.open("rb") as stream:
        flash = sum(segment["p_filesz"] for segment in ELFFile(stream).iter_segments("PT_LOAD"))
    assert flash <= 12288


def test_it_says_nothing_before_it_is_called(machine: Machine) -> None:
    machine.line.send(b"\x00\xff\x21\xde hello \xa5\x5a")
    assert machine.line.is_quiet()
    assert machine.line.call() == ACK


def test_get_version_and_id(line: Line, board: Board) -> None:
    still_there(line)
    # Six more writes fit its ring; there are two slots, and no Go was refused.
    assert line.talk(b"\x01\xfe", 5) == b"\x79\x33\x06\x40\x79"
    assert line.talk(b"\x02\xfd", 5) == b"\x79\x01" + struct.pack(">H", board.bootloader.chip_id) + b"\x79"


def test_write_and_read_back(line: Line, board: Board) -> None:
    data = bytes(range(256))
    end = board.slot.end
    for address, piece in (
        (board.slot.origin, data),
        (board.slot.origin + 1024, data[:4]),
        (end - 4, data[4:8]),
        (end - 300, data),
        (end - 301, data[9:10]),
    ):
        assert line.write(address, piece) == ACK
        assert line.read(address, len(piece)) == piece


def test_long_writes(line: Line, board: Board) -> None:
    data = random.Random(1).randbytes(1024)
    end = board.slot.end
    for address, piece in (
        (board.slot.origin, data),
        (board.slot.origin + 1024, data[:4]),
        (board.slot.origin + 1028, data[:257]),
        (end - 1024, data),
    ):
        assert line.write(address, piece, LONG_WRITE) == ACK
        assert b"".join(line.read(address + at, 1) for at in (0, len(piece) - 1)) == piece[:1] + piece[-1:]
        assert line.read(address, min(256, len(piece))) == piece[:256]
    for address in (board.slot.origin - 4, end, board.flash.origin, board.ram.origin):
        assert line.write(address, data, LONG_WRITE) == NACK
    assert line.write(end - 1020, bytes(1024), LONG_WRITE) == NACK, "the end lies outside"
    assert line.write(board.slot.origin, bytes(1025), LONG_WRITE) == NACK, "more than it takes"
    assert line.command(LONG_WRITE) == ACK
    assert line.stage(checked(struct.pack(">I", board.slot.origin))) == ACK
    assert line.stage(b"\x00\x03lose\x00") == NACK
    assert line.read(board.slot.origin, 256) == data[:256]
    assert line.read(end - 256, 256) == data[-256:]
    still_there(line)


def test_all_flash_can_be_read_and_nothing_else(line: Line, board: Board, built: BuildResult) -> None:
    from elftools.elf.elffile import ELFFile

    with built.bootloader_elf.open("rb") as stream:
        text = ELFFile(stream).get_section_by_name(".text").data()
    assert line.read(board.flash.origin, 256) == text[:256]
    for address in (board.flash.end, board.ram.origin, board.uart.base, 0xE000ED00, 0xFFFFFFFF):
        assert line.command(0x11) == ACK
        assert line.stage(checked(struct.pack(">I", address))) == NACK
    for count in (2, 256):
        assert line.command(0x11) == ACK
        assert line.stage(checked(struct.pack(">I", board.flash.end - 1))) == ACK
        assert line.stage(bytes([count - 1, (count - 1) ^ 0xFF])) == NACK
    still_there(line)


def test_it_does_not_write_itself_nor_outside_the_slot(line: Line, board: Board) -> None:
    before = line.read(board.flash.origin, 256)
    for address in (
        board.flash.origin,
        board.slot.origin - 4,
        board.slot.end,
        board.ram.origin,
        board.ram.end - 16,
        board.uart.base,
        0xFFFFFFFC,
    ):
        assert line.write(address, b"\x00" * 4) == NACK
    assert line.write(board.slot.end - 4, b"\x55" * 8) == NACK, "the end lies outside"
    assert line.read(board.slot.end - 4, 4) != b"\x55" * 4
    assert line.read(board.flash.origin, 256) == before
    still_there(line)


def test_wrong_checksums_are_refused_and_change_nothing(line: Line, board: Board) -> None:
    slot = struct.pack(">I", board.slot.origin)
    assert line.write(board.slot.origin, b"keep") == ACK
    for code in (0x11, 0x21, 0x31, LONG_WRITE):
        assert line.command(code) == ACK
        assert line.stage(slot + b"\x5a") == NACK
    assert line.command(0x11) == ACK
    assert line.stage(checked(slot)) == ACK
    assert line.stage(b"\x03\x03") == NACK
    assert line.command(0x31) == ACK
    assert line.stage(checked(slot)) == ACK
    assert line.stage(b"\x03lose\x00") == NACK
    for code, rest in (
        (0x44, b"\xff\xff\x01"),
        (0x43, b"\xff\x01"),
        (0x43, b"\x00\x08\x00"),
        (0x44, b"\0\0\0\x08\1"),
    ):
        assert line.command(code) == ACK
        assert line.stage(rest) == NACK
    assert line.read(board.slot.origin, 4) == b"keep"


@pytest.mark.parametrize(("code", "width"), [(0x43, ">B"), (0x44, ">H")])
def test_erase_pages_by_number(line: Line, board: Board, code: int, width: str) -> None:
    page, first = board.flash.page, board.bootloader.size // board.flash.page
    for number in (first, first + 1, first + 2):
        assert line.write(board.flash.origin + number * page, b"full") == ACK

    def erase(*numbers: int) -> bytes:
        assert line.command(code) == ACK
        return line.stage(checked(b"".join(struct.pack(width, n) for n in (len(numbers) - 1, *numbers))))

    def contents() -> list[bytes]:
        return [line.read(board.flash.origin + (first + i) * page, 4) for i in range(3)]

    blank = b"\xff" * 4
    assert erase(first + 1, 0) == NACK, "page 0 is the bootloader's"
    assert erase(first - 1) == NACK
    assert contents() == [b"full"] * 3
    assert erase(first + 2, first, first) == ACK
    assert contents() == [blank, b"full", blank]
    still_there(line)


@pytest.mark.parametrize(("code", "everything"), [(0x43, b"\xff\x00"), (0x44, b"\xff\xff\x00")])
def test_erase_all_spares_the_bootloader(line: Line, board: Board, code: int, everything: bytes) -> None:
    before = line.read(board.flash.origin, 256)
    assert line.write(board.slot.origin, b"full") == ACK
    assert line.write(board.slot.end - 4, b"full") == ACK
    assert line.command(code) == ACK
    assert line.stage(everything) == ACK
    assert line.read(board.slot.origin, 256) == b"\xff" * 256
    assert line.read(board.slot.end - 256, 256) == b"\xff" * 256
    assert line.read(board.flash.origin, 256) == before


def test_erase_beyond_the_last_page_and_of_banks(line: Line, board: Board) -> None:
    pages = board.flash.size // board.flash.page
    for rest in (
        struct.pack(">HH", 0, pages),
        struct.pack(">HH", 0, 0xFFFF),
        struct.pack(">H", pages) + bytes(64),
        b"\xff\xfe",
        b"\xff\xfd",
        b"\xff\xf0",
    ):
        assert line.command(0x44) == ACK
        assert line.stage(checked(rest)) == NACK
    still_there(line)


def test_unknown_commands_and_a_second_call(line: Line) -> None:
    for code in (0x04, 0x63, 0x73, 0x82, 0x92, 0xFF):
        assert line.command(code) == NACK
    assert line.stage(b"\x00\x00") == NACK, "no complement"
    for _ in range(3):
        assert line.stage(SYNC) == NACK
        assert line.is_quiet()
    still_there(line)


def test_a_stray_byte_costs_one_command(line: Line) -> None:
    assert line.stage(b"\x55\x00\xff") == NACK
    still_there(line)


@pytest.mark.parametrize("sent", [1, 2, 7, 100])
def test_a_host_that_died_in_a_command_is_forgotten(line: Line, board: Board, sent: int) -> None:
    """A new host calls like stm32flash: it is refused, at the latest after the time for the old command."""
    whole = [b"\x31", b"\xce", *[bytes([b]) for b in checked(struct.pack(">I", board.slot.origin))]]
    whole += [b"\xff"] + [b"\x00"] * 256
    for index, byte in enumerate(whole[:sent]):
        line.send(byte)
        # These bytes end the command and the address, and each is answered.
        if index in (1, 6):
            assert line.take(1) == ACK
    assert line.call(every=0.7) == NACK
    still_there(line)


def test_go_wants_a_whole_image(machine: Machine, board: Board, built: BuildResult) -> None:
    line = machine.line
    assert line.call() == ACK
    image = built.firmware_bin.read_bytes()
    slot = board.slot.origin
    assert line.go(slot) == NACK, "blank"
    line.program(slot, image[:-256])
    assert line.go(slot) == NACK, "cut off"
    line.program(slot, image)
    for address in (slot + 4, slot + 2 * HEADER_BYTES, board.flash.origin, board.ram.origin, 0):
        assert line.go(address) == NACK
    middle = slot + len(image) // 2
    kept = line.read(middle, 1)
    assert line.write(middle, bytes([kept[0] ^ 0x10])) == ACK
    assert line.go(slot) == NACK, "changed"
    assert line.write(middle, kept) == ACK
    other = ImageHeader.of(image[HEADER_BYTES:], bytes(32), "another-board", "1", slot).to_bytes()
    line.program(slot, other)
    assert line.go(slot) == NACK, "for another board"
    line.program(slot, image[:HEADER_BYTES])
    assert line.go(slot + HEADER_BYTES) == ACK
    assert line.ask(HELLO)[0] == 0


def test_reset_starts_a_whole_image_after_a_window_for_calls(
    machine: Machine, board: Board, built: BuildResult
) -> None:
    line = machine.line
    assert line.call() == ACK
    start_application(line, board, built)
    assert line.ask(HELLO)[0] == 0
    machine.emulator.reset()
    assert line.call() == ACK
    still_there(line)
    machine.emulator.reset()
    assert line.take(1, 1.0) == b"", "neither bootloader nor application speak first"
    line.greet()
    assert line.ask(HELLO)[0] == 0


def test_reset_with_a_damaged_image_stays(machine: Machine, board: Board, built: BuildResult) -> None:
    line = machine.line
    assert line.call() == ACK
    image = built.firmware_bin.read_bytes()
    line.program(board.slot.origin, image[:-1] + bytes([image[-1] ^ 1]))
    machine.emulator.reset()
    assert line.take(1, 1.0) == b""
    assert line.call() == ACK
    still_there(line)


def stm32_crc(data: bytes) -> int:
    """The definition of the CRC, bit by bit."""
    crc = 0xFFFFFFFF
    for (word,) in struct.iter_unpack("<I", data):
        crc ^= word
        for _ in range(32):
            crc = (crc << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if crc >> 31 else 0)
    return crc


def test_checksum(line: Line, board: Board) -> None:
    def ask(address: int, count: int) -> int:
        assert line.command(0xA1) == ACK
        assert line.stage(checked(struct.pack(">I", address))) == ACK
        assert line.stage(checked(struct.pack(">I", count))) == ACK
        reply = line.take(6)
        assert reply[:1] == ACK and checked(reply[1:5]) == reply[1:]
        return int.from_bytes(reply[1:5], "big")

    data = bytes(range(0, 256, 2)) + bytes(range(255, 0, -2))
    assert line.write(board.slot.origin, data) == ACK
    for start, count in ((0, 4), (4, 96), (0, 256)):
        assert ask(board.slot.origin + start, count) == stm32_crc(data[start : start + count])
    assert ask(board.bootloader.alias + board.bootloader.size, 256) == stm32_crc(data)
    assert ask(board.slot.origin, 0) == 0xFFFFFFFF
    for address in (board.slot.origin + 2, board.flash.end, board.ram.origin):
        assert line.command(0xA1) == ACK
        assert line.stage(checked(struct.pack(">I", address))) == NACK
    for count in (3, board.slot.size + 4, 0xFFFFFFFC):
        assert line.command(0xA1) == ACK
        assert line.stage(checked(struct.pack(">I", board.slot.origin))) == ACK
        assert line.stage(checked(struct.pack(">I", count))) == NACK
    still_there(line)


def test_speed(machine: Machine, board: Board) -> None:
    """The emulator's port carries bytes at any rate; the debugger reads the divisor."""
    line, register = machine.line, board.uart.base + 0x10

    def divisor() -> int:
        with Debugger(machine.emulator.debugger) as core:
            return int.from_bytes(core.read(register, 4), "little")

    assert board.uart.driver == "cmsdk"
    assert line.call() == ACK
    slow = divisor()
    assert slow == round(board.uart.clock_hz / board.uart.baud)
    # Slower than the board's own, faster than 16 clocks a bit, 2.6 % off at 19.5 clocks a bit, absurd.
    for baud in (board.uart.baud - 1, board.uart.clock_hz // 15, board.uart.clock_hz * 10 // 195, 2**32 - 1):
        assert line.command(0x03) == ACK
        assert line.stage(checked(struct.pack(">I", baud))) == NACK, baud
    for called in (True, False):
        assert line.command(0x03) == ACK
        assert line.stage(checked(struct.pack(">I", 921_600))) == ACK
        if called:
            assert line.stage(SYNC) == ACK
            # 25 MHz / 921,600.
            assert divisor() == 27
            still_there(line)
        else:
            # A rate at which no call comes is given up after two seconds.
            assert line.take(1, 2.5) == b""
            still_there(line)
            assert divisor() == slow


def stm32flash(line: Line, port: str, *arguments: str | Path) -> str:
    """Run it until it succeeds: it waits one second for an answer, too short a time on a busy machine."""
    if shutil.which("stm32flash") is None:
        pytest.fail("stm32flash is missing: apt-get install stm32flash")
    command = ["stm32flash", "-m", "8n1", "-b", "115200", *map(str, arguments), port]
    for _ in range(5):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode == 0:
            return done.stdout
        assert line.call() in (ACK, NACK), "it listens for a command"
        while line.take(4096, QUIET):
            pass  # answers that stm32flash did not wait for
    pytest.fail(done.stdout + done.stderr)


def test_stm32flash_writes_verifies_reads_and_starts(
    machine: Machine, board: Board, built: BuildResult, tmp_path: Path
) -> None:
    """The board answers the id of a chip that stm32flash knows; the alias is where that has its flash."""
    line, port = machine.line, machine.emulator.port
    assert line.call() == ACK, "QEMU has connected the port: stm32flash waits but half a second"
    slot = f"0x{board.slot.origin - board.flash.origin + board.bootloader.alias:08x}"
    said = stm32flash(line, port)
    assert f"0x{board.bootloader.chip_id:04x}" in said, said
    image = built.firmware_bin.read_bytes()
    assert "verified" in stm32flash(line, port, "-S", slot, "-w", built.firmware_bin, "-v")
    whole = len(image) // 4 * 4
    said = stm32flash(line, port, "-S", f"{slot}:{whole}", "-C")
    assert f"= 0x{stm32_crc(image[:whole]):08x}" in said, said
    stm32flash(line, port, "-S", f"{slot}:{len(image)}", "-r", tmp_path / "read.bin")
    assert (tmp_path / "read.bin").read_bytes()[: len(image)] == image
    assert line.read(board.slot.origin, 256) == image[:256]
    assert line.read(board.bootloader.alias, 256) == line.read(board.flash.origin, 256)
    assert line.write(board.bootloader.alias, b"\0" * 4) == NACK, "the bootloader's own, by another name"
    stm32flash(line, port, "-g", slot)
    assert line.ask(HELLO)[0] == 0
