"""Labelled series as the UCR and UEA archives distribute them: ``.ts`` and ``.tsv`` files, one per line.

The format is that of sktime and aeon: ``.ts`` has a header of ``@`` lines, then per line the channels,
separated by colons, each a list of numbers, and at last the label. ``.tsv`` has one channel per line: the
label, then the numbers, separated by tabs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensor_bnn.errors import DataError
from sensor_bnn.labels import class_name

_REMEDY = "Correct that in the file, or leave the series out."


@dataclass(frozen=True)
class Series:
    """One series with its label.

    Attributes:
        values: float32 ``[C, samples]``.
        label: the name of its class.
    """

    values: npt.NDArray[np.float32]
    label: str


def read_ts(lines: Iterable[str], name: str) -> list[Series]:
    """Read a ``.ts`` file.

    Args:
        lines: the lines of the file.
        name: the name of the file, for messages.

    Raises:
        DataError: the file is not of this format, has time stamps or numbers as targets, or misses a value.
    """
    found: list[Series] = []
    in_data = False
    for number, line in _lines(lines):
        lower = line.lower()
        if line.startswith("#"):
            continue
        if not in_data:
            words = lower.split()
            if words[0] == "@data":
                in_data = True
            elif words[:2] == ["@timestamps", "true"]:
                raise _wrong(name, number, "it has time stamps; give series of equal steps without them")
            elif words[0] == "@targetlabel" and words[1:] != ["false"]:
                raise _wrong(name, number, "its targets are numbers; give series with classes")
            elif not line.startswith("@"):
                raise _wrong(name, number, "it is no line of a header; the data start after @data")
            continue
        *channels, label = line.split(":")
        if not channels:
            raise _wrong(name, number, "it has no label; a colon and the label end each line")
        rows = [_numbers(channel, ",", name, number) for channel in channels]
        if len({len(row) for row in rows}) > 1:
            lengths = ", ".join(str(len(row)) for row in rows)
            raise _wrong(name, number, f"its channels have {lengths} samples; they must be equally long")
        found.append(_series(np.stack(rows), label, found, name, number))
    return _not_empty(found, name)


def read_tsv(lines: Iterable[str], name: str) -> list[Series]:
    """Read a ``.tsv`` file, with one channel per series.

    Args:
        lines: the lines of the file.
        name: the name of the file, for messages.

    Raises:
        DataError: the file is not of this format, or a value is missing.
    """
    found: list[Series] = []
    for number, line in _lines(lines):
        label, _, rest = line.partition("\t")
        if not rest:
            raise _wrong(name, number, "it has no values; a tab must separate the label and each value")
        values = _numbers(rest, "\t", name, number)
        found.append(_series(values[None], label, found, name, number))
    return _not_empty(found, name)


def resampled(values: npt.NDArray[np.float32], length: int) -> npt.NDArray[np.float32]:
    """Stretch or compress a series to a length.

    A longer series is averaged: an output is the mean of the stretch of the input that it covers, so that
    nothing faster than the new rate remains as an alias. A shorter series is interpolated linearly between
    its first and its last sample.

    Args:
        values: float32 ``[C, samples]``.
        length: the number of samples of the result, at least 1.

    Returns:
        float32 ``[C, length]``.
    """
    samples = values.shape[1]
    if samples == length:
        return values
    exact = values.astype(np.float64)
    if samples > length:
        total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(exact, axis=1)], axis=1)
        bounds = np.linspace(0, samples, length + 1)
        covered = np.stack([np.interp(bounds, np.arange(samples + 1), row) for row in total])
        return np.asarray(np.diff(covered, axis=1) * (length / samples), dtype=np.float32)
    places = np.linspace(0, samples - 1, length)
    return np.stack([np.interp(places, np.arange(samples), row) for row in exact]).astype(np.float32)


def _lines(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, 1):
        text = line.lstrip("\ufeff").strip("\r\n ")
        if text:
            yield number, text


def _numbers(text: str, separator: str, name: str, number: int) -> npt.NDArray[np.float32]:
    parts = text.split(separator)
    try:
        values = np.array(parts, dtype=np.float64)
    except ValueError:
        wrong = next(part for part in parts if not _is_number(part))
        raise _wrong(name, number, f"{wrong.strip()!r} is no number") from None
    if not (np.abs(values) <= np.finfo(np.float32).max).all():  # also false for NaN
        raise _wrong(name, number, "a value is missing or not finite")
    return values.astype(np.float32)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _series(
    values: npt.NDArray[np.float32], label: str, earlier: list[Series], name: str, number: int
) -> Series:
    if earlier and len(earlier[0].values) != len(values):
        wanted, found = len(earlier[0].values), len(values)
        raise _wrong(name, number, f"it has {found} channels; the first series has {wanted}")
    if not label.strip():
        raise _wrong(name, number, "its label is empty")
    return Series(values, class_name(label))


def _not_empty(found: list[Series], name: str) -> list[Series]:
    if not found:
        raise DataError(f"{name} has no series.", "Give a file with data.")
    return found


def _wrong(name: str, number: int, what: str) -> DataError:
    return DataError(f"{name}: line {number}: {what}.", _REMEDY)
