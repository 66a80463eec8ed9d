"""Two processes that share every batch have the learning curve of one, also after both were killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.checkpoint import load_checkpoint
from sensor_bnn.train.augment import WindowCutter
from sensor_bnn.train.draws import Draws
from sensor_bnn.train.processes import Processes
from sensor_bnn.train.recipe import Augmentation
from sensor_bnn.train.windows import Recordings

SCRIPT = Path(__file__).with_name("shared_run.py")


@pytest.fixture
def recipe_file(tmp_path: Path, recordings: Recordings) -> Path:
    windows = recordings.windows()
    recording = recordings.group
    np.savez(tmp_path / "own.npz", x=windows.x, y=windows.y, classes=windows.classes, recording=recording)
    path = tmp_path / "shared.toml"
    # 117 windows: the last batch has 21, which two processes cannot halve. Statistics of float outputs too.
    path.write_text(
        "[model]\nwidth = 32\nheads = 1\nlayers = 1\n"
        f'[data]\nset = "npz"\npath = "{tmp_path / "own.npz"}"\n'
        "train_subjects = [1, 2, 3]\ntest_subjects = [4]\n"
        "[augment]\njitter = 0.05\n"
        "[schedule]\nepochs = 3\nbatch = 32\nwarmup = 1\naverage = 0.9\nclip = 5.0\n"
    )
    return path


def shared(recipe: Path, out: Path, count: int, killed_after: int = 0, precision: str = "32-true") -> int:
    """Run the script; its exit status."""
    command = [sys.executable, SCRIPT, recipe, out, str(count), str(killed_after), precision]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode in (0, -9), ended.stderr
    return ended.returncode


def losses(out: Path) -> list[float]:
    return [entry["loss"] for entry in json.loads((out / "history.json").read_text())["history"]]


@pytest.mark.usefixtures("training", "longest")
def test_two_processes_are_as_one_and_survive_a_kill(recipe_file: Path, tmp_path: Path) -> None:
    one, two, cut = tmp_path / "one", tmp_path / "two", tmp_path / "cut"
    assert shared(recipe_file, one, 1) == 0
    assert shared(recipe_file, two, 2) == 0
    # The float sums have another order; a sign that flips because of it changes a loss by more than rounding.
    np.testing.assert_allclose(losses(two), losses(one), rtol=2e-3)
    assert losses(one)[-1] < losses(one)[0]
    statistics = [load_checkpoint(out / "ckpt.pt").model.state_dict() for out in (one, two)]
    for name in statistics[0]:
        if "running" in name:
            torch.testing.assert_close(*(state[name] for state in statistics), rtol=0.05, atol=0.5)
    assert shared(recipe_file, cut, 2, killed_after=2) == -9
    assert not (cut / "ckpt.pt").exists()
    assert shared(recipe_file, cut, 2) == 0
    assert losses(cut) == losses(two)
    assert (cut / "ckpt.pt").read_bytes() == (two / "ckpt.pt").read_bytes()


@pytest.mark.usefixtures("training")
def test_two_processes_are_as_one_in_the_hybrid_family(recipe_file: Path, tmp_path: Path) -> None:
    """Ranges of 8-bit layers, medians and BatchNorm are those of the whole batch in each process."""
    hybrid = tmp_path / "hybrid.toml"
    model = 'widths = [32]\nstages = ["conv conv@8 pool attn"]\nthresholds = 1\nthreshold = "median"\n'
    text = recipe_file.read_text().replace("width = 32\nheads = 1\nlayers = 1\n", model)
    hybrid.write_text('preset = "sensor-nano"\n' + text)
    for count in (1, 2):
        assert shared(hybrid, tmp_path / str(count), count) == 0
    one, two = tmp_path / "1", tmp_path / "2"
    np.testing.assert_allclose(losses(two), losses(one), rtol=2e-3)
    states = [load_checkpoint(out / "ckpt.pt").model.state_dict() for out in (one, two)]
    ranges = [name for name in states[0] if name.endswith("largest")]
    layers = ("stem.product", "layers.1.product", "head")
    assert ranges == [f"{layer}.byte_range.largest" for layer in layers]
    for name in ranges:
        torch.testing.assert_close(*(state[name] for state in states), rtol=0.02, atol=0)


@pytest.mark.usefixtures("training")
def test_two_processes_share_the_teachers_outputs(recipe_file: Path, tmp_path: Path) -> None:
    full = tmp_path / "full.toml"
    full.write_text(recipe_file.read_text().replace("[model]", '[model]\nprecision = "full"'))
    assert shared(full, tmp_path / "full", 1) == 0
    still = tmp_path / "still.toml"
    still.write_text(
        recipe_file.read_text().replace("jitter = 0.05", "jitter = 0")
        + f'[distill]\nteacher = "{tmp_path / "full" / "ckpt.pt"}"\nfeatures = 1.0\ncache = true\n'
    )
    assert shared(still, tmp_path / "one", 1) == 0
    assert shared(still, tmp_path / "two", 2) == 0
    np.testing.assert_allclose(losses(tmp_path / "two"), losses(tmp_path / "one"), rtol=2e-3)
    kept = [np.load(tmp_path / run / "teacher-outputs" / "features.npy") for run in ("one", "two")]
    assert kept[0].shape == (117, 20 * 32)
    assert np.array_equal(*kept)


@pytest.mark.usefixtures("training")
def test_bfloat16_learns_too(recipe_file: Path, tmp_path: Path) -> None:
    assert shared(recipe_file, tmp_path / "half", 1, precision="bf16-mixed") == 0
    assert losses(tmp_path / "half")[-1] < losses(tmp_path / "half")[0]


def test_slices_make_up_the_batch(recordings: Recordings) -> None:
    augment = Augmentation(shift=5, speed=0.1, rotation=5, scale=0.1, jitter=0.1, mirror=True, warp=2)
    cutter, index = WindowCutter(recordings, augment), torch.arange(21)
    whole, labels = cutter.cut(index, torch.Generator().manual_seed(0))
    parts = []
    for rank in range(4):
        processes = Processes()
        processes.rank, processes.count = rank, 4
        parts.append(cutter.cut(index, torch.Generator().manual_seed(0), processes.part(21)))
    assert torch.equal(torch.cat([x for x, _ in parts]), whole)
    assert torch.equal(torch.cat([y for _, y in parts]), labels)
    processes.count = 22
    with pytest.raises(CheckpointError, match="cannot be shared by 22 processes"):
        processes.part(21)


def test_rows_may_be_picked_in_any_order() -> None:
    whole = Draws(torch.Generator().manual_seed(0), 9, slice(None)).normal(2)
    picked = Draws(torch.Generator().manual_seed(0), 9, torch.tensor([7, 2, 2])).normal(2)
    assert torch.equal(picked, whole[[7, 2, 2]])
