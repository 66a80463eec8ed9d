"""AN3155, the protocol of ST's USART bootloaders and of our resident one.

STMicroelectronics, *Application note AN3155: USART protocol used in the STM32 bootloader*; Speed is from
AN3154, Get Checksum has the stages that ``stm32flash -C`` uses, and Long Write and Get Options are our own
(docs/protocol.md).
A command is a byte and its complement; the bootloader answers each stage with ACK or NACK. The protocol has
neither frames nor deadlines: after a lost byte the bootloader waits for the rest, so ``resync`` sends it
filler bytes until it answers with NACK.
"""

from __future__ import annotations

import array
import functools
import logging
import operator
import struct
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sensor_bnn.errors import FlashError, PortError
from sensor_bnn.wire.port import SerialPort

SYNC, ACK, NACK = 0x7F, 0x79, 0x1F
GET, GET_VERSION, GET_ID, SPEED, READ, GO, WRITE = 0x00, 0x01, 0x02, 0x03, 0x11, 0x21, 0x31
EXTENDED_ERASE = 0x44
ERASE, GET_CHECKSUM, LONG_WRITE, GET_OPTIONS = 0x43, 0xA1, 0xB1, 0xB2
BLOCK_BYTES = 256  # most data bytes of one Read or Write
LONG_BYTES = 4 * BLOCK_BYTES  # most data bytes of one Long Write
ERASE_PAGES = 16  # pages per Extended Erase: a short frame, and frequent progress reports

_log = logging.getLogger(__name__)

_ANSWER_SECONDS = 2.0
_ERASE_SECONDS = 40.0  # 16 pages of the slowest part, with a margin
_CHECKSUM_SECONDS = 10.0  # for the largest flash
# Less than the two seconds for which our bootloader keeps a new rate without a call.
_SPEED_SECONDS = 0.5
_RETURN_SECONDS = 3.0  # by then a bootloader that received nothing at the new rate is back at the old one
# Between two calls. A bootloader listens for half a second after a reset, so one of the calls comes in that
# time.
_SYNC_SECONDS = 0.25
_FLOOD_SECONDS = 0.05
_ATTEMPTS = 4
_SHORT_AHEAD = (
    16  # commands of some 12 bytes; our bootloader buffers them, because it writes nothing meanwhile
)
# How to end an interrupted command: a number of FILL bytes, and the seconds to wait for a NACK. FILL
# completes no command and no address. Because it is even, it is also no valid checksum of a block or an erase
# that begins with it; as the count of a Long Write it is too large. An address needs up to 5 bytes more, a
# block with its checksum 258, a long one 1025; a single FILL completes the half command that the others may
# leave. An erase that lost its frame reads FILL as its count, 0x7E7E pages, and then needs two bytes for each
# page.
FILL = 0x7E
_SINGLES = ((1, _SYNC_SECONDS),) * 2
_FLOOD = (
    *_SINGLES * 3,
    (BLOCK_BYTES + 2, _FLOOD_SECONDS),
    *_SINGLES,
    (LONG_BYTES - BLOCK_BYTES, 2 * _FLOOD_SECONDS),
    *_SINGLES,
)
_ERASE_FLOOD = (*_FLOOD, *((0x1000, 8 * _FLOOD_SECONDS),) * 16, *_SINGLES)

_WRITE_FRAME, _LONG_FRAME = 9, 10  # bytes of the commands without their data

# Each byte with its bits in reverse order.
_TURNED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))

Result = TypeVar("Result")
Flood = Sequence[tuple[int, float]]
Range = tuple[int, int]
"""An address and the number of bytes from there."""
Block = tuple[int, bytes]
"""An address and the bytes to write there."""


class RefusalError(FlashError):
    """The bootloader answered NACK."""


class SilenceError(PortError):
    """The bootloader did not answer in time."""


@dataclass(frozen=True)
class Capabilities:
    """The answer to Get: the protocol's version (0x31 is 3.1) and the codes of the commands."""

    version: int
    commands: tuple[int, ...]


@dataclass(frozen=True)
class _Command(Generic[Result]):
    """A command: its name, its stages, each acknowledged, and the function that reads the data after them."""

    what: str
    stages: tuple[bytes, ...]
    answer: Callable[[], Result]


class An3155:
    """One conversation with a bootloader.

    Args:
        port: an open port; the caller closes it.

    ``hasty`` says that a command's stages are sent without waiting for each ACK: our bootloader buffers them,
    and drops what follows a stage that it refuses. A bootloader in ROM may have room for only one byte.
    ``ahead`` is the number of blocks that the bootloader accepts while it writes another. ``long_writes``
    says that it has Long Write, which is used until the line damages one.

    Every operation is repeated after a NACK, a lost byte or a damaged byte. If it still fails, it raises
    ``RefusalError`` or ``SilenceError``. ``retries`` counts the repetitions.
    """

    def __init__(self, port: SerialPort) -> None:
        self._port = port
        self.hasty = False
        self.ahead = 0
        self.long_writes = False
        self.erase_command = EXTENDED_ERASE  # or ERASE, on the oldest parts
        self.retries = 0

    def sync(self, seconds: float) -> bool:
        """Call the bootloader for ``seconds``; return whether one answers.

        A bootloader that an earlier session has synchronised reads the byte as the first half of a command
        and refuses the second half, so a NACK is an answer too.
        """
        calls = self._call(seconds)
        if calls > 1:  # it answered the first call late, and read the last one as half a command
            try:
                self.resync()
            except SilenceError:
                return False
        return calls > 0

    def get(self) -> Capabilities:
        """Ask for version and commands."""
        return self._persist(self._get)

    def get_id(self) -> int:
        """Ask for the chip's product id."""
        return self._persist(self._get_id)

    def options(self) -> tuple[int, int]:
        """Ask for Get Version's two option bytes: 0 from ST's bootloaders; the first of ours is ``ahead``."""
        return self._persist(self._options)

    def read(self, address: int, count: int) -> bytes:
        """Read 1..256 bytes of memory. The protocol has no checksum on them."""
        (data,) = self.read_all([(address, count)])
        return data

    def option_words(self) -> tuple[int, ...]:
        """Ask our bootloader for the registers with the chip's option bytes, in the order of board.toml."""
        return self._persist(self._option_words)

    def try_read(self, address: int, count: int) -> bytes | None:
        """Read 1..256 bytes, which may be forbidden: a refusal is not repeated; return None for one."""
        try:
            (data,) = self._answers([self._read(address, count)], 0)
        except RefusalError:
            return None
        return data

    def read_all(self, ranges: Sequence[Range]) -> Iterator[bytes]:
        """Read one range after the other; send some commands ahead where the bootloader buffers them."""
        return self._each([self._read(*where) for where in ranges], _SHORT_AHEAD)

    def write(self, address: int, data: bytes) -> None:
        """Write 4..256 bytes, a multiple of 4, to an address that is a multiple of 4."""
        for _ in self.write_all([(address, data)]):
            pass

    def write_all(self, blocks: Sequence[Block]) -> Iterator[None]:
        """Write the blocks, several in one command or sent ahead where possible; yield at each."""
        for address, data in blocks:
            if not 0 < len(data) <= BLOCK_BYTES or len(data) % 4 or address % 4:
                raise ValueError(
                    f"{len(data)} bytes at {address:#x}: AN3155 requires words, at most {BLOCK_BYTES} bytes"
                )
        if self.long_writes:
            return self._write_long(blocks)
        return self._each([self._write(*block) for block in blocks], self.ahead)

    def _write_long(self, blocks: Sequence[Block]) -> Iterator[None]:
        """Write long blocks; repeat what the line damages in short ones, which are likelier to arrive."""
        most, ahead = LONG_BYTES, 0
        if self.ahead:  # in the room of ``ahead`` short blocks: the one being written and the next
            room = (1 + self.ahead) * (BLOCK_BYTES + _WRITE_FRAME)
            most, ahead = min(LONG_BYTES, room // 2 - _LONG_FRAME), 1
        groups = list(_neighbours(blocks, most))
        commands = [
            self._write(group[0][0], b"".join(data for _, data in group), LONG_WRITE) for group in groups
        ]
        done = 0
        try:
            for group, _ in zip(groups, self._answers(commands, ahead), strict=True):
                for _ in group:
                    done += 1
                    yield
        except (RefusalError, SilenceError):
            self.long_writes = False
            self.retries += 1
            self.resync()
            yield from self.write_all(blocks[done:])

    def erase(self, pages: Sequence[int]) -> None:
        """Erase the pages with these numbers."""
        self._persist(lambda: self._erase(pages), _ERASE_FLOOD)

    def checksum(self, address: int, count: int) -> int:
        """Ask for ``stm32_crc`` of ``count`` bytes of memory, a multiple of 4 as the address is."""
        (crc,) = self.checksum_all([(address, count)])
        return crc

    def checksum_all(self, ranges: Sequence[Range]) -> Iterator[int]:
        """Ask for one checksum after the other; send some commands ahead where they are buffered."""
        return self._each([self._checksum(*where) for where in ranges], _SHORT_AHEAD)

    def speed(self, baud: int) -> bool:
        """Change to a rate of ``baud``, if bootloader and port can; return whether they did.

        Raises:
            SilenceError: the bootloader answers at neither rate.
        """
        before = self._port.baud
        try:
            self._command(SPEED, "Speed")
            self._send(_word(baud), "Speed")
        except RefusalError:
            return False
        except SilenceError:
            self.resync()
            return False
        if self._port.set_baud(baud) and self._call(_SPEED_SECONDS) and self._at_start():
            return True
        self._port.set_baud(before)
        if not self._call(_RETURN_SECONDS):
            raise SilenceError(
                f"The bootloader at {self._port.path} does not answer since it was asked for {baud} baud.",
                "Reset the board and flash with --baud 0.",
            )
        self.resync()
        return False

    def go(self, address: int) -> None:
        """Start the program at ``address``; only the program's answer proves the start.

        Both stages are repeated: a damaged address is refused like an image that is not whole. A bootloader
        that lost a byte of it waits for the rest; one that no longer answers has started the program.
        """
        self._persist(lambda: self._go(address))

    def resync(self, flood: Flood | None = None) -> None:
        """Make a bootloader that waits for the rest of an interrupted command ready for a new one.

        Raises:
            SilenceError: it does not answer.
        """
        _log.info("resynchronises with the bootloader at %s", self._port.path)
        for burst, seconds in _FLOOD if flood is None else flood:
            self._port.write(bytes([FILL]) * burst)
            if self._answer(self._port.patient(seconds)) is None:
                continue
            self._port.drain(quiet=0.1)
            if self._at_start():
                return
        # A board that was reset accepts only SYNC.
        if self._call(_SYNC_SECONDS) and self._at_start():
            return
        raise SilenceError(
            f"The bootloader at {self._port.path} no longer answers.", "Reset the board and flash again."
        )

    def _call(self, seconds: float) -> int:
        """Send SYNC until it is answered; return how often, or 0 if it never was."""
        deadline = time.monotonic() + self._port.patient(seconds)
        calls = 0
        while True:
            self._port.drain()
            self._port.write(bytes([SYNC]))
            calls += 1
            if self._answer(self._port.patient(_SYNC_SECONDS)) is not None:
                self._port.drain(quiet=0.02)
                return calls
            if time.monotonic() >= deadline:
                return 0

    def _at_start(self) -> bool:
        try:
            self._get()
        except (RefusalError, SilenceError):
            return False
        return True

    def _persist(self, operation: Callable[[], Result], flood: Flood | None = None) -> Result:
        for _ in range(_ATTEMPTS - 1):
            try:
                return operation()
            except (RefusalError, SilenceError):
                self.retries += 1
                self.resync(flood)
        return operation()

    def _go(self, address: int) -> None:
        self._command(GO, "Go")
        self._port.write(_word(address))
        answer = self._answer(self._port.patient(_ANSWER_SECONDS))
        if answer == NACK:
            raise RefusalError(
                f"The bootloader does not start the image at {address:#010x}: it is not whole.",
                "Flash it again.",
            )
        if answer is None and self._is_here():
            raise SilenceError(
                f"The bootloader at {self._port.path} does not answer Go.", "Reset the board and flash again."
            )

    def _is_here(self) -> bool:
        try:
            self.resync()
        except SilenceError:
            return False
        return True

    def _get(self) -> Capabilities:
        self._command(GET, "Get")
        (count,) = self._bytes(1, "Get")
        version, *commands = self._bytes(count + 1, "Get")
        self._acknowledged("Get")
        return Capabilities(version, tuple(commands))

    def _options(self) -> tuple[int, int]:
        self._command(GET_VERSION, "Get Version")
        _, first, second = self._bytes(3, "Get Version")
        self._acknowledged("Get Version")
        return first, second

    def _option_words(self) -> tuple[int, ...]:
        what = "Get Options"
        self._command(GET_OPTIONS, what)
        (count,) = self._bytes(1, what)
        reply = self._bytes(4 * count + 1, what)
        if _with_checksum(bytes([count]) + reply[:-1]) != bytes([count]) + reply:
            raise SilenceError(
                f"The bootloader at {self._port.path} sent a damaged answer to {what}.", "Check the cable."
            )
        return struct.unpack(f">{count}I", reply[:-1])

    def _get_id(self) -> int:
        self._command(GET_ID, "Get ID")
        (count,) = self._bytes(1, "Get ID")
        chip_id = int.from_bytes(self._bytes(count + 1, "Get ID"), "big")
        self._acknowledged("Get ID")
        return chip_id

    def _each(self, commands: Sequence[_Command[Result]], ahead: int) -> Iterator[Result]:
        """Yield the answers. After a failure, repeat from the first command without an answer."""
        done = failures = 0
        while done < len(commands):
            try:
                for answer in self._answers(commands[done:], ahead):
                    done += 1
                    failures = 0
                    yield answer
            except (RefusalError, SilenceError):
                failures += 1
                if failures >= _ATTEMPTS:
                    raise
                self.retries += 1
                self.resync()

    def _answers(self, commands: Sequence[_Command[Result]], ahead: int) -> Iterator[Result]:
        """Yield the answers. ACKs have no numbers, so they are counted: a missing one shows at the end."""
        if not self.hasty:
            for command in commands:
                self._port.drain()
                _log.debug("%s", command.what)
                for stage in command.stages:
                    self._send(stage, command.what)
                yield command.answer()
            return
        self._port.drain()
        sent = 0

        def send(end: int) -> int:
            due = commands[sent:end]
            for one in due:
                _log.debug("%s", one.what)
            if due:
                self._port.write(b"".join(stage for one in due for stage in one.stages))
            return sent + len(due)

        sent = send(1 + ahead)
        for number, command in enumerate(commands, 1):
            for _ in command.stages:
                self._acknowledged(command.what)
            answer = command.answer()
            sent = send(number + 1 + ahead)  # so that the line is busy while the caller handles this answer
            yield answer

    def _read(self, address: int, count: int) -> _Command[bytes]:
        what = f"Read Memory at {address:#010x}"
        stages = _complemented(READ), _word(address), _complemented(count - 1)
        return _Command(what, stages, lambda: self._bytes(count, what))

    def _checksum(self, address: int, count: int) -> _Command[int]:
        what = f"Get Checksum of {count} bytes at {address:#010x}"

        def answer() -> int:
            self._acknowledged(what, _CHECKSUM_SECONDS)
            reply = self._bytes(5, what)
            if _with_checksum(reply[:4]) != reply:
                raise SilenceError(
                    f"The bootloader at {self._port.path} sent a damaged answer to {what}.",
                    "Check the cable.",
                )
            return int.from_bytes(reply[:4], "big")

        return _Command(what, (_complemented(GET_CHECKSUM), _word(address), _word(count)), answer)

    def _write(self, address: int, data: bytes, code: int = WRITE) -> _Command[None]:
        name, count = {WRITE: ("Write Memory", ">B"), LONG_WRITE: ("Long Write", ">H")}[code]
        block = _with_checksum(struct.pack(count, len(data) - 1) + data)
        what = f"{name} at {address:#010x}"
        return _Command(what, (_complemented(code), _word(address), block), lambda: None)

    def _erase(self, pages: Sequence[int]) -> None:
        extended = self.erase_command == EXTENDED_ERASE
        what = f"{'Extended ' if extended else ''}Erase of pages {pages[0]}..{pages[-1]}"
        self._command(self.erase_command, what)
        body = struct.pack(f">{len(pages) + 1}{'H' if extended else 'B'}", len(pages) - 1, *pages)
        self._send(_with_checksum(body), what, _ERASE_SECONDS)

    def _command(self, code: int, what: str) -> None:
        self._port.drain()  # earlier stray bytes would be read as the answer
        _log.debug("%s", what)
        self._send(_complemented(code), what)

    def _send(self, data: bytes, what: str, seconds: float | None = None) -> None:
        self._port.write(data)
        self._acknowledged(what, seconds)

    def _acknowledged(self, what: str, seconds: float | None = None) -> None:
        answer = self._answer(self._port.patient(_ANSWER_SECONDS if seconds is None else seconds))
        if answer is None:
            raise SilenceError(
                f"The bootloader at {self._port.path} does not answer {what}.",
                "Reset the board and flash again.",
            )
        if answer == NACK:
            raise RefusalError(
                f"The bootloader refuses {what}.",
                "Check that the part's read and write protection is off and that the address is flash.",
            )

    def _answer(self, seconds: float) -> int | None:
        """Return the next ACK or NACK, without stray bytes before it; None if none comes in time."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            byte = self._port.read(1, left)
            if not byte:  # The time has passed, in that of the port: a simulated chip has its own.
                return None
            if byte[0] in (ACK, NACK):
                return byte[0]
        return None

    def _bytes(self, count: int, what: str) -> bytes:
        data = self._port.read(count, self._port.patient(_ANSWER_SECONDS))
        if len(data) < count:
            raise SilenceError(
                f"The bootloader at {self._port.path} sent {len(data)} of {count} bytes for {what}.",
                "Reset the board and flash again.",
            )
        return data


def stm32_crc(data: bytes) -> int:
    """Return what an STM32's CRC unit computes from whole words: polynomial 0x04C11DB7, initially all ones.

    The unit takes words with their highest bit first and reflects nothing; zlib's CRC reflects everything. So
    the bits of each word are reversed before, and those of the result after the computation.

    Raises:
        ValueError: the length of ``data`` is not a multiple of 4.
    """
    if len(data) % 4:
        raise ValueError(f"{len(data)} bytes are not whole words")
    words = array.array("I", data)
    words.byteswap()
    turned = zlib.crc32(words.tobytes().translate(_TURNED)) ^ 0xFFFF_FFFF
    return int(f"{turned:032b}"[::-1], 2)


def _neighbours(blocks: Sequence[Block], most: int) -> Iterator[list[Block]]:
    """Group adjacent blocks, up to ``most`` bytes per group."""
    group: list[Block] = []
    for block in blocks:
        if group:
            start, (last, data) = group[0][0], group[-1]
            end = last + len(data)
            if block[0] != end or end + len(block[1]) - start > most:
                yield group
                group = []
        group.append(block)
    if group:
        yield group


def _complemented(byte: int) -> bytes:
    return bytes([byte, byte ^ 0xFF])


def _word(word: int) -> bytes:
    return _with_checksum(struct.pack(">I", word))


def _with_checksum(data: bytes) -> bytes:
    return data + bytes([functools.reduce(operator.xor, data)])
