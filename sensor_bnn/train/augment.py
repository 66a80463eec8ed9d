"""Cutting and augmenting training windows from recordings, with a seeded generator."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor

from sensor_bnn.train.distortions import distorted
from sensor_bnn.train.draws import Draws, Part
from sensor_bnn.train.recipe import Augmentation
from sensor_bnn.train.windows import Recordings


class WindowCutter:
    """Cuts batches of training windows.

    Args:
        recordings: the training part.
        augment: how windows are changed; all zeros gives the windows unchanged.
        by_window: whether the model normalises each window by its own deviation. Noise is then relative to
            that too: in a window of small values, noise of the channel's deviation would be all that is left.
    """

    def __init__(self, recordings: Recordings, augment: Augmentation, by_window: bool = False) -> None:
        self.augment = augment
        self.by_window = by_window
        self.length = recordings.length
        self.signal = torch.from_numpy(recordings.signal)  # [C, samples]
        self.start = torch.from_numpy(recordings.start)
        self.first = torch.from_numpy(recordings.first)
        self.last = torch.from_numpy(recordings.end) - 1
        self.y = torch.from_numpy(recordings.y)
        if recordings.targets is not None:
            scales, means = (
                np.array([getattr(target, key) for target in recordings.scaling()])
                for key in ("scale", "offset")
            )
            self.y = torch.from_numpy((recordings.targets - means) / scales).float()
        self.mirror = torch.from_numpy(recordings.mirror)
        self.recordings = recordings
        self.std = torch.from_numpy(recordings.normalisation()[1])
        self.distorted = None if recordings.distorted is None else torch.from_numpy(recordings.distorted)

    def __len__(self) -> int:
        return len(self.y)

    def normalisation(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return ``(mean, std)`` per channel, float32 ``[C]`` each, over the windows without augmentation."""
        return self.recordings.normalisation()

    def cut(self, index: Tensor, generator: Generator, part: Part = slice(None)) -> tuple[Tensor, Tensor]:
        """Return ``(x [n, C, L], y [n])`` of the rows ``part`` of a batch, randomly augmented.

        Of targets y is float32 ``[n, targets]``, in their deviations from their means.

        Args:
            index: the windows of the whole batch, int64.
            generator: the source of randomness, in the same state in every process.
            part: the rows of the batch to return.
        """
        draws = Draws(generator, len(index), part)
        index = index[part]
        x = self._warped(index, draws)
        if self.augment.mirror:
            x = torch.where(draws.uniform(1, 1) < 0.5, x, x * self.mirror[:, None])
        if self.augment.rotation:
            x = _rotated(x, math.radians(self.augment.rotation), draws)
        if self.augment.scale:
            x = x * (1 + self.augment.scale * draws.normal(x.shape[1], 1))
        if self.augment.jitter:
            size = x.std(dim=2, keepdim=True, correction=0) if self.by_window else self.std[:, None]
            x = x + self.augment.jitter * size * draws.normal(*x.shape[1:])
        if self.distorted is not None:
            x = torch.where(self.distorted[index, None, None], distorted(x, self.std, draws), x)
        return x, self.y[index]

    def _warped(self, index: Tensor, draws: Draws) -> Tensor:
        """Move and resample windows within their recordings, with linear interpolation between samples."""
        # Positions are float64: far into a long signal float32 would lose their fractions.
        steps = torch.arange(self.length, dtype=torch.float64)
        shift = self.augment.shift * _uniform(draws)
        pace = (math.log1p(self.augment.speed) * _uniform(draws)).exp()
        middle = (self.length - 1) / 2
        # The bend is one of the window's own time, which the pace then stretches. In a sum of the two, a slow
        # pace and a steep bend would let time run backwards.
        own = steps + self._bend(draws) if self.augment.warp else steps
        at = self.start[index, None] + middle + shift + (own - middle) * pace  # [n, L]
        at = at.maximum(self.first[index, None]).minimum(self.last[index, None])
        below = at.floor().long()
        above = (below + 1).minimum(self.last[index, None])
        part = (at - below).float()
        x = self.signal[:, below] * (1 - part) + self.signal[:, above] * part  # [C, n, L]
        return x.transpose(0, 1).contiguous()

    def _bend(self, draws: Draws) -> Tensor:
        """Draw a time warp: the offset of each sample in samples, float64 ``[n, L]``, zero at both ends.

        It is a sum of random half waves, whose size falls with their frequency. It is limited so that time
        never runs backwards and slows down to a half at most.
        """
        waves = torch.arange(1, _WAVES + 1, dtype=torch.float64)
        size = self.augment.warp * draws.normal(_WAVES).double() / waves  # [n, waves]
        angle = math.pi * waves[:, None] * torch.linspace(0, 1, self.length, dtype=torch.float64)
        bend = size @ angle.sin()  # [n, L]
        steepest = bend.diff(dim=1).amin(dim=1, keepdim=True).neg()
        return bend / (2 * steepest).clamp(min=1)


_WAVES = 3
"""The largest number of half waves of a time warp in a window."""


def _uniform(draws: Draws) -> Tensor:
    """Draw float64 ``[n, 1]`` in [-1, 1)."""
    return 2 * draws.uniform(1, dtype=torch.float64) - 1


def _rotated(x: Tensor, spread: float, draws: Draws) -> Tensor:
    """Rotate each window ``[3k, L]`` about a random axis, as if the watch sat differently.

    Args:
        x: the windows, ``[n, 3k, L]``: k triads of channels, which turn together.
        spread: the standard deviation of the angle in radians.
        draws: the source of randomness for these windows.
    """
    axis = draws.normal(3)
    turn = spread * draws.normal(1) * axis / axis.norm(dim=1, keepdim=True)
    zero = torch.zeros(len(x))
    a, b, c = turn.unbind(1)
    # The matrix exponential of the cross-product matrix of a vector is the rotation about that vector.
    cross = torch.stack([zero, -c, b, c, zero, -a, -b, a, zero], dim=1).view(-1, 3, 3)
    rotation = torch.linalg.matrix_exp(cross)  # [n, 3, 3]
    triads = x.view(len(x), -1, 3, x.shape[2])  # [n, k, 3, L]
    turned: Tensor = rotation[:, None] @ triads
    return turned.view_as(x)
