"""Estimate the duration of a run from a few real steps of it."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace

from torch import Generator

from sensor_bnn.nn.families import build
from sensor_bnn.train.average import RunningAverage
from sensor_bnn.train.distill import Teacher
from sensor_bnn.train.epochs import Epochs, batches_of
from sensor_bnn.train.loop import new_learner, new_model, new_optimizer
from sensor_bnn.train.processes import Processes
from sensor_bnn.train.recipe import Recipe
from sensor_bnn.train.sets import Split
from sensor_bnn.train.state import Position

STEPS = 3
"""The number of timed steps; one step before them is not timed."""


def seconds_a_step(recipe: Recipe, parts: Split, teacher: Recipe | Teacher | None) -> float:
    """Measure the wall-clock seconds per step on this machine under its present load.

    The time includes augmentation and teacher; it is measured without ``torch.compile``.

    Args:
        recipe: the recipe of the run.
        parts: the data of the run.
        teacher: the teacher, its recipe, or None. Of a recipe the model is not trained here: its time is the
            same.
    """
    model = new_model(recipe, parts, seed=0)
    if isinstance(teacher, Recipe):
        teacher = _untrained(teacher, parts)
    learner = new_learner(recipe, model, teacher)
    optimizer = new_optimizer(model, recipe)
    average = RunningAverage(model, recipe.schedule.average)
    epochs = Epochs(recipe, 0, model, learner, optimizer, average, parts.train, Processes())
    times: list[float] = []
    steps = min(STEPS + 1, len(list(batches_of(len(parts.train), recipe.schedule.batch, Generator()))))

    def enough() -> bool:
        times.append(time.perf_counter())  # called once per step, after its forward pass
        return len(times) >= steps

    begin = time.perf_counter()
    epochs.run(Position(), enough)
    if len(times) < 2:
        return time.perf_counter() - begin
    return (times[-1] - times[0]) / (len(times) - 1)


def _untrained(recipe: Recipe, parts: Split) -> Teacher:
    config = replace(recipe.config(parts.shape, parts.classes, parts.channels), precision="full")
    return Teacher(build(config).eval(), hashlib.sha256(b"").hexdigest())
