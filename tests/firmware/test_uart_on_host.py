"""The UART's ring on this machine: its interrupt is a second thread, under the thread sanitizer."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

RING = Path(__file__).parent / "host" / "ring"


@pytest.mark.usefixtures("long_run")
def test_the_ring_orders_each_byte_before_its_count(host_compile: Callable[..., Path]) -> None:
    """Neither compiler nor core may move a byte's store after that of the count which announces it."""
    options = ("-fsanitize=thread", "-pthread", "-I", str(RING))
    program = host_compile("ring", "hal/uart.c", RING / "threads.c", options=options)
    # Some kernels place memory where this sanitizer cannot have it; then without randomized addresses.
    for before in ((), ("setarch", "--addr-no-randomize")):
        done = subprocess.run([*before, program], capture_output=True, text=True, check=False, timeout=120)
        if "unexpected memory mapping" not in done.stderr:
            break
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("clock", "step", "clocks"),
    [
        (16_000_000, 1, ["139", "69", "107", "35", "no", "16"]),
        (3_686_400, 16, ["32", "16", "no", "no", "no", "no"]),
    ],
)
def test_a_rate_that_the_hardware_does_not_have_is_refused(
    clock: int, step: int, clocks: list[str], host_compile: Callable[..., Path]
) -> None:
    """A 16550 divides its clock by multiples of 16: 150,000 baud would be 13 % off."""
    options = (f"-DSBNN_UART_CLOCK_HZ={clock}u", f"-DSBNN_UART_STEP={step}u", "-I", str(RING))
    program = host_compile("rates", "hal/uart.c", RING / "rates.c", options=options)
    rates = ["115200", "230400", "150000", "460800", "2000000", "1000000"]
    done = subprocess.run([program, *rates], capture_output=True, text=True, check=True)
    assert done.stdout.split() == clocks
