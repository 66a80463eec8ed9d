"""The median of a batch, fast enough to be computed at every binarizer in every training step."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from sensor_bnn.nn.across import first_row, gathered

_Draw = TypeVar("_Draw", int, Tensor)

MOST_ROWS = 1500
"""The most rows from which a batch's statistics are computed.

With so many, the standard error of the median is 3 % of the standard deviation, and the running statistics
average it over some ten batches.
"""


def sampled_rows(x: Tensor) -> Tensor:
    """Sample evenly spaced rows: ``[..., tokens, channels]`` to float32 ``[rows, channels]``.

    The rows are numbered by sample (of all processes), then by token. Every token is drawn equally often, but
    for a difference of one. The result has ``MOST_ROWS / 2`` to ``MOST_ROWS`` rows; a batch with at most
    ``MOST_ROWS`` rows is used whole.
    """
    rows = x.flatten(0, -2)
    before, count = first_row(len(rows), x.device)
    step, tokens = -(-count // MOST_ROWS), x.shape[-2]
    # A step that shares a factor with the number of tokens returns to the same few of them. So each round of
    # draws begins one row later than the last, for as many rounds as the factor says: then every token has
    # been drawn once.
    rounds = math.gcd(step, tokens)
    draws_per_round = tokens // rounds

    def place(draw: _Draw) -> _Draw:
        return draw * step + draw // draws_per_round % rounds

    def first_draw(row: int) -> int:
        """The first draw at that row of the whole batch, or after it."""
        draw = row // step
        return draw if place(draw) >= row else draw + 1

    draws = torch.arange(first_draw(before), first_draw(before + len(rows)), device=x.device)
    return gathered(rows[place(draws) - before]).float()


@torch.library.custom_op("sensor_bnn::lower_median", mutates_args=())
def lower_median(rows: Tensor) -> Tensor:
    """Compute the lower median of each row, ``[n, m]`` to ``[n]``.

    numpy's partition is eight times as fast as ``torch.median`` here. It is a custom operator, because
    ``torch.compile`` cannot trace numpy.
    """
    middle = (rows.shape[1] - 1) // 2
    return torch.from_numpy(np.partition(rows.numpy(force=True), middle, axis=1)[:, middle].copy()).to(
        rows.device
    )


@lower_median.register_fake
def _(rows: Tensor) -> Tensor:
    return rows.new_empty(len(rows))
