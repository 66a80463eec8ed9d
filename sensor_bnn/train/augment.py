"""Cutting and changing training windows, from recordings and a seeded generator."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor

from sensor_bnn.train.recipe import Augmentation
from sensor_bnn.train.windows import Recordings


class WindowCutter:
    """Cuts batches of training windows.

    Args:
        recordings: the training part.
        augment: how windows are changed; all zeros gives the windows as they stand.
    """

    def __init__(self, recordings: Recordings, augment: Augmentation) -> None:
        self.augment = augment
        self.length = recordings.length
        self.signal = torch.from_numpy(recordings.signal)  # [C, samples]
        self.start = torch.from_numpy(recordings.start)
        self.first = torch.from_numpy(recordings.first)
        self.last = torch.from_numpy(recordings.end) - 1
        self.y = torch.from_numpy(recordings.y)
        self.mirror = torch.from_numpy(recordings.mirror)
        self.recordings = recordings
        self.std = torch.from_numpy(recordings.normalisation()[1])

    def __len__(self) -> int:
        return len(self.y)

    def normalisation(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """``(mean, std)`` a channel, ``[C]`` each, over the windows as they stand."""
        return self.recordings.normalisation()

    def cut(self, index: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """``(x [n, C, L], y [n])`` of the windows ``index [n]``, changed at random."""
        x = self._warped(index, generator)
        if self.augment.mirror:
            x = torch.where(torch.rand(len(x), 1, 1, generator=generator) < 0.5, x, x * self.mirror[:, None])
        if self.augment.rotation:
            x = _rotated(x, math.radians(self.augment.rotation), generator)
        if self.augment.scale:
            x = x * (1 + self.augment.scale * torch.randn(*x.shape[:2], 1, generator=generator))
        if self.augment.jitter:
            x = x + self.augment.jitter * self.std[:, None] * torch.randn(x.shape, generator=generator)
        return x, self.y[index]

    def _warped(self, index: Tensor, generator: Generator) -> Tensor:
        """Windows moved and resampled within their recordings, linearly between samples."""
        rows, steps = (len(index), 1), torch.arange(self.length, dtype=torch.float64)
        shift = self.augment.shift * _uniform(rows, generator)
        pace = (math.log1p(self.augment.speed) * _uniform(rows, generator)).exp()
        middle = (self.length - 1) / 2
        at = self.start[index, None] + middle + shift + (steps - middle) * pace  # [n, L]
        at = at.maximum(self.first[index, None]).minimum(self.last[index, None])
        below = at.floor().long()
        above = (below + 1).minimum(self.last[index, None])
        part = (at - below).float()
        x = self.signal[:, below] * (1 - part) + self.signal[:, above] * part  # [C, n, L]
        return x.transpose(0, 1).contiguous()


def _uniform(shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Float64 in [-1, 1)."""
    return 2 * torch.rand(shape, generator=generator, dtype=torch.float64) - 1


def _rotated(x: Tensor, spread: float, generator: Generator) -> Tensor:
    """Each window ``[3k, L]`` turned about a random axis by a normal angle: the watch sits differently."""
    axis = torch.randn(len(x), 3, generator=generator)
    turn = spread * torch.randn(len(x), 1, generator=generator) * axis / axis.norm(dim=1, keepdim=True)
    zero = torch.zeros(len(x))
    a, b, c = turn.unbind(1)
    cross = torch.stack([zero, -c, b, c, zero, -a, -b, a, zero], dim=1).view(-1, 3, 3)
    rotation = torch.linalg.matrix_exp(cross)  # [n, 3, 3]
    triads = x.view(len(x), -1, 3, x.shape[2])  # [n, k, 3, L]
    turned: Tensor = rotation[:, None] @ triads
    return turned.view_as(x)
