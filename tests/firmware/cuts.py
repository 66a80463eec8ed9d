"""Power cuts in an update of the spare slot, at every change of flash by the driver, in a simulated chip.

``python -m tests.firmware.cuts BUILD`` does all of them for the image of a build, one after another;
test_uf2_chips.py does some for a small one.
"""

from __future__ import annotations

import json
import random
import struct
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from sensor_bnn.errors import SensorBnnError
from sensor_bnn.firmware.build import BuildResult
from sensor_bnn.firmware.image import read_image
from sensor_bnn.hardware.boards import HEADER_BYTES, Board, load_board
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort

from .chip import Chip, ChipPort
from .nrf52 import Nrf52
from .rp2040 import Rp2040

SECONDS = 5.0  # of the chip's time, for an answer
ACK, NACK = b"\x79", b"\x1f"
CHIPS: dict[str, Callable[[], Any]] = {
    "feather-nrf52840": lambda: Nrf52(has_factorys_bootloader=True),
    "nrf52840-dk": Nrf52,
    "pico": Rp2040,
}
"""The simulation of each board's chip."""


@dataclass(frozen=True)
class Change:
    """A change of flash: an erase, or a write of what the driver writes at once."""

    address: int
    before: bytes
    after: bytes


def checked(data: bytes) -> bytes:
    """Return bytes and their XOR."""
    check = 0
    for byte in data:
        check ^= byte
    return data + bytes([check])


class Caller:
    """Raw commands to the bootloader of a chip, each once."""

    def __init__(self, chip: Chip) -> None:
        self.port = ChipPort(chip)

    def talk(self, data: bytes, count: int = 1) -> bytes:
        """Send bytes and return the answer."""
        self.port.write(data)
        return self.port.read(count, SECONDS)

    def erase(self, page: int) -> bytes:
        """Erase a page; return ACK, NACK or nothing."""
        assert self.talk(b"\x44\xbb") == ACK
        return self.talk(checked(struct.pack(">HH", 0, page)))

    def write(self, address: int, data: bytes) -> bytes:
        """Write up to 256 bytes; return ACK, NACK or nothing."""
        assert self.talk(b"\x31\xce") == ACK
        assert self.talk(checked(struct.pack(">I", address))) == ACK
        return self.talk(checked(bytes([len(data) - 1]) + data))


def version_of(file: Path, version: str) -> bytes:
    """Return an image with another version, by which its application shows which one runs."""
    content = file.read_bytes()
    return replace(read_image(content), firmware_version=version).to_bytes() + content[HEADER_BYTES:]


def recorded(chip: Chip, address: int, data: bytes) -> list[Change]:
    """Return the changes of flash with which the driver writes an image there."""
    found: list[Change] = []
    change = chip.family.changes

    def note(chip: Chip, address: int, data: bytes) -> None:
        found.append(Change(address, chip.flash(address, len(data)), data))
        change(chip, address, data)

    chip.family.changes = note
    board, caller = chip.board, Caller(chip)
    assert caller.talk(b"\x7f") == ACK
    first = (address - board.flash.origin) // board.flash.page
    for page in range(first, first + -(-len(data) // board.flash.page)):
        assert caller.erase(page) == ACK
    for at in range(0, len(data), 256):
        assert caller.write(address + at, data[at : at + 256]) == ACK
    assert chip.violations == []
    return found


def torn(change: Change, seed: int) -> bytes:
    """Return what a power cut may leave: each bit is as before or as after."""
    generator = random.Random(seed)
    mask = generator.randbytes(len(change.after))
    return bytes(
        old & keep | new & ~keep & 0xFF
        for old, new, keep in zip(change.before, change.after, mask, strict=True)
    )


def outcomes(board: Board, built: BuildResult, family: Any, every: int = 1) -> Iterator[tuple[int, str]]:
    """Yield what runs after a cut in each change, and after the last one: a version, or ``bootloader``.

    Args:
        board: a board with two slots.
        built: its bootloader and an image.
        family: makes the simulation of its chip.
        every: cut in each so many-th change; in the last two always.
    """
    old, new = (
        version_of(built.folder / "firmware.bin", "old"),
        version_of(built.folder / "firmware-b.bin", "new"),
    )
    new += b"\xff" * (-len(new) % 4)
    spare = board.slots[1].origin
    chip = Chip(board, built.bootloader_elf, family())
    changes = recorded(chip, spare, new)
    numbers = {*range(0, len(changes), every), len(changes) - 2, len(changes) - 1, len(changes)}
    done = 0
    content = bytearray(b"\xff" * (-(-len(new) // board.flash.page) * board.flash.page))
    for number in sorted(numbers):
        for change in changes[done:number]:
            content[change.address - spare : change.address - spare + len(change.after)] = change.after
        done = number
        chip = Chip(board, built.bootloader_elf, family())
        chip.set_flash(board.slots[0].origin, old)
        chip.set_flash(spare, bytes(content))
        if number < len(changes):
            chip.set_flash(changes[number].address, torn(changes[number], number))
        yield number, _running(chip, len(old), len(new))


def _running(chip: Chip, *sizes: int) -> str:
    """Return the version of the image that answers, or ``bootloader``."""
    for slot, size in zip(chip.board.slots, sizes, strict=True):
        chip.stop_at_sleeps(slot.origin, size)
    port = cast(SerialPort, ChipPort(chip))
    try:
        version = Client(port).hello(timeout=2.0, attempts=3).firmware_version
    except SensorBnnError:
        assert Caller(chip).talk(b"\x7f") == ACK
        version = "bootloader"
    assert chip.violations == []
    return version


def main() -> None:
    """Print how often each outcome was seen, for a folder of ``sensor-bnn build`` and each n-th change."""
    folder, every = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    report = json.loads((folder / "build.json").read_text())
    board = load_board(report["board"])
    built = BuildResult(
        *(folder, folder / "firmware.elf", folder / "firmware.bin", folder / "bootloader.elf", report)
    )
    counts: Counter[str] = Counter()
    for number, outcome in outcomes(board, built, CHIPS[board.name], every):
        counts[outcome] += 1
        if outcome != "old":
            print(f"change {number}: {outcome}", flush=True)
    print(f"{board.name}: " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))


if __name__ == "__main__":
    main()
