"""The loader in the ROM of an ESP32-C3: packets of SLIP on the serial line, which write the serial flash.

From esptool's page of the protocol; it shares no code with the flasher.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from functools import reduce
from operator import xor
from typing import Any

END, ESCAPE = 0xC0, 0xDB
FAILED, BAD_CHECKSUM, BAD_MESSAGE = 0x06, 0x07, 0x05
SECTOR = 4096
SPI1 = 0x60002000
JEDEC_ID = 0x1640C8  # 4 MB


class RefusalError(Exception):
    """A command that the ROM refuses, with its error number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"{number:#x}")
        self.number = number


class Rom:
    """The loader. ``chip`` has the registers, the flash and the line.

    ``commands`` counts what was asked; ``damage`` may change an answer before it is sent.
    """

    def __init__(self, chip: Any) -> None:
        self.chip = chip
        self.chip_id = 5
        self.flags = self.encryptions = 0  # secure boot and download; encryption of the flash
        self.commands: list[int] = []
        self.spi: dict[int, int] = {}
        self.damage: Callable[[int, bytes], bytes] = lambda command, answer: answer
        self.worn = False  # whether the flash keeps what it held
        self.restart()

    def restart(self) -> None:
        """Forget what was asked before a reset."""
        self._packet: bytearray | None = None
        self._attached = False
        self._flash_bytes = 0
        self._block = -1
        self._blocks = 0
        self._block_bytes = 0
        self._offset = 0
        self._erased: range = range(0)

    def answer(self, data: bytes) -> bytes:
        """Take bytes from the line; return what the ROM sends."""
        sent = b""
        for byte in data:
            if byte != END:
                if self._packet is not None:
                    self._packet.append(byte)
                continue
            if self._packet:
                sent += self._answer(bytes(self._packet))
                self._packet = None
            else:
                self._packet = bytearray()
        return sent

    def _answer(self, packet: bytes) -> bytes:
        plain = packet.replace(bytes([ESCAPE, 0xDC]), bytes([END])).replace(
            bytes([ESCAPE, 0xDD]), bytes([ESCAPE])
        )
        if len(plain) < 8 or plain[0] != 0:
            return b""
        _, command, size, checksum = struct.unpack_from("<BBHI", plain)
        body = plain[8:]
        self.commands.append(command)
        value, data, status = 0, b"", b"\0\0\0\0"
        try:
            if len(body) != size:
                raise RefusalError(BAD_MESSAGE)
            value, data = self._do(command, body, checksum)
        except RefusalError as error:
            status = bytes([1, error.number, 0, 0])
        answer = struct.pack("<BBHI", 1, command, len(data) + 4, value) + data + status
        times = 8 if command == 8 else 1
        return slip(self.damage(command, answer)) * times

    def _do(self, command: int, body: bytes, checksum: int) -> tuple[int, bytes]:
        match command:
            case 0x08:  # SYNC
                if body != b"\x07\x07\x12\x20" + 32 * b"\x55":
                    raise RefusalError(BAD_MESSAGE)
                return 0x20120707, b""
            case 0x0A:  # READ_REG
                (address,) = struct.unpack("<I", body)
                return self._read(address), b""
            case 0x09:  # WRITE_REG
                address, value, mask, _ = struct.unpack_from("<IIII", body)
                self._write(address, self._read(address) & ~mask & 0xFFFF_FFFF | value & mask)
            case 0x14:  # GET_SECURITY_INFO
                return 0, struct.pack("<IB7xII", self.flags, self.encryptions, self.chip_id, 0)
            case 0x0D:  # SPI_ATTACH
                self._attached = True
            case 0x0B:  # SPI_SET_PARAMS
                _, self._flash_bytes, _, sector, page, _ = struct.unpack("<6I", body)
                if sector != SECTOR or page != 256:
                    raise RefusalError(FAILED)
            case 0x0F:  # CHANGE_BAUDRATE
                pass
            case 0x02:
                self._begin(body)
            case 0x03:
                self._data(body, checksum)
            case 0x04:  # FLASH_END
                if struct.unpack("<I", body)[0] == 0:
                    self.chip._wanted = "FLASH_END"
            case 0x13:  # SPI_FLASH_MD5
                address, size, _, _ = struct.unpack("<4I", body)
                self._check_flash(address, size)
                content = bytes(self.chip.flash[address : address + size])
                return 0, hashlib.md5(content, usedforsecurity=False).hexdigest().encode()
            case _:
                raise RefusalError(BAD_MESSAGE)
        return 0, b""

    def _check_flash(self, address: int, size: int) -> None:
        if not self._attached or address + size > self._flash_bytes:
            raise RefusalError(FAILED)

    def _begin(self, body: bytes) -> None:
        size, self._blocks, self._block_bytes, self._offset, _ = struct.unpack("<5I", body)
        self._check_flash(self._offset, size)
        if self._offset % SECTOR or self._block_bytes > 0x400:
            raise RefusalError(FAILED)
        end = -(-(self._offset + size) // SECTOR) * SECTOR
        if not self.worn:
            self.chip.flash[self._offset : end] = b"\xff" * (end - self._offset)
        self._erased = range(self._offset, end)
        self._block = 0

    def _data(self, body: bytes, checksum: int) -> None:
        size, number, _, _ = struct.unpack_from("<4I", body)
        data = body[16:]
        if len(data) != size or size != self._block_bytes or number != self._block or number >= self._blocks:
            raise RefusalError(FAILED)
        if reduce(xor, data, 0xEF) != checksum & 0xFF:
            raise RefusalError(BAD_CHECKSUM)
        at = self._offset + number * self._block_bytes
        if at not in self._erased:
            raise RefusalError(FAILED)
        # NOR flash: bits only go to 0.
        for place, byte in enumerate(data, at):
            self.chip.flash[place] &= byte
        self._block += 1

    def _read(self, address: int) -> int:
        if SPI1 <= address < SPI1 + 0x1000:
            return self.spi.get(address, 0)
        return int(self.chip.registers.get(address, 0))

    def _write(self, address: int, value: int) -> None:
        if address == SPI1:  # a command of the flash: only that which reads its id is known
            known = self.spi.get(SPI1 + 0x20, 0) & 0xFF == 0x9F
            self.spi[SPI1 + 0x58] = JEDEC_ID if known else 0
        elif SPI1 <= address < SPI1 + 0x1000:
            self.spi[address] = value
        else:
            self.chip.write(address, value)


def slip(packet: bytes) -> bytes:
    """Return a packet as it is on the line."""
    escaped = packet.replace(bytes([ESCAPE]), bytes([ESCAPE, 0xDD])).replace(
        bytes([END]), bytes([ESCAPE, 0xDC])
    )
    return bytes([END]) + escaped + bytes([END])
