"""What an RP2350 adds to its core, from its data sheet: clocks, resets, pads and UART0.

``chip.py`` has the core.
"""

from __future__ import annotations

from typing import ClassVar

from .chip import Bus, Chip

MHZ = 1_000_000
XOSC_HZ = 12 * MHZ
SIO = 0xD0000000


class Rp2350Chip(Chip):
    """An RP2350, whose SIO is beside the other registers."""

    def _map(self) -> None:
        super()._map()
        self._uc.mmio_map(
            *(SIO, 0x1000),
            *(lambda uc, offset, size, base: self._read(base + offset, size), SIO),
            *(lambda uc, offset, size, value, base: self._write(base + offset, size, value), SIO),
        )


class Rp2350:
    """An RP2350, whose flash only the boot ROM writes."""

    kind: type[Chip] = Rp2350Chip
    clocks, resets, io_bank, pads = 0x40010000, 0x40020000, 0x40028000, 0x40038000
    xosc, pll, uart = 0x40048000, 0x40050000, 0x40070000
    held: ClassVar = {"io_bank": 1 << 6, "pads": 1 << 9, "pll": 1 << 14, "uart": 1 << 26}  # bits of RESET
    pad, isolated = 0x116, 0x100  # a pad after a reset; the bit that keeps units away from it
    system = 0x41  # CLK_SYS_CTRL after a reset
    most_hz = 150 * MHZ

    def __init__(self) -> None:
        self.core_hz = self.uart_hz = 0

    def attach(self, chip: Bus) -> None:
        """Add the registers to the chip."""
        registers, pll = chip.registers, self.pll

        def selected(control: int, bits: int) -> int:
            return 1 << (registers.get(control, 0) & bits)

        # 0xFAB is the word that enables the crystal oscillator.
        chip.on_read[self.xosc + 4] = lambda: (registers.get(self.xosc, 0) >> 12 == 0xFAB) << 31
        chip.on_read[self.resets + 8] = lambda: ~registers[self.resets] & 0x1FFF_FFFF
        chip.on_read[self.clocks + 0x38] = lambda: selected(self.clocks + 0x30, 3)
        chip.on_read[self.clocks + 0x44] = lambda: selected(self.clocks + 0x3C, 1)
        chip.on_read[pll] = lambda: registers.get(pll, 1) & 0x3F | (not registers[pll + 4] & 0x21) << 31
        chip.on_write[self.clocks + 0x3C] = lambda value: self._select(chip, value)
        chip.on_write[self.pll + 8] = lambda value: self._set_pll(chip, self.pll + 8, value)
        chip.on_write[self.pll + 12] = lambda value: self._set_pll(chip, self.pll + 12, value)
        chip.on_read[self.uart] = lambda: self._receive(chip)
        chip.on_write[self.uart] = lambda value: self._send(chip, value)
        for name, bit in self.held.items():
            base = getattr(self, name)
            chip.holds.append((base, base + 0x4000, self.resets, bit))
        chip.on_read[self.uart + 0x18] = lambda: (not chip.uart.coming) << 4

    def reset(self, chip: Bus) -> None:
        """Set the reset values of the data sheet; the boot ROM may change them."""
        self.core_hz = XOSC_HZ
        chip.registers |= {self.resets: 0x1FFF_FFFF, self.pll: 1, self.pll + 4: 0x2D, self.pll + 12: 0x77000}
        chip.registers |= {
            self.clocks + 0x3C: self.system,
            self.clocks + 0x40: 1 << 16,
            self.clocks + 0x4C: 1 << 16,
        }
        chip.registers |= {self.pads + 4: self.pad, self.pads + 8: self.pad}
        chip.registers |= {self.io_bank + 4: 0x1F, self.io_bank + 12: 0x1F}

    def _set_pll(self, chip: Bus, register: int, value: int) -> None:
        runs = chip.registers.get(self.clocks + 0x3C, 0) & 1 and chip.registers.get(register, 0) != value
        if runs and not chip.registers[self.clocks + 0x3C] & 0xE0:
            chip.violations.append("the PLL changed while the system runs from it")
        chip.registers[register] = value

    def _select(self, chip: Bus, value: int) -> None:
        registers = chip.registers
        before = registers.get(self.clocks + 0x3C, 0)
        if before & value & 1 and (before ^ value) & 0xE0:
            chip.violations.append("the glitchy multiplexer changed while it is used")
        registers[self.clocks + 0x3C] = value
        if not value & 1 or value & 0xE0:
            return
        power, primary = registers[self.pll + 4], registers[self.pll + 12]
        if power & 0x29 or registers.get(self.xosc, 0) >> 12 != 0xFAB:
            chip.violations.append("the system runs from a PLL that is off")
        reference = XOSC_HZ / (registers[self.pll] & 0x3F)
        vco = reference * registers.get(self.pll + 8, 0)
        if reference < 5 * MHZ or not 750 * MHZ <= vco <= 1600 * MHZ:
            chip.violations.append(f"a VCO of {vco / MHZ:g} MHz")
        self.core_hz = int(vco / (primary >> 16 & 7) / (primary >> 12 & 7))
        if self.core_hz > self.most_hz:
            chip.violations.append(f"a core of {self.core_hz / MHZ:g} MHz")

    def uart_wants(self, chip: Bus) -> bool:
        """Whether the UART asks for an interrupt."""
        return bool(chip.registers.get(self.uart + 0x38, 0) & 0x50 and chip.uart.coming)

    def _at_rate(self, chip: Bus) -> None:
        registers = chip.registers
        peripheral = registers.get(self.clocks + 0x48, 0)
        self.uart_hz = self.core_hz if peripheral & 0x800 and not peripheral & 0xE0 else 0
        divisor = 64 * registers.get(self.uart + 0x24, 0) + registers.get(self.uart + 0x28, 0)
        baud = 4 * self.uart_hz / max(1, divisor)
        if abs(baud - chip.uart.host_baud) > 0.025 * chip.uart.host_baud:
            chip.violations.append(f"{baud:.0f} baud beside {chip.uart.host_baud}")
        if (
            registers.get(self.uart + 0x30, 0) & 0x301 != 0x301
            or registers.get(self.uart + 0x2C, 0) & 0x66 != 0x60
        ):
            chip.violations.append("the UART is not on, or not of eight bits without parity")
        pads = [registers[self.pads + at] & (self.isolated | 0xC0) for at in (4, 8)]
        if pads != [0x40, 0x40] or [registers[self.io_bank + at] & 31 for at in (4, 12)] != [2, 2]:
            chip.violations.append("the UART's pins are not its own")

    def _receive(self, chip: Bus) -> int:
        self._at_rate(chip)
        chip.uart.overrun = False  # a flag of the byte that is read, which stops nothing
        return chip.uart.coming.popleft() if chip.uart.coming else 0

    def _send(self, chip: Bus, value: int) -> None:
        self._at_rate(chip)
        chip.uart.sent.append(value & 0xFF)

    def program(self, chip: Chip, address: int, size: int, value: int) -> None:
        """A store to the flash."""
        chip.violations.append(f"{size} bytes stored to {address:#x}")
