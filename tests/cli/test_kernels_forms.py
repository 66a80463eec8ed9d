"""What `sensor-bnn kernels` prints of the hybrid family's layers, and of several cores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from click.testing import CliRunner

from sensor_bnn.cli import root
from sensor_bnn.compiler.targets import Target
from sensor_bnn.measure.kernels import ALL_FLOATS, ALL_HEADS, DEFAULT_SHAPES, KernelRow, Shape
from sensor_bnn.measure.known_costs import (
    binary_goal,
    epilogue_goal,
    int8_goal,
    known_binary,
    known_int8,
)

CONVOLUTION = "3x3x64 -> 64, 16x16"


def row(target: str, kernel: str, instr_per_mac: float, **more: Any) -> KernelRow:
    sizes = {"m": 256, "n": 64, "k": 576, "macs": 9_437_184}
    facts = {"output": "values", "cycles_estimate": None, "exact": True, "layer": CONVOLUTION, **sizes}
    count = round(instr_per_mac * sizes["macs"])
    return KernelRow(
        **{**facts, **more}, kernel=kernel, target=target, instructions=count, instr_per_mac=instr_per_mac
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[Shape], dict[str, Any]]]:
    """Replace the measurement, and note what it is asked for."""
    calls: list[tuple[str, list[Shape], dict[str, Any]]] = []

    def measure(target: Target, shapes: Sequence[Shape], console: object, **options: Any) -> list[KernelRow]:
        calls.append((target.name, list(shapes), options))
        known = known_int8(CONVOLUTION, target.name)
        goal = binary_goal(CONVOLUTION, target.name)
        return [
            row(target.name, "chosen", 0.11, goal=goal, known=known),
            row(target.name, "chosen_int8", 1.5, goal=int8_goal(CONVOLUTION, target.name), known=known),
        ]

    monkeypatch.setattr("sensor_bnn.measure.kernels.measure_kernels", measure)
    return calls


def test_markdown_has_a_column_for_each_core(asked: list[Any]) -> None:
    targets = ["--target", "cortex-m7", "--target", "cortex-m55"]
    done = CliRunner().invoke(root, ["kernels", "--layers", *targets, "--markdown"])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "| layer | output | kernel | cortex-m7 | cortex-m55 |"
    chosen = f"| {CONVOLUTION} | values | chosen | 0.110 (goal 0.13; A 1.8) | 0.110 (goal 0.045) |"
    assert chosen in lines
    assert f"| {CONVOLUTION} | values | chosen_int8 | 1.500 (goal 1.98; A 1.8) | 1.500 |" in lines
    assert lines[-1].startswith("A: CMSIS-NN, commit 99f736a6")
    assert [(target, shapes) for target, shapes, _ in asked] == [("cortex-m7", []), ("cortex-m55", [])]


def test_a_table_has_goals_and_the_costs_of_others(asked: list[Any]) -> None:
    done = CliRunner().invoke(root, ["kernels", "--layers"])
    assert done.exit_code == 0, done.output
    assert "CMSIS-NN 1.8" in done.stdout and "0.13" in done.stdout
    assert [options["layers"] for _, _, options in asked] == [True]


def test_json_names_the_sources(asked: list[Any]) -> None:
    done = CliRunner().invoke(root, ["kernels", "--layers", "--json"])
    assert done.exit_code == 0, done.output
    first, _ = json.loads(done.stdout)["rows"]
    assert (first["layer"], first["goal"]) == (CONVOLUTION, 0.13)
    (known,) = first["known"]
    assert (known["name"], known["instr_per_mac"]) == ("CMSIS-NN", 1.8)
    assert "QEMU" in known["source"]


def test_all_is_everything_that_the_page_shows(asked: list[Any]) -> None:
    assert CliRunner().invoke(root, ["kernels", "--all", "--json"]).exit_code == 0
    ((target, shapes, options),) = asked
    assert (target, shapes) == ("cortex-m7", list(DEFAULT_SHAPES))
    assert (options["attention"], options["pack"]) == (list(ALL_HEADS), list(ALL_FLOATS))
    assert options["layers"] is True


def test_what_contradicts_itself_is_refused(asked: list[Any]) -> None:
    both = CliRunner().invoke(root, ["kernels", "--markdown", "--json"])
    assert both.exit_code == 2 and "--markdown" in both.output
    of = CliRunner().invoke(root, ["kernels", "--layers", "--layers-of", "result.json"])
    assert of.exit_code == 2 and "--layers" in of.output
    assert asked == []


def test_wrong_outputs_are_marked_and_end_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = [row("cortex-m7", "chosen", 0.11, exact=False)]
    monkeypatch.setattr("sensor_bnn.measure.kernels.measure_kernels", lambda *_, **__: wrong)
    done = CliRunner().invoke(root, ["kernels", "--layers", "--markdown"])
    assert done.exit_code == 1 and "0.110 WRONG" in done.stdout


def test_known_costs_are_those_of_the_same_core() -> None:
    assert known_int8(CONVOLUTION, "cortex-m55") == ()
    assert known_int8("another", "cortex-m7") == ()
    (larq,) = known_binary(64, 192, 192, "float", "cortex-a53")
    assert larq.instr_per_mac == pytest.approx(113_776 / (64 * 192 * 192), abs=1e-4)
    assert known_binary(64, 192, 192, "float", "cortex-m7") == ()
    assert known_binary(64, 192, 191, "float", "cortex-a53") == ()
    # A core without SIMD must not take more than CMSIS-NN, another one at most a tenth more.
    assert int8_goal(CONVOLUTION, "cortex-m3") == 2.7
    assert int8_goal(CONVOLUTION, "cortex-m7") == pytest.approx(1.1 * 1.8)
    assert (epilogue_goal("cortex-a53"), epilogue_goal("rv32imc")) == (2, None)
