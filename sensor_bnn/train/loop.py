"""The training loop: seeded, resumable to the same curve, never a half-written file."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from sensor_bnn.errors import CheckpointError, DataError
from sensor_bnn.nn.checkpoint import read_tensors, save_checkpoint, write_tensors
from sensor_bnn.nn.transformer import BinaryTransformer
from sensor_bnn.train.distill import Distiller, Teacher
from sensor_bnn.train.evaluate import Evaluation, evaluate
from sensor_bnn.train.recipe import Recipe, parse_recipe
from sensor_bnn.train.sets import Cutter, DataSet, Split, split

STATE_FORMAT = "sensor-bnn training state"

EpochDone = Callable[[int, float, float], None]
"""Called after each epoch with its number (from 1), mean loss and share of right answers while learning."""

Objective = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Windows ``[n, C, L]`` and labels ``[n]`` to logits ``[n, classes]`` and the loss."""


@dataclass(frozen=True)
class TrainingRun:
    """What a run left behind.

    Attributes:
        checkpoint: the file of the last epoch's model.
        history: an entry an epoch: ``epoch``, ``loss``, ``top1`` (while learning, augmented windows).
        test: the last epoch's model on the test part.
    """

    checkpoint: Path
    history: list[dict[str, float]]
    test: Evaluation


class RunningAverage:
    """The running average of a model's learned weights; nothing where ``past`` is 0.

    Running statistics are averages already and are left alone. Binary weights are the signs of the average.

    Args:
        model: whose.
        past: weight of the past in each step, below 1.
    """

    def __init__(self, model: nn.Module, past: float) -> None:
        self.past = past
        self.parameters = list(model.parameters()) if past else []
        self.tensors = [parameter.detach().clone() for parameter in self.parameters]

    @torch.no_grad()
    def take(self) -> None:
        """A step was done."""
        for mean, parameter in zip(self.tensors, self.parameters, strict=True):
            mean.lerp_(parameter, 1 - self.past)

    @torch.no_grad()
    def give(self) -> None:
        """Let the average be the model's weights."""
        for mean, parameter in zip(self.tensors, self.parameters, strict=True):
            parameter.copy_(mean)


def train(
    recipe: Recipe,
    dataset: DataSet,
    seed: int,
    out: Path,
    *,
    teacher: Teacher | None = None,
    resume: bool = False,
    compiled: bool = False,
    epoch_done: EpochDone = lambda epoch, loss, top1: None,
) -> TrainingRun:
    """Train a recipe on a data set and write ``out/ckpt.pt``, ``out/history.json`` and ``out/last.pt``.

    After every epoch ``out/last.pt`` and ``out/history.csv`` are whole.

    The test part is looked at once, after the last epoch; no epoch is chosen by it. The same recipe, seed and
    number of threads give the same weights, also when the run was killed and resumed between.

    Args:
        recipe: what to train.
        dataset: the whole set; the recipe's split is made here.
        seed: of initial weights, order and augmentation.
        out: folder of the run.
        teacher: whom the recipe's ``distill`` section names, if it names one.
        resume: go on from ``out/last.pt``.
        compiled: with ``torch.compile``: twice to three times as fast after a start of up to a minute and a
            half, and rounded otherwise. A run must be resumed as it was begun to give the same curve.
        epoch_done: progress.

    Raises:
        CheckpointError: nothing to resume, or of another recipe, seed or teacher; the teacher does not fit;
            or the loss is not finite.
        DataError: the split is empty, or a value is not finite.
    """
    parts = split(dataset, recipe)
    model = _new_model(recipe, parts, seed)
    objective = _objective(recipe, model, teacher)
    if compiled:
        objective = torch.compile(objective, dynamic=False)
    optimizer = _optimizer(model, recipe)
    identity = {"recipe": recipe.to_dict(), "seed": seed, "teacher": teacher.sha256 if teacher else None}
    average = RunningAverage(model, recipe.schedule.average)
    history: list[dict[str, float]] = []
    if resume:
        history = _restore(out / "last.pt", recipe, identity, model, optimizer, average)
    for epoch in range(len(history), recipe.schedule.epochs):
        model.set_real_weights(epoch < recipe.schedule.real_weights * recipe.schedule.epochs)
        loss, top1 = _epoch(model, objective, optimizer, average, parts.train, recipe, seed, epoch)
        history.append({"epoch": epoch + 1, "loss": loss, "top1": top1})
        _keep(out / "last.pt", identity, model, optimizer, average, history)
        _write_csv(out / "history.csv", history)
        epoch_done(epoch + 1, loss, top1)
    model.set_real_weights(False)
    average.give()
    test = evaluate(model, parts.test)
    metrics: dict[str, Any] = {
        "test_top1": test.top1,
        "test_loss": test.loss,
        "epochs": len(history),
        "seed": seed,
    }
    if teacher is not None:
        metrics["teacher_sha256"] = teacher.sha256
    save_checkpoint(out / "ckpt.pt", model, recipe.to_dict(), metrics)
    write_json(out / "history.json", {"recipe": recipe.to_dict(), "history": history, **metrics})
    return TrainingRun(out / "ckpt.pt", history, test)


def _objective(recipe: Recipe, model: BinaryTransformer, teacher: Teacher | None) -> Objective:
    if bool(recipe.distill.teacher) != (teacher is not None):
        named, given = recipe.distill.teacher or "none", "one" if teacher else "none"
        raise CheckpointError(
            f"Recipe {recipe.name} names {named} as its teacher, and {given} was given.",
            "Name the teacher in the section [distill].",
        )
    if teacher is not None:
        distiller = Distiller(recipe.distill, recipe.schedule.smoothing, model, teacher.model)
        if recipe.distill.start:
            distiller.start()
        return distiller

    def objective(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        answers = model(x)
        return answers, functional.cross_entropy(answers, y, label_smoothing=recipe.schedule.smoothing)

    return objective


def _new_model(recipe: Recipe, parts: Split, seed: int) -> BinaryTransformer:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = BinaryTransformer(recipe.config(parts.shape, parts.classes))
    mean, std = parts.train.normalisation()
    if not (std > 0).all():
        raise DataError("A channel of the training windows never changes.", "Leave it out of the data.")
    model.set_normalisation(torch.from_numpy(mean), torch.from_numpy(std))
    return model


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.schedule.decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.schedule.rate, fused=True)


def _epoch(
    model: BinaryTransformer,
    objective: Objective,
    optimizer: torch.optim.Optimizer,
    average: RunningAverage,
    cutter: Cutter,
    recipe: Recipe,
    seed: int,
    epoch: int,
) -> tuple[float, float]:
    """One pass; ``(mean loss, share of right answers)``. Its randomness depends on seed and epoch alone."""
    model.train()
    generator = Generator().manual_seed((seed << 20) + epoch)
    loss_sum, right, seen = 0.0, 0, 0
    batches = list(_batches(len(cutter), recipe.schedule.batch, generator))
    for step, index in enumerate(batches):
        rate = _rate(recipe, epoch + step / len(batches))
        for group in optimizer.param_groups:
            group["lr"] = rate
        x, y = cutter.cut(index, generator)
        answers, loss = objective(x, y)
        if not math.isfinite(loss.item()):
            raise CheckpointError(
                f"Training of {recipe.name} diverged: the loss is {loss.item()} in epoch {epoch + 1}.",
                "Lower schedule.rate in the recipe.",
            )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if recipe.schedule.clip:
            nn.utils.clip_grad_norm_(model.parameters(), recipe.schedule.clip)
        optimizer.step()
        average.take()
        loss_sum += loss.item() * len(index)
        right += int((answers.argmax(dim=1) == y).sum())
        seen += len(index)
    return loss_sum / seen, right / seen


def _batches(count: int, size: int, generator: Generator) -> Iterator[Tensor]:
    """Index tensors over a random order; a last batch under half the size is left out (but a first never)."""
    order = torch.randperm(count, generator=generator)
    for at in range(0, count, size):
        index = order[at : at + size]
        if at == 0 or 2 * len(index) >= size:
            yield index


def _rate(recipe: Recipe, epoch: float) -> float:
    schedule = recipe.schedule
    if epoch < schedule.warmup:
        return schedule.rate * (epoch + 0.01) / (schedule.warmup + 0.01)
    done = (epoch - schedule.warmup) / max(schedule.epochs - schedule.warmup, 1e-9)
    return schedule.rate * (1 + math.cos(math.pi * min(done, 1.0))) / 2


def _keep(
    path: Path,
    identity: dict[str, Any],
    model: BinaryTransformer,
    optimizer: torch.optim.Optimizer,
    average: RunningAverage,
    history: list[dict[str, float]],
) -> None:
    content: dict[str, Any] = {
        **identity,
        "state": dict(model.state_dict()),
        "optimizer": optimizer.state_dict(),
        "average": average.tensors,
        "history": history,
    }
    write_tensors(path, STATE_FORMAT, content)


def _restore(
    path: Path,
    recipe: Recipe,
    identity: dict[str, Any],
    model: BinaryTransformer,
    optimizer: torch.optim.Optimizer,
    average: RunningAverage,
) -> list[dict[str, float]]:
    content = read_tensors(path, STATE_FORMAT)
    same = parse_recipe(content["recipe"], recipe.name) == recipe
    if not same or any(content.get(key) != identity[key] for key in ("seed", "teacher")):
        raise CheckpointError(
            f"{path} is of another recipe, seed or teacher than {recipe.name} with seed {identity['seed']}.",
            "Give the same recipe, --epochs and --seed, or train without --resume.",
        )
    model.load_state_dict(content["state"])
    optimizer.load_state_dict(content["optimizer"])
    average.tensors = content.get("average", [])
    return list(content["history"])


def _write_csv(path: Path, history: list[dict[str, float]]) -> None:
    """The history so far, a line an epoch, in one step."""
    lines = [",".join(history[0])] + [",".join(map(repr, entry.values())) for entry in history]
    write_text(path, "\n".join(lines) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write plain values in one step."""
    write_text(path, json.dumps(content, indent=1) + "\n")
