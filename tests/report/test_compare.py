"""Comparisons: what counts as a regression, and what the command says and returns."""

from __future__ import annotations

import copy
import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sensor_bnn.cli import COMMANDS
from sensor_bnn.cli.compare import command
from sensor_bnn.errors import DataError
from sensor_bnn.report.compare import compare_results

Make = Callable[..., dict[str, Any]]
DOCS = Path(__file__).parents[2] / "docs"


def grown(result: dict[str, Any], layer: int, by: int) -> dict[str, Any]:
    """Return the result with a layer, and therefore one whole inference, that takes more."""
    changed = copy.deepcopy(result)
    changed["layers"][layer]["instructions"] += by
    changed["instructions"] += by
    return changed


def test_the_same_twice(bench_result: Make) -> None:
    found = compare_results(bench_result(), bench_result(), 0.0)
    assert not found.failed and found.same_model
    assert {one.change for one in (found.inference, *found.layers, *found.sizes)} == {0.0}


@pytest.mark.parametrize(
    ("layer", "by", "limit", "regressed"),
    [
        (2, 1000, 0.02, []),  # exactly 2 % of the layer is not over 2 %
        (2, 1001, 0.02, ["/layer2"]),
        (2, 2000, 0.02, ["inference", "/layer2"]),
        (2, 2000, None, []),
        (0, 70, 0.02, []),  # 7 % of a tiny layer: less than a thousandth of the inference
        (0, 80, 0.02, ["/layer0"]),
        (2, -5000, 0.0, []),
        (1, 1, 0.0, ["inference"]),
    ],
)
def test_what_regresses(
    bench_result: Make, layer: int, by: int, limit: float | None, regressed: list[str]
) -> None:
    found = compare_results(bench_result(), grown(bench_result(), layer, by), limit)
    assert [one.name for one in found.regressions] == regressed
    assert found.failed == bool(regressed)


def test_sizes_and_exactness(bench_result: Make) -> None:
    found = compare_results(bench_result(), bench_result(arena_bytes=1100), 0.05)
    assert [one.name for one in found.regressions] == ["arena_bytes"]
    found = compare_results(bench_result(weights_bytes=0), bench_result(weights_bytes=9), 0.5)
    assert [(one.name, one.change) for one in found.regressions] == [("weights_bytes", None)]
    assert compare_results(bench_result(), bench_result(bit_exact=False), 1.0).failed
    assert not compare_results(bench_result(), bench_result(bit_exact=None), 1.0).failed


def test_layers_that_come_and_go_and_share_a_name(bench_result: Make) -> None:
    new = bench_result(model_hash="cd" * 32)
    new["layers"][0]["name"] = "/layer1"
    found = compare_results(bench_result(), new, 0.5)
    rows = [(one.name, one.before, one.after) for one in found.layers]
    assert rows == [
        ("/layer1", 25_000, 1000),
        ("/layer1", None, 25_000),
        ("/layer2", 50_000, 50_000),
        ("/layer0", 1000, None),
    ]
    assert not found.same_model


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"board": "other"}, "differ in board: toy and other"),
        ({"emulated": False}, "differ in unit"),
        ({"counter": "dwt"}, "differ in counter: systick and dwt"),
        ({"counter_hz": 1}, "differ in counter's rate"),
    ],
)
def test_what_cannot_be_compared(bench_result: Make, changes: dict[str, object], told: str) -> None:
    with pytest.raises(DataError, match=told):
        compare_results(bench_result(), bench_result(**changes), None)


def run(folder: Path, before: dict[str, Any], after: dict[str, Any], *options: str) -> Result:
    for name, content in (("a.json", before), ("b.json", after)):
        (folder / name).write_text(json.dumps(content))
    return CliRunner().invoke(command, [str(folder / "a.json"), str(folder / "b.json"), *options])


def test_the_command(bench_result: Make, tmp_path: Path, conforms: Callable[[str, object], None]) -> None:
    after = grown(bench_result(), 2, 5000)
    done = run(tmp_path, bench_result(), after)
    assert done.exit_code == 0
    assert re.search(r"/layer2\s+50,000\s+55,000\s+\+10\.00%", done.stdout)
    assert "/layer1" not in done.stdout and "flash_bytes" in done.stdout
    done = run(tmp_path, bench_result(), after, "--all", "--fail-over", "2%")
    assert done.exit_code == 3
    assert "/layer1" in done.stdout and "regressed" in done.stdout
    assert done.stderr == "Regressed: inference, /layer2.\n"
    done = run(tmp_path, bench_result(), after, "--json", "--fail-over", "2")
    assert done.exit_code == 3
    result = json.loads(done.stdout)
    conforms("compare", result)
    assert (result["failed"], result["limit"], result["inference"]["change"]) == (True, 0.02, 0.065789)
    done = run(tmp_path, bench_result(), after, "--markdown", "--fail-over", "20%")
    assert done.exit_code == 0
    assert "| /layer2 | 50,000 | 55,000 | +10.00% |" in done.stdout


def test_outputs_that_are_no_longer_exact(bench_result: Make, tmp_path: Path) -> None:
    done = run(tmp_path, bench_result(), bench_result(bit_exact=False), "--fail-over", "2%")
    assert done.exit_code == 3
    assert "no longer exact" in done.stderr


@pytest.mark.parametrize("limit", ["two", "-1%", "nan", "inf", "%"])
def test_a_limit_that_is_none(bench_result: Make, tmp_path: Path, limit: str) -> None:
    assert run(tmp_path, bench_result(), bench_result(), f"--fail-over={limit}").exit_code == 2


def test_wrong_usage_and_files(bench_result: Make, tmp_path: Path) -> None:
    assert run(tmp_path, bench_result(), bench_result(), "--json", "--markdown").exit_code == 2
    assert isinstance(run(tmp_path, bench_result(), {}).exception, DataError)


def test_a_profile_with_itself_and_a_bench(
    shipped: dict[str, Any], bench_result: Make, tmp_path: Path
) -> None:
    assert run(tmp_path, shipped, shipped, "--fail-over", "0%").exit_code == 0


def test_the_workflow_calls_commands_that_exist() -> None:
    text = (DOCS / "examples" / "instructions.yml").read_text()
    assert "\t" not in text
    lines = re.findall(r'sensor-bnn"? ([a-z]+)([^>|\n]*)', text)
    assert [name for name, _ in lines] == ["profile", "compare", "compare", "report"]
    for name, rest in lines:
        assert name in COMMANDS
        known = importlib.import_module(f"sensor_bnn.cli.{name}").command.params
        options = {option for parameter in known for option in parameter.opts}
        assert {word for word in rest.split() if word.startswith("-")} <= options, name
    assert "--fail-over 2%" in text
