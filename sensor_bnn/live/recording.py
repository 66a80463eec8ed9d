"""Recorded samples of a sensor: a CSV file, or the windows of an npz file, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sensor_bnn.data.recording import read_csv
from sensor_bnn.data.samples import read_samples
from sensor_bnn.errors import DataError


@dataclass(frozen=True)
class Recording:
    """Samples in time order.

    Attributes:
        raw: float32 [samples, channels].
        labels: name of each sample's class, empty for a sample without a label; no names at all if no sample
            has a label.
        classes: the names of the classes that the file lists; empty for a CSV file, which lists none.
    """

    raw: npt.NDArray[np.float32]
    labels: tuple[str, ...]
    classes: tuple[str, ...] = ()


def read_recording(file: Path, limit: int | None = None) -> Recording:
    """Read a recording for a live stream.

    Args:
        file: ``.npz`` as ``sensor-bnn evaluate --write-samples`` writes it, anything else is read as CSV. In
            a CSV file the columns ``recording`` and ``label`` are not channels.
        limit: at most so many samples, from the start. The whole file is checked.

    Raises:
        DataError: the file is missing or breaks a rule.
    """
    if file.suffix == ".npz":
        windows = read_samples(file)
        if windows.x.ndim != 3:
            raise DataError(
                f"{file}: x is {list(windows.x.shape)}; a stream is cut from windows [n, channels, length].",
                "Give a CSV file, or an .npz with windows.",
            )
        raw = windows.x.transpose(0, 2, 1).reshape(-1, windows.x.shape[1])
        names = [windows.classes[label] for label in windows.y for _ in range(windows.x.shape[2])]
        return Recording(np.ascontiguousarray(raw[:limit]), tuple(names[:limit]), windows.classes)
    found = read_csv(file, for_training=False)
    labels = [run.label for run in found.runs for _ in range(run.first, run.end)][:limit]
    return Recording(found.samples[:limit], tuple(labels) if any(labels) else ())
