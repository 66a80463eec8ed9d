"""Drivers of hardware that never becomes ready, on this machine: every wait ends."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sensor_bnn.resources import resource

STUCK = Path(__file__).parent / "host" / "stuck"
HAL = resource("firmware") / "hal"
SECONDS = 60

BUSY = {
    "stm32f1_flash": ("refused", 1 << 0, 0x400),
    "stm32f4_flash": ("refused", 1 << 16, 0x20000),
    "stm32h7_flash": ("refused", 1 << 0, 0x20000),
    "stm32u5_flash": ("refused", 1 << 16 | 1, 0x2000),  # its instruction cache, too
    "stm32l4r_flash": ("refused", 1 << 16 | 1 << 22, 0x1000),  # with the option byte that it requires
    "stm32g0b_flash": ("refused", 7 << 16 | 3 << 20, 0x800),
    "nrf51_flash": ("refused", 0, 0x400),
    "stm32v1_uart": ("gone on", 0, 0x400),
    "stm32v2_uart": ("gone on", 0, 0x400),
    "stm32lp_uart": ("gone on", 0, 0x400),
    "pl011_uart": ("gone on", 1 << 3 | 1 << 5, 0x400),
    "cmsdk_uart": ("gone on", 1, 0x400),
    "nrf51_uart": ("gone on", 0, 0x400),
    "ns16550_uart": ("gone on", 0, 0x400),
    "esp32c3_uart": ("gone on", 0x1FF << 17 | 0xF << 4, 0x400),
    "stm32_watchdog": ("gone on", 3, 0x400),
}
"""Per driver: what it comes to, the bits that say that it is not ready, and the bytes of a page."""
SMALL = {"stm32g0b_flash": 0x80000}
"""Bytes of flash of the drivers that know of no chip with 2 MB."""


ERROR_CODES = ("stm32h7_flash", "stm32u5_flash", "stm32l4r_flash", "stm32g0b_flash")


@pytest.mark.parametrize("driver", BUSY)
def test_no_wait_of_a_driver_is_without_end(driver: str, host_compile: Callable[..., Path]) -> None:
    """Flash reports that it failed; the UART's bytes are lost, and the program goes on."""
    outcome, bits, page = BUSY[driver]
    kind = driver.split("_")[1].upper()
    options = (
        f"-DSTUCK_{kind}",
        f"-DSTUCK_BITS={bits}u",
        f"-DSBNN_FLASH_PAGE_BYTES={page}u",
        f"-DSBNN_FLASH_BYTES={SMALL.get(driver, 0x200000)}u",
        f"-DSBNN_FLASH_HAS_ERROR_CODES={int(driver in ERROR_CODES)}",
        "-I",
        str(STUCK),
    )
    sources = ("hal/wait.c", f"hal/{driver}.c", STUCK / "main.c")
    program = host_compile(driver, *sources, options=(*options, "-Wno-conversion"))
    done = subprocess.run([program], capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.stdout == f"{outcome}\n"


def with_included(file: Path) -> str:
    """Return a driver's text, and those of the files of other drivers that it includes."""
    text = file.read_text()
    shared = re.findall(r'#include "hal/(stm32\w+\.[ch])"', text)
    return text + "".join((HAL / name).read_text() for name in shared)


def test_every_driver_that_waits_is_here() -> None:
    drivers = {file.stem for kind in ("flash", "uart", "watchdog") for file in HAL.glob(f"*_{kind}.c")}
    waiting = {name for name in drivers if "wait_until" in with_included(HAL / f"{name}.c")}
    assert waiting == set(BUSY)
    for file in HAL.glob("*.[ch]"):
        loops = re.findall(r"while \(.*(?:REGISTER|SR|ISR|FR|STATE|READY)\b.*\) \{\n\s*\}", file.read_text())
        assert not loops, file.name
