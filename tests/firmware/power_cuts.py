"""A power cut during every erase and every write of flash of an update, on chips whose words tear.

    python -m tests.firmware.power_cuts [EVERY]

The bootloader of each real board that writes its flash runs in its simulated chip. An update is done once,
by the flasher's own functions, and every erase and every write of a word that the chip does is noted: those
of the new image, and those of the journal, while it goes on in the same page and while it changes to the
other page, up to the start that gives way to the old image. Then, for each of them (for each EVERYth), the
flash is brought into the state of a power cut in the middle of it:

- a word (of an RP2040, a page) that is being written has some of its bits, and, on a chip with error codes
  (G0, H7, L4, U5), faults when it is read;
- a sector that is being erased is blank in its first half; in the second, each word has kept some of its
  bits, and faults on a chip with error codes.

RAM is filled with noise, the chip is reset, and no host calls. An image must start that is wholly the old or
wholly the new one, or the bootloader must answer. Where it stays, the flasher does the update again, and the
new image must start.
"""

from __future__ import annotations

import random
import struct
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import unicorn

from sensor_bnn.firmware.build import build_bootloader
from sensor_bnn.firmware.image import ImageHeader
from sensor_bnn.flashing.transfer import changed_pages, erase_pages, filled, verify, write_pages
from sensor_bnn.hardware.boards import Board, load_board
from sensor_bnn.wire import an3155

from .chip import Chip
from .chips import FAMILIES, RECORD, connect, quiet

SEED = 14
SECONDS = 0.7  # of the board's time: longer than a host may call
BODY_BYTES = 700  # of each image, so that the header and the body are in several of the flasher's blocks
COUNTER = 7  # of the journal: no older signed image may start; it never falls
BOOTS = 4  # after Go; an image that does not confirm itself has three starts

Op = tuple[int, bytes]
"""What the flash does at once: an address, and the bytes there afterwards; all 0xFF for an erase."""


def image_of(board: Board, slot: int, version: str) -> bytes:
    """Return a whole image for a slot, which hangs at its first instruction."""
    origin = board.slots[slot].origin
    body = struct.pack("<2I", board.ram.origin + 0x1000, origin + 521) + b"\xfe\xe7" * 2
    body += random.Random(version).randbytes(BODY_BYTES - len(body))
    return ImageHeader.of(body, bytes(32), board.name, version, origin).to_bytes() + body


@dataclass(frozen=True)
class Cut:
    """What a cut leads to: ``old``, ``new`` or ``bootloader``; whether the update was then possible."""

    at: int
    outcome: str
    resumed: bool


class Campaign:
    """A board, its bootloader, an old image that is confirmed, and an update to a new one.

    Args:
        board: a real board that writes its flash.
        elf: its bootloader.
        full: whether the journal's page is full, so that the update changes to the other page.
    """

    def __init__(self, board: Board, elf: Path, full: bool) -> None:
        self.board, self.full = board, full
        self.random = random.Random(SEED)
        self.chip = Chip(board, elf, FAMILIES[board.name]())
        self.core: Any = self.chip._uc
        self.slot = len(board.slots) - 1
        self.old = image_of(board, 0, "old")
        self.new = filled(image_of(board, self.slot, "new"))
        self.started: int | None = None
        slot = board.slot
        self.core.hook_add(unicorn.UC_HOOK_CODE, self._start, begin=slot.origin, end=slot.end - 1)
        self.first = board.journal.origin
        self.before = self._prepared()
        self.ops = self._update()

    def _start(self, core: Any, address: int, size: int, data: Any) -> None:
        self.started = address
        core.emu_stop()

    def _prepared(self) -> bytes:
        """Return the flash from the journal on, with the old image in the first slot."""
        board, journal = self.board, self.board.journal
        size = board.slots[-1].origin - self.first + 2 * max(board.flash.page, len(self.new))
        content = bytearray(b"\xff" * min(size, board.flash.end - self.first))
        page = journal.size // 2
        known = int.from_bytes(self.old[508:512], "little")
        # One record, or a full first page, and a second page that holds the records before them.
        count = page // 32 if self.full else 1
        for number in range(count if journal.size else 0):
            for first, place in ((page * 0, page // 32), *([(page, 0)] if self.full else [])):
                record = RECORD.pack(place + number + 1, COUNTER, known, 0, 0xFF, 0, 0)
                record += struct.pack("<I", zlib.crc32(record))
                content[first + 32 * number : first + 32 * number + 32] = record
        at = board.slot.origin - self.first
        content[at : at + len(self.old)] = self.old
        return bytes(content)

    def _load(self, content: bytes, torn: list[tuple[int, int]]) -> None:
        chip = self.chip
        chip.set_flash(self.first, content)
        for address, size in torn:
            chip.tear(address, size)
        self.core.mem_write(
            self.board.ram.origin, self.random.randbytes(0x400) * (self.board.ram.size // 0x400)
        )
        chip.flash_stores.clear()
        # An nRF52 counts the writes of each word since its erase; this is another flash.
        getattr(chip.family, "writes", {}).clear()
        chip.reset()
        self.started = None

    def _run(self) -> str:
        """Run without a host; return which image starts, or "bootloader"."""
        ticks = int(SECONDS * self.board.counter.clock_hz)
        self.chip.run(lambda: self.started is not None, ticks)
        if self.started is None:
            return "bootloader"
        slot = 1 if self.slot and self.started >= self.board.slots[1].origin else 0
        for name, image, place in (("old", self.old, 0), ("new", self.new, self.slot)):
            origin = self.board.slots[place].origin
            if place == slot and self.chip.flash(origin, len(image)) == image:
                return name
        raise AssertionError(f"{self.board.name}: an image at {self.started:#x} starts that is neither")

    def _flash(self) -> None:
        """Do the update with the flasher's functions, up to the start of the new image."""
        board, chip = self.board, self.chip
        session = connect(chip)
        origin = board.slots[self.slot].origin
        with patch.object(an3155, "_ATTEMPTS", 1):  # the line is perfect: a refused checksum is refused again
            pages = changed_pages(session, board, origin, self.new, quiet)
        erase_pages(session, board, pages, quiet)
        write_pages(session, board, origin, self.new, pages, quiet)
        verify(session, origin, self.new, quiet)
        self.started = None
        session.bootloader.go(origin + 512)

    def _update(self) -> list[Op]:
        self._load(self.before, [])
        done = self.chip.family.done
        done.clear()
        self._flash()
        for _ in range(BOOTS if self.board.journal.size else 1):
            self.chip.reset()
            self.started = None
            self._run()
        assert self.chip.violations == [], self.chip.violations
        return list(done)

    def _after(self, content: bytearray, op: Op) -> None:
        address, data = op
        at = address - self.first
        erases = data.count(0xFF) == len(data) and len(data) > self.chip.family.word_bytes
        old = content[at : at + len(data)]
        content[at : at + len(data)] = (
            data if erases else bytes(a & b for a, b in zip(old, data, strict=True))
        )

    def _half(self, content: bytearray, op: Op) -> list[tuple[int, int]]:
        """Do half of an erase or a write; return the words that then fault."""
        address, data = op
        at, size, family = address - self.first, len(data), self.chip.family
        erases = data.count(0xFF) == size and size > family.word_bytes
        old = bytes(content[at : at + size])
        noise = self.random.randbytes(min(size, 0x400)) * (size // min(size, 0x400))
        mixed = int.from_bytes(old, "little"), int.from_bytes(data, "little"), int.from_bytes(noise, "little")
        value = mixed[0] | mixed[2] if erases else mixed[0] & (mixed[1] | mixed[2])
        half = value.to_bytes(size, "little")
        begin = size // 2 if erases else 0
        content[at : at + size] = b"\xff" * begin + half[begin:]
        return [(address + begin, size - begin)] if family.error_codes else []

    def cuts(self, every: int = 1) -> Iterator[Cut]:
        """Cut the power in the middle of every one of the ops, of each ``every``th, and after the last."""
        content = bytearray(self.before)
        family = self.chip.family
        for number, op in enumerate([*self.ops, None]):
            if number % every == 0 or op is None:
                state = bytearray(content)
                torn = self._half(state, op) if op is not None else []
                self._load(bytes(state), torn)
                outcome = self._run()
                resumed = True
                if outcome == "bootloader":
                    self._flash()
                    self.chip.run(lambda: self.started is not None, self.board.counter.clock_hz)
                    resumed = self.started is not None
                assert self.chip.violations == [], self.chip.violations
                assert self.counter() >= COUNTER or not self.board.journal.size
                self.chip.torn.clear()
                self.chip._watch_torn()
                yield Cut(number, outcome, resumed)
            if op is not None:
                self._after(content, op)
        family.done.clear()

    def counter(self) -> int:
        """Return the counter of the journal's last record."""
        journal = self.board.journal
        content = self.chip.flash(journal.origin, journal.size)
        records = [content[at : at + 32] for at in range(0, journal.size, 32)]
        whole = [record for record in records if record[28:] == struct.pack("<I", zlib.crc32(record[:28]))]
        return max((struct.unpack("<2I", record[:8]) for record in whole), default=(0, 0))[1]


def campaigns(board: Board, elf: Path) -> Iterator[Campaign]:
    """Yield the campaigns of a board: with a journal, also one whose page is full."""
    yield Campaign(board, elf, full=False)
    if board.journal.size:
        yield Campaign(board, elf, full=True)


def main() -> None:
    every = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    print(f"{'board':<18}{'word':>6}{'cuts':>7}{'old':>7}{'new':>7}{'bootloader':>12}{'then updated':>14}")
    for name in FAMILIES:
        board = load_board(name)
        with tempfile.TemporaryDirectory() as folder:
            elf = build_bootloader(board, Path(folder))
            found = [cut for campaign in campaigns(board, elf) for cut in campaign.cuts(every)]
        counts = Counter(cut.outcome for cut in found)
        stayed = [cut for cut in found if cut.outcome == "bootloader"]
        word = FAMILIES[name]().word_bytes
        print(
            f"{name:<18}{word:>6}{len(found):>7}{counts['old']:>7}{counts['new']:>7}{counts['bootloader']:>12}"
            f"{sum(cut.resumed for cut in stayed):>14}",
            flush=True,
        )
        assert all(cut.resumed for cut in found)


if __name__ == "__main__":
    main()
