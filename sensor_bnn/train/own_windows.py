"""A user's own sensor data: windows in an ``.npz`` or recordings in a CSV file, split by recording."""

from __future__ import annotations

import csv
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sensor_bnn.errors import DataError
from sensor_bnn.train.windows import Recordings, problem

NPZ_REMEDY = "Give x float32 [n, C, L], y int64 [n], classes and recording int64 [n]."
CSV_REMEDY = "Give a header `recording,label,<channel>,...` and one line per sample, in the order of time."


def read_npz(file: Path) -> Recordings:
    """Read windows from an ``.npz``: x ``[n, C, L]``, y ``[n]``, classes and recording ``[n]``.

    The recordings are the groups of the split: windows of one recording overlap or resemble each other, so a
    split by window would test on data like the training data. Only the windows are known, not the recordings,
    so the augmentations shift and speed stay within a window.

    Raises:
        DataError: the file is missing, damaged, or its arrays do not fit each other.
    """
    if not file.is_file():
        raise DataError(f"There is no file {file}.", NPZ_REMEDY)
    try:
        with np.load(file, allow_pickle=False) as arrays:
            x, y, classes, recording = (arrays[name] for name in ("x", "y", "classes", "recording"))
    except KeyError as error:
        raise DataError(f"{file} lacks an array ({error.args[0]}).", NPZ_REMEDY) from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        raise DataError(f"{file} is damaged or not an .npz ({type(error).__name__}).", NPZ_REMEDY) from error
    found = problem(x, y, classes)
    if found is None and x.ndim != 3:
        found = f"x is {list(x.shape)}"
    if found is None and (recording.shape != y.shape or recording.dtype.kind not in "iu"):
        found = f"recording is {recording.dtype} {list(recording.shape)} for {len(x)} windows"
    if found is not None:
        raise DataError(f"The windows in {file} are invalid: {found}.", NPZ_REMEDY)
    count, channels, length = x.shape
    start = length * np.arange(count, dtype=np.int64)
    return Recordings(
        signal=np.ascontiguousarray(x.transpose(1, 0, 2).reshape(channels, -1).astype(np.float32)),
        start=start,
        first=start,
        end=start + length,
        length=length,
        y=y.astype(np.int64),
        group=recording.astype(np.int64),
        classes=tuple(str(name) for name in classes),
        mirror=np.ones(channels, dtype=np.float32),
    )


def read_csv(file: Path, window: int, step: int) -> Recordings:
    """Read recordings from a CSV file and cut them into windows.

    The header is ``recording,label`` and one name per channel; each line is a sample. A recording's number is
    an integer, and its lines are adjacent. A window never contains a change of recording or label.

    Args:
        file: the CSV file.
        window: the samples of a window.
        step: the samples from the start of a window to the start of the next.

    Raises:
        DataError: the file is missing or has a mistake; the message names the line.
    """
    if not file.is_file():
        raise DataError(f"There is no file {file}.", CSV_REMEDY)
    numbers: list[int] = []
    labels: list[str] = []
    samples: list[list[float]] = []
    try:
        with file.open(encoding="utf-8", newline="") as text:
            lines = csv.reader(text)
            header = next(lines, [])
            if [name.strip() for name in header[:2]] != ["recording", "label"] or len(header) < 3:
                raise DataError(f"The header of {file} is {','.join(header)!r}.", CSV_REMEDY)
            for line in lines:
                if not line:
                    continue
                if len(line) != len(header):
                    raise DataError(
                        f"Line {lines.line_num} of {file} has {len(line)} fields, the header {len(header)}.",
                        CSV_REMEDY,
                    )
                try:
                    numbers.append(int(line[0]))
                    samples.append([float(value) for value in line[2:]])
                except ValueError as error:
                    raise DataError(f"Line {lines.line_num} of {file}: {error}.", CSV_REMEDY) from error
                labels.append(line[1].strip())
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file} is not a CSV file ({error}).", CSV_REMEDY) from error
    if not samples:
        raise DataError(f"{file} has no samples.", CSV_REMEDY)
    return _cut(file, np.array(numbers), np.array(labels), np.array(samples, np.float32), window, step)


def _cut(
    file: Path,
    number: npt.NDArray[np.int64],
    label: npt.NDArray[np.str_],
    samples: npt.NDArray[np.float32],
    window: int,
    step: int,
) -> Recordings:
    """Cut windows from each run of lines with equal number and label."""
    changed = (number[1:] != number[:-1]) | (label[1:] != label[:-1])
    bounds = np.concatenate([[0], np.flatnonzero(changed) + 1, [len(number)]])
    apart = np.concatenate([[True], number[1:] != number[:-1]])
    if len(np.unique(number)) != apart.sum():
        raise DataError(f"The lines of a recording are not adjacent in {file}.", CSV_REMEDY)
    if not np.isfinite(samples).all():
        raise DataError(f"{file} has values that are not finite.", "Leave those recordings out.")
    classes, y = np.unique(label, return_inverse=True)
    start, first, end = [], [], []
    for low, high in pairwise(bounds):
        offsets = np.arange(low, high - window + 1, step)
        start.append(offsets)
        first.append(np.full(len(offsets), low))
        end.append(np.full(len(offsets), high))
    starts = np.concatenate(start).astype(np.int64)
    if not len(starts):
        raise DataError(f"No recording in {file} has {window} samples.", "Set a smaller data.window.")
    return Recordings(
        signal=np.ascontiguousarray(samples.T),
        start=starts,
        first=np.concatenate(first).astype(np.int64),
        end=np.concatenate(end).astype(np.int64),
        length=window,
        y=y.astype(np.int64)[starts],
        group=number[starts].astype(np.int64),
        classes=tuple(str(name) for name in classes),
        mirror=np.ones(samples.shape[1], dtype=np.float32),
    )
