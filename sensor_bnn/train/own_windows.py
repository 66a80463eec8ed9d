"""A user's own sensor data: windows in an ``.npz`` or recordings in a CSV file, split by recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sensor_bnn.data.recording import read_csv
from sensor_bnn.data.samples import as_numbers, read_recorded_samples
from sensor_bnn.errors import DataError
from sensor_bnn.train.windows import Recordings, Short


def from_npz(file: Path) -> Recordings:
    """Read windows from an ``.npz``: x ``[n, C, L]``, y ``[n]``, classes, recording ``[n]``, maybe channels.

    The recordings are the groups of the split: windows of one recording overlap or resemble each other, so a
    split by window would test on data like the training data. Only the windows are known, not the recordings,
    so the augmentations shift and speed stay within a window.

    Raises:
        DataError: the file is missing, damaged, or an array breaks a rule.
    """
    samples, recording = read_recorded_samples(file)
    if samples.x.ndim != 3:
        raise DataError(
            f"{file}: x is {list(samples.x.shape)}; it must be windows [n, channels, length].",
            "Give windows of a sensor; images are read from folders.",
        )
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
    )


def from_csv(file: Path, window: int, step: int) -> Recordings:
    """Read recordings from a CSV file and cut them into windows.

    A window never contains a change of recording or label. The classes are the labels, sorted.

    Args:
        file: the CSV file; docs/own-sensor.md has its rules.
        window: the samples of a window.
        step: the samples from the start of a window to the start of the next.

    Raises:
        DataError: the file is missing or breaks a rule, or no run of equal labels is as long as a window.
    """
    found = read_csv(file, for_training=True)
    classes = sorted({run.label for run in found.runs})
    number = {name: index for index, name in enumerate(classes)}
    start: list[int] = []
    first: list[int] = []
    end: list[int] = []
    y: list[int] = []
    group: list[int] = []
    short: list[Short] = []
    for run in found.runs:
        assert run.recording is not None  # the column must be there for training
        length = run.end - run.first
        if length < window:
            short.append(Short(run.recording, run.label, length, f"line {run.line} of {file}"))
        offsets = range(run.first, run.end - window + 1, step)
        start += offsets
        first += [run.first] * len(offsets)
        end += [run.end] * len(offsets)
        y += [number[run.label]] * len(offsets)
        group += [run.recording] * len(offsets)
    if not start:
        longest = max(part.samples for part in short)
        raise DataError(
            f"{file} has no window: data.window is {window} samples, and the longest run of one recording"
            f" with one label has {longest}.",
            "Set a smaller data.window, or give longer recordings.",
        )
    starts, firsts, ends, labels = (np.array(part, dtype=np.int64) for part in (start, first, end, y))
    return Recordings(
        signal=np.ascontiguousarray(found.samples.T),
        start=starts,
        first=firsts,
        end=ends,
        length=window,
        y=labels,
        group=as_numbers(group),
        classes=tuple(classes),
        mirror=np.ones(len(found.channels), dtype=np.float32),
        channels=found.channels,
        short=tuple(short),
    )
