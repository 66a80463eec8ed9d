"""The board's light: it blinks why the board does not start, and a healthy start does not wait."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import unicorn

from sensor_bnn.firmware.build import BuildResult
from sensor_bnn.hardware.boards import Board, load_board
from sensor_bnn.wire.an3155 import An3155
from sensor_bnn.wire.port import SerialPort

from .chip import Chip, ChipPort
from .chips import FAMILIES, SETTLED
from .power_cuts import image_of

OWN_CLOCK, NO_CLOCK, NO_IMAGE, CRASHED, TORN, UNRECORDED = 2, 3, 4, 5, 6, 7
ROUNDS = 16
CRASH_NOTE = 0x48535243  # hal/stay.h


class Light:
    """A chip whose light is watched.

    ``switched`` has the chip's seconds at which it was switched on or off.
    """

    def __init__(self, board: Board, elf: Path) -> None:
        self.board = board
        self.chip = Chip(board, elf, SETTLED[board.name]())
        self.switched: list[tuple[float, bool]] = []
        self.started: float | None = None
        core: Any = self.chip._uc
        slot = board.slot
        core.hook_add(unicorn.UC_HOOK_CODE, self._start, begin=slot.origin, end=slot.end - 1)
        assert board.led is not None
        self.on, self.off = board.led.on, board.led.off
        writes = self.chip.on_write
        for register in {self.on.register, self.off.register}:
            others = writes.get(register)
            writes[register] = lambda value, register=register, others=others: (  # type: ignore[misc]
                self._switch(register, value, others)
            )

    def _switch(self, register: int, value: int, others: Callable[[int], None] | None) -> None:
        """Note that the light is switched; the set-up may write other pins of the register."""
        told = [(write.register, write.value) for write in (self.on, self.off)]
        if others is not None and not value & (self.on.value | self.off.value):
            others(value)
            return
        assert (register, value) in told
        self.switched.append((self._now(), (register, value) == told[0]))

    def _now(self) -> float:
        return self.chip.now / self.board.counter.clock_hz

    def _start(self, core: Any, address: int, size: int, data: Any) -> None:
        self.started = self._now()
        core.emu_stop()

    def put_image(self) -> None:
        self.chip.set_flash(self.board.slot.origin, image_of(self.board, 0, "1"))

    def boot(self, seconds: float, note: int = 0) -> list[int]:
        """Reset the chip; return the numbers of blinks of each round within this time."""
        self.started = None
        self.switched.clear()
        ram = self.board.ram
        words = [note, note ^ 0xFFFFFFFF] if note else [0, 0]
        core: Any = self.chip._uc
        core.mem_write(ram.end - 16, b"".join(word.to_bytes(4, "little") for word in words))
        self.chip.reset()
        begun = self._now()
        self.chip.run(lambda: self.started is not None, int(seconds * self.board.counter.clock_hz))
        if self.started is not None:
            self.started -= begun
        rounds: list[int] = []
        last = float("-inf")
        for at, on in self.switched:
            if on:
                rounds = [*rounds, 1] if at - last > self.pause else [*rounds[:-1], rounds[-1] + 1]
            last = at
        return rounds

    pause = 1.0  # seconds between two rounds, at least


@pytest.fixture
def light_of(built_for: Callable[[str], BuildResult]) -> Callable[[str], Light]:
    return lambda name: Light(load_board(name), built_for(name).bootloader_elf)


def test_every_real_board_with_a_light_of_its_own_uses_it() -> None:
    """The Raspberry Pis, whose chip is not simulated here, use none; the light of an ESP32-C3-DevKitM-1 takes
    a message for each colour."""
    assert [name for name in SETTLED if load_board(name).led is None] == ["esp32-c3-devkitm-1"]


@pytest.mark.parametrize("name", [*FAMILIES, "pico2"])
def test_the_light_says_why(name: str, light_of: Callable[[str], Light]) -> None:
    light = light_of(name)
    # No image: rounds of blinks, and then darkness, in which the core sleeps until a host calls.
    rounds = light.boot(80.0)
    assert rounds == [NO_IMAGE] * ROUNDS
    assert light.switched[-1][1] is False
    # A healthy start: the light is not touched, and the time is that of the window for a host.
    light.put_image()
    assert light.boot(3.0) == []
    assert light.started is not None and 0.5 <= light.started < 0.6, light.started
    # After a crash of an image, ten seconds for a host.
    rounds = light.boot(20.0, CRASH_NOTE)
    assert set(rounds) == {CRASHED} and len(rounds) >= 3
    assert light.started is not None and 10.0 <= light.started < 14.0
    assert light.chip.violations == []


@pytest.mark.parametrize(
    "name", [name for name in FAMILIES if load_board(name).fallback and load_board(name).led]
)
def test_a_board_on_its_own_oscillator_blinks_once_and_starts(
    name: str, light_of: Callable[[str], Light]
) -> None:
    light = light_of(name)
    light.put_image()
    light.chip.family.has_hse = False
    assert light.boot(4.0) == [OWN_CLOCK]
    assert light.started is not None and light.started < 3.5, "one round, and it starts"
    assert light.chip.violations == []


def test_a_board_without_its_clocks_blinks_fast_enough_to_be_seen(light_of: Callable[[str], Light]) -> None:
    """The PLL of an STM32U575 never locks: the core stays at 4 MHz, a fortieth of what the counter means."""
    light = light_of("nucleo-u575zi-q")
    chip = light.chip
    rcc = chip.family.rcc
    ready = chip.on_read[rcc]
    chip.on_read[rcc] = lambda: ready() & ~(1 << 25)
    slow = light.board.counter.clock_hz / 4_000_000
    light.pause /= slow
    assert light.boot(3.0)[:2] == [NO_CLOCK, NO_CLOCK]
    phases = [
        slow * (after - before)
        for (before, _), (after, _) in zip(light.switched, light.switched[1:4], strict=False)
    ]
    assert all(0.1 < phase < 1.0 for phase in phases), phases


def test_a_host_may_call_while_the_light_blinks(light_of: Callable[[str], Light]) -> None:
    light = light_of("nucleo-f446re")
    assert light.boot(2.2) == [NO_IMAGE]
    bootloader = An3155(cast(SerialPort, ChipPort(light.chip)))
    assert bootloader.sync(3.0)
    switched = len(light.switched)
    assert light.switched[-1][1] is False, "the light is off while a host is served"
    assert bootloader.get_id() == light.board.bootloader.chip_id
    assert len(light.switched) == switched


def test_a_start_that_the_journal_does_not_take(light_of: Callable[[str], Light]) -> None:
    light = light_of("nucleo-f446re")
    light.put_image()
    light.chip.family.worn = True
    assert light.boot(6.0)[:1] == [UNRECORDED]
    assert light.started is None


def test_the_numbers_are_those_of_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "bring-up.md").read_text()
    header = (Path(__file__).parents[2] / "firmware" / "bootloader" / "blink.h").read_text()
    for number, name in enumerate(("OWN_CLOCK", "NO_CLOCK", "NO_IMAGE", "CRASHED", "TORN", "UNRECORDED"), 2):
        assert f"BLINK_{name} = {number}," in header
        assert f"\n| {number} | " in page
