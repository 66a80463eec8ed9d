"""What the flash of a real board costs: the simulated caches, the boards' facts, and what is printed."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor_bnn import programs
from sensor_bnn.cycles.cycles import Block, Estimate, Memory
from sensor_bnn.cycles.energy import on_real_boards
from sensor_bnn.cycles.memory import memory_costs
from sensor_bnn.emulation import memory_plugin
from sensor_bnn.emulation.counting import Symbols
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.emulation.memory_plugin import FlashMemory, MemoryPlugin, Waits
from sensor_bnn.errors import BoardError, ToolError
from sensor_bnn.hardware.boards import Access, Cache, list_boards, load_board
from sensor_bnn.hardware.file import read_board
from sensor_bnn.report.estimate import estimate_facts, print_estimate

MODEL = Path(memory_plugin.__file__).with_name("memory_model.h")
DRIVER = """
#include "memory_model.h"
/* Each event is an address and a size; a size above 255 is a load of `size - 256` bytes. */
int play(const char *text, const uint64_t *events, size_t count, uint64_t *sums) {
    struct memory *const memory = memory_new(text);
    if (memory == NULL) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        const uint64_t size = events[2 * i + 1];
        if (size < 256) {
            memory_instruction(memory, events[2 * i], size);
        } else {
            memory_load_time(memory);
            memory_load(memory, events[2 * i], size - 256);
        }
    }
    sums[0] = memory->code_waits;
    sums[1] = memory->data_waits;
    sums[2] = memory->code_reads;
    sums[3] = memory->data_reads;
    return 1;
}
"""
Event = tuple[int, int]


def code(*addresses: int, size: int = 4) -> list[Event]:
    return [(address, size) for address in addresses]


def loads(*addresses: int, size: int = 4) -> list[Event]:
    return [(address, 256 + size) for address in addresses]


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """``play(memory, events)``: the waits of a core with that memory."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "driver.c").write_text(DRIVER)
    library = folder / "driver.so"
    command = ["cc", "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    programs.run([*command, "-I", MODEL.parent, "-o", library, folder / "driver.c"], install="Install GCC.")
    made = ctypes.CDLL(str(library))

    def make(memory: FlashMemory, events: Sequence[Event]) -> Waits:
        flat = [number for event in events for number in event]
        sums = (ctypes.c_uint64 * 4)()
        given = (ctypes.c_uint64 * len(flat))(*flat)
        assert made.play(str(memory).encode(), given, ctypes.c_size_t(len(events)), sums)
        return Waits(*sums)

    return make


ART = Access(5, 16, "a manual", code=Cache(1024, 16, 64), data=Cache(128, 16, 8))
"""As on an STM32F4, without its prefetch."""


def test_a_loop_waits_once_for_each_line_of_its_code(play: Any) -> None:
    """By hand: 8 instructions of 4 bytes are two reads of 16 bytes, five cycles each; then hits."""
    once = code(*range(0x1000, 0x1020, 4))
    assert play(FlashMemory(ART), once * 10) == Waits(10, 0, 2, 0)
    # Without a cache the two lines replace each other in the one buffer: twice in each of ten rounds.
    plain = replace(ART, code=None, data=None)
    assert play(FlashMemory(plain), once * 10) == Waits(100, 0, 20, 0)
    # A jump over a line boundary: one instruction in two reads.
    assert play(FlashMemory(plain), code(0x100E)) == Waits(10, 0, 2, 0)


def test_prefetch_hides_what_the_core_computes_meanwhile(play: Any) -> None:
    """By hand: a line of four instructions hides four of six cycles, so the next one waits for two."""
    ahead = replace(ART, prefetch=True)
    straight = code(*range(0x1000, 0x1040, 4))
    assert play(FlashMemory(ART), straight) == Waits(20, 0, 4, 0)
    assert play(FlashMemory(ahead), straight) == Waits(5 + 2 + 2 + 2, 0, 4, 0)
    # A load takes one cycle more, during which the flash goes on reading: the second line waits for one.
    loading = [*straight[:2], *loads(0x2000_0000), *straight[2:]]
    assert play(FlashMemory(ahead, (0x2000_0000, 0x2100_0000)), loading) == Waits(5 + 1 + 2 + 2, 0, 4, 0)
    # A jump elsewhere cannot use it.
    assert play(FlashMemory(ahead), code(0x1000, 0x1200)) == Waits(10, 0, 2, 0)


def test_weights_that_exceed_the_cache_are_read_in_every_pass(play: Any) -> None:
    """By hand: eight lines of 16 bytes hold 128 bytes of weights, and nine evict each other under LRU."""
    fitting, one_more = loads(*range(0, 128, 4)), loads(*range(0, 144, 4))
    assert play(FlashMemory(ART), fitting * 3) == Waits(0, 8 * 5, 0, 8)
    assert play(FlashMemory(ART), one_more * 3) == Waits(0, 3 * 9 * 5, 0, 27)
    assert play(FlashMemory(ART, (0, 144)), one_more * 3) == Waits(0, 0, 0, 0)
    # Without a cache for data each word is a read, whatever the width of the flash.
    assert play(FlashMemory(replace(ART, data=None)), loads(0, 4, 8, size=8)) == Waits(0, 30, 0, 6)


def test_a_line_of_several_reads_is_filled_as_needed(play: Any) -> None:
    """As on an STM32L4: lines of 32 bytes, reads of 8. By hand: two reads, then hits."""
    parts = Access(5, 8, "a manual", data=Cache(64, 32, 2))
    assert play(FlashMemory(parts), loads(0, 8, 4, 12)) == Waits(0, 10, 0, 2)
    shared = Access(5, 8, "a manual", shared=Cache(64, 32, 2))
    # The load finds what the core fetched.
    assert play(FlashMemory(shared), [*code(0), *loads(4)]) == Waits(5, 0, 1, 0)


PROGRAM = """
    .syntax unified
    .thumb
    .section .vectors, "a"
    .word 0x20001000
    .word reset
    .text
    .global mark
    .type mark, %function
mark:
    bx lr
    .type reset, %function
reset:
    bl mark
    movs r1, #3
2:  movw r0, #:lower16:table
    movt r0, #:upper16:table
    movs r2, #64
1:  ldr r3, [r0], #4
    str r3, [sp, #-8]
    ldr r3, [sp, #-8]
    subs r2, #1
    bne 1b
    subs r1, #1
    bne 2b
    bl mark
    b .
    .balign 32
table:
    .space 256
"""


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_the_plugin_sees_each_load_from_flash(tmp_path: Path) -> None:
    """By hand: three passes over 256 bytes; 16 lines do not fit 8, so each pass reads all of them.

    Stores, and loads from RAM, wait for nothing. A cache of 512 bytes reads the lines once, and weights in
    RAM never.
    """
    (tmp_path / "loads.s").write_text(PROGRAM)
    gcc = ["arm-none-eabi-gcc", "-mthumb", "-mcpu=cortex-m4", "-nostdlib", "-Wl,--section-start=.vectors=0"]
    elf = tmp_path / "loads.elf"
    programs.run([*gcc, "-Wl,-Ttext=0x100", "-o", elf, tmp_path / "loads.s"], install="Install GCC.")
    board = load_board("qemu-mps2-an386")
    memories = [
        FlashMemory(ART),
        FlashMemory(replace(ART, data=Cache(512, 16, 32))),
        FlashMemory(ART, (0x100, 0x1000)),
    ]
    plugin = MemoryPlugin.build(Symbols(elf), "mark", board.flash, memories, tmp_path)
    with pytest.raises(ToolError, match="left no counts"):
        plugin.waits()
    with Emulator(board, elf, [plugin.argument]) as emulator:
        for _ in range(600):
            if plugin.output.exists() and plugin.output.read_text().count("=") >= 2:
                break
            emulator.wait(0.1)
    before, between, after = plugin.waits()
    assert {waits.cycles for waits in before} == {0}
    assert [(waits.data, waits.data_reads) for waits in between] == [(3 * 16 * 5, 48), (16 * 5, 16), (0, 0)]
    assert all(waits.code == 5 * waits.code_reads for waits in between)
    assert 3 <= between[0].code_reads <= 5  # the lines of 44 bytes of code
    assert {waits.data for waits in after} == {0}


EVENTS = st.lists(
    st.tuples(st.integers(0, 255).map(lambda word: 4 * word), st.sampled_from([4, 260])), max_size=120
)
WAYS = st.sampled_from([1, 2, 4])


@given(EVENTS, st.integers(0, 9), st.integers(1, 9), WAYS, st.booleans(), st.booleans())
def test_more_waits_never_cost_less_and_larger_caches_never_more(
    play: Any, events: list[Event], wait: int, more: int, ways: int, prefetch: bool, shared: bool
) -> None:
    """Sets of the same number, with more lines each: LRU then keeps at least what it kept before."""

    def access(wait: int, ways: int) -> Access:
        cache = Cache(64 * ways, 16, ways)
        caches = {"shared": cache} if shared else {"code": cache, "data": cache}
        return Access(wait, 8, "a manual", prefetch=prefetch, **caches)

    plain = play(FlashMemory(access(wait, ways)), events)
    assert plain.cycles <= play(FlashMemory(access(wait + more, ways)), events).cycles
    larger = play(FlashMemory(access(wait, 2 * ways)), events)
    assert larger.cycles <= plain.cycles
    assert larger.code_reads <= plain.code_reads and larger.data_reads <= plain.data_reads
    # Weights in RAM neither wait nor evict.
    assert play(FlashMemory(access(wait, ways), (0, 512)), events).cycles <= plain.cycles


LATENCY = {0x40022000: 0x7, 0x40023C00: 0xF, 0x52002000: 0xF}
"""The wait states' bits in FLASH_ACR, by its address."""


def test_the_boards_waits_are_those_that_their_firmware_sets() -> None:
    """On an STM32H7 in cycles of the core, twice those of the bus: (4 + 1) x 2 - 1."""
    compared = set()
    for board in list_boards():
        for setup in board.setup:
            if setup.register in LATENCY and setup.wait and board.flash.access is not None:
                states = setup.set & LATENCY[setup.register]
                core = 2 * (states + 1) - 1 if board.target == "cortex-m7" and "h7" in board.name else states
                assert board.flash.access.wait == core, board.name
                compared.add(board.name)
    assert compared == {
        *("nucleo-f103rb", "nucleo-f446re", "nucleo-f767zi", "nucleo-g0b1re", "nucleo-h743zi2"),
        *("nucleo-l4r5zi", "nucleo-u575zi-q", "stm32f4discovery"),
    }


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "line_bytes = 16\nways = 64",
            "line_bytes = 16\nways = 128",
            "bytes is 1024; it must hold",
        ),
        ("line_bytes = 16\nways = 8", "line_bytes = 8\nways = 8", "line_bytes is 8; it must be at least"),
        ("read_bytes = 16", "read_bytes = 12", "read_bytes is 12; it must be a power of two"),
        ("[memory.flash.access.data]", "[memory.flash.access.shared]", "shared is a cache for code and data"),
    ],
)
def test_wrong_facts_of_a_flash_are_refused(old: str, new: str, told: str, tmp_path: Path) -> None:
    text = (load_board("nucleo-f446re").folder / "board.toml").read_text()
    assert old in text
    (tmp_path / "nucleo-f446re").mkdir()
    (tmp_path / "nucleo-f446re" / "board.toml").write_text(text.replace(old, new))
    with pytest.raises(BoardError) as refused:
        read_board(tmp_path / "nucleo-f446re")
    assert told in str(refused.value)


def layer(cycles: int) -> Estimate:
    block = Block("kernel", (0x8000,), 2, ("nop",), cycles, 1.0, 0.0)
    return Estimate("cycle table, cortex-m4", Memory(), (block,))


def shown(free: int, saved: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """What is printed of two layers on an STM32F446: the first computes, the second waits for its weights."""
    monkeypatch.setenv("COLUMNS", "400")
    board = load_board("nucleo-f446re")
    waits = [(Waits(10, 0, 2, 0),) * 2, (Waits(10, 1800, 2, 358), Waits(10, 1800 - saved, 2, 0))]
    layers = [layer(17_000), layer(1_180)]
    cycles = [one.cycles_without_waits for one in layers]
    (cost,) = memory_costs([board], cycles, waits, 30_000, [free])
    boards = partial(on_real_boards, "cortex-m4", memory=[cost])
    facts = estimate_facts(layers, ["/first", "/second"], boards)
    print_estimate(json.loads(json.dumps(facts)))
    return capsys.readouterr().out


def test_waits_bound_layers_and_the_place_of_the_weights_are_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By hand: 18,180 + 1,820 cycles at 180 MHz are 0.111 ms; 20 are 0.1 % of them, and 1,800 are 9.0 %."""
    said = shown(40_000, 1800, capsys, monkeypatch)
    assert [line.split() for line in said.splitlines() if line.startswith("  nucleo-f446re")] == [
        ["nucleo-f446re", "180", "0.111", "0.1%", "9.0%"]
    ]
    assert (
        "nucleo-f446re: layers bound by memory: /second; a copy of the weights in RAM (30,000 bytes) saves "
        "9.0%: `sensor-bnn build --weights ram`\n" in said
    )
    assert (
        "5 cycles of wait for each read of 16 bytes, the next bytes of code are read in advance, a cache of "
        "64 lines of 16 bytes (one set) for instructions, a cache of 8 lines of 16 bytes (one set) for data ("
        in said
    )
    # The flash of an nRF52840 is not described: its time has no waits, and that is said.
    (nordic,) = (line.split() for line in said.splitlines() if line.startswith("  nrf52840-dk"))
    assert nordic[:7] == ["nrf52840-dk", "64", "0.284", "not", "known", "not", "known"]


@pytest.mark.parametrize(
    ("free", "saved", "told"),
    [
        (40_000, 100, "saves 0.5%: leave them in flash\n"),
        (20_000, 1800, "saves 9.0%, but 20,000 bytes are free\n"),
        (-1, 1800, "but 0 bytes are free; the arena is in a slower RAM, whose waits are not known\n"),
    ],
)
def test_weights_stay_in_flash_where_ram_saves_little_or_is_too_small(
    free: int,
    saved: int,
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert told in shown(free, saved, capsys, monkeypatch)
