"""Mixup and CutMix: each example of a batch is mixed with another, and their labels in the same shares."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor
from torch.nn import functional

from sensor_bnn.train.augment import WindowCutter
from sensor_bnn.train.draws import Part
from sensor_bnn.train.images import ImageCutter


class MixingCutter:
    """Cuts batches of windows or images and mixes each example with another one of the same batch.

    If both kinds are on, each batch uses one of them, chosen at random with equal probability.

    Args:
        inner: the cutter of the single examples.
        mixup: the parameter of mixup (Zhang et al. 2018), which blends two examples in shares drawn from
            Beta(mixup, mixup); 0 for off.
        cutmix: the parameter of CutMix (Yun et al. 2019), which replaces a rectangle by that of the other
            image, of an area drawn from Beta(cutmix, cutmix); 0 for off. It applies to images only.
        classes: the number of classes.
    """

    def __init__(self, inner: WindowCutter | ImageCutter, mixup: float, cutmix: float, classes: int) -> None:
        self.inner, self.mixup, self.cutmix, self.classes = inner, mixup, cutmix, classes

    def __len__(self) -> int:
        return len(self.inner)

    def normalisation(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return ``(mean, std)`` per channel, ``[C]`` each, of the unmixed examples."""
        return self.inner.normalisation()

    def cut(self, index: Tensor, generator: Generator, part: Part = slice(None)) -> tuple[Tensor, Tensor]:
        """Return ``(x [n, ...], shares float32 [n, classes])`` of the rows ``part`` of a batch.

        Args:
            index: the examples of the whole batch, int64.
            generator: the source of randomness, in the same state in every process.
            part: the rows of the batch to return.
        """
        other = torch.randperm(len(index), generator=generator)
        random = np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))
        cut = self.cutmix > 0 and (not self.mixup or random.random() < 0.5)
        share = random.beta(self.cutmix, self.cutmix) if cut else random.beta(self.mixup, self.mixup)
        mine = torch.arange(len(index))[part]
        x, y = self.inner.cut(index, generator, torch.cat([mine, other[mine]]))
        (x, partner), (y, its) = x.chunk(2), y.chunk(2)
        if cut:
            rows, columns = rectangle(x.shape[2], x.shape[3], 1 - share, random)
            x = x.clone()
            x[:, :, rows, columns] = partner[:, :, rows, columns]
            area = (rows.stop - rows.start) * (columns.stop - columns.start)
            # The rectangle may be cut off at the image's edge, so the labels use its actual area.
            share = 1 - area / (x.shape[2] * x.shape[3])
        else:
            x = share * x + (1 - share) * partner
        ours, theirs = (functional.one_hot(label, self.classes).float() for label in (y, its))
        return x, share * ours + (1 - share) * theirs


def rectangle(high: int, wide: int, area: float, random: np.random.Generator) -> tuple[slice, slice]:
    """Draw the rows and columns of a rectangle in an image.

    Args:
        high, wide: the image's sides in pixels; the rectangle has the same aspect ratio.
        area: the rectangle's share of the image's area, 0 .. 1, before it is cut off at the image's edges.
        random: the source of the rectangle's position.
    """
    tall, broad = (round(side * math.sqrt(area)) for side in (high, wide))
    top, left = random.integers(high) - tall // 2, random.integers(wide) - broad // 2
    rows = slice(max(int(top), 0), min(int(top) + tall, high))
    return rows, slice(max(int(left), 0), min(int(left) + broad, wide))
