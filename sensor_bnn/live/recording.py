"""Recorded samples of a sensor: a CSV file, or the windows of an npz file, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from sensor_bnn.compiler.metadata import Metadata
from sensor_bnn.data.channels import channel_order
from sensor_bnn.data.recording import read_csv
from sensor_bnn.data.samples import read_samples
from sensor_bnn.errors import DataError
from sensor_bnn.labels import class_name
from sensor_bnn.tracing import NOTES

_CHANNEL = "Write it as MODEL=COLUMN, such as --channel ax=acc_x."


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
        raw = np.ascontiguousarray(raw[:limit])
        # Whether two windows were cut from one place is not known: each is a recording of its own.
        breaks = tuple(range(windows.x.shape[2], len(raw), windows.x.shape[2]))
        if windows.targets is not None:  # numbers to predict, no classes
            return Recording(raw, (), (), windows.channels, breaks)
        names = [windows.classes[label] for label in windows.y for _ in range(windows.x.shape[2])]
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


def of_model(
    recording: Recording, metadata: Metadata, columns: Mapping[str, str] = MappingProxyType({})
) -> Recording:
    """Return the recording with its channels in the order of the model's, see ``channel_order``.

    Columns that are no channels of the model are left out, and a note names them.

    Args:
        recording: the samples.
        metadata: the model's.
        columns: the name of the recording's column for channels of the model that it calls otherwise.

    Raises:
        DataError: the recording lacks a channel of the model, or ``columns`` names what is not there.
    """
    owner, known = f"the model {metadata.model}", [class_name(name) for name in metadata.channels or ()]
    recording = _renamed(recording, known, columns, owner)
    extra = [name for name in recording.channels if class_name(name) not in known]
    if extra and len(extra) < len(recording.channels) and len(recording.channels) - len(extra) == len(known):
        NOTES.warning("%s does not have these columns, which are not sent: %s.", owner, ", ".join(extra))
        kept = [place for place, name in enumerate(recording.channels) if name not in extra]
        recording = replace(
            recording,
            raw=np.ascontiguousarray(recording.raw[:, kept]),
            channels=tuple(recording.channels[place] for place in kept),
        )
    order = channel_order(recording.channels, metadata.channels, owner, "The recordings")
    if not order:
        return recording
    assert metadata.channels is not None
    return replace(recording, raw=np.ascontiguousarray(recording.raw[:, order]), channels=metadata.channels)


def _renamed(recording: Recording, known: Sequence[str], columns: Mapping[str, str], owner: str) -> Recording:
    """Return the recording with the model's names for the columns that ``columns`` names."""
    names = [class_name(name) for name in recording.channels]
    found = {class_name(channel): class_name(column) for channel, column in columns.items()}
    for channel, column in found.items():
        if channel not in known:
            told = ", ".join(known) or "which has no names of channels"
            raise DataError(
                f"--channel names {channel}, which is not a channel of {owner}: {told}.", _CHANNEL
            )
        if column not in names:
            told = ", ".join(names) or "none with a name"
            raise DataError(f"--channel names the column {column}; the recording has {told}.", _CHANNEL)
    if not found:
        return recording
    ours = {column: channel for channel, column in found.items()}
    kept = [place for place, name in enumerate(names) if name in ours or name not in found]
    return replace(
        recording,
        raw=np.ascontiguousarray(recording.raw[:, kept]),
        channels=tuple(ours.get(names[place], names[place]) for place in kept),
    )
