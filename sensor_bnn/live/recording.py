"""A sensor's samples as they were recorded: a CSV file, or an npz file's windows one behind the other."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sensor_bnn.errors import DataError
from sensor_bnn.measure.bench import read_samples

_COLUMNS = ("recording", "label")
_REMEDY = (
    "Give a CSV file with a header, a column a channel and a line a sample, or an npz with x, y, classes."
)


@dataclass(frozen=True)
class Recording:
    """Samples in the order of time.

    Attributes:
        raw: float32 [samples, channels].
        labels: what each sample is part of, by name; empty where the file has no labels.
    """

    raw: npt.NDArray[np.float32]
    labels: tuple[str, ...]


def read_recording(file: Path, limit: int | None = None) -> Recording:
    """Read ``file``; of a CSV file the columns ``recording`` and ``label`` are no channels.

    Args:
        file: ``.npz`` as ``sensor-bnn evaluate --write-samples`` writes it, anything else is read as CSV.
        limit: at most so many samples, from the start.

    Raises:
        DataError: missing, damaged, without samples, or with something that is no number.
    """
    if file.suffix == ".npz":
        windows = read_samples(file)
        if windows.x.ndim != 3:
            raise DataError(f"{file} holds {windows.x.ndim - 1}-dimensional inputs, no windows.", _REMEDY)
        raw = windows.x.transpose(0, 2, 1).reshape(-1, windows.x.shape[1])
        names = [windows.classes[label] for label in windows.y for _ in range(windows.x.shape[2])]
        return Recording(np.ascontiguousarray(raw[:limit]), tuple(names[:limit]))
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            return _read_csv(file, csv.DictReader(lines), limit)
    except OSError as error:
        raise DataError(f"Cannot read {file}: {error.strerror}.", _REMEDY) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file} is no CSV file: {error}.", _REMEDY) from None


def _read_csv(file: Path, rows: csv.DictReader[str], limit: int | None) -> Recording:
    channels = [name for name in rows.fieldnames or () if name not in _COLUMNS]
    if not channels:
        raise DataError(f"{file} has no column with a channel.", _REMEDY)
    raw: list[list[float]] = []
    labels: list[str] = []
    for row in rows:
        if limit is not None and len(raw) == limit:
            break
        try:
            raw.append([_number(row[name]) for name in channels])
        except (TypeError, ValueError):
            raise DataError(f"Line {rows.line_num} of {file} is no sample: {row}.", _REMEDY) from None
        labels.append(row.get("label") or "")
    if not raw:
        raise DataError(f"{file} holds no sample.", _REMEDY)
    return Recording(np.array(raw, np.float32), tuple(labels) if any(labels) else ())


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value
