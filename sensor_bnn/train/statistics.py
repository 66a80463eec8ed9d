"""Running statistics, computed again for the weights that a run ends with."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from sensor_bnn.nn.binarize import MedianShift
from sensor_bnn.nn.hybrid_model import HybridModel
from sensor_bnn.nn.hybrid_parts import ByteRange
from sensor_bnn.nn.model import Model
from sensor_bnn.nn.ranges import measuring
from sensor_bnn.train.augment import WindowCutter
from sensor_bnn.train.epochs import batches_of
from sensor_bnn.train.mixing import MixingCutter
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
    model.train()
    for done, x in enumerate(_batches(recipe, cutter, seed, processes)):
        for module in keeping:
            module.momentum = 1 / (done + 1)  # So a statistic is the mean of all batches so far.
        model(x)
    for module, momentum in zip(keeping, before, strict=True):
        module.momentum = momentum
    model.eval()


@torch.no_grad()
def measure_ranges(
    model: HybridModel, recipe: Recipe, cutter: Cutter, seed: int, processes: Processes
) -> None:
    """Measure the ranges that the model's integers need, over ``BATCHES`` training batches.

    The input's range is that of all training windows without augmentation: a sensor gives no others. The
    ranges are those of the float form, also where the model rounds.

    Args:
        model: the model, in evaluation mode, with the statistics that it is evaluated with.
        recipe, cutter, seed, processes: as in :func:`estimate_again`.
    """
    model.set_rounding(False)
    model.ranges.clear()
    single = _single(cutter)
    if isinstance(single, WindowCutter):
        largest, whole = single.recordings.extent()
        model.ranges.set_input(torch.from_numpy(largest), torch.from_numpy(whole))
    with measuring(model, model.ranges):
        for x in _batches(recipe, cutter, seed, processes):
            model(x)
    model.set_rounding(True)


def _batches(recipe: Recipe, cutter: Cutter, seed: int, processes: Processes) -> Iterator[Tensor]:
    """Yield this process's part of ``BATCHES`` augmented training batches, whose examples are not mixed."""
    generator = Generator().manual_seed(seed)
    cutter = _single(cutter)
    done = 0
    while True:
        for index in batches_of(len(cutter), recipe.schedule.batch, generator):
            if done == BATCHES:
                return
            x, _ = cutter.cut(index, generator, processes.part(len(index)))
            yield processes.place(x)
            done += 1


def _single(cutter: Cutter) -> Cutter:
    """Return the cutter of single examples: a mixture of two is nothing that a model meets in use."""
    return cutter.inner if isinstance(cutter, MixingCutter) else cutter
