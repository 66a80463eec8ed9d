"""The simulated chip of each real board, and a host's connection to its bootloader."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, cast

from sensor_bnn.flashing.session import Session
from sensor_bnn.wire.an3155 import An3155
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort

from .chip import Bus, Chip, ChipPort
from .esp32c3 import Esp32c3
from .nrf52 import Nrf52
from .rp2040 import Rp2040
from .rp2350 import Rp2350
from .stm32 import F1, F4, H7, MHZ, N6, U5, Stm32
from .stm32_pages import G0B, L4R

KB = 1 << 10
SECTORS = (*[16 * KB] * 4, 64 * KB, *[128 * KB] * 7)
FAMILIES: dict[str, Callable[[], Any]] = {
    "feather-nrf52840": lambda: Nrf52(has_factorys_bootloader=True),
    "nrf52840-dk": Nrf52,
    "nucleo-f103rb": lambda: F1(8 * MHZ),
    "nucleo-f446re": lambda: F4(8 * MHZ, 180 * MHZ, 168 * MHZ, SECTORS[:8]),
    "nucleo-f767zi": lambda: F4(8 * MHZ, 216 * MHZ, 180 * MHZ, tuple(2 * size for size in SECTORS), usart=2),
    "nucleo-g0b1re": G0B,
    "nucleo-h743zi2": lambda: H7(8 * MHZ),
    "nucleo-l4r5zi": L4R,
    "nucleo-u575zi-q": U5,
    "pico": Rp2040,
    "stm32f4discovery": lambda: F4(8 * MHZ, 168 * MHZ, 168 * MHZ, SECTORS, prefetch=False),
}
"""The simulation of the chip of each real board that writes its flash, and the clock of its board."""
SETTLED: dict[str, Callable[[], Any]] = {
    **FAMILIES,
    "esp32-c3-devkitm-1": Esp32c3,
    "nucleo-n657x0-q": N6,
    "pico2": Rp2350,
}
"""These and the other boards whose set-up is tested."""
FROM_ROM: dict[str, Callable[[], Stm32]] = {
    name: family for name, family in FAMILIES.items() if name.startswith(("nucleo-", "stm32"))
}
"""The STM32 whose bootloader in ROM may start ours; the set-up of an STM32N6 always begins after its ROM."""
RECORD = struct.Struct("<IIIIBBB9x")
"""A record of the journal, without its CRC-32."""


def counter_hz(family: Any) -> int:
    """Return the rate of the board's counter: the core's clock, or that of a timer of its own."""
    return int(getattr(family, "counter_hz", family.core_hz))


def quiet(stage: str, done: int, total: int) -> None:
    """Show no progress."""


def talk(bus: Bus) -> None:
    """Send a byte, as the driver of an STM32's UART does."""
    uart = bus.board.uart
    bus.uart.host_baud = uart.baud
    first = bus.family.usart == 1
    control, rate, data, enable = (0x0C, 8, 4, 1 << 13) if first else (0, 0x0C, 0x28, 1)
    for at in (0x10, 0x14) if first else (0, 4, 8):
        bus.write(uart.base + at, 0)
    per_clock = 256 if uart.driver == "stm32lp" else 1
    bus.write(uart.base + rate, round(uart.clock_hz / uart.baud) * per_clock)
    bus.write(uart.base + control, 1 << 12 | 1 << 10 | 1 << 3 | 1 << 2 | enable)
    bus.write(uart.base + data, 0x55)


def connect(chip: Chip) -> Session:
    """Call the bootloader of a chip, as the flasher does."""
    port = cast(SerialPort, ChipPort(chip))
    bootloader = An3155(port)
    assert bootloader.sync(60.0), chip.violations
    capabilities = bootloader.get()
    bootloader.hasty = bootloader.long_writes = True
    commands = frozenset(capabilities.commands)
    return Session(port, bootloader, Client(port), capabilities.version, commands, port.baud)
