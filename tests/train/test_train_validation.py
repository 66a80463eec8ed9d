"""The validation part, the best epoch, and what a recipe of own data leaves open."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from sensor_bnn.cli import root
from sensor_bnn.errors import CheckpointError, DataError
from sensor_bnn.nn.checkpoint import load_checkpoint, read_tensors
from sensor_bnn.nn.hybrid_model import HybridModel
from sensor_bnn.report.training import summary_of, training_facts
from sensor_bnn.train.best import is_over
from sensor_bnn.train.defaults import STEPS, steps_per_epoch, told, with_defaults
from sensor_bnn.train.evaluate import evaluate
from sensor_bnn.train.learner import class_weights, label_loss
from sensor_bnn.train.loop import TrainingRun, train
from sensor_bnn.train.parts import folds, settled, validated
from sensor_bnn.train.recipe import Recipe, parse_recipe
from sensor_bnn.train.sets import split
from sensor_bnn.train.state import STATE_FORMAT, Position
from sensor_bnn.train.windows import Recordings


class KilledError(Exception):
    """In place of a kill by the system."""


@pytest.fixture(scope="module")
def own(recordings: Recordings) -> Recordings:
    """The small set, with each of its twelve recordings as a group of its own."""
    group = np.unique(recordings.first, return_inverse=True)[1] + 1
    return replace(recordings, group=group, whole="recording")


def recipe_of(**sections: dict[str, Any]) -> Recipe:
    values: dict[str, Any] = {
        "preset": "sensor-tiny",
        "model": {"width": 32, "heads": 1, "layers": 1},
        "data": {"set": "npz", "validation": 0.3},
        "schedule": {"epochs": 4, "batch": 16, "warmup": 1},
        "augment": {"auto": False},
    }
    for name, section in sections.items():
        values[name] = {**values[name], **section}
    return parse_recipe(values, "own")


def tensors(run: TrainingRun) -> dict[str, torch.Tensor]:
    return load_checkpoint(run.checkpoint).model.state_dict()


def test_no_recording_is_in_two_of_the_three_parts(own: Recordings) -> None:
    data = settled(own, recipe_of().data)
    learned_or_checked, tested = (set(part) for part in data.parts())
    checked = set(validated(own, data))
    assert checked < learned_or_checked and not checked & tested
    parts = split(own, recipe_of())
    assert parts.validation is not None
    assert len(parts.validation.y) == sum(own.is_of(checked))
    assert len(parts.train) == sum(own.is_of(learned_or_checked - checked)) == sum(parts.counts)
    assert set(parts.validation.y.tolist()) == {0, 1, 2} and min(parts.counts) > 0
    everything = {own.windows().x[place].tobytes() for place in np.flatnonzero(own.is_of(tested | checked))}
    learned, _ = parts.train.cut(torch.arange(len(parts.train)), torch.Generator())
    assert not everything & {window.numpy().tobytes() for window in learned}


@pytest.mark.usefixtures("training")
def test_the_best_epoch_is_kept_and_survives_a_kill(own: Recordings, tmp_path: Path) -> None:
    # So fast that the last epochs are worse than an early one.
    plan = recipe_of(schedule={"epochs": 6, "rate": 0.03, "average": 0.5})
    whole = train(plan, own, 3, tmp_path / "whole")
    keys = [(entry["validation_balanced"], -entry["validation_loss"]) for entry in whole.history]
    assert whole.kept == 1 + keys.index(max(keys))
    found = load_checkpoint(whole.checkpoint)
    assert found.metrics["best_epoch"] == whole.kept and found.recipe["data"]["validation"] == 0.3
    header = (tmp_path / "whole" / "history.csv").read_text().splitlines()[0]
    assert header == "epoch,loss,top1,rate,validation_loss,validation_top1,validation_balanced"

    def kill(epoch: int, entry: dict[str, float]) -> None:
        if epoch == 3:
            raise KilledError

    with pytest.raises(KilledError):
        train(plan, own, 3, tmp_path / "cut", epoch_done=kill)
    again = train(plan, own, 3, tmp_path / "cut", resume=True)
    assert again.history == whole.history and again.kept == whole.kept
    for name, tensor in tensors(whole).items():
        torch.testing.assert_close(tensors(again)[name], tensor, rtol=0, atol=0)


@pytest.mark.usefixtures("training")
def test_the_weights_of_the_best_epoch_reach_the_figures_of_that_epoch(
    own: Recordings, tmp_path: Path
) -> None:
    run = train(recipe_of(schedule={"epochs": 5, "rate": 0.03}), own, 3, tmp_path)
    parts = split(own, recipe_of())
    assert parts.validation is not None
    found = evaluate(load_checkpoint(run.checkpoint).model, parts.validation)
    assert found.top1 == run.history[run.kept - 1]["validation_top1"]
    assert found.loss == pytest.approx(run.history[run.kept - 1]["validation_loss"], rel=1e-5)


@pytest.mark.usefixtures("training")
def test_only_epochs_that_round_as_integers_compete_once_they_begin(own: Recordings, tmp_path: Path) -> None:
    # Only the last epoch rounds, so it is kept whatever the others reached.
    plan = parse_recipe(
        {
            "preset": "sensor-nano-conv",
            "data": {"set": "npz", "validation": 0.3},
            "schedule": {"epochs": 4, "batch": 16, "warmup": 1, "rate": 0.02, "rounding": 0.25},
            "augment": {"auto": False},
        },
        "own",
    )
    run = train(plan, own, 0, tmp_path / "whole")
    assert run.kept == 4
    model = load_checkpoint(run.checkpoint).model
    assert isinstance(model, HybridModel) and model.unit is not None

    def kill(epoch: int, entry: dict[str, float]) -> None:
        if epoch == 3:
            raise KilledError

    with pytest.raises(KilledError):
        train(plan, own, 0, tmp_path / "cut", epoch_done=kill)
    again = train(plan, own, 0, tmp_path / "cut", resume=True)
    for name, tensor in tensors(run).items():
        torch.testing.assert_close(tensors(again)[name], tensor, rtol=0, atol=0)


@pytest.mark.usefixtures("training")
def test_patience_ends_a_run_that_does_not_get_better(own: Recordings, tmp_path: Path) -> None:
    # A rate that changes nothing: each epoch is as good as the first, and none is better for long.
    plan = recipe_of(schedule={"epochs": 40, "rate": 1e-12, "warmup": 0, "patience": 2})
    run = train(plan, own, 0, tmp_path)
    assert len(run.history) == run.kept + 2 < 40
    assert load_checkpoint(run.checkpoint).metrics["epochs"] == len(run.history)
    state = read_tensors(tmp_path / "last.pt", STATE_FORMAT)
    at = Position(history=json.loads(state["history"]), best=state["best"])
    assert is_over(at, plan, at.best["form"]) and not is_over(at, plan, at.best["form"] + 1)


@pytest.mark.usefixtures("training")
def test_an_early_end_leaves_the_epochs_that_round(own: Recordings, tmp_path: Path) -> None:
    """Nothing gets better for long: epochs before those that round are left out, and none that rounds."""
    plan = parse_recipe(
        {
            "preset": "sensor-nano-conv",
            "data": {"set": "npz", "validation": 0.3},
            "schedule": {
                **{"epochs": 20, "batch": 16, "warmup": 0, "rate": 1e-12, "average": 0.5},
                **{"patience": 1, "real_weights": 0.3, "rounding": 0.1},
            },
            "augment": {"auto": False},
        },
        "own",
    )
    run = train(plan, own, 0, tmp_path / "whole")
    epochs = [int(entry["epoch"]) for entry in run.history]
    # Six epochs have real weights, and the last two round.
    assert epochs[-2:] == [19, 20] and run.kept in (19, 20)
    assert len(epochs) < 18 and {1, 7} <= set(epochs) and epochs == sorted(set(epochs))
    model = load_checkpoint(run.checkpoint).model
    assert isinstance(model, HybridModel) and model.unit is not None
    told = summary_of({**training_facts(run), "epochs": 20})
    assert "stopped early: left out " in told and "; epochs 19 to 20 ran, in which the model has its" in told

    def kill(epoch: int, entry: dict[str, float]) -> None:
        if epoch == 19:
            raise KilledError

    with pytest.raises(KilledError):
        train(plan, own, 0, tmp_path / "cut", epoch_done=kill)
    again = train(plan, own, 0, tmp_path / "cut", resume=True)
    assert again.history == run.history
    for name, tensor in tensors(run).items():
        torch.testing.assert_close(tensors(again)[name], tensor, rtol=0, atol=0)


def test_an_early_end_is_told_with_the_epochs_that_ran() -> None:
    def told(epochs: list[int], planned: int) -> str:
        history = [{"epoch": epoch, "validation_top1": 0.5} for epoch in epochs]
        last = {"epochs": planned, "trained_epochs": len(epochs), "kept_epoch": epochs[-1]}
        return summary_of({**last, "history": history})

    why = "because the result on the validation part had not become better for long"
    early = f"stopped early: left out {{}}, {why}"
    form = "; epochs {} ran, in which the model has its next form"
    form += " (binary weights, or the roundings of its integers)"
    kept = "; epoch {} is kept, with 50.0% right in the validation part"
    rounding = told([*range(1, 39), *range(99, 109)], 108)
    assert (
        rounding
        == f"48 epochs of 108; {early.format('39 to 98')}{form.format('99 to 108')}{kept.format(108)}"
    )
    assert told([1, 2], 4) == f"2 epochs of 4; {early.format('3 to 4')}{kept.format(2)}"
    assert told([1, 3], 3) == f"2 epochs of 3; {early.format('2')}{form.format('3 to 3')}{kept.format(3)}"
    assert told([1, 2], 2) == f"2 epochs{kept.format(2)}"


def test_patience_without_a_validation_part_is_refused(own: Recordings) -> None:
    plan = recipe_of(data={"validation": 0.0}, schedule={"patience": 3})
    with pytest.raises(CheckpointError, match=r"schedule\.patience is 3, but nothing validates"):
        with_defaults(plan, own)


def test_a_validation_part_of_nothing_is_refused(own: Recordings) -> None:
    plan = recipe_of(data={"train_subjects": [1, 2, 3], "test_subjects": [4, 5, 6]})
    with pytest.raises(DataError, match="no class has two recordings to learn from"):
        split(own, plan)


def open_recipe(**data: Any) -> Recipe:
    return parse_recipe({"data": {"set": "npz", **data}}, "own")


def test_what_is_left_open_follows_the_set_and_is_said(own: Recordings) -> None:
    written = open_recipe()
    chosen = with_defaults(written, own)
    assert chosen.preset == "sensor-small"
    assert chosen.data.validation == 0.0  # three recordings of each class to learn from
    schedule = chosen.schedule
    learned = sum(own.is_of(chosen.data.parts()[0]))
    assert schedule.batch == 16
    assert STEPS <= schedule.epochs * steps_per_epoch(learned, 16) < STEPS + steps_per_epoch(learned, 16)
    assert (schedule.patience, schedule.class_weights) == (0, "none")
    augment = chosen.augment
    assert (augment.shift, augment.mirror, augment.rotation, augment.flip) == (10, False, 0.0, False)
    assert with_defaults(chosen, own) == chosen and told(chosen, chosen) == []
    sentences = "\n".join(told(written, chosen))
    for key in (
        "validation = 0:",
        "batch = 16",
        f"epochs = {schedule.epochs}",
        'weights = "none"',
        "shift = 10",
    ):
        assert key in sentences
    # Enough recordings, and classes of unequal size.
    more = replace(
        own, group=np.arange(len(own.y)) // 3, y=np.where(own.y == 2, 2, 0), classes=("a", "b", "c")
    )
    chosen = with_defaults(written, more)
    assert chosen.data.validation == 0.15 and chosen.schedule.patience >= 20
    assert chosen.schedule.class_weights == "auto"


def test_what_is_stated_stays_and_other_sets_have_nothing_open(own: Recordings) -> None:
    plan = recipe_of(schedule={"class_weights": "none", "patience": 7}, augment={"jitter": 0.5})
    chosen = with_defaults(plan, own)
    assert (chosen.schedule, chosen.augment, chosen.preset) == (plan.schedule, plan.augment, "sensor-tiny")
    shipped = parse_recipe({"data": {"train_subjects": [1, 2, 3], "test_subjects": [4]}}, "shipped")
    assert with_defaults(shipped, own) == shipped
    assert (shipped.preset, shipped.schedule.epochs, shipped.schedule.batch) == ("sensor-tiny", 60, 64)
    assert (shipped.data.validation, shipped.augment.auto) == (0.0, False)


def test_auto_with_other_changes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"augment\.auto chooses .* but augment\.shift is set"):
        recipe_of(augment={"auto": True, "shift": 3})


@given(st.lists(st.integers(0, 500), min_size=2, max_size=8).filter(any))
@settings(deadline=None, max_examples=50)
def test_classes_weigh_the_same_and_an_example_1_in_the_mean(counts: list[int]) -> None:
    weights = class_weights(counts).double()
    known = torch.tensor(counts, dtype=torch.float64)
    assert float((weights * known).sum() / known.sum()) == pytest.approx(1, rel=1e-5)
    present = known[known > 0]
    if max(present) * 10 * len(present) < 10 * 10 * min(present) * len(present):  # no weight is cut
        shares = (weights * known)[known > 0]
        torch.testing.assert_close(shares, shares[:1].expand(len(shares)), rtol=1e-5, atol=0)


def test_weighted_loss_is_that_of_pytorch() -> None:
    random = torch.Generator().manual_seed(0)
    answers, weights = torch.randn(9, 3, generator=random), torch.tensor([0.5, 1.0, 2.0])
    y = torch.randint(3, (9,), generator=random)
    found = label_loss(answers, y, 0.0, weights)
    summed = functional.cross_entropy(answers, y, weight=weights, reduction="sum")
    torch.testing.assert_close(found, summed / 9)
    shares = functional.one_hot(y, 3).float()
    torch.testing.assert_close(label_loss(answers, shares, 0.0, weights), found)
    equal = label_loss(answers, y, 0.1, torch.ones(3))
    torch.testing.assert_close(equal, label_loss(answers, y, 0.1, None))


@given(st.integers(2, 4), st.integers(0, 3))
@settings(deadline=None, max_examples=20)
def test_folds_divide_the_training_part(count: int, seed: int) -> None:
    recordings = 24
    own = Recordings(
        signal=np.zeros((1, 10 * recordings), np.float32),
        **{name: 10 * np.arange(recordings) for name in ("start", "first")},
        end=10 * np.arange(recordings) + 10,
        length=10,
        y=np.arange(recordings) % 3,
        group=np.arange(recordings),
        classes=("a", "b", "c"),
        mirror=np.ones(1, np.float32),
        whole="recording",
    )
    data = settled(own, open_recipe(split_seed=seed).data)
    found = folds(own, data, count)
    assert sorted(group for fold in found for group in fold) == sorted(data.parts()[0])
    assert len(found) == count
    for fold in found:
        assert set(own.y[own.is_of(fold)]) == {0, 1, 2}
    with pytest.raises(DataError, match="cannot be divided into 40 folds"):
        folds(own, data, 40)


@pytest.fixture(scope="module")
def own_file(tmp_path_factory: pytest.TempPathFactory, own: Recordings) -> Path:
    folder = tmp_path_factory.mktemp("own")
    windows = own.windows()
    classes = np.array(windows.classes)
    np.savez(folder / "own.npz", x=windows.x[:], y=windows.y, classes=classes, recording=own.group)
    text = (
        'preset = "sensor-tiny"\n[model]\nwidth = 32\nheads = 1\nlayers = 1\n'
        '[data]\nset = "npz"\npath = "own.npz"\nvalidation = 0.3\n[schedule]\nepochs = 2\n'
    )
    (folder / "own.toml").write_text(text, encoding="utf-8")
    return folder / "own.toml"


@pytest.mark.usefixtures("training")
def test_the_command_tells_classes_epochs_and_choices(own_file: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    words = ["train", str(own_file), "--out", str(tmp_path / "run"), "--report", str(page)]
    done = CliRunner().invoke(root, [*words, "--json"])
    assert done.exit_code == 0, done.exception
    facts = json.loads(done.stdout)
    assert "are the validation part (data.validation): recordings" in done.stderr
    assert "chosen: schedule.batch = 16" in done.stderr and "chosen: data.validation" not in done.stderr
    confusion = np.array(facts["confusion"])
    recall = [confusion[place, place] / confusion[place].sum() for place in range(3)]
    assert facts["test_balanced"] == pytest.approx(np.mean(recall))
    for place, one in enumerate(facts["classes"]):
        answered, right = confusion[:, place].sum(), confusion[place, place]
        assert one["precision"] == (pytest.approx(right / answered) if answered else None)
        assert one["f1"] == pytest.approx(2 * right / (answered + confusion[place].sum()))
    assert [entry["epoch"] for entry in facts["history"]] == [1, 2]
    assert {"rate", "validation_top1"} <= facts["history"][0].keys()
    text = page.read_text(encoding="utf-8")
    assert text.count("<polyline") == 4 and "Confusion matrix" in text and "validation part" in text


@pytest.mark.usefixtures("training")
def test_one_command_cross_validates_a_recipe_whose_split_is_open(own_file: Path, tmp_path: Path) -> None:
    cross = own_file.with_name("cross.toml")
    cross.write_text('base = "own"\n[data]\nvalidation = 0.0\n', encoding="utf-8")
    words = ["ablate", str(cross), "--seeds", "1", "--cross-validate", "2", "--out", str(tmp_path)]
    done = CliRunner().invoke(root, [*words, "--json"])
    assert done.exit_code == 0, done.exception
    (row,) = json.loads(done.stdout)["rows"]
    held = [run["held_out"] for run in row["runs"]]
    assert row["missing"] == 0 and len(held) == 2 and not set(held[0]) & set(held[1])
    assert len(set(held[0]) | set(held[1])) == 9  # of twelve; three are the test part
    again = CliRunner().invoke(root, [*words, "--dry-run", "--json"])
    assert json.loads(again.stdout)["rows"] == [row]
