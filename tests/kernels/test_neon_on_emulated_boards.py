"""The kernels of the bare A cores on their emulated boards: exact, and within their limits."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from sensor_bnn.compiler.targets import find_target
from sensor_bnn.measure.kernels import KernelRow, Shape, measure_kernels

BAR = Shape(64, 192, 192)
SHAPES = (
    BAR,
    Shape(1, 1, 1),
    Shape(3, 31, 33),
    Shape(4, 64, 254),
    Shape(5, 65, 255),
    Shape(20, 64, 64),
    Shape(64, 192, 768),
    Shape(65, 192, 192),
)


@pytest.fixture(scope="module", params=["cortex-a53", "cortex-a72"])
def rows(cross_compiler: None, qemu: None, request: pytest.FixtureRequest) -> list[KernelRow]:
    return measure_kernels(find_target(request.param), SHAPES, Console(file=io.StringIO()))


def count(rows: list[KernelRow], shape: Shape, output: str, kernel: str) -> KernelRow:
    (found,) = (
        row for row in rows if (Shape(row.m, row.n, row.k), row.output, row.kernel) == (shape, output, kernel)
    )
    return found


def test_every_kernel_is_exact_at_every_shape(rows: list[KernelRow]) -> None:
    assert {row.kernel for row in rows} == {"neon", "popcount", "chosen", "int8_sadalp", "tvm_float32"}
    assert [row for row in rows if not row.exact] == []


def test_bar(rows: list[KernelRow]) -> None:
    """Instructions per multiply-add, including the layout of the weights and the packing of the outputs."""
    chosen = count(rows, BAR, "packed", "chosen")
    assert chosen.instr_per_mac <= 0.030
    assert count(rows, BAR, "float", "chosen").instr_per_mac <= 0.041
    assert chosen.instructions * 8 <= count(rows, BAR, "packed", "int8_sadalp").instructions


def test_the_choice_is_hardly_slower_than_the_best(rows: list[KernelRow]) -> None:
    for shape in SHAPES:
        for output in ("packed", "float"):
            best = min(count(rows, shape, output, name).instructions for name in ("neon", "popcount"))
            assert count(rows, shape, output, "chosen").instructions <= 1.15 * best + 50, (shape, output)
