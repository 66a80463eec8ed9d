"""What an RP2040 adds to its core, from its data sheet and its boot ROM: ROM, flash beside it, watchdog.

Clocks, resets, pads and UART0 are those of ``rp2350.py``, at other addresses.
"""

from __future__ import annotations

import struct
from typing import Any, ClassVar

import unicorn
from unicorn import arm_const as arm

from .chip import Bus
from .rp2350 import MHZ, Rp2350, Rp2350Chip

SSI, SSIENR, BAUDR, SPI_CTRLR0 = 0x18000000, 0x18000008, 0x18000014, 0x180000F4
WATCHDOG, WDSEL = 0x40058000, 0x40010008
BOOT2, BOOT2_BYTES = 0x20041F00, 256
SRAM_END = 0x20042000
ROMS_OWN = 0x20041000  # the last SRAM bank, of which the boot ROM uses the end
TABLE, LOOKUP, FUNCTIONS = 0x100, 0x200, 0x210
NAMES = ("IF", "EX", "RE", "RP", "FC")
PAGE, BLOCK = 4096, 256


def crc_of(data: bytes) -> int:
    """Return the checksum with which the boot ROM compares, bit by bit."""
    crc = 0xFFFF_FFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = crc << 1 & 0xFFFF_FFFF ^ (0x04C1_1DB7 if crc >> 31 else 0)
    return crc


class Rp2040Chip(Rp2350Chip):
    """An RP2040, which starts in its ROM, and fetches from its flash only while that can be read in place."""

    def _map(self) -> None:
        super()._map()
        uc = self._uc
        uc.mem_map(0, 0x4000)
        rom = struct.pack("<HHHH", TABLE, 0, LOOKUP | 1, 0)
        uc.mem_write(0x14, rom)
        table = b"".join(name.encode() + struct.pack("<H", self.function(name)) for name in NAMES)
        uc.mem_write(TABLE, table + bytes(2))
        for at in range(LOOKUP, FUNCTIONS + 16 * len(NAMES), 16):
            uc.mem_write(at, b"\x70\x47")  # bx lr
        uc.hook_add(unicorn.UC_HOOK_CODE, self._in_rom, begin=0, end=0x3FFF)
        uc.mem_map(ROMS_OWN, SRAM_END - ROMS_OWN)
        uc.mmio_map(
            *(SSI, 0x1000),
            *(lambda uc, offset, size, base: self._read(base + offset, size), SSI),
            *(lambda uc, offset, size, value, base: self._write(base + offset, size, value), SSI),
        )

    @staticmethod
    def function(name: str) -> int:
        """Return the address of a function of the ROM, with the bit for Thumb code."""
        return FUNCTIONS + 16 * NAMES.index(name) | 1

    def let_read(self, can: bool) -> None:
        """Let the core read and fetch from the flash, or make it fault there."""
        flash = self.board.flash
        self._uc.mem_protect(flash.origin, flash.size, unicorn.UC_PROT_ALL if can else unicorn.UC_PROT_NONE)

    def reset(self) -> None:
        """Do what the boot ROM does: run the flash's first 256 bytes in RAM, if their checksum is right."""
        super().reset()
        self._uc.mem_write(ROMS_OWN, b"\xa5" * (SRAM_END - ROMS_OWN))
        first = self.flash(self.board.flash.origin, BOOT2_BYTES)
        if crc_of(first[:-4]) != int.from_bytes(first[-4:], "little"):
            self.violations.append("the boot ROM finds no second stage, and shows its drive")
        self.let_read(False)
        self._uc.mem_write(BOOT2, first)
        self._uc.reg_write(arm.UC_ARM_REG_MSP, BOOT2)
        self._uc.reg_write(arm.UC_ARM_REG_SP, BOOT2)
        self._uc.reg_write(arm.UC_ARM_REG_LR, 0)
        self._pc = BOOT2 | 1

    def _reset_asked(self, value: int) -> None:
        if value & 4:
            self.violations.append("a reset of the core alone")
        super()._reset_asked(value)

    def _in_rom(self, uc: Any, address: int, size: int, data: Any) -> None:
        """Do what a function of the ROM does, before its return."""
        self._settle()
        arguments = [uc.reg_read(getattr(arm, f"UC_ARM_REG_R{number}")) for number in range(4)]
        if address == LOOKUP:
            name = arguments[1].to_bytes(4, "little")[:2].decode()
            found = self.function(name) if arguments[0] == TABLE and name in NAMES else 0
            uc.reg_write(arm.UC_ARM_REG_R0, found)
            return
        number, within = divmod(address - FUNCTIONS, 16)
        if not 0 <= number < len(NAMES) or within:
            self.violations.append(f"code in the ROM at {address:#x}")
            return
        if not self._masked():
            self.violations.append("interrupts, whose handlers are in the flash, while it cannot be read")
        if uc.reg_read(arm.UC_ARM_REG_LR) < self.board.ram.origin:
            self.violations.append("called from the flash, which cannot be read then")
        self.family.call(self, NAMES[number], arguments)


class Rp2040(Rp2350):
    """An RP2040 with a serial NOR flash of 4 KB sectors, such as the Pico's W25Q16JV.

    ``error_codes``: the flash has none.
    """

    kind = Rp2040Chip
    clocks, resets, io_bank, pads = 0x40008000, 0x4000C000, 0x40014000, 0x4001C000
    xosc, pll, uart = 0x40024000, 0x40028000, 0x40034000
    held: ClassVar = {"io_bank": 1 << 5, "pads": 1 << 8, "pll": 1 << 12, "uart": 1 << 22}
    pad, isolated = 0x56, 0
    system = 0
    most_hz = 133 * MHZ
    error_codes = False
    word_bytes = 256  # what is written at once

    def __init__(self) -> None:
        super().__init__()
        self.worn = False  # flash that no longer changes
        self.done: list[tuple[int, bytes]] = []  # erases and writes
        self.reason = 0  # why the watchdog has reset the chip
        self.scratch = 0
        self.fed_at: int | None = None  # when the watchdog was fed, if it is on
        self.step = ""  # the last function of the ROM
        self.stale = False  # the cache holds old contents of the flash

    def attach(self, chip: Bus) -> None:
        """Add the SSI, the watchdog and what it resets."""
        super().attach(chip)
        for register in (SSI, SSI + 4, BAUDR, SPI_CTRLR0):
            chip.on_write[register] = lambda value, register=register: self._set_ssi(chip, register, value)  # type: ignore[misc]
        chip.on_write[SSIENR] = lambda value: self._switch_ssi(chip, value)
        chip.on_write[WATCHDOG] = lambda value: self._watch(chip, value)
        chip.on_write[WATCHDOG + 4] = lambda value: self._feed(chip, value)
        chip.on_read[WATCHDOG + 8] = lambda: self.reason
        chip.on_read[WATCHDOG + 12] = lambda: self.scratch
        chip.on_write[WATCHDOG + 12] = lambda value: setattr(self, "scratch", value)

    def reset(self, chip: Bus) -> None:
        """Reset everything but the watchdog's notes. The ROM leaves the SSI on, for its own commands."""
        super().reset(chip)
        chip.registers |= {SSIENR: 1, BAUDR: 6, WATCHDOG: 0x07000000, WATCHDOG + 0x2C: 0x200}
        self.fed_at = None
        self.step, self.stale = "", False

    # Reading in place

    def _set_ssi(self, chip: Bus, register: int, value: int) -> None:
        if chip.registers[SSIENR] & 1:
            chip.violations.append(f"{register:#x} written while the SSI is on")
        chip.registers[register] = value

    def _switch_ssi(self, chip: Any, value: int) -> None:
        registers = chip.registers
        registers[SSIENR] = value
        if not value & 1:
            chip.let_read(False)
            return
        if registers.get(SSI, 0) & 0x7F0300 != 31 << 16 | 3 << 8 or registers.get(SSI + 4, 0):
            chip.violations.append("the SSI reads no words of 32 bits")
        if registers.get(SPI_CTRLR0, 0) != 3 << 24 | 2 << 8 | 6 << 2:
            chip.violations.append("the SSI sends no command that every flash has")
        if self.step not in ("", "FC") or self.stale:
            chip.violations.append(f"flash is read with an old cache, after {self.step}")
        self._check_rate(chip)
        chip.let_read(True)

    def _check_rate(self, chip: Bus) -> None:
        divisor = chip.registers[BAUDR]
        if divisor % 2 or not divisor or self.core_hz / divisor > 50 * MHZ:
            chip.violations.append(f"a flash that is read at {self.core_hz / max(1, divisor) / MHZ:g} MHz")

    def _select(self, chip: Bus, value: int) -> None:
        super()._select(chip, value)
        if chip.registers[SSIENR] & 1:
            self._check_rate(chip)

    # The flash, through the functions of the ROM

    def call(self, chip: Any, name: str, arguments: list[int]) -> None:
        """Carry out a function of the ROM; each has its place in the order."""
        before = {"IF": ("", "FC"), "EX": ("IF",), "RE": ("EX",), "RP": ("EX",), "FC": ("RE", "RP")}[name]
        if self.step not in before:
            chip.violations.append(f"{name} after {self.step}")
        self.step = name
        if name == "IF":
            chip.let_read(False)
        elif name == "EX":
            chip.registers |= {SSIENR: 1, BAUDR: 6, SSI: 7 << 16}
        elif name == "FC":
            self.stale = False
        elif name == "RE":
            self._erase(chip, *arguments)
        else:
            self._program(chip, *arguments[:3])

    def _erase(self, chip: Any, offset: int, count: int, large: int, command: int) -> None:
        address = chip.board.flash.origin + offset
        if offset % PAGE or count % PAGE or (count >= large and command != 0xD8):
            chip.violations.append(f"{count} bytes erased at {offset:#x}")
        self._check_place(chip, address)
        self.stale = True
        if not self.worn:
            self.changes(chip, address, b"\xff" * count)

    def _program(self, chip: Any, offset: int, source: int, count: int) -> None:
        address = chip.board.flash.origin + offset
        if offset % BLOCK or count % BLOCK or not count:
            chip.violations.append(f"{count} bytes programmed at {offset:#x}")
        if chip.board.flash.origin <= source < chip.board.flash.end:
            chip.violations.append("programmed from the flash, which cannot be read then")
        self._check_place(chip, address)
        self.stale = True
        if not self.worn:
            data, old = chip.flash(source, count), chip.flash(address, count)
            self.changes(chip, address, bytes(a & b for a, b in zip(data, old, strict=True)))

    def changes(self, chip: Any, address: int, data: bytes) -> None:
        """Give flash a new content."""
        self.done.append((address, data))
        chip.set_flash(address, data)

    def _check_place(self, chip: Any, address: int) -> None:
        journal = chip.board.journal
        if address < chip.board.slot.origin and not journal.origin <= address < journal.end:
            chip.violations.append(f"the bootloader's own flash changed at {address:#x}")

    # The watchdog

    def _watch(self, chip: Any, value: int) -> None:
        everything = chip.registers.get(WDSEL, 0) == 0x1FFFC
        if value >> 30 and not everything:
            chip.violations.append("the watchdog would not reset the chip")
        chip.registers[WATCHDOG] = value & 0x47000000
        self.fed_at = chip.now if value & 1 << 30 else None
        if value & 1 << 30 and chip.registers[WATCHDOG + 0x2C] != 0x20C:
            chip.violations.append("the watchdog's ticks are no microseconds")
        if value & 1 << 31:
            self.reason = 2
            chip.ask_reset()

    def _feed(self, chip: Any, value: int) -> None:
        chip.registers[WATCHDOG + 4] = value
        if self.fed_at is not None:
            self.fed_at = chip.now

    def uart_wants(self, chip: Any) -> bool:
        """Whether the UART asks for an interrupt. This is called often, and looks at the watchdog, too."""
        if self.fed_at is not None:
            # Erratum RP2040-E1: two counts per microsecond.
            left = chip.registers[WATCHDOG + 4] // 2 - (chip.now - self.fed_at) // (self.core_hz // MHZ)
            if left < 0:
                self.fed_at, self.reason = None, 1
                chip.ask_reset()
        return super().uart_wants(chip)
