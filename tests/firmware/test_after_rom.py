"""Start-up after a bootloader in ROM, which leaves the core on a PLL whose factors are its own.

AN2606 says that the ROM of each STM32 but the H7 (whose page we could not read) runs from the PLL, and not
that its command Go ends that. It may also leave interrupts enabled and masked, and the UART otherwise set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from unicorn import arm_const as arm

from sensor_bnn.firmware.build import BuildResult
from sensor_bnn.hardware.boards import Setup, load_board

from .chip import SYST_CSR, SYST_RVR, Bus, Chip
from .chips import FROM_ROM, connect, talk


def started(name: str, setup: tuple[Setup, ...], times: int) -> Bus:
    """The registers after set-ups that begin as the ROM leaves the chip."""
    bus = Bus(replace(load_board(name), setup=setup), FROM_ROM[name]())
    bus.family.leave_as_rom(bus)
    for _ in range(times):
        bus.set_up()
    talk(bus)
    return bus


def is_right(bus: Bus) -> bool:
    clocks = bus.family.core_hz, bus.family.uart_hz
    return bus.violations == [] and clocks == (bus.board.counter.clock_hz, bus.board.uart.clock_hz)


@pytest.mark.parametrize("name", FROM_ROM)
def test_the_clocks_are_reached_from_those_of_the_rom(name: str) -> None:
    """Once by the bootloader, and again by the application that it starts."""
    for times in (1, 2):
        bus = started(name, load_board(name).setup, times)
        assert bus.violations == []
        assert is_right(bus)


@pytest.mark.parametrize("name", FROM_ROM)
def test_without_the_boards_own_clock_they_are_reached_too(name: str) -> None:
    board, family = load_board(name), FROM_ROM[name]()
    family.has_hse = False
    bus = Bus(board, family)
    bus.may_fall_back = True
    family.leave_as_rom(bus)
    bus.set_up()
    talk(bus)
    assert bus.violations == []


@pytest.mark.parametrize("name", FROM_ROM)
def test_each_step_that_changes_something_is_required(name: str) -> None:
    """After a reset or after the ROM, by the bootloader or by the application.

    Not required by the simulation are the HSI, which is on in both, and the cache of instructions.
    """
    board = load_board(name)
    for number, step in enumerate(board.setup):
        rest = board.setup[:number] + board.setup[number + 1 :]
        if not step.set | step.clear or step.register == 0x40030400:
            continue
        bus = Bus(replace(board, setup=rest), FROM_ROM[name]())
        bus.set_up()
        talk(bus)
        found = [bus, *(started(name, rest, times) for times in (1, 2))]
        ready = FROM_ROM[name]().hsi_ready
        if not (number == 0 and step.wait in (ready, 1 << 10)):
            assert not all(is_right(bus) for bus in found), f"{number}: {step}"


@pytest.mark.parametrize("name", FROM_ROM)
def test_our_bootloader_answers_after_the_rom(name: str, built_for: Callable[[str], BuildResult]) -> None:
    """Its own program, with interrupts masked, another unit's interrupt enabled, and a timer that runs."""
    board = load_board(name)
    chip = Chip(board, built_for(name).bootloader_elf, FROM_ROM[name]())
    chip.family.leave_as_rom(chip)
    foreign = board.uart.irq + 1
    chip.enabled.add(foreign)
    chip.registers |= {SYST_RVR: 8_000, SYST_CSR: 7}
    chip._uc.reg_write(arm.UC_ARM_REG_PRIMASK, 1)
    session = connect(chip)
    assert session.bootloader.get_id() == board.bootloader.chip_id
    assert chip.violations == []
    assert foreign not in chip.enabled
    clocks = chip.family.core_hz, chip.family.uart_hz
    assert clocks == (board.counter.clock_hz, board.uart.clock_hz)
