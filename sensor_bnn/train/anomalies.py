"""Anomaly detection: a model that learns windows of the normal class alone, and tells others from them.

Each normal window to learn from has a twin that is distorted, in a new way each time it is drawn: noise, a
change of size, offset or pace, a part that is still, repeated or backwards, channels that are exchanged. The
model learns to tell the two apart (a form of outlier exposure; NCAD, Carmona et al. 2022, injects anomalies
in the same way). Its score is the difference of its two outputs. The threshold is the score that the stated
share of normal windows of the validation part exceeds; it is part of the last layer's bias, so the exported
model and the firmware say ``normal`` or ``anomalous`` like any two classes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from sensor_bnn.data.recorded import in_order
from sensor_bnn.data.samples import Windows
from sensor_bnn.errors import DataError
from sensor_bnn.labels import class_name
from sensor_bnn.nn.hybrid_model import HybridModel
from sensor_bnn.nn.model import Model
from sensor_bnn.train.parts import settled
from sensor_bnn.train.recipe import DataRecipe
from sensor_bnn.train.windows import Recordings

CLASSES = ("normal", "anomalous")
"""The classes of a model that detects anomalies, in the order of its outputs."""

_BATCH = 256


def for_anomalies(dataset: Recordings, data: DataRecipe) -> Recordings:
    """Return the set with the two classes, and with a twin to distort for each window to learn from.

    Recordings in which anything is not normal are tested on, where the recipe and the data state no split.
    Windows that are not normal are never learned from.

    Args:
        dataset: the set with its own classes.
        data: its section of the recipe, which names the normal class.

    Raises:
        DataError: there is no class of that name, or it has nothing to learn from.
    """
    names = [class_name(name) for name in dataset.classes]
    wanted = class_name(data.normal)
    if wanted not in names:
        raise DataError(
            f"data.normal is {data.normal!r}; the data have the classes {', '.join(dataset.classes)}.",
            "Name the class that is normal.",
        )
    odd = dataset.y != names.index(wanted)
    dataset = replace(
        dataset, y=odd.astype(np.int64), classes=CLASSES, stated=dataset.stated or _stated(dataset, data, odd)
    )
    learned = dataset.is_of(settled(dataset, data).parts()[0])
    left_out = int((learned & odd).sum())
    kept = np.flatnonzero(~(learned & odd))
    twins = np.flatnonzero(learned & ~odd)
    if not len(twins):
        raise DataError(
            f"No window of the normal class {data.normal} is to be learned from.",
            "Record more of it, or state another split.",
        )
    notes = dataset.notes
    if left_out:
        notes += (f"Of the recordings to learn from, {left_out} windows are not normal, and not used.",)
    notes += (
        f"Each of the {len(twins)} normal windows to learn from has a distorted twin, learned as anomalous.",
    )
    order = np.concatenate([kept, twins])
    columns = {name: getattr(dataset, name)[order] for name in ("start", "first", "end", "group")}
    distorted = np.arange(len(order)) >= len(kept)
    y = np.where(distorted, 1, dataset.y[order])
    return replace(dataset, **columns, y=y, distorted=distorted, notes=notes)


def _stated(dataset: Recordings, data: DataRecipe, odd: npt.NDArray[np.bool_]) -> dict[int | str, str]:
    """Return a part for each group where nothing states it: a draw among those that are all normal."""
    if data.parts() != ((), ()):
        return {}
    groups = in_order(dataset.group.tolist())
    with_odd = set(dataset.group[odd].tolist())
    normal = [group for group in groups if group not in with_odd]
    if len(normal) < 2:  # The usual draw: normal windows of the rest are learned from.
        return {}
    alone = dataset.of_groups(normal)
    tested = set(settled(alone, replace(data, normal="")).parts()[1]) | with_odd
    return {group: "test" if group in tested else "train" for group in groups}


def scores(model: Model, x: npt.NDArray[np.float32]) -> Tensor:
    """Return the difference of the outputs for ``anomalous`` and ``normal``, float32 ``[n]``."""
    model.eval()
    device = next(model.parameters()).device
    with torch.no_grad():
        parts = [model(torch.from_numpy(x[at : at + _BATCH]).to(device)) for at in range(0, len(x), _BATCH)]
    logits = torch.cat(parts).cpu()
    return logits[:, 1] - logits[:, 0]


def set_threshold(model: Model, windows: Windows, false_alarms: float) -> float:
    """Move the model's answers so that the stated share of normal windows is called anomalous.

    Args:
        model: the model with its last weights; the bias of its last layer changes.
        windows: windows of the validation part; only the normal ones count.
        false_alarms: the share, 0 .. 1.

    Returns:
        The threshold, in the units of the outputs.
    """
    found = scores(model, windows.x[:][windows.y == 0])
    threshold = float(torch.quantile(found.double(), 1 - false_alarms, interpolation="higher"))
    head = model.head.linear if isinstance(model, HybridModel) else model.head
    assert isinstance(head, nn.Linear)
    with torch.no_grad():
        head.bias[1] -= threshold
    return threshold
