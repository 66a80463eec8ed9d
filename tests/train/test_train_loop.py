"""The loop learns, repeats itself, survives a kill, and stops at nonsense."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from sensor_bnn.errors import CheckpointError, DataError
from sensor_bnn.nn.checkpoint import load_checkpoint
from sensor_bnn.train.evaluate import evaluate
from sensor_bnn.train.loop import TrainingRun, train
from sensor_bnn.train.recipe import Recipe
from sensor_bnn.train.windows import Recordings

MakeRecipe = Callable[..., Recipe]


class KilledError(Exception):
    """What stands for a kill between two epochs."""


def weights(run: TrainingRun) -> dict[str, torch.Tensor]:
    return load_checkpoint(run.checkpoint).model.state_dict()


def assert_equal(one: TrainingRun, other: TrainingRun) -> None:
    assert one.history == other.history
    ours, theirs = weights(one), weights(other)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_learns_and_checkpoint_says_what_it_reached(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    plan = recipe(schedule={"epochs": 12, "batch": 16, "warmup": 1})
    run = train(plan, recordings, 0, tmp_path)
    assert run.test.top1 > 0.9
    assert run.history[-1]["loss"] < run.history[0]["loss"]
    checkpoint = load_checkpoint(run.checkpoint)
    assert checkpoint.metrics["test_top1"] == run.test.top1
    assert checkpoint.recipe == plan.to_dict()
    again = evaluate(checkpoint.model, recordings.of_groups((4,)).windows())
    np.testing.assert_array_equal(again.confusion, run.test.confusion)
    assert json.loads((tmp_path / "history.json").read_text())["history"] == run.history
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ckpt.pt", "history.json", "last.pt"]


def test_same_seed_same_weights_other_seed_others(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    first = train(recipe(), recordings, 5, tmp_path / "a")
    torch.rand(7)  # a global generator elsewhere changes nothing
    assert_equal(first, train(recipe(), recordings, 5, tmp_path / "b"))
    assert train(recipe(), recordings, 6, tmp_path / "c").history != first.history


def test_resumes_to_the_same_curve(tmp_path: Path, recordings: Recordings, recipe: MakeRecipe) -> None:
    whole = train(recipe(), recordings, 1, tmp_path / "whole")

    def kill(epoch: int, loss: float, top1: float) -> None:
        if epoch == 2:
            raise KilledError

    with pytest.raises(KilledError):
        train(recipe(), recordings, 1, tmp_path / "cut", epoch_done=kill)
    assert not (tmp_path / "cut" / "ckpt.pt").exists()
    epochs = []
    resumed = train(
        recipe(),
        recordings,
        1,
        tmp_path / "cut",
        resume=True,
        epoch_done=lambda epoch, loss, top1: epochs.append(epoch),
    )
    assert epochs == [3]
    assert_equal(whole, resumed)


def test_what_cannot_be_resumed(tmp_path: Path, recordings: Recordings, recipe: MakeRecipe) -> None:
    with pytest.raises(CheckpointError, match="There is no sensor-bnn training state"):
        train(recipe(), recordings, 1, tmp_path, resume=True)
    run = train(recipe(), recordings, 1, tmp_path)
    with pytest.raises(CheckpointError, match="another recipe, seed or teacher"):
        train(recipe(), recordings, 2, tmp_path, resume=True)
    (tmp_path / "last.pt").write_bytes(run.checkpoint.read_bytes())
    with pytest.raises(CheckpointError, match="no sensor-bnn training state"):
        train(recipe(), recordings, 1, tmp_path, resume=True)


@pytest.mark.parametrize("value", (np.nan, np.inf))
def test_data_that_is_not_finite_is_refused(
    tmp_path: Path, value: float, recordings: Recordings, recipe: MakeRecipe
) -> None:
    broken = recordings.signal.copy()
    broken[0, 10] = value
    with pytest.raises(DataError, match="not finite"):
        train(recipe(), dataclasses.replace(recordings, signal=broken), 0, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_learning_rate_that_diverges_stops_with_an_error(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    plan = recipe(schedule={"epochs": 3, "batch": 16, "warmup": 0, "rate": 1e38})
    with pytest.raises(CheckpointError, match="diverged"):
        train(plan, recordings, 0, tmp_path)


def test_a_dead_channel_is_named(tmp_path: Path, recordings: Recordings, recipe: MakeRecipe) -> None:
    flat = recordings.signal.copy()
    flat[2] = 1.0
    with pytest.raises(DataError, match="never changes"):
        train(recipe(), dataclasses.replace(recordings, signal=flat), 0, tmp_path)


def test_evaluation_refuses_other_data(tmp_path: Path, recordings: Recordings, recipe: MakeRecipe) -> None:
    model = load_checkpoint(train(recipe(), recordings, 0, tmp_path).checkpoint).model
    windows = recordings.windows()
    with pytest.raises(DataError, match="windows are"):
        evaluate(model, dataclasses.replace(windows, x=windows.x[:, :3]))
    with pytest.raises(DataError, match="classes"):
        evaluate(model, dataclasses.replace(windows, classes=("a", "b", "c")))
