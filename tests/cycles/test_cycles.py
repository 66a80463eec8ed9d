"""Cycle estimates: exact counts from QEMU's plugin, and the models' results."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sensor_bnn.cli.profile import command
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.cycles.core_cycles import cost, is_branch
from sensor_bnn.cycles.cycles import Memory, estimate_cycles
from sensor_bnn.cycles.energy import on_real_boards
from sensor_bnn.cycles.model_text import model_text
from sensor_bnn.emulation.counting import CountPlugin, Counts, Symbols, counts_by_layer
from sensor_bnn.errors import BundleError, ToolError
from sensor_bnn.hardware.boards import list_boards
from sensor_bnn.report.estimate import estimate_facts

LOOP = """
1:  ldr.w r3, [r0]
    ldr.w r4, [r1]
    add.w r5, r5, r6
    add.w r7, r7, r6
    subs r2, r2, #1
    bne.w 1b
    bx lr
"""


def assemble(code: str, core: str, folder: Path) -> tuple[Symbols, list[tuple[int, bytes]]]:
    """Assemble a function ``loop`` at 0x1000; return its symbols, and its instructions by address."""
    (folder / "loop.s").write_text(
        f".syntax unified\n.thumb\n.global loop\n.type loop, %function\nloop:\n{code}.size loop, . - loop\n"
    )
    subprocess.run(
        [
            *("arm-none-eabi-gcc", "-mthumb", f"-mcpu={core}", "-nostdlib", "-Ttext=0x1000", "-eloop"),
            *("-o", folder / "loop.elf", folder / "loop.s"),
        ],
        check=True,
    )
    said = subprocess.run(
        ["arm-none-eabi-objdump", "-d", folder / "loop.elf"], capture_output=True, text=True, check=True
    ).stdout
    places = []
    for line in said.splitlines():
        parts = line.split("\t")
        if len(parts) >= 3 and parts[0].strip().endswith(":"):
            words = [int(word, 16).to_bytes(2, "little") for word in parts[1].split()]
            places.append((int(parts[0].strip(" :"), 16), b"".join(words)))
    return Symbols(folder / "loop.elf"), places


def run(core: str, code: str, folder: Path, memory: Memory | None = None, times: int = 1000) -> Any:
    symbols, places = assemble(code, core, folder)
    counts: Counts = {place: 1 if place == places[-1] else times for place in places}
    (estimate,) = estimate_cycles([counts], symbols, find_target(core), memory)
    return estimate


@pytest.mark.usefixtures("cross_compiler", "qemu")
@pytest.mark.parametrize(
    ("core", "each"), [("cortex-m7", 3.0), ("cortex-m4", 8.0), ("cortex-m3", 8.0), ("cortex-m33", 7.0)]
)
def test_a_loop_takes_what_the_core_s_model_says(core: str, each: float, tmp_path: Path) -> None:
    """M7: three pairs. M3, M4: loads 2 + 1, sums 3, the taken branch 2. M33: 1 + 1, 3, 2."""
    estimate = run(core, LOOP, tmp_path)
    (loop, end) = estimate.blocks
    assert (loop.function, loop.count, len(loop.text)) == ("loop", 1000, 6)
    assert (end.count, end.text) == (1, ("bx\tlr",))
    assert estimate.instructions == 6001
    assert loop.cycles == pytest.approx(each, abs=0.1)
    assert core in estimate.model
    assert ("llvm-mca 19" in estimate.model) == (core == "cortex-m7")


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_wait_states_are_added_as_stated(tmp_path: Path) -> None:
    plain = run("cortex-m7", LOOP, tmp_path)
    cached = run("cortex-m7", LOOP, tmp_path, Memory(5))
    every = run("cortex-m7", LOOP, tmp_path, Memory(5, cached=False))
    size = sum(block.size for block in plain.blocks)
    lines = -(-size // 16)
    assert cached.cycles - plain.cycles == 5 * lines
    assert every.cycles - plain.cycles == 5 * (1000 * -(-plain.blocks[0].size // 16) + 1)
    assert "no wait states" in str(plain.memory)
    assert "5 wait states" in str(every.memory) and "no cache" in str(every.memory)


LOAD = "ldr\tr7, [r6]"


@pytest.mark.parametrize(
    ("core", "text", "before", "want"),
    [
        ("cortex-m0plus", "ldr\tr0, [r1]", "", 2),
        ("cortex-m0plus", "ldr\tr0, [r1]", LOAD, 2),
        ("cortex-m0plus", "push\t{r4, r5, lr}", "", 4),
        ("cortex-m0plus", "pop\t{r4, r5, pc}", "", 6),
        ("cortex-m0plus", "bl\t#40", "", 3),
        ("cortex-m0plus", "muls\tr0, r1, r0", "", 1),
        ("cortex-m0plus", "beq\t#4", "", 1),
        ("cortex-m3", "mla\tr0, r1, r2, r3", "", 2),
        ("cortex-m4", "mla\tr0, r1, r2, r3", "", 1),
        ("cortex-m3", "umlal\tr0, r1, r2, r3", "", 6),
        ("cortex-m4", "umlal\tr0, r1, r2, r3", "", 1),
        ("cortex-m4", "udiv\tr0, r1, r2", "", 7),
        ("cortex-m4", "ldr\tr0, [r1, r2]", "", 2),
        ("cortex-m4", "ldr\tr0, [r1, r2]", LOAD, 1),
        ("cortex-m4", "ldr\tr0, [r1, r7]", LOAD, 2),  # its address is what was loaded
        ("cortex-m4", "ldr\tr0, [r1, r7]", "add.w\tr7, r1, r2", 3),  # its address is ready one cycle late
        ("cortex-m4", "ldr\tr0, [r1]", "str\tr7, [r6]", 2),  # nothing overlaps with a store before it
        ("cortex-m4", "ldrd\tr0, r1, [r2]", "", 3),
        ("cortex-m4", "ldm.w\tr12, {r8, r9, r10, r11}", "", 5),
        ("cortex-m4", "stm\tr0!, {r4-r11}", "", 9),
        ("cortex-m4", "vldmia\tr0, {d0, d1}", "", 5),
        ("cortex-m4", "vdiv.f32\ts0, s1, s2", "", 14),
        ("cortex-m4", "it\teq", "", 0),
        ("cortex-m4", "bx\tlr", "", 3),
        ("cortex-m4", "bl\t#40", "", 2),
        ("cortex-m4", "pop.w\t{r4, pc}", "", 5),
        ("cortex-m4", "str\tr0, [r1, #4]", "", 1),
        ("cortex-m4", "str\tr0, [r1, r2]", "", 2),
        ("cortex-m4", "str\tr0, [r1, r2]", LOAD, 1),
        ("cortex-m33", "ldm\tr6!, {r0, r1, r2, r3}", "", 4),
        ("cortex-m33", "add\tr0, r7", LOAD, 2),  # the loaded value is ready one cycle late
        ("cortex-m33", "str\tr7, [r0]", LOAD, 1),  # but in time for a store
        ("cortex-m33", "str\tr0, [r7]", LOAD, 2),
        ("cortex-m33", "bne\t#-20", "subs\tr7, #1", 0),
        ("cortex-m33", "ldrd\tr0, r1, [r2]", "", 2),
        ("cortex-m33", "pop\t{r4, pc}", "", 4),
    ],
)
def test_the_tables(core: str, text: str, before: str, want: int) -> None:
    """Values from Arm's manuals and from measurements on chips; ``core_cycles`` names both."""
    assert cost(core, text, before).cycles == want


# Loops with published cycles, measured on a chip or from Arm's manuals.
DOCUMENTED = [
    ("cortex-m7", "1: str.w r3, [r0], #4\n subs.w r2, r2, #1\n bne.w 1b\n", 2.0, "bases move on in a cycle"),
    (
        "cortex-m7",
        "1: str.w r3, [r0], #4\n str.w r3, [r0], #4\n str.w r3, [r0], #4\n b.w 1b\n",
        3.0,
        "a store each cycle; the branch beside one",
    ),
    (
        "cortex-m7",
        "1: eors r0, r4\n eors r1, r5\n eors r2, r6\n eors r3, r7\n b.w 1b\n",
        3.0,
        "flags nobody reads",
    ),
    (
        "cortex-m7",
        "1: add.w r3, r3, r4\n subs.w r2, r2, #1\n add.w r5, r5, r4\n bne.w 1b\n",
        2.0,
        "predicted",
    ),
    ("cortex-m7", "1: ldr.w r3, [r0]\n ldr.w r4, [r0, #4]\n add.w r5, r5, r6\n b.w 1b\n", 2.0, "two loads"),
    ("cortex-m33", "1: subs r7, #1\n bne.n 1b\n", 3.0, "1, and 2 for the taken branch"),
    ("cortex-m33", "1: ldmia r6!, {r0-r3}\n subs r7, #1\n bne.n 1b\n", 7.0, "a cycle a register"),
    ("cortex-m4", "1: ldr r0, [r6]\n ldr r1, [r6, #4]\n ldr r2, [r6, #8]\n b.n 1b\n", 6.0, "N loads: N + 1"),
    ("cortex-m3", "1: ldr r0, [r6]\n str r0, [r5]\n b.n 1b\n", 5.0, "a store overlaps with a load before it"),
]


@pytest.mark.usefixtures("cross_compiler", "qemu")
@pytest.mark.parametrize(("core", "code", "each", "why"), DOCUMENTED, ids=[row[3] for row in DOCUMENTED])
def test_loops_take_what_is_documented(core: str, code: str, each: float, why: str, tmp_path: Path) -> None:
    loop = run(core, f"{code} bx lr\n", tmp_path).blocks[0]
    assert loop.cycles == pytest.approx(each, abs=0.1), why


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("str\tr0, [r1], #4", "str\tr0, [r1]"),
        ("ldrb\tr0, [r1, #-1]!", "ldrb\tr0, [r1, #-1]"),
        ("stm\tr0!, {r4, r5}", "stm\tr0, {r4, r5}"),
        ("vldrw.u32\tq0, [r0], #16", "vldrw.u32\tq0, [r0]"),
        ("ld1\t{ v0.16b }, [x1], x2", "ld1\t{ v0.16b }, [x1]"),
        ("ldr\tr0, [r1, r2, lsl #2]", "ldr\tr0, [r1, r2, lsl #2]"),
        ("push\t{r4, lr}", "push\t{r4, lr}"),
    ],
)
def test_the_model_sees_no_address_that_moves_on(text: str, want: str) -> None:
    assert model_text("cortex-m55", [text]) == [want]


def test_flags_that_are_read_stay() -> None:
    block = ["adds\tr0, r1", "adcs\tr2, r3", "lsls\tr4, r4, #1", "it\tcs", "movhs\tr5, #1", "subs\tr6, #1"]
    assert model_text("cortex-m7", block) == [
        "adds\tr0, r1",
        "adc\tr2, r3",
        "lsls\tr4, r4, #1",
        "movhs\tr5, #1",
        "subs\tr6, #1",
    ]
    predicated = ["vpste", "vldrbt.u8\tq0, [r0]", "vmladavae.s8\tr0, q0, q1", "vldrb.u8\tq0, [r0]"]
    assert model_text("cortex-m55", predicated) == [
        *("vldrb.u8\tq0, [r0]", "vmladava.s8\tr0, q0, q1", "vldrb.u8\tq0, [r0]")
    ]
    lane = ["st1\t{ v3.s }[0], [x9]", "mov\tv0.s[1], w3"]
    assert model_text("cortex-a53", lane) == lane
    assert model_text("cortex-m7", ["cmp\tr0, r1", "bne\t#-4"])[1] == "b\t#-4"
    assert model_text("cortex-m55", ["cmp\tr0, r1", "bne\t#-4"])[1] == "bne\t#-4"
    assert model_text("cortex-a53", ["cbz\tx0, #16"]) == ["b\t#16"]


@pytest.mark.parametrize("text", ["b\t#4", "bne.w\t#4", "bl\t#4", "bx\tlr", "pop\t{r4, pc}", "mov\tpc, r0"])
def test_what_ends_a_block(text: str) -> None:
    assert is_branch(text)


@pytest.mark.parametrize("text", ["bic\tr0, r1", "pop\t{r4}", "cmp\tpc, r0", "bfi\tr0, r1, #0, #1", "ble"])
def test_what_does_not(text: str) -> None:
    assert is_branch(text) == (text == "ble")


def test_layers_are_what_ran_between_the_marks() -> None:
    place = (0x100, b"\0\0")
    counts = [50, 7, 9, 107, 8, 207, 8, 8, 60]  # before, empty, -, layer, -, layer, -, -, after
    spans: list[Counts] = [{place: count} for count in counts]
    assert counts_by_layer(spans, 2) == [{place: 100}, {place: 200}]
    self_test: list[Counts] = [{place: count} for count in (50, 7, 9, 400)]
    assert counts_by_layer([*self_test, *spans], 2) == [{place: 100}, {place: 200}]
    with pytest.raises(ToolError, match="layers"):
        counts_by_layer(spans, 3)


def test_a_cut_off_file_is_told(tmp_path: Path) -> None:
    plugin = CountPlugin(tmp_path / "x.so", tmp_path / "counts.txt", 0x100, True)
    with pytest.raises(ToolError, match="no counts"):
        plugin.counts()
    for text in ("100 00bf 5\n= 0\n102 00", "100 00bf 5\n", ""):
        plugin.output.write_text(text)
        with pytest.raises(ToolError, match="no counts"):
            plugin.counts()
    plugin.output.write_text("100 00bf1122 5\n100 00bf 2\n= 0\n= 1\n")
    assert plugin.counts() == [{(0x100, b"\0\xbf"): 7}, {}]


def test_a_program_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "no.elf").write_bytes(b"nothing")
    with pytest.raises(BundleError, match="cannot be read"):
        Symbols(tmp_path / "no.elf")


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_missing_programs_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    symbols, _ = assemble("bx lr\n", "cortex-m7", tmp_path)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolError, match="cc is missing"):
        CountPlugin.build(symbols, "loop", tmp_path)
    with pytest.raises(ToolError, match="llvm-19"):
        estimate_cycles([{(0x1000, b"\x70\x47"): 1}], symbols, find_target("cortex-m7"))


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_a_core_without_a_model_is_refused_before_anything_starts() -> None:
    """Without the fixtures of a compiler and an emulator this test may start neither."""
    done = CliRunner().invoke(command, ["--board", "qemu-virt-rv32", "--estimate"])
    assert isinstance(done.exception, ToolError)
    assert "no model of the cycles of rv32imc. Compare instructions" in str(done.exception)


def test_time_and_energy_on_real_boards() -> None:
    """By hand: a million cycles at 168 MHz are 5.952 ms; 238 pC x 3.3 V each are 785.4 uJ."""
    found = {board.board: board for board in on_real_boards("cortex-m4", 1_000_000)}
    assert list(found) == sorted(
        board.name for board in list_boards() if board.target == "cortex-m4" and board.emulator is None
    )
    disco = found["stm32f4discovery"]
    assert (disco.milliseconds, disco.microjoules) == (pytest.approx(5.95238), pytest.approx(785.4))
    assert found["nucleo-f446re"].microjoules is None  # no figure of its maker is known
    for board in list_boards():
        assert board.power is None or board.emulator is None, f"{board.name} is emulated"


@pytest.mark.usefixtures("cross_compiler")
def test_facts_name_model_and_memory(tmp_path: Path) -> None:
    facts = estimate_facts([run("cortex-m4", LOOP, tmp_path)], ["/a"], partial(on_real_boards, "cortex-m4"))
    assert facts["model"] == "cycle table, cortex-m4"
    assert facts["memory"] == "no wait states, no cache misses"
    assert facts["hottest"][0]["code"][2]["text"] == "add.w r5, r5, r6"
    assert facts["cycles"] == facts["layers"][0]["cycles"] == sum(f["cycles"] for f in facts["functions"])


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_the_shipped_model_s_estimate(tmp_path: Path, conforms: Any) -> None:
    """The plugin's and the board's own counts agree for every layer."""
    done = CliRunner().invoke(
        command,
        ["--board=qemu-mps2-an500", "--limit=1", "--runs=1", "--estimate", "--json", f"-o{tmp_path}"],
    )
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    conforms("profile", result)
    estimate = result["cycles_estimate"]
    assert estimate["model"].startswith("llvm-mca 19") and "cortex-m7" in estimate["model"]
    for counted, layer in zip(estimate["layers"], result["layers"], strict=True):
        assert counted["name"] == layer["name"]
        assert 0 <= counted["instructions"] - layer["instructions"] <= 12, layer["name"]
        assert 0.3 < counted["cycles"] / counted["instructions"] < 3
    functions = {function["name"] for function in estimate["functions"]}
    assert "watch_small_stream_values" in functions and "counter_now" not in functions
    assert estimate["cycles"] == sum(layer["cycles"] for layer in estimate["layers"])
    assert [board["board"] for board in estimate["boards"]] == ["nucleo-f767zi", "nucleo-h743zi2"]
    memory = estimate["boards"][1]["memory"]
    assert estimate["boards"][1]["milliseconds"] == memory["cycles"] / 480_000
    assert memory["cycles"] == estimate["cycles"] + memory["code_waits"] + memory["data_waits"]
    assert [layer["name"] for layer in memory["layers"]] == [layer["name"] for layer in estimate["layers"]]
    # The caches of this core hold the shipped model: after one inference little more is read from flash.
    assert 0 < memory["code_waits"] < 0.01 * memory["cycles"] and memory["weights_in_ram"]["fit"]
    assert shutil.which("llvm-mca-19") is not None
