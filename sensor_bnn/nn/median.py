"""The median of a batch, fast enough to be computed at every binarizer in every training step."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from sensor_bnn.nn.across import first_row, gathered

MOST_ROWS = 1500
"""The most rows from which a batch's statistics are computed.

With so many, the standard error of the median is 3 % of the standard deviation, and the running statistics
average it over some ten batches.
"""


def sampled_rows(x: Tensor) -> Tensor:
    """Sample evenly spaced rows: ``[..., tokens, channels]`` to float32 ``[rows, channels]``.

    The rows are numbered by sample (of all processes), then by token. The step between two sampled rows has
    no factor in common with the number of tokens, so that every token is drawn equally often. The result has
    about ``MOST_ROWS / 2`` to ``MOST_ROWS`` rows; a batch with at most ``MOST_ROWS`` rows is used whole.
    """
    rows = x.flatten(0, -2)
    before, count = first_row(len(rows), x.device)
    step = -(-count // MOST_ROWS)
    while math.gcd(step, x.shape[-2]) > 1:
        step += 1
    # Start at the first local row whose number in the whole batch is a multiple of the step.
    return gathered(rows[-before % step :: step]).float()


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
