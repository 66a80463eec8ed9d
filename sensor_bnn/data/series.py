"""Labelled series as the UCR and UEA archives distribute them: ``.ts`` and ``.tsv`` files, one per line.

The format is that of sktime and aeon: ``.ts`` has a header of ``@`` lines, then per line the channels,
separated by colons, each a list of numbers, and at last the label. ``.tsv`` has one channel per line: the
label, then the numbers, separated by tabs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sensor_bnn.data.recorded import Recorded, Run
from sensor_bnn.errors import DataError
from sensor_bnn.labels import class_name

_REMEDY = "Correct that in the file, or leave the series out."


@dataclass(frozen=True)
class Series:
    """One series with its label.

    Attributes:
        values: float32 ``[C, samples]``.
        label: the name of its class; empty if it has a number instead.
        line: the line of the file, counted from 1.
        target: the number that is to be predicted; None if it has a class.
    """

    values: npt.NDArray[np.float32]
    label: str
    line: int = 0
    target: float | None = None


def read_series(file: Path, missing: bool, targets: Sequence[str] = ()) -> Recorded:
    """Read a ``.ts`` or ``.tsv`` file as recordings, which are numbered from 1.

    The channels have no names in these formats: they are ``x1``, ``x2`` and so on. A file whose name ends in
    ``_TRAIN`` or ``_TEST``, as in the archives, is that part of the split.

    Args:
        file: the file.
        missing: whether a value may be missing: ``?`` or ``NaN`` is NaN.
        targets: the name of the number at the end of each line, which becomes a channel of that name after
            the others; none for classes.

    Raises:
        DataError: the file cannot be read, or see ``read_ts`` and ``read_tsv``; or targets are wanted, and it
            has none or only one.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise DataError(f"Cannot read {file}: {error.strerror}.", "Give a .ts or .tsv file.") from None
    except UnicodeDecodeError:
        raise DataError(f"{file}: it is not UTF-8.", "Save it in UTF-8.") from None
    if file.suffix.lower() == ".ts":
        found = read_ts(lines, str(file), missing, numbers=bool(targets))
    elif targets:
        raise DataError(
            f"{file}: a .tsv file has classes, and data.targets names numbers.", "Give a .ts file."
        )
    else:
        found = read_tsv(lines, str(file), missing)
    if len(targets) > 1:
        raise DataError(
            f"{file}: it has one number per series, and data.targets names {len(targets)}.",
            "Name one target; for several, give a CSV file with a column each, or an .npz.",
        )
    part = next((part for part in ("train", "test") if file.stem.casefold().endswith(f"_{part}")), "")
    runs, at = [], 0
    for number, one in enumerate(found, 1):
        end = at + one.values.shape[1]
        runs.append(Run(number, one.label, at, end, one.line, part=part, file=str(file)))
        at = end
    channels = tuple(f"x{place + 1}" for place in range(len(found[0].values)))
    samples = np.ascontiguousarray(np.concatenate([one.values for one in found], axis=1).T)
    if targets:
        lengths = [one.values.shape[1] for one in found]
        numbers = np.repeat(np.array([one.target for one in found], dtype=np.float32), lengths)
        samples = np.ascontiguousarray(np.column_stack([samples, numbers]))
        channels = (*channels, class_name(targets[0]))
    return Recorded(channels, samples, tuple(runs))


def read_ts(lines: Iterable[str], name: str, missing: bool = False, *, numbers: bool = False) -> list[Series]:
    """Read a ``.ts`` file.

    Args:
        lines: the lines of the file.
        name: the name of the file, for messages.
        missing: whether a value may be missing: ``?`` or ``NaN`` is NaN.
        numbers: whether each line ends in a number (``@targetlabel true``) and not in a class.

    Raises:
        DataError: the file is not of this format, has time stamps, has numbers in place of classes or the
            reverse, or misses a value.
    """
    found: list[Series] = []
    in_data = declared = False
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
                declared = True
                if not numbers:
                    raise DataError(
                        f"{name}: line {number}: its targets are numbers, not classes.",
                        'To predict them, name them in the recipe: data.targets = ["value"].',
                    )
            elif not line.startswith("@"):
                raise _wrong(name, number, "it is no line of a header; the data start after @data")
            continue
        if numbers and not declared:
            raise _wrong(
                name, number, "its header has no line `@targetlabel true`, and data.targets names numbers"
            )
        *channels, label = line.split(":")
        if not channels:
            raise _wrong(name, number, "it has no label; a colon and the label end each line")
        rows = [_numbers(channel, ",", name, number, missing) for channel in channels]
        if len({len(row) for row in rows}) > 1:
            lengths = ", ".join(str(len(row)) for row in rows)
            raise _wrong(name, number, f"its channels have {lengths} samples; they must be equally long")
        target = float(_numbers(label, "\n", name, number, False)[0]) if numbers else None
        found.append(_series(np.stack(rows), label, found, name, number, target))
    return _not_empty(found, name)


def read_tsv(lines: Iterable[str], name: str, missing: bool = False) -> list[Series]:
    """Read a ``.tsv`` file, with one channel per series.

    Args:
        lines: the lines of the file.
        name: the name of the file, for messages.
        missing: whether a value may be missing, as in ``read_ts``.

    Raises:
        DataError: the file is not of this format, or a value is missing.
    """
    found: list[Series] = []
    for number, line in _lines(lines):
        label, _, rest = line.partition("\t")
        if not rest:
            raise _wrong(name, number, "it has no values; a tab must separate the label and each value")
        values = _numbers(rest, "\t", name, number, missing)
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
    if samples > length:
        sums = _sums(values, np.linspace(0, samples, length + 1))
        return np.asarray(sums * (length / samples), dtype=np.float32)
    return _between(values, np.linspace(0, samples - 1, length))


def at_rate(values: npt.NDArray[np.float32], ratio: float) -> npt.NDArray[np.float32]:
    """Return a series at another rate, as ``resampled`` does, but exactly at that rate.

    What is left at the end, less than one sample of the result, is not used.

    Args:
        values: float32 ``[C, samples]``.
        ratio: the old rate divided by the new one.

    Returns:
        float32 ``[C, n]``; at least one sample.
    """
    samples = values.shape[1]
    # A whole number of samples that a division has made slightly smaller is meant.
    if ratio > 1:
        length = max(1, int(samples / ratio + 1e-6))
        bounds = np.minimum(np.arange(length + 1) * ratio, samples)
        return np.asarray(_sums(values, bounds) / np.diff(bounds), dtype=np.float32)
    length = int((samples - 1) / ratio + 1e-6) + 1
    return _between(values, np.arange(length, dtype=np.float64) * ratio)


def _sums(values: npt.NDArray[np.float32], bounds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the sums between bounds, which are places between samples, float64 ``[C, n]``."""
    total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1, dtype=np.float64)], axis=1)
    covered = [np.interp(bounds, np.arange(values.shape[1] + 1), row) for row in total]
    return np.diff(np.stack(covered), axis=1)


def _between(values: npt.NDArray[np.float32], places: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Return what lies at places between the samples, by straight lines, float32 ``[C, n]``."""
    at = np.arange(values.shape[1])
    return np.stack([np.interp(places, at, row.astype(np.float64)) for row in values]).astype(np.float32)


def _lines(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, 1):
        text = line.lstrip("\ufeff").strip("\r\n ")
        if text:
            yield number, text


def _numbers(text: str, separator: str, name: str, number: int, missing: bool) -> npt.NDArray[np.float32]:
    parts = ["nan" if missing and part.strip() == "?" else part for part in text.split(separator)]
    try:
        values = np.array(parts, dtype=np.float64)
    except ValueError:
        wrong = next(part for part in parts if not _is_number(part))
        raise _wrong(name, number, f"{wrong.strip()!r} is no number") from None
    fine = np.abs(values) <= np.finfo(np.float32).max  # also false for NaN
    if missing:
        fine |= np.isnan(values)
    if not fine.all():
        raise _wrong(name, number, "a value is missing or not finite")
    return values.astype(np.float32)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _series(
    values: npt.NDArray[np.float32],
    label: str,
    earlier: list[Series],
    name: str,
    number: int,
    target: float | None = None,
) -> Series:
    if earlier and len(earlier[0].values) != len(values):
        wanted, found = len(earlier[0].values), len(values)
        raise _wrong(name, number, f"it has {found} channels; the first series has {wanted}")
    if not label.strip():
        raise _wrong(name, number, "its label is empty")
    return Series(values, class_name(label) if target is None else "", number, target)


def _not_empty(found: list[Series], name: str) -> list[Series]:
    if not found:
        raise DataError(f"{name} has no series.", "Give a file with data.")
    return found


def _wrong(name: str, number: int, what: str) -> DataError:
    return DataError(f"{name}: line {number}: {what}.", _REMEDY)
