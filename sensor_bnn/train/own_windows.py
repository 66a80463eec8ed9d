"""A user's own sensor data: windows in an ``.npz``, or windows cut from recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sensor_bnn.data.folders import merged, read_recordings
from sensor_bnn.data.numbers import strata
from sensor_bnn.data.prepared import prepared
from sensor_bnn.data.recorded import Id, Recorded, as_ids
from sensor_bnn.data.samples import arrays_of, read_recorded_samples
from sensor_bnn.errors import DataError
from sensor_bnn.labels import class_name
from sensor_bnn.train.recipe import DataRecipe
from sensor_bnn.train.windows import Recordings, Short


def from_npz(file: Path, targets: tuple[str, ...] = ()) -> Recordings:
    """Read windows from an ``.npz``: x ``[n, C, L]``, y ``[n]``, classes, recording ``[n]``, maybe channels.

    With names of targets it has the array targets, ``[n, targets]``, in place of y and classes.

    The recordings are the groups of the split: windows of one recording overlap or resemble each other, so a
    split by window would test on data like the training data. Only the windows are known, not the recordings,
    so the augmentations shift and speed stay within a window.

    Raises:
        DataError: the file is missing, damaged, or an array breaks a rule.
    """
    samples, recording = read_recorded_samples(file, targets)
    if samples.x.ndim != 3:
        raise DataError(
            f"{file}: x is {list(samples.x.shape)}; it must be windows [n, channels, length].",
            "Give windows of a sensor; images are read from folders.",
        )
    notes = []
    if {"y", "targets"} <= arrays_of(file):
        used, other = ("targets", "y and classes are") if targets else ("y and classes", "targets are")
        notes.append(f"{file} has both: its {used} are used; its {other} not.")
    count, channels, length = samples.x.shape
    start = length * np.arange(count, dtype=np.int64)
    return Recordings(
        signal=np.ascontiguousarray(samples.x.transpose(1, 0, 2).reshape(channels, -1)),
        start=start,
        first=start,
        end=start + length,
        length=length,
        y=samples.y,
        group=recording,
        classes=samples.classes,
        mirror=np.ones(channels, dtype=np.float32),
        channels=samples.channels,
        whole="recording",
        notes=tuple(notes),
        targets=samples.targets,
        target_names=samples.target_names,
    )


def from_recordings(data: DataRecipe) -> Recordings:
    """Read the file or folder of recordings that a recipe names, and cut them into windows.

    Raises:
        DataError: a file is missing or breaks a rule (docs/own-sensor.md), or see ``from_recorded``.
    """
    return from_recorded(read_recordings(data.set, data.place(), data.reading()), data)


def without_labels(found: Recorded, data: DataRecipe) -> Recorded:
    """Return the recordings of a recipe with targets: a label changes nothing, and each has a name.

    Raises:
        DataError: a target is no column, or nothing but targets is one; a value of it is missing; or there is
            one recording only, so that nothing can be tested on.
    """
    columns = [class_name(name) for name in data.targets]
    missing = [name for name in columns if name not in found.channels]
    if missing:
        raise DataError(
            f"data.targets names {missing[0]}, but {data.place()} has the columns"
            f" {', '.join(found.channels)}.",
            "Name columns of the data, as their header writes them.",
        )
    if len(columns) == len(found.channels):
        raise DataError(
            f"{data.place()} has no channel beside the targets {', '.join(columns)}.",
            "Give the samples from which they are to be predicted.",
        )
    for name in columns:
        holes = np.isnan(found.samples[:, found.channels.index(name)])
        if holes.any():
            at = int(np.argmax(holes))
            run = next(run for run in found.runs if run.first <= at < run.end)
            after = at - run.first
            where = f"{after} sample{'s' * (after > 1)} after {run.place}" if after else f"in {run.place}"
            raise DataError(
                f"The target {name} has no value {where}: nobody knows it there, and data.missing is for"
                " channels.",
                "Leave those samples out of the data.",
            )
    unnamed = next((run for run in found.runs if run.recording is None), None)
    if unnamed is not None:
        raise DataError(
            f"{data.place()} has no column {data.columns.recording}: a split is by recordings.",
            "Add that column, name it in data.columns.recording, or give a folder of files.",
        )
    return replace(found, runs=merged(replace(run, label="") for run in found.runs))


def from_recorded(found: Recorded, data: DataRecipe) -> Recordings:
    """Cut recordings into windows.

    A window never contains a change of recording or label, nor a gap in time. The classes are the labels,
    sorted.

    Args:
        found: the recordings, all with a label.
        data: how windows are cut: ``window``, ``step``, ``split_by`` and the keys of the preparation.

    Raises:
        DataError: no run of equal labels is as long as a window, or see ``prepared``.
    """
    if data.targets:
        found = without_labels(found, data)
    found, notes = prepared(found, data.preparation())
    if found.left_out:
        notes = (left_out_note(found.left_out), *notes)
    names = tuple(class_name(name) for name in data.targets)
    found, numbers = _apart(found, names)
    window = data.window
    classes = sorted({run.label for run in found.runs})
    number = {name: index for index, name in enumerate(classes)}
    start: list[int] = []
    first: list[int] = []
    end: list[int] = []
    y: list[int] = []
    group: list[Id] = []
    short: list[Short] = []
    whole, groups = _groups(found, data)
    for run, own in zip(found.runs, groups, strict=True):
        length = run.end - run.first
        if length < window:
            short.append(Short(own, run.label, length, run.place))
        offsets = range(run.first, run.end - window + 1, data.step)
        start += offsets
        first += [run.first] * len(offsets)
        end += [run.end] * len(offsets)
        y += [number[run.label]] * len(offsets)
        group += [own] * len(offsets)
    if not start:
        longest = max(part.samples for part in short)
        raise DataError(
            f"{data.place()} has no window: data.window is {window} samples, and the longest run of one"
            f" recording with one label has {longest}.",
            "Set a smaller data.window, give longer recordings, or set data.lengths to pad or stretch.",
        )
    starts, firsts, ends, labels = (np.array(part, dtype=np.int64) for part in (start, first, end, y))
    targets = None
    if names:
        # One by one, not as differences of running sums: the mean of equal values is then exactly that value.
        targets = np.stack([numbers[at : at + window].mean(axis=0) for at in start])
        labels, quarters = strata(targets[:, 0], names[0])
        classes = list(quarters)
    return Recordings(
        signal=np.ascontiguousarray(found.samples.T),
        start=starts,
        first=firsts,
        end=ends,
        length=window,
        y=labels,
        group=as_ids(group),
        classes=tuple(classes),
        mirror=np.ones(len(found.channels), dtype=np.float32),
        channels=found.channels,
        short=tuple(short),
        whole=whole,
        stated=_stated(found, groups, whole),
        notes=notes,
        targets=targets,
        target_names=names,
    )


def left_out_note(columns: Sequence[str]) -> str:
    """Return the sentence on columns that a recipe's channels leave out."""
    return f"Columns that are not read, because data.channels does not list them: {', '.join(columns)}."


def _apart(found: Recorded, names: tuple[str, ...]) -> tuple[Recorded, npt.NDArray[np.float64]]:
    """Return the recordings without the columns of these names, and those, float64 ``[samples, names]``."""
    targets = [found.channels.index(name) for name in names]
    others = [at for at in range(len(found.channels)) if at not in targets]
    numbers = found.samples[:, targets].astype(np.float64)
    if not targets:
        return found, numbers
    units = tuple(found.units[at] for at in others) if found.units else ()
    channels = tuple(found.channels[at] for at in others)
    return replace(found, channels=channels, samples=found.samples[:, others], units=units), numbers


def _groups(found: Recorded, data: DataRecipe) -> tuple[str, list[Id]]:
    """Return what is never on both sides of a split, and which of it each run is.

    Raises:
        DataError: the recipe splits by subject, and the data have none.
    """
    subjects = [run.subject for run in found.runs if run.subject is not None]
    if data.split_by == "subject" and len(subjects) < len(found.runs):
        raise DataError(
            f'data.split_by is "subject", but {data.place()} has no column {data.columns.subject}.',
            "Name that column in data.columns.subject, or split by recording.",
        )
    if len(subjects) == len(found.runs) and data.split_by != "recording":
        return "subject", subjects
    return "recording", [run.recording for run in found.runs if run.recording is not None]


def _stated(found: Recorded, groups: list[Id], whole: str) -> dict[Id, str]:
    """Return the part of each group, as the column ``split`` says; nothing without it."""
    stated: dict[Id, str] = {}
    for run, own in zip(found.runs, groups, strict=True):
        if run.part and stated.setdefault(own, run.part) != run.part:
            raise DataError(
                f"{whole.capitalize()} {own} is in both parts, train and test, the second at {run.place}.",
                f"Give each {whole} one part, or set data.split_by.",
            )
    return stated
