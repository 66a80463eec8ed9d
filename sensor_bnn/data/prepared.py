"""What is done to recordings before windows are cut: missing values, gaps, another rate, unequal lengths.

Each step takes recordings and returns new ones, and says in a sentence what it changed. No step crosses from
one recording, or from one label, to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from sensor_bnn.data.recorded import Recorded, Run, divided, steps_of
from sensor_bnn.data.series import at_rate, resampled
from sensor_bnn.errors import DataError

Missing = Literal["refuse", "hold", "interpolate"]
Lengths = Literal["slide", "pad", "crop", "stretch"]
_Values = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Preparation:
    """What is done to recordings.

    Attributes:
        window: the samples of a window.
        missing: what becomes of missing values: they are refused, get the value before, or are interpolated.
        rate: the samples per second; 0 for what the times or the format say.
        resample: the samples per second to which all recordings are brought; 0 to leave them as they are.
        lengths: what becomes of recordings that are not as long as a window: windows slide over the long ones
            and the short ones are left out; or ``pad`` repeats the last sample of the short ones, ``crop``
            takes the middle window of each, ``stretch`` resamples each to one window.
    """

    window: int
    missing: Missing = "refuse"
    rate: float = 0.0
    resample: float = 0.0
    lengths: Lengths = "slide"


def prepared(found: Recorded, plan: Preparation) -> tuple[Recorded, tuple[str, ...]]:
    """Return the recordings as windows are cut from them, and sentences on what was changed.

    Raises:
        DataError: a recording has no value of a channel, or the rate is not known and needed.
    """
    notes: list[str] = []
    if np.isnan(found.samples).any():
        found = _filled(found, plan.missing, notes)
    found = without_gaps(found, notes)
    if plan.resample:
        found = _at_rate(found, plan, notes)
    if plan.lengths != "slide":
        found = _fitted(found, plan, notes)
    return found, tuple(notes)


def rate_of(found: Recorded, given: float) -> float | None:
    """Return the samples per second: as given, else by the times, else as the format states them."""
    steps = steps_of(found)
    return given or (steps.rate if steps else found.rate)


def _filled(found: Recorded, how: Missing, notes: list[str]) -> Recorded:
    holes = np.isnan(found.samples)
    if how == "refuse":
        row, channel = (int(place) for place in np.argwhere(holes)[0])
        run = next(run for run in found.runs if run.first <= row < run.end)
        raise DataError(
            f"{int(holes.sum()):,} values are missing, the first one of channel {found.channels[channel]},"
            f" {row - run.first} samples after {run.place}.",
            'Correct the data, or set data.missing to "hold" or "interpolate".',
        )
    samples = found.samples.copy()
    for name, first, end in found.recordings():
        for channel in np.flatnonzero(holes[first:end].any(axis=0)).tolist():
            known = np.flatnonzero(~holes[first:end, channel])
            if not len(known):
                raise DataError(
                    f"Recording {name} has no value of channel {found.channels[channel]}.",
                    "Leave this recording or this channel out of the data.",
                )
            column = samples[first:end, channel]
            if how == "hold":
                # The first value also fills what is missing before it.
                before = np.searchsorted(known, np.arange(end - first), side="right") - 1
                samples[first:end, channel] = column[known[before.clip(min=0)]]
            else:
                at = np.arange(end - first) if found.time is None else found.time[first:end]
                samples[first:end, channel] = np.interp(at, at[known], column[known])
    done = "hold the value before them" if how == "hold" else "are interpolated"
    notes.append(f"{int(holes.sum()):,} missing values {done} (data.missing).")
    return replace(found, samples=samples)


def without_gaps(found: Recorded, notes: list[str]) -> Recorded:
    """Return the recordings with a new run where time is missing or goes back; add a sentence on that."""
    steps = steps_of(found)
    if steps is None or not (steps.gaps or steps.backwards):
        return found
    told = []
    if steps.gaps:
        told.append(f"{_counted(len(steps.gaps), 'gap')} in time, the longest of {steps.longest:.3g} s")
    if steps.backwards:
        told.append(f"{_counted(len(steps.backwards), 'sample')} earlier than the one before")
    notes.append(f"{', '.join(told)}: no window crosses them.")
    return divided(found, [*steps.gaps, *steps.backwards])


def _at_rate(found: Recorded, plan: Preparation, notes: list[str]) -> Recorded:
    if found.time is None or plan.rate:
        rate = rate_of(found, plan.rate)
        if rate is None:
            raise DataError(
                f"data.resample is {plan.resample:g} Hz, but the rate of the recordings is not known.",
                "Set data.rate, or add a column `time` with the seconds of each sample.",
            )
        ratio = rate / plan.resample
        notes.append(f"Resampled from {rate:.4g} to {plan.resample:g} Hz.")
        return _each(found, lambda run, values: at_rate(values, ratio))
    time = found.time
    steps = steps_of(found)
    assert steps is not None

    def on_grid(run: Run, values: _Values) -> _Values:
        at = time[run.first : run.end]
        fresh = np.diff(at, prepend=-np.inf) > 0
        at, values = at[fresh], values[:, fresh]
        if len(at) < 2:
            return values
        # First to equal steps, because a mean over unequal ones would weigh some times more than others.
        equal = np.linspace(at[0], at[-1], len(at))
        values = np.stack([np.interp(equal, at, row) for row in values]).astype(np.float32)
        return at_rate(values, (len(at) - 1) / float(at[-1] - at[0]) / plan.resample)

    notes.append(f"Resampled from {steps.rate:.4g} to {plan.resample:g} Hz, by the column of times.")
    if steps.twice:
        count = _counted(len(steps.twice), "sample")
        notes.append(f"Left out: {count} with the time of the one before.")
    return _each(found, on_grid)


def _fitted(found: Recorded, plan: Preparation, notes: list[str]) -> Recorded:
    window = plan.window
    lengths = np.array([run.end - run.first for run in found.runs])
    changed, lost = int((lengths < window).sum()), int((lengths - window).clip(min=0).sum())
    if plan.lengths == "pad":
        if changed:
            notes.append(
                f"{_counted(changed, 'part')} shorter than {window} samples: the last sample is repeated."
            )
        return _each(
            found,
            lambda run, values: np.pad(values, ((0, 0), (0, max(0, window - values.shape[1]))), mode="edge"),
        )
    if plan.lengths == "crop":
        if lost:
            whole = int(lengths.sum())
            notes.append(
                f"Only the middle {window} samples of each part are used: {lost:,} of {whole:,} samples"
                f" ({lost / whole:.1%}) are not."
            )
        return _each(found, lambda run, values: values[:, _middle(values.shape[1], window)])
    notes.append(
        f"{_counted(len(found.runs), 'part')} of {lengths.min():,} to {lengths.max():,} samples: each is"
        f" stretched or compressed to one window of {window}."
    )
    return _each(found, lambda run, values: resampled(values, window))


def _middle(length: int, window: int) -> slice:
    first = max(0, length - window) // 2
    return slice(first, first + window)


def _each(found: Recorded, change: Callable[[Run, _Values], _Values]) -> Recorded:
    """Return the recordings with each run changed, which is float32 ``[C, samples]``."""
    pieces, runs, at = [], [], 0
    for run in found.runs:
        piece = change(run, np.ascontiguousarray(found.samples[run.first : run.end].T))
        runs.append(replace(run, first=at, end=at + piece.shape[1]))
        pieces.append(piece)
        at += piece.shape[1]
    samples = np.ascontiguousarray(np.concatenate(pieces, axis=1).T)
    # The times were those of the samples before.
    return replace(found, samples=samples, runs=tuple(runs), time=None)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" + "s" * (count != 1)
