"""What a user of a hybrid model that has no integers yet meets: one sentence, and no file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import sensor_bnn
from sensor_bnn.cli import root
from sensor_bnn.errors import SensorBnnError
from sensor_bnn.nn.checkpoint import save_checkpoint
from sensor_bnn.nn.families import build, preset

SAMPLES = Path(sensor_bnn.__file__).parent / "zoo" / "watch-tiny" / "samples.npz"


@pytest.fixture
def checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with np.load(SAMPLES) as samples:
        classes = [str(name) for name in samples["classes"]]
    torch.manual_seed(0)
    path = tmp_path / "run" / "ckpt.pt"
    model = build(preset("sensor-small", classes=classes, restore="live", padding="zero"))
    save_checkpoint(path, model, {}, {})
    monkeypatch.chdir(tmp_path)
    return path


@pytest.mark.parametrize(
    "arguments",
    (
        ["export", "CKPT", "-o", "out"],
        ["demo", "--checkpoint", "CKPT", "--samples", str(SAMPLES), "-o", "out"],
        ["tune", "CKPT", "--board", "qemu-mps2-an500", "-o", "out.json"],
    ),
    ids=lambda arguments: arguments[0],
)
def test_refused_with_the_keys_of_the_recipe(arguments: list[str], checkpoint: Path, tmp_path: Path) -> None:
    given = [str(checkpoint) if word == "CKPT" else word for word in arguments]
    refused = CliRunner().invoke(root, given).exception
    assert isinstance(refused, SensorBnnError)
    assert 'there are no integers yet for padding = "zero", restore = "live"' in str(refused)
    assert "Train with another value of each" in str(refused)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["ckpt.pt"]


@pytest.mark.parametrize("command", ("verify", "compile"))
def test_a_checkpoint_is_no_onnx_file(command: str, checkpoint: Path, tmp_path: Path) -> None:
    given = [command, str(checkpoint), *(["--target", "cortex-m7"] if command == "compile" else [])]
    refused = CliRunner().invoke(root, given).exception
    assert isinstance(refused, SensorBnnError)
    assert "is a zip archive, such as a PyTorch checkpoint, not an ONNX file" in str(refused)
    assert "export it first with `sensor-bnn export`" in str(refused)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["ckpt.pt"]


def test_it_is_evaluated(checkpoint: Path) -> None:
    done = CliRunner().invoke(root, ["evaluate", str(checkpoint), "--data", str(SAMPLES)])
    assert done.exit_code == 0, done.output
    assert "of 256 samples" in done.stdout


@pytest.mark.usefixtures("long_run")
def test_the_list_says_which_presets_are_integers() -> None:
    shown = CliRunner().invoke(root, ["models"], terminal_width=100).stdout
    told = " ".join(shown.split())
    assert "Family hybrid, integers from the sample to the class: sensor-nano, " in told
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 100
