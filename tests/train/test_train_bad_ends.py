"""A run that ends early keeps its saved state, and says where it ended and how to continue."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import sensor_bnn
from sensor_bnn.cli.evaluate import command as evaluate_command
from sensor_bnn.errors import CheckpointError, DataError, FileError, InterruptionError
from sensor_bnn.nn.checkpoint import load_checkpoint, read_tensors, write_tensors
from sensor_bnn.nn.digest import digest_of
from sensor_bnn.train import epochs
from sensor_bnn.train.loop import TrainingRun, train
from sensor_bnn.train.recipe import Recipe
from sensor_bnn.train.state import STATE_FORMAT
from sensor_bnn.train.windows import Recordings

MakeRecipe = Callable[..., Recipe]
ZOO = Path(sensor_bnn.__file__).parent / "zoo" / "watch-tiny"


def same(one: TrainingRun, other: TrainingRun) -> bool:
    ours, theirs = (load_checkpoint(run.checkpoint).model.state_dict() for run in (one, other))
    return one.history == other.history and all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize(
    "batch,step,place,number",
    (
        (16, 1, "in epoch 1 after step 1", signal.SIGINT),
        (16, 11, "in epoch 2 after step 4", signal.SIGTERM),  # of seven steps each
        (16, 14, "after epoch 2", signal.SIGHUP),
        (16, 21, "after epoch 3", signal.SIGINT),
        (117, 1, "after epoch 1", signal.SIGINT),  # of one step each
        (117, 3, "after epoch 3", signal.SIGTERM),
    ),
)
def test_a_signal_saves_the_step_and_the_curve_goes_on(
    tmp_path: Path,
    recordings: Recordings,
    recipe: MakeRecipe,
    monkeypatch: pytest.MonkeyPatch,
    batch: int,
    step: int,
    place: str,
    number: signal.Signals,
) -> None:
    plan = recipe(schedule={"epochs": 3, "batch": batch, "warmup": 1, "average": 0.9})
    whole = train(plan, recordings, 1, tmp_path / "whole")
    rate_at, calls = epochs.rate_at, []

    def interrupting(*arguments: object) -> float:
        calls.append(1)
        if len(calls) == step:
            os.kill(os.getpid(), number)
        return rate_at(*arguments)

    before = signal.getsignal(number)
    monkeypatch.setattr(epochs, "rate_at", interrupting)
    with pytest.raises(InterruptionError, match=f"interrupted {place}, and saved. Continue from") as caught:
        train(plan, recordings, 1, tmp_path / "cut")
    assert caught.value.number == number and len(calls) == step
    assert signal.getsignal(number) is before
    assert not (tmp_path / "cut" / "ckpt.pt").exists()
    assert same(whole, train(plan, recordings, 1, tmp_path / "cut", resume=True))


@pytest.mark.parametrize("victim", ("history.csv", "last.pt", "tensorboard"))
def test_a_place_that_cannot_be_written_to_keeps_the_state(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe, victim: str
) -> None:
    whole = train(recipe(), recordings, 0, tmp_path / "whole")
    out = tmp_path / "cut"

    def block(epoch: int, entry: dict[str, float]) -> None:
        if epoch == 1 and victim != "tensorboard":
            (out / victim).rename(out / "aside")
            (out / victim).mkdir()  # replacing it fails with an OSError, as on a full disk

    if victim == "tensorboard":
        out.mkdir()
        (out / victim).write_text("in the way")
    with pytest.raises(FileError, match=f"{victim} cannot be written"):
        train(recipe(), recordings, 0, out, epoch_done=block)
    if victim == "tensorboard":
        (out / victim).unlink()
    else:
        (out / victim).rmdir()
        (out / "aside").rename(out / victim)
    assert not [path for path in out.iterdir() if path.name.startswith(".")]
    assert same(whole, train(recipe(), recordings, 0, out, resume=True))


def test_a_full_disk_keeps_the_history(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, calls = Path.replace, []

    def full(self: Path, target: Path) -> Path:
        calls.append(target.name)
        # That of the second epoch.
        if calls.count("history.csv") == 2:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(FileError, match=r"history.csv cannot be written \(No space left on device\)"):
        train(recipe(), recordings, 0, tmp_path)
    assert len((tmp_path / "history.csv").read_text().splitlines()) == 2
    monkeypatch.undo()
    assert len(train(recipe(), recordings, 0, tmp_path, resume=True).history) == 3


def test_weights_that_are_not_finite_are_never_saved(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, done = epochs.Epochs.run, []

    def poisoned(self: epochs.Epochs, *arguments: object) -> bool:
        whole = run(self, *arguments)
        done.append(1)
        if len(done) == 2:
            self.model.head.weight.data[0, 0] = float("nan")
        return whole

    monkeypatch.setattr(epochs.Epochs, "run", poisoned)
    with pytest.raises(CheckpointError, match=r"head.weight is not finite after epoch 2"):
        train(recipe(), recordings, 0, tmp_path)
    monkeypatch.undo()
    resumed = train(recipe(), recordings, 0, tmp_path, resume=True)
    assert same(train(recipe(), recordings, 0, tmp_path / "whole"), resumed)


def test_a_state_of_another_model_or_version(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    train(recipe(), recordings, 0, tmp_path)
    content = torch.load(tmp_path / "last.pt", weights_only=True)
    del content["sha256"]
    kind = content.pop("format")
    for key, value, said in (
        ("version", 99, "of version 99"),
        ("state", {}, "does not fit the model"),
        ("recipe", {"model": {"width": 64}}, "another recipe"),
    ):
        write_tensors(tmp_path / "last.pt", kind, {**content, key: value})
        with pytest.raises(CheckpointError, match=said):
            train(recipe(), recordings, 0, tmp_path, resume=True)


def test_a_flipped_bit_in_a_state_is_refused_or_in_no_byte_that_is_read(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    train(recipe(), recordings, 0, tmp_path)
    file = tmp_path / "last.pt"
    content, whole = file.read_bytes(), digest_of(read_tensors(file, STATE_FORMAT))
    random, refused = np.random.default_rng(14), 0
    for place in random.integers(0, 8 * len(content), 200):
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << place % 8
        file.write_bytes(flipped)
        try:
            found = read_tensors(file, STATE_FORMAT)
        except CheckpointError:
            refused += 1
            continue
        assert digest_of(found) == whole, place
    print(f"{refused} of 200 refused")
    assert refused > 100


def test_what_the_optimizer_keeps_may_not_overflow(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an infinite square of the gradient a weight stays as it is for ever."""
    run = epochs.Epochs.run

    def overflowing(self: epochs.Epochs, *arguments: object) -> bool:
        whole = run(self, *arguments)
        self.optimizer.state[self.model.head.weight]["exp_avg_sq"][0, 0] = float("inf")
        return whole

    monkeypatch.setattr(epochs.Epochs, "run", overflowing)
    with pytest.raises(CheckpointError, match=r"exp_avg_sq of head.weight is not finite after epoch 1"):
        train(recipe(), recordings, 0, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_step_that_makes_a_weight_infinite_is_named(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, done = torch.optim.AdamW.step, []

    def overflowing(self: torch.optim.AdamW, *arguments: object) -> object:
        found = step(self, *arguments)
        done.append(1)
        if len(done) == 10:  # the third of the second epoch
            self.param_groups[1]["params"][-1].data[0] = float("inf")
        return found

    monkeypatch.setattr(torch.optim.AdamW, "step", overflowing)
    with pytest.raises(CheckpointError, match=r"head.bias is not finite in epoch 2, step 3"):
        train(recipe(), recordings, 0, tmp_path)


def test_wrong_labels_are_named(tmp_path: Path, recordings: Recordings, recipe: MakeRecipe) -> None:
    for wrong in (-1, 3):
        y = recordings.y.copy()
        y[5] = wrong
        with pytest.raises(DataError, match=r"a label outside 0 .. 2"):
            train(recipe(), dataclasses.replace(recordings, y=y), 0, tmp_path)


@pytest.mark.usefixtures("long_run")
def test_confusion_as_a_picture(tmp_path: Path) -> None:
    arguments = [str(ZOO / "ckpt.pt"), "--data", str(ZOO / "samples.npz"), "--confusion"]
    for name, start in (("a.png", b"\x89PNG"), ("b.svg", b"<?xml")):
        done = CliRunner().invoke(evaluate_command, [*arguments, str(tmp_path / name)])
        assert done.exit_code == 0, done.output
        assert (tmp_path / name).read_bytes().startswith(start)
    from PIL import Image

    with Image.open(tmp_path / "a.png") as picture:
        assert np.asarray(picture.convert("L")).std() > 20  # not blank
    refused = CliRunner().invoke(evaluate_command, [*arguments, str(tmp_path / "c.txt")])
    assert isinstance(refused.exception, DataError)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.svg"]
