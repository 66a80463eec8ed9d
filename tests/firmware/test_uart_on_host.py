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
