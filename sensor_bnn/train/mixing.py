"""Mixup and CutMix: every example of a batch with a part of another, and labels in the same shares."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor
from torch.nn import functional

from sensor_bnn.train.draws import Part
from sensor_bnn.train.images import ImageCutter


class MixingCutter:
    """Cuts batches of images and mixes each with another of the same batch.

    Args:
        inner: cuts the images.
        mixup: Zhang et al. 2018: both images laid over each other, in shares from Beta(mixup, mixup); 0: off.
        cutmix: Yun et al. 2019: a rectangle of the other image, of an area from Beta(cutmix, cutmix); 0: off.
            With both on, each batch takes one of them by chance.
        classes: how many.
    """

    def __init__(self, inner: ImageCutter, mixup: float, cutmix: float, classes: int) -> None:
        self.inner, self.mixup, self.cutmix, self.classes = inner, mixup, cutmix, classes

    def __len__(self) -> int:
        return len(self.inner)

    def normalisation(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """``(mean, std)`` a channel, of the images as they stand."""
        return self.inner.normalisation()

    def cut(self, index: Tensor, generator: Generator, part: Part = slice(None)) -> tuple[Tensor, Tensor]:
        """``(x [n, C, H, W], shares float32 [n, classes])`` of the rows ``part`` of the batch ``index``."""
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
            share = 1 - area / (x.shape[2] * x.shape[3])
        else:
            x = share * x + (1 - share) * partner
        ours, theirs = (functional.one_hot(label, self.classes).float() for label in (y, its))
        return x, share * ours + (1 - share) * theirs


def rectangle(high: int, wide: int, area: float, random: np.random.Generator) -> tuple[slice, slice]:
    """Rows and columns of a rectangle of about ``area`` (0 .. 1) with the image's sides, cut at its edges."""
    tall, broad = (round(side * math.sqrt(area)) for side in (high, wide))
    top, left = random.integers(high) - tall // 2, random.integers(wide) - broad // 2
    rows = slice(max(int(top), 0), min(int(top) + tall, high))
    return rows, slice(max(int(left), 0), min(int(left) + broad, wide))
