"""RandAugment (Cubuk et al. 2020) and random erasing (Zhong et al. 2020) for batches, in plain PyTorch.

Images are float32 ``[n, C, H, W]``, 0 .. 1. The fourteen operations are those of the paper. The amount of
each at full strength is our choice; its docstring states it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from sensor_bnn.train.draws import Draws

Operation = Callable[[Tensor, Tensor], Tensor]
"""Changes images ``[m, C, H, W]`` by a signed strength per image, ``[m]`` in -1 .. 1."""


def randaugment(x: Tensor, count: int, strength: float, draws: Draws) -> Tensor:
    """Apply ``count`` operations, one after another, each drawn independently for every image.

    Args:
        x: the images, float32 ``[n, C, H, W]``, 0 .. 1.
        count: the number of operations per image.
        strength: the strength of every operation, 0 .. 1; its sign is drawn.
        draws: the source of randomness for these images.
    """
    for _ in range(count):
        chosen = draws.integers(0, len(OPERATIONS))
        signed = strength * (2.0 * draws.integers(0, 2) - 1)
        changed = x.clone()
        for number in sorted(set(chosen.tolist())):
            rows = (chosen == number).nonzero()[:, 0]
            changed[rows] = OPERATIONS[number](x[rows], signed[rows]).clamp(0, 1)
        x = changed
    return x


def erased(x: Tensor, share: float, fill: Tensor, draws: Draws) -> Tensor:
    """Fill a rectangle in a share of the images: 2 to 33 % of the area, of an aspect ratio from 0.3 to 3.3.

    Args:
        x: the images, float32 ``[n, C, H, W]``, 0 .. 1.
        share: the share of the images that are changed, 0 .. 1.
        fill: the colour of the rectangle, ``[C]``: the mean of the training images.
        draws: the source of randomness for these images.
    """
    high, wide = x.shape[2:]
    hit, size, ratio, top, left = draws.uniform(5).unbind(1)  # [n] each
    area = (0.02 + 0.31 * size) * high * wide
    aspect = (math.log(0.3) + (math.log(3.3) - math.log(0.3)) * ratio).exp()
    tall, broad = (area * aspect).sqrt().clamp(max=high), (area / aspect).sqrt().clamp(max=wide)
    first_row, first_column = (top * (high - tall)).floor(), (left * (wide - broad)).floor()
    rows, columns = torch.arange(high), torch.arange(wide)
    in_rows = (rows >= first_row[:, None]) & (rows < (first_row + tall)[:, None])  # [n, H]
    in_columns = (columns >= first_column[:, None]) & (columns < (first_column + broad)[:, None])
    inside = in_rows[:, None, :, None] & in_columns[:, None, None, :] & (hit < share)[:, None, None, None]
    return torch.where(inside, fill[:, None, None], x)


def _identity(x: Tensor, by: Tensor) -> Tensor:
    return x


def _autocontrast(x: Tensor, by: Tensor) -> Tensor:
    low, high = x.amin(dim=(2, 3), keepdim=True), x.amax(dim=(2, 3), keepdim=True)
    return torch.where(high > low, (x - low) / (high - low).clamp(min=1e-6), x)


def _equalize(x: Tensor, by: Tensor) -> Tensor:
    """Spread the 256 levels of each channel so that all are about equally frequent."""
    levels = (255 * x).round().long().flatten(2)  # [m, C, H * W]
    counts = torch.zeros(*levels.shape[:2], 256).scatter_add_(2, levels, torch.ones(levels.shape))
    below = counts.cumsum(dim=2)
    first = counts.gather(2, levels.amin(dim=2, keepdim=True))  # of the darkest level
    spread = (below - first) / (levels.shape[2] - first).clamp(min=1)
    return spread.gather(2, levels).view_as(x)


def _posterize(x: Tensor, by: Tensor) -> Tensor:
    """Reduce each level to 8 .. 4 bits."""
    steps = 2 ** (8 - (4 * by.abs()).round())[:, None, None, None]
    return (255 * x / 256 * steps).floor() * (256 / steps) / 255


def _solarize(x: Tensor, by: Tensor) -> Tensor:
    """Invert the pixels above a threshold, which goes from 1 to 0 with the strength."""
    return torch.where(x > 1 - by.abs()[:, None, None, None], 1 - x, x)


def _blended(other: Tensor, x: Tensor, by: Tensor) -> Tensor:
    """Interpolate from ``other`` to x, or beyond x: 0.1 to 1.9 of the way."""
    way = (1 + 0.9 * by)[:, None, None, None]
    return other + way * (x - other)


def _grey(x: Tensor) -> Tensor:
    if x.shape[1] != 3:
        return x.mean(dim=1, keepdim=True)
    # The luma weights of ITU-R BT.601.
    return (x * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(dim=1, keepdim=True)


def _brightness(x: Tensor, by: Tensor) -> Tensor:
    return _blended(torch.zeros_like(x), x, by)


def _colour(x: Tensor, by: Tensor) -> Tensor:
    return _blended(_grey(x).expand_as(x), x, by)


def _contrast(x: Tensor, by: Tensor) -> Tensor:
    return _blended(_grey(x).mean(dim=(2, 3), keepdim=True).expand_as(x), x, by)


def _sharpness(x: Tensor, by: Tensor) -> Tensor:
    # Pillow's filter SMOOTH.
    kernel = torch.tensor([[1.0, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13
    channels = x.shape[1]
    edged = functional.pad(x, (1, 1, 1, 1), mode="replicate")
    smooth = functional.conv2d(edged, kernel.expand(channels, 1, 3, 3), groups=channels)
    return _blended(smooth, x, by)


def _moved(x: Tensor, matrix: Tensor) -> Tensor:
    """Transform images by affine matrices ``[m, 2, 3]`` in units of half a side; edge pixels fill gaps."""
    grid = functional.affine_grid(matrix, list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _affine(a: Tensor, b: Tensor, c: Tensor, d: Tensor, right: Tensor, down: Tensor) -> Tensor:
    return torch.stack([torch.stack([a, b, right], dim=1), torch.stack([c, d, down], dim=1)], dim=1)


def _rotate(x: Tensor, by: Tensor) -> Tensor:
    """Rotate by up to 30 degrees."""
    angle = math.radians(30) * by
    # The coordinates are in units of half a side, so a rotation of a rectangle must be scaled by its sides.
    side = x.shape[2] / x.shape[3]
    zero = torch.zeros_like(by)
    return _moved(x, _affine(angle.cos(), -angle.sin() * side, angle.sin() / side, angle.cos(), zero, zero))


def _shear_x(x: Tensor, by: Tensor) -> Tensor:
    """Shear by up to 0.3."""
    one, zero = torch.ones_like(by), torch.zeros_like(by)
    return _moved(x, _affine(one, 0.3 * by, zero, one, zero, zero))


def _shear_y(x: Tensor, by: Tensor) -> Tensor:
    one, zero = torch.ones_like(by), torch.zeros_like(by)
    return _moved(x, _affine(one, zero, 0.3 * by, one, zero, zero))


def _translate_x(x: Tensor, by: Tensor) -> Tensor:
    """Move by up to 0.3 of the side; the matrix is in units of half a side, hence 0.6."""
    one, zero = torch.ones_like(by), torch.zeros_like(by)
    return _moved(x, _affine(one, zero, zero, one, 0.6 * by, zero))


def _translate_y(x: Tensor, by: Tensor) -> Tensor:
    one, zero = torch.ones_like(by), torch.zeros_like(by)
    return _moved(x, _affine(one, zero, zero, one, zero, 0.6 * by))


OPERATIONS: tuple[Operation, ...] = (
    _identity,
    _autocontrast,
    _equalize,
    _rotate,
    _solarize,
    _colour,
    _posterize,
    _contrast,
    _brightness,
    _sharpness,
    _shear_x,
    _shear_y,
    _translate_x,
    _translate_y,
)
