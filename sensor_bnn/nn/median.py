"""The median of a batch, fast enough to be taken at every binarizer of every training step."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from sensor_bnn.nn.across import first_row, gathered

MOST_ROWS = 1500
"""A batch's statistics are taken of about so many rows: their median's standard error is then 3 % of the
spread, and the running statistics average that over some ten batches."""


def sampled_rows(x: Tensor) -> Tensor:
    """``[..., tokens, channels]`` to evenly spaced ``[rows, channels]``, from half of ``MOST_ROWS`` to it.

    Rows go over the batch (of all processes), then the tokens; the step shares no factor with the tokens, so
    that every token is drawn as often. A smaller batch is taken whole.
    """
    rows = x.flatten(0, -2)
    before, count = first_row(len(rows), x.device)
    step = -(-count // MOST_ROWS)
    while math.gcd(step, x.shape[-2]) > 1:
        step += 1
    return gathered(rows[-before % step :: step]).float()


@torch.library.custom_op("sensor_bnn::lower_median", mutates_args=())
def lower_median(rows: Tensor) -> Tensor:
    """``[n, m]`` to ``[n]``: the lower median of each row, eight times as fast as ``torch.median`` here.

    An operator of its own, so that ``torch.compile`` need not look into numpy.
    """
    middle = (rows.shape[1] - 1) // 2
    return torch.from_numpy(np.partition(rows.numpy(force=True), middle, axis=1)[:, middle].copy()).to(
        rows.device
    )


@lower_median.register_fake
def _(rows: Tensor) -> Tensor:
    return rows.new_empty(len(rows))
