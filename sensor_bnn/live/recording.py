"""Read recorded samples of a sensor: a CSV file, or the windows of an npz file, one after the other."""

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
    "Give a CSV file with a header, a column per channel and a line per sample, or an npz with x, y, classes."
)


@dataclass(frozen=True)
class Recording:
    """Samples in time order.

    Attributes:
        raw: float32 [samples, channels].
        labels: name of each sample's class; empty if the file has no labels.
    """

    raw: npt.NDArray[np.float32]
    labels: tuple[str, ...]


def read_recording(file: Path, limit: int | None = None) -> Recording:
    """Read ``file``; in a CSV file the columns ``recording`` and ``label`` are not channels.

    Args:
        file: ``.npz`` as ``sensor-bnn evaluate --write-samples`` writes it, anything else is read as CSV.
        limit: at most so many samples, from the start.

    Raises:
        DataError: the file is missing or damaged, has no samples, or contains something other than numbers.
    """
    if file.suffix == ".npz":
        windows = read_samples(file)
        if windows.x.ndim != 3:
            raise DataError(f"{file} holds {windows.x.ndim - 1}-dimensional inputs, not windows.", _REMEDY)
        raw = windows.x.transpose(0, 2, 1).reshape(-1, windows.x.shape[1])
        names = [windows.classes[label] for label in windows.y for _ in range(windows.x.shape[2])]
        return Recording(np.ascontiguousarray(raw[:limit]), tuple(names[:limit]))
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            return _read_csv(file, csv.DictReader(lines), limit)
    except OSError as error:
        raise DataError(f"Cannot read {file}: {error.strerror}.", _REMEDY) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{file} is not a CSV file: {error}.", _REMEDY) from None


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
            raise DataError(f"Line {rows.line_num} of {file} is not a sample: {row}.", _REMEDY) from None
        labels.append(row.get("label") or "")
    if not raw:
        raise DataError(f"{file} holds no sample.", _REMEDY)
    return Recording(np.array(raw, np.float32), tuple(labels) if any(labels) else ())


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value
