"""Every table in a terminal of 60 columns: nothing is cut, no line is too long, and every word is there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundles import layer_facts, write_bundle, write_host_bundle
from click.testing import CliRunner
from explorations import exploration
from peer import Peer, toy_folder

import sensor_bnn
from sensor_bnn.cli import root
from sensor_bnn.compiler.compiled import Bundle
from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.firmware.check import BoardCheck
from sensor_bnn.measure.kernels import KernelRow
from sensor_bnn.report.confusion import confusion_table
from sensor_bnn.report.console import table_console
from sensor_bnn.report.estimate import print_estimate
from sensor_bnn.report.exploration import exploration_table
from sensor_bnn.report.stream import print_budget
from sensor_bnn.report.table import print_profile
from sensor_bnn.report.training import class_facts, print_training
from sensor_bnn.workflows.verify import BackendCheck, LayerCheck

NARROW, WIDE = 60, 400
LONG = "/blocks.0/attention/query/heads"
KERNEL = "watch_tiny_dense_6_1_1_20_5_n64_b20_float32_float32_int8_float32_float32"
FIRST_HEADINGS = {
    *("part", "layer", "name", "model", "kernel", "what", "board", "shape", "operator", "and", "sizes"),
    *("channel", "class", "target", "unit", "missing", "remark"),
}
"""Words of the headings of first columns and of empty ones, which a paragraph per row does without."""
_DRAWN = dict.fromkeys(range(9472, 9600), " ")

Printing = Callable[[], None]


def command(*arguments: object) -> Printing:
    def run() -> None:
        done = CliRunner().invoke(root, [str(one) for one in arguments], standalone_mode=False)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.output
        print(done.stdout)

    return run


def trained() -> dict[str, Any]:
    entry = {"epoch": 1, "loss": 1.25, "top1": 0.5, "validation_loss": 1.5, "validation_top1": 0.25}
    confusion = [[12_000, 1], [0, 0]]
    return {
        **{"epochs": 40, "trained_epochs": 2, "kept_epoch": 1, "test_balanced": 0.9, "test_macro_f1": 0.8},
        "history": [entry, {**entry, "epoch": 2}],
        "classes": class_facts(["walking_upstairs", "rest"], confusion),
        "confusion": confusion,
    }


def trained_on_numbers() -> dict[str, Any]:
    entry = {"epoch": 1, "loss": 1.25, "rmse": 1.1, "validation_rmse": 1.2}
    errors = {"rmse": 123.456, "baseline_rmse": 2345.6, "mae": 99.9, "r2": 0.987, "unit": "m/s", "points": []}
    return {
        **{"epochs": 40, "trained_epochs": 2, "kept_epoch": 1, "test_rmse": 0.25},
        "history": [entry, {**entry, "epoch": 2}],
        "targets": [{"name": "speed_of_the_left_wheel (m/s)", **errors}, {"name": "load", **errors}],
    }


def compiled(folder: Path, **_: Any) -> Bundle:
    fused = "BnnPatches + BnnMatMul + BnnStreamAdd"
    layers = [layer_facts(i, name=f"{LONG}{i}", op=fused, macs=81_920) for i in range(3)]
    write_bundle(folder, layers=layers)
    return Bundle(folder, read_metadata(folder))


def check_board(*_: object, **__: object) -> list[BoardCheck]:
    found = "bootloader links at 0x08000000, and all its vectors lead to Thumb code"
    return [BoardCheck("qemu-mps2-an500", "links", True, found), BoardCheck("toy", "fits", False, "no [1]")]


def kernel_row(kernel: str) -> KernelRow:
    facts = {"target": "cortex-m7", "m": 64, "n": 192, "k": 192, "output": "packed", "macs": 2_359_296}
    return KernelRow(
        **facts, kernel=kernel, instructions=260_001, instr_per_mac=0.11, cycles_estimate=900, exact=True
    )


def backend(name: str) -> BackendCheck:
    layer = LayerCheck(LONG, "BnnLinearPacked", 640, 3, 1.5, False, 2 if name != "host" else None)
    return BackendCheck(name, (layer,), LONG, 1.5)


TUNING: dict[str, Any] = {
    "model": "watch-tiny",
    "board": "qemu-mps2-an500",
    "unit": "instructions",
    "default_count": 1_533_929,
    "best_count": 1_433_929,
    "workloads": [
        {
            "workload": "BnnLinearPacked 20x64x64 float32 to packed, with threshold",
            "layers": [LONG, f"{LONG}/1"],
            "measured": [{"exact": True}] * 32,
            "default_count": 766_000,
            "best_count": 716_000,
            "gain": 0.065,
            "best": None,
        }
    ],
}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return compiled(tmp_path / "bundle").folder


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    x = np.random.default_rng(1).normal(size=(4, 6, 100)).astype(np.float32)
    names = np.array(["jumping rope slowly", "walking", "resting"])
    np.savez(tmp_path / "samples.npz", x=x, y=np.argmax(x[:, 0, :3], axis=1), classes=names)
    return tmp_path / "samples.npz"


def at_a_board(name: str, bundle: Path, samples: Path, tmp_path: Path) -> Printing:
    def run() -> None:
        host, board = tmp_path / "host", tmp_path / "toy"
        if not board.exists():
            write_host_bundle(host)
            toy_folder(tmp_path)
        with Peer("application") as peer:
            given = ["--board", board, "--port", peer.port]
            if name == "bench":
                command(name, bundle, *given, "--samples", samples, "--reference", host)()
            else:
                command(name, bundle, *given, "--data", samples, "--fresh")()

    return run


@pytest.fixture
def printing(
    bundle: Path,
    samples: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    bench_result: Callable[..., dict[str, Any]],
) -> dict[str, Printing]:
    """By name, the commands that print tables; those that take long are given their results."""
    monkeypatch.chdir(tmp_path)
    patches = {
        "sensor_bnn.firmware.check.check_board": check_board,
        "sensor_bnn.compiler.pipeline.compile_model": lambda *_, **__: compiled(tmp_path / "compiled"),
        "sensor_bnn.measure.kernels.measure_kernels": lambda *_, **__: [
            kernel_row("chosen"),
            kernel_row("int8_x"),
        ],
        "sensor_bnn.workflows.verify.verify_model": lambda *_: [backend("host"), backend("qemu-mps2-an500")],
        "sensor_bnn.tuning.tune.tune_model": lambda *_, **__: TUNING,
    }
    for place, stand_in in patches.items():
        monkeypatch.setattr(place, stand_in)
    (tmp_path / "model.onnx").write_bytes(b"")
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    before.write_text(json.dumps(bench_result()))
    after.write_text(json.dumps(bench_result(instructions=80_000)))
    counts = {"min": 1_533_929, "median": 1_533_930, "max": 1_533_999, "p99": 1_533_998}
    budget = {
        "unit": "instructions",
        "decisions": [{"recording": "walk-1"}] * 100,
        **dict.fromkeys(("preparing", "inferring", "smoothing", "cost"), counts),
        **{"budget_seconds": 0.2, "budget_used": 0.123, "hop": 20, "rate_hz": 100.0},
        **{"top1_steady": 0.9, "top1_answer": 0.8, "labelled_decisions": 77},
        **{"not_learned_decisions": 40, "not_learned_top1_steady": 0.7, "errors": None},
    }
    labels = ["jumping rope slowly", "walking"]
    rows = [f"r{i // 150},{labels[i // 150 % 2]},{i % 7}.5,{i % 11}.25" for i in range(900)]
    recordings = tmp_path / "recordings.csv"
    recordings.write_text("\n".join(["recording,label,left_upper_arm_acceleration_x,y", *rows]) + "\n")
    numbers = tmp_path / "numbers.toml"
    numbers.write_text(
        '[data]\nset = "csv"\npath = "numbers.csv"\nwindow = 50\n'
        'targets = ["speed_of_the_left_wheel (m/s)"]\n'
    )
    rows = [f"r{i // 150},{i % 7}.5,{i // 150}.25" for i in range(1200)]
    header = "recording,left_upper_arm_acceleration_x,speed_of_the_left_wheel (m/s)"
    numbers.with_suffix(".csv").write_text("\n".join([header, *rows]) + "\n")
    layers = [{"name": LONG, "instructions": 120_000, "cycles": 91_000}]
    code = [{"address": 0x8000 + 2 * i, "text": f"ldr r{i}, [r0, #{i}]"} for i in range(3)]
    block = {"function": KERNEL, "runs": 700, "cycles_a_run": 2.5, "share": 0.58, "code": code}
    estimate = {
        **{"model": "llvm-mca 19.1.7, cortex-m7", "memory": "no wait states, no cache misses"},
        **{"cycles": 91_000, "instructions": 120_000, "layers": layers, "hottest": [block]},
        "functions": [{"name": KERNEL, "instructions": 1400, "cycles": 2001}],
        "boards": [
            {
                **{"board": "nucleo-n657x0-q", "clock_hz": 480_000_000, "milliseconds": 0.19},
                "memory": {
                    **{"cycles": 91_000, "code_waits": 700, "data_waits": 9000, "model": LONG},
                    **{"at_least": True, "source": LONG, "assumes": LONG},
                    "layers": [{"name": LONG, "bound_by_memory": True}],
                    "weights_in_ram": {
                        **{"weights_bytes": 30_000, "free_bytes": 20_000, "fit": False},
                        **{"cycles_saved": 8000, "recommended": False},
                    },
                },
                **{"microjoules": 12.3, "power": {"microamps_per_mhz": 100, "volts": 3.3, "source": LONG}},
            }
        ],
    }
    profile = {
        **bench_result(),
        **{"unit": "instructions", "inference": counts, "observed": counts, "runs": 10, "warmup": 1},
        **{"probe_ratio": 1.0, "sum_error": 0.0, "layers_error": 0.001, "overhead": 12},
        "accuracy": [{"stage": "on the board", "top1": 0.5, "samples": 4}],
        "layers": [
            {
                **{"name": LONG, "count": counts, "share": 0.4, "macs": 81_920, "per_mac": 0.226},
                **dict.fromkeys(("input_bytes", "weights_bytes", "output_bytes"), 15_328),
            }
        ],
        "kernels": [{"kernel": KERNEL, "calls": 2, "count": 5, "share": 0.5, "macs": 0, "per_mac": None}],
    }
    return {
        "boards": command("boards"),
        "boards check": command("boards", "check", "qemu-mps2-an500"),
        "targets": command("targets"),
        "models": command("models"),
        "doctor": command("doctor"),
        "compile": command("compile", "model.onnx", "--target", "cortex-m7", "-o", "compiled"),
        "verify": command("verify", "model.onnx"),
        "kernels": command("kernels"),
        "tune": command("tune", "model.onnx"),
        "compare": command("compare", before, after, "--all"),
        "bench": at_a_board("bench", bundle, samples, tmp_path),
        "evaluate": at_a_board("evaluate", bundle, samples, tmp_path),
        "profile": lambda: print_profile(profile),
        "profile --estimate": lambda: print_estimate(estimate),
        "stream": lambda: print_budget(budget),
        "data": command("data", recordings),
        "data of numbers": command("data", numbers),
        "explore": lambda: table_console().print(exploration_table(exploration(), "cortex-m7")),
        "train": lambda: print_training(trained()),
        "train on numbers": lambda: print_training(trained_on_numbers()),
    }


NAMES = (
    *("boards", "boards check", "targets", "models", "doctor", "compile", "verify", "kernels", "tune"),
    *("compare", "bench", "evaluate", "profile", "profile --estimate", "stream", "data"),
    *("explore", "train", "train on numbers", "data of numbers"),
)
MODULES = {
    *("cli/boards.py", "cli/targets.py", "cli/models.py", "cli/doctor.py", "cli/compile.py", "cli/verify.py"),
    *("cli/kernels.py", "cli/tune.py", "report/difference.py", "report/table.py", "report/evaluation.py"),
    *("report/estimate.py", "report/stream.py", "report/contents.py"),
    *("report/exploration.py", "report/training.py"),
}
"""Where the tables of ``NAMES`` are printed."""


@pytest.mark.parametrize("name", ["compile", "bench", "targets --find", "explore"])
@pytest.mark.usefixtures("long_run")
def test_a_table_of_layers_or_chips_is_one_in_100_columns(
    name: str,
    printing: dict[str, Printing],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It keeps its columns, and no line of it is longer."""
    monkeypatch.setenv("COLUMNS", "100")
    {**printing, "targets --find": command("targets", "--find", "stm32f446")}[name]()
    table = re.split("flash: the weights of a layer|Recommended", capsys.readouterr().out)[0]
    assert [line for line in table.splitlines() if len(line.rstrip()) > 100] == []
    assert name == "targets --find" or "\u2500" * 60 in table


def test_the_heading_over_few_classes_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    table_console().print(confusion_table(["a", "b"], [1.0, None], [[3, 0], [0, 0]]))
    assert "rows: truth, columns: answer" in [line.strip() for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("long_run")
def test_a_table_in_60_columns(
    name: str,
    printing: dict[str, Printing],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def shown(columns: int) -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        printing[name]()
        text = capsys.readouterr().out
        return re.sub(r"[0-9.,]+ samples per second", "", text)  # which differ from run to run

    # The wider table of `models` has a column more.
    wide, narrow = shown(120 if name == "models" else WIDE), shown(NARROW)
    assert "\u2026" not in narrow
    # After their tables, two commands explain them in long lines, and one prints text for a file.
    tables = re.split("flash: the weights of a layer|host: differs first|A recipe begins with", narrow)[0]
    assert [line for line in tables.splitlines() if len(line.rstrip()) > NARROW] == []
    found = {*re.split(r"[\s;]+", narrow.translate(_DRAWN))} | FIRST_HEADINGS
    without_spaces = "".join(narrow.split())
    for word in wide.translate(_DRAWN).split():
        whole = word.rstrip(";")
        assert whole in found or (len(whole) > NARROW and whole in without_spaces), whole
    assert len(wide.split()) > 10


def test_every_table_is_tested() -> None:
    package = Path(sensor_bnn.__file__).parent
    printing = {
        file.relative_to(package).as_posix()
        for file in package.rglob("*.py")
        if "table_console" in file.read_text(encoding="utf-8")
    }
    assert printing - {"report/console.py"} == MODULES
