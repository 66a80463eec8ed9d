"""What an nRF52840 adds to its core, from its product specification: clock, pins, UART, NVMC and watchdog.

``chip.py`` has the core.
"""

from __future__ import annotations

from typing import Any

from .chip import Bus, Chip

MHZ = 1_000_000
CLOCK, RESETREAS, HFCLKSTAT = 0x40000000, 0x40000400, 0x4000040C
UART, ENABLE, PSELTXD, PSELRXD, BAUDRATE, CONFIG = (
    *(0x40002000, 0x40002500, 0x4000250C, 0x40002514),
    *(0x40002524, 0x4000256C),
)
WDT = 0x40010000
NVMC, NVMC_CONFIG = 0x4001E000, 0x4001E504
P0 = 0x50000000
WATCHDOG_HZ = 32_768
RELOAD = 0x6E524635
DOG, SREQ = 2, 4
PAGE = 4096
WRITES = 2  # of a word between two erases
READS_BUSY = 3  # reads of READY until an erase or a write is done
# What Adafruit's bootloader changes of the RAM at each reset: a mark, its data, and its stack.
FACTORYS_OWN = ((0x20007F7C, 4), (0x20008000, 0x8000), (0x2003C000, 0x4000))


class Nrf52Chip(Chip):
    """An nRF52840, with all of its RAM."""

    def _map(self) -> None:
        super()._map()
        end = self.board.ram.end
        if end < 0x20040000:
            self._uc.mem_map(end, 0x20040000 - end)

    def reset(self) -> None:
        """Start in our bootloader; on some boards the factory's has run before."""
        super().reset()
        for address, size in FACTORYS_OWN if self.family.has_factorys_bootloader else ():
            self._uc.mem_write(address, b"\xa5" * size)

    def _reset_asked(self, value: int) -> None:
        if value & 4:
            self.family.reasons |= SREQ
        super()._reset_asked(value)


class Nrf52:
    """An nRF52840.

    ``error_codes``: its flash has none.

    Args:
        has_factorys_bootloader: Adafruit's bootloader starts ours.
    """

    kind = Nrf52Chip
    error_codes = False
    word_bytes = 4  # what is written at once

    def __init__(self, has_factorys_bootloader: bool = False) -> None:
        self.has_factorys_bootloader = has_factorys_bootloader
        self.worn = False  # flash that no longer changes
        self.done: list[tuple[int, bytes]] = []  # erases and writes
        self.has_hse = True  # whether the crystal starts
        self.core_hz = self.uart_hz = 0
        self.needs_barrier = False
        self.reasons = 0  # of the last resets; only a write clears them
        # A reset by software does not stop the watchdog.
        self.fed_at: int | None = None
        self.limit = 0
        self.busy = 0
        self.writes: dict[int, int] = {}  # of each word since its last erase

    def attach(self, chip: Bus) -> None:
        """Add the registers to the chip."""
        registers = chip.registers
        chip.on_write[CLOCK] = lambda value: self._crystal(chip, bool(value & 1))
        chip.on_write[CLOCK + 4] = lambda value: self._crystal(chip, False)
        chip.on_read[RESETREAS] = lambda: self.reasons
        chip.on_write[RESETREAS] = lambda value: setattr(self, "reasons", self.reasons & ~value)
        chip.on_read[P0 + 0x508] = lambda: registers.get(P0 + 0x504, 0)
        chip.on_write[P0 + 0x508] = lambda value: registers.update(
            {P0 + 0x504: registers.get(P0 + 0x504, 0) | value}
        )
        for register in (PSELTXD, PSELRXD):
            chip.on_write[register] = lambda value, register=register: self._connect(chip, register, value)  # type: ignore[misc]
        chip.on_write[ENABLE] = lambda value: self._enable(chip, value)
        chip.on_write[UART] = lambda value: registers.update({UART: value})
        chip.on_read[UART + 0x108] = lambda: self._received(chip)
        chip.on_write[UART + 0x304] = lambda value: registers.update(
            {UART + 0x304: registers.get(UART + 0x304, 0) | value}
        )
        chip.on_write[UART + 0x308] = lambda value: registers.update(
            {UART + 0x304: registers.get(UART + 0x304, 0) & ~value}
        )
        chip.on_read[UART + 0x518] = lambda: self._receive(chip)
        chip.on_write[UART + 0x51C] = lambda value: self._send(chip, value)
        chip.on_read[NVMC + 0x400] = lambda: self._ready()
        chip.on_write[NVMC_CONFIG] = lambda value: self._configure(chip, value)
        chip.on_write[NVMC + 0x508] = lambda value: self._erase(chip, value)
        chip.on_write[WDT] = lambda value: self._watch(chip, value)
        for register in (WDT + 0x504, WDT + 0x508, WDT + 0x50C):
            chip.on_write[register] = lambda value, register=register: self._set_watchdog(  # type: ignore[misc]
                chip, register, value
            )
        chip.on_write[WDT + 0x600] = lambda value: self._feed(chip, value)

    def reset(self, chip: Bus) -> None:
        """Reset what a reset by software does: not the watchdog, not the reasons."""
        self.core_hz = 64 * MHZ
        self.busy = 0
        chip.registers |= {PSELTXD: 0xFFFF_FFFF, PSELRXD: 0xFFFF_FFFF, BAUDRATE: 0x0400_0000}
        chip.registers |= {P0 + 0x700 + 4 * pin: 2 for pin in range(32)}
        chip.registers[HFCLKSTAT] = 0

    def _crystal(self, chip: Bus, on: bool) -> None:
        chip.registers[HFCLKSTAT] = 0x10001 if on and self.has_hse else 0x10000

    # UART

    def _connect(self, chip: Bus, register: int, value: int) -> None:
        if chip.registers.get(ENABLE, 0):
            chip.violations.append(f"{register:#x} written while the UART is on")
        chip.registers[register] = value

    def _enable(self, chip: Bus, value: int) -> None:
        registers = chip.registers
        registers[ENABLE] = value
        self.uart_hz = 16 * MHZ
        if value == 0:
            return
        send, receive = registers[PSELTXD], registers[PSELRXD]
        if value != 4 or send >> 5 or receive >> 5:
            chip.violations.append("no UART, or none of its pins, is on")
            return
        if registers[P0 + 0x700 + 4 * send] & 1 != 1 or not registers.get(P0 + 0x504, 0) >> send & 1:
            chip.violations.append("the UART's output is no output, or is low")
        if registers[P0 + 0x700 + 4 * receive] & 3 != 0:
            chip.violations.append("the UART's input is no input")
        if registers[HFCLKSTAT] != 0x10001 and self.has_hse:
            chip.violations.append("the UART's clock is not the crystal's")

    def uart_wants(self, chip: Any) -> bool:
        """Whether the UART asks for an interrupt. This is called often, and looks at the watchdog, too."""
        if self.fed_at is not None and chip.now - self.fed_at > self.limit:
            self.fed_at = None
            self.reasons |= DOG
            chip.ask_reset()
        return bool(chip.registers.get(UART + 0x304, 0) & 4 and self._received(chip))

    def _received(self, chip: Bus) -> bool:
        return bool(chip.uart.coming and chip.registers.get(UART, 0) & 1)

    def _receive(self, chip: Bus) -> int:
        self._at_rate(chip)
        chip.uart.overrun = False
        return chip.uart.coming.popleft() if chip.uart.coming else 0

    def _send(self, chip: Bus, value: int) -> None:
        self._at_rate(chip)
        if not chip.registers.get(UART + 8, 0) & 1 or chip.registers.get(UART + 0x11C, 0):
            chip.violations.append("a byte given to a UART that is not started or still sends")
        chip.registers[UART + 0x11C] = 1
        chip.uart.sent.append(value & 0xFF)

    def _at_rate(self, chip: Bus) -> None:
        registers = chip.registers
        baud = registers[BAUDRATE] * self.uart_hz / 2**32
        if abs(baud - chip.uart.host_baud) > 0.025 * chip.uart.host_baud:
            chip.violations.append(f"{baud:.0f} baud beside {chip.uart.host_baud}")
        if registers.get(ENABLE, 0) != 4 or registers.get(CONFIG, 0):
            chip.violations.append("the UART is not on, or has parity or flow control")
        if registers.get(NVMC_CONFIG, 0):
            chip.violations.append("the flash is open for writes where none is done")

    # Flash

    def _ready(self) -> int:
        self.busy = max(0, self.busy - 1)
        return int(self.busy == 0)

    def _configure(self, chip: Bus, value: int) -> None:
        if self.busy or value not in (0, 1, 2):
            chip.violations.append(f"the NVMC set to {value} while it is busy, or to writes and erases")
        chip.registers[NVMC_CONFIG] = value

    def _erase(self, chip: Any, address: int) -> None:
        board = chip.board
        if chip.registers.get(NVMC_CONFIG, 0) != 2 or self.busy or address % PAGE:
            chip.violations.append(f"an erase of {address:#x} that the NVMC does not do")
            return
        self._check_place(chip, address)
        self.busy = READS_BUSY
        for word in range(address, address + PAGE, 4):
            self.writes.pop(word, None)
        if not self.worn:
            self.changes(chip, address, b"\xff" * PAGE)
        assert board.flash.origin <= address < board.flash.end

    def program(self, chip: Chip, address: int, size: int, value: int) -> None:
        """Write a word, at most twice between two erases."""
        if chip.registers.get(NVMC_CONFIG, 0) != 1 or self.busy or size != 4 or address % 4:
            chip.violations.append(f"{size} bytes stored to {address:#x}")
            return
        self._check_place(chip, address)
        self.busy = READS_BUSY
        before = chip.flash(address, 4)
        if not self.worn:  # what is worn is refused, and the host may try it again
            self.writes[address] = self.writes.get(address, 0) + 1
        if self.writes.get(address, 0) > WRITES or before != b"\xff" * 4:
            chip.violations.append(f"{address:#x} is not blank")
        if not self.worn:
            data = value.to_bytes(4, "little")
            self.changes(chip, address, bytes(a & b for a, b in zip(before, data, strict=True)))

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
        if value & 1 and self.fed_at is None:
            registers = chip.registers
            if registers.get(WDT + 0x508, 1) != 1 or registers.get(WDT + 0x50C, 1) != 1:
                chip.violations.append("a watchdog with other reload requests, or that stops in sleep")
            periods = registers.get(WDT + 0x504, 0xFFFF_FFFF) + 1
            self.limit = periods * self.core_hz // WATCHDOG_HZ
            self.fed_at = chip.now

    def _set_watchdog(self, chip: Bus, register: int, value: int) -> None:
        if self.fed_at is None:  # once it has started, writes have no effect
            chip.registers[register] = value

    def _feed(self, chip: Any, value: int) -> None:
        if value == RELOAD and self.fed_at is not None:
            self.fed_at = chip.now
