"""Running statistics, taken again with the weights that a run ends with."""

from __future__ import annotations

import torch
from torch import Generator, nn

from sensor_bnn.nn.model import Model
from sensor_bnn.train.epochs import batches_of
from sensor_bnn.train.processes import Processes
from sensor_bnn.train.recipe import Recipe
from sensor_bnn.train.sets import Cutter

BATCHES = 40
"""Training batches the statistics are the mean of."""


@torch.no_grad()
def estimate_again(model: Model, recipe: Recipe, cutter: Cutter, seed: int, processes: Processes) -> None:
    """Replace every running statistic by its mean over some 40 training batches at the present weights.

    A step flips many signs while the rate is high, so running means and variances describe a model that has
    moved on; an average of weights was never run at all before this.

    Args:
        model: its weights stay; it is left in evaluation mode.
        recipe: gives batch size and augmentation.
        cutter: the training part.
        seed: of the order and the augmentation; the run's own randomness is not touched.
        processes: those that share every batch.
    """
    keeping = [module for module in model.modules() if hasattr(module, "momentum")]
    before = [module.momentum for module in keeping]
    generator = Generator().manual_seed(seed)
    model.train()
    done = 0
    while done < BATCHES:
        for index in batches_of(len(cutter), recipe.schedule.batch, generator):
            for module in keeping:
                _set_momentum(module, 1 / (done + 1))  # the mean of all batches so far
            x, _ = cutter.cut(index, generator, processes.part(len(index)))
            model(processes.place(x))
            done += 1
            if done == BATCHES:
                break
    for module, momentum in zip(keeping, before, strict=True):
        _set_momentum(module, momentum)
    model.eval()


def _set_momentum(module: nn.Module, momentum: object) -> None:
    module.momentum = momentum  # type: ignore[assignment]
