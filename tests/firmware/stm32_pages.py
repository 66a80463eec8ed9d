"""STM32L4R5 and STM32G0B1: flash in pages of two banks, written in double words. ``stm32.py`` has the others.

From ST's reference manuals RM0432 and RM0444 and the errata ES0393 and ES0548.
"""

from __future__ import annotations

from typing import Any

from .chip import Bus, Chip
from .stm32 import MHZ, PRESCALERS, Stm32, _divided, _within

AHB = (1,) * 8 + (2, 4, 8, 16, 64, 128, 256, 512)
HSI = 16 * MHZ


class Pages(Stm32):
    """What both have in common: RCC_CR, the PLL's registers, and the steps of the flash.

    ``delivered``: FLASH_OPTR and the four registers of write protection, as ST delivers the chip.
    ``caches``: bits of FLASH_ACR. ``page_bits``: of a page's number in write protection.
    """

    error_codes = True
    word_bytes, torn_vector = 8, 2  # two wrong bits are an NMI
    rcc, pwr, flash_r = 0x40021000, 0x40007000, 0x40022000
    delivered: tuple[int, int]
    caches: int
    page_bits: int
    half: int  # where the second bank begins
    torn_registers: tuple[int, ...]  # FLASH_ECCR, of each bank if there are two
    msi_hz = 0  # the other source of an STM32L4's PLL

    def __init__(self) -> None:
        super().__init__(hse=0, usart=2)
        self.first: tuple[int, int] | None = None  # the first half of a double word
        self.errors = 0
        self.torn_flags = [0] * len(self.torn_registers)
        self.stale = False  # a cache holds old contents of the flash
        option, open_ = self.delivered
        self.options = {self.flash_r + 0x20: option}
        self.options |= {self.flash_r + at: open_ for at in (0x2C, 0x30, 0x4C, 0x50)}

    def write_protected(self, chip: Any, address: int) -> bool:
        """FLASH_WRP1AR to WRP2BR: first and last page of two ranges per bank."""
        flash, mask = chip.board.flash, (1 << self.page_bits) - 1
        bank, offset = divmod(address - flash.origin, flash.size // 2)
        ranges = [self.options[self.flash_r + at + 0x20 * bank] for at in (0x2C, 0x30)]
        page = offset // flash.page
        found = any(value & mask <= page <= value >> 16 & mask for value in ranges)
        self.errors |= found << 4
        return found

    def attach(self, chip: Bus) -> None:
        """Clocks and flash."""
        super().attach(chip)
        rcc, flash = self.rcc, self.flash_r
        chip.on_read[rcc] = lambda: self._sources(chip)
        chip.on_write[rcc] = lambda value: self._switch(chip, value)
        chip.on_write[rcc + 0x0C] = lambda value: self._set_while_off(chip, rcc, rcc + 0x0C, value)
        chip.on_write[rcc + 8] = lambda value: self._configured(chip, value)
        chip.on_write[flash] = lambda value: self._set_access(chip, value)
        self._locked(chip, flash + 8, flash + 0x14, 1 << 31)
        chip.on_read[flash + 0x10] = lambda: self._looked(chip) | self._state()
        chip.on_write[flash + 0x10] = self._cleared
        for number, at in enumerate(self.torn_registers):
            chip.on_read[flash + at] = lambda number=number: self.torn_flags[number]  # type: ignore[misc]
            chip.on_write[flash + at] = lambda value, number=number: self._clear_torn(number, value)  # type: ignore[misc]

    def reset(self, chip: Bus) -> None:
        """Switch the caches of the flash on, as a reset does; the PLL's factor is 16."""
        super().reset(chip)
        chip.registers |= {self.flash_r: self.caches, self.rcc + 0x0C: 0x1000}
        self.first = None
        self.torn_flags = [0] * len(self.torn_registers)

    def _sources(self, chip: Bus) -> int:
        """RCC_CR: HSI16 and PLL are ready, two and one bits above their enable bits."""
        value = chip.registers.get(self.rcc, 0) & ~(1 << 10 | 1 << 25)
        hsi = value >> 8 & 1
        source = chip.registers.get(self.rcc + 0x0C, 0) & 3
        pll = value >> 24 & 1 and ((source == 2 and hsi) or source == 1)
        return value | hsi << 10 | bool(pll) << 25

    def _switch(self, chip: Bus, value: int) -> None:
        """A write to RCC_CR: nothing stops that the core runs from, and the PLL starts after its source."""
        if self.runs_from_pll and not value & 1 << 24:
            chip.violations.append("the PLL switched off while the core runs from it")
            value |= 1 << 24
        if self.core_hz == HSI and not self.runs_from_pll and not value & 1 << 8:
            chip.violations.append("the HSI16 switched off while the core runs from it")
        starts = value & ~chip.registers.get(self.rcc, 0) & 1 << 24
        if starts and chip.registers[self.rcc + 0x0C] & 3 == 2 and not self._sources(chip) & 1 << 10:
            chip.violations.append("the PLL is switched on before its source is ready")
        chip.registers[self.rcc] = value

    def code_bank(self, chip: Any, address: int) -> bool:
        """The bootloader is in the first half."""
        return bool(address < chip.board.flash.origin + chip.board.flash.size // 2)

    @property
    def torn_flag(self) -> bool:
        """Whether an NMI is asked for."""
        return any(self.torn_flags)

    def read_torn(self, address: int) -> None:
        """FLASH_ECCR: ECCD."""
        self.torn_flags[address >= self.half and len(self.torn_flags) > 1] |= 1 << 31

    def _clear_torn(self, number: int, value: int) -> None:
        self.torn_flags[number] &= ~value

    def _pll(self, chip: Bus, factors: tuple[int, int, int], least: int) -> float:
        """Return the rate of the PLL's output R; ``factors`` are M, N and R."""
        by, times, over = factors
        config = chip.registers.get(self.rcc + 0x0C, 0)
        if not chip.read(self.rcc) & 1 << 25:
            chip.violations.append("system clock from a PLL that is not ready")
        reference = {1: self.msi_hz, 2: HSI}.get(config & 3, 0) / by
        # ST's two descriptions of the input's range have this part in common.
        _within(chip, "the PLL's input", reference, 4 * MHZ, 8 * MHZ)
        _within(chip, "the VCO", reference * times, least, 344 * MHZ)
        return _divided(chip, reference * times, over)

    def _configured(self, chip: Bus, value: int) -> None:
        raise NotImplementedError

    def _clocked(self, chip: Bus, core: float, states: int, megahertz: int) -> None:
        """The core has a new rate: check the flash's wait states, so many per megahertz."""
        self.core_hz = int(core)
        if states < (self.core_hz - 1) // (megahertz * MHZ):
            chip.violations.append("too few wait states")

    def _set_access(self, chip: Bus, value: int) -> None:
        """FLASH_ACR: caches are emptied only while they are off."""
        resets = value >> 2 & self.caches
        if resets & value:
            chip.violations.append("a cache of the flash emptied while it is on")
        if resets == self.caches:
            self.stale = False
        chip.registers[self.flash_r] = value

    def _state(self) -> int:
        """FLASH_SR."""
        return self.errors

    def _cleared(self, value: int) -> None:
        self.errors &= ~value

    def _changes(self, chip: Any) -> None:
        """The flash changes: whatever a cache holds of it is out of date."""
        self.stale = self.stale or bool(chip.registers.get(self.flash_r, 0) & self.caches)
        if self.worn:
            self.errors |= 1 << 3

    def _page(self, chip: Any, control: int) -> tuple[int, int]:
        """Return offset and size of the page that FLASH_CR chooses."""
        raise NotImplementedError

    def controlled(self, chip: Any, control: int, value: int) -> None:
        """An erase starts."""
        if value & 3 == 3:
            chip.violations.append("FLASH_CR asks for an erase and for a write")
        if value & (1 << 16 | 2) == 1 << 16 | 2:
            if self.errors:
                chip.violations.append(f"an erase with errors pending, {self.errors:#x}")
            self.needs_barrier = True
            offset, size = self._page(chip, value)
            self._changes(chip)
            self._erase(chip, chip.board.flash.origin + offset, size)

    def program(self, chip: Chip, address: int, size: int, value: int) -> None:
        """Write 64 bits: two consecutive words into blank flash."""
        control = chip.registers.get(self.flash_r + 0x14, 1 << 31)
        if control & (1 << 31 | 3) != 1 or size != 4 or self.errors:
            chip.violations.append(f"{size} bytes stored to {address:#x}, control {control:#x}")
        elif self.first is None:
            if address % 8:
                chip.violations.append(f"a double word begun at {address:#x}")
            self.first = address, value
        elif address != self.first[0] + 4:
            chip.violations.append(f"a double word begun at {self.first[0]:#x} and ended at {address:#x}")
            self.first = None
        else:
            at, low = self.first
            self.first = None
            self._changes(chip)
            if not self._change(chip, at, (low | value << 32).to_bytes(8, "little")):
                chip.violations.append(f"{at:#x} is written twice")


class L4R(Pages):
    """STM32L4R5 with 2 MB of flash (RM0432, ES0393); its UART is LPUART1 at PG7 and PG8."""

    delivered = 0xFFEFF8AA, 0xFF00FFFF
    kernel_clock = 0x40021088, 3 << 10  # LPUART1
    torn_registers = (0x18,)
    half = 0x08100000
    caches = 3 << 9
    page_bits = 8
    port, pins = 0x48001800, {7: 8, 8: 8}
    bus_hz = 0

    def attach(self, chip: Bus) -> None:
        """Power and GPIO."""
        super().attach(chip)
        rcc, registers = self.rcc, chip.registers
        chip.on_read[rcc + 8] = lambda: (v := registers.get(rcc + 8, 0)) & ~12 | (v & 3) << 2
        for port in range(9):
            start = 0x48000000 + 0x400 * port
            chip.gates.append((start, start + 0x400, rcc + 0x4C, 1 << port))
        chip.gates.append((self.pwr, self.pwr + 0x400, rcc + 0x58, 1 << 28))
        uart = chip.board.uart.base
        chip.gates.append((uart, uart + 0x400, rcc + 0x5C, 1))

    def reset(self, chip: Bus) -> None:
        """The core runs from the MSI, in range 1 without boost; all pins are analog."""
        super().reset(chip)
        self.core_hz = self.msi_hz = 4 * MHZ
        chip.registers |= {self.rcc: 0x63, self.pwr: 0x200, self.pwr + 0x80: 0x100, self.port: 0xFFFFFFFF}

    def leave_as_rom(self, chip: Bus) -> None:
        """72 MHz from the PLL, which the MSI feeds with 48 MHz; it has no use for the LPUART."""
        super().leave_as_rom(chip)
        chip.registers[self.kernel_clock[0]] = 0
        chip.registers |= {self.rcc: 0x030000B3, self.rcc + 0x0C: 0x01001251, self.rcc + 8: 3}
        chip.registers[self.flash_r] = self.caches | 4
        self.runs_from_pll, self.core_hz, self.msi_hz = True, 72 * MHZ, 48 * MHZ

    def _set_rate(self, chip: Bus, rate: int, control: int, value: int) -> None:
        super()._set_rate(chip, rate, control, value)
        if not 0x300 <= value < 1 << 20:
            chip.violations.append(f"the LPUART's divisor is {value:#x}")

    def _at_rate(self, chip: Bus) -> None:
        if not chip.registers.get(self.pwr + 4, 0) & 1 << 9:
            chip.violations.append("PG7 and PG8 used without their supply")
        self.uart_hz = 256 * self.bus_hz  # its divisor counts in 1/256
        super()._at_rate(chip)
        self.uart_hz = self.bus_hz

    def _configured(self, chip: Bus, value: int) -> None:
        registers = chip.registers
        self._one_at_a_time(chip, self.rcc + 8, value, 0x3FF0)
        before, registers[self.rcc + 8] = self.core_hz, value
        source, config = value & 3, registers.get(self.rcc + 0x0C, 0)
        self.runs_from_pll = source == 3
        if source == 3:
            factors = (config >> 4 & 15) + 1, config >> 8 & 127, 2 * (config >> 25 & 3) + 2
            system = self._pll(chip, factors, 64 * MHZ)
            if not config & 1 << 24:
                chip.violations.append("system clock from an output of the PLL that is off")
        else:
            system = HSI if source == 1 else self.msi_hz
            if source == 2 or (source == 1 and not chip.read(self.rcc) & 1 << 10):
                chip.violations.append("system clock from a source that does not run")
        boost = not registers[self.pwr + 0x80] & 1 << 8
        self._clocked(chip, system / AHB[value >> 4 & 15], registers.get(self.flash_r, 0) & 15, 20)
        _within(chip, "the system", system, 0, (120 if boost else 80) * MHZ)
        halves = before in (2 * self.core_hz, self.core_hz / 2)
        if (before <= 80 * MHZ) != (self.core_hz <= 80 * MHZ) and not halves:
            chip.violations.append("across 80 MHz in one step")
        self.bus_hz = self.uart_hz = self.core_hz // PRESCALERS[value >> 8 & 7]

    def _set_access(self, chip: Bus, value: int) -> None:
        if value & ~(15 | 0x7F << 8):
            chip.violations.append(f"reserved bits set in FLASH_ACR, {value:#x}")
        super()._set_access(chip, value)

    def _state(self) -> int:
        return self.errors | bool(self.first) << 16

    def _changes(self, chip: Any) -> None:
        super()._changes(chip)
        if chip.registers.get(self.flash_r, 0) & 1 << 10:
            chip.violations.append("the data cache is on while the flash changes (ES0393, 2.2.2)")

    def _page(self, chip: Any, control: int) -> tuple[int, int]:
        """Two banks of 4 KB pages, or one of 8 KB pages, in which the bank's bit must be clear."""
        number, bank = control >> 3 & 255, control >> 11 & 1
        options = self.options[self.flash_r + 0x20]
        if options & 1 << 22:
            return 0x100000 * (bank ^ options >> 20 & 1) + 0x1000 * number, 0x1000
        if bank:
            chip.violations.append("a second bank chosen where there is one")
        return 0x2000 * number, 0x2000


class G0B(Pages):
    """STM32G0B1 with 512 KB of flash (RM0444, ES0548); its UART is USART2 at PA2 and PA3."""

    delivered = 0xFFFFFEAA, 0x000000FF
    kernel_clock = 0x40021054, 3 << 2  # USART2
    torn_registers = 0x18, 0x1C
    half = 0x08040000
    caches = 1 << 9
    page_bits = 7
    port, pins = 0x50000000, {2: 1, 3: 1}
    empty = True  # what the chip found when the power came; a reset then starts the bootloader in ROM

    def attach(self, chip: Bus) -> None:
        """GPIO."""
        super().attach(chip)
        rcc, registers = self.rcc, chip.registers
        chip.on_read[rcc + 8] = lambda: (v := registers.get(rcc + 8, 0)) & ~0x38 | (v & 7) << 3
        for port in range(6):
            start = self.port + 0x400 * port
            chip.gates.append((start, start + 0x400, rcc + 0x34, 1 << port))
        chip.gates.append((self.pwr, self.pwr + 0x400, rcc + 0x3C, 1 << 28))
        uart = chip.board.uart.base
        chip.gates.append((uart, uart + 0x400, rcc + 0x3C, 1 << 17))

    def reset(self, chip: Bus) -> None:
        """The core runs from the HSI16."""
        super().reset(chip)
        chip.registers |= {self.rcc: 0x500, self.port: 0xEBFFFFFF}
        chip.registers[self.flash_r] |= self.empty << 16
        if self.empty and getattr(chip, "resets", 0):
            chip.violations.append("a reset that starts the bootloader in ROM")

    def leave_as_rom(self, chip: Bus) -> None:
        """24 MHz from the PLL, and the UART from the HSI16."""
        super().leave_as_rom(chip)
        chip.registers |= {self.rcc: 0x03000500, self.rcc + 0x0C: 0x70000C12, self.rcc + 8: 4 << 12 | 2}
        chip.registers[self.flash_r] = self.caches | 1 << 16 | 1 << 8 | 1
        chip.registers[self.kernel_clock[0]] = 2 << 2
        self.runs_from_pll, self.core_hz = True, 24 * MHZ

    def _configured(self, chip: Bus, value: int) -> None:
        registers = chip.registers
        self._one_at_a_time(chip, self.rcc + 8, value, 0x7F00)
        registers[self.rcc + 8] = value
        source, config = value & 7, registers.get(self.rcc + 0x0C, 0)
        self.runs_from_pll = source == 2
        if source == 2:
            factors = (config >> 4 & 7) + 1, config >> 8 & 127, (config >> 29 & 7) + 1
            # ST's header gives the VCO 64 MHz at least, the data sheet 96 MHz.
            system = self._pll(chip, factors, 96 * MHZ)
            if not config & 1 << 28 or config >> 29 == 0:
                chip.violations.append("system clock from an output of the PLL that is off, or divided by 1")
        else:
            system = HSI / (1 << (registers.get(self.rcc, 0) >> 11 & 7))
            if source or not chip.read(self.rcc) & 1 << 10:
                chip.violations.append("system clock from a source that does not run")
        self._clocked(chip, system / AHB[value >> 8 & 15], registers.get(self.flash_r, 0) & 7, 24)
        _within(chip, "the core", self.core_hz, 0, 64 * MHZ)
        self.uart_hz = self.core_hz // PRESCALERS[value >> 12 & 7]

    def _set_access(self, chip: Bus, value: int) -> None:
        if value & ~(7 | 1 << 8 | 7 << 9 | 1 << 16 | 1 << 18):
            chip.violations.append(f"reserved bits set in FLASH_ACR, {value:#x}")
        if value & 1 << 8:
            chip.violations.append("prefetch, which fails between the banks (ES0548, 2.2.10)")
        self.empty = bool(value & 1 << 16)
        super()._set_access(chip, value)

    def _state(self) -> int:
        return self.errors | bool(self.first) << 18

    def _page(self, chip: Any, control: int) -> tuple[int, int]:
        """Two banks, the second one's pages from 256 on; as one bank its page 128 is found to be page 0."""
        number, bank = control >> 3 & 1023, control >> 13 & 1
        options = self.options[self.flash_r + 0x20]
        if (number >= 256) != bool(bank):
            chip.violations.append(f"page {number} of bank {bank + 1}")
        if bank and not options & 1 << 21:
            chip.violations.append("the second half erased where both banks are one")
        return 0x40000 * (bank ^ ~options >> 20 & 1) + 0x800 * (number % 128), 0x800
