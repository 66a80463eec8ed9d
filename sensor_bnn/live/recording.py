"""Recorded samples of a sensor: a CSV file, or the windows of an npz file, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sensor_bnn.compiler.metadata import Metadata
from sensor_bnn.data.channels import channel_order
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
        channels: the names of the channels, in their order; empty if the file has none.
        breaks: the samples, counted from 0 and ascending, at which another recording begins; 0 is not one.
    """

    raw: npt.NDArray[np.float32]
    labels: tuple[str, ...]
    classes: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    breaks: tuple[int, ...] = ()


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
        raw = np.ascontiguousarray(raw[:limit])
        # Whether two windows were cut from one place is not known: each is a recording of its own.
        breaks = tuple(range(windows.x.shape[2], len(raw), windows.x.shape[2]))
        return Recording(raw, tuple(names[:limit]), windows.classes, windows.channels, breaks)
    found = read_csv(file, for_training=False)
    labels = [run.label for run in found.runs for _ in range(run.first, run.end)][:limit]
    raw = found.samples[:limit]
    breaks = tuple(
        run.first
        for before, run in pairwise(found.runs)
        if run.recording != before.recording and run.first < len(raw)
    )
    return Recording(raw, tuple(labels) if any(labels) else (), (), found.channels, breaks)


def of_model(recording: Recording, metadata: Metadata) -> Recording:
    """Return the recording with its channels in the order of the model's, see ``channel_order``.

    Raises:
        DataError: the recording has a channel that the model does not have, or lacks one.
    """
    owner = f"the model {metadata.model}"
    order = channel_order(recording.channels, metadata.channels, owner, "The recordings")
    if not order:
        return recording
    assert metadata.channels is not None
    return replace(recording, raw=np.ascontiguousarray(recording.raw[:, order]), channels=metadata.channels)
