"""Estimate the duration of a run from a few real steps of it."""

from __future__ import annotations

import hashlib
import statistics
import time
from dataclasses import dataclass, replace
from itertools import pairwise

from torch import Generator

from sensor_bnn.nn.families import build
from sensor_bnn.nn.hybrid_model import HybridModel
from sensor_bnn.train.average import RunningAverage
from sensor_bnn.train.distill import Teacher
from sensor_bnn.train.epochs import Epochs, batches_of
from sensor_bnn.train.loop import Pace, machine, new_learner, new_model, new_optimizer, steps_at
from sensor_bnn.train.processes import Processes
from sensor_bnn.train.recipe import Recipe
from sensor_bnn.train.sets import Split
from sensor_bnn.train.state import Position

STEPS = 5
"""The number of timed steps, of which the median counts."""

_UNTIMED = 2
"""The steps before them: the first compiles the forward pass of fast steps, the second their gradients."""


@dataclass(frozen=True)
class StepTime:
    """What a step takes.

    Attributes:
        seconds: wall-clock seconds per step, with augmentation and teacher.
        kind: the kind of steps that was timed: ``plain``, ``compiled``, or the means of the fast ones.
    """

    seconds: float
    kind: str


def time_steps(
    recipe: Recipe, parts: Split, teacher: Recipe | Teacher | None, pace: Pace = "plain"
) -> StepTime:
    """Measure the wall-clock time of a step on this machine under its present load.

    Args:
        recipe: the recipe of the run.
        parts: the data of the run.
        teacher: the teacher, its recipe, or None. Of a recipe the model is not trained here: its time is the
            same.
        pace: the kind of steps, see ``train``. What is compiled is compiled in a step that is not timed.
    """
    model = new_model(recipe, parts, seed=0)
    fast = steps_at(pace, model, recipe, len(parts.train), Processes())
    if isinstance(model, HybridModel):
        model.set_fast(fast)
    if isinstance(teacher, Recipe):
        teacher = _untrained(teacher, parts)
    learner = new_learner(recipe, model, teacher, parts.counts)
    if pace == "compiled":
        learner.compile(dynamic=False)
    optimizer = new_optimizer(model, recipe)
    average = RunningAverage(model, recipe.schedule.average)
    epochs = Epochs(recipe, 0, model, learner, optimizer, average, parts.train, Processes())
    times: list[float] = []
    steps = min(STEPS + _UNTIMED, len(list(batches_of(len(parts.train), recipe.schedule.batch, Generator()))))

    def enough() -> bool:
        times.append(time.perf_counter())  # called once per step, after its forward pass
        return len(times) >= steps

    begin = time.perf_counter()
    epochs.run(Position(), enough)
    whole = time.perf_counter() - begin
    taken = [later - earlier for earlier, later in pairwise(times)][_UNTIMED - 1 :]
    seconds = statistics.median(taken) if taken else whole / max(len(times), 1)
    return StepTime(seconds, machine(pace, fast)["kind of steps"])


def _untrained(recipe: Recipe, parts: Split) -> Teacher:
    config = replace(recipe.config(parts.shape, parts.classes, parts.channels), precision="full")
    return Teacher(build(config).eval(), hashlib.sha256(b"").hexdigest())
