"""Raw bytes to and from a board, without code of the host side."""

from __future__ import annotations

import select
import struct
import zlib
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import pytest
import serial

from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.firmware.build import BuildResult
from sensor_bnn.hardware.boards import Board

ACK, NACK = b"\x79", b"\x1f"
SYNC = b"\x7f"
HELLO = 1
# ACK, one less than the number of bytes that follow, version 3.3, the eleven commands, ACK.
GET_REPLY = b"\x79\x0b\x33\x00\x01\x02\x03\x11\x21\x31\x43\x44\xa1\xb1\x79"
PATIENT = 20.0  # seconds to wait for an answer that must come
QUIET = 0.3  # seconds in which no byte may come


class Line:
    """Bytes to and from a port."""

    def __init__(self, port: str) -> None:
        self._serial = serial.Serial(port, 115200, timeout=PATIENT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._serial.close()

    def send(self, data: bytes) -> None:
        self._serial.write(data)

    def take(self, count: int, seconds: float = PATIENT) -> bytes:
        self._serial.timeout = seconds
        data: bytes = self._serial.read(count)
        return data

    def talk(self, data: bytes, count: int) -> bytes:
        self.send(data)
        return self.take(count)

    def is_quiet(self) -> bool:
        return self.take(1, QUIET) == b""

    def call(self, every: float = 1.5) -> bytes:
        """Call the bootloader until it answers, because a call may be lost in a reset.

        Not too often: an emulator needs a second to connect its port, and calls queue up there. Not too
        rarely: a bootloader that was called before reads two calls as a wrong command, which it refuses.
        """
        for _ in range(40):
            self.send(SYNC)
            if answer := self.take(1, every):
                return answer
        pytest.fail("the bootloader does not answer")

    def greet(self) -> None:
        """Send Hello until an application answers; requests before its start are lost."""
        for _ in range(40):
            self.send(request(HELLO, sequence=1))
            if select.select([self._serial], [], [], 1.5)[0]:
                break
        else:
            pytest.fail("no application answers")
        # Every Hello that was received is answered, this one last.
        self.send(request(HELLO, sequence=2))
        while self.answer()[0] != 2:
            pass

    # AN3155

    def stage(self, data: bytes) -> bytes:
        """Send a stage of a command and return its ACK or NACK."""
        return self.talk(data, 1)

    def command(self, code: int) -> bytes:
        return self.stage(bytes([code, code ^ 0xFF]))

    def write(self, address: int, data: bytes, code: int = 0x31) -> bytes:
        """Send a Write Memory or Long Write; return the answer to the last stage that it reached."""
        assert self.command(code) == ACK
        if self.stage(checked(struct.pack(">I", address))) != ACK:
            return NACK
        return self.stage(checked(struct.pack({0x31: ">B", 0xB1: ">H"}[code], len(data) - 1) + data))

    def read(self, address: int, count: int) -> bytes:
        assert self.command(0x11) == ACK
        assert self.stage(checked(struct.pack(">I", address))) == ACK
        assert self.stage(bytes([count - 1, (count - 1) ^ 0xFF])) == ACK
        return self.take(count)

    def go(self, address: int) -> bytes:
        assert self.command(0x21) == ACK
        return self.stage(checked(struct.pack(">I", address)))

    def program(self, address: int, data: bytes) -> None:
        for offset in range(0, len(data), 256):
            assert self.write(address + offset, data[offset : offset + 256]) == ACK

    # The application's frames

    def answer(self) -> tuple[int, int, int, bytes]:
        """Return sequence, type, status and payload of the next frame, which must be valid."""
        head = self.take(8)
        assert head[:3] == b"\xa5\x5a\x01", head
        (length,) = struct.unpack("<H", head[6:])
        payload, crc = self.take(length), self.take(4)
        assert crc == struct.pack("<I", zlib.crc32(head[2:] + payload))
        return head[3], head[4], head[5], payload

    def ask(self, kind: int, payload: bytes = b"", sequence: int = 7) -> tuple[int, bytes]:
        """Send a request; return its answer's status and payload."""
        self.send(request(kind, payload, sequence))
        answered, answered_kind, status, content = self.answer()
        assert (answered, answered_kind) == (sequence, kind | 0x80)
        return status, content

    def ok(self, kind: int, payload: bytes = b"") -> bytes:
        status, content = self.ask(kind, payload)
        assert status == 0
        return content


def checked(data: bytes) -> bytes:
    """Return the bytes followed by their XOR."""
    check = 0
    for byte in data:
        check ^= byte
    return data + bytes([check])


def request(kind: int, payload: bytes = b"", sequence: int = 7, version: int = 1, status: int = 0) -> bytes:
    body = struct.pack("<BBBBH", version, sequence, kind, status, len(payload)) + payload
    return b"\xa5\x5a" + body + struct.pack("<I", zlib.crc32(body))


@dataclass
class Machine:
    """An emulated board, and a line to it."""

    emulator: Emulator
    line: Line


def start_application(line: Line, board: Board, built: BuildResult) -> None:
    """Make an answering bootloader start the application, and wait until that answers."""
    line.program(board.slot.origin, built.firmware_bin.read_bytes())
    assert line.go(board.slot.origin) == ACK
