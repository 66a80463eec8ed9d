"""The training loop: seeded, resumable with the same curve, and without half-written files."""

from __future__ import annotations

import csv
import io
import json
import logging
import math
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from sensor_bnn.data.numbers import Fit
from sensor_bnn.data.samples import Windows
from sensor_bnn.errors import CheckpointError, DataError
from sensor_bnn.files import write_file
from sensor_bnn.interruption import interruption, signals_noted
from sensor_bnn.nn.checkpoint import save_checkpoint
from sensor_bnn.nn.families import build
from sensor_bnn.nn.fold_hybrid import without_integers
from sensor_bnn.nn.fused import FastSteps, fast_steps
from sensor_bnn.nn.hybrid_model import HybridModel
from sensor_bnn.nn.model import Model
from sensor_bnn.nn.seeded import seeded
from sensor_bnn.nn.sizes import sizes
from sensor_bnn.tracing import NOTES, Laps
from sensor_bnn.train.anomalies import set_threshold
from sensor_bnn.train.average import RunningAverage
from sensor_bnn.train.best import figures_of, give_best, is_over, judge
from sensor_bnn.train.curves import Curves
from sensor_bnn.train.defaults import with_defaults
from sensor_bnn.train.distill import Distiller, Teacher
from sensor_bnn.train.epochs import Epochs, Stepped, unwatched
from sensor_bnn.train.evaluate import Evaluation, evaluate
from sensor_bnn.train.fingerprint import data_digest, program
from sensor_bnn.train.images import Images
from sensor_bnn.train.learner import Learner, class_weights
from sensor_bnn.train.parts import settled
from sensor_bnn.train.processes import Processes
from sensor_bnn.train.recipe import Recipe
from sensor_bnn.train.regression import NumberLearner, fit, is_regression, targets_of
from sensor_bnn.train.sets import Cutter, DataSet, Split, split
from sensor_bnn.train.state import (
    CHECKPOINT_FILE,
    STATE_FILE,
    Entry,
    Position,
    check_finite,
    check_start,
    discard,
    keep,
    moments,
    restore,
)
from sensor_bnn.train.statistics import estimate_again, measure_ranges
from sensor_bnn.train.teacher_outputs import keep_outputs

_log = logging.getLogger(__name__)

Pace = Literal["auto", "fast", "plain", "compiled"]
"""How training steps are computed."""

_LONG = 1e12
"""The multiply-adds of a run from which fast steps pay off, some minutes: they start in half a minute."""

EpochDone = Callable[[int, Entry], None]
"""A callback after each epoch; it gets the number of finished epochs, and the figures of the last one."""


@dataclass(frozen=True)
class TrainingRun:
    """The results of a run.

    Attributes:
        checkpoint: the file of the model.
        history: one entry per epoch; ``loss`` and ``top1`` are those during training, on augmented windows.
        test: the evaluation of the model on the test part; of numbers a ``Fit``.
        kept: the epoch whose weights the model has: the best by the validation part, or else the last one.
        classes: the names of the classes or targets, in the order of the model's answers.
    """

    checkpoint: Path
    history: list[Entry]
    test: Evaluation | Fit
    kept: int
    classes: tuple[str, ...]


def train(
    recipe: Recipe,
    dataset: DataSet,
    seed: int,
    out: Path,
    *,
    teacher: Teacher | None = None,
    resume: bool = False,
    fresh: bool = False,
    pace: Pace = "auto",
    processes: Processes | None = None,
    epoch_done: EpochDone = lambda epoch, entry: None,
    stepped: Stepped = unwatched,
) -> TrainingRun:
    """Train a recipe on a data set and write ``out/ckpt.pt``, ``out/history.json`` and ``out/last.pt``.

    After every epoch ``out/last.pt``, ``out/history.csv`` and ``out/tensorboard`` are complete. During the
    epochs, Ctrl-C or SIGTERM ends the run after the current step, which is saved in ``out/last.pt``.

    The test part is evaluated once, after the last epoch; it does not select an epoch. A validation part
    does, if the recipe has one: the model has the weights of the best epoch by it. What the recipe leaves
    open is chosen here, see ``sensor_bnn.train.defaults``. The same recipe, seed and number of threads give
    the same weights, even if the run was killed and resumed.

    Args:
        recipe: the recipe to train.
        dataset: the whole set; the recipe's split is made here.
        seed: the seed of initial weights, order and augmentation.
        out: the folder of the run.
        teacher: the teacher that the recipe's ``distill`` section names, if it names one.
        resume: whether to continue from ``out/last.pt``.
        fresh: whether to discard a run that ``out`` holds.
        pace: how steps are computed: ``plain``; ``fast`` with the means of this CPU (hybrid family only, see
            ``sensor_bnn.nn.fused``); ``auto`` for fast in long runs; or ``compiled`` by ``torch.compile`` as
            a whole, which is two to three times as fast as plain after a start of up to one and a half
            minutes. Each rounds differently: only a run that is resumed at the same pace gives the same
            curve.
        processes: the processes that share every batch; by default this process only.
        epoch_done: the callback after each epoch.
        stepped: the callback after each step.

    Raises:
        CheckpointError: there is nothing to resume, or it belongs to another recipe, seed, teacher or data;
            ``out`` holds a run, and neither ``resume`` nor ``fresh`` is given; the teacher does not fit; the
            loss, a weight or a statistic is not finite.
        InterruptionError: a signal came during the epochs; the state is saved.
        FileError: a file cannot be written.
        DataError: the split is empty, or a value is not finite.
    """
    processes = processes or Processes()
    check_start(out, resume, fresh)
    recipe = with_defaults(recipe, dataset)
    parts = split(dataset, recipe)
    model = new_model(recipe, parts, seed)
    learner: nn.Module = new_learner(recipe, model, teacher, parts.counts)
    if teacher is not None and processes.fabric is not None:
        processes.fabric.to_device(teacher.model)
    outputs = None
    if teacher is not None and isinstance(learner, Distiller) and recipe.distill.cache:
        named = {"teacher": teacher.sha256, **learner.looked_for}
        outputs = keep_outputs(out / "teacher-outputs", learner.look, named, parts.train, processes)
    steps = steps_at(pace, model, recipe, len(parts.train), processes)
    if isinstance(model, HybridModel):
        model.set_fast(steps)
    _log.info("%s: %s", recipe.name, steps or "plain steps")
    if pace == "compiled":
        # The compiler keeps a limited number of versions of a function, and all runs of a process share them:
        # past the limit a run would take its steps uncompiled.
        torch.compiler.reset()
        if isinstance(model, HybridModel):  # its integers' constants are numbers, new in each step
            model.rounded = torch.compiler.disable(model.rounded)  # type: ignore[method-assign,no-untyped-call]
        learner.compile(dynamic=False)
    learner, optimizer = processes.prepare(learner, new_optimizer(model, recipe))
    data = data_digest(dataset, recipe)
    identity = {
        "recipe": recipe.to_dict(),
        "seed": seed,
        "teacher": teacher.sha256 if teacher else None,
        "data": data,
        "program": program(),
        "machine": machine(pace, steps),
    }
    average = RunningAverage(model, recipe.schedule.average)
    at = Position(squares=0.0 if is_regression(recipe) else None)
    if resume:
        at = restore(out / STATE_FILE, recipe, identity, model, optimizer, average)
    elif fresh and processes.first:
        discard(out)
    epochs = Epochs(
        recipe, seed, model, learner, optimizer, average, parts.train, processes, outputs, stepped
    )
    with signals_noted() as stopped, Curves(out / "tensorboard", at.done, processes.first) as curves:
        laps = Laps(_log)
        forms = _forms(recipe, model)
        while at.done < recipe.schedule.epochs:
            # The epochs that round always run: without them the integers are not those that were trained.
            early = at.step == 0 and at.done < forms[1]
            if early and is_over(at, recipe, _form(forms, at.done)):
                following = next((first for first in forms if first > at.done), recipe.schedule.epochs)
                _log.info(
                    "%s: no epoch was better than epoch %d; epochs %d to %d are left out",
                    *(recipe.name, at.best["epoch"], at.done + 1, following),
                )
                if following == recipe.schedule.epochs:
                    break
                give_best(at, model, average)
                at.skipped += following - at.done
            if isinstance(model, HybridModel) and at.done == first_rounded(recipe) and at.step == 0:
                _begin_rounding(model, recipe, parts.train, seed, processes)
            whole = epochs.run(at, lambda: stopped() > 0)
            if whole:
                at.finish_epoch(optimizer.param_groups[0]["lr"])
                if parts.validation is not None:
                    figures = _figures(model, parts.validation, processes)
                    judge(at, figures, _form(forms, at.done - 1), model, average)
            where = f"after epoch {at.done}"
            check_finite({**model.state_dict(), **moments(model, optimizer)}, recipe, where)
            if processes.first:
                keep(out / STATE_FILE, identity, model, optimizer, average, at)
            processes.wait()
            if not whole:
                raise interruption(
                    stopped() or signal.SIGTERM,  # another process may have been told
                    f"Training of {recipe.name} was interrupted in epoch {at.done + 1} after step"
                    f" {at.step}, and saved.",
                    saved=True,
                )
            if processes.first:
                _write_csv(out / "history.csv", at.history)
                curves.add(at.history[-1])
            entry = at.history[-1]
            laps.lap(
                "%s: epoch %d of %d, %s",
                *(recipe.name, entry["epoch"], recipe.schedule.epochs, figures_told(entry)),
            )
            epoch_done(int(entry["epoch"]), entry)
            # An epoch of one step is whole whenever the signal comes.
            if processes.total([float(stopped() > 0)])[0]:
                raise interruption(
                    stopped() or signal.SIGTERM,
                    f"Training of {recipe.name} was interrupted after epoch {at.done}, and saved.",
                    saved=True,
                )
    model.set_real_weights(False)
    give_best(at, model, average)
    average.give()
    if recipe.schedule.average or isinstance(model, HybridModel):
        estimate_again(model, recipe, parts.train, seed, processes)
    if isinstance(model, HybridModel):
        measure_ranges(model, recipe, parts.train, seed, processes)
    threshold = None
    if recipe.data.normal:
        threshold = _threshold(model, recipe, parts, dataset, seed, processes)
    check_finite(model.state_dict(), recipe, "after the last epoch")
    history = at.history
    test = evaluated(model.to("cpu"), parts.test)
    metrics: dict[str, Any] = {
        **_metrics(test),
        "epochs": len(history),
        "seed": seed,
        "data_sha256": data,
    }
    if threshold is not None:
        metrics["threshold"] = threshold
    kept = int(at.best.get("epoch", at.done))
    if at.best:
        metrics["best_epoch"] = kept
    if teacher is not None:
        metrics["teacher_sha256"] = teacher.sha256
    if processes.first:
        save_checkpoint(out / CHECKPOINT_FILE, model, recipe.to_dict(), metrics)
        told = {"recipe": recipe.to_dict(), "history": history, **metrics}
        write_file(out / "history.json", json.dumps(told, indent=1) + "\n")
    processes.wait()
    return TrainingRun(out / CHECKPOINT_FILE, history, test, kept, parts.classes)


def evaluated(model: Model, windows: Windows) -> Evaluation | Fit:
    """Return how good a model is on windows: of classes, or of the numbers that it predicts."""
    return fit(model, windows) if targets_of(model) else evaluate(model, windows)


def _metrics(test: Evaluation | Fit) -> dict[str, float]:
    """Return the figures of the test part that a checkpoint keeps."""
    if isinstance(test, Fit):
        return {"test_rmse": test.rmse}
    return {"test_top1": test.top1, "test_loss": test.loss}


def _threshold(
    model: Model, recipe: Recipe, parts: Split, dataset: DataSet, seed: int, processes: Processes
) -> float:
    """Set the threshold of a model that detects anomalies, and return it, in units of its outputs."""
    windows = parts.validation
    if windows is None:
        assert not isinstance(dataset, Images)
        windows = dataset.of_groups(settled(dataset, recipe.data).parts()[0]).windows()
        NOTES.warning(
            "%s: there is no validation part, so the threshold is set on the windows that were learned:"
            " expect more false alarms than data.false_alarms = %g.",
            *(recipe.name, recipe.data.false_alarms),
        )
    threshold = set_threshold(model, windows, recipe.data.false_alarms)
    if isinstance(model, HybridModel):  # the outputs have moved
        measure_ranges(model, recipe, parts.train, seed, processes)
    return threshold


def figures_told(entry: Entry) -> str:
    """Return the figures of an epoch in words, in one line."""
    if "rmse" in entry:
        line = f"rate {entry['rate']:.2g}, loss {entry['loss']:.4f}, RMSE {entry['rmse']:.4f} deviations"
        if "validation_rmse" in entry:
            line += f", validation {entry['validation_rmse']:.4f}"
        return line
    line = f"loss {entry['loss']:.4f}, top-1 {entry['top1']:.4f}"
    if "rate" in entry:  # an earlier version did not keep it
        line = f"rate {entry['rate']:.2g}, {line}"
    if "validation_top1" in entry:
        line += f", validation loss {entry['validation_loss']:.4f}, top-1 {entry['validation_top1']:.4f}"
    return line


def _figures(model: Model, validation: Windows, processes: Processes) -> dict[str, float]:
    """Evaluate the model on the validation part; the figures of the first process are those of all."""
    found = figures_of(evaluated(model, validation))
    values = processes.total([value * processes.first for value in found.values()])
    return dict(zip(found, values, strict=True))


def _forms(recipe: Recipe, model: Model) -> tuple[int, int]:
    """Return how many epochs are before the first with binary weights, and before the first that rounds."""
    binary = math.ceil(recipe.schedule.real_weights * recipe.schedule.epochs)
    rounds = isinstance(model, HybridModel) and not without_integers(model.config)
    return binary, first_rounded(recipe) if rounds else recipe.schedule.epochs


def _form(forms: tuple[int, int], done: int) -> int:
    """Return the form of the epoch after ``done``: 0 with real weights, 2 if it rounds, else 1."""
    return sum(done >= first for first in forms)


def _begin_rounding(
    model: HybridModel, recipe: Recipe, cutter: Cutter, seed: int, processes: Processes
) -> None:
    """Let the model round as its integers do, in ranges that are measured now.

    Ranges and unit are buffers of the model, so a run that is resumed goes on with the same.
    """
    missing = without_integers(model.config)
    if missing:
        told = ", ".join(missing)
        _log.info("%s: no epoch rounds, since there are no integers for %s", recipe.name, told)
        return
    estimate_again(model, recipe, cutter, seed, processes)
    measure_ranges(model, recipe, cutter, seed, processes)
    try:
        model.round_from_here()
    except CheckpointError as error:
        NOTES.warning("%s: the last epochs train without the integers' rounding: %s", recipe.name, error)
        return
    first = first_rounded(recipe) + 1
    _log.info("%s: from epoch %d with the integers' rounding, in plain passes", recipe.name, first)


def first_rounded(recipe: Recipe) -> int:
    """Return the number of epochs before the first that trains with the integers' rounding."""
    schedule = recipe.schedule
    last = int(schedule.rounding * schedule.epochs + 1e-9)
    return max(schedule.epochs - last, math.ceil(schedule.real_weights * schedule.epochs))


def machine(pace: Pace, steps: FastSteps | None) -> dict[str, str]:
    """Return all that decides the rounding of a run's steps, beside the program."""
    kind = str(steps) if steps else "compiled" if pace == "compiled" else "plain"
    name = torch.cpu.get_capabilities().get("cpu_name", "")
    return {"processor": str(name), "kind of steps": kind, "number of threads": str(torch.get_num_threads())}


def steps_at(
    pace: Pace, model: Model, recipe: Recipe, examples: int, processes: Processes
) -> FastSteps | None:
    """Return the means of this machine's fast steps, or None where the steps are plain.

    Args:
        pace: see ``train``.
        model: the model to train; only the hybrid family has fast steps.
        recipe: the recipe of the run.
        examples: the number of training examples.
        processes: the processes of the run; several, or one on a GPU, take plain steps.
    """
    if pace in ("plain", "compiled") or not isinstance(model, HybridModel) or processes.fabric is not None:
        return None
    cost = sizes(model.config)
    total = (cost.binary_macs + cost.float_macs) * examples * recipe.schedule.epochs
    return fast_steps() if pace == "fast" or total >= _LONG else None


def new_learner(
    recipe: Recipe, model: Model, teacher: Teacher | None, counts: Sequence[int] = ()
) -> nn.Module:
    """Make the module that computes a step: ``(x, y)`` to ``(logits, loss)``.

    Args:
        recipe: the recipe of the run.
        model: the model to train.
        teacher: the teacher that the recipe names, or None.
        counts: the number of training examples of each class, for a recipe with weights of classes.

    Raises:
        CheckpointError: recipe and teacher do not fit each other.
    """
    if bool(recipe.distill.teacher) != (teacher is not None):
        named, given = recipe.distill.teacher or "none", "one" if teacher else "none"
        raise CheckpointError(
            f"Recipe {recipe.name} names {named} as its teacher, but {given} was given.",
            "Name the teacher in the section [distill].",
        )
    if is_regression(recipe):
        assert recipe.schedule.loss is not None
        return NumberLearner(model, recipe.schedule.loss)
    weights = class_weights(counts) if recipe.schedule.class_weights == "auto" else None
    if teacher is None:
        return Learner(model, recipe.schedule.smoothing, weights)
    distiller = Distiller(recipe.distill, recipe.schedule.smoothing, model, teacher.model, weights)
    if recipe.distill.start:
        distiller.start()
    return distiller


def new_model(recipe: Recipe, parts: Split, seed: int) -> Model:
    """Make the recipe's model with random weights and the normalisation of the training part.

    Raises:
        DataError: a channel is constant.
    """
    with seeded(seed):
        model = build(recipe.config(parts.shape, parts.classes, parts.channels, parts.targets))
    mean, std = parts.train.normalisation()
    if not (std > 0).all():
        raise DataError("A channel of the training windows never changes.", "Remove it from the data.")
    model.set_normalisation(torch.from_numpy(mean), torch.from_numpy(std))
    return model


def new_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """Make AdamW with the recipe's weight decay, which applies to matrices only."""
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.schedule.decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.schedule.rate, fused=True)


def _write_csv(path: Path, history: list[Entry]) -> None:
    """Write the history so far atomically, one line per epoch."""
    names = dict.fromkeys(name for entry in history for name in entry)
    text = io.StringIO()
    # An epoch that an earlier version trained lacks some figures.
    rows = csv.DictWriter(text, list(names), lineterminator="\n")
    rows.writeheader()
    rows.writerows(history)
    write_file(path, text.getvalue())
