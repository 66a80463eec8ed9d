"""The section of a recipe for a file or folder for which there is no recipe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sensor_bnn.data.folders import FORMATS, files_in, read_recordings
from sensor_bnn.data.recorded import Recorded, is_total, never_falls, rising, steps_of
from sensor_bnn.data.recording import csv_roles, csv_times, says_count, states_unit
from sensor_bnn.data.roles import with_time
from sensor_bnn.errors import DataError
from sensor_bnn.train import sets
from sensor_bnn.train.own_windows import from_recorded
from sensor_bnn.train.recipe import DataRecipe

_MANY = 50
"""So many recordings that are equally long were cut by a program, and each is meant as one window."""


@dataclass(frozen=True)
class Guess:
    """The section of a recipe for a file or folder of recordings or windows, where there is no recipe.

    Attributes:
        data: the section, by which the data can be read and shown; training may refuse it.
        notes: sentences on the columns that are taken for something.
        found: the recordings; None for windows.
        counters: the channels that grow by the same step in each row, and measure nothing.
    """

    data: DataRecipe
    notes: tuple[str, ...] = ()
    found: Recorded | None = None
    counters: tuple[str, ...] = ()


def guessed(place: Path) -> Guess:
    """Return the section of a recipe for a file or folder of recordings or windows.

    If there are many recordings, all equally long and without gaps, each is one window: a program has cut
    them. Columns of a CSV file that look like recordings and labels are taken for them if no column has the
    usual names.

    Raises:
        DataError: there is no such file, no reader for it, or it breaks a rule of its format.
    """
    known = {suffix: kind for kind, form in FORMATS.items() for suffix in form.suffixes}
    known[".npz"] = "npz"
    if not place.exists():
        raise DataError(
            f"There is no {place}.", "Give a file or folder of recordings, a recipe's name, or a .toml file."
        )
    if place.is_dir():
        kinds = {kind: len(files_in(place, form.suffixes)) for kind, form in FORMATS.items()}
        kind = max(kinds, key=lambda kind: kinds[kind])
        if not kinds[kind]:
            raise DataError(
                f"{place} has no file of recordings.",
                f"Files that are read end in {', '.join(known)}; a folder of images needs a recipe.",
            )
    elif place.suffix.lower() in known:
        kind = known[place.suffix.lower()]
    else:
        raise DataError(
            f"{place} has a name that does not say its format.", f"Give a file in {', '.join(known)}."
        )
    plan = DataRecipe(set=kind, path=str(place))
    if kind == "npz":
        return Guess(plan)
    if kind == "csv":
        guess = _with_columns(plan)
    else:
        guess = Guess(plan, found=read_leniently(plan))
        guess = _without_clocks(guess) if kind == "parquet" else guess
    assert guess.found is not None
    steps = steps_of(guess.found)
    lengths = {run.end - run.first for run in guess.found.runs}
    if len(guess.found.runs) >= _MANY and len(lengths) == 1 and not (steps and steps.gaps):
        length = lengths.pop()
        return replace(guess, data=replace(guess.data, window=length, step=length))
    return guess


def _with_columns(plan: DataRecipe) -> Guess:
    """Read CSV files; take columns for what they look like, above all one for the time."""
    place = plan.place()
    file = files_in(place, (".csv",))[0] if place.is_dir() else place
    for name in csv_times(file):
        try:
            guess = _with_roles(replace(plan, columns=replace(plan.columns, time=name)), file)
        except DataError:  # its values are no times
            continue
        assert guess.found is not None and guess.found.time is not None
        stated = states_unit(name)
        # Whole numbers from 0 without a unit are milliseconds as often as seconds.
        told = stated or not _are_whole(guess.found.time)
        if told and rising(guess.found, guess.found.time, evenly=not stated):
            said = "" if stated else ", in seconds: check the rate"
            note = f"The column {name} is taken for the time{said}."
            return _without_clocks(replace(guess, notes=(note, *guess.notes)))
    return _without_clocks(_with_roles(plan, file))


def _without_clocks(guess: Guess) -> Guess:
    """Leave out channels that say when a sample was taken, which a model would learn, and say so.

    These are channels that rise evenly in every recording, or over all of them, and counts of the rows. A
    channel that counts and starts over within a recording, such as the angle of an encoder, is none, unless
    its name says a count.
    """
    found, plan = guess.found, guess.data
    assert found is not None
    clocks = [
        name for at, name in enumerate(found.channels) if rising(found, found.samples[:, at], evenly=True)
    ]
    counts = [
        name
        for at, name in enumerate(found.channels)
        if name in guess.counters
        and name not in clocks
        and (says_count(name) or never_falls(found, found.samples[:, at]))
    ]
    totals = [
        name
        for at, name in enumerate(found.channels)
        if name not in (*clocks, *counts) and is_total(found, found.samples[:, at])
    ]
    kept = tuple(name for name in found.channels if name not in (*clocks, *counts, *totals))
    if not kept:
        return guess
    if len(kept) == len(found.channels):
        return replace(guess, counters=())
    plan = replace(plan, channels=kept)
    notes = []
    for name in (*clocks, *totals):
        how = "rises evenly in each recording" if name in clocks else "only rises, over all recordings"
        told = f"The column {name} {how}, as a time or a count does: it is left out."
        if found.time is None:
            told += (
                f" Nothing says its unit. In seconds: write {with_time(plan.columns, name)} in [data]. In"
                f" milliseconds: rename it first, such as to {name}_ms. Or state the rate in Hz: rate = 50."
            )
        if name in totals:
            told += " To learn from it all the same, add it to channels."
        notes.append(told)
    notes += [
        f"The column {name} counts the rows: it is left out. If it measures something, add it to channels."
        for name in counts
    ]
    return Guess(plan, (*guess.notes, *notes), read_leniently(plan))


def _are_whole(times: npt.NDArray[np.float64]) -> bool:
    return bool((times == np.floor(times)).all())


def _with_roles(plan: DataRecipe, file: Path) -> Guess:
    """Read CSV files; take columns for what they look like where that is needed to read or to train."""
    place = plan.place()
    try:
        found = read_leniently(plan)
        lacking = [
            key
            for key, lacks in (
                ("label", not any(run.label for run in found.runs)),
                ("recording", found.runs[0].recording is None),
            )
            if lacks
        ]
        if not lacking:
            return Guess(plan, found=found)
        refused = None
    except DataError as error:
        lacking, refused = ["recording", "label", "subject"], error
    roles = csv_roles(file, plan.columns)
    if place.is_dir():  # a file is a recording, and its name or folder may be the label
        lacking = [key for key in lacking if key != "recording"]
    chosen = {key: getattr(roles, key)[0] for key in lacking if getattr(roles, key)}
    if "recording" in chosen and roles.subject and roles.subject[0] not in chosen.values():
        chosen["subject"] = roles.subject[0]
    words = tuple(name for name in roles.words if name not in chosen.values())
    if not chosen and not words:
        if refused is not None:
            raise refused
        return Guess(plan, found=found)
    channels = tuple(name for name in roles.all if name in roles.numbers or name in roles.counters)
    mended = replace(plan, columns=replace(plan.columns, **chosen), channels=channels if words else ())
    try:
        found = read_leniently(mended)
    except DataError as error:
        raise refused or error from None
    notes = tuple(f"The column {name} is taken for the {key}." for key, name in chosen.items())
    if words:
        notes += (f"These columns hold words, and are not read: {', '.join(words)}.",)
    others = tuple(name for name in found.left_out if name not in words)
    if others:
        notes += (f"These columns are not read either: {', '.join(others)}.",)
    return Guess(mended, notes, found, tuple(name for name in roles.counters if name in found.channels))


def read_leniently(data: DataRecipe) -> Recorded:
    """Read recordings whose values or labels may be missing.

    Raises:
        DataError: a file breaks another rule of its format.
    """
    reading = data.reading()
    return read_recordings(data.set, data.place(), replace(reading, missing=True, unlabelled=True))


def proposed(guess: Guess) -> DataRecipe | None:
    """Return the section of a recipe with which training takes the data; None if there is none.

    What is changed, in this order: missing values are interpolated, channels that never change or that count
    the rows are left out, and windows are as short as the recordings require.
    """
    plan, found = guess.data, guess.found
    if found is None:
        try:
            dataset = sets.load(plan)
            sets.check_split(dataset, plan)
            sets.check_channels(dataset, plan)
        except DataError:
            return None
        return plan
    if any(not run.label or run.recording is None for run in found.runs):
        return None
    kept = [
        at
        for at, name in enumerate(found.channels)
        if name not in guess.counters and not _is_constant(found.samples[:, at])
    ]
    if not kept:
        return None
    if len(kept) < len(found.channels):
        names = tuple(found.channels[at] for at in kept)
        plan = replace(plan, channels=names)
        found = replace(found, samples=np.ascontiguousarray(found.samples[:, kept]), channels=names, units=())
    if np.isnan(found.samples).any():
        plan = replace(plan, missing="interpolate")
    lengths = sorted(run.end - run.first for run in found.runs)
    for window in (plan.window, lengths[len(lengths) // 2], lengths[len(lengths) // 4], lengths[0]):
        if window > plan.window:
            continue
        step = plan.step if window == plan.window else max(1, window // 2)
        tried = replace(plan, window=window, step=step)
        try:
            dataset = from_recorded(found, tried)
            sets.check_split(dataset, tried)
            sets.check_channels(dataset, tried)
        except DataError:
            continue
        return tried
    return None


def _is_constant(column: npt.NDArray[np.float32]) -> bool:
    known = column[~np.isnan(column)]
    return not len(known) or bool(known.min() == known.max())
