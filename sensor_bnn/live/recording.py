"""Recorded samples of a sensor: a CSV file, or the windows of an npz file, one after the other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from sensor_bnn.compiler.metadata import Metadata
from sensor_bnn.data.channels import channel_order
from sensor_bnn.data.recorded import Recorded
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
        left_out: the names of columns that were not read.
        names: the name of each recording, one more than ``breaks``; none at all if the data name none.
        learned: of each recording, whether a model has learned from it; none at all if that is not known.
    """

    raw: npt.NDArray[np.float32]
    labels: tuple[str, ...]
    classes: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    breaks: tuple[int, ...] = ()
    left_out: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    learned: tuple[bool, ...] = ()

    def place(self, at: int) -> int:
        """Return the place in ``names`` of the recording that holds a sample, counted from 0."""
        return bisect_right(self.breaks, at)


def read_recording(file: Path, limit: int | None = None, wanted: Collection[str] = ()) -> Recording:
    """Read a recording for a live stream.

    Args:
        file: ``.npz`` as ``sensor-bnn evaluate --write-samples`` writes it, anything else is read as CSV. In
            a CSV file the columns ``recording`` and ``label`` are not channels.
        limit: at most so many samples, from the start. The whole file is checked.
        wanted: the columns of a CSV file to read as channels, as far as they are there, see ``read_csv``.

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
    return recording_of(read_csv(file, for_training=False, wanted=wanted), limit)


def recording_of(found: Recorded, limit: int | None = None) -> Recording:
    """Return what was read as a live stream, at most ``limit`` samples of it, from the start."""
    labels = [run.label for run in found.runs for _ in range(run.first, run.end)][:limit]
    raw = found.samples[:limit]
    begun = [(name, first) for name, first, _ in found.recordings() if first < len(raw)]
    return Recording(
        raw=raw,
        labels=tuple(labels) if any(labels) else (),
        channels=found.channels,
        breaks=tuple(first for _, first in begun[1:]),
        left_out=found.left_out,
        names=() if begun[0][0] is None else tuple(str(name) for name, _ in begun),
    )


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
    if recording.left_out and set(known) <= {class_name(name) for name in recording.channels}:
        told = ", ".join(recording.left_out)
        NOTES.warning("%s does not have these columns, which are not sent: %s.", owner, told)
        recording = replace(recording, left_out=())
    if extra and len(extra) < len(recording.channels) and len(recording.channels) - len(extra) == len(known):
        NOTES.warning("%s does not have these columns, which are not sent: %s.", owner, ", ".join(extra))
        kept = [place for place, name in enumerate(recording.channels) if name not in extra]
        recording = replace(
            recording,
            raw=np.ascontiguousarray(recording.raw[:, kept]),
            channels=tuple(recording.channels[place] for place in kept),
        )
    # Those that were left out are told if one that is missing may be among them.
    names = (*recording.channels, *recording.left_out)
    order = channel_order(names, metadata.channels, owner, "The recordings")
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
            told = ", ".join((*names, *recording.left_out)) or "none with a name"
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
