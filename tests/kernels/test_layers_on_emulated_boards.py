"""The layers of the hybrid family on an emulated Cortex-A53: exact, within their goals, and as documented."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from sensor_bnn.compiler.targets import find_target
from sensor_bnn.measure.kernels import KernelRow, measure_kernels

DOCUMENT = Path(__file__).parents[2] / "docs" / "measuring.md"
CORE = "cortex-a53"

# Instructions per multiply-add, or per element of the last ones.
BARS = {
    ("3x3x64 -> 64, 16x16", "values", "chosen"): 0.0335,
    ("3x3x64 -> 64, 16x16", "bits", "chosen"): 0.0335,
    ("3x3x128 -> 128, 8x8", "values", "chosen"): 0.031,
    ("k 5 x 64 -> 64, 50", "values", "chosen"): 0.037,
    ("k 5 x 32 -> 32, 25", "values", "chosen"): 0.053,
    ("3x3x64 -> 64, 8x8", "values", "chosen_int8"): 0.28,
    ("4x4x3 -> 32, 32x32, stride 2", "values", "chosen_int8"): 0.42,
    ("threshold and pack, 64x64", "bits", "chosen"): 0.92,
    ("epilogue, 64x64", "values", "epilogue"): 2.6,
    ("epilogue, 64x64", "bits", "epilogue"): 2.4,
}


@pytest.fixture(scope="module")
def rows(cross_compiler: None, qemu: None) -> dict[tuple[str | None, str, str], KernelRow]:
    found = measure_kernels(find_target(CORE), (), Console(file=io.StringIO()), layers=True)
    return {(row.layer, row.output, row.kernel): row for row in found}


def test_every_layer_is_exact(rows: dict[tuple[str | None, str, str], KernelRow]) -> None:
    assert [key for key, row in rows.items() if not row.exact] == []
    assert {row.kernel for row in rows.values()} == {"chosen", "chosen_int8", "epilogue"}


def test_no_layer_takes_more_instructions_than_its_bar(
    rows: dict[tuple[str | None, str, str], KernelRow],
) -> None:
    found = {key: rows[key].instr_per_mac for key in BARS}
    assert {key: each for key, each in found.items() if each > BARS[key]} == {}


def test_binary_convolutions_reach_their_goals(rows: dict[tuple[str | None, str, str], KernelRow]) -> None:
    goals = {key: row.goal for key, row in rows.items() if row.goal is not None and row.kernel == "chosen"}
    assert len(goals) == 6
    assert {key: goal for key, goal in goals.items() if rows[key].instr_per_mac > goal} == {}


def documented() -> dict[tuple[str, str, str], float]:
    """Return the column of the core in the table that `sensor-bnn kernels --layers --markdown` made."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    head = next(line for line in lines if line.startswith("| layer | output | kernel |"))
    column = [cell.strip() for cell in head.split("|")].index(CORE)
    table = [line.split("|") for line in lines[lines.index(head) + 2 :]]
    found = {}
    for cells in table[: next(place for place, cells in enumerate(table) if len(cells) < 2)]:
        layer, output, kernel = (cell.strip() for cell in cells[1:4])
        figure = re.match(r"[\d.]+", cells[column].strip())
        assert figure is not None, cells
        found[layer, output, kernel] = float(figure[0])
    return found


def test_the_document_has_what_is_counted(rows: dict[tuple[str | None, str, str], KernelRow]) -> None:
    """Another version of the cross compiler may take some instructions more or less."""
    found = {key: row.instr_per_mac for key, row in rows.items()}
    assert documented() == pytest.approx(found, rel=0.03, abs=0.001)
