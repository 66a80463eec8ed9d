"""What an STM32 adds to its core: clocks, power, flash and USART. ``chip.py`` has the core.

From ST's reference manuals RM0008, RM0090, RM0390, RM0410, RM0433, RM0456 and RM0486.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from .chip import Bus, Chip

KEYS = [0x45670123, 0xCDEF89AB]
MHZ = 1_000_000
ERASE_SECONDS, WRITE_SECONDS = 0.02, 2e-5  # the shortest that their data sheets name, so that a test is short
ALTERNATE = 2  # the mode of a pin that a unit has
PRESCALERS = (1, 1, 1, 1, 2, 4, 8, 16)  # of an APB clock


class Stm32:
    """What all STM32 have in common.

    ``error_codes``: the flash has error-correcting codes, so that reading a half-written word faults, through
    the vector ``torn_vector``. ``word_bytes`` are written at once.

    Args:
        hse: rate of the clock that the board supplies, in Hz.
        usart: generation of the USART: 1 with one data register, 2 with two.
    """

    error_codes = False
    hsi_hz, hsi_ready = 16 * MHZ, 1 << 1  # the oscillator that a reset selects, and its bit of RCC_CR
    kernel_clock: tuple[int, int] | None = None  # a register, and its field with the UART's own clock
    port = 0  # of the UART's pins
    pins: Mapping[int, int] = MappingProxyType({})  # and the alternate function of each
    word_bytes = 4
    torn_vector = 5  # bus fault
    busy_bit = 1 << 16  # of the flash's status

    def __init__(self, hse: int, usart: int) -> None:
        self.hse = hse
        self.usart = usart
        self.worn = False  # flash that no longer changes
        self.has_hse = True  # whether the board's clock comes
        self.core_hz = self.uart_hz = 0
        self.runs_from_pll = False
        self.needs_barrier = False  # an erase was started, and no DSB has followed
        self.options: dict[int, int] = {}  # the registers with the option bytes, which no reset changes
        self.busy = False  # whether the next read of the flash's status says that it is busy
        self.done: list[tuple[int, bytes]] = []  # what was erased (to 0xFF) and written, in order
        self.refused_writes = 0  # erases and writes of write-protected flash

    def attach(self, chip: Bus) -> None:
        """Add the registers to the chip."""
        base = chip.board.uart.base
        if self.usart == 1:
            status, data, rate, control = base, base + 4, base + 8, base + 12
            chip.on_read[data] = lambda: self._receive(chip, clears=True)
            chip.on_write[data] = lambda value: self._send(chip, value, rate)
        else:
            control, rate, status = base, base + 0x0C, base + 0x1C
            chip.on_read[base + 0x24] = lambda: self._receive(chip, clears=False)
            chip.on_write[base + 0x28] = lambda value: self._send(chip, value, rate)
            chip.on_write[base + 0x20] = lambda value: self._clear(chip, value)
            chip.on_write[rate] = lambda value: self._set_rate(chip, rate, control, value)
        self.control, self.rate = control, rate
        for register in self.options:
            chip.on_read[register] = lambda register=register: self.options[register]  # type: ignore[misc]
        chip.on_read[status] = lambda: self._status(chip)

    def reset(self, chip: Bus) -> None:
        """Set the registers that are not zero after a reset."""
        self.core_hz = self.hsi_hz
        self.runs_from_pll = False
        self.busy = False

    def leave_as_rom(self, chip: Bus) -> None:
        """Bring the registers into the state in which a bootloader in ROM may start ours.

        AN2606: the core runs from the PLL, with the ROM's factors, and units have their clocks; nothing says
        that its command Go ends that. Also the UART is on, at another rate and with another format.
        """
        at = (0x10, 0x14) if self.usart == 1 else (4, 8)
        base = chip.board.uart.base
        chip.registers |= {base + at[0]: 2 << 12, base + at[1]: 1, self.rate: 0x209, self.control: 0xD}
        if self.kernel_clock is not None:
            register, mask = self.kernel_clock
            chip.registers[register] = mask & -mask

    def read_torn(self, address: int) -> None:
        """A half-written word is read: set the controller's flag."""

    def uart_wants(self, chip: Bus) -> bool:
        """Whether the USART asks for an interrupt."""
        return bool(chip.registers.get(self.control, 0) & 1 << 5) and bool(
            chip.uart.coming or chip.uart.overrun
        )

    def _status(self, chip: Bus) -> int:
        # Bits 7 and 6: sending takes no time here, so the data register is always empty.
        return 1 << 7 | 1 << 6 | bool(chip.uart.coming) << 5 | chip.uart.overrun << 3

    def _receive(self, chip: Bus, clears: bool) -> int:
        self._at_rate(chip)
        if clears:
            chip.uart.overrun = False
        return chip.uart.coming.popleft() if chip.uart.coming else 0

    def _send(self, chip: Bus, value: int, rate: int) -> None:
        self._at_rate(chip)
        chip.uart.sent.append(value & 0xFF)

    def _clear(self, chip: Bus, value: int) -> None:
        if value & 1 << 3:
            chip.uart.overrun = False

    def _set_rate(self, chip: Bus, rate: int, control: int, value: int) -> None:
        if chip.registers.get(control, 0) & 1:
            chip.violations.append("the rate changed while the USART is on")
        chip.registers[rate] = value

    def _has_pins(self, chip: Bus) -> None:
        """The UART has its pins: each with its alternate function."""
        for pin, function in self.pins.items():
            mode = chip.registers.get(self.port, 0) >> 2 * pin & 3
            chosen = chip.registers.get(self.port + 0x20 + 4 * (pin // 8), 0) >> 4 * (pin % 8) & 15
            if (mode, chosen) != (ALTERNATE, function):
                chip.violations.append(f"pin {pin} of {self.port:#x} has mode {mode} and function {chosen}")

    def _at_rate(self, chip: Bus) -> None:
        self._has_pins(chip)
        control = chip.registers.get(self.control, 0)
        on = 1 << 13 if self.usart == 1 else 1
        parity = {"none": 0, "even": 1 << 12 | 1 << 10, "odd": 1 << 12 | 1 << 10 | 1 << 9}
        if control & (on | 12) != on | 12 or control & (1 << 12 | 3 << 9) != parity[chip.board.uart.parity]:
            chip.violations.append(f"the USART is set to {control:#x}")
        for at in (0x10, 0x14) if self.usart == 1 else (4, 8):
            if other := chip.registers.get(chip.board.uart.base + at, 0):
                chip.violations.append(f"another control register of the USART holds {other:#x}")
        register, mask = self.kernel_clock or (0, 0)
        if chip.registers.get(register, 0) & mask:
            chip.violations.append("the UART has another clock than the bus's")
        baud = self.uart_hz / max(1, chip.registers.get(self.rate, 0))
        if abs(baud - chip.uart.host_baud) > 0.025 * chip.uart.host_baud:
            chip.violations.append(f"{baud:.0f} baud beside {chip.uart.host_baud}")

    def _oscillators(self, chip: Any, rcc: int, from_hse: Callable[[], bool]) -> int:
        """RCC_CR of F1, F4, F7 and H7: HSE and PLL are ready, one bit above their enable bits."""
        value: int = chip.registers.get(rcc, 0) & ~(self.hsi_ready | 1 << 17 | 1 << 25)
        hse = bool(value & 1 << 16 and self.has_hse)
        pll = value & 1 << 24 and (hse if from_hse() else value & 1)
        return value | (self.hsi_ready if value & 1 else 0) | hse << 17 | bool(pll) << 25

    def _switched(self, chip: Any, rcc: int, value: int, from_hse: Callable[[], bool]) -> None:
        """A write to that RCC_CR: nothing is switched off that the core runs from.

        The PLL is not switched on before its source is there (RM0008 to RM0433, "PLL").
        """
        now = chip.registers.get(rcc, 0)
        needed = {"HSI": 1}
        if self.runs_from_pll:
            needed = {"PLL": 1 << 24} | ({"HSE": 1 << 16} if from_hse() else {"HSI": 1})
        for name, bit in needed.items():
            if not value & bit:
                chip.violations.append(f"the {name} switched off while the core runs from it")
                value |= bit
        if now & 1 << 16 and (now ^ value) & 1 << 18:
            chip.violations.append("the HSE's bypass changed while the HSE is on")
        if value & ~now & 1 << 24 and (self.has_hse or not from_hse()):
            ready = 1 << 17 if from_hse() else self.hsi_ready
            if not self._oscillators(chip, rcc, from_hse) & ready:
                chip.violations.append("the PLL is switched on before its source is ready")
        chip.registers[rcc] = value

    def _on_hsi(self, chip: Any, rcc: int) -> None:
        """The core is switched to the HSI."""
        if not chip.registers.get(rcc, 0) & 1:
            chip.violations.append("system clock from an HSI that is off")
        self.runs_from_pll = False
        self.core_hz = self.hsi_hz

    def _looked(self, chip: Any) -> int:
        """The flash's status is read: after the start of an erase only behind a DSB.

        RM0410, "Sector erase", and ST's HAL for F1 and F4: the status may be read before the start arrives.
        """
        if self.needs_barrier:
            chip.violations.append("the flash's status read without a DSB after the start of an erase")
        busy, self.busy = self.busy, False
        return self.busy_bit if busy else 0

    def code_bank(self, chip: Any, address: int) -> bool:
        """Whether the bootloader's code is in the bank of this address."""
        return True

    def _begins(self, chip: Any, address: int, seconds: float) -> None:
        """An erase or a write begins: the flash must be ready, and a core that runs from it is stalled."""
        if self.busy:
            chip.violations.append(f"{address:#x} erased or written while the flash is busy")
        self.busy = True
        if self.code_bank(chip, address):
            chip.now += int(seconds * chip.board.counter.clock_hz)
            if chip.uart.coming:
                chip.violations.append(
                    f"{len(chip.uart.coming)} bytes arrive while the core waits for flash that holds its code"
                )

    def _one_at_a_time(self, chip: Any, register: int, value: int, prescalers: int) -> None:
        """RM0008, RM0090, RM0390, RM0410, RCC_CFGR: a prescaler takes up to 16 clocks after its write.

        Written together with the switch, the bus would have the new clock with the old prescaler.
        """
        changed = chip.registers.get(register, 0) ^ value
        if changed & 3 and changed & prescalers:
            chip.violations.append("prescalers and system clock changed in one write")

    def _set_while_off(self, chip: Any, rcc: int, register: int, value: int) -> None:
        """A register of the PLL takes no value while that is on."""
        if not chip.registers.get(rcc, 0) & 1 << 24:
            chip.registers[register] = value
        elif chip.registers.get(register, 0) != value:
            chip.violations.append("the PLL changed while it is on")

    def program(self, chip: Chip, address: int, size: int, value: int) -> None:
        """A store to the flash."""
        raise NotImplementedError

    def _locked(self, chip: Any, keys: int, control: int, lock: int) -> None:
        """Add a control register that keys unlock and a bit locks; a write while locked changes nothing."""
        came: list[int] = []

        def key(value: int) -> None:
            came.append(value)
            if came[-2:] == KEYS:
                chip.registers[control] = chip.registers.get(control, 0) & ~lock

        def write(value: int) -> None:
            if chip.registers.get(control, lock) & lock:
                chip.violations.append(f"{control:#x} written while locked")
            elif self.busy:
                chip.violations.append(f"{control:#x} written while the flash is busy")
            else:
                chip.registers[control] = value
                self.controlled(chip, control, value)

        chip.on_write[keys] = key
        chip.on_write[control] = write
        chip.on_read[control] = lambda: chip.registers.get(control, lock)

    def controlled(self, chip: Any, control: int, value: int) -> None:
        """The flash's control register has a new value."""
        raise NotImplementedError

    def write_protected(self, chip: Any, address: int) -> bool:
        """Whether the option bytes protect the flash at this address from erase and write."""
        raise NotImplementedError

    def _refuses(self, chip: Any, address: int) -> bool:
        refused = self.write_protected(chip, address)
        self.refused_writes += refused
        return refused

    def _change(self, chip: Any, address: int, data: bytes) -> bool:
        """Clear bits, unless the flash is worn or protected; return whether it was blank there."""
        self._begins(chip, address, WRITE_SECONDS)
        if self._refuses(chip, address):
            return True
        before = chip.flash(address, len(data))
        if not self.worn:
            self.done.append((address, data))
            chip.set_flash(address, bytes(a & b for a, b in zip(before, data, strict=True)))
        return before == b"\xff" * len(data)

    def _erase(self, chip: Any, address: int, size: int) -> None:
        if (
            not chip.board.journal.origin <= address < chip.board.journal.end
            and address < chip.board.slot.origin
        ):
            chip.violations.append(f"the bootloader's own flash erased at {address:#x}")
        self._begins(chip, address, ERASE_SECONDS)
        if not self.worn and not self._refuses(chip, address):
            self.done.append((address, b"\xff" * size))
            chip.set_flash(address, b"\xff" * size)


def _within(chip: Bus, what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        chip.violations.append(f"{what} of {value / MHZ:g} MHz, not in {low / MHZ:g} to {high / MHZ:g}")


def _divided(chip: Bus, value: float, by: int) -> float:
    if by == 0:
        chip.violations.append("a divider of 0")
    return value / max(1, by)


class F1(Stm32):
    """STM32F103 (RM0008, PM0075)."""

    rcc, flash_r = 0x40021000, 0x40022000
    hsi_hz = 8 * MHZ
    word_bytes, busy_bit = 2, 1

    def __init__(self, hse: int) -> None:
        super().__init__(hse, usart=1)
        self.options = {self.flash_r + 0x1C: 0x03FF_FFFC, self.flash_r + 0x20: 0xFFFF_FFFF}

    def write_protected(self, chip: Any, address: int) -> bool:
        """PM0075, FLASH_WRPR: four pages per bit, 0 for protected."""
        bit = (address - chip.board.flash.origin) // 0x1000
        return not self.options[self.flash_r + 0x20] >> bit & 1

    def attach(self, chip: Bus) -> None:
        """Clocks, GPIO and the flash's controller."""
        super().attach(chip)
        rcc = self.rcc

        def from_hse() -> bool:
            return bool(chip.registers.get(rcc + 4, 0) & 1 << 16)

        chip.on_read[rcc] = lambda: self._oscillators(chip, rcc, from_hse)
        chip.on_write[rcc] = lambda value: self._switched(chip, rcc, value, from_hse)
        chip.on_write[self.flash_r] = lambda value: self._set_access(chip, value)
        chip.on_read[rcc + 4] = lambda: (v := chip.registers.get(rcc + 4, 0)) & ~12 | (v & 3) << 2
        chip.on_write[rcc + 4] = lambda value: self._configured(chip, value)
        for port in range(7):
            start = 0x40010800 + 0x400 * port
            chip.gates.append((start, start + 0x400, rcc + 0x18, 1 << 2 + port))
        chip.gates.append((chip.board.uart.base, chip.board.uart.base + 0x400, rcc + 0x1C, 1 << 17))
        chip.on_read[self.flash_r + 0x0C] = lambda: self._looked(chip)
        self._locked(chip, self.flash_r + 4, self.flash_r + 0x10, 1 << 7)

    def reset(self, chip: Bus) -> None:
        """The HSI is on."""
        super().reset(chip)
        chip.registers[self.rcc] = 0x81

    def leave_as_rom(self, chip: Bus) -> None:
        """24 MHz from the PLL, which the HSI feeds with 4 MHz."""
        super().leave_as_rom(chip)
        chip.registers |= {self.rcc: 0x01000081, self.rcc + 4: 4 << 18 | 2, self.rcc + 0x18: 0x4005}
        self.runs_from_pll, self.core_hz = True, 24 * MHZ

    def _has_pins(self, chip: Bus) -> None:
        """RM0008, GPIOx_CRL: PA2 is an output of a unit, at 50 MHz, and PA3 an input."""
        if chip.registers.get(0x40010800, 0x44444444) >> 8 & 0xFF != 0x4B:
            chip.violations.append("PA2 and PA3 are not the UART's")

    def _set_access(self, chip: Bus, value: int) -> None:
        chip.registers[self.flash_r] = value
        self._wait_states(chip)

    def _wait_states(self, chip: Bus) -> None:
        if chip.registers.get(self.flash_r, 0) & 7 < (self.core_hz - 1) // (24 * MHZ):
            chip.violations.append("too few wait states")

    def _configured(self, chip: Bus, value: int) -> None:
        registers, factors = chip.registers, 0x3F << 16
        now = registers.get(self.rcc + 4, 0)
        if registers[self.rcc] & 1 << 24 and (now ^ value) & factors:
            chip.violations.append("the PLL changed while it is on")
            value = value & ~factors | now & factors
        self._one_at_a_time(chip, self.rcc + 4, value, 0x3FF0)
        registers[self.rcc + 4] = value
        if value & 3 == 0:
            self._on_hsi(chip, self.rcc)
        if value & 3 == 2:
            if not chip.read(self.rcc) & 1 << 25:
                chip.violations.append("system clock from a PLL that is not ready")
            self.runs_from_pll = True
            self.core_hz = (self.hse if value & 1 << 16 else 4 * MHZ) * ((value >> 18 & 15) + 2)
        bus = self.core_hz // PRESCALERS[value >> 8 & 7]
        _within(chip, "the core", self.core_hz, 0, 72 * MHZ)
        _within(chip, "APB1", bus, 0, 36 * MHZ)
        self._wait_states(chip)
        self.uart_hz = bus

    def controlled(self, chip: Any, control: int, value: int) -> None:
        """An erase starts."""
        if value & 0x42 == 0x42:
            self.needs_barrier = True
            page = chip.registers[self.flash_r + 0x14]
            self._erase(chip, page - page % 1024, 1024)

    def program(self, chip: Chip, address: int, size: int, value: int) -> None:
        """Write a halfword into blank flash."""
        if chip.registers.get(self.flash_r + 0x10, 0x80) & 0x81 != 1 or size != 2:
            chip.violations.append(f"{size} bytes stored to {address:#x}")
        elif not self._change(chip, address, value.to_bytes(2, "little")):
            chip.violations.append(f"{address:#x} is not blank")


class F4(Stm32):
    """STM32F4 and F7 (RM0090, RM0390, RM0410): the same clocks; flash with sectors of three sizes."""

    rcc, pwr, flash_r = 0x40023800, 0x40007000, 0x40023C00

    def __init__(
        self,
        hse: int,
        core: int,
        overdrive: int,
        sectors: tuple[int, ...],
        usart: int = 1,
        prefetch: bool = True,
    ) -> None:
        super().__init__(hse, usart)
        self.most, self.overdrive, self.sectors, self.prefetch = core, overdrive, sectors, prefetch
        self.port, self.pins = 0x40020000, {2: 7, 3: 7}
        if usart == 2:  # an F7; its UART is USART3
            self.kernel_clock = self.rcc + 0x90, 3 << 4
            self.port, self.pins = 0x40020C00, {8: 7, 9: 7}
        # As delivered: read protection off, no write protection, no brown-out reset.
        self.options = {self.flash_r + 0x14: 0xFFFF_AAFD if usart == 2 else 0x0FFF_AAED}

    def write_protected(self, chip: Any, address: int) -> bool:
        """RM0090, FLASH_OPTCR, nWRP: a bit per sector, 0 for protected."""
        end, bit = chip.board.flash.origin, 15
        while end <= address:
            bit += 1
            end += self.sectors[bit - 16]
        return not self.options[self.flash_r + 0x14] >> bit & 1

    def attach(self, chip: Bus) -> None:
        """Clocks, power, GPIO and the flash's controller."""
        super().attach(chip)
        rcc, pwr, registers = self.rcc, self.pwr, chip.registers

        def from_hse() -> bool:
            return bool(registers.get(rcc + 4, 0) & 1 << 22)

        chip.on_read[rcc] = lambda: self._oscillators(chip, rcc, from_hse)
        chip.on_write[rcc] = lambda value: self._switched(chip, rcc, value, from_hse)
        chip.on_read[rcc + 8] = lambda: (v := registers.get(rcc + 8, 0)) & ~12 | (v & 3) << 2
        chip.on_write[rcc + 4] = lambda value: self._set_pll(chip, value)
        chip.on_write[rcc + 8] = lambda value: self._configured(chip, value)
        chip.on_read[pwr + 4] = lambda: registers.get(pwr, 0) & 3 << 16
        chip.on_write[pwr] = lambda value: self._power(chip, value)
        for port in range(9):
            start = 0x40020000 + 0x400 * port
            chip.gates.append((start, start + 0x400, rcc + 0x30, 1 << port))
        for start in (chip.board.uart.base, pwr):
            chip.gates.append((start, start + 0x400, rcc + 0x40, 1 << (start - 0x40000000) // 0x400))
        chip.on_read[self.flash_r + 0x0C] = lambda: self._looked(chip)
        self._locked(chip, self.flash_r + 4, self.flash_r + 0x10, 1 << 31)
        chip.on_write[self.flash_r] = lambda value: self._set_access(chip, value)

    def reset(self, chip: Bus) -> None:
        """The HSI is on, and the memory that only the core reaches has its clock."""
        super().reset(chip)
        chip.registers |= {self.rcc: 0x81, self.rcc + 0x30: 1 << 20}

    def leave_as_rom(self, chip: Bus) -> None:
        """60 MHz (24 MHz on an F407) from the PLL, which the HSI feeds; AN2606 has the units that it uses."""
        super().leave_as_rom(chip)
        hertz = 60 * MHZ if self.overdrive < self.most else 24 * MHZ
        factors = 8 | hertz // MHZ * 4 << 6 | 1 << 16  # 2 MHz, from 192 to 432 MHz, divided by 4
        if hertz < 48 * MHZ:
            factors = 8 | 96 << 6 | 3 << 16
        chip.registers |= {self.rcc: 0x01000081, self.rcc + 4: factors, self.rcc + 8: 2}
        chip.registers |= {self.rcc + 0x30: 1 << 20 | 1 << 21 | 0x9F, self.rcc + 0x34: 1 << 7}
        chip.registers |= {self.rcc + 0x40: 1 << 28 | 1 << 18 | 1 << 21, self.rcc + 0x44: 1 << 14 | 1 << 4}
        chip.registers[self.flash_r] = 3
        self.runs_from_pll, self.core_hz = True, hertz

    def _power(self, chip: Bus, value: int) -> None:
        """RM0390 and RM0410, "Entering over-drive mode": no peripheral clock is on during the switch.

        PWR_CR: over-drive changes while the core runs from the HSI or HSE, the scale while the PLL is off.
        """
        registers, rcc = chip.registers, self.rcc
        changed = registers.get(self.pwr, 0) ^ value
        others = registers.get(rcc + 0x40, 0) & ~(1 << 28) | registers.get(rcc + 0x44, 0)
        others |= registers.get(rcc + 0x30, 0) & ~(1 << 20) | registers.get(rcc + 0x34, 0)
        if changed & 1 << 17 and others:
            chip.violations.append("a peripheral's clock is on during the switch to over-drive")
        if changed & 3 << 16 and self.runs_from_pll:
            chip.violations.append("over-drive changed while the core runs from the PLL")
        if changed & 3 << 14 and registers[rcc] & 1 << 24:
            chip.violations.append("the voltage scale changed while the PLL is on")
        registers[self.pwr] = value

    def _set_access(self, chip: Bus, value: int) -> None:
        """Set wait states, prefetch and the flash's caches; an F7 has one cache, an F4 two."""
        caches = 1 if self.usart == 2 else 3
        if value & ~(15 | 1 << 8 | caches << 9 | caches << 11):
            chip.violations.append(f"reserved bits set in FLASH_ACR, {value:#x}")
        if value & 1 << 8 and not self.prefetch:
            chip.violations.append("prefetch, which revision A of the chip does not support")
        if value >> 2 & value & caches << 9:
            chip.violations.append("a cache of the flash emptied while it is on")
        chip.registers[self.flash_r] = value
        self._wait_states(chip)

    def _wait_states(self, chip: Bus) -> None:
        if chip.registers.get(self.flash_r, 0) & 15 < (self.core_hz - 1) // (30 * MHZ):
            chip.violations.append("too few wait states")

    def _set_pll(self, chip: Bus, value: int) -> None:
        self._set_while_off(chip, self.rcc, self.rcc + 4, value)

    def _configured(self, chip: Bus, value: int) -> None:
        self._one_at_a_time(chip, self.rcc + 8, value, 0xFCF0)
        chip.registers[self.rcc + 8] = value
        if value & 3 == 0:
            self._on_hsi(chip, self.rcc)
            self.uart_hz = self.core_hz // PRESCALERS[value >> 10 & 7]
        if value & 3 != 2:
            return
        pll, power = chip.registers.get(self.rcc + 4, 0), chip.registers.get(self.pwr, 0)
        if not chip.read(self.rcc) & 1 << 25:
            chip.violations.append("system clock from a PLL that is not ready")
        self.runs_from_pll = True
        reference = _divided(chip, self.hse if pll & 1 << 22 else 16 * MHZ, pll & 63)
        vco = reference * (pll >> 6 & 511)
        self.core_hz = int(vco / (2 * (pll >> 16 & 3) + 2))
        buses = [self.core_hz // PRESCALERS[value >> at & 7] for at in (10, 13)]
        _within(chip, "the PLL's input", reference, 1 * MHZ, 2 * MHZ)
        _within(chip, "the VCO", vco, 192 * MHZ, 432 * MHZ)
        _within(chip, "the core", self.core_hz, 0, self.most)
        _within(chip, "APB1", buses[0], 0, self.most // 4)
        _within(chip, "APB2", buses[1], 0, self.most // 2)
        if not power & 1 << 14:
            chip.violations.append("not at voltage scale 1")
        if self.core_hz > self.overdrive and power >> 16 & 3 != 3:
            chip.violations.append("no over-drive")
        self._wait_states(chip)
        self.uart_hz = buses[0]

    def controlled(self, chip: Any, control: int, value: int) -> None:
        """An erase starts."""
        if value & (1 << 16 | 2) == 1 << 16 | 2:
            self.needs_barrier = True
            sector = value >> 3 & 31
            self._erase(chip, chip.board.flash.origin + sum(self.sectors[:sector]), self.sectors[sector])

    def program(self, chip: Chip, address: int, size: int, value: int) -> None:
        """Write a word, the size that PSIZE selects."""
        control = chip.registers.get(self.flash_r + 0x10, 1 << 31)
        if control & (1 << 31 | 3 << 8 | 1) != 2 << 8 | 1 or size != 4 or address % 4:
            chip.violations.append(f"{size} bytes stored to {address:#x}, control {control:#x}")
        elif not self._change(chip, address, value.to_bytes(4, "little")):
            chip.violations.append(f"{address:#x} is not blank")


class H7(Stm32):
    """STM32H743 of revision V (RM0433)."""

    rcc, pwr, syscfg, flash_r = 0x58024400, 0x58024800, 0x58000400, 0x52002000
    hsi_hz, hsi_ready = 64 * MHZ, 1 << 2
    kernel_clock = 0x58024454, 7  # USART3
    port, pins = 0x58020C00, {8: 7, 9: 7}
    error_codes = True
    word_bytes, busy_bit = 32, 1

    def __init__(self, hse: int) -> None:
        super().__init__(hse, usart=2)
        self.word: list[tuple[int, int]] = []
        self.errors = [0, 0]
        self.options = {
            self.flash_r + 0x1C: 0x1406_AAF0,
            self.flash_r + 0x38: 0xFF,
            self.flash_r + 0x138: 0xFF,
        }

    def write_protected(self, chip: Any, address: int) -> bool:
        """RM0433, FLASH_WPSN_CUR1 and 2: a bit per sector of the bank, 0 for protected."""
        bank, offset = divmod(address - chip.board.flash.origin, 0x100000)
        found = not self.options[self.flash_r + 0x38 + 0x100 * bank] >> offset // 0x20000 & 1
        self.errors[bank] |= found << 17
        return found

    def attach(self, chip: Bus) -> None:
        """Clocks, power, GPIO and two banks of flash."""
        super().attach(chip)
        rcc, pwr, registers = self.rcc, self.pwr, chip.registers

        def from_hse() -> bool:
            return registers.get(rcc + 0x28, 0) & 3 == 2

        chip.on_read[rcc] = lambda: self._oscillators(chip, rcc, from_hse)
        chip.on_write[rcc] = lambda value: self._switched(chip, rcc, value, from_hse)
        chip.on_write[self.flash_r] = lambda value: self._set_access(chip, value)
        chip.on_read[rcc + 0x10] = lambda: (v := registers.get(rcc + 0x10, 0)) & ~0x38 | (v & 7) << 3
        chip.on_write[rcc + 0x10] = lambda value: self._configured(chip, value)
        chip.on_read[pwr + 4] = lambda: self._supplied(chip) << 13
        chip.on_read[pwr + 0x18] = lambda: registers.get(pwr + 0x18, 0) | self._supplied(chip) << 13
        for at in (0x28, 0x2C, 0x30):
            chip.on_write[rcc + at] = lambda value, at=at: self._set_pll(chip, at, value)  # type: ignore[misc]
        for port in range(11):
            start = 0x58020000 + 0x400 * port
            chip.gates.append((start, start + 0x400, rcc + 0xE0, 1 << port))
        chip.gates.append((self.syscfg, self.syscfg + 0x400, rcc + 0xF4, 2))
        uart = chip.board.uart.base
        chip.gates.append((uart, uart + 0x400, rcc + 0xE8, 1 << (uart - 0x40000000) // 0x400))
        for bank in range(2):
            base = self.flash_r + 0x100 * bank
            self._locked(chip, base + 4, base + 0x0C, 1)
            chip.on_read[base + 0x10] = lambda bank=bank: (
                self._looked(chip) | self.errors[bank] | 2 * bool(self.word)
            )  # type: ignore[misc]
            chip.on_write[base + 0x14] = lambda value, bank=bank: self._cleared(bank, value)  # type: ignore[misc]

    def reset(self, chip: Bus) -> None:
        """Reset the regulator as after power-on; the HSI is on."""
        super().reset(chip)
        chip.registers |= {self.rcc: 0x25, self.pwr + 0x0C: 6}
        chip.registers[self.pwr + 0x18] = 0x4000

    def leave_as_rom(self, chip: Bus) -> None:
        """66 MHz from the PLL, which the HSI, halved, feeds; the supply is chosen, which can be done once."""
        super().leave_as_rom(chip)
        registers, rcc = chip.registers, self.rcc
        registers |= {rcc: 0x0100002D, rcc + 0x28: 8 << 4, rcc + 0x2C: 0x01FF0008, rcc + 0x10: 3 << 3 | 3}
        registers |= {rcc + 0x30: 98 | 5 << 9, rcc + 0xE0: 0x1F, rcc + 0xE8: 1 << 18}
        registers |= {self.pwr + 0x0C: 2, self.flash_r: 0x37}
        self.runs_from_pll, self.core_hz = True, 66 * MHZ

    def code_bank(self, chip: Any, address: int) -> bool:
        """The bootloader is in the first bank."""
        return bool(address < chip.board.flash.origin + 0x100000)

    def read_torn(self, address: int) -> None:
        """RM0433, FLASH_SR1 and 2: DBECCERR, and a bus error."""
        self.errors[(address - 0x0800_0000) // 0x100000] |= 1 << 26

    def _set_access(self, chip: Bus, value: int) -> None:
        chip.registers[self.flash_r] = value
        self._wait_states(chip)

    def _wait_states(self, chip: Bus) -> None:
        # RM0433, table of wait states at voltage scale 0: from 225 to 240 MHz.
        bus = self.core_hz // 2
        if self.runs_from_pll and bus > 225 * MHZ and chip.registers.get(self.flash_r, 0) & 0x3F != 0x24:
            chip.violations.append("other wait states than 4, or another delay than 2")

    def _supplied(self, chip: Bus) -> bool:
        return chip.registers[self.pwr + 0x0C] & 7 == 2

    def _cleared(self, bank: int, value: int) -> None:
        self.errors[bank] &= ~value

    def _set_pll(self, chip: Bus, at: int, value: int) -> None:
        self._set_while_off(chip, self.rcc, self.rcc + at, value)

    def _configured(self, chip: Bus, value: int) -> None:
        registers, rcc = chip.registers, self.rcc
        registers[rcc + 0x10] = value
        if value & 7 == 0:
            self._on_hsi(chip, rcc)
        if value & 7 != 3:
            return
        select, config, dividers = (registers.get(rcc + at, 0) for at in (0x28, 0x2C, 0x30))
        if not chip.read(rcc) & 1 << 25 or select & 1 or not config & 1 << 16:
            chip.violations.append("system clock from a PLL that is not ready")
        self.runs_from_pll = True
        source = self.hse if select & 3 == 2 else self.hsi_hz >> (registers[rcc] >> 3 & 3)
        reference = _divided(chip, source, select >> 4 & 63)
        vco = reference * ((dividers & 511) + 1)
        system = vco / ((dividers >> 9 & 127) + 1)
        low, high = ((1, 2), (2, 4), (4, 8), (8, 16))[config >> 2 & 3]
        _within(chip, "the PLL's input", reference, low * MHZ, high * MHZ)
        _within(chip, "the VCO", vco, 192 * MHZ, 960 * MHZ)
        scale0 = registers.get(self.pwr + 0x18, 0) >> 14 == 3 and registers.get(self.syscfg + 0x2C, 0) & 1
        if not self._supplied(chip):
            chip.violations.append("the supply is not settled")
        d1, d2, d3 = (registers.get(rcc + at, 0) for at in (0x18, 0x1C, 0x20))
        ahb = (1,) * 8 + (2, 4, 8, 16, 64, 128, 256, 512)
        self.core_hz = int(system / ahb[d1 >> 8 & 15])
        bus = self.core_hz // ahb[d1 & 15]
        _within(chip, "the core", self.core_hz, 0, (480 if scale0 else 400) * MHZ)
        _within(chip, "the AXI bus", bus, 0, (240 if scale0 else 200) * MHZ)
        for name, divider in (("APB1", d2 >> 4), ("APB2", d2 >> 8), ("APB3", d1 >> 4), ("APB4", d3 >> 4)):
            _within(chip, name, bus // PRESCALERS[divider & 7], 0, 120 * MHZ)
        self._wait_states(chip)
        self.uart_hz = bus // PRESCALERS[d2 >> 4 & 7]

    def controlled(self, chip: Any, control: int, value: int) -> None:
        """An erase starts."""
        bank = control >> 8 & 1
        if value & 0x84 == 0x84:
            self.needs_barrier = True
            if self.worn:
                self.errors[bank] |= 1 << 22
            sector = value >> 8 & 7
            self._erase(chip, chip.board.flash.origin + 0x100000 * bank + 0x20000 * sector, 0x20000)

    def program(self, chip: Chip, address: int, size: int, value: int) -> None:
        """Write 256 bits: eight consecutive words into blank flash."""
        bank = (address - chip.board.flash.origin) // 0x100000
        control = chip.registers.get(self.flash_r + 0x100 * bank + 0x0C, 1)
        if control & 3 != 2 or size != 4 or address % 32 != 4 * len(self.word):
            chip.violations.append(f"{size} bytes stored to {address:#x}, control {control:#x}")
            return
        self.word.append((address, value))
        if len(self.word) == 8:
            data = b"".join(word.to_bytes(4, "little") for _, word in self.word)
            if not self._change(chip, self.word[0][0], data):
                chip.violations.append(f"{self.word[0][0]:#x} is written twice")
            if self.worn:
                self.errors[bank] |= 1 << 22
            self.word.clear()


class N6(Stm32):
    """STM32N657 (RM0486): clocks and USART; its flash is RAM."""

    rcc = 0x56028000

    def __init__(self) -> None:
        super().__init__(hse=0, usart=2)

    def attach(self, chip: Bus) -> None:
        """Clocks and GPIO."""
        super().attach(chip)
        rcc, registers = self.rcc, chip.registers
        chip.on_read[rcc + 4] = lambda: registers.get(rcc, 0) & 0x108
        chip.on_read[rcc + 0x20] = lambda: (v := registers.get(rcc + 0x20, 0)) | (v & 0x03030000) << 4
        chip.on_write[rcc + 0x20] = lambda value: self._configured(chip, value & 0x0F0F0000)
        chip.on_write[rcc + 0x80] = lambda value: self._set_pll(chip, value)
        for port in range(17):
            start = 0x56020000 + 0x400 * port
            chip.gates.append((start, start + 0x400, rcc + 0x25C, 1 << port))
        uart = chip.board.uart.base
        chip.gates.append((uart, uart + 0x400, rcc + 0x26C, 1 << 4))

    def reset(self, chip: Bus) -> None:
        """Set the clocks as the boot ROM leaves them: a bypassed PLL, core and buses on its dividers."""
        super().reset(chip)
        chip.registers |= {self.rcc: 0x108, self.rcc + 0x20: 0x03030000, self.rcc + 0x80: 1 << 27}
        chip.registers |= {self.rcc + 0x88: 0x4900000D, self.rcc + 0x24: 0x00100000}

    def _set_pll(self, chip: Bus, value: int) -> None:
        if chip.registers.get(self.rcc, 0) & 1 << 8 and chip.registers[self.rcc + 0x80] != value:
            chip.violations.append("the PLL changed while it is on")
        chip.registers[self.rcc + 0x80] = value

    def _configured(self, chip: Bus, value: int) -> None:
        registers, rcc = chip.registers, self.rcc
        registers[rcc + 0x20] = value & 0x03030000
        if value & 0x03030000 != 0x03030000:
            return
        config, output = registers[rcc + 0x80], registers[rcc + 0x88]
        if not registers[rcc] & 1 << 8 or config & 1 << 27 or config >> 28 & 7:
            chip.violations.append("core on a PLL that is off, bypassed or not fed by the HSI")
        if output & 15 != 5:
            chip.violations.append("the PLL's frequency is modulated")
        reference = _divided(chip, 64 * MHZ, config >> 20 & 63)
        vco = reference * (config >> 8 & 0xFFF)
        _within(chip, "the PLL's input", reference, 5 * MHZ, 50 * MHZ)
        _within(chip, "the VCO", vco, 800 * MHZ, 3200 * MHZ)
        pll = _divided(chip, _divided(chip, vco, output >> 27 & 7), output >> 24 & 7)
        rates = {}
        for number in (1, 2, 6, 11):
            divider = registers.get(rcc + 0xC0 + 4 * number, 0)
            rates[number] = int(pll / ((divider >> 16 & 255) + 1))
            if divider >> 28 & 3 or not registers.get(rcc + 0x240, 0) & 1 << number - 1:
                chip.violations.append(f"IC{number} is off or not fed by PLL1")
        self.core_hz = rates[1]
        _within(chip, "the core", rates[1], 0, 600 * MHZ)
        for number in (2, 6, 11):
            _within(chip, f"IC{number}", rates[number], 0, 400 * MHZ)
        prescalers = registers[rcc + 0x24]
        bus = rates[2] >> (prescalers >> 20 & 7)
        _within(chip, "AHB", bus, 0, 200 * MHZ)
        self.uart_hz = bus // PRESCALERS[prescalers >> 4 & 7]


class U5(Stm32):
    """STM32U575 without TrustZone (RM0456)."""

    rcc, pwr, flash_r, icache = 0x46020C00, 0x46020800, 0x40022000, 0x40030400
    hsi_hz = 4 * MHZ  # the MSIS
    kernel_clock = 0x46020CE0, 3  # USART1
    port, pins = 0x42020000, {9: 7, 10: 7}
    error_codes = True
    word_bytes, torn_vector = 16, 2  # RM0456, "Error code correction": two wrong bits are an NMI

    def __init__(self) -> None:
        super().__init__(hse=0, usart=2)
        self.word: list[tuple[int, int]] = []
        self.errors = self.torn_flag = 0
        self.stale = False  # the instruction cache holds old contents of the flash
        self.options = {self.flash_r + 0x40: 0x1FEF_F8AA}
        self.options |= {self.flash_r + at: 0xFF80_FFFF for at in (0x58, 0x5C, 0x68, 0x6C)}

    def write_protected(self, chip: Any, address: int) -> bool:
        """RM0456, FLASH_WRP1AR to WRP2BR: first and last page of two ranges per bank."""
        bank, page = divmod((address - chip.board.flash.origin) // 0x2000, 128)
        ranges = [self.options[self.flash_r + at + 0x10 * bank] for at in (0x58, 0x5C)]
        found = any(value & 127 <= page <= value >> 16 & 127 for value in ranges)
        self.errors |= found << 4
        return found

    def attach(self, chip: Bus) -> None:
        """Clocks, power, GPIO, cache and flash."""
        super().attach(chip)
        rcc, registers = self.rcc, chip.registers
        chip.on_read[rcc] = lambda: self._sources(chip)
        chip.on_write[rcc] = lambda value: self._switch(chip, value)
        chip.on_read[rcc + 0x1C] = lambda: (v := registers.get(rcc + 0x1C, 0)) & ~12 | (v & 3) << 2
        chip.on_read[self.pwr + 0x0C] = lambda: self._voltage(chip)
        for at in (0x28, 0x34):
            chip.on_write[rcc + at] = lambda value, at=at: self._set_pll(chip, at, value)  # type: ignore[misc]
        for at in (0x1C, 0x20):
            chip.on_write[rcc + at] = lambda value, at=at: self._configured(chip, at, value)  # type: ignore[misc]
        chip.on_write[self.icache] = lambda value: self._empty(chip, value)
        for port in range(9):
            start = 0x42020000 + 0x400 * port
            chip.gates.append((start, start + 0x400, rcc + 0x8C, 1 << port))
        chip.gates.append((self.pwr, self.pwr + 0x400, rcc + 0x94, 1 << 2))
        uart = chip.board.uart.base
        chip.gates.append((uart, uart + 0x400, rcc + 0xA4, 1 << 14))
        self._locked(chip, self.flash_r + 8, self.flash_r + 0x28, 1 << 31)
        chip.on_read[self.flash_r + 0x20] = lambda: self._looked(chip) | self.errors | bool(self.word) << 17
        chip.on_write[self.flash_r + 0x20] = self._cleared
        chip.on_read[self.flash_r + 0x30] = lambda: self.torn_flag
        chip.on_write[self.flash_r + 0x30] = self._clear_torn
        chip.on_write[self.flash_r] = lambda value: self._set_access(chip, value)

    def code_bank(self, chip: Any, address: int) -> bool:
        """The bootloader is in the first bank."""
        return bool(address < chip.board.flash.origin + 0x100000)

    def read_torn(self, address: int) -> None:
        """RM0456, FLASH_ECCR: ECCD."""
        self.torn_flag = 1 << 31

    def _clear_torn(self, value: int) -> None:
        self.torn_flag &= ~value

    def _set_access(self, chip: Bus, value: int) -> None:
        chip.registers[self.flash_r] = value
        self._wait_states(chip)

    def _wait_states(self, chip: Bus) -> None:
        """RM0456, "Number of wait states according to CPU clock": in ranges 4 to 1."""
        each = (8, 12.5, 25, 32)[chip.registers.get(self.pwr + 0x0C, 0) >> 16 & 3] * MHZ
        if chip.registers.get(self.flash_r, 0) & 15 < int((self.core_hz - 1) // each):
            chip.violations.append("too few wait states")

    def reset(self, chip: Bus) -> None:
        """The MSIS is on; the instruction cache is n-way."""
        super().reset(chip)
        chip.registers |= {self.rcc: 0x35, self.icache: 4}

    def leave_as_rom(self, chip: Bus) -> None:
        """60 MHz from PLL1 in range 1 with the booster; the HSI16 feeds it, and the UART."""
        super().leave_as_rom(chip)
        registers, rcc = chip.registers, self.rcc
        registers |= {rcc: 0x01000135, rcc + 0x28: 1 << 18 | 1 << 16 | 1 << 8 | 2, rcc + 0x34: 29 | 3 << 24}
        registers |= {rcc + 0x1C: 3, rcc + 0x94: 4, rcc + 0x8C: 7, rcc + 0xA4: 1 << 14, rcc + 0xE0: 2}
        registers |= {self.pwr + 0x0C: 3 << 16 | 1 << 18, self.flash_r: 1}
        self.runs_from_pll, self.core_hz = True, 60 * MHZ

    def _sources(self, chip: Bus) -> int:
        """RCC_CR: HSI16 and PLL1 are ready, two and one bits above their enable bits."""
        value = chip.registers.get(self.rcc, 0) & ~(1 << 10 | 1 << 25)
        hsi = value >> 8 & 1
        fed = chip.registers.get(self.rcc + 0x28, 0) & 3 == 2 and hsi
        return value | hsi << 10 | bool(value & 1 << 24 and fed) << 25

    def _switch(self, chip: Bus, value: int) -> None:
        """A write to RCC_CR: nothing is switched off that the core runs from."""
        source = chip.registers.get(self.rcc + 0x1C, 0) & 3
        for name, bit in ((), (("HSI16", 1 << 8),), (), (("PLL", 1 << 24), ("HSI16", 1 << 8)))[source]:
            if not value & bit:
                chip.violations.append(f"the {name} switched off while the core runs from it")
                value |= bit
        chip.registers[self.rcc] = value

    def _cleared(self, value: int) -> None:
        self.errors &= ~value

    def _empty(self, chip: Bus, value: int) -> None:
        """RM0456, ICACHE_CR: the cache is n-way (WAYSEL, bit 2) after reset; it changes only while off."""
        now = chip.registers[self.icache]
        if now & 1 and (now ^ value) & 4:
            chip.violations.append("the instruction cache's ways changed while it is on")
        chip.registers[self.icache] = value & ~2
        self.stale = self.stale and not value & 2

    def _voltage(self, chip: Bus) -> int:
        value = chip.registers.get(self.pwr + 0x0C, 0) & ~(3 << 14)  # two bits that only the chip writes
        config = chip.registers.get(self.rcc + 0x28, 0)
        fed = config & 3 == 2 and 4 * MHZ <= 16 * MHZ >> (config >> 12 & 15) <= 16 * MHZ
        return value | 1 << 15 | bool(value & 1 << 18 and fed) << 14

    def _set_pll(self, chip: Bus, at: int, value: int) -> None:
        on = chip.registers.get(self.rcc, 0) & 1 << 24
        changed = chip.registers.get(self.rcc + at, 0) ^ value
        if on and changed:
            chip.violations.append("the PLL changed while it is on")
        if at == 0x28 and changed & 0xF003 and chip.registers.get(self.pwr + 0x0C, 0) & 1 << 18:
            chip.violations.append("the booster's clock changed while it is on")
        chip.registers[self.rcc + at] = value

    def _configured(self, chip: Bus, at: int, value: int) -> None:
        registers, rcc = chip.registers, self.rcc
        before = self.core_hz
        registers[rcc + at] = value
        ahb = (1,) * 8 + (2, 4, 8, 16, 64, 128, 256, 512)
        buses, source = registers.get(rcc + 0x20, 0), registers.get(rcc + 0x1C, 0) & 3
        self.runs_from_pll = source == 3
        if source != 3:
            if source == 1 and not registers[rcc] & 1 << 8:
                chip.violations.append("system clock from an HSI16 that is off")
            self.core_hz = (self.hsi_hz, 16 * MHZ)[source] // ahb[buses & 15]
            self._wait_states(chip)
            self.uart_hz = self.core_hz // PRESCALERS[buses >> 8 & 7]
            return
        config, dividers = registers.get(rcc + 0x28, 0), registers.get(rcc + 0x34, 0)
        if not chip.read(rcc) & 1 << 25 or not config & 1 << 18:
            chip.violations.append("system clock from a PLL that is off or not fed by the HSI16")
        reference = 16 * MHZ / ((config >> 8 & 15) + 1)
        vco = reference * ((dividers & 511) + 1)
        low, high = ((4, 8), (4, 8), (4, 8), (8, 16))[config >> 2 & 3]
        _within(chip, "the PLL's input", reference, low * MHZ, high * MHZ)
        _within(chip, "the VCO", vco, 128 * MHZ, 544 * MHZ)
        self.core_hz = int(vco / ((dividers >> 24 & 127) + 1)) // ahb[buses & 15]
        _within(chip, "the core", self.core_hz, 0, 160 * MHZ)
        if before < 80 * MHZ < self.core_hz:
            chip.violations.append("from below 80 MHz to above in one step")
        voltage = self._voltage(chip)
        if voltage >> 16 & 3 != 3 or not voltage & 1 << 14:
            chip.violations.append("not in range 1, or without the booster")
        self._wait_states(chip)
        self.uart_hz = self.core_hz // PRESCALERS[buses >> 8 & 7]

    def controlled(self, chip: Any, control: int, value: int) -> None:
        """An erase starts."""
        if value & (1 << 16 | 2) == 1 << 16 | 2:
            self.needs_barrier = True
            if self.worn:
                self.errors |= 1 << 3
            page = (value >> 3 & 127) + 128 * (value >> 11 & 1)
            self._changed(chip)
            self._erase(chip, chip.board.flash.origin + 0x2000 * page, 0x2000)

    def _changed(self, chip: Any) -> None:
        self.stale = bool(chip.registers.get(self.icache, 0) & 1)

    def program(self, chip: Chip, address: int, size: int, value: int) -> None:
        """Write 128 bits: four consecutive words into blank flash."""
        control = chip.registers.get(self.flash_r + 0x28, 1 << 31)
        if control & (1 << 31 | 1) != 1 or size != 4 or address % 16 != 4 * len(self.word):
            chip.violations.append(f"{size} bytes stored to {address:#x}, control {control:#x}")
            return
        self.word.append((address, value))
        if len(self.word) == 4:
            data = b"".join(word.to_bytes(4, "little") for _, word in self.word)
            if not self._change(chip, self.word[0][0], data):
                chip.violations.append(f"{self.word[0][0]:#x} is written twice")
            if self.worn:
                self.errors |= 1 << 3
            self._changed(chip)
            self.word.clear()
