"""How long erase, write and verify of 512 KB take at 921,600 baud, beside the time of the bare bytes.

    python tests/device/wire_time.py

The chip of ``factory.py`` behind a pseudo-terminal holds the line to the rate in real time. Counted is all
from the first Erase (or, where pages are compared first, the first Get Checksum) to the end of verification,
in wall clock; beside it, without the host's own time, all bytes that crossed the wire. The chip erases and
writes in no time: how long a real one takes is the chip's.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

from factory import Factory

from sensor_bnn.boards import Board, Bootloader, Counter, Flash, Ram, Uart
from sensor_bnn.device.session import Link, open_session
from sensor_bnn.device.transfer import changed_pages, erase_pages, verify, write_pages

BAUD = 921_600
SIZE = 512 << 10
CHIP = Board(
    name="chip",
    title="A chip of 1 MB",
    target="cortex-m3",
    run_on_hardware=False,
    soc="",
    flash=Flash(0x0800_0000, 1 << 20, driver="none", page=0x800),
    ram=Ram(0x2000_0000, 0x18000, stack=0x1000),
    bootloader=Bootloader(size=0x2000, chip_id=0x430, alias=0x0800_0000),
    uart=Uart("none", 0x4001_3800, 72_000_000, irq=37, baud=BAUD, parity="none"),
    counter=Counter("systick", 72_000_000),
    setup=(),
    flasher="an3155",
    emulator=None,
    folder=Path("chip"),
)


@dataclass(frozen=True)
class Times:
    """Seconds: the payload alone on the wire, all that was on it, and what passed."""

    payload: float
    wire: float
    passed: float
    verified_by: str


def measure(checksum: bool, real: bool) -> Times:
    """Erase, write and verify noise; ``payload`` counts what is read back for verifying as bytes too."""
    import random

    data = random.Random(5).randbytes(SIZE)
    board = replace(CHIP, name="chip")
    with (
        Factory(board, checksum=checksum, baud=BAUD if real else None) as chip,
        open_session(Link(chip.port), board) as session,
    ):
        before, begun = chip.wire_bytes, time.perf_counter()

        def quiet(stage: str, done: int, total: int) -> None:
            pass

        pages = changed_pages(session, board, board.slot.origin, data, quiet)
        erase_pages(session, board, pages, quiet)
        write_pages(session, board, board.slot.origin, data, pages, quiet)
        how = verify(session, board.slot.origin, data, quiet)
        passed = time.perf_counter() - begun
        wire = chip.wire_bytes - before
        assert chip.flash[board.bootloader.size :][:SIZE] == data
        assert not chip.violations, chip.violations
    crossed = SIZE * (2 if how == "read-back" else 1)
    return Times(10 * crossed / BAUD, 10 * wire / BAUD, passed, how)


if __name__ == "__main__":
    for checksum in (True, False):
        times = measure(checksum, real=True)
        print(
            f"verified by {times.verified_by}: bytes alone {times.payload:.2f} s, all bytes on the wire "
            f"{times.wire:.2f} s ({times.wire / times.payload:.3f}), wall clock {times.passed:.2f} s "
            f"({times.passed / times.payload:.3f})"
        )
