"""The protocol of the loader in the ROM of Espressif's chips.

Espressif, *esptool: Serial Protocol*. A packet is framed by SLIP (RFC 1055): direction, command, size, a
checksum of the data that is to be written, and the data. The answer has the same command, a value, data, and
a status of four bytes. There are no numbers of packets: a command whose answer is lost is repeated, except
where that would matter.
"""

from __future__ import annotations

import logging
import struct
import time
from dataclasses import dataclass

from sensor_bnn.firmware.esp_image import checksum
from sensor_bnn.wire.an3155 import RefusalError, SilenceError
from sensor_bnn.wire.port import SerialPort

BLOCK_BYTES = 0x400
"""Data bytes of one packet."""

_FLASH_BEGIN, _FLASH_DATA, _SYNC, _WRITE_REG, _READ_REG = 0x02, 0x03, 0x08, 0x09, 0x0A
_SPI_SET_PARAMS, _SPI_ATTACH, _CHANGE_BAUDRATE, _MD5, _SECURITY_INFO = 0x0B, 0x0D, 0x0F, 0x13, 0x14
_NAMES = {
    _FLASH_BEGIN: "begin to write",
    _FLASH_DATA: "write a block",
    _WRITE_REG: "write a register",
    _READ_REG: "read a register",
    _SPI_SET_PARAMS: "take the size of the flash",
    _SPI_ATTACH: "connect the flash",
    _CHANGE_BAUDRATE: "change its rate",
    _MD5: "compute an MD5",
    _SECURITY_INFO: "say which chip it is",
}

_END, _ESCAPE, _ESCAPED_END, _ESCAPED_ESCAPE = b"\xc0", b"\xdb", b"\xdb\xdc", b"\xdb\xdd"
_HEADER = struct.Struct("<BBHI")
_REQUEST, _ANSWER = 0, 1
_SYNC_DATA = b"\x07\x07\x12\x20" + 32 * b"\x55"
_INVALID = 5
"""The error of a status byte of 1 by which a ROM says that it has no such command (esptool's page)."""

_STATUS_BYTES = 2  # of the four, the other two have no meaning
_SECURITY = struct.Struct("<IB7xI")
_MD5_BYTES = 32  # as text
_PAGE, _SECTOR, _BLOCK = 256, 0x1000, 0x10000  # of every serial flash

_ANSWER_SECONDS = 3.0
_SYNC_SECONDS = 0.1
_SECONDS_PER_MB = {_FLASH_BEGIN: 40.0, _MD5: 8.0}  # esptool's limits: erasing, and reading for the MD5
_ATTEMPTS = 4
_NOISE_BYTES = 4096

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SecurityInfo:
    """What the ROM says about its chip: the id, and whether it starts or loads only what a key made."""

    chip_id: int
    secure_boot: bool
    secure_download: bool
    flash_encryption: bool


class OtherChipError(RefusalError):
    """The ROM has no command that says which chip it is."""


class EspRom:
    """One conversation with the loader in ROM.

    Args:
        port: an open port; the caller closes it.

    An operation that still fails after ``_ATTEMPTS`` raises ``RefusalError`` or ``SilenceError``.
    ``retries`` counts the repetitions; ``noise`` is the start of what came during ``sync`` and was no answer.
    """

    def __init__(self, port: SerialPort) -> None:
        self._port = port
        self.retries = 0
        self.noise = b""

    def sync(self, seconds: float) -> bool:
        """Call the loader for ``seconds``; return whether it answers."""
        deadline = time.monotonic() + self._port.patient(seconds)
        while True:
            self._port.write(_framed(_HEADER.pack(_REQUEST, _SYNC, len(_SYNC_DATA), 0) + _SYNC_DATA))
            if self._receive(_SYNC, _SYNC_SECONDS, note=True) is not None:
                # It answers a call eight times.
                self._port.drain(quiet=self._port.patient(_SYNC_SECONDS))
                return True
            if time.monotonic() >= deadline:
                return False

    def security_info(self) -> SecurityInfo:
        """Return which chip it is.

        Raises:
            OtherChipError: an older chip, whose ROM does not say it.
            RefusalError: the ROM refuses, or its answer is damaged.
        """
        _, data = self._ask(_SECURITY_INFO, wanted=_SECURITY.size)
        flags, encryptions, chip_id = _SECURITY.unpack(data)
        # An odd number of bits means that the flash is encrypted.
        return SecurityInfo(chip_id, bool(flags & 1), bool(flags & 4), bool(int(encryptions).bit_count() % 2))

    def read_register(self, address: int) -> int:
        """Return a register's value."""
        return self._ask(_READ_REG, struct.pack("<I", address))[0]

    def write_register(self, address: int, value: int, mask: int = 0xFFFF_FFFF) -> None:
        """Write the bits ``mask`` of a register."""
        self._ask(_WRITE_REG, struct.pack("<4I", address, value, mask, 0))

    def write_last_register(self, address: int, value: int) -> None:
        """Write a register that ends the conversation: no answer is awaited."""
        body = struct.pack("<4I", address, value, 0xFFFF_FFFF, 0)
        self._port.write(_framed(_HEADER.pack(_REQUEST, _WRITE_REG, len(body), 0) + body))

    def speed(self, baud: int) -> bool:
        """Change the line's rate; return whether the port can."""
        before = self._port.baud
        if not self._port.set_baud(baud):
            return False
        self._port.set_baud(before)
        self._ask(_CHANGE_BAUDRATE, struct.pack("<II", baud, 0))
        self._port.set_baud(baud)
        if not self.sync(_ANSWER_SECONDS):
            raise SilenceError(
                f"The ROM at {self._port.path} does not answer at {baud} baud.",
                "Reset the board, and flash with --baud 0, which keeps the rate.",
            )
        return True

    def attach(self, flash_bytes: int) -> None:
        """Connect the serial flash, and say its size."""
        self._ask(_SPI_ATTACH, struct.pack("<II", 0, 0))
        self._ask(_SPI_SET_PARAMS, struct.pack("<6I", 0, flash_bytes, _BLOCK, _SECTOR, _PAGE, 0xFFFF))

    def begin(self, address: int, size: int) -> int:
        """Erase the sectors of ``size`` bytes at ``address``; return the number of blocks to write."""
        blocks = -(-size // BLOCK_BYTES)
        body = struct.pack("<5I", size, blocks, BLOCK_BYTES, address, 0)
        self._ask(_FLASH_BEGIN, body, seconds=_within(_FLASH_BEGIN, size))
        return blocks

    def write_block(self, number: int, data: bytes) -> None:
        """Write the next block, of at most ``BLOCK_BYTES``; the rest of it stays erased.

        It is not repeated: the ROM may have written it, although its answer was lost.
        """
        block = data.ljust(BLOCK_BYTES, b"\xff")
        body = struct.pack("<4I", len(block), number, 0, 0) + block
        self._ask(_FLASH_DATA, body, check=checksum(block), attempts=1)

    def md5(self, address: int, size: int) -> str:
        """Return the MD5 of bytes in the flash, in hexadecimal digits."""
        body = struct.pack("<4I", address, size, 0, 0)
        _, data = self._ask(_MD5, body, wanted=_MD5_BYTES, seconds=_within(_MD5, size))
        return data.decode("ascii", "replace").lower()

    def _ask(
        self,
        command: int,
        body: bytes = b"",
        check: int = 0,
        wanted: int = 0,
        seconds: float | None = None,
        attempts: int = _ATTEMPTS,
    ) -> tuple[int, bytes]:
        """Send a command; return the value and ``wanted`` bytes of data of its answer."""
        packet = _framed(_HEADER.pack(_REQUEST, command, len(body), check) + body)
        refused = None
        for attempt in range(attempts):
            self.retries += attempt > 0
            self._port.write(packet)
            answer = self._receive(command, _ANSWER_SECONDS if seconds is None else seconds)
            if answer is None:
                continue
            value, data = answer
            status = data[wanted : wanted + _STATUS_BYTES] if len(data) > wanted else data[:_STATUS_BYTES]
            if len(data) >= wanted + _STATUS_BYTES and status[0] == 0:
                return value, data[:wanted]
            refused = status
        what = _NAMES[command]
        if command == _SECURITY_INFO and refused == bytes([1, _INVALID]):
            raise OtherChipError(
                f"The ROM at {self._port.path} has no command that says which chip it is: another chip.",
                "Check --port and --board.",
            )
        if refused is not None and refused[0] == 0:
            raise RefusalError(
                f"The ROM at {self._port.path} gave an answer that is too short when asked to {what}.",
                "The line damages bytes, or this is another chip: check cable, --port and --board, and flash"
                " with --baud 0.",
            )
        if refused is not None:
            raise RefusalError(
                f"The ROM at {self._port.path} refuses to {what} (status {refused.hex(' ')}).",
                "Flash again, with --baud 0 if the line may damage bytes; check the flash's size and supply.",
            )
        raise SilenceError(
            f"The ROM at {self._port.path} did not answer when asked to {what}.",
            "Hold BOOT, press RESET, and flash again.",
        )

    def _receive(self, command: int, seconds: float, *, note: bool = False) -> tuple[int, bytes] | None:
        """Return value and data of the answer to a command; None if none comes.

        Other words are ignored; ``note`` keeps their start in ``noise``.
        """
        deadline = time.monotonic() + self._port.patient(seconds)
        pending = b""
        while (left := deadline - time.monotonic()) > 0:
            came = self._port.read_some(left)
            if note:
                self.noise = (self.noise + came)[:_NOISE_BYTES]
            pending += came
            *frames, pending = pending.split(_END)
            for frame in frames:
                plain = frame.replace(_ESCAPED_END, _END).replace(_ESCAPED_ESCAPE, _ESCAPE)
                if len(plain) < _HEADER.size + _STATUS_BYTES:
                    continue
                direction, answered, size, value = _HEADER.unpack_from(plain)
                data = plain[_HEADER.size :]
                if (direction, answered, size) == (_ANSWER, command, len(data)):
                    return int(value), data
        return None


def _within(command: int, size: int) -> float:
    return max(_ANSWER_SECONDS, _SECONDS_PER_MB[command] * size / 1e6)


def _framed(packet: bytes) -> bytes:
    escaped = packet.replace(_ESCAPE, _ESCAPED_ESCAPE).replace(_END, _ESCAPED_END)
    return _END + escaped + _END
