"""The Python API: imports are lazy, results equal the command line's, and its example runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sensor_bnn
from sensor_bnn.resources import resource

ROOT = Path(__file__).resolve().parents[2]


def python(*line: str, cwd: Path) -> str:
    done = subprocess.run([sys.executable, *line], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded(program: str, cwd: Path) -> set[str]:
    told = python("-c", f"{program}\nimport sys\nprint(*sys.modules)", cwd=cwd)
    return set(told.split()) & {"torch", "tvm", "onnx", "onnxruntime", "numpy", "rich"}


def test_names_are_imported_when_they_are_used(tmp_path: Path) -> None:
    assert loaded("import sensor_bnn; dir(sensor_bnn)", tmp_path) == set()
    assert loaded("from sensor_bnn import SensorBnnError", tmp_path) == set()
    frameworks = {"torch", "tvm", "onnx", "onnxruntime"}
    assert not loaded("from sensor_bnn import Board; Board('qemu-mps2-an500')", tmp_path) & frameworks


def test_every_public_name_is_there() -> None:
    for name in sensor_bnn._PLACES:
        assert getattr(sensor_bnn, name).__doc__, name
        assert name in dir(sensor_bnn)
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        sensor_bnn.absent  # noqa: B018


def test_no_public_name_hides_a_module() -> None:
    modules = {path.stem for path in Path(sensor_bnn.__file__).parent.iterdir()}
    assert not modules & set(sensor_bnn._PLACES)


def test_a_board_and_what_runs_on_it(tmp_path: Path) -> None:
    from bundles import write_bundle
    from peer import TOY, Application, Peer

    from sensor_bnn import Board, Samples
    from sensor_bnn.api import Session

    board = Board("qemu-mps2-an500")
    assert (board.name, board.target, board.emulated) == ("qemu-mps2-an500", "cortex-m7", True)
    assert Board(resource("boards") / board.name).facts == board.facts
    write_bundle(tmp_path)
    x = np.random.default_rng(0).normal(size=(3, 6, 100)).astype(np.float32)
    samples = Samples(x, np.argmax(x[:, 0, :3], axis=1), ("a", "b", "c"))
    with Peer("application", Application()) as peer:
        session = Session(TOY, peer.port, tmp_path)
        facts = session.evaluate(samples, state=tmp_path / "state.jsonl")
        watched = next(session.watch(samples))
    assert (facts["top1_device"], facts["samples"], facts["complete"]) == (1.0, 3, True)
    assert watched.top1 == 1.0


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_the_example_runs(tmp_path: Path) -> None:
    told = python(str(ROOT / "docs" / "examples" / "pipeline.py"), cwd=tmp_path)
    assert "equal to the host's to the last bit: True" in told
    assert "instructions per inference" in told
