"""Running statistics, computed again for the weights that a run ends with."""

from __future__ import annotations

import torch
from torch import Generator

from sensor_bnn.nn.binarize import MedianShift
from sensor_bnn.nn.hybrid_parts import ByteRange
from sensor_bnn.nn.model import Model
from sensor_bnn.train.epochs import batches_of
from sensor_bnn.train.processes import Processes
from sensor_bnn.train.recipe import Recipe
from sensor_bnn.train.sets import Cutter

BATCHES = 40
"""The number of training batches of which the statistics are the mean."""


@torch.no_grad()
def estimate_again(model: Model, recipe: Recipe, cutter: Cutter, seed: int, processes: Processes) -> None:
    """Replace every running statistic by its mean over ``BATCHES`` training batches at the present weights.

    The statistics of training belong to the weights of the last steps. A model whose weights are the average
    of many steps never ran with them, and in the hybrid family one step flips so many signs that they lag
    behind even the last weights.

    Args:
        model: the model; its weights stay, and it is in evaluation mode on return.
        recipe: the recipe, which gives batch size and augmentation.
        cutter: the training part.
        seed: the seed of the order and the augmentation; the run's own randomness is not touched.
        processes: the processes that share every batch.
    """
    kinds = MedianShift | torch.nn.BatchNorm1d | ByteRange
    keeping = [module for module in model.modules() if isinstance(module, kinds)]
    before = [module.momentum for module in keeping]
    generator = Generator().manual_seed(seed)
    model.train()
    done = 0
    while done < BATCHES:
        for index in batches_of(len(cutter), recipe.schedule.batch, generator):
            for module in keeping:
                module.momentum = 1 / (done + 1)  # So a statistic is the mean of all batches so far.
            x, _ = cutter.cut(index, generator, processes.part(len(index)))
            model(processes.place(x))
            done += 1
            if done == BATCHES:
                break
    for module, momentum in zip(keeping, before, strict=True):
        module.momentum = momentum
    model.eval()
