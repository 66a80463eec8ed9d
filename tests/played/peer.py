"""A board simulated by a thread at a pseudo-terminal: bootloader and application, with scripted faults.

It was written from ST's application note AN3155 and from docs/protocol.md and shares no code with our
firmware or our host. Like an STM32's ROM it has no time-out: it waits for the rest of a command for ever.
"""

from __future__ import annotations

import os
import select
import struct
import termios
import threading
import time
import tty
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from sensor_bnn.hardware.boards import Board, Bootloader, Counter, Emulator, Flash, Ram, Uart

ACK, NACK = b"\x79", b"\x1f"
TOY = Board(
    name="toy",
    title="A toy",
    target="toy-core",
    run_on_hardware=False,
    soc="",
    flash=Flash(0x0800_0000, 0x8000, driver="ram", page=0x400),
    ram=Ram(0x2000_0000, 0x8000, stack=0x1000),
    bootloader=Bootloader(size=0x1000, chip_id=0x450, alias=0x08000000),
    uart=Uart("toy", 0x4000_0000, 1_000_000, irq=0, baud=115200, parity="none"),
    counter=Counter("systick", 25_000_000),
    setup=(),
    flasher="an3155",
    emulator=Emulator("toy-emulator", (), icount_shift=6, default=False),
    folder=Path("toy"),
)


def toy_folder(folder: Path) -> Path:
    """Write ``TOY`` as a board's folder below ``folder``, for ``--board``, and return it."""
    board = folder / "toy"
    board.mkdir()
    (board / "board.toml").write_text(
        f"""name = "toy"
title = "A toy"
target = "toy-core"
run_on_hardware = false
[memory]
flash = {{ driver = "ram", origin = {TOY.flash.origin}, size = {TOY.flash.size}, page = {TOY.flash.page} }}
ram = {{ origin = {TOY.ram.origin}, size = {TOY.ram.size}, stack = {TOY.ram.stack} }}
[bootloader]
size = {TOY.bootloader.size}
chip_id = {TOY.bootloader.chip_id}
[uart]
driver = "toy"
base = 0
clock_hz = 1
irq = 0
baud = 115200
parity = "none"
[counter]
driver = "systick"
clock_hz = 25_000_000
[emulator]
program = "toy-emulator"
arguments = []
icount_shift = 6
default = false
"""
    )
    return board


class UnpluggedError(Exception):
    """The test is over."""


@dataclass
class Application:
    """The simulated benchmark application; its output is the input's first values, doubled."""

    model_hash: bytes = bytes(range(32))
    board: str = "toy"
    counter: str = "systick"
    model: str = "stand-in"
    input_bytes: int = 6 * 100 * 4
    outputs: int = 3
    code: str = "f"  # of the values in input and output: f for float32, h for int16
    arena_bytes: int = 1024
    layer_ticks: tuple[int, ...] = (160, 800, 1600)
    ticks: tuple[int, ...] = (4000,)  # per inference, repeated from the start
    max_payload: int = 1024
    status: dict[int, int] = field(default_factory=dict)  # kind -> error status
    instead: dict[int, bytes] = field(default_factory=dict)  # kind -> payload of the response
    garbage: bytes = b""  # sent before each response
    version: int = 1
    damaged: int = 0  # number of responses sent with a wrong checksum
    fastest: int = 921600
    deaf_at: int = 0  # a rate that it changes to but at which it receives nothing
    knows_codes: bool = True  # whether it accepts inputs as packed bytes
    refused: int = 0  # number of requests answered with status 5, as if they were damaged
    classes: tuple[str, ...] | None = ()  # None for an earlier firmware, which does not know the request
    weights: int | None = 0  # their CRC-32; likewise
    kernels: int = 0  # likewise, known where that of the weights is
    sources_bytes: int | None = None  # of a build that carries the texts of the bundle's C files
    wrong_bit_at: int | None = None  # number of the inference, from 1, whose output has a wrong lowest bit


@dataclass
class Faults:
    """The faults of the line and the flash."""

    drop_received: set[int] = field(default_factory=set)  # numbers of received bytes to drop
    drop_sent: set[int] = field(default_factory=set)  # numbers of sent bytes to drop
    refuse: dict[int, int] = field(default_factory=dict)  # command -> number of NACKs
    flip: dict[int, int] = field(default_factory=dict)  # address -> number of wrong reads
    stray: bytes = b""  # text after each command's ACK stage, as a debug print would
    silent_after: int | None = None  # number of bytes after which none is sent


class Peer(threading.Thread):
    """One board on its pseudo-terminal; a context manager."""

    silence_seconds = 3.0  # after which it returns from a raised rate

    def __init__(
        self,
        running: str = "bootloader",
        application: Application | None = None,
        faults: Faults | None = None,
        board: Board = TOY,
        goes: bool = True,
    ) -> None:
        super().__init__(daemon=True)
        self.running = running  # "bootloader", "application" or "nothing"
        self.application = application or Application()
        self.faults = faults or Faults()
        self.board = board
        self.goes = goes  # whether Go really starts the application
        self.flash = bytearray(b"\xff" * board.flash.size)
        self.erased: set[int] = set()
        self.log: list[int] = []  # commands and kinds in order
        self.received = self.sent = 0
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self._rate = termios.B115200
        attributes = termios.tcgetattr(self._slave)
        # A new pseudo-terminal has 38,400 baud; the board begins at 115,200.
        attributes[4:6] = [self._rate, self._rate]
        termios.tcsetattr(self._slave, termios.TCSANOW, attributes)
        self._slow_again: float | None = None
        self.port = os.ttyname(self._slave)
        self._end, self._ender = os.pipe()
        self._input = b""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()
        os.close(self._slave)
        os.close(self._end)

    def unplug(self) -> None:
        """End the board and close its side of the line, so that the host's side hangs up."""
        if self.is_alive():
            # The read end of this pipe becomes readable, which wakes the thread from its select.
            os.close(self._ender)
            self.join(20.0)
            assert not self.is_alive(), "the board hangs"
            os.close(self._master)

    def run(self) -> None:
        try:
            while True:
                if self.running == "bootloader":
                    self._bootloader()
                elif self.running == "application":
                    self._applicate()
                else:
                    self._take()
        except UnpluggedError:
            pass

    # The line

    def _take(self) -> int:
        while True:
            while not self._input:
                left = None if self._slow_again is None else max(0.0, self._slow_again - time.monotonic())
                ready, _, _ = select.select([self._master, self._end], [], [], left)
                if not ready:
                    self._rate, self._slow_again = termios.B115200, None
                    continue
                if self._end in ready:
                    raise UnpluggedError
                self._input = os.read(self._master, 4096)
            byte, self._input = self._input[0], self._input[1:]
            self.received += 1
            if self.received not in self.faults.drop_received and self._is_in_step():
                return byte

    def _is_in_step(self) -> bool:
        """Whether the host's rate equals the board's; at another rate bytes are noise."""
        # A pseudo-terminal carries bytes at any rate; the host's is read from its settings.
        return self.running != "application" or termios.tcgetattr(self._slave)[4] == self._rate

    def _give(self, data: bytes) -> None:
        out = b""
        for byte in data:
            self.sent += 1
            silent = self.faults.silent_after is not None and self.sent > self.faults.silent_after
            if self.sent not in self.faults.drop_sent and not silent:
                out += bytes([byte])
        os.write(self._master, out)

    # The bootloader: AN3155

    def _bootloader(self) -> None:
        while self._take() != 0x7F:
            pass
        self._give(ACK)
        while self.running == "bootloader":
            command, complement = self._take(), self._take()
            wanted = self.faults.refuse.get(command, 0)
            if command ^ complement != 0xFF or wanted > 0:
                if command ^ complement == 0xFF:
                    self.faults.refuse[command] = wanted - 1
                self._give(NACK)
                continue
            self.log.append(command)
            handler = {
                0x00: self._get,
                0x02: self._get_id,
                0x11: self._read,
                0x21: self._go,
                0x31: self._write,
                0x44: self._erase,
            }.get(command)
            if handler is None:
                self._give(NACK)
            else:
                self._give(self.faults.stray + ACK)
                handler()

    def _get(self) -> None:
        # The two protection commands are listed as ST's bootloaders do, and never to be sent.
        commands = bytes([0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x44, 0x63, 0x73])
        self._give(bytes([len(commands), 0x31]) + commands + ACK)

    def _get_id(self) -> None:
        # AN3155 counts one less than the bytes that follow.
        self._give(b"\x01" + struct.pack(">H", self.board.bootloader.chip_id) + ACK)

    def _address(self) -> int | None:
        data = bytes(self._take() for _ in range(5))
        (address,) = struct.unpack(">I", data[:4])
        right = data[0] ^ data[1] ^ data[2] ^ data[3] == data[4]
        if right and self.board.flash.origin <= address < self.board.flash.end:
            self._give(ACK)
            return int(address)
        self._give(NACK)
        return None

    def _read(self) -> None:
        address = self._address()
        if address is None:
            return
        count, complement = self._take(), self._take()
        if count ^ complement != 0xFF:
            self._give(NACK)
            return
        at = address - self.board.flash.origin
        data = bytearray(self.flash[at : at + count + 1])
        for flipped, times in self.faults.flip.items():
            if address <= flipped <= address + count and times > 0:
                data[flipped - address] ^= 0x10
                self.faults.flip[flipped] = times - 1
        self._give(ACK + data)

    def _write(self) -> None:
        address = self._address()
        if address is None:
            return
        count = check = self._take()
        data = bytes(self._take() for _ in range(count + 1))
        for byte in data:
            check ^= byte
        if check != self._take() or address % 4 or len(data) % 4:
            self._give(NACK)
            return
        at = address - self.board.flash.origin
        for i, byte in enumerate(data):  # flash only clears bits
            self.flash[at + i] &= byte
        self._give(ACK)

    def _erase(self) -> None:
        head = bytes([self._take(), self._take()])
        (count,) = struct.unpack(">H", head)
        body = bytes(self._take() for _ in range(2 * (count + 1)))
        check = self._take()
        for byte in head + body:
            check ^= byte
        pages = struct.unpack(f">{count + 1}H", body)
        size = self.board.flash.page
        first = self.board.bootloader.size // size
        if check or any(not first <= page < self.board.flash.size // size for page in pages):
            self._give(NACK)
            return
        for page in pages:
            self.erased.add(page)
            self.flash[page * size : (page + 1) * size] = b"\xff" * size
        self._give(ACK)

    def _go(self) -> None:
        if self._address() is not None:
            self.running = "application" if self.goes else "nothing"

    # The application: docs/protocol.md

    def _applicate(self) -> None:
        window = b""
        while not window.endswith(b"\xa5\x5a"):
            window = window[-1:] + bytes([self._take()])
        head = bytes(self._take() for _ in range(6))
        version, sequence, kind, _, length = struct.unpack("<BBBBH", head)
        if length > 1024:
            return
        payload = bytes(self._take() for _ in range(length))
        (checksum,) = struct.unpack("<I", bytes(self._take() for _ in range(4)))
        app = self.application
        status, answer = 0, b""
        if checksum != zlib.crc32(head + payload) or app.refused > 0:
            app.refused -= 1
            status = 5
        elif version != 1:
            status = 6
        else:
            self.log.append(kind)
            status, answer = self._serve(kind, payload)
        body = struct.pack("<BBBBH", app.version, sequence, kind | 0x80, status, len(answer)) + answer
        check = zlib.crc32(body)
        if app.damaged > 0:
            app.damaged -= 1
            check ^= 1
        self._give(app.garbage + b"\xa5\x5a" + body + struct.pack("<I", check))
        if self._slow_again is not None:
            self._slow_again = time.monotonic() + self.silence_seconds
        if kind == 0x0A and status == 0:
            self._change_rate(*struct.unpack("<I", payload))
        if kind == 0x08 and status == 0:
            self.running = "bootloader"

    def _change_rate(self, baud: int) -> None:
        # The answer leaves at the old rate.
        termios.tcdrain(self._master)
        self._rate = getattr(termios, f"B{baud}") if baud != self.application.deaf_at else -1
        self._slow_again = None if baud == 115200 else time.monotonic() + self.silence_seconds

    def _uncode(self, payload: bytes) -> bytes:
        first, zero, divisor = struct.unpack_from("<Iif", payload)
        codes, at = b"", 12
        while at < len(payload):
            n = payload[at]
            # PackBits: up to 128 literal bytes, or one byte 2 to 129 times.
            codes += payload[at + 1 : at + 2 + n] if n < 128 else payload[at + 1 : at + 2] * (n - 126)
            at += n + 2 if n < 128 else 2
        for place, byte in enumerate(codes, first):
            struct.pack_into("<f", self._staged, 4 * place, (byte - zero) / divisor)
        return b""

    @property
    def _output_bytes(self) -> int:
        return struct.calcsize(f"<{self.application.outputs}{self.application.code}")

    def _serve(self, kind: int, payload: bytes) -> tuple[int, bytes]:
        app = self.application
        if kind in app.status:
            return app.status[kind], b""
        if kind in app.instead:
            return 0, app.instead[kind]
        if kind == 0x01:
            sizes = (25_000_000, app.input_bytes, self._output_bytes, len(app.layer_ticks), app.arena_bytes)
            texts = "".join(text + "\0" for text in (app.board, app.counter, app.model, "0.1.0"))
            return 0, app.model_hash + struct.pack("<6I", *sizes, app.max_payload) + texts.encode()
        if kind == 0x02:
            (offset,) = struct.unpack_from("<I", payload)
            self._staged = getattr(self, "_staged", bytearray(app.input_bytes))
            self._staged[offset : offset + len(payload) - 4] = payload[4:]
            return 0, b""
        if kind == 0x09 and app.knows_codes and app.code == "f":
            self._staged = getattr(self, "_staged", bytearray(app.input_bytes))
            return 0, self._uncode(payload)
        if kind in (0x03, 0x04):
            values = struct.unpack_from(f"<{app.outputs}{app.code}", self._staged)
            self._output = struct.pack(f"<{app.outputs}{app.code}", *(2 * value for value in values))
            if self.log.count(0x03) == app.wrong_bit_at:
                self._output = bytes([self._output[0] ^ 1]) + self._output[1:]
            if kind == 0x04:
                return 0, struct.pack("<QI", sum(app.layer_ticks) + 16, len(app.layer_ticks))
            # This request is in the log already, so the first inference has number 0.
            ticks = app.ticks[self.log.count(0x03) % len(app.ticks) - 1]
            return 0, struct.pack("<Q", ticks)
        if kind == 0x05:
            (first,) = struct.unpack("<I", payload)
            part = app.layer_ticks[first : first + 2]
            return 0, struct.pack(f"<II{len(part)}Q", first, len(part), *part)
        if kind == 0x06:
            offset, length = struct.unpack("<II", payload)
            return 0, self._output[offset : offset + length]
        if kind == 0x07:
            return 0, struct.pack("<6I", app.arena_bytes, 1000, 4096, 512, 2048, 20000)
        if kind == 0x0A:
            (baud,) = struct.unpack("<I", payload)
            return 0 if baud <= app.fastest else 3, b""
        if kind == 0x0B and app.classes is not None:
            (offset,) = struct.unpack("<I", payload)
            names = b"".join(name.encode() + b"\0" for name in app.classes)
            return 0, struct.pack("<I", len(names)) + names[offset : offset + app.max_payload - 4]
        if kind == 0x0C and app.weights is not None:
            more = [] if app.sources_bytes is None else [app.sources_bytes]
            return 0, struct.pack(f"<{4 + len(more)}I", 9000, app.weights, 0, app.kernels, *more)
        return (0, b"") if kind == 0x08 else (1, b"")
