"""What the samples and the times of recordings look like: channels, rate, gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensor_bnn.data.recorded import Recorded, steps_of
from sensor_bnn.train.recipe import DataRecipe

_CLIPPED = 0.001
"""A channel is reported as clipped if more than this share of its samples is stuck at an end of its range."""

_STUCK = 3
"""Adjacent samples at the end of the range that count as stuck; two may be a coincidence."""

_FEWEST_VALUES = 10
"""A channel with fewer different values has steps, such as a switch: it rests at the ends of its range."""


@dataclass(frozen=True)
class ChannelFacts:
    """One channel over all samples, those that training does not use included.

    Attributes:
        name: its name; its number from 1 if it has none.
        unit: as the header states it; empty if it states none.
        low, high, mean, deviation: of its values, in that unit; None if it has no value.
        missing: the number of missing values.
        constant: whether it has one value only.
        clipped: the share of its samples that are stuck at an end of its range, 0 .. 1.
    """

    name: str
    unit: str
    low: float | None
    high: float | None
    mean: float | None
    deviation: float | None
    missing: int
    constant: bool
    clipped: float


@dataclass(frozen=True)
class TimeFacts:
    """Rate and times.

    Attributes:
        rate: samples per second; None if it is not known.
        told_by: what says so, in words; empty if it is not known.
        slowest, fastest: the rate of the slowest and the fastest recording, by their times.
        gaps: how often time is missing.
        longest_gap: the longest of these, in seconds.
        backwards: how often a sample is earlier than the one before.
        twice: how often a sample has the time of the one before.
    """

    rate: float | None = None
    told_by: str = ""
    slowest: float | None = None
    fastest: float | None = None
    gaps: int = 0
    longest_gap: float = 0.0
    backwards: int = 0
    twice: int = 0


def time_facts(data: DataRecipe, found: Recorded) -> TimeFacts:
    """Return rate and times; the rate of the recipe, if it states one, overrides that of the times."""
    steps = steps_of(found)
    told_by = "data.rate" if data.rate else "the times" if steps else "the format" if found.rate else ""
    rate = data.rate or (steps.rate if steps else found.rate)
    if steps is None:
        return TimeFacts(rate, told_by)
    return TimeFacts(
        rate,
        told_by,
        steps.slowest,
        steps.fastest,
        len(steps.gaps),
        steps.longest,
        len(steps.backwards),
        len(steps.twice),
    )


def channel_facts(found: Recorded) -> tuple[ChannelFacts, ...]:
    """Return one entry per channel, in the order of the recordings."""
    used = np.zeros(len(found.samples), dtype=np.bool_)
    for run in found.runs:
        used[run.first : run.end] = True
    facts = []
    for at, name in enumerate(found.channels):
        column = found.samples[used, at]
        known = column[~np.isnan(column)].astype(np.float64)
        unit = found.units[at] if found.units else ""
        missing = len(column) - len(known)
        if not len(known):
            facts.append(ChannelFacts(name, unit, None, None, None, None, missing, False, 0.0))
            continue
        low, high = float(known.min()), float(known.max())
        constant = low == high
        facts.append(
            ChannelFacts(
                name,
                unit,
                low,
                high,
                float(known.mean()),
                0.0 if constant else float(known.std()),
                missing,
                constant,
                0.0 if constant else _clipped(known, low, high),
            )
        )
    return tuple(facts)


def _clipped(known: npt.NDArray[np.float64], low: float, high: float) -> float:
    """Return the share of samples that stay at an end of the range for ``_STUCK`` samples or more."""
    if len(np.unique(known)) < _FEWEST_VALUES:
        return 0.0
    stuck = 0
    for end in (low, high):
        edges = np.flatnonzero(np.diff(known == end, prepend=False, append=False))
        lengths = edges[1::2] - edges[::2]
        stuck += int(lengths[lengths >= _STUCK].sum())
    return stuck / len(known)


def _may_be_milliseconds(found: Recorded) -> bool:
    """Whether times are whole numbers, usually 2 or more apart: a sensor is rarely read so slowly."""
    assert found.time is not None
    step = np.diff(found.time)
    forward = step[step > 0]
    whole = bool((found.time == np.floor(found.time)).all())
    return whole and len(forward) > 0 and float(np.median(forward)) >= 2


def doubted_seconds(time: TimeFacts, found: Recorded | None) -> str:
    """Return a sentence on times that are taken for seconds and look like milliseconds; empty for others."""
    if found is None or not found.assumed or time.told_by != "the times" or not _may_be_milliseconds(found):
        return ""
    return (
        f"The times in the column {found.assumed} are taken for seconds, which makes {time.rate:.3g} Hz;"
        f" they look like milliseconds. If so, rename the column to {found.assumed}_ms."
    )


def noticed(
    time: TimeFacts, channels: tuple[ChannelFacts, ...], found: Recorded | None = None
) -> tuple[str, ...]:
    """Return what may not be meant, as sentences."""
    doubt = doubted_seconds(time, found)
    notes = [doubt] if doubt else []
    for channel in channels:
        if channel.constant:
            notes.append(f"Channel {channel.name} never changes.")
        if channel.clipped > _CLIPPED:
            notes.append(
                f"Channel {channel.name} is clipped: {channel.clipped:.1%} of its samples are stuck at"
                f" {channel.low:.6g} or {channel.high:.6g}."
            )
    if time.twice:
        notes.append(f"{time.twice:,} samples have the time of the one before.")
    if time.slowest and time.fastest and time.fastest > 1.02 * time.slowest:
        notes.append(
            f"The rate differs by recording, from {time.slowest:.4g} to {time.fastest:.4g} Hz: with"
            " data.resample, all windows are equally long in time."
        )
    return tuple(notes)
