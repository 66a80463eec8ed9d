"""Two commands at once in one folder: the second is refused, and its figures are never those of the first."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundles import bundle_facts, write_bundle
from click.testing import CliRunner, Result
from peer import TOY, toy_folder
from rich.console import Console

from sensor_bnn.cli import root
from sensor_bnn.compiler import pipeline
from sensor_bnn.compiler.compiled import BUNDLE, Bundle
from sensor_bnn.compiler.metadata import file_digests, read_metadata
from sensor_bnn.digests import file_sha256, sealed
from sensor_bnn.errors import BundleError, BusyError, ModelError
from sensor_bnn.files import replace_folder
from sensor_bnn.firmware.build import BuildResult
from sensor_bnn.hardware.boards import Board, default_board
from sensor_bnn.onnx import from_checkpoint
from sensor_bnn.onnx.compare import Comparison
from sensor_bnn.onnx.from_checkpoint import Export
from sensor_bnn.workflows import demo
from sensor_bnn.workflows.demo import SHIPPED, run_demo

BOARD = default_board().name
CHECKPOINT = str(SHIPPED.parent / "watch-tiny" / "ckpt.pt")
"""A model of floats: `export --narrow` makes another one of it."""
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


@pytest.mark.parametrize("command", ["export", "build"])
def test_a_second_export_or_build_in_the_folder_is_refused(
    command: str,
    claimed_elsewhere: Callable[[Path], AbstractContextManager[None]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, folder = ["export", CHECKPOINT], "build/watch-tiny"
    if command == "build":
        bundle = write_bundle(Path("bundle"))
        arguments, folder = ["build", str(bundle), "--board", BOARD], str(tmp_path / BOARD)
    refused(arguments, folder, "-o/--output", claimed_elsewhere(Path(folder)))
    refused([*arguments, "-o", "mine"], "mine", "-o/--output", claimed_elsewhere(Path("mine")))


CLAIM = """
import pathlib, sys
from sensor_bnn.claims import claimed_file
with claimed_file(pathlib.Path("mine.json"), "-o"):
    print("claimed", flush=True)
    sys.stdin.read()
"""


def test_a_second_tuning_of_the_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model.onnx").write_bytes(b"")
    arguments = ["tune", "model.onnx", "-o", "mine.json"]
    with subprocess.Popen(
        [sys.executable, "-c", CLAIM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None and other.stdout is not None
        assert other.stdout.readline() == "claimed\n"
        done = CliRunner().invoke(root, arguments)
        assert str(done.exception) == (
            "Another process uses mine.json. Wait for it, or name another file with -o/--output."
        )
        # Another file of the same folder is free: this one is refused for its content only.
        assert isinstance(
            CliRunner().invoke(root, ["tune", "model.onnx", "-o", "b.json"]).exception, ModelError
        )
        other.stdin.close()
    assert sorted(Path().iterdir()) == [Path("model.onnx")]


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize(
    "end", [KeyboardInterrupt(), SystemExit(143), ModelError("It failed.", "Repair it.")]
)
@pytest.mark.parametrize("at", ["cortex-m7", "host"])
def test_an_export_that_ends_early_leaves_what_was_there(
    at: str, end: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing the first time, and afterwards the earlier model with its bundles."""
    ending: list[BaseException] = []

    def compile_model(onnx: Path, target: str, out: Path, **_: Any) -> Bundle:
        if target == at and ending:
            raise ending[0]
        digest = file_sha256(onnx)
        with replace_folder(out, BUNDLE) as draft:
            draft.write("model.c", digest)
            facts = bundle_facts(target=target, model_hash=digest, files=file_digests(draft.path))
            draft.write("metadata.json", json.dumps(sealed(facts)))
        return Bundle(out, read_metadata(out))

    def export(*options: str) -> Result:
        return CliRunner().invoke(root, ["export", CHECKPOINT, "-o", "out", *options])

    def content() -> dict[str, bytes]:
        files = (file for file in Path("out").rglob("*") if file.is_file())
        return {str(file): file.read_bytes() for file in files}

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pipeline, "compile_model", compile_model)
    ending.append(end)
    assert export().exit_code != 0 and list(Path().iterdir()) == []
    ending.clear()
    whole = export()
    assert whole.exit_code == 0, whole.output
    before = content()
    assert {"out/model.onnx", "out/model.onnx.sha256", "out/host/model.c", "out/cortex-m7/model.c"} < {
        *before
    }
    ending.append(end)
    assert export("--narrow").exit_code != 0 and content() == before
    ending.clear()
    assert export("--narrow").exit_code == 0
    after = content()
    assert after.keys() == before.keys()
    digest = file_sha256(Path("out/model.onnx")).encode()
    assert after["out/host/model.c"] == after["out/cortex-m7/model.c"] == digest != before["out/host/model.c"]


@pytest.fixture
def mixed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
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
    # No other test may have kept an export of the shipped model there.
    monkeypatch.setenv("SENSOR_BNN_CACHE", str(tmp_path / "cache"))
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
