"""The loop learns, is reproducible, survives a kill, and stops at invalid values."""

from __future__ import annotations

import cProfile
import dataclasses
import json
from collections.abc import Callable
from functools import partialmethod
from pathlib import Path

import numpy as np
import pytest
import torch

from sensor_bnn.errors import CheckpointError, DataError
from sensor_bnn.nn.checkpoint import load_checkpoint, read_tensors, write_tensors
from sensor_bnn.train.average import RunningAverage
from sensor_bnn.train.evaluate import evaluate
from sensor_bnn.train.loop import TrainingRun, new_model, new_optimizer, train
from sensor_bnn.train.recipe import Recipe
from sensor_bnn.train.sets import split
from sensor_bnn.train.state import STATE_FORMAT, Position, keep
from sensor_bnn.train.windows import Recordings

MakeRecipe = Callable[..., Recipe]


class KilledError(Exception):
    """Simulates a kill between two epochs."""


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
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "ckpt.pt",
        "history.csv",
        "history.json",
        "last.pt",
        "tensorboard",
    ]


def test_same_seed_same_weights_other_seed_others(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    first = train(recipe(), recordings, 5, tmp_path / "a")
    torch.rand(7)  # a global generator elsewhere changes nothing
    assert_equal(first, train(recipe(), recordings, 5, tmp_path / "b"))
    assert train(recipe(), recordings, 6, tmp_path / "c").history != first.history


def test_resumes_to_the_same_curve(tmp_path: Path, recordings: Recordings, recipe: MakeRecipe) -> None:
    whole = train(recipe(), recordings, 1, tmp_path / "whole")

    def kill(epoch: int, entry: dict[str, float]) -> None:
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
        epoch_done=lambda epoch, entry: epochs.append(epoch),
    )
    assert epochs == [3]
    assert_equal(whole, resumed)


def test_what_cannot_be_resumed(tmp_path: Path, recordings: Recordings, recipe: MakeRecipe) -> None:
    with pytest.raises(CheckpointError, match="There is no sensor-bnn training state"):
        train(recipe(), recordings, 1, tmp_path, resume=True)
    run = train(recipe(), recordings, 1, tmp_path)
    with pytest.raises(CheckpointError, match="begun with seed 1, not 2"):
        train(recipe(), recordings, 2, tmp_path, resume=True)
    longer = recipe(schedule={"epochs": 4, "batch": 16, "warmup": 1})
    with pytest.raises(CheckpointError, match=r"another recipe than .*: schedule.epochs \(3, now 4\)\."):
        train(longer, recordings, 1, tmp_path, resume=True)
    (tmp_path / "last.pt").write_bytes(run.checkpoint.read_bytes())
    with pytest.raises(CheckpointError, match="not a sensor-bnn training state"):
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
    plan = recipe(schedule={"epochs": 3, "batch": 16, "warmup": 0})
    far = dataclasses.replace(plan.schedule, rate=1e38)  # beyond what a recipe may say
    with pytest.raises(
        CheckpointError, match=r"diverged: .* (is not finite|the loss is \w+) in epoch 1, step \d"
    ):
        train(dataclasses.replace(plan, schedule=far), recordings, 0, tmp_path)
    assert list(tmp_path.iterdir()) == []


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


def test_history_is_on_disk_after_every_epoch(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    seen = []

    def look(epoch: int, entry: dict[str, float]) -> None:
        seen.append((tmp_path / "history.csv").read_text().splitlines())

    run = train(recipe(), recordings, 0, tmp_path, epoch_done=look)
    assert [len(lines) for lines in seen] == [2, 3, 4]
    assert seen[-1][0] == "epoch,loss,top1,rate"
    assert seen[-1][2] == ",".join(repr(value) for value in run.history[1].values())


def test_the_average_of_the_weights_is_the_model_and_survives_a_kill(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    schedule = {"epochs": 3, "batch": 16, "warmup": 1}
    last = train(recipe(schedule=schedule), recordings, 0, tmp_path / "last")
    plan = recipe(schedule={**schedule, "average": 0.9})
    whole = train(plan, recordings, 0, tmp_path / "whole")
    assert whole.history == last.history
    differ = [name for name, tensor in weights(last).items() if not torch.equal(tensor, weights(whole)[name])]
    assert "head.weight" in differ
    assert any("running" in name for name in differ)  # the statistics of the average, not of the last step

    def kill(epoch: int, entry: dict[str, float]) -> None:
        raise KilledError

    with pytest.raises(KilledError):
        train(plan, recordings, 0, tmp_path / "cut", epoch_done=kill)
    assert_equal(whole, train(plan, recordings, 0, tmp_path / "cut", resume=True))


@pytest.mark.parametrize("norm", ("none", "batch"))
def test_the_statistics_of_an_average_are_those_of_its_own_values(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe, norm: str
) -> None:
    # A batch is the whole training part, and its rows are few enough to be used whole: statistics are exact.
    model = {"width": 32, "heads": 1, "layers": 1, "patch": 10, "norm": norm}
    schedule = {"epochs": 30, "batch": 117, "warmup": 1, "average": 0.99}  # far from the last step's weights
    plan = recipe(model=model, schedule=schedule, augment={})
    trained = load_checkpoint(train(plan, recordings, 0, tmp_path).checkpoint).model
    kept = {name: tensor.clone() for name, tensor in trained.state_dict().items() if "running" in name}
    x, _ = split(recordings, plan).train.cut(torch.arange(117), torch.Generator())
    trained.train()
    for module in trained.modules():
        if hasattr(module, "momentum"):
            module.momentum = 1.0
    with torch.no_grad():
        trained(x)
    for name, tensor in trained.state_dict().items():
        if name in kept:
            # Sums of floats in another order flip a few signs, which the later statistics are of.
            near = {"rtol": 1e-3, "atol": 1e-6} if name.startswith("embed") else {"rtol": 0.02, "atol": 2e-3}
            torch.testing.assert_close(kept[name], tensor, **near)


def test_clipped_gradients_change_the_curve(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    schedule = {"epochs": 1, "batch": 16, "warmup": 0}
    plain = train(recipe(schedule=schedule), recordings, 0, tmp_path / "plain")
    for limit, same in ((1e6, True), (1e-3, False)):
        clipped = train(recipe(schedule={**schedule, "clip": limit}), recordings, 0, tmp_path / str(limit))
        assert (clipped.history == plain.history) is same


def test_a_run_that_diverges_keeps_the_last_good_epoch(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sensor_bnn.train import learner

    cross_entropy, calls = torch.nn.functional.cross_entropy, []

    def diverging(*arguments: object, **options: object) -> torch.Tensor:
        calls.append(1)
        return cross_entropy(*arguments, **options) * (float("nan") if len(calls) > 9 else 1.0)

    monkeypatch.setattr(learner.functional, "cross_entropy", diverging)
    with pytest.raises(CheckpointError, match="diverged: the loss is nan in epoch 2"):
        train(recipe(), recordings, 0, tmp_path)
    monkeypatch.undo()
    resumed = train(recipe(), recordings, 0, tmp_path, resume=True)
    assert_equal(train(recipe(), recordings, 0, tmp_path / "whole"), resumed)


def test_each_run_of_a_process_is_compiled(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A survey trains many models in one process: the compiler's limit of versions holds for each alone."""
    whole = torch.nn.Module.compile
    monkeypatch.setattr(torch.nn.Module, "compile", partialmethod(whole, backend="eager"))  # starts at once
    # Here, because the import takes more time than most tests.
    from torch._dynamo import config as dynamo_config

    with dynamo_config.patch(recompile_limit=2, fail_on_recompile_limit_hit=True):
        for batch in (39, 13, 9):  # parts of 117 windows: each run has one size
            plan = recipe(schedule={"epochs": 1, "batch": batch, "warmup": 0})
            assert len(train(plan, recordings, 0, tmp_path / str(batch), pace="compiled").history) == 1


def test_an_epoch_late_in_a_long_run_is_kept_as_fast_as_an_early_one(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    """Small sets take thousands of epochs of one step: writing a state must not grow with them."""

    def calls_of(finished: int) -> int:
        plan = recipe()
        model = new_model(plan, split(recordings, plan), 0)
        optimizer = new_optimizer(model, plan)
        entry = {"epoch": 1, "loss": 0.5, "top1": 1 / 3, "rate": 1e-3}
        at = Position(history=[entry] * finished)
        profile = cProfile.Profile()
        profile.runcall(keep, tmp_path / "last.pt", {}, model, optimizer, RunningAverage(model, 0.0), at)
        return sum(found.callcount for found in profile.getstats())

    calls_of(1)  # The first one imports modules.
    assert calls_of(2000) < 1.1 * calls_of(1)


def test_a_state_of_an_earlier_version_resumes(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    """Its history is a list of entries, not one text."""
    whole = train(recipe(), recordings, 0, tmp_path / "whole")

    def kill(epoch: int, entry: dict[str, float]) -> None:
        if epoch == 2:
            raise KilledError

    with pytest.raises(KilledError):
        train(recipe(), recordings, 0, tmp_path / "part", epoch_done=kill)
    content = read_tensors(tmp_path / "part" / "last.pt", STATE_FORMAT)
    content.pop("sha256", None)
    content["history"] = json.loads(content["history"])
    write_tensors(tmp_path / "part" / "last.pt", STATE_FORMAT, content)
    assert_equal(whole, train(recipe(), recordings, 0, tmp_path / "part", resume=True))
