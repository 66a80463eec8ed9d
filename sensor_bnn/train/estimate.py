"""How long a run would take, from a few real steps of it."""

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
"""Steps that are timed, after one that is not."""


def seconds_a_step(recipe: Recipe, parts: Split, teacher: Recipe | None) -> float:
    """Wall-clock seconds a step on this machine as it is loaded now, augmentation and teacher included.

    Args:
        recipe: of the run; without ``torch.compile``.
        parts: its data.
        teacher: the recipe of its teacher, who is untrained here.
    """
    model = new_model(recipe, parts, seed=0)
    whose = None if teacher is None else _untrained(teacher, parts)
    learner = new_learner(recipe, model, whose)
    optimizer = new_optimizer(model, recipe)
    average = RunningAverage(model, recipe.schedule.average)
    epochs = Epochs(recipe, 0, model, learner, optimizer, average, parts.train, Processes())
    times: list[float] = []
    steps = min(STEPS + 1, len(list(batches_of(len(parts.train), recipe.schedule.batch, Generator()))))

    def enough() -> bool:
        times.append(time.perf_counter())  # asked once a step, after its forward pass
        return len(times) >= steps

    begin = time.perf_counter()
    epochs.run(Position(), enough)
    if len(times) < 2:
        return time.perf_counter() - begin
    return (times[-1] - times[0]) / (len(times) - 1)


def _untrained(recipe: Recipe, parts: Split) -> Teacher:
    config = replace(recipe.config(parts.shape, parts.classes), precision="full")
    return Teacher(build(config).eval(), hashlib.sha256(b"").hexdigest())
