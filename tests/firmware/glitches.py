"""A campaign of glitches: one instruction of a bootloader's start is skipped, or one condition is inverted.

    python -m tests.firmware.glitches [EVERY]

The bootloader of a board runs in its simulated chip with a forged image in the slot. First without a glitch,
which lists the instructions that it executes. Then once for each of them (for each EVERYth), at its first,
second and last execution: the instruction is skipped; a conditional branch also goes where it would not.
Nothing of this may start the image.

The arithmetic of hashes and curve is done, but not glitched: its result for a forged image is wrong in any
case. To save time, that of the curve is left out, and the constants of SHA-2 are written.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import unicorn
from elftools.elf.elffile import ELFFile
from unicorn import arm_const as arm

from sensor_bnn.firmware.build import build_bootloader
from sensor_bnn.firmware.image import ImageHeader
from sensor_bnn.firmware.signing import Signer, make_key, read_key
from sensor_bnn.hardware.boards import Board, load_board

from .chip import Chip, FaultError
from .stm32 import F1, MHZ

BOARD = "nucleo-f103rb"
SECONDS = 0.7  # of the board's time: longer than a host may call
MOST_SLICES = 300  # of chip.SLICE instructions; a start without a glitch, which mostly sleeps, takes a third
NOT_GLITCHED = (
    *("crc32_update", "sha", "absorb", "number25519", "add", "take", "place", "shift_in", "lessen", "divide"),
    *("encode", "systick", "uart", "counter", "cpu_mask", "cpu_unmask", "cpu_sleep", "clock_held", "running"),
)
"""Beginnings of the names of functions that only compute, or wait."""


def _root(value: int, degree: int) -> int:
    """Return the largest integer whose power does not exceed the value."""
    root = 0
    for bit in reversed(range(value.bit_length() // degree + 1)):
        root |= (1 << bit) * ((root | 1 << bit) ** degree <= value)
    return root


_PRIMES = [number for number in range(2, 410) if all(number % by for by in range(2, number))]
CONSTANTS = [_root(prime << 128, 2) for prime in _PRIMES[:8]] + [_root(prime << 192, 3) for prime in _PRIMES]
"""Of SHA-2 (FIPS 180-4), in the order of sha2.c; the lower 64 bits of each."""


@dataclass(frozen=True)
class Glitch:
    """At the ``nth`` execution (from 1) of the instruction at ``address``, go to ``to`` instead."""

    function: str
    address: int
    nth: int
    to: int
    kind: str


def _branch(code: bytes, address: int) -> int | None:
    """Return where a conditional branch goes; None if it is another instruction (Armv7-M manual, B, CBZ)."""
    first = int.from_bytes(code[:2], "little")
    if first & 0xF000 == 0xD000 and first >> 8 & 15 < 14:
        return address + 4 + 2 * ((first & 0xFF ^ 0x80) - 0x80)
    if first & 0xF500 == 0xB100:
        return address + 4 + ((first >> 9 & 1) << 6 | (first >> 3 & 31) << 1)
    if len(code) == 4:
        second = int.from_bytes(code[2:], "little")
        if first & 0xF800 == 0xF000 and second & 0xD000 == 0x8000 and first >> 6 & 15 < 14:
            offset = (first & 0x3F) << 12 | (second & 0x7FF) << 1
            offset |= (second >> 13 & 1) << 18 | (second >> 11 & 1) << 19
            return address + 4 + offset - (first >> 10 & 1) * (1 << 20)
    return None


class Campaign:
    """A board's bootloader with an image in its first slot.

    Args:
        board: an STM32F1 board.
        elf: its bootloader.
        image: header and image, to be started or not.
    """

    def __init__(self, board: Board, elf: Path, image: bytes) -> None:
        self.board, self.chip = board, Chip(board, elf, F1(8 * MHZ))
        self.core: Any = self.chip._uc
        self.chip.set_flash(board.slot.origin, image)
        self.started = False
        with elf.open("rb") as stream:
            table: Any = ELFFile(stream).get_section_by_name(".symtab")
            symbols = list(table.iter_symbols())
        self.places = {symbol.name: symbol["st_value"] & ~1 for symbol in symbols}
        code = [symbol for symbol in symbols if symbol["st_info"]["type"] == "STT_FUNC"]
        self.functions = {symbol.name: (symbol["st_value"] & ~1, symbol["st_size"]) for symbol in code}
        self._hook(board.slot.origin, board.slot.end - 1, self._start)
        if "sha2_prepare" in self.functions:
            self._hook(*2 * (self.functions["sha2_prepare"][0],), self._prepare)
            self._hook(*2 * (self.functions["add"][0],), self._leave)

    def _hook(self, begin: int, end: int, call: Any) -> int:
        return int(self.core.hook_add(unicorn.UC_HOOK_CODE, call, begin=begin, end=end))

    def _start(self, core: Any, address: int, size: int, data: Any) -> None:
        self.started = True
        core.emu_stop()

    def _leave(self, core: Any, address: int, size: int, data: Any) -> None:
        core.reg_write(arm.UC_ARM_REG_PC, core.reg_read(arm.UC_ARM_REG_LR))

    def _prepare(self, core: Any, address: int, size: int, data: Any) -> None:
        for name, shift in (("sha2_high", 32), ("sha2_low", 0)):
            words = b"".join((word >> shift & 0xFFFFFFFF).to_bytes(4, "little") for word in CONSTANTS)
            core.mem_write(self.places[name], words)
        self._leave(core, address, size, data)

    def run(self) -> str:
        """Reset the board and return what its bootloader does while no host calls."""
        board, chip = self.board, self.chip
        self.core.mem_write(board.ram.origin, bytes(board.ram.size))
        chip.set_flash(board.journal.origin, b"\xff" * board.journal.size)
        self.started = False
        chip.reset()
        slices = 0

        def over() -> bool:
            nonlocal slices
            slices += 1
            return self.started or slices > MOST_SLICES

        try:
            chip.run(over, int(SECONDS * board.counter.clock_hz))
        except FaultError:
            return "started" if self.started else "faulted"
        if self.started:
            return "started"
        return "hung" if slices > MOST_SLICES else "stayed"

    def glitches(self) -> Iterator[Glitch]:
        """Yield every glitch, from a run without one."""
        executed: list[tuple[int, int]] = []
        hook = self._hook(
            self.board.flash.origin,
            self.board.journal.origin - 1,
            lambda core, address, size, data: executed.append((address, size)),
        )
        self.run()
        self.core.hook_del(hook)
        code = self.functions.items()
        where = {at: name for name, (start, size) in code for at in range(start, start + size, 2)}
        total = Counter(address for address, _ in executed)
        seen: Counter[int] = Counter()
        for (address, size), (following, _) in pairwise(executed):
            seen[address] += 1
            function = where.get(address, "")
            if not function or function.startswith(NOT_GLITCHED):
                continue
            if seen[address] not in {1, 2, total[address]}:
                continue
            after = address + size
            target = _branch(bytes(self.core.mem_read(address, size)), address)
            if target is None:
                yield Glitch(function, address, seen[address], after, "skip")
            else:
                to = after if following == target else target
                yield Glitch(function, address, seen[address], to, "invert")

    def glitch(self, glitch: Glitch) -> str:
        """Run with one glitch; return what happened: the image ``started``, or the bootloader ``stayed``,
        ``hung`` or ``faulted``.
        """
        count = 0

        def at(core: Any, address: int, size: int, data: Any) -> None:
            nonlocal count
            count += 1
            if count == glitch.nth:
                core.reg_write(arm.UC_ARM_REG_PC, glitch.to | 1)

        hook = self._hook(glitch.address, glitch.address, at)
        outcome = self.run()
        self.core.hook_del(hook)
        return outcome


def image_for(board: Board, signer: Signer | None, right: bool) -> bytes:
    """Return an image: ``right``, or with another digest, or with a signature by another key."""
    vectors = (board.ram.origin + 0x1000, board.slot.origin + 521)
    body = b"".join(word.to_bytes(4, "little") for word in vectors)
    body += b"\xfe\xe7" * 20  # branches to themselves
    header = ImageHeader.of(body, bytes(32), board.name, "1", board.slot.origin)
    if signer is not None:
        return signer.sign(header).to_bytes() + body
    if not right:
        header = replace(header, image_sha256=bytes(32))
    return header.to_bytes() + body


def campaigns(folder: Path) -> Iterator[tuple[str, Campaign, Campaign]]:
    """Yield a name, a campaign with a forged image, and one with a right image, without and with a key."""
    board = load_board(BOARD)
    make_key(folder / "board.pem")
    make_key(folder / "other.pem")
    own, other = read_key(folder / "board.pem", 5), read_key(folder / "other.pem", 5)
    for name, signer, forger in (("digest", None, None), ("signature", own, other)):
        elf = build_bootloader(board, folder / name, signer)
        forged = Campaign(board, elf, image_for(board, forger, right=False))
        yield name, forged, Campaign(board, elf, image_for(board, signer, right=True))


def main() -> None:
    every = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with tempfile.TemporaryDirectory() as folder:
        for name, campaign, _ in campaigns(Path(folder)):
            assert campaign.run() == "stayed"
            counts: Counter[tuple[str, str]] = Counter()
            for glitch in list(campaign.glitches())[::every]:
                outcome = campaign.glitch(glitch)
                counts[glitch.kind, outcome] += 1
                if outcome == "started":
                    print(f"{name}: started by {glitch}", flush=True)
            for (kind, outcome), count in sorted(counts.items()):
                print(f"{name}: {kind}: {outcome} {count}", flush=True)


if __name__ == "__main__":
    main()
