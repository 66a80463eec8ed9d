"""Passes over the training part, step by step, from any position of a run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.model import Model
from sensor_bnn.train.average import RunningAverage
from sensor_bnn.train.compiled import said_in_a_sentence
from sensor_bnn.train.processes import Processes
from sensor_bnn.train.recipe import Recipe
from sensor_bnn.train.sets import Cutter
from sensor_bnn.train.state import DIVERGED, Position, check_finite
from sensor_bnn.train.teacher_outputs import TeacherOutputs

Stepped = Callable[[float, float], None]
"""A callback after each step; it gets the finished epochs, fractions included, and examples per second."""


def unwatched(epochs: float, speed: float) -> None:
    """Ignore a step."""


@dataclass(frozen=True)
class Epochs:
    """The objects that every epoch of a run uses.

    Attributes:
        recipe, seed: the recipe and the seed of the run.
        model: the model to train, in training mode on return.
        learner: the module that computes answers and loss, wrapped for the processes.
        optimizer: the optimizer of the model's parameters.
        average: the running average of the model's parameters.
        cutter: the training part.
        processes: the processes that share every batch.
        outputs: the stored outputs of the teacher, or None.
        stepped: the callback after each step. Examples per second are those of this pass by the clock.
    """

    recipe: Recipe
    seed: int
    model: Model
    learner: nn.Module
    optimizer: torch.optim.Optimizer
    average: RunningAverage
    cutter: Cutter
    processes: Processes
    outputs: TeacherOutputs | None = None
    stepped: Stepped = unwatched

    def run(self, at: Position, stopped: Callable[[], bool]) -> bool:
        """Train for the rest of the current epoch; its randomness depends on seed and epoch only.

        Args:
            at: the position of the run, updated after every step.
            stopped: called in every step; returns whether to end after that step.

        Returns:
            Whether the epoch was finished. It is if it is stopped after its last step.

        Raises:
            CheckpointError: the loss, a weight or a statistic is not finite.
            ToolError: ``torch.compile`` failed in a pace that uses it.
        """
        recipe, epoch = self.recipe, at.done
        self.model.train()
        self.model.set_real_weights(epoch < recipe.schedule.real_weights * recipe.schedule.epochs)
        # Seeds 2^20 apart, so that no two runs share the generator of an epoch.
        generator = Generator().manual_seed((self.seed << 20) + epoch)
        batches = list(batches_of(len(self.cutter), recipe.schedule.batch, generator))
        if at.random is not None:  # a resumed epoch: the same order is drawn again, then the state continues
            generator.set_state(at.random)
        begin, before = time.monotonic(), at.seen
        while at.step < len(batches):
            rate = rate_at(recipe, epoch + at.step / len(batches))
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            with said_in_a_sentence():  # the first step compiles, and each with another number of examples
                stop = self._step(at, batches[at.step], generator, stopped)
            at.step += 1
            at.random = generator.get_state()
            seconds = max(time.monotonic() - begin, 1e-9)
            self.stepped(epoch + at.step / len(batches), (at.seen - before) / seconds)
            if stop and at.step < len(batches):
                return False
        return True

    def _step(self, at: Position, index: Tensor, generator: Generator, stopped: Callable[[], bool]) -> bool:
        """Make one step and return whether any process was told to stop."""
        schedule, processes = self.recipe.schedule, self.processes
        part = processes.part(len(index))
        x, y = (processes.place(tensor) for tensor in self.cutter.cut(index, generator, part))
        kept = self.outputs.rows(index[part]) if self.outputs else ()
        answers, loss = self.learner(x, y, *map(processes.place, kept))
        if at.squares is None:
            labels = y if y.ndim == 1 else y.argmax(dim=1)
            good = float((answers.argmax(dim=1) == labels).sum())
        else:
            good = float((answers.detach() - y).square().mean(dim=1).sum())
        found = [loss.item() * len(x), good, float(stopped())]
        loss_sum, good_sum, stops = processes.total(found)
        place = f"in epoch {at.done + 1}, step {at.step + 1}"
        if not math.isfinite(loss_sum):
            raise CheckpointError(
                f"Training of {self.recipe.name} diverged: the loss is {loss_sum} {place}.", DIVERGED
            )
        self.optimizer.zero_grad(set_to_none=True)
        # Gradients are averaged over processes, not over examples: weight each process by its examples.
        share = len(x) * processes.count / len(index)
        processes.backward(loss if share == 1 else loss * share)
        if schedule.clip:
            nn.utils.clip_grad_norm_(self.model.parameters(), schedule.clip)
        self.optimizer.step()
        check_finite(self.model.state_dict(), self.recipe, place)
        self.average.take()
        at.loss += loss_sum
        if at.squares is None:
            at.right += int(good_sum)
        else:
            at.squares += good_sum
        at.seen += len(index)
        return stops > 0


def batches_of(count: int, size: int, generator: Generator) -> Iterator[Tensor]:
    """Split a random order of examples into batches.

    A last batch of less than half the size is left out; the first batch is always kept.

    Args:
        count: the number of examples.
        size: the examples per batch.
        generator: the source of randomness.

    Yields:
        The examples of each batch, int64 ``[n]``.
    """
    order = torch.randperm(count, generator=generator)
    for at in range(0, count, size):
        index = order[at : at + size]
        if at == 0 or 2 * len(index) >= size:
            yield index


def rate_at(recipe: Recipe, epoch: float) -> float:
    """Return the learning rate at a position: a linear warm-up, then a cosine to zero.

    Args:
        recipe: the recipe with the schedule.
        epoch: the position in epochs, fractions included.
    """
    schedule = recipe.schedule
    if epoch < schedule.warmup:
        # The offset of 0.01 epochs keeps the first step's rate above zero.
        return schedule.rate * (epoch + 0.01) / (schedule.warmup + 0.01)
    # The minimum is for a warm-up that takes the whole run.
    done = (epoch - schedule.warmup) / max(schedule.epochs - schedule.warmup, 1e-9)
    return schedule.rate * (1 + math.cos(math.pi * min(done, 1.0))) / 2
