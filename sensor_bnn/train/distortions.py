"""Distortions of windows, which training takes for anomalies: of these there are no recordings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sensor_bnn.train.draws import Draws

_KINDS = 8


def distorted(x: Tensor, std: Tensor, draws: Draws) -> Tensor:
    """Return windows ``[n, C, L]``, each distorted in one way that is drawn for it.

    Args:
        x: the windows, in sensor units.
        std: the deviation of each channel, ``[C]``.
        draws: the source of randomness for these windows.
    """
    n, C, L = x.shape
    size = std[:, None]
    kind = draws.integers(0, _KINDS, 1)[:, 0]
    much = draws.uniform(1, 1)
    sign = torch.where(draws.uniform(C, 1) < 0.5, -1.0, 1.0)
    noise = draws.normal(C, L)
    first = draws.uniform(1) * L / 2
    last = first + (0.25 + 0.25 * draws.uniform(1)) * L
    at = torch.arange(L)
    inside = ((at >= first) & (at < last))[:, None]
    middle = x.mean(dim=2, keepdim=True)
    held = x.gather(2, first.long()[:, None].expand(n, C, 1).clamp(max=L - 1))
    rolled = x.roll(L // 2, dims=2)
    fast = x.gather(2, ((at * (1.5 + 2 * much[:, 0])).long() % L)[:, None].expand(n, C, L))
    slow = x.gather(2, (at * (0.2 + 0.4 * much[:, 0])).long().clamp(max=L - 1)[:, None].expand(n, C, L))
    others = x.roll(1, dims=1) if C > 1 else -x + 2 * middle
    made = (
        x + (0.3 + 1.7 * much) * size * noise,
        middle + (x - middle) * torch.where(much < 0.5, 0.6 * much, 1 + 3 * much),
        x + (0.5 + 2.5 * much) * size * sign,
        torch.where(inside, held, x),
        torch.where(inside, rolled.flip(2), x),
        fast,
        slow,
        torch.where(inside, others + (0.5 + much) * size * sign, x),
    )
    return torch.stack(made).gather(0, kind[None, :, None, None].expand(1, n, C, L))[0]


def twins_distorted(x: npt.NDArray[np.float32], which: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Return windows ``[n, C, L]``, of which the chosen ones ``[n]`` are distorted, the same each time."""
    if not which.any():
        return x
    chosen = torch.from_numpy(x[which])
    std = chosen.std(dim=(0, 2), correction=0)
    draws = Draws(torch.Generator().manual_seed(0), len(chosen), slice(None))
    found = x.copy()
    found[which] = distorted(chosen, std, draws).numpy()
    return found
