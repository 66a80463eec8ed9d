"""Passes over the training part, step by step, from wherever a run stands."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.model import Model
from sensor_bnn.train.average import RunningAverage
from sensor_bnn.train.processes import Processes
from sensor_bnn.train.recipe import Recipe
from sensor_bnn.train.sets import Cutter
from sensor_bnn.train.state import Position
from sensor_bnn.train.teacher_outputs import TeacherOutputs


@dataclass(frozen=True)
class Epochs:
    """Everything that an epoch works with.

    Attributes:
        recipe, seed: of the run.
        model: that learns.
        learner: its step, wrapped for the processes.
        optimizer: of the model.
        average: of the model.
        cutter: the training part.
        processes: that share every batch.
        outputs: of the teacher, where they are kept.
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

    def run(self, at: Position, stopped: Callable[[], bool]) -> bool:
        """The rest of the epoch that ``at`` stands in; its randomness depends on seed and epoch alone.

        Args:
            at: moved on, step by step.
            stopped: whether to end after a step.

        Returns:
            Whether the epoch was finished, rather than stopped.

        Raises:
            CheckpointError: the loss is not finite.
        """
        recipe, epoch = self.recipe, len(at.history)
        self.model.train()
        self.model.set_real_weights(epoch < recipe.schedule.real_weights * recipe.schedule.epochs)
        generator = Generator().manual_seed((self.seed << 20) + epoch)
        batches = list(batches_of(len(self.cutter), recipe.schedule.batch, generator))
        if at.random is not None:
            generator.set_state(at.random)
        while at.step < len(batches):
            rate = rate_at(recipe, epoch + at.step / len(batches))
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            stop = self._step(at, batches[at.step], generator, stopped)
            at.step += 1
            at.random = generator.get_state()
            if stop and at.step < len(batches):
                return False
        return True

    def _step(self, at: Position, index: Tensor, generator: Generator, stopped: Callable[[], bool]) -> bool:
        """One step; whether any process was told to stop."""
        schedule, processes = self.recipe.schedule, self.processes
        part = processes.part(len(index))
        x, y = (processes.place(tensor) for tensor in self.cutter.cut(index, generator, part))
        kept = self.outputs.rows(index[part]) if self.outputs else ()
        answers, loss = self.learner(x, y, *map(processes.place, kept))
        labels = y if y.ndim == 1 else y.argmax(dim=1)
        right = int((answers.argmax(dim=1) == labels).sum())
        found = [loss.item() * len(x), float(right), float(stopped())]
        loss_sum, right_sum, stops = processes.total(found)
        if not math.isfinite(loss_sum):
            raise CheckpointError(
                f"Training of {self.recipe.name} diverged: the loss is {loss_sum} in epoch"
                f" {len(at.history) + 1}, step {at.step + 1}.",
                "Lower schedule.rate in the recipe, or set schedule.clip; the last whole epoch is kept.",
            )
        self.optimizer.zero_grad(set_to_none=True)
        share = len(x) * processes.count / len(index)  # gradients are averaged over processes, not examples
        processes.backward(loss if share == 1 else loss * share)
        if schedule.clip:
            nn.utils.clip_grad_norm_(self.model.parameters(), schedule.clip)
        self.optimizer.step()
        self.average.take()
        at.loss += loss_sum
        at.right += int(right_sum)
        at.seen += len(index)
        return stops > 0


def batches_of(count: int, size: int, generator: Generator) -> Iterator[Tensor]:
    """Index tensors over a random order; a last batch under half the size is left out (but a first never)."""
    order = torch.randperm(count, generator=generator)
    for at in range(0, count, size):
        index = order[at : at + size]
        if at == 0 or 2 * len(index) >= size:
            yield index


def rate_at(recipe: Recipe, epoch: float) -> float:
    """The learning rate after so many epochs: a linear warm-up, then a cosine to zero."""
    schedule = recipe.schedule
    if epoch < schedule.warmup:
        return schedule.rate * (epoch + 0.01) / (schedule.warmup + 0.01)
    done = (epoch - schedule.warmup) / max(schedule.epochs - schedule.warmup, 1e-9)
    return schedule.rate * (1 + math.cos(math.pi * min(done, 1.0))) / 2
