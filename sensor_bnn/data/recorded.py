"""Recordings in memory, as every reader of a format returns them, and what their times say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from sensor_bnn.labels import class_name

Id = int | str
"""The name of a recording or subject: a whole number, or a text that is no number."""

MOST_DIGITS = 40
"""Of a recording's number; a date and time to the nanosecond has 23."""

GAP = 1.5
"""A step of the time column that is longer than so many usual steps is a gap."""


_TELLING = 20
"""Samples of a recording from which on values that only rise are no coincidence."""

_LIKE = 1.5
_MOSTLY = 0.9
"""Steps of a clock are within this factor of the usual one, in such a share of the samples."""

_RISES = 0.99


@dataclass(frozen=True)
class Columns:
    """The names of the columns of a table that are no channels, in capitals or not; empty for no such column.

    Attributes:
        recording, label: the recording and the class of each sample.
        subject: whose sample it is; recordings of one subject belong to one part of the split.
        time: when it was taken; empty for ``time`` or ``timestamp``, with a unit or without.
        split: ``train`` or ``test``: the part of the split to which the recording belongs.
    """

    recording: str = "recording"
    label: str = "label"
    subject: str = "subject"
    time: str = ""
    split: str = "split"


USUAL_COLUMNS = Columns()


@dataclass(frozen=True)
class Run:
    """Adjacent samples of one recording with one label.

    Attributes:
        recording: the number or name of the recording; None if the data do not say one.
        label: the name of the class; empty where there is none.
        first, end: the bounds of the run, counted in samples from 0; ``end`` is exclusive.
        line: the line of the file with the first sample of that recording and label, counted from 1; 0 in a
            format without lines.
        subject: the value of the column ``subject``; None without such a column.
        part: the value of the column ``split``, ``train`` or ``test``; empty without such a column.
        file: the file, for messages; it is not compared.
        after_gap: whether time is missing before the run, in the middle of its recording.
    """

    recording: Id | None
    label: str
    first: int
    end: int
    line: int
    subject: Id | None = None
    part: str = ""
    file: str = field(default="", compare=False)
    after_gap: bool = False

    @property
    def place(self) -> str:
        """Where the run begins, for messages."""
        return f"line {self.line} of {self.file}" if self.line else self.file


@dataclass(frozen=True)
class Recorded:
    """What a file or a folder of recordings holds.

    Attributes:
        channels: the names of the channels, in their order.
        samples: float32 ``[samples, channels]``, in the order of time; at least one sample. A missing value
            is NaN; there is none unless the reader was asked for them.
        runs: the recordings and labels of the samples, in the order of time, without a gap.
        time: the time of each sample in seconds, float64 ``[samples]``; None without a column of times. Only
            differences within a recording mean something.
        rate: the samples per second that the format itself states; None if it states none.
        source: where labels and time are from, in words, such as "labels from the folders".
        units: the unit of each channel, empty for one that is not known; none at all if no unit is.
        left_out: the names of columns that are not read, because the channels were listed.
        assumed: the column of times that are taken for seconds, because nothing says their unit; else empty.
    """

    channels: tuple[str, ...]
    samples: npt.NDArray[np.float32]
    runs: tuple[Run, ...]
    time: npt.NDArray[np.float64] | None = None
    rate: float | None = None
    source: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    assumed: str = ""

    def recordings(self) -> list[tuple[Id | None, int, int]]:
        """Return each recording with its first sample and its end."""
        found: list[tuple[Id | None, int, int]] = []
        for run in self.runs:
            if found and found[-1][0] == run.recording and found[-1][2] == run.first:
                found[-1] = (run.recording, found[-1][1], run.end)
            else:
                found.append((run.recording, run.first, run.end))
        return found


@dataclass(frozen=True)
class Steps:
    """What the times of the samples say.

    Attributes:
        rate: the usual samples per second.
        slowest, fastest: that rate in the slowest and in the fastest recording.
        gaps: the samples before which time is missing.
        backwards: the samples that are earlier than the one before.
        twice: the samples with the time of the one before.
        longest: the longest gap in seconds; 0 without one.
    """

    rate: float
    slowest: float
    fastest: float
    gaps: tuple[int, ...]
    backwards: tuple[int, ...]
    twice: tuple[int, ...]
    longest: float


def steps_of(found: Recorded) -> Steps | None:
    """Return what the times say; None without times, or if no time ever advances."""
    if found.time is None:
        return None
    within = np.ones(len(found.time), dtype=np.bool_)
    within[[first for _, first, _ in found.recordings()]] = False
    step = np.diff(found.time, prepend=found.time[:1])
    advancing = step[within & (step > 0)]
    if not len(advancing):
        return None
    rates = []
    gap = np.zeros_like(within)
    for _, first, end in found.recordings():
        own = step[first + 1 : end]
        forward = own[own > 0]
        if not len(forward):
            continue
        # By recording, because one may be slower than another as a whole.
        limit = GAP * float(np.median(forward))
        gap[first + 1 : end] = own > limit
        # The mean, because whole milliseconds make two kinds of steps of one rate; a time that is written
        # twice counts, because some devices write several samples at once.
        usual = own[(own >= 0) & (own <= limit)]
        rates.append((1 / float(usual.mean()), len(own)))
    whole = sum(count for _, count in rates) / sum(count / rate for rate, count in rates)
    return Steps(
        rate=whole,
        slowest=min(rate for rate, _ in rates),
        fastest=max(rate for rate, _ in rates),
        gaps=_places(gap),
        backwards=_places(within & (step < 0)),
        twice=_places(within & (step == 0)),
        longest=float(step[gap].max()) if gap.any() else 0.0,
    )


def rising(found: Recorded, values: npt.NDArray[Any], *, evenly: bool) -> bool:
    """Whether values rise in every recording, as a time or a count does; short recordings tell nothing.

    Args:
        found: the recordings.
        values: a number for each sample, ``[samples]``.
        evenly: whether every step must rise, and nearly all by a like amount. Else a step may be 0, and a
            hundredth of them may fall, as those of a clock that starts over.
    """
    told = False
    for _, first, end in found.recordings():
        if end - first < _TELLING:
            continue
        told = True
        step = np.diff(values[first:end].astype(np.float64))
        usual = float(np.median(step))
        if evenly:
            like = (step > usual / _LIKE) & (step < usual * _LIKE)
            # Not the other way round: a missing value is NaN, and compares as false.
            if not (step.min() > 0 and like.mean() >= _MOSTLY):
                return False
        elif not ((step > 0).any() and (step >= 0).mean() >= _RISES):
            return False
    return told


def never_falls(found: Recorded, values: npt.NDArray[Any]) -> bool:
    """Whether values fall in no recording; they may fall from one to the next."""
    return all(
        not (np.diff(values[first:end].astype(np.float64)) < 0).any() for _, first, end in found.recordings()
    )


def is_total(found: Recorded, values: npt.NDArray[Any]) -> bool:
    """Whether values rise in each of several recordings and never fall, as a count since the start does.

    Short recordings, in which nothing need rise, tell nothing.
    """
    known = values[~np.isnan(values)].astype(np.float64)
    parts = [values[first:end] for _, first, end in found.recordings()]
    told = [part[~np.isnan(part)] for part in parts if len(part) >= _TELLING]
    if len(parts) < 2 or not told or (np.diff(known) < 0).any():
        return False
    return all(len(part) and part[0] < part[-1] for part in told)


def divided(found: Recorded, at: Iterable[int]) -> Recorded:
    """Return the recordings with a new run at each of these samples, so that no window crosses one.

    Args:
        found: the recordings.
        at: the samples, in the middle of a recording, before which time is missing.
    """
    cuts = sorted(set(at))
    gaps = {run.first for run in found.runs if run.after_gap} | set(cuts)
    runs = []
    for run in found.runs:
        bounds = [run.first, *(cut for cut in cuts if run.first < cut < run.end), run.end]
        for first, end in pairwise(bounds):
            runs.append(replace(run, first=first, end=end, after_gap=first in gaps))
    return replace(found, runs=tuple(runs))


def id_of(text: str) -> Id:
    """Return the name of a recording or subject: a number if it has only digits."""
    name = class_name(text)
    return int(name) if name.isascii() and name.isdigit() and len(name) <= MOST_DIGITS else name


def in_order(ids: Iterable[Id]) -> list[Id]:
    """Return names of recordings without repetition: the numbers, ascending, then the texts."""
    return sorted(set(ids), key=lambda one: (isinstance(one, str), one))


def as_ids(values: Sequence[Id]) -> npt.NDArray[Any]:
    """Return names of recordings as int64 [n]; as Python's objects if one is a text or larger."""
    if any(isinstance(value, str) for value in values):
        names = np.empty(len(values), dtype=object)
        names[:] = values
        return names
    try:
        return np.array(values, dtype=np.int64)
    except OverflowError:
        return np.array(values, dtype=object)


def _places(chosen: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(np.flatnonzero(chosen).tolist())
