"""Detection of anomalies: only normal windows are learned, and the threshold keeps its false alarms."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from click.testing import CliRunner

from sensor_bnn.cli.data import command as data_command
from sensor_bnn.cli.train import command
from sensor_bnn.data.samples import Samples
from sensor_bnn.errors import CheckpointError, DataError
from sensor_bnn.nn.checkpoint import load_checkpoint
from sensor_bnn.onnx.compare import run_model
from sensor_bnn.onnx.from_checkpoint import export_checkpoint
from sensor_bnn.train import sets
from sensor_bnn.train.anomalies import CLASSES, scores
from sensor_bnn.train.distortions import distorted
from sensor_bnn.train.draws import Draws
from sensor_bnn.train.images import Images
from sensor_bnn.train.parts import settled, validated
from sensor_bnn.train.recipe import DataRecipe, load_recipe
from sensor_bnn.train.windows import Recordings

LENGTH = 40
NORMAL, ODD = 14, 4
"""The recordings of each kind; each has twelve windows."""


def windows(kind: str, count: int, random: np.random.Generator) -> npt.NDArray[np.float32]:
    """Two channels of a machine that turns, or that has lost its rhythm."""
    time = np.arange(LENGTH) + random.uniform(0, 100, size=(count, 1))
    turn = 2 * np.pi * time / (10 if kind == "turns" else 5)
    x = np.stack([3 * np.sin(turn) + 1, 2 * np.cos(turn)], axis=1)
    return (x + random.normal(scale=0.2, size=x.shape)).astype(np.float32)


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    kinds = ["turns"] * NORMAL + ["rattles"] * ODD
    x = np.concatenate([windows(kind, 12, random) for kind in kinds])
    recording = np.repeat(np.arange(1, len(kinds) + 1), 12)
    y = (recording > NORMAL).astype(np.int64)
    np.savez(tmp_path / "x.npz", x=x, y=y, classes=["turns", "rattles"], recording=recording)
    file = tmp_path / "machine.toml"
    file.write_text(
        'preset = "sensor-nano-conv"\n[data]\nset = "npz"\npath = "x.npz"\nnormal = "turns"\n'
        "false_alarms = 0.1\n[schedule]\nepochs = 12\nbatch = 24\n"
    )
    return file


def loaded(recipe: Path, **more: object) -> tuple[Recordings, DataRecipe]:
    data = replace(load_recipe(str(recipe)).data, **more)
    dataset = sets.load(data)
    assert isinstance(dataset, Recordings)
    return dataset, data


def test_no_window_that_is_not_normal_is_learned(recipe: Path) -> None:
    dataset, data = loaded(recipe)
    assert dataset.classes == CLASSES and dataset.distorted is not None
    learned, tested = settled(dataset, data).parts()
    assert {*range(NORMAL + 1, NORMAL + ODD + 1)} < {*tested}
    at = dataset.is_of(learned)
    assert {*dataset.group[at].tolist()} <= {*range(1, NORMAL + 1)}
    # Half of them are twins; no window of the test part is.
    assert dataset.distorted[at].mean() == 0.5 and not dataset.distorted[~at].any()
    assert np.array_equal(dataset.y[at], dataset.distorted[at])
    assert np.array_equal(dataset.y[~at], dataset.group[~at] > NORMAL)
    part = dataset.of_groups(learned)
    again = part.windows().x
    assert np.array_equal(part.windows().x, again)  # the validation part is the same in each epoch
    assert part.distorted is not None
    normal = again[~part.distorted]
    twins = again[part.distorted]
    assert all(not np.array_equal(one, other) for one, other in zip(normal, twins, strict=True))
    assert np.array_equal(part.normalisation()[0], normal.astype(np.float64).mean((0, 2)).astype(np.float32))


def test_what_is_stated_counts(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stated = {"train_subjects": (1, 2, NORMAL + 1), "test_subjects": (3, NORMAL + 2), "validation": 0.0}
    dataset, data = loaded(recipe, **stated)
    at = dataset.is_of((1, 2, NORMAL + 1))
    assert {*dataset.group[at].tolist()} == {1, 2} and validated(dataset, data) == ()
    assert any("12 windows are not normal, and not used" in note for note in dataset.notes)
    with pytest.raises(DataError, match=r"data\.normal is 'hums'; the data have the classes turns, rattles"):
        loaded(recipe, normal="hums")
    with pytest.raises(DataError, match="No window of the normal class turns is to be learned"):
        loaded(recipe, train_subjects=(NORMAL + 1,), test_subjects=(1,))
    monkeypatch.setitem(sets.SETS, "npz", lambda data: object.__new__(Images))
    with pytest.raises(DataError, match="applies to windows, but the data set has images"):
        loaded(recipe)


@pytest.mark.parametrize(("before", "line"), [("", 'task = "regression"'), ("[data]", 'target = "speed"')])
def test_a_task_that_is_no_key_is_refused_by_its_name(before: str, line: str, recipe: Path) -> None:
    text = recipe.read_text()
    recipe.write_text(text.replace(before, f"{before}\n{line}\n", 1))
    with pytest.raises(CheckpointError, match=r"`task` and `data\.target` are no keys"):
        load_recipe(str(recipe))


def test_a_teacher_s_outputs_are_not_kept_for_twins_that_change(recipe: Path) -> None:
    more = '[augment]\nauto = false\n[distill]\nteacher = "auto"\ncache = true\n'
    recipe.write_text(recipe.read_text() + more)
    with pytest.raises(CheckpointError, match="twins that are distorted in another way in every epoch"):
        load_recipe(str(recipe))


def test_every_distortion_changes_a_window() -> None:
    x = torch.from_numpy(windows("turns", 256, np.random.default_rng(1)))
    draws = Draws(torch.Generator().manual_seed(3), len(x), slice(None))
    made = distorted(x, x.std(dim=(0, 2)), draws)
    assert made.shape == x.shape and made.isfinite().all()
    assert ((made - x).abs().amax(dim=(1, 2)) > 0.05).all()
    whole = distorted(x, x.std(dim=(0, 2)), Draws(torch.Generator().manual_seed(3), len(x), slice(None)))
    rows = distorted(
        x[64:128], x.std(dim=(0, 2)), Draws(torch.Generator().manual_seed(3), 256, slice(64, 128))
    )
    assert torch.equal(whole[64:128], rows)  # as the processes of a run share a batch


def test_data_shows_what_is_learned(recipe: Path) -> None:
    done = CliRunner().invoke(data_command, [str(recipe), "--json"], catch_exceptions=False)
    found = json.loads(done.stdout)
    rows = {one["name"]: (one["learned"], one["tested"]) for one in found["classes"]}
    assert {*rows} == {"turns", "anomalous"} and rows["anomalous"][0] == rows["turns"][0] > 0
    assert rows["anomalous"][1] == ODD * 12 and rows["turns"][1] > 0
    assert "that are not all normal are tested on" in found["split"]["how"]
    assert any("has a distorted twin" in note for note in found["notes"])


@pytest.mark.usefixtures("training")
def test_without_a_validation_part_the_threshold_is_of_what_was_learned(
    recipe: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = recipe.read_text().replace("epochs = 12", "epochs = 1")
    recipe.write_text(text.replace("[data]\n", "[data]\nvalidation = 0.0\n"))
    done = CliRunner().invoke(command, [str(recipe), "--out", str(tmp_path / "run")], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "expect more false alarms than data.false_alarms = 0.1" in done.stderr + caplog.text
    dataset, data = loaded(recipe)
    learned = dataset.of_groups(settled(dataset, data).parts()[0]).windows()
    model = load_checkpoint(tmp_path / "run" / "ckpt.pt").model
    alarms = scores(model, learned.x[:][learned.y == 0]) > 0
    assert 0 < alarms.float().mean() <= 0.1 + 1 / len(alarms)


@pytest.mark.usefixtures("training")
def test_the_exported_integers_say_what_is_anomalous(recipe: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(command, [str(recipe), "--out", str(tmp_path / "run")], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "the threshold was set for 10.0%" in done.stdout and "anomalous windows found" in done.stdout
    checkpoint = load_checkpoint(tmp_path / "run" / "ckpt.pt")
    assert checkpoint.model.config.classes == CLASSES
    history = json.loads((tmp_path / "run" / "history.json").read_text())
    assert history["threshold"] == checkpoint.metrics["threshold"]
    dataset, data = loaded(recipe)
    checking = dataset.of_groups(validated(dataset, settled(dataset, data))).windows()
    alarms = scores(checkpoint.model, checking.x[:][checking.y == 0]) > 0
    assert alarms.sum() <= 0.1 * len(alarms) + 1
    tested = sets.tested(dataset, data)
    found = (scores(checkpoint.model, tested.x[:]) > 0).numpy()
    assert found[tested.y == 1].mean() > 0.8 and found[tested.y == 0].mean() < 0.3
    samples = Samples(tested.x[:], tested.y, tested.classes)
    exported = export_checkpoint(tmp_path / "run" / "ckpt.pt", tmp_path / "out")
    integers = run_model(exported.onnx, samples.x)
    assert np.array_equal(integers.argmax(axis=1), found)
