"""A new chip: ST's bootloader in ROM, simulated strictly from AN3155 and AN2606.

It was written from the documents for tests and shares no code with our bootloader or our host. ``peer.py``
simulates a board with faults; this one tolerates no fault of the host: ``violations`` collects what AN3155
does not allow. The ROM has a register for one received byte and no buffer, so a byte that arrives before an
ACK that the host must wait for is an overrun. It has no time-out, and writes flash in words and only where it
is erased.

``baud`` makes each direction of its line as slow as a wire: a byte takes 10 bits. Bytes of both directions
are counted.
"""

from __future__ import annotations

import functools
import operator
import os
import select
import struct
import threading
import time
import tty
import zlib
from collections.abc import Callable
from types import TracebackType
from typing import Self

from sensor_bnn.hardware.boards import Board

ACK, NACK = b"\x79", b"\x1f"
COMMANDS = bytes([0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x44, 0x63, 0x73, 0x82, 0x92])
ERASED = 0xFF


class UnpluggedError(Exception):
    """The test is over."""


class Factory(threading.Thread):
    """One such chip at a pseudo-terminal; a context manager.

    Args:
        board: the board whose flash and chip id it has; it has no resident bootloader, all pages are free.
        erase: its erase command: 0x44, or 0x43 on the oldest parts.
        checksum: whether to offer Get Checksum, in the stages of ``stm32flash -C``, and to buffer early
            bytes.
        long: whether to offer our Long Write: like Write, with a count of two bytes.
        ahead: Get Version's first option byte: how many Write Memory are buffered during another.
        baud: rate of the line in real time; None for no limit.
        options: the option bytes, as a block of memory: its address and content.
        read_protected: whether Read, Write, Erase and Go are refused, as under RDP.
        start: called with the address of an accepted Go and the flash; returns the program that then runs.
    """

    def __init__(
        self,
        board: Board,
        *,
        erase: int = 0x44,
        checksum: bool = False,
        long: bool = False,
        ahead: int = 0,
        baud: int | None = None,
        options: tuple[int, bytes] = (0, b""),
        read_protected: bool = False,
        start: Callable[[int, bytes], Callable[[bytes], bytes] | None] = lambda address, flash: None,
    ) -> None:
        super().__init__(daemon=True)
        self.board = board
        self.start_program = start
        self.buffered = checksum
        self.ahead = ahead
        self.baud = baud
        self.options, self.read_protected = options, read_protected
        commands = COMMANDS.replace(b"\x44", bytes([erase]))
        self.commands = commands + (b"\x03\xa1" if checksum else b"") + (b"\xb1" if long else b"")
        self.version = 0x33 if checksum else 0x22 if erase == 0x43 else 0x31
        self.flash = bytearray(b"\x00" * board.flash.size)  # not erased: the flash was used before
        self.violations: list[str] = []
        self.log: list[int] = []
        self.received = self.sent = 0
        self.started_at: int | None = None
        self._received_at = self._sent_at = 0.0  # when each direction of the line is free
        self._input = b""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._end, self._ender = os.pipe()
        self._unplugged = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._unplugged:  # A second close would hit descriptors that the flasher has opened since.
            return
        self._unplugged = True
        os.close(self._ender)
        self.join(20.0)
        assert not self.is_alive(), "the chip hangs"
        for descriptor in (self._master, self._slave, self._end):
            os.close(descriptor)

    @property
    def wire_bytes(self) -> int:
        """Return the bytes of both directions."""
        return self.received + self.sent

    def run(self) -> None:
        try:
            while self._take(1) != b"\x7f":
                self.violations.append("a byte before the call")
            self._give(ACK)
            while self.started_at is None:
                self._command()
            program = self.start_program(self.started_at, bytes(self.flash))
            while program is not None:
                self._give(program(self._take(1)))
            while True:
                self._take(1)
        except UnpluggedError:
            pass

    # The line

    def _take(self, count: int) -> bytes:
        while len(self._input) < count:
            # Bytes that are there already have followed the last ones without a gap.
            began = self._received_at
            ready, _, _ = select.select([self._master], [], [], 0)
            if not ready:  # the line has been idle
                ready, _, _ = select.select([self._master, self._end], [], [])
                if self._end in ready:
                    raise UnpluggedError
                began = time.monotonic()
            # No more than asked for: the rest must stay where _wait_for_host sees it.
            data = os.read(self._master, count - len(self._input))
            self._received_at = self._pass(len(data), began)
            self._input += data
        self.received += count
        taken, self._input = self._input[:count], self._input[count:]
        return taken

    def _give(self, data: bytes) -> None:
        self.sent += len(data)
        self._sent_at = self._pass(len(data), max(self._sent_at, time.monotonic()))
        if data:
            os.write(self._master, data)

    def _pass(self, count: int, began: float) -> float:
        """Wait for the time that the bytes take on the line; return its end."""
        if self.baud is None:
            return began
        over = began + 10 * count / self.baud
        time.sleep(max(0.0, over - time.monotonic()))
        return over

    def _wait_for_host(self, what: str) -> None:
        """Check before an ACK that no byte has arrived after the stage that it acknowledges."""
        ready, _, _ = select.select([self._master], [], [], 0)
        if (self._input or ready) and not self.buffered:
            self.violations.append(f"bytes before the ACK of {what}")

    def _answer(self, right: bool, what: str) -> bool:
        self._wait_for_host(what)
        self._give(ACK if right else NACK)
        return right

    # The commands

    def _command(self) -> None:
        code, complement = self._take(2)
        known = {
            0x00: self._get,
            0x01: self._get_version,
            0x02: self._get_id,
            0x03: self._speed,
            0x11: self._read,
            0x21: self._go,
            0x31: self._write,
            0x43: self._erase,
            0x44: self._extended_erase,
            0xA1: self._checksum,
            0xB1: self._long_write,
        }
        right = code ^ complement == 0xFF and code in self.commands
        if code ^ complement == 0xFF and code not in self.commands:
            self.violations.append(f"command {code:#x}, which Get does not list")
        # Write Protect, Write Unprotect, Readout Protect and Readout Unprotect; the last erases the chip.
        if code in (0x63, 0x73, 0x82, 0x92):
            self.violations.append(f"command {code:#x}: protection is the user's own business")
            right = False
        if self.read_protected and code in (0x11, 0x21, 0x31, 0x43, 0x44):
            right = False
        if self._answer(right, f"command {code:#x}"):
            self.log.append(code)
            known[code]()

    def _get(self) -> None:
        self._give(bytes([len(self.commands), self.version]) + self.commands + ACK)

    def _get_version(self) -> None:
        self._give(bytes([self.version, self.ahead, 0]) + ACK)

    def _get_id(self) -> None:
        self._give(b"\x01" + struct.pack(">H", self.board.bootloader.chip_id) + ACK)

    def _word(self) -> tuple[int, bool]:
        data = self._take(5)
        return int.from_bytes(data[:4], "big"), data[0] ^ data[1] ^ data[2] ^ data[3] == data[4]

    def _address(self, what: str) -> int | None:
        address, right = self._word()
        here = self.board.flash.origin <= address < self.board.flash.end
        return (
            address - self.board.flash.origin if self._answer(right and here, f"{what}'s address") else None
        )

    def _speed(self) -> None:
        self._word()
        self._answer(False, "a rate")  # its clock allows no other rate

    def _read(self) -> None:
        address, right = self._word()
        places = ((self.board.flash.origin, bytes(self.flash)), self.options)
        found = [(start, content) for start, content in places if start <= address < start + len(content)]
        if not self._answer(right and bool(found), "Read's address"):
            return
        ((start, content),) = found
        count, complement = self._take(2)
        at = address - start
        if self._answer(count ^ complement == 0xFF and at + count < len(content), "Read's count"):
            self._give(content[at : at + count + 1])

    def _write(self) -> None:
        self._block(1, 0x100)

    def _long_write(self) -> None:
        self._block(2, 0x400)

    def _block(self, width: int, most: int) -> None:
        at = self._address("Write")
        if at is None:
            return
        head = self._take(width)
        count = int.from_bytes(head, "big")
        if count >= most:
            self.violations.append(f"a Write of {count + 1} bytes")
        data = self._take(count + 1)
        check = functools.reduce(operator.xor, head + data + self._take(1))
        if at % 4 or len(data) % 4:
            self.violations.append(f"a Write of {len(data)} bytes to {at:#x}: not whole words")
        if self.flash.count(ERASED, at, at + len(data)) != len(data):
            self.violations.append(f"a Write to {at:#x}, which is not erased")
        right = check == 0 and at + len(data) <= self.board.flash.size
        if right:
            # Programming only clears bits.
            self.flash[at : at + len(data)] = bytes(map(operator.and_, self.flash[at : at + len(data)], data))
        self._answer(right, "Write's data")

    def _erase(self) -> None:
        (count,) = self._take(1)
        if count == 0xFF:
            self._wipe(range(self._pages), self._take(1) == b"\x00")
            return
        numbers = self._take(count + 1)
        check = count
        for byte in numbers + self._take(1):
            check ^= byte
        self._wipe(list(numbers), check == 0)

    def _extended_erase(self) -> None:
        head = self._take(2)
        (count,) = struct.unpack(">H", head)
        if count >= 0xFFF0:
            # Values from 0xFFF0 are no counts: all pages, or one bank, without a list of pages.
            check = head[0] ^ head[1] ^ self._take(1)[0]
            self._wipe(range(self._pages), check == 0 and count == 0xFFFF)
            return
        body = self._take(2 * (count + 1))
        check = 0
        for byte in head + body + self._take(1):
            check ^= byte
        self._wipe(list(struct.unpack(f">{count + 1}H", body)), check == 0)

    @property
    def _pages(self) -> int:
        return self.board.flash.size // self.board.flash.page

    def _wipe(self, numbers: range | list[int], right: bool) -> None:
        right = right and all(number < self._pages for number in numbers)
        if right:
            for number in numbers:
                page = self.board.flash.page
                self.flash[number * page : (number + 1) * page] = bytes([ERASED]) * page
        self._answer(right, "Erase's pages")

    def _checksum(self) -> None:
        at = self._address("Get Checksum")
        if at is None:
            return
        count, right = self._word()
        if not self._answer(right and count % 4 == 0 and at + count <= self.board.flash.size, "the size"):
            return
        crc = _crc(self.flash[at : at + count])
        body = crc.to_bytes(4, "big")
        self._give(ACK + body + bytes([body[0] ^ body[1] ^ body[2] ^ body[3]]))

    def _go(self) -> None:
        at = self._address("Go")
        if at is not None:
            # The ROM takes the stack from the first word and jumps to the second.
            stack, entry = struct.unpack_from("<II", self.flash, at)
            ram = self.board.ram
            if not ram.origin < stack <= ram.end or not entry & 1:
                self.violations.append(f"Go to {at:#x}, where there are no vectors")
            self.started_at = at + self.board.flash.origin


def _turned(word: int, bits: int) -> int:
    return int(f"{word:0{bits}b}"[::-1], 2)


_MIRROR = bytes(_turned(byte, 8) for byte in range(256))


def _crc(words: bytes) -> int:
    """Return the CRC of the STM32's unit: zlib's CRC with the bits of each word reversed.

    It takes almost no time, because the line's time is measured.
    """
    backwards = struct.pack(f"<{len(words) // 4}I", *struct.unpack(f">{len(words) // 4}I", words))
    return _turned(zlib.crc32(backwards.translate(_MIRROR)) ^ 0xFFFFFFFF, 32)
