"""The kernels on an emulated Cortex-M7: exact, and within their limits."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from sensor_bnn.cli.kernels import command
from sensor_bnn.compiler.lookup import kernels_of
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.cycles import cycles
from sensor_bnn.errors import BoardError
from sensor_bnn.measure import kernels as kernels_module
from sensor_bnn.measure.kernels import DEFAULT_SHAPES, KernelRow, Shape, find_emulated, measure_kernels
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

FIELDS = [
    *("kernel", "target", "m", "n", "k", "output", "macs", "instructions", "instr_per_mac"),
    *("cycles_estimate", "exact", "layer", "goal", "known"),
]

# Instructions per multiply-add, tables included.
BARS = {
    (Shape(64, 192, 192), "packed"): 0.103,
    (Shape(64, 192, 192), "float"): 0.134,
    (Shape(64, 768, 192), "packed"): 0.0903,
    (Shape(64, 192, 768), "float"): 0.112,
}


@pytest.fixture(scope="module")
def rows(cross_compiler: None, qemu: None) -> list[KernelRow]:
    return measure_kernels(find_target("cortex-m7"), (*DEFAULT_SHAPES, *GRID), Console(file=io.StringIO()))


def test_every_kernel_is_exact_at_every_shape(rows: list[KernelRow]) -> None:
    """Including int8 and float32."""
    assert len(rows) == 10 * (len(DEFAULT_SHAPES) + len(GRID))
    assert [row for row in rows if not row.exact] == []


def of(rows: list[KernelRow], kernel: str, output: str = "packed", n: int = 192) -> KernelRow:
    """Return the row of 64 tokens and K = 192."""
    (found,) = (
        row for row in rows if (row.m, row.n, row.k, row.output, row.kernel) == (64, n, 192, output, kernel)
    )
    return found


def test_beside_int8_and_float32(rows: list[KernelRow]) -> None:
    """Ours takes a fifteenth. The int8 kernel is a fair baseline: CMSIS-NN's takes 1.65 there."""
    int8 = of(rows, "int8_smlad")
    assert int8.instr_per_mac <= 1.66
    assert of(rows, "chosen").instructions * 15 <= int8.instructions
    assert of(rows, "chosen").instructions * 40 <= of(rows, "tvm_float32", "float").instructions


def test_bar_in_estimated_cycles(rows: list[KernelRow]) -> None:
    for kernel in ("chosen", "int8_smlad"):
        assert of(rows, kernel).cycles_estimate is not None
    estimate = of(rows, "chosen").cycles_estimate
    assert estimate is not None and estimate <= 0.14 * 64 * 192 * 192


@pytest.mark.parametrize(("shape", "output"), BARS)
def test_bar(rows: list[KernelRow], shape: Shape, output: str) -> None:
    (row,) = (
        row
        for row in rows
        if (Shape(row.m, row.n, row.k), row.output, row.kernel) == (shape, output, "chosen")
    )
    assert row.instr_per_mac <= BARS[shape, output]


@pytest.mark.usefixtures("cross_compiler", "qemu")
@pytest.mark.parametrize(
    ("core", "most", "int8", "times"),
    [
        ("cortex-m0plus", 0.181, "int8_c", 15),
        ("cortex-m3", 0.113, "int8_c", 20),
        ("cortex-m4", 0.105, "int8_smlad", 14),
        ("cortex-m55", 0.06, "int8_vmladava", 6),
    ],
)
def test_bar_of_another_core(core: str, most: float, int8: str, times: int) -> None:
    counted = measure_kernels(find_target(core), (DEFAULT_SHAPES[0], *GRID[:9]), Console(file=io.StringIO()))
    assert [row for row in counted if not row.exact] == []
    chosen, peer = of(counted, "chosen"), of(counted, int8)
    assert chosen.instr_per_mac <= most
    assert chosen.instructions * times <= peer.instructions
    if core == "cortex-m55":
        assert peer.instr_per_mac <= 0.245, "CMSIS-NN's"
        assert chosen.cycles_estimate is not None
        assert chosen.cycles_estimate <= 0.10 * chosen.macs


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_bar_of_rows_whose_counts_do_not_fit_a_byte() -> None:
    """Counts go from bytes to halfwords there."""
    shapes = (Shape(64, 256, 256), Shape(64, 384, 384))
    counted = measure_kernels(find_target("cortex-m7"), shapes, Console(file=io.StringIO()), baselines=False)
    assert [row for row in counted if not row.exact] == []
    chosen = {(row.k, row.output): row.instr_per_mac for row in counted if row.kernel == "chosen"}
    bars = {(256, "packed"): 0.113, (256, "float"): 0.136, (384, "packed"): 0.101, (384, "float"): 0.117}
    assert {key: each for key, each in chosen.items() if each > bars[key]} == {}


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_bar_of_risc_v() -> None:
    """Int8 and float32 have 4 tokens: in software the floats of 64 take half a minute."""
    core, said = find_target("rv32imc"), Console(file=io.StringIO())
    counted = measure_kernels(core, (DEFAULT_SHAPES[0], GRID[0], *GRID[3:9:2]), said, baselines=False)
    peers = measure_kernels(core, (Shape(4, 192, 192),), said, binary=False)
    assert [row for row in (*counted, *peers) if not row.exact] == []
    assert {row.cycles_estimate for row in (*counted, *peers)} == {None}
    chosen = of(counted, "chosen")
    assert chosen.instr_per_mac <= 0.165
    assert of(counted, "chosen", "float").instr_per_mac <= 1.0
    (int8,) = (row for row in peers if row.kernel == "int8_c")
    assert 4.2 <= int8.instr_per_mac <= 4.6
    assert chosen.instr_per_mac * 25 <= int8.instr_per_mac


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_what_does_not_fit_is_left_out_and_said() -> None:
    """A Cortex-M55's slot of 2 MB holds 6144 x 192 weights as bits or bytes, but not as floats."""
    said = io.StringIO()
    counted = measure_kernels(
        find_target("cortex-m55"), (Shape(2, 6144, 192),), Console(file=said, width=999, highlight=False)
    )
    assert {row.kernel for row in counted} == {"helium", "byrow", "popcount", "chosen", "int8_vmladava"}
    assert "tvm_float32 at 2x6144x192 (float) is left out: The model does not fit" in said.getvalue()
    with pytest.raises(BoardError, match="does not fit"):
        measure_kernels(find_target("cortex-m55"), (Shape(999999, 999999, 9),), Console(file=io.StringIO()))


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_without_llvm_mca_there_are_counts_and_no_cycles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cycles, "MODEL", "llvm-mca-of-nobody")
    done = CliRunner().invoke(command, ["--shape", "3x5x7", "--json"])
    assert done.exit_code == 0
    assert "apt-get install --no-install-recommends llvm-19" in " ".join(done.stderr.split())
    told = json.loads(done.stdout)
    assert violation(told, "kernels") is None
    assert told["cycles_model"] is None
    assert {row["cycles_estimate"] for row in told["rows"]} == {None}
    assert {row["exact"] for row in told["rows"]} == {True}


# Blocks of 32 rows that are full, nearly empty, and full plus one row; incomplete groups of four and eight
# outputs; pairs and single words of K; counts that just fit a byte, and larger ones; several chunks of them.
HELIUM = (
    *(Shape(m, n, k) for m, n, k in ((32, 36, 64), (31, 35, 65), (33, 8, 254), (2, 7, 255), (48, 33, 256))),
    *(Shape(m, n, k) for m, n, k in ((16, 5, 192), (17, 3, 193), (18, 4, 384), (35, 45, 417), (64, 31, 768))),
)


def random_shapes(count: int) -> tuple[Shape, ...]:
    rng = np.random.default_rng(20261122)
    return tuple(Shape(*map(int, rng.integers(1, (70, 70, 700)))) for _ in range(count))


@pytest.mark.usefixtures("cross_compiler", "qemu")
@pytest.mark.parametrize("shapes", [HELIUM, random_shapes(6)], ids=["edges", "random"])
def test_helium_is_exact(shapes: tuple[Shape, ...]) -> None:
    counted = measure_kernels(find_target("cortex-m55"), shapes, Console(file=io.StringIO()), baselines=False)
    kernels = {kernel.name: kernel for kernel in kernels_of(find_target("cortex-m55"))}
    assert {row.kernel for row in counted} == {*kernels, "chosen"}
    assert [row for row in counted if not row.exact] == []
    for chosen in (row for row in counted if row.kernel == "chosen" and row.n >= 32 and row.k >= 32):
        shape = (chosen.m, chosen.n, chosen.k, chosen.output)
        best = min(
            row.instructions
            for row in counted
            if (row.m, row.n, row.k, row.output) == shape
            and (row.kernel == "chosen" or (kernels[row.kernel].most_rows or row.m) >= row.m)
        )
        assert chosen.instructions <= 1.1 * best, shape


def test_the_choice_is_hardly_slower_than_the_best(rows: list[KernelRow]) -> None:
    """The cost formula matches the kernels: at relevant sizes its choice never loses 10 %."""
    for chosen in (row for row in rows if row.kernel == "chosen" and row.n >= 32 and row.k >= 32):
        shape = (chosen.m, chosen.n, chosen.k, chosen.output)
        best = min(row.instructions for row in rows if (row.m, row.n, row.k, row.output) == shape)
        assert chosen.instructions <= 1.1 * best, shape


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_command_prints_rows_that_repeat_to_the_instruction() -> None:
    results = []
    for _ in range(2):
        done = CliRunner().invoke(command, ["--shape", "20x64x64", "--shape", "3x5x7", "--json"])
        assert done.exit_code == 0
        results.append(json.loads(done.stdout))
    assert results[0] == results[1]
    assert violation(results[0], "kernels") is None
    assert results[0]["cycles_model"].endswith(", cortex-m7")
    for row in results[0]["rows"]:
        assert list(row) == FIELDS
        assert row["exact"] and row["cycles_estimate"] > 0
        assert row["instr_per_mac"] == round(row["instructions"] / row["macs"], 4)
    assert {row["macs"] for row in results[0]["rows"]} == {20 * 64 * 64, 3 * 5 * 7}


@pytest.mark.parametrize("text", ["64x192", "0x1x1", "axbxc", "64x192x192x2"])
def test_a_shape_that_is_none_is_wrong_usage(text: str) -> None:
    done = CliRunner().invoke(command, ["--shape", text])
    assert done.exit_code == 2
    assert "MxNxK" in done.stderr


def test_a_target_without_an_emulated_board() -> None:
    with pytest.raises(BoardError, match="measured on"):
        measure_kernels(find_target("host"), DEFAULT_SHAPES, Console(file=io.StringIO()))


@pytest.mark.usefixtures("cross_compiler", "qemu")
@pytest.mark.parametrize(("core", "other"), [("cortex-m85", "cortex-m55"), ("cortex-m33-nofp", "cortex-m33")])
def test_a_core_without_a_machine_runs_on_one_that_has_all_its_instructions(
    core: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QEMU has no Cortex-M85 and no Cortex-M33 without FPU: code for them is tested on other cores."""
    board = replace(find_emulated(find_target(other)), target=core)
    monkeypatch.setattr(kernels_module, "find_emulated", lambda target: board)
    counted = measure_kernels(
        find_target(core), (Shape(33, 37, 254), *HELIUM[-2:]), Console(file=io.StringIO()), baselines=False
    )
    assert {row.target for row in counted} == {core}
    assert [row for row in counted if not row.exact] == []
