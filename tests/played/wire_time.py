"""Measure erase, write and verify of 512 KB, compared with the time of the bytes alone.

    python tests/played/wire_time.py [RUNS]

The chip of ``factory.py`` runs in its own process at a pseudo-terminal and limits each direction of the line
to a rate in real time: 921,600 baud, and 115,200 for a bootloader in ROM, the most that AN3155 guarantees.
The wall-clock time runs from the first Erase (or the first Get Checksum, if pages are compared first) to the
end of verification. For comparison, all bytes on the wire are counted, without the host's own time. The
simulated chip erases and writes at once; a real one adds its own time.

The last lines are for the demo's board in QEMU, whose port has no rate: stm32flash and sensor-bnn alternate
on one port.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from factory import Factory

from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.firmware.build import build_bootloader
from sensor_bnn.flashing.session import Link, Session, open_session
from sensor_bnn.flashing.transfer import changed_pages, erase_pages, verify, write_pages
from sensor_bnn.hardware.boards import Board, Bootloader, Counter, Flash, Ram, Uart, default_board

BAUD, ROM_BAUD = 921_600, 115_200
SIZE = 512 << 10
AHEAD = 6
_TIMER_SLACK = 29  # PR_SET_TIMERSLACK of Linux's prctl
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

CHIPS = (
    ("buffers blocks", True, True, AHEAD, BAUD),
    ("buffers none", True, True, 0, BAUD),
    ("buffers none, no Long Write", True, False, 0, BAUD),
    ("in ROM", False, False, 0, ROM_BAUD),
    ("in ROM, as fast as ours", False, False, 0, BAUD),
)
"""Name, whether it has Get Checksum and Long Write, how many Write Memory it buffers, and the rate."""


@dataclass(frozen=True)
class Times:
    """Seconds: the payload alone on the wire, all bytes on the wire, and wall-clock time."""

    payload: float
    wire: float
    passed: float
    verified_by: str


@dataclass(frozen=True)
class _Chip:
    """What the chip's process sends: first its port, and at the end the rest."""

    port: str
    wire_bytes: int
    violations: list[str]
    flash: bytes


def measure(
    checksum: bool, *, long: bool = False, ahead: int = 0, baud: int = BAUD, real: bool = True
) -> Times:
    """Erase, write and verify noise; ``payload`` includes the bytes that are read back.

    With ``real`` the line limits the rate in real time.
    """
    data = random.Random(5).randbytes(SIZE)
    ours, theirs = multiprocessing.Pipe()
    # A process and not a thread: with one interpreter's lock, host and chip would slow each other down.
    context = multiprocessing.get_context("spawn")
    line = baud if real else None
    chip = context.Process(target=_play, args=(theirs, checksum, long, ahead, line), daemon=True)
    chip.start()
    try:
        with open_session(Link(_hear(ours).port), CHIP) as session:
            ours.send("look")
            before = _hear(ours).wire_bytes
            passed, how = _flash(session, CHIP, data)
        ours.send("end")
        after = _hear(ours)
    finally:
        ours.close()
        chip.join(60)
        chip.kill()
    assert after.flash[CHIP.bootloader.size :][:SIZE] == data
    assert not after.violations, after.violations
    # A byte takes ten bits on the line: start, eight of data, stop.
    crossed = SIZE * (2 if how == "read-back" else 1)
    return Times(10 * crossed / baud, 10 * (after.wire_bytes - before) / baud, passed, how)


def _hear(pipe: Connection) -> _Chip:
    assert pipe.poll(60), "the chip's process says nothing"
    told = pipe.recv()
    assert isinstance(told, _Chip)
    return told


def _play(pipe: Connection, checksum: bool, long: bool, ahead: int, baud: int | None) -> None:
    ctypes.CDLL(None).prctl(_TIMER_SLACK, 1)  # sleeps end within a microsecond instead of fifty
    with Factory(CHIP, checksum=checksum, long=long, ahead=ahead, baud=baud) as chip:
        while True:
            pipe.send(_Chip(chip.port, chip.wire_bytes, chip.violations, bytes(chip.flash)))
            if pipe.recv() == "end":
                break
        pipe.send(_Chip(chip.port, chip.wire_bytes, chip.violations, bytes(chip.flash)))


def _flash(session: Session, board: Board, data: bytes) -> tuple[float, str]:
    def quiet(stage: str, done: int, total: int) -> None:
        pass

    begun = time.perf_counter()
    pages = changed_pages(session, board, board.slot.origin, data, quiet)
    erase_pages(session, board, pages, quiet)
    write_pages(session, board, board.slot.origin, data, pages, quiet)
    how = verify(session, board.slot.origin, data, quiet)
    return time.perf_counter() - begun, how


def beside_stm32flash(runs: int) -> list[tuple[float, float]]:
    """Return the seconds of stm32flash and of sensor-bnn, on one port, with new noise each time."""
    board = default_board()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        elf = build_bootloader(board, Path(folder) / "build")
        with Emulator(board, elf) as emulator:
            for run in range(runs):
                data = random.Random(run).randbytes(SIZE)
                file = Path(folder) / "image.bin"
                file.write_bytes(data)
                # stm32flash knows ST's chips only, whose flash is where the bootloader has its alias.
                place = board.slot.origin - board.flash.origin + board.bootloader.alias
                with open_session(Link(emulator.port, 0), board):
                    pass  # the bootloader answers
                begun = time.perf_counter()
                subprocess.run(
                    [
                        "stm32flash",
                        "-m",
                        "8n1",
                        "-b",
                        "115200",
                        "-S",
                        f"{place:#x}",
                        "-w",
                        file,
                        "-v",
                        emulator.port,
                    ],
                    check=True,
                    capture_output=True,
                    timeout=300,
                )
                theirs = time.perf_counter() - begun
                begun = time.perf_counter()
                with open_session(Link(emulator.port), board) as session:
                    # Turned round, or every page would hold its bytes already and none would be written.
                    _flash(session, board, data[::-1])
                found.append((theirs, time.perf_counter() - begun))
    return found


def main() -> None:
    """Print the measurements of some runs."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    for name, checksum, long, ahead, baud in CHIPS:
        every = [measure(checksum, long=long, ahead=ahead, baud=baud) for _ in range(runs)]
        payload, wire = every[0].payload, every[0].wire
        passed = " ".join(f"{times.passed / payload:.3f}" for times in every)
        print(
            f"{name}, {baud} baud, verified by {every[0].verified_by}: "
            f"bytes alone {payload:.2f} s, all bytes {wire:.2f} s ({wire / payload:.3f}), "
            f"wall clock {passed} of the bytes alone"
        )
    for theirs, ours in beside_stm32flash(runs):
        print(f"emulated {default_board().name}: stm32flash {theirs:.2f} s, sensor-bnn {ours:.2f} s")


if __name__ == "__main__":
    main()
