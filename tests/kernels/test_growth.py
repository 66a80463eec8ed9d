"""``kernels --growth``: where the cost of a multiply-add rises with the work, and the picture of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from sensor_bnn.cli import root
from sensor_bnn.errors import DataError
from sensor_bnn.measure.growth import SHAPES, have_series, rises_of, series_of
from sensor_bnn.measure.kernels import KernelRow, Shape
from sensor_bnn.report.growth import draw_growth, growth_lines


def row(target: str, m: int, n: int, k: int, instructions: int) -> KernelRow:
    macs = m * n * k
    return KernelRow(
        "chosen", target, m, n, k, "packed", macs, instructions, round(instructions / macs, 4), None, True
    )


ROWS = [
    row("cortex-m7", 64, 32, 32, 13_107),  # 0.2 per MAC
    row("cortex-m7", 16, 32, 32, 3_300),  # 0.2014, and 0.7 % less at 64 tokens
    row("cortex-m7", 64, 64, 64, 28_836),  # 0.11
    row("cortex-m7", 64, 96, 96, 70_779),  # 0.12
    row("cortex-m4", 64, 96, 96, 70_779),
]


def test_rises_are_found_along_tokens_and_along_width() -> None:
    """By hand: from width 64 to 96 the cost rises from 0.11 to 0.12, by 9.1 %; nothing else rises."""
    series = series_of(ROWS)
    assert [(one.target, one.along, one.fixed, [one.value(r) for r in one.rows]) for one in series] == [
        ("cortex-m7", "tokens", "32 outputs, 32 inputs", [16, 64]),
        ("cortex-m7", "width", "64 tokens", [32, 64, 96]),
    ]
    assert growth_lines(series, rises_of(series)) == [
        "cortex-m7, 64 tokens: width 64 to 96 rises by 9.1%, from 0.1100 to 0.1200 instructions per "
        "multiply-add",
        "1 of 3 steps rise.",
    ]
    flat = series_of([ROWS[2], replace(ROWS[3], instructions=65_000)])  # 0.1102: less than the noise
    assert growth_lines(flat, rises_of(flat)) == ["0 of 1 steps rise."]


def test_the_default_shapes_are_those_of_the_goal() -> None:
    assert {shape.m for shape in SHAPES if shape.n == shape.k == 192} >= {16, 64, 197}
    assert {shape.n for shape in SHAPES if shape.m == 64} >= {64, 192, 256, 384}
    assert have_series(SHAPES) and not have_series([Shape(4, 32, 64), Shape(8, 64, 64)])


def test_the_picture_has_a_line_per_core_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    series = series_of([*ROWS, *(replace(one, target="cortex-m55") for one in ROWS[:4])])
    for name in ("a.svg", "b.svg"):
        draw_growth(tmp_path / name, series)
    drawn = (tmp_path / "a.svg").read_text()
    assert drawn == (tmp_path / "b.svg").read_text()
    assert "instructions per multiply-add" in drawn and "width (64 tokens)" in drawn
    assert drawn.count(">cortex-m55<") == 2 == drawn.count(">cortex-m7<")
    with pytest.raises(DataError, match="known picture format"):
        draw_growth(tmp_path / "a.bmp", series)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--growth", "g.svg", "--attention", "64x32"],
        ["--growth", "g.svg", "--no-baselines"],
        ["--growth", "g.svg", "--shape", "4x32x32", "--shape", "8x64x64"],
    ],
)
def test_wrong_usage_is_refused_before_anything_runs(arguments: list[str]) -> None:
    """Without the fixtures of a compiler and an emulator this test may start neither."""
    done = CliRunner().invoke(root, ["kernels", *arguments])
    assert done.exit_code == 2 and "--growth" in done.output


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_the_command_counts_draws_and_says_where_it_rises(
    tmp_path: Path, conforms: Callable[[str, object], None]
) -> None:
    picture = tmp_path / "growth.svg"
    shapes = ["--shape", "4x64x64", "--shape", "8x64x64", "--shape", "8x32x32"]
    done = CliRunner().invoke(
        root, ["kernels", "--target", "cortex-m7", *shapes, "--growth", str(picture), "--json"]
    )
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    conforms("kernels", result)
    assert [(one["m"], one["n"], one["kernel"], one["output"]) for one in result["rows"]] == [
        (m, n, "chosen", "packed") for m, n in ((4, 64), (8, 64), (8, 32))
    ]
    assert "steps rise." in done.stderr
    assert "cortex-m7" in picture.read_text()
