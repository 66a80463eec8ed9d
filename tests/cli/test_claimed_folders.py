"""Two commands at once in one folder: the second is refused, and its figures are never those of the first."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundles import write_bundle
from click.testing import CliRunner
from peer import TOY, toy_folder
from rich.console import Console

from sensor_bnn.api import SHIPPED_SAMPLES
from sensor_bnn.cli import root
from sensor_bnn.compiler import pipeline
from sensor_bnn.compiler.compiled import Bundle
from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.errors import BundleError, BusyError
from sensor_bnn.firmware.build import BuildResult
from sensor_bnn.hardware.boards import Board, default_board
from sensor_bnn.onnx import from_checkpoint
from sensor_bnn.onnx.compare import Comparison
from sensor_bnn.onnx.from_checkpoint import Export
from sensor_bnn.workflows import demo
from sensor_bnn.workflows.demo import run_demo

BOARD = default_board().name
CHECKPOINT = str(SHIPPED_SAMPLES.with_name("ckpt.pt"))
ON_A_BOARD = {
    "build/demo": ["demo"],
    "build/profile": ["profile", "--board", BOARD],
    "build/evaluate": ["evaluate", "--board", BOARD],
    "build/monitor": ["monitor", "--board", BOARD, "--inferences", "1"],
    "build/stream": ["stream", "--board", BOARD],
    "build/random/vit-cifar": ["bench", "--model", "vit-cifar", "--random-weights"],
}


def refused(arguments: list[str], folder: str, options: str, elsewhere: AbstractContextManager[None]) -> None:
    before = sorted(Path().rglob("*"))
    with elsewhere:
        done = CliRunner().invoke(root, arguments)
    assert isinstance(done.exception, BusyError), done.output
    assert str(done.exception) == (
        f"Another process uses {folder}. Wait for it, or name another folder with {options}."
    )
    assert done.stdout == ""
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize(("folder", "arguments"), ON_A_BOARD.items(), ids=ON_A_BOARD)
def test_a_second_command_in_the_folder_is_refused(
    folder: str,
    arguments: list[str],
    claimed_elsewhere: Callable[[Path], AbstractContextManager[None]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before anything is compiled, built or started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SENSOR_BNN_PORT", raising=False)
    refused(arguments, folder, "-o/--output", claimed_elsewhere(Path(folder)))
    refused([*arguments, "-o", "mine"], "mine", "-o/--output", claimed_elsewhere(Path("mine")))


def test_a_second_evaluation_with_the_state_is_refused(
    claimed_elsewhere: Callable[[Path], AbstractContextManager[None]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    bundle = write_bundle(Path("bundle"))
    x = np.ones((2, 6, 100), np.float32)
    np.savez("samples.npz", x=x, y=np.zeros(2, np.int64), classes=np.array(["a", "b", "c"]))
    arguments = ["evaluate", str(bundle), "--data", "samples.npz", "--board", str(toy_folder(tmp_path))]
    arguments += ["--port", "no-port"]
    options = "-o/--output or --state"
    refused(arguments, "build/evaluate", options, claimed_elsewhere(Path("build/evaluate")))
    refused([*arguments, "--state", "at/s.jsonl"], "at", options, claimed_elsewhere(Path("at")))


@pytest.fixture
def mixed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """``mixed(target)``: the bundle for that target will be of the model of another program."""

    def export(checkpoint: Path, folder: Path, *_: object, **__: object) -> Export:
        comparison = Comparison(**dict.fromkeys(Comparison.__dataclass_fields__, 1))  # type: ignore[arg-type]
        folder.mkdir(exist_ok=True)
        return Export("mine", folder / "model.onnx", 1, "1" * 64, comparison, False, None)

    def mix(other: str) -> None:
        def compile_model(onnx: Path, target: str, out: Path, **_: Any) -> Bundle:
            found = write_bundle(out, target=target, model_hash=("2" if target == other else "1") * 64)
            return Bundle(found, read_metadata(found))

        monkeypatch.setattr(pipeline, "compile_model", compile_model)

    monkeypatch.setattr(from_checkpoint, "export_checkpoint", export)
    return mix


def sentence(folder: Path, target: str) -> str:
    return (
        f"{folder / target} is of another model ({'2' * 12}) than was exported to {folder / 'model.onnx'} "
        f"({'1' * 12}): another program wrote there meanwhile. Give the command again when that one has "
        "ended, or name another folder with -o/--output."
    )


@pytest.mark.parametrize("other", ["toy-core", "host"])
def test_a_demo_of_mixed_models_is_refused_before_a_figure_is_printed(
    other: str, mixed: Callable[[str], None], tmp_path: Path
) -> None:
    """Another program, one that claims nothing, writes its model where the demo compiles."""
    mixed(other)
    console = Console(record=True, width=200)
    with pytest.raises(BundleError) as told:
        run_demo(TOY, None, None, tmp_path / "demo", 4, console)
    assert str(told.value) == sentence(tmp_path / "demo", other)
    assert "top-1" not in console.export_text()


def test_a_build_of_another_model_is_refused(
    mixed: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(bundle: Path, board: Board, folder: Path) -> BuildResult:
        return BuildResult(folder, folder, folder, folder, {"model_hash": "2" * 64})

    mixed("none")
    monkeypatch.setattr(demo, "build_firmware", build)
    with pytest.raises(BundleError) as told:
        run_demo(TOY, None, None, tmp_path / "demo", 4, Console())
    assert str(told.value) == sentence(tmp_path / "demo", "toy")


@pytest.mark.parametrize("other", ["cortex-m7", "host"])
def test_an_export_of_mixed_models_is_refused(
    other: str, mixed: Callable[[str], None], tmp_path: Path
) -> None:
    mixed(other)
    arguments = ["export", CHECKPOINT, "--target", "cortex-m7", "-o", str(tmp_path)]
    done = CliRunner().invoke(root, arguments)
    assert str(done.exception) == sentence(tmp_path, other)
    assert done.stdout == ""
