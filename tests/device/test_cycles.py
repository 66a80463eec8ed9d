"""Cycle estimates: exact counts from QEMU's plugin, and what the models make of them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sensor_bnn.cli.profile import command
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.device import cycles as cycles_module
from sensor_bnn.device.core_cycles import cost, is_branch
from sensor_bnn.device.counting import CountPlugin, Counts, Symbols, counts_by_layer
from sensor_bnn.device.cycles import Memory, estimate_cycles
from sensor_bnn.errors import BundleError, ToolError
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
    """A function ``loop`` at 0x1000: its symbols, and its instructions by address."""
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


@pytest.mark.parametrize(("core", "each"), [("cortex-m7", 4.0), ("cortex-m4", 9.0), ("cortex-m3", 9.0)])
def test_a_loop_takes_what_the_core_s_model_says(core: str, each: float, tmp_path: Path) -> None:
    """M7: pairs, but for the branch. M3, M4: 2 + 1 for the loads, 3 for the sums, 3 for the taken branch."""
    estimate = run(core, LOOP, tmp_path)
    (loop, end) = estimate.blocks
    assert (loop.function, loop.count, len(loop.text)) == ("loop", 1000, 6)
    assert (end.count, end.text) == (1, ("bx\tlr",))
    assert estimate.instructions == 6001
    assert loop.cycles == pytest.approx(each, abs=0.1)
    assert core in estimate.model
    assert ("llvm-mca 19" in estimate.model) == (core == "cortex-m7")


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


@pytest.mark.parametrize(
    ("core", "text", "after_load", "want"),
    [
        ("cortex-m0plus", "ldr\tr0, [r1]", False, 2),
        ("cortex-m0plus", "ldr\tr0, [r1]", True, 2),
        ("cortex-m0plus", "push\t{r4, r5, lr}", False, 4),
        ("cortex-m0plus", "pop\t{r4, r5, pc}", False, 6),
        ("cortex-m0plus", "bl\t#40", False, 3),
        ("cortex-m0plus", "muls\tr0, r1, r0", False, 1),
        ("cortex-m0plus", "beq\t#4", False, 1),
        ("cortex-m3", "mla\tr0, r1, r2, r3", False, 2),
        ("cortex-m4", "mla\tr0, r1, r2, r3", False, 1),
        ("cortex-m3", "umlal\tr0, r1, r2, r3", False, 6),
        ("cortex-m4", "umlal\tr0, r1, r2, r3", False, 1),
        ("cortex-m4", "udiv\tr0, r1, r2", False, 7),
        ("cortex-m4", "ldr\tr0, [r1, r2]", False, 2),
        ("cortex-m4", "ldr\tr0, [r1, r2]", True, 1),
        ("cortex-m4", "ldrd\tr0, r1, [r2]", False, 3),
        ("cortex-m4", "ldm.w\tr12, {r8, r9, r10, r11}", False, 5),
        ("cortex-m4", "stm\tr0!, {r4-r11}", False, 9),
        ("cortex-m4", "vldmia\tr0, {d0, d1}", False, 5),
        ("cortex-m4", "vdiv.f32\ts0, s1, s2", False, 14),
        ("cortex-m4", "it\teq", False, 0),
        ("cortex-m4", "bx\tlr", False, 3),
        ("cortex-m4", "pop.w\t{r4, pc}", False, 5),
        ("cortex-m4", "str\tr0, [r1, #4]", False, 1),
        ("cortex-m4", "str\tr0, [r1, r2]", False, 2),
    ],
)
def test_the_table_of_arm_s_manuals(core: str, text: str, after_load: bool, want: int) -> None:
    assert cost(core, text, after_load).cycles == want


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


def test_missing_programs_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    symbols, _ = assemble("bx lr\n", "cortex-m7", tmp_path)
    monkeypatch.setattr(cycles_module.shutil, "which", lambda name: None)
    with pytest.raises(ToolError, match="cc is missing"):
        CountPlugin.build(symbols, "loop", tmp_path)
    with pytest.raises(ToolError, match="llvm-19"):
        estimate_cycles([{(0x1000, b"\x70\x47"): 1}], symbols, find_target("cortex-m7"))


def test_facts_name_model_and_memory(tmp_path: Path) -> None:
    facts = estimate_facts([run("cortex-m4", LOOP, tmp_path)], ["/a"])
    assert facts["model"] == "cycle table of Arm's TRM, cortex-m4"
    assert facts["memory"] == "no wait states, no cache misses"
    assert facts["hottest"][0]["code"][2]["text"] == "add.w r5, r5, r6"
    assert facts["cycles"] == facts["layers"][0]["cycles"] == sum(f["cycles"] for f in facts["functions"])


def test_the_shipped_model_s_estimate(tmp_path: Path, conforms: Any) -> None:
    """Counted twice, by the plugin and by the board's own timer: every layer agrees."""
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
    assert "watch_tiny_lookup_add16_pair" in functions and "counter_now" not in functions
    assert estimate["cycles"] == sum(layer["cycles"] for layer in estimate["layers"])
    assert shutil.which("llvm-mca-19") is not None
