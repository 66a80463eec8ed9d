"""The kernels on an emulated Cortex-M7: exact, and no slower than was promised."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from sensor_bnn import kernels as kernels_module
from sensor_bnn.cli.kernels import command
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.errors import BoardError
from sensor_bnn.kernels import DEFAULT_SHAPES, KernelRow, Shape, find_emulated, measure_kernels
from sensor_bnn.report.schema import violation

GRID = (
    Shape(1, 1, 1),
    Shape(3, 31, 33),
    Shape(4, 33, 31),
    Shape(8, 63, 65),
    Shape(15, 65, 63),
    Shape(16, 32, 32),
    Shape(17, 9, 225),
    Shape(20, 64, 64),
    Shape(20, 128, 64),
    Shape(20, 64, 128),
    Shape(33, 37, 254),
    Shape(5, 34, 255),
    Shape(16, 40, 256),
    Shape(7, 225, 257),
    Shape(65, 192, 192),
)

# Instructions a multiply-add, tables included.
BARS = {
    (Shape(64, 192, 192), "packed"): 0.15,
    (Shape(64, 192, 192), "float"): 0.18,
    (Shape(64, 768, 192), "packed"): 0.12,
    (Shape(64, 192, 768), "float"): 0.16,
}


@pytest.fixture(scope="module")
def rows() -> list[KernelRow]:
    return measure_kernels(find_target("cortex-m7"), (*DEFAULT_SHAPES, *GRID), Console(file=io.StringIO()))


def test_every_kernel_is_exact_at_every_shape(rows: list[KernelRow]) -> None:
    assert len(rows) == 8 * (len(DEFAULT_SHAPES) + len(GRID))
    assert [row for row in rows if not row.exact] == []


@pytest.mark.parametrize(("shape", "output"), BARS)
def test_bar(rows: list[KernelRow], shape: Shape, output: str) -> None:
    (row,) = (
        row
        for row in rows
        if (Shape(row.m, row.n, row.k), row.output, row.kernel) == (shape, output, "chosen")
    )
    assert row.instr_per_mac <= BARS[shape, output]


BARS_OF_OTHERS = [("cortex-m0plus", 0.35), ("cortex-m3", 0.20), ("cortex-m4", 0.16), ("cortex-m55", 0.06)]


@pytest.mark.parametrize(("core", "most"), BARS_OF_OTHERS)
def test_bar_of_another_core(core: str, most: float) -> None:
    counted = measure_kernels(find_target(core), (DEFAULT_SHAPES[0], *GRID[:9]), Console(file=io.StringIO()))
    assert [row for row in counted if not row.exact] == []
    (row,) = (
        row for row in counted if (row.m, row.n, row.output, row.kernel) == (64, 192, "packed", "chosen")
    )
    assert row.instr_per_mac <= most


# Blocks of 32 rows that are full, nearly empty and one more; fours and eights of outputs that are not full;
# pairs and single words of K; counts that just fit a byte and that do not; some chunks of them.
HELIUM = (
    *(Shape(m, n, k) for m, n, k in ((32, 36, 64), (31, 35, 65), (33, 8, 254), (2, 7, 255), (48, 33, 256))),
    *(Shape(m, n, k) for m, n, k in ((16, 5, 192), (17, 3, 193), (18, 4, 384), (35, 45, 417), (64, 31, 768))),
)


def random_shapes(count: int) -> tuple[Shape, ...]:
    rng = np.random.default_rng(20261122)
    return tuple(Shape(*map(int, rng.integers(1, (70, 70, 700)))) for _ in range(count))


@pytest.mark.parametrize("shapes", [HELIUM, random_shapes(6)], ids=["edges", "random"])
def test_helium_is_exact(shapes: tuple[Shape, ...]) -> None:
    counted = measure_kernels(find_target("cortex-m55"), shapes, Console(file=io.StringIO()))
    assert {row.kernel for row in counted} == {"helium", "popcount", "chosen"}
    assert [row for row in counted if not row.exact] == []
    for chosen in (row for row in counted if row.kernel == "chosen" and row.n >= 32 and row.k >= 32):
        shape = (chosen.m, chosen.n, chosen.k, chosen.output)
        best = min(row.instructions for row in counted if (row.m, row.n, row.k, row.output) == shape)
        assert chosen.instructions <= 1.1 * best, shape


def test_the_choice_is_hardly_slower_than_the_best(rows: list[KernelRow]) -> None:
    """The cost formula knows the kernels: at sizes that matter it never loses a tenth."""
    for chosen in (row for row in rows if row.kernel == "chosen" and row.n >= 32 and row.k >= 32):
        shape = (chosen.m, chosen.n, chosen.k, chosen.output)
        best = min(row.instructions for row in rows if (row.m, row.n, row.k, row.output) == shape)
        assert chosen.instructions <= 1.1 * best, shape


def test_command_prints_rows_that_repeat_to_the_instruction() -> None:
    results = []
    for _ in range(2):
        done = CliRunner().invoke(command, ["--shape", "20x64x64", "--shape", "3x5x7", "--json"])
        assert done.exit_code == 0
        results.append(json.loads(done.stdout))
    assert results[0] == results[1]
    assert violation(results[0], "kernels") is None
    assert {row["exact"] for row in results[0]["rows"]} == {True}
    assert {row["macs"] for row in results[0]["rows"]} == {20 * 64 * 64, 3 * 5 * 7}


@pytest.mark.parametrize("text", ["64x192", "0x1x1", "axbxc", "64x192x192x2"])
def test_a_shape_that_is_none_is_wrong_usage(text: str) -> None:
    done = CliRunner().invoke(command, ["--shape", text])
    assert done.exit_code == 2
    assert "MxNxK" in done.stderr


def test_a_target_without_an_emulated_board() -> None:
    with pytest.raises(BoardError, match="measured on"):
        measure_kernels(find_target("host"), DEFAULT_SHAPES, Console(file=io.StringIO()))


@pytest.mark.parametrize(("core", "other"), [("cortex-m85", "cortex-m55"), ("cortex-m33-nofp", "cortex-m33")])
def test_a_core_without_a_machine_runs_on_one_that_has_all_its_instructions(
    core: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QEMU has no Cortex-M85 and no Cortex-M33 without FPU: what is built for them is exact elsewhere."""
    board = replace(find_emulated(find_target(other)), target=core)
    monkeypatch.setattr(kernels_module, "find_emulated", lambda target: board)
    counted = measure_kernels(
        find_target(core), (Shape(33, 37, 254), *HELIUM[-2:]), Console(file=io.StringIO())
    )
    assert {row.target for row in counted} == {core}
    assert [row for row in counted if not row.exact] == []
