"""Recorded samples of a sensor: a CSV file, or the windows of an npz file, one after the other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from sensor_bnn.compiler.metadata import Metadata
from sensor_bnn.data.channels import channel_order
from sensor_bnn.data.prepared import rate_of, without_gaps
from sensor_bnn.data.recorded import Recorded, steps_of
from sensor_bnn.data.recording import read_csv
from sensor_bnn.data.samples import read_samples
from sensor_bnn.errors import DataError
from sensor_bnn.labels import class_name
from sensor_bnn.tracing import NOTES

RATE_TOLERANCE = 0.01
"""Rates that differ by more than this share of them contradict each other."""

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
        breaks: the samples, counted from 0 and ascending, at which another recording begins, or before which
            time is missing; 0 is not one.
        left_out: the names of columns that were not read.
        names: the name of each recording, one more than ``breaks``: that of a recording with a gap is there
            twice; none at all if the data name none.
        learned: of each of these, whether a model has learned from it; none at all if that is not known.
        rate: the samples per second; None if nothing states it.
        truth: the true numbers, which a model is to predict, of each sample, float64 [samples, numbers]; None
            if they are not known.
        numbers: their names; empty if the file has none.
    """

    raw: npt.NDArray[np.float32]
    labels: tuple[str, ...]
    classes: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    breaks: tuple[int, ...] = ()
    left_out: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    learned: tuple[bool, ...] = ()
    rate: float | None = None
    truth: npt.NDArray[np.float64] | None = None
    numbers: tuple[str, ...] = ()

    def place(self, at: int) -> int:
        """Return the place in ``names`` of the recording that holds a sample, counted from 0."""
        return bisect_right(self.breaks, at)

    def first(self, limit: int | None) -> Recording:
        """Return at most ``limit`` samples, from the start; all if it is None."""
        if limit is None or limit >= len(self.raw):
            return self
        breaks = tuple(at for at in self.breaks if at < limit)
        return replace(
            self,
            raw=self.raw[:limit],
            labels=self.labels[:limit] if any(self.labels[:limit]) else (),
            breaks=breaks,
            names=self.names[: len(breaks) + 1],
            learned=self.learned[: len(breaks) + 1],
            truth=None if self.truth is None else self.truth[:limit],
        )

    def not_learned(self) -> Recording:
        """Return the recordings that a model has not learned from, in their order; at least one is there."""
        bounds = [*pairwise((0, *self.breaks, len(self.raw)))]
        kept = [place for place, learned in enumerate(self.learned) if not learned]
        chosen = np.concatenate([np.arange(*bounds[place]) for place in kept])
        labels = tuple(self.labels[at] for at in chosen.tolist()) if self.labels else ()
        ends = accumulate(bounds[place][1] - bounds[place][0] for place in kept)
        return replace(
            self,
            raw=self.raw[chosen],
            labels=labels if any(labels) else (),
            breaks=tuple(ends)[:-1],
            names=tuple(self.names[place] for place in kept),
            learned=(False,) * len(kept),
            truth=None if self.truth is None else self.truth[chosen],
        )

    def truth_of(self, ends: Sequence[int], window: int) -> npt.NDArray[np.float64] | None:
        """Return the true numbers of windows, each the mean over its window, as in training.

        Args:
            ends: the number of samples since the start at which each window ends.
            window: the samples of a window.

        Returns:
            float64 ``[windows, numbers]``; None if the numbers are not known.
        """
        if self.truth is None:
            return None
        return np.stack([self.truth[end - window : end].mean(axis=0) for end in ends])


def settled_rate(given: float | None, found: float | None, told_by: str) -> float | None:
    """Return the samples per second of a recording; None if nothing states them.

    Args:
        given: as the user gives them; None if not.
        found: as the data state them; None if they do not.
        told_by: what of the data states them, for messages, such as "the times in walk.csv".

    Raises:
        DataError: both are given, and differ by more than ``RATE_TOLERANCE``.
    """
    if given is not None and found is not None and differ(given, found):
        raise DataError(
            f"--rate is {given:g} Hz, but by {told_by} it is {found:.4g} Hz.",
            "Leave --rate out, or correct what is wrong.",
        )
    return given or found


def differ(one: float, other: float) -> bool:
    """Whether two rates differ by more than ``RATE_TOLERANCE``."""
    return abs(one - other) > RATE_TOLERANCE * other


def told_rate(found: Recorded, file: Path) -> str:
    """Return what of a file states its rate, for messages."""
    return f"the times in {file}" if found.time is not None else f"the facts in {file}"


def note_rates(found: Recorded) -> None:
    """Note that recordings have different rates by their times, where one rate counts for all."""
    steps = steps_of(found)
    if steps is not None and differ(steps.fastest, steps.slowest):
        NOTES.warning(
            "The recordings have %.4g to %.4g Hz by their times; seconds and budget count with %.4g Hz.",
            *(steps.slowest, steps.fastest, steps.rate),
        )


def read_with_truth(read: Callable[[tuple[str, ...]], Recorded], targets: Sequence[str]) -> Recorded:
    """Read recordings with the columns of the true numbers, or with a note why these cannot be read.

    Args:
        read: reads with the columns that it is given beside the channels.
        targets: the names of these columns.

    Raises:
        DataError: ``read`` refuses the data without these columns, too.
    """
    try:
        found = read(tuple(targets))
        holes = [
            name
            for at, name in enumerate(found.channels)
            if name in targets and np.isnan(found.samples[:, at]).any()
        ]
        if not holes:
            return found
        why = f"A value of {holes[0]} is missing."
    except DataError as error:
        if not targets:
            raise
        why = error.message
    found = read(())
    NOTES.warning("No true values are shown: %s", why)
    kept = [at for at, name in enumerate(found.channels) if name not in targets]
    return replace(
        found,
        channels=tuple(found.channels[at] for at in kept),
        samples=np.ascontiguousarray(found.samples[:, kept]),
        units=tuple(found.units[at] for at in kept) if found.units else (),
    )


def read_recording(
    file: Path,
    limit: int | None = None,
    wanted: Collection[str] = (),
    targets: Sequence[str] = (),
    rate: float | None = None,
) -> Recording:
    """Read a recording for a live stream.

    Args:
        file: ``.npz`` as ``sensor-bnn evaluate --write-samples`` writes it, anything else is read as CSV. In
            a CSV file the columns ``recording`` and ``label`` are not channels.
        limit: at most so many samples, from the start. The whole file is checked.
        wanted: the columns of a CSV file to read as channels, as far as they are there, see ``read_csv``.
        targets: the names of the numbers that the model predicts: columns of true values, if they are there.
        rate: the samples per second as the user gives them; None for what the times in the file say.

    Raises:
        DataError: the file is missing or breaks a rule, or its times contradict ``rate``.
    """
    if file.suffix == ".npz":
        windows = read_samples(file)
        if windows.x.ndim != 3:
            raise DataError(
                f"{file}: x is {list(windows.x.shape)}; a stream is cut from windows [n, channels, length].",
                "Give a CSV file, or an .npz with windows.",
            )
        count, channels, length = windows.x.shape
        raw = np.ascontiguousarray(windows.x.transpose(0, 2, 1).reshape(-1, channels))
        # Whether two windows were cut from one place is not known: each is a recording of its own.
        breaks = tuple(range(length, count * length, length))
        found = Recording(raw, (), (), windows.channels, breaks, rate=rate)
        if windows.targets is not None:  # numbers to predict, no classes
            truth = np.repeat(windows.targets, length, axis=0)
            return replace(found, truth=truth, numbers=windows.target_names).first(limit)
        names = tuple(windows.classes[label] for label in windows.y for _ in range(length))
        return replace(found, labels=names, classes=windows.classes).first(limit)
    columns = [name for name in targets if name not in wanted]
    recorded = read_with_truth(
        lambda more: read_csv(file, for_training=False, wanted=(*wanted, *more) if wanted else ()), columns
    )
    note_rates(recorded)
    told = settled_rate(rate, rate_of(recorded, 0.0), told_rate(recorded, file))
    notes: list[str] = []
    recorded = without_gaps(recorded, notes)
    for note in notes:
        NOTES.warning("%s", note)
    return recording_of(recorded, limit, columns, told)


def recording_of(
    found: Recorded, limit: int | None = None, targets: Sequence[str] = (), rate: float | None = None
) -> Recording:
    """Return what was read as a live stream, at most ``limit`` samples of it, from the start.

    Args:
        found: what was read, with a new run where time is missing.
        limit: the number of samples; None for all.
        targets: the names of the columns that are true numbers and no channels, as far as they are there.
        rate: the samples per second; None if they are not known.
    """
    labels = tuple(run.label for run in found.runs for _ in range(run.first, run.end))
    begun = [(found.runs[0].recording, 0)]
    for before, run in pairwise(found.runs):
        if run.after_gap or run.recording != before.recording:
            begun.append((run.recording, run.first))
    true = [at for at, name in enumerate(found.channels) if name in targets]
    others = [at for at, name in enumerate(found.channels) if name not in targets]
    whole = Recording(
        raw=np.ascontiguousarray(found.samples[:, others]) if true else found.samples,
        labels=labels if any(labels) else (),
        channels=tuple(found.channels[at] for at in others),
        breaks=tuple(first for _, first in begun[1:]),
        left_out=found.left_out,
        names=() if begun[0][0] is None else tuple(str(name) for name, _ in begun),
        rate=rate,
        truth=found.samples[:, true].astype(np.float64) if true else None,
        numbers=tuple(found.channels[at] for at in true),
    )
    return whole.first(limit)


def of_model(
    recording: Recording, metadata: Metadata, columns: Mapping[str, str] = MappingProxyType({})
) -> Recording:
    """Return the recording with its channels in the order of the model's, see ``channel_order``.

    Columns that are no channels of the model are left out, and a note names them. True numbers are in the
    order of the model's; they are left out, with a note, if one that the model predicts is not there.

    Args:
        recording: the samples.
        metadata: the model's.
        columns: the name of the recording's column for channels of the model that it calls otherwise.

    Raises:
        DataError: the recording lacks a channel of the model, or ``columns`` names what is not there.
    """
    recording = _with_numbers(recording, [class_name(one.name) for one in metadata.numbers or ()])
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


def _with_numbers(recording: Recording, known: Sequence[str]) -> Recording:
    """Return the recording with the true values of the model's numbers, in the order of its outputs."""
    if recording.truth is None:
        return recording
    names = [class_name(name) for name in recording.numbers] or known
    lacking = [name for name in known if name not in names]
    if not known or lacking or len(names) != recording.truth.shape[1]:
        if known:
            told = ", ".join(lacking) or f"only {recording.truth.shape[1]} numbers without names"
            NOTES.warning("No true values are shown: the recordings do not have %s.", told)
        return replace(recording, truth=None, numbers=())
    order = [names.index(name) for name in known]
    return replace(recording, truth=recording.truth[:, order], numbers=tuple(known))


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
