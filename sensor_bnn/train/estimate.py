"""Estimate the duration of a run from a few real steps of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import mean
from time import perf_counter

from sensor_bnn.nn.families import build
from sensor_bnn.nn.hybrid_model import HybridModel
from sensor_bnn.nn.model import Model
from sensor_bnn.train.average import RunningAverage
from sensor_bnn.train.distill import Teacher
from sensor_bnn.train.epochs import Epochs
from sensor_bnn.train.loop import Pace, evaluated, machine, new_learner, new_model, new_optimizer, steps_at
from sensor_bnn.train.processes import Processes
from sensor_bnn.train.recipe import Recipe
from sensor_bnn.train.sets import Split
from sensor_bnn.train.state import Position

STEPS = 5
"""The fewest timed steps. Their mean counts, because the pauses of a busy machine are part of a run, but
without the slowest one: a batch of another size may have been compiled in it."""

MOST_STEPS = 50
SECONDS = 0.5
"""So long steps are timed, if they are no more than ``MOST_STEPS``."""

_UNTIMED = 2
"""The steps before them: the first compiles the forward pass of fast steps, the second their gradients."""


@dataclass(frozen=True)
class StepTime:
    """What a step takes.

    Attributes:
        seconds: wall-clock seconds per step, with augmentation and teacher; the mean without the slowest.
        validating: wall-clock seconds after each epoch, for the validation part.
        timed: the number of steps that were timed.
        kind: the kind of steps that was timed: ``plain``, ``compiled``, or the means of the fast ones.
    """

    seconds: float
    validating: float
    timed: int
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

    def stopped() -> bool:
        times.append(perf_counter())  # called once per step, after its forward pass
        return _is_enough(times)

    at = Position()
    # An epoch of few windows has fewer steps than are timed.
    while epochs.run(at, stopped) and not _is_enough(times):
        at.finish_epoch(rate=0.0)
    taken = sorted(later - earlier for earlier, later in pairwise(times[_UNTIMED:]))
    return StepTime(
        seconds=mean(taken[:-1]),
        validating=_validating(model, parts),
        timed=len(taken),
        kind=machine(pace, fast)["kind of steps"],
    )


def _is_enough(times: list[float]) -> bool:
    timed = len(times) - 1 - _UNTIMED
    return timed >= MOST_STEPS or (timed >= STEPS and times[-1] - times[_UNTIMED] >= SECONDS)


def _validating(model: Model, parts: Split) -> float:
    if parts.validation is None:
        return 0.0
    begin = perf_counter()
    evaluated(model, parts.validation)
    return perf_counter() - begin


def _untrained(recipe: Recipe, parts: Split) -> Teacher:
    config = replace(recipe.config(parts.shape, parts.classes, parts.channels), precision="full")
    return Teacher(build(config).eval(), hashlib.sha256(b"").hexdigest())
