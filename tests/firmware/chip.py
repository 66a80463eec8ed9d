"""A simulated chip for a board's real programs: the core in Unicorn, registers from the reference manual.

It shares no code with the firmware. ``violations`` collects what the manual forbids: a peripheral without its
clock, a system clock that its voltage or the flash's wait states do not allow, flash written without its keys
or twice. Time is counted in instructions and in reads of the timer; nothing waits in real time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import unicorn
from elftools.elf.elffile import ELFFile
from unicorn import arm_const as arm

from sensor_bnn.hardware.boards import Board

SLICE = 20_000  # instructions between checks for interrupts
RETURN = 0x3FFF_0000  # a handler's return address, on a page of its own
NMI = 2
WFI = b"\x30\xbf"
DSB = b"\xbf\xf3\x4f\x8f"
CPUS = {
    "cortex-m0plus": arm.UC_CPU_ARM_CORTEX_M0,
    "cortex-m3": arm.UC_CPU_ARM_CORTEX_M3,
    "cortex-m4": arm.UC_CPU_ARM_CORTEX_M4,
    "cortex-m7": arm.UC_CPU_ARM_CORTEX_M7,
    "cortex-m33": arm.UC_CPU_ARM_CORTEX_M33,
}
SYST_CSR, SYST_RVR, SYST_CVR, ICSR, VTOR, AIRCR = (
    0xE000E010,
    0xE000E014,
    0xE000E018,
    0xE000ED04,
    0xE000ED08,
    0xE000ED0C,
)
DEMCR, DWT_CTRL, DWT_CYCCNT, DWT_LAR = 0xE000EDFC, 0xE000_1000, 0xE000_1004, 0xE000_1FB0
DWT_KEY = 0xC5ACCE55
CCR, CLIDR, CCSIDR, ICIALLU, DCISW = 0xE000ED14, 0xE000ED78, 0xE000ED80, 0xE000EF50, 0xE000EF60
DCIMVAC, DCCISW = 0xE000EF5C, 0xE000EF74
LINE = 32  # bytes per line of the data cache


class FaultError(Exception):
    """The core has faulted."""


@dataclass
class Uart:
    """The line: bytes on their way to the chip, and bytes that it has sent."""

    coming: deque[int] = field(default_factory=deque)
    sent: bytearray = field(default_factory=bytearray)
    host_baud: int = 0
    overrun: bool = False


class Bus:
    """A chip's registers, which ``family.attach`` adds, and its serial line."""

    def __init__(self, board: Board, family: Any) -> None:
        self.board = board
        self.family = family
        self.violations: list[str] = []
        self.waited_for: list[int] = []  # registers whose bits did not become what the set-up waits for
        self.may_fall_back = False  # whether the set-up's fallback is no violation
        self.registers: dict[int, int] = {}
        self.on_read: dict[int, Callable[[], int]] = {}
        self.on_write: dict[int, Callable[[int], None]] = {}
        self.gates: list[tuple[int, int, int, int]] = []  # a peripheral's range, its clock's register and bit
        self.holds: list[tuple[int, int, int, int]] = []  # the same for a bit that holds it in reset
        self.uart = Uart()
        family.attach(self)
        family.reset(self)

    def look(self, address: int) -> None:
        """Check an access: a peripheral without its clock is a violation."""
        for start, end, register, bit in self.gates:
            if start <= address < end and not self.registers.get(register, 0) & bit:
                self.violations.append(f"{address:#x} without its clock, {bit:#x} of {register:#x}")
        for start, end, register, bit in self.holds:
            if start <= address < end and self.registers.get(register, 0) & bit:
                self.violations.append(f"{address:#x} held in reset, {bit:#x} of {register:#x}")

    def read(self, address: int) -> int:
        """Return the register's value."""
        self.look(address)
        return self.on_read.get(address, lambda: self.registers.get(address, 0))()

    def write(self, address: int, value: int) -> None:
        """Write the register."""
        self.look(address)
        handler = self.on_write.get(address)
        if handler is not None:
            handler(value)
        else:
            self.registers[address] = value

    def set_up(self) -> None:
        """Do the board's set-up like start-up; a wait that would not end is a violation."""
        steps, fallback = list(self.board.setup), list(self.board.fallback)
        while steps:
            step = steps.pop(0)
            self.write(step.register, self.read(step.register) & ~step.clear | step.set)
            if self.read(step.register) & step.wait == step.until:
                continue
            self.waited_for.append(step.register)
            if not self.may_fall_back or not fallback:
                self.violations.append(
                    f"{step.register:#x} is waited for, and holds {self.read(step.register):#x}"
                )
            else:
                steps, fallback = fallback + steps, []


class Chip(Bus):
    """One chip with a program in its flash.

    Args:
        board: memories, UART and target.
        elf: the initial content of the flash.
        family: simulates the registers that the chip adds; ``family.attach(chip)`` is called once. If it has
            a ``kind``, a class derived from this one, the chip is of that class.
    """

    def __new__(cls, board: Board, elf: Path, family: Any) -> Chip:
        """Return a chip of the family's kind."""
        return super().__new__(getattr(family, "kind", cls))

    def __init__(self, board: Board, elf: Path, family: Any) -> None:
        super().__init__(board, family)
        self.now = 0  # in ticks of the core's clock
        self.resets = 0
        self.caches_left_on = False  # whether a program in ROM leaves both caches on
        self.dwt_stays_locked = False  # whether the key that unlocks the DWT has no effect
        self.enabled: set[int] = set()
        self.flash_stores: list[tuple[int, int, int, bytes]] = []
        self.invalidated: set[int] = set()
        self.cleaned: set[int] = set()
        self.torn: set[int] = set()  # addresses of half-written words of flash with error codes
        self._torn_hook: int | None = None
        self._nmi = False  # a torn word was read that is reported by an NMI
        self.cached: set[int] = set()  # lines of the journal in the data cache
        self.stale: set[int] = set()  # those of them whose flash has changed since
        self._faulted = False
        self._caches()
        self._timer()
        self._cycles()
        for at in range(8):
            self.on_write[0xE000E100 + 4 * at] = lambda value, at=at: self._enable(at, value)  # type: ignore[misc]
            self.on_write[0xE000E180 + 4 * at] = lambda value, at=at: self._disable(at, value)  # type: ignore[misc]
        self.on_write[AIRCR] = self._reset_asked
        self._uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        self._uc.ctl_set_cpu_model(CPUS[board.target])
        self._map()
        self._load(elf)
        self.reset()

    # Memory

    def _map(self) -> None:
        def whole(size: int) -> int:
            return -(-size // 0x1000) * 0x1000

        board, uc = self.board, self._uc
        uc.mem_map(RETURN, 0x1000)
        uc.mem_map(board.flash.origin, whole(board.flash.size))
        uc.mem_write(board.flash.origin, b"\xff" * board.flash.size)
        for region in (board.ram, board.large):
            if region is not None:
                uc.mem_map(region.origin, whole(region.size))
        for origin, size in ((0x4000_0000, 0x2000_0000), (0xE000_0000, 0x10_0000)):
            uc.mmio_map(
                *(origin, size),
                *(lambda uc, offset, size, base: self._read(base + offset, size), origin),
                *(lambda uc, offset, size, value, base: self._write(base + offset, size, value), origin),
            )
        uc.hook_add(
            unicorn.UC_HOOK_MEM_WRITE, self._stored, begin=board.flash.origin, end=board.flash.end - 1
        )
        if board.journal.size:
            begin, end = board.journal.origin, board.journal.end - 1
            uc.hook_add(unicorn.UC_HOOK_MEM_READ, self._journal_read, begin=begin, end=end)

    def _load(self, elf: Path) -> None:
        with elf.open("rb") as stream:
            file = ELFFile(stream)
            for segment in file.iter_segments("PT_LOAD"):
                if segment["p_filesz"]:
                    self._uc.mem_write(segment["p_paddr"], segment.data())
        self.stop_at_sleeps(self.board.flash.origin, self.board.bootloader.size)

    def stop_at_sleeps(self, start: int, size: int) -> None:
        """Stop at each WFI of the program at this place, after a DSB as in cpu_sleep; note all its DSBs."""
        self._watch_barriers(start, size)
        code = self.flash(start, size)
        at = code.find(DSB + WFI)
        while at >= 0:
            self._uc.hook_add(
                unicorn.UC_HOOK_CODE,
                lambda uc, address, size, data: uc.emu_stop(),
                begin=start + at + 4,
                end=start + at + 5,
            )
            at = code.find(DSB + WFI, at + 1)

    def _watch_barriers(self, start: int, size: int) -> None:
        """Tell the family of each DSB of the program at this place."""
        code = self.flash(start, size)
        at = code.find(DSB)
        while at >= 0:
            self._uc.hook_add(
                unicorn.UC_HOOK_CODE,
                lambda uc, address, size, data: setattr(self.family, "needs_barrier", False),
                begin=start + at,
                end=start + at + 1,
            )
            at = code.find(DSB, at + 1)

    def flash(self, address: int, count: int) -> bytes:
        """Return the flash's content."""
        return bytes(self._uc.mem_read(address, count))

    def set_flash(self, address: int, data: bytes) -> None:
        """Write flash, as its controller does."""
        if self.torn:
            self.torn -= set(range(address, address + len(data), self.family.word_bytes))
            self._watch_torn()
        self.stale |= self.cached & set(range(address // LINE, -(-(address + len(data)) // LINE)))
        self._uc.mem_write(address, data)

    def _stored(self, uc: Any, access: int, address: int, size: int, value: int, data: Any) -> None:
        """Note a store to flash; at the next register access the controller decides what it changes."""
        self.flash_stores.append((address, size, value & (1 << 8 * size) - 1, self.flash(address, size)))

    def tear(self, address: int, size: int) -> None:
        """Simulate a power cut during a write or an erase: the error codes of these words are wrong.

        A read of them faults until they are erased or written.
        """
        assert self.family.error_codes and address % self.family.word_bytes == 0
        self.torn |= set(range(address, address + size, self.family.word_bytes))
        self._watch_torn()

    def _watch_torn(self) -> None:
        """Look at every read of the flash while there are such words: a hook makes all reads slow."""
        if bool(self.torn) is (self._torn_hook is not None):
            return
        if self._torn_hook is not None:
            self._uc.hook_del(self._torn_hook)
            self._torn_hook = None
        else:
            # Not the bootloader's own constants, which it reads all the time.
            begin, end = self.board.slot.origin, self.board.slot.end - 1
            self._torn_hook = self._uc.hook_add(
                unicorn.UC_HOOK_MEM_READ, self._torn_read, begin=begin, end=end
            )

    def _journal_read(self, uc: Any, access: int, address: int, size: int, value: int, data: Any) -> None:
        if self.registers.get(CCR, 0) & 1 << 16:
            line = address // LINE
            if line in self.stale:
                self.violations.append(f"{address:#x} read from a cache that holds old contents")
            self.cached.add(line)

    def _torn_read(self, uc: Any, access: int, address: int, size: int, value: int, data: Any) -> None:
        if address - address % self.family.word_bytes not in self.torn:
            return
        self.family.read_torn(address)
        baseline = self.board.target == "cortex-m0plus"  # it has no such mask
        if baseline or (uc.reg_read(arm.UC_ARM_REG_FAULTMASK) & 1 and self.registers.get(CCR, 0) & 1 << 8):
            # Such a bus fault is ignored. An NMI is taken, here only at the end of the slice, if its cause is
            # still there.
            self._nmi = self.family.torn_vector == NMI
            return
        self._faulted = True
        uc.emu_stop()

    def _settle(self) -> None:
        # Unicorn has stored the values as in RAM: put the old contents back first.
        stores, self.flash_stores = self.flash_stores, []
        for address, _, _, before in stores:
            self.set_flash(address, before)
        for address, size, value, _ in stores:
            self.family.program(self, address, size, value)

    def _read(self, address: int, size: int) -> int:
        self._settle()
        if size != 4:
            self.violations.append(f"{size} bytes read at {address:#x}")
        return self.read(address)

    def _write(self, address: int, size: int, value: int) -> None:
        self._settle()
        if size != 4:
            self.violations.append(f"{size} bytes written at {address:#x}")
        self.write(address, value)

    # The core

    def _caches(self) -> None:
        """The caches of the Cortex-M7: 4 KB each for instructions and data, in four ways of 32-byte lines."""
        has = self.board.target in ("cortex-m7",)
        self.registers[CLIDR] = 3 if has else 0
        # 32 sets and 4 ways, each less one, and lines of 2^(1 + 2) words.
        self.registers[CCSIDR] = 31 << 13 | 3 << 3 | 1

        def is_on() -> bool:
            return bool(self.registers.get(CCR, 0) & 1 << 16)

        def control(value: int) -> None:
            if value & 1 << 16 and not is_on() and len(self.invalidated) != 4 * 32:
                self.violations.append(f"data cache on, {len(self.invalidated)} of 128 lines invalidated")
            if not value & 1 << 16 and is_on() and len(self.cleaned) != 4 * 32:
                self.violations.append(f"data cache off, {len(self.cleaned)} of 128 lines cleaned")
            self.registers[CCR] = value

        def invalidate(line: int) -> None:
            if is_on():
                self.violations.append("the data cache is emptied while it is on: what it holds is lost")
            self.invalidated.add(line)

        def forget(address: int) -> None:
            self.cached.discard(address // LINE)
            self.stale.discard(address // LINE)

        def jump(vectors: int) -> None:
            slot = self.board.slot
            if slot.origin <= vectors < slot.end and self.registers.get(CCR, 0) & 3 << 16:
                self.violations.append("the application starts with caches on that were not written back")
            self.registers[VTOR] = vectors

        self.on_write[VTOR] = jump
        self.on_write[CCR] = control
        self.on_write[DCISW] = invalidate
        self.on_write[DCCISW] = self.cleaned.add
        self.on_write[DCIMVAC] = forget

    def _cycles(self) -> None:
        """The DWT's cycle counter; on a Cortex-M7, after a reset, only its lock's key lets it be changed."""
        locks = self.board.target == "cortex-m7"
        self.dwt_is_locked = locks
        began = 0

        def unlock(value: int) -> None:
            if value == DWT_KEY and not self.dwt_stays_locked:
                self.dwt_is_locked = False

        def counts() -> bool:
            return bool(self.registers.get(DEMCR, 0) & 1 << 24 and self.registers.get(DWT_CTRL, 0) & 1)

        def change(register: int, value: int) -> None:
            nonlocal began
            if self.dwt_is_locked:
                self.violations.append(f"{register:#x} of the DWT written while it is locked")
                return
            self.registers[register] = value
            began = self.now

        def cycles() -> int:
            self.now += 1  # a read takes time
            return self.now - began if counts() else 0

        self.on_write[DWT_LAR] = unlock
        self.on_write[DWT_CTRL] = lambda value: change(DWT_CTRL, value)
        self.on_write[DWT_CYCCNT] = lambda value: change(DWT_CYCCNT, value)
        self.on_read[DWT_CYCCNT] = cycles

    def _timer(self) -> None:
        self._wrapped_at = 0

        def value() -> int:
            # A read takes time, or a loop that only waits for the timer would not end.
            self.now += 40
            period = self.registers.get(SYST_RVR, 0) + 1
            return period - 1 - (self.now - self._wrapped_at) % period

        def clear(_: int) -> None:
            self._wrapped_at = self.now

        def control(value: int) -> None:
            if value & 1 << 25 and self._pending():
                self._wrapped_at = self.now

        self.on_read[SYST_CVR] = value
        self.on_write[SYST_CVR] = clear
        self.on_read[ICSR] = lambda: self._pending() << 26
        self.on_write[ICSR] = control

    def _pending(self) -> int:
        period = self.registers.get(SYST_RVR, 0) + 1
        return int(bool(self.registers.get(SYST_CSR, 0) & 1) and self.now - self._wrapped_at >= period)

    def _enable(self, at: int, value: int) -> None:
        self.enabled |= {32 * at + bit for bit in range(32) if value >> bit & 1}

    def _disable(self, at: int, value: int) -> None:
        self.enabled -= {32 * at + bit for bit in range(32) if value >> bit & 1}

    def _reset_asked(self, value: int) -> None:
        if value & 4:
            self.ask_reset()

    def ask_reset(self) -> None:
        """Reset the chip before its next instruction."""
        self.resets += 1
        self._uc.emu_stop()

    def reset(self) -> None:
        """Reset the chip: registers as after power-on, RAM kept."""
        self.enabled.clear()
        self.invalidated.clear()
        self.cleaned.clear()
        self.cached.clear()
        self.stale.clear()
        self.dwt_is_locked = self.board.target == "cortex-m7"
        # These two describe the core, and no reset changes them.
        keep = {CLIDR: self.registers[CLIDR], CCSIDR: self.registers[CCSIDR]}
        self.registers.clear()
        self.registers.update(keep)
        self.family.reset(self)
        self._seen_resets = self.resets
        stack, entry = (self._word(self.board.flash.origin + at) for at in (0, 4))
        self.registers[VTOR] = self.board.flash.origin
        if self.caches_left_on:
            self.registers[CCR] = 3 << 16
        uc = self._uc
        uc.reg_write(arm.UC_ARM_REG_CONTROL, 0)
        uc.reg_write(arm.UC_ARM_REG_PRIMASK, 0)
        uc.reg_write(arm.UC_ARM_REG_FAULTMASK, 0)
        self._faulted = self._nmi = False
        uc.reg_write(arm.UC_ARM_REG_MSP, stack)
        uc.reg_write(arm.UC_ARM_REG_SP, stack)
        self._pc = entry

    def _word(self, address: int) -> int:
        return int.from_bytes(self._uc.mem_read(address, 4), "little")

    def run(self, until: Callable[[], bool], ticks: int) -> None:
        """Run until ``until()`` is true, or ``ticks`` have passed."""
        end = self.now + ticks
        while not until() and self.now < end:
            self._go(self._pc, SLICE)
            if self._faulted:  # its handler never returns
                self._faulted = False
                self._go(self._word(self.registers[VTOR] + 4 * self.family.torn_vector), SLICE)
            if self.resets != self._seen_resets:
                self.reset()
                continue
            here = self._uc.reg_read(arm.UC_ARM_REG_PC)
            asleep = bytes(self._uc.mem_read(here, 2)) == WFI
            if asleep:
                here += 2
                if not self._uart_wants() and not self._pending():
                    # Nothing else can wake the core, so the time until the timer's interrupt is skipped.
                    self.now = self._wrapped_at + self.registers.get(SYST_RVR, 0) + 1
            self._pc = here | 1
            for _ in range(8 if asleep else 0):  # a sleeping core takes pending interrupts
                if self._masked():
                    self._go(self._pc, 1)
                    self._pc = self._uc.reg_read(arm.UC_ARM_REG_PC) | 1
            if self._nmi and self.family.torn_flag:
                self._handle(NMI)
            self._nmi = False
            self._interrupts()

    def _go(self, start: int, count: int) -> None:
        try:
            self._uc.emu_start(start | 1, RETURN, count=count)
        except unicorn.UcError as error:
            here = self._uc.reg_read(arm.UC_ARM_REG_PC)
            raise FaultError(f"{error} at {here:#010x}") from None
        self.now += count // 2

    def _interrupts(self) -> None:
        for _ in range(64):
            if self._masked():
                return
            if self._pending():
                period = self.registers.get(SYST_RVR, 0) + 1
                self._wrapped_at += (self.now - self._wrapped_at) // period * period
                self._handle(15)
            elif self._uart_wants() and self.board.uart.irq in self.enabled:
                self._handle(16 + self.board.uart.irq)
            else:
                return
        if self._uart_wants() and self.uart.overrun:
            self.violations.append("an overrun that no handler clears")
            self.uart.overrun = False

    def _masked(self) -> bool:
        masks = (arm.UC_ARM_REG_PRIMASK, arm.UC_ARM_REG_FAULTMASK)
        return any(self._uc.reg_read(mask) & 1 for mask in masks)

    def _uart_wants(self) -> bool:
        return bool(self.family.uart_wants(self))

    def _handle(self, vector: int) -> None:
        """Call a handler as the core does: registers that a C function may change are restored afterwards."""
        names = ("R0", "R1", "R2", "R3", "R12", "LR", "XPSR", "SP")
        registers = [getattr(arm, f"UC_ARM_REG_{name}") for name in names]
        before = [self._uc.reg_read(register) for register in registers]
        self._uc.reg_write(arm.UC_ARM_REG_LR, RETURN | 1)
        # The core pushes eight words.
        self._uc.reg_write(arm.UC_ARM_REG_SP, before[-1] - 32)
        handler = self._word(self.registers[VTOR] + 4 * vector)
        pc = self._pc
        for _ in range(50):
            self._go(handler, SLICE)
            handler = self._uc.reg_read(arm.UC_ARM_REG_PC) | 1
            if handler == RETURN | 1 or self.resets != self._seen_resets:
                break
        for register, value in zip(registers, before, strict=True):
            self._uc.reg_write(register, value)
        self._pc = pc


class ChipPort:
    """The chip's serial port, with the interface of ``sensor_bnn.wire.port.SerialPort``."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        self.path = chip.board.name
        self.set_baud(chip.board.uart.baud)

    @property
    def baud(self) -> int:
        """The host's rate."""
        return self.chip.uart.host_baud

    def patient(self, seconds: float) -> float:
        """How long to wait: the chip's time does not depend on this machine."""
        return seconds

    def set_baud(self, baud: int) -> bool:
        """Change the host's rate."""
        self.chip.uart.host_baud = baud
        return True

    def write(self, data: bytes) -> None:
        """Put bytes on their way to the chip."""
        self.chip.uart.coming.extend(data)

    def read(self, count: int, timeout: float) -> bytes:
        """Run the chip until ``count`` bytes have arrived, or ``timeout`` seconds of its time have passed."""
        uart = self.chip.uart
        ticks = int(timeout * self.chip.board.counter.clock_hz) + 1
        self.chip.run(lambda: len(uart.sent) >= count, ticks)
        data = bytes(uart.sent[:count])
        del uart.sent[:count]
        return data

    def read_some(self, timeout: float) -> bytes:
        """Return all bytes that arrive."""
        first = self.read(1, timeout)
        return first + self.read(len(self.chip.uart.sent), 0.0) if first else b""

    def drain(self, quiet: float = 0.0, limit: float = 2.0) -> bytes:
        """Discard all bytes that have arrived."""
        data = b""
        while more := self.read_some(quiet):
            data += more
        return data
