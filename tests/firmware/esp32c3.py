"""An ESP32-C3 as strict as silicon: its core in Unicorn, its ROM and registers in Python.

It shares no code with the firmware. Registers, fields and their reset values are those of
``registers/esp32c3.toml``; what the ROM does is from ESP-IDF's linker scripts and esptool's page of the chip.
``violations`` collects what the chip does not forgive. Nothing waits in real time: the time is that of the
core's instructions, of its accesses to registers, and of the sleep that nothing else can end.
"""

from __future__ import annotations

import ctypes
import hashlib
import struct
from collections import deque
from functools import reduce
from operator import xor
from typing import ClassVar

import unicorn
from unicorn import riscv_const as riscv

from sensor_bnn.hardware.boards import Board

from .chip import Bus
from .esp_rom import Rom
from .facts import CHIPS

MHZ = 1_000_000
XTAL_HZ = 40 * MHZ
SYSTIMER_HZ = 16 * MHZ
DRAM, IRAM, SRAM_BYTES = 0x3FC80000, 0x40380000, 0x60000
ROM_STACK = 0x3FCDC710  # the ROM's stack and data begin here
PERIPHERALS, PERIPHERALS_BYTES = 0x60000000, 0x100000
RTC = range(0x60008000, 0x60009000)  # what a reset of the core keeps
RTC_HZ = 136_000  # the slow clock, by which the RTC watchdog counts
SLICE = 20_000  # instructions between checks for interrupts
ACCESS_TICKS = 8  # of the core per access to a register
FIFO_BYTES = 128
BANNER = b"ESP-ROM:esp32c3-api1-20210207\r\nrst:0x1 (POWERON),boot:0xc (SPI_FAST_FLASH_BOOT)\r\n"

CHIP = next(chip for chip in CHIPS if chip.name == "ESP32-C3")
ADDRESS = {name: register.address for name, register in CHIP.registers.items()}
CSRS = {
    *(0x300, 0x301, 0x305, *range(0x340, 0x344), *range(0x3A0, 0x3A4), *range(0x3B0, 0x3C0)),
    *range(0x7A0, 0x7A6),
    *(0x7B0, 0x7B1, 0x7E0, 0x7E1, 0x7E2, 0xF11, 0xF12, 0xF13, 0xF14),
}
"""The core's control registers; `mie`, `mip` and `mcycle` are not among them."""

WFI = 0x10500073
MSTATUS_MIE, MSTATUS_MPIE, MSTATUS_MPP = 1 << 3, 1 << 7, 3 << 11
ILLEGAL, LOAD_FAULT, STORE_FAULT, FETCH_FAULT = 2, 5, 7, 1


def field(name: str, key: str) -> int:
    """Return the mask of a field."""
    return CHIP.registers[name].fields[key].mask


class BootError(Exception):
    """What the ROM does not start."""


class Esp32c3:
    """The registers that the firmware uses: watchdogs, clocks, UART0, system timer, pins."""

    counter_hz = SYSTIMER_HZ
    watchdogs: ClassVar = {"TIMG0": 0.65, "SWD": 1.0}
    """Seconds after which each resets the chip, unless it is switched off or feeds itself. The timer group's
    is that of its registers' reset values; that of the super watchdog is in no document."""

    def __init__(self) -> None:
        self.core_hz = self.uart_hz = 0
        self.edges = (
            True  # whether the UART's interrupt is raised by a byte that arrives, or as long as one waits
        )

    def attach(self, bus: Bus) -> None:
        """Add the registers."""
        at = ADDRESS
        bus.on_write[at["RTC_CNTL.WDTCONFIG0"]] = lambda value: self.lock_rtc(bus, value)
        bus.on_write[at["TIMG0.WDTCONFIG0"]] = lambda value: self._locked(bus, "TIMG0.WDT", value)
        bus.on_write[at["RTC_CNTL.SWD_CONF"]] = lambda value: self._locked(bus, "RTC_CNTL.SWD_", value)
        bus.on_write[at["SYSTEM.SYSCLK_CONF"]] = lambda value: self._clock(bus, value)
        bus.on_write[at["UART0.CLK_CONF"]] = lambda value: self._uart_clock(bus, value)
        for unit, size, bit in (("UART0", 0x100, "UART"), ("SYSTIMER", 0x100, "SYSTIMER")):
            base = min(address for name, address in at.items() if name.startswith(f"{unit}."))
            clock, reset = at["SYSTEM.PERIP_CLK_EN0"], at["SYSTEM.PERIP_RST_EN0"]
            bus.gates.append((base, base + size, clock, field("SYSTEM.PERIP_CLK_EN0", f"{bit}_CLK_EN")))
            bus.holds.append((base, base + size, reset, field("SYSTEM.PERIP_RST_EN0", f"{bit}_RST")))

    def reset(self, bus: Bus) -> None:
        """Set the reset values."""
        self.core_hz = XTAL_HZ // 2  # SYSCLK_CONF after a reset
        self.uart_hz = XTAL_HZ
        bus.registers |= {
            register.address: register.reset
            for register in CHIP.registers.values()
            if register.reset is not None
        }

    def guards(self, bus: Bus) -> list[str]:
        """Return the watchdogs that count."""
        found = []
        for unit in ("RTC_CNTL", "TIMG0"):
            name = f"{unit}.WDTCONFIG0"
            on = field(name, "WDT_EN") | field(name, "WDT_FLASHBOOT_MOD_EN")
            if bus.registers[ADDRESS[name]] & on:
                found.append(unit)
        if not bus.registers[ADDRESS["RTC_CNTL.SWD_CONF"]] & field("RTC_CNTL.SWD_CONF", "SWD_AUTO_FEED_EN"):
            found.append("SWD")
        return found

    def lock_rtc(self, bus: Bus, value: int) -> None:
        """A write to the RTC watchdog."""
        self._locked(bus, "RTC_CNTL.WDT", value)

    def _locked(self, bus: Bus, group: str, value: int) -> None:
        """A write to a watchdog, which its key must have unlocked; a timer group must take it over."""
        key = 0x8F1D312A if group.endswith("SWD_") else 0x50D83AA1
        name = group + ("CONF" if group.endswith("SWD_") else "CONFIG0")
        if bus.registers[ADDRESS[f"{group}WPROTECT"]] != key:
            bus.violations.append(f"{name} written while it is locked")
            return
        if name.startswith("TIMG0"):
            update = field(name, "WDT_CONF_UPDATE_EN")
            if not value & update:
                bus.violations.append(f"{name} written without CONF_UPDATE_EN: it has no effect")
                return
            value &= ~update
        bus.registers[ADDRESS[name]] = value

    def _clock(self, bus: Bus, value: int) -> None:
        name = "SYSTEM.SYSCLK_CONF"
        bus.registers[ADDRESS[name]] = value
        if value & field(name, "SOC_CLK_SEL"):
            bus.violations.append("the core runs from a PLL that is not calibrated, or from no crystal")
        self.core_hz = XTAL_HZ // ((value & field(name, "PRE_DIV_CNT")) + 1)

    def is_sending(self, bus: Bus) -> bool:
        """Whether bytes are on their way out."""
        return bool(bus.read(ADDRESS["UART0.STATUS"]) & field("UART0.STATUS", "TXFIFO_CNT"))

    def _uart_clock(self, bus: Bus, value: int) -> None:
        name = "UART0.CLK_CONF"
        if self.is_sending(bus):
            bus.violations.append("the UART's clock changed while it sends")
        bus.registers[ADDRESS[name]] = value
        on = field(name, "SCLK_EN") | field(name, "TX_SCLK_EN") | field(name, "RX_SCLK_EN")
        fraction = value & (field(name, "SCLK_DIV_A") | field(name, "SCLK_DIV_B"))
        runs = value & on == on and not value & field(name, "RST_CORE") and not fraction
        selected = (value & field(name, "SCLK_SEL")) >> 20
        divided = ((value & field(name, "SCLK_DIV_NUM")) >> 12) + 1
        self.uart_hz = XTAL_HZ // divided if runs and selected == 3 else 0


class Esp32c3Chip(Bus):
    """The chip with a serial flash, at whose start its ROM looks for an image.

    Args:
        board: its facts.
        flash: what the serial flash holds; the rest of its 4 MB is erased.
        family: the registers.
    """

    def __init__(self, board: Board, flash: bytes, family: Esp32c3 | None = None) -> None:
        self.now = 0  # in ticks of the crystal
        self.flash = bytearray(flash.ljust(4 << 20, b"\xff"))
        self.esp = family or Esp32c3()
        super().__init__(board, self.esp)
        self.resets: list[str] = []
        self.faults: list[tuple[int, int]] = []  # causes and addresses
        self.downloading = False
        self.stuck = ""  # why the ROM starts nothing
        self.strap = False  # whether the BOOT button is held
        self.rom = Rom(self)
        self._received: deque[int] = deque()
        self._next_byte = 0
        self._sending: deque[int] = deque()  # when each byte is sent
        self._interrupt = False
        self._alarm_at: int | None = None
        self._alarm = False
        self._snapshot = 0
        self._wanted = ""
        self._begun = self._rtc_begun = 0
        self._interruptible()
        self._memory = (ctypes.c_char * SRAM_BYTES)()
        ctypes.memset(self._memory, 0xA5, SRAM_BYTES)
        self._uc = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
        pointer = ctypes.addressof(self._memory)
        # The same memory on two buses: no code is fetched from the one, and only code from the other.
        self._uc.mem_map_ptr(DRAM, SRAM_BYTES, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE, pointer)
        self._uc.mem_map_ptr(IRAM, SRAM_BYTES, unicorn.UC_PROT_EXEC, pointer)
        self._uc.mmio_map(
            *(PERIPHERALS, PERIPHERALS_BYTES),
            *(lambda uc, offset, size, data: self._load(PERIPHERALS + offset, size), None),
            *(lambda uc, offset, size, value, data: self._store(PERIPHERALS + offset, size, value), None),
        )
        self._uc.hook_add(unicorn.UC_HOOK_INTR, self._trapped)
        self._uc.hook_add(unicorn.UC_HOOK_MEM_READ, self._code_read, begin=IRAM, end=IRAM + SRAM_BYTES - 1)
        self._code_hooks: list[int] = []
        self._pc = 0
        self._cause: int | None = None
        self._reset_now("POWERON")

    # Registers

    def _interruptible(self) -> None:
        at = ADDRESS
        reads = {
            "UART0.FIFO": self._fetch,
            "UART0.STATUS": lambda: len(self._received) | self._waiting_to_go() << 16,
            "UART0.FSM_STATUS": lambda: field("UART0.FSM_STATUS", "ST_UTX_OUT") * bool(self._sending),
            "SYSTIMER.UNIT0_OP": lambda: field("SYSTIMER.UNIT0_OP", "TIMER_UNIT0_VALUE_VALID"),
            "SYSTIMER.UNIT0_VALUE_HI": lambda: self._snapshot >> 32,
            "SYSTIMER.UNIT0_VALUE_LO": lambda: self._snapshot & 0xFFFF_FFFF,
        }
        writes = {
            "UART0.FIFO": self._send,
            "UART0.INT_CLR": lambda value: self._clear(value),
            "UART0.CLKDIV": self._divide,
            "UART0.STATUS": self._nothing,
            "UART0.FSM_STATUS": self._nothing,
            "SYSTIMER.UNIT0_OP": self._take_snapshot,
            "SYSTIMER.COMP0_LOAD": self._load_alarm,
            "SYSTIMER.INT_CLR": self._clear_alarm,
            "RTC_CNTL.OPTIONS0": self._reset_asked,
            "RTC_CNTL.WDTCONFIG0": self._watch,
        }
        self.on_read |= {at[name]: read for name, read in reads.items()}
        self.on_write |= {at[name]: write for name, write in writes.items()}

    def _nothing(self, value: int) -> None:
        """A write to a register that is only read, as a step that waits does."""

    def _load(self, address: int, size: int) -> int:
        self._check_access(address, size)
        return self.read(address)

    def _store(self, address: int, size: int, value: int) -> None:
        self._check_access(address, size)
        self.write(address, value)

    def _check_access(self, address: int, size: int) -> None:
        self.now += ACCESS_TICKS
        self._move_line()
        if size != 4:
            self.violations.append(f"{size} bytes at {address:#x}")
        if address not in ADDRESS.values():
            self.violations.append(f"{address:#x} is no register that the table knows")

    def _reset_asked(self, value: int) -> None:
        self.registers[ADDRESS["RTC_CNTL.OPTIONS0"]] = value & ~field("RTC_CNTL.OPTIONS0", "SW_SYS_RST")
        if value & field("RTC_CNTL.OPTIONS0", "SW_SYS_RST"):
            self._stop_for("SW_SYS_RST")

    def _watch(self, value: int) -> None:
        """The RTC watchdog is switched on or off: its time begins."""
        self.esp.lock_rtc(self, value)
        self._rtc_begun = self.now

    def _late(self) -> str:
        """Return the watchdog whose time is over; an empty text if there is none."""
        for name in self.esp.guards(self):
            if name == "RTC_CNTL":
                hold = self.registers[ADDRESS["RTC_CNTL.WDTCONFIG1"]]
                begun, seconds = self._rtc_begun, hold / RTC_HZ
            else:
                begun, seconds = self._begun, self.esp.watchdogs[name]
            if self.now - begun > seconds * XTAL_HZ:
                return f"watchdog {name}"
        return ""

    def _stop_for(self, reset: str) -> None:
        self._wanted = reset
        self._uc.emu_stop()

    # The line

    def _byte_ticks(self) -> int:
        divisor = self.registers[ADDRESS["UART0.CLKDIV"]] & field("UART0.CLKDIV", "CLKDIV")
        return 10 * max(divisor, 1) * XTAL_HZ // (self.esp.uart_hz or XTAL_HZ)

    def _divide(self, value: int) -> None:
        if self._sending:
            self.violations.append("the UART's rate changed while it sends")
        self.registers[ADDRESS["UART0.CLKDIV"]] = value

    def _move_line(self) -> None:
        while self._sending and self._sending[0] <= self.now:
            self._sending.popleft()
        while self.uart.coming and self._next_byte <= self.now:
            self._arrive(self.uart.coming.popleft())
            self._next_byte = max(self._next_byte, self.now - self._byte_ticks()) + self._byte_ticks()

    def _arrive(self, byte: int) -> None:
        if len(self._received) == FIFO_BYTES:
            self.violations.append("a byte is lost: the UART's buffer is full")
            return
        self._received.append(byte)
        name = "UART0.CONF1"
        if len(self._received) >= self.registers[ADDRESS[name]] & field(name, "RXFIFO_FULL_THRHD"):
            self._interrupt = True

    def _clear(self, value: int) -> None:
        if value & field("UART0.INT_CLR", "RXFIFO_FULL_INT_CLR"):
            self._interrupt = False
            if not self.esp.edges and self._received:
                self._interrupt = True

    def _fetch(self) -> int:
        self._check_line()
        if not self._received:
            self.violations.append("a byte is read from the UART's empty buffer")
            return 0
        return self._received.popleft()

    def _waiting_to_go(self) -> int:
        return max(0, len(self._sending) - 1)  # one is in the shift register

    def _send(self, value: int) -> None:
        self._check_line()
        if self._waiting_to_go() >= FIFO_BYTES:
            self.violations.append("a byte is written to the UART's full buffer")
            return
        last = self._sending[-1] if self._sending else self.now
        self._sending.append(max(last, self.now) + self._byte_ticks())
        self.uart.sent.append(value & 0xFF)

    def _check_line(self) -> None:
        baud = 10 * XTAL_HZ / self._byte_ticks()
        if not self.esp.uart_hz or abs(baud - self.uart.host_baud) > 0.025 * self.uart.host_baud:
            self.violations.append(f"{baud:.0f} baud beside {self.uart.host_baud}")
        if self.registers[ADDRESS["UART0.CONF0"]] & 0x3F != 3 << 2 | 1 << 4:
            self.violations.append("the UART is not of eight bits, no parity and one stop bit")
        receive, send = ADDRESS["IO_MUX.GPIO20"], ADDRESS["IO_MUX.GPIO21"]
        chosen = self.registers[receive] & 7 << 12 | self.registers[send] & 7 << 12
        if chosen or not self.registers[receive] & field("IO_MUX.GPIO20", "FUN_IE"):
            self.violations.append("the UART's pins are not its own")

    # Timer and interrupts

    def ticks(self) -> int:
        """Return the system timer's count."""
        return self.now * SYSTIMER_HZ // XTAL_HZ

    def _take_snapshot(self, value: int) -> None:
        if value & field("SYSTIMER.UNIT0_OP", "TIMER_UNIT0_UPDATE"):
            self._snapshot = self.ticks()

    def _load_alarm(self, value: int) -> None:
        high, low = (self.registers[ADDRESS[f"SYSTIMER.TARGET0_{half}"]] for half in ("HI", "LO"))
        self._alarm_at = high << 32 | low

    def _clear_alarm(self, value: int) -> None:
        self._alarm = False

    def _alarm_ticks(self) -> int | None:
        """Return when the alarm comes, in ticks of the system timer; None if it is off."""
        works = field("SYSTIMER.CONF", "TARGET0_WORK_EN") | field("SYSTIMER.CONF", "TIMER_UNIT0_WORK_EN")
        on = self.registers[ADDRESS["SYSTIMER.CONF"]] & works == works
        return self._alarm_at if on else None

    def pending(self) -> int | None:
        """Return the number of the core's interrupt that is pending and enabled; None if there is none."""
        self._move_line()
        at = self._alarm_ticks()
        if at is not None and self.ticks() >= at:
            self._alarm, self._alarm_at = True, None
        asks = {
            "UART_INTR_MAP": self._interrupt and self.registers[ADDRESS["UART0.INT_ENA"]] & 1,
            "SYSTIMER_TARGET0_INT_MAP": self._alarm and self.registers[ADDRESS["SYSTIMER.INT_ENA"]] & 1,
        }
        core = "INTERRUPT_CORE0."
        threshold = self.registers[ADDRESS[core + "CPU_INT_THRESH"]]
        for source, asked in asks.items():
            line = self.registers[ADDRESS[core + source]]
            if not asked or not line:
                continue
            priority = self.registers.get(ADDRESS[core + "CPU_INT_PRI_1"] + 4 * (line - 1), 0)
            enabled = self.registers[ADDRESS[core + "CPU_INT_ENABLE"]] >> line & 1
            if enabled and priority and priority >= threshold:
                if self.registers[ADDRESS[core + "CPU_INT_TYPE"]] >> line & 1:
                    self.violations.append(f"interrupt {line} waits for an edge, and its source has a level")
                return line
        return None

    # Start

    def _reset_now(self, why: str) -> None:
        """Reset the core and its units; the RTC's registers stay. Then the ROM starts."""
        if why != "POWERON":
            self.resets.append(why)
        options = "RTC_CNTL.OPTIONS0"
        kept = {address: value for address, value in self.registers.items() if address in RTC}
        self.registers.clear()
        self.esp.reset(self)
        if why == "SW_SYS_RST":
            # Its watchdogs are on again: the ROM guards each start from flash.
            kept.pop(ADDRESS["RTC_CNTL.WDTCONFIG0"], None)
            kept.pop(ADDRESS["RTC_CNTL.SWD_CONF"], None)
            self.registers |= kept
        self.registers[ADDRESS[options]] &= ~field(options, "SW_SYS_RST")
        self._received.clear()
        self._sending.clear()
        self._interrupt = self._alarm = False
        self._alarm_at = None
        self._wanted = self.stuck = ""
        self._begun = self._rtc_begun = self.now
        self.uart.coming.clear()
        # What the ROM leaves: its own interrupt, and words that the UART is still sending.
        self.registers[ADDRESS["UART0.CLKDIV"]] = XTAL_HZ // 115200
        self.registers[ADDRESS["INTERRUPT_CORE0.CPU_INT_ENABLE"]] = 1 << 5
        self.downloading = self.strap or bool(self.registers[ADDRESS["RTC_CNTL.OPTION1"]] & 1)
        if self.downloading:
            for name in ("RTC_CNTL.WDTCONFIG0", "TIMG0.WDTCONFIG0"):
                self.registers[ADDRESS[name]] &= ~field(name, "WDT_FLASHBOOT_MOD_EN")
            self.registers[ADDRESS["RTC_CNTL.SWD_CONF"]] |= 1 << 31
            self.rom.restart()
            return
        for byte in BANNER:
            last = self._sending[-1] if self._sending else self.now
            self._sending.append(last + self._byte_ticks())
            self.uart.sent.append(byte)
        while len(self._sending) > FIFO_BYTES:
            self.now = self._sending.popleft()
        try:
            self._pc = self._load_image()
        except BootError as error:
            self.stuck = str(error)
            self.uart.sent += b"invalid header: 0xffffffff\r\n"
            return
        self._uc.ctl_remove_cache(IRAM, IRAM + SRAM_BYTES)
        for register in (riscv.UC_RISCV_REG_MSTATUS, riscv.UC_RISCV_REG_MTVEC):
            self._uc.reg_write(register, 0)
        self._uc.reg_write(riscv.UC_RISCV_REG_SP, 0x3FCDE000)

    def _load_image(self) -> int:
        """Load the image's segments, as the ROM does; return its entry."""
        magic, segments, _, _, entry = struct.unpack_from("<BBBBI", self.flash)
        chip_id, appended = struct.unpack_from("<H", self.flash, 12)[0], self.flash[23]
        if magic != 0xE9 or chip_id != 5 or not 1 <= segments <= 16:
            raise BootError("no image of this chip")
        for hook in self._code_hooks:
            self._uc.hook_del(hook)
        self._code_hooks.clear()
        at, total, loaded = 24, 0xEF, []
        for _ in range(segments):
            address, size = struct.unpack_from("<II", self.flash, at)
            data = bytes(self.flash[at + 8 : at + 8 + size])
            if size % 4 or address % 4:
                raise BootError(f"a segment of {size} bytes at {address:#x} is not one of words")
            total = reduce(xor, data, total)
            loaded.append((self._place(address, size), data))
            at += 8 + size
        at += 15 - at % 16
        if self.flash[at] != total:
            raise BootError("the checksum is wrong")
        if appended and hashlib.sha256(self.flash[: at + 1]).digest() != self.flash[at + 1 : at + 33]:
            raise BootError("the SHA-256 is wrong")
        if not IRAM <= entry < IRAM + SRAM_BYTES:
            raise BootError(f"the entry {entry:#x} is not in IRAM")
        for offset, data in loaded:
            ctypes.memmove(ctypes.addressof(self._memory) + offset, data, len(data))
            self._watch_code(offset, data)
        return int(entry)

    def _place(self, address: int, size: int) -> int:
        """Return where a segment is in SRAM."""
        for bus in (DRAM, IRAM):
            if bus <= address and address + size <= bus + SRAM_BYTES:
                if address - bus + DRAM + size > ROM_STACK:
                    raise BootError("a segment overwrites the ROM's stack")
                return address - bus
        raise BootError(f"a segment at {address:#x} is not in SRAM")

    def _watch_code(self, offset: int, data: bytes) -> None:
        """Stop at each instruction that waits, and look at each that uses a control register.

        Data may look like one; it is never reached.
        """
        for at in range(0, len(data) - 3, 2):
            if data[at] & 0x7F != 0x73:
                continue
            word = int.from_bytes(data[at : at + 4], "little")
            callback = None
            if word == WFI:
                callback = self._sleeps
            elif word >> 12 & 3 and word >> 20 not in CSRS:
                callback = self._unknown_csr
            if callback is not None:
                place = IRAM + offset + at
                self._code_hooks.append(
                    self._uc.hook_add(unicorn.UC_HOOK_CODE, callback, begin=place, end=place)
                )

    # The core

    def _sleeps(self, uc: unicorn.Uc, address: int, size: int, data: object) -> None:
        self._wanted = self._wanted or "sleep"
        uc.emu_stop()

    def _unknown_csr(self, uc: unicorn.Uc, address: int, size: int, data: object) -> None:
        self.violations.append(f"a control register that the core lacks is used at {address:#x}")
        self._cause = ILLEGAL
        uc.emu_stop()

    def _code_read(
        self, uc: unicorn.Uc, access: int, address: int, size: int, value: int, data: object
    ) -> None:
        """A load from the bus for instructions: Unicorn allows it wherever code may be fetched."""
        self._cause = LOAD_FAULT
        uc.emu_stop()

    def _trapped(self, uc: unicorn.Uc, number: int, data: object) -> None:
        """An exception that Unicorn reports, such as an illegal instruction."""
        self._cause = number & 0xF
        uc.emu_stop()

    def _trap(self, cause: int, pc: int) -> None:
        """Enter the trap, as the core does: its table has an entry of four bytes for each interrupt."""
        uc = self._uc
        vector = uc.reg_read(riscv.UC_RISCV_REG_MTVEC)
        if vector & 3 != 1 or vector & 0xFC:
            self.violations.append(f"mtvec is {vector:#x}: the core knows only tables on multiples of 256")
        status = uc.reg_read(riscv.UC_RISCV_REG_MSTATUS)
        before = MSTATUS_MPIE if status & MSTATUS_MIE else 0
        uc.reg_write(
            riscv.UC_RISCV_REG_MSTATUS, status & ~(MSTATUS_MIE | MSTATUS_MPIE) | before | MSTATUS_MPP
        )
        uc.reg_write(riscv.UC_RISCV_REG_MEPC, pc)
        uc.reg_write(riscv.UC_RISCV_REG_MCAUSE, cause)
        self._pc = (vector & ~0xFF) + (4 * (cause & 31) if cause >> 31 else 0)

    def run(self, until: object, ticks: int) -> None:
        """Run until ``until()`` is true, or ``ticks`` of the counter have passed."""
        assert callable(until)
        end = self.now + ticks * XTAL_HZ // SYSTIMER_HZ
        while not until() and self.now < end:
            self._wanted = self._late() or self._wanted
            if self._wanted and self._wanted != "sleep":
                self._reset_now(self._wanted)
                continue
            if self.downloading:
                self._serve(end)
            elif self.stuck:
                self.now = min(end, self.now + XTAL_HZ // 100)
            else:
                self._run_slice()

    def _serve(self, end: int) -> None:
        """Let the ROM answer what has come; with nothing to do, its time passes."""
        if not self.uart.coming:
            self.now = min(end, self.now + XTAL_HZ // 100)
            return
        data = bytes(self.uart.coming)
        self.uart.coming.clear()
        self.uart.sent += self.rom.answer(data)

    def _run_slice(self) -> None:
        uc = self._uc
        try:
            uc.emu_start(self._pc, 0, count=SLICE)
        except unicorn.UcError as error:
            self._cause = {
                unicorn.UC_ERR_READ_UNMAPPED: LOAD_FAULT,
                unicorn.UC_ERR_READ_PROT: LOAD_FAULT,
                unicorn.UC_ERR_WRITE_UNMAPPED: STORE_FAULT,
                unicorn.UC_ERR_WRITE_PROT: STORE_FAULT,
                unicorn.UC_ERR_FETCH_UNMAPPED: FETCH_FAULT,
                unicorn.UC_ERR_FETCH_PROT: FETCH_FAULT,
            }.get(error.errno, ILLEGAL)
        self.now += SLICE // 2
        self._pc = uc.reg_read(riscv.UC_RISCV_REG_PC)
        if self._cause is not None:
            cause, self._cause = self._cause, None
            self.faults.append((cause, self._pc))
            self._trap(cause, self._pc)
            return
        masked = not uc.reg_read(riscv.UC_RISCV_REG_MSTATUS) & MSTATUS_MIE
        line = self.pending()
        if self._wanted == "sleep":
            self._wanted = ""
            self._pc += 4
            if masked:
                self.violations.append("the core sleeps with masked interrupts")
            if line is None:
                self._skip()
                line = self.pending()
        if line is not None and not masked:
            self._trap(1 << 31 | line, self._pc)

    def _skip(self) -> None:
        """Go on to what ends the core's sleep."""
        moments = []
        at = self._alarm_ticks()
        if at is not None:
            moments.append(at * XTAL_HZ // SYSTIMER_HZ + XTAL_HZ // SYSTIMER_HZ + 1)
        if self.uart.coming:
            moments.append(max(self._next_byte, self.now))
        if not moments:
            self.violations.append("the core sleeps, and nothing can end it")
        self.now = max(self.now, min(moments, default=self.now + XTAL_HZ))
