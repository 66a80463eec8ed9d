"""Recordings of a sensor in a CSV file: a header, a column per channel, a line per sample.

One reader with one set of rules, for training and for a live stream (docs/own-sensor.md states the rules). A
mistake is refused in one sentence with the file, the line, the column, the value and the rule.
"""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sensor_bnn.errors import DataError
from sensor_bnn.labels import broken_rule, class_name

REMEDY = "Correct that in the file; docs/own-sensor.md has the rules of a CSV file."
_LONGEST_LINE = 1 << 20
"""Characters of a line; a device that never ends, such as /dev/zero, has more."""

_MOST_DIGITS = 40
"""Of a recording's number; a date and time to the nanosecond has 23."""

_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Run:
    """Adjacent samples of one recording with one label.

    Attributes:
        recording: the number of the recording; None if the file has no such column.
        label: the name of the class; empty where the file has none.
        first, end: the bounds of the run, counted in samples from 0; ``end`` is exclusive.
        line: the line of the file with the first sample, counted from 1.
    """

    recording: int | None
    label: str
    first: int
    end: int
    line: int


@dataclass(frozen=True)
class CsvRecording:
    """What a CSV file holds.

    Attributes:
        channels: the names of the channels, in the order of the columns.
        samples: float32 ``[samples, channels]``, in the order of time; at least one sample.
        runs: the recordings and labels of the samples, in the order of time, without a gap.
    """

    channels: tuple[str, ...]
    samples: npt.NDArray[np.float32]
    runs: tuple[Run, ...]


def read_csv(file: Path, *, for_training: bool) -> CsvRecording:
    """Read and check a whole CSV file of recordings.

    Args:
        file: the file, UTF-8 with or without a byte order mark.
        for_training: whether the columns ``recording`` and ``label`` must be there, and every line must have
            a label. Otherwise both are optional, and lines without a label are not labelled.

    Raises:
        DataError: the file cannot be read or breaks a rule.
    """
    try:
        # Line ends are left as they are, because the csv module itself recognises those within quotes.
        with file.open(encoding="utf-8-sig", newline="") as text:
            return _Table(file, _rows(file, text), for_training).read()
    except UnicodeDecodeError:
        raise DataError(f"{file}: {_not_utf8(file)}.", "Save it as CSV in UTF-8.") from None
    except OSError as error:
        raise DataError(f"Cannot read {file}: {error.strerror}.", "Give a CSV file.") from None
    except ValueError:  # a NUL in the path
        raise DataError(f"Cannot read {str(file)!r}: that is no path.", "Give a CSV file.") from None


class _Table:
    """The header and the columns of a file, row by row."""

    def __init__(self, file: Path, rows: Iterator[tuple[int, list[str]]], for_training: bool) -> None:
        self.file = file
        self.rows = rows
        self.for_training = for_training
        line, header = next(rows, (1, []))
        if not header:
            raise self._wrong(line, "it is empty; it must be a header that names the columns")
        self.header = [class_name(name) for name in header]
        self._check_header(line)
        folded = [name.casefold() for name in self.header]
        self.of_recording, self.of_label = (
            folded.index(name) if name in folded else None for name in ("recording", "label")
        )
        self.of_channels = [at for at in range(len(header)) if at not in (self.of_recording, self.of_label)]
        for name, at in (("recording", self.of_recording), ("label", self.of_label)):
            if at is None and for_training:
                raise self._wrong(line, f"it has no column {name}: its columns are {', '.join(self.header)}")
        if not self.of_channels:
            raise self._wrong(line, "it names no channel")

    def read(self) -> CsvRecording:
        # Eight bytes per value; a list of Python's numbers takes four times as much.
        values = array("d")
        runs: list[Run] = []
        seen: set[int] = set()
        number: int | None = None
        written = None  # the recording's number as the last line writes it
        label = ""
        count = begun = begun_line = blank = 0
        for line, row in self.rows:
            if not row:
                blank = blank or line
                continue
            if blank and len(self.header) == 1:
                raise self._wrong(blank, f"it is blank; it must hold a value of {self.header[0]}")
            if len(row) != len(self.header):
                raise self._wrong(line, self._miscounted(row))
            try:
                for at in self.of_channels:
                    values.append(_number(row[at]))
            except ValueError:
                raise self._wrong_value(line, row) from None
            new_label = "" if self.of_label is None else self._label(line, row[self.of_label])
            new_number = number
            if self.of_recording is not None and row[self.of_recording] != written:
                written = row[self.of_recording]
                new_number = self._recording(line, written)
            if not count or new_number != number or new_label != label:
                if count:
                    runs.append(Run(number, label, begun, count, begun_line))
                if new_number is not None and new_number != number:
                    if new_number in seen:
                        raise self._wrong(
                            line,
                            f"recording {new_number} is continued after recording {number};"
                            " the lines of a recording must be adjacent",
                        )
                    seen.add(new_number)
                number, label, begun, begun_line = new_number, new_label, count, line
            count += 1
        if not count:
            raise DataError(f"{self.file}: it holds no sample: no line follows the header.", REMEDY)
        runs.append(Run(number, label, begun, count, begun_line))
        exact = np.frombuffer(values).reshape(count, len(self.of_channels))
        channels = tuple(self.header[at] for at in self.of_channels)
        samples = exact.astype(np.float32)
        for at, channel in enumerate(channels):
            self._check_kept(channel, exact[:, at], samples[:, at])
        return CsvRecording(channels, samples, tuple(runs))

    def _check_header(self, line: int) -> None:
        if len(self.header) == 1:
            for sign, told in ((";", "semicolons"), ("\t", "tabs")):
                if sign in self.header[0]:
                    raise self._wrong(
                        line,
                        f"its columns are separated by {told}; they must be separated by commas,"
                        " and decimals written with a point",
                    )
        for at, name in enumerate(self.header):
            rule = _broken_rule(name)
            if rule is not None:
                raise self._wrong(line, f"the name of column {at + 1} is {name!r}; it {rule}")
            if name in self.header[:at]:
                raise self._wrong(
                    line,
                    f"columns {self.header.index(name) + 1} and {at + 1} are both named {name};"
                    " each column must have a name of its own",
                )
            if name.casefold() in ("recording", "label") and name.casefold() in [
                other.casefold() for other in self.header[:at]
            ]:
                raise self._wrong(line, f"two columns are named {name.casefold()}; there must be one")
            if _is_number(name):
                raise self._wrong(
                    line, f"the name of column {at + 1} is {name}; the first line must name the columns"
                )

    def _miscounted(self, row: list[str]) -> str:
        told = f"it has {len(row)} fields, and the header has {len(self.header)}"
        if len(row) < len(self.header):
            return told
        twice = len(self.header) + len(self.of_channels)
        likely = "decimals are written with commas" if len(row) == twice else "two lines are joined"
        return f"{told}; perhaps {likely}"

    def _wrong_value(self, line: int, row: list[str]) -> DataError:
        """Return the mistake of the first channel of a row that is no number."""
        if [class_name(field) for field in row] == self.header:
            return self._wrong(line, "it is the header again; a file must have one header")
        at = next(at for at in self.of_channels if not _is_sample(row[at]))
        text, rule = row[at], "a number"
        if "," in text and _is_number(text.replace(",", ".", 1)):
            rule = "a number with a decimal point"
        elif text.isascii() and "_" not in text and _is_number(text):
            rule = f"a finite number of at most {_LARGEST:.2g}, which float32 holds"
        return self._wrong(line, f"{self.header[at]} is {_shown(text)}; it must be {rule}")

    def _label(self, line: int, text: str) -> str:
        if text.isascii() and text.isalnum():  # most are, and this is what takes the time of a long file
            return text
        name = class_name(text)
        rule = _broken_rule(name)
        if rule is not None and (name or self.for_training):
            column = self.header[self.of_label or 0]
            raise self._wrong(line, f"{column} is {_shown(text)}; it {rule}")
        return name

    def _recording(self, line: int, text: str) -> int:
        digits = text.strip()
        if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
            raise self._wrong(
                line,
                f"{self.header[self.of_recording or 0]} is {_shown(text)};"
                f" it must be a whole number, with at most {_MOST_DIGITS} digits and no sign",
            )
        return int(digits)

    def _check_kept(
        self, channel: str, exact: npt.NDArray[np.float64], kept: npt.NDArray[np.float32]
    ) -> None:
        """Refuse a channel whose course float32 does not hold, such as a time since 1970.

        Fewer than half of its different values are left then; of a sensor's values nearly all are.
        """
        different, left = len(np.unique(exact)), len(np.unique(kept))
        if 2 * left < different or (left == 1 and different > 1):
            raise DataError(
                f"{self.file}: {channel} has {different:,} different values, from {exact.min():.15g} to"
                f" {exact.max():.15g}, and float32 holds only {left:,} of them.",
                f"Leave the column {channel} out if it is a time; otherwise subtract a constant from it.",
            )

    def _wrong(self, line: int, what: str) -> DataError:
        return DataError(f"{self.file}: line {line}: {what}.", REMEDY)


def _rows(file: Path, text: TextIOWrapper) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the number of its first line: a quoted field may hold the end of a line."""
    rows = csv.reader(_lines(file, text), strict=True)
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise DataError(f"{file}: line {line}: it is no valid CSV: {error}.", REMEDY) from None
        if row is None:
            return
        yield line, row


def _lines(file: Path, text: TextIOWrapper) -> Iterator[str]:
    count = 0
    while line := text.readline(_LONGEST_LINE):
        count += 1
        if len(line) == _LONGEST_LINE:
            raise DataError(f"{file}: line {count}: it has more than {_LONGEST_LINE:,} characters.", REMEDY)
        yield line


def _not_utf8(file: Path) -> str:
    """Say where a file is not UTF-8. Its lines can be decoded one by one."""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if number == 1 and line.startswith((b"\xff\xfe", b"\xfe\xff")):
                return "it is UTF-16; it must be UTF-8"
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return f"line {number}: byte {error.start + 1} is not UTF-8"
    return "it is not UTF-8"


def _number(text: str) -> float:
    """Return a decimal number that float32 holds; ValueError for all else that Python takes for a number."""
    value = float(text)
    if not -_LARGEST <= value <= _LARGEST or "_" in text or not text.isascii():
        raise ValueError(text)
    return value


def _is_sample(text: str) -> bool:
    try:
        _number(text)
    except ValueError:
        return False
    return True


def _is_number(text: str) -> bool:
    """Whether Python takes a text for a number, also for one that is not finite."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _broken_rule(name: str) -> str | None:
    """Return the rule that a name breaks; a quote that does not enclose its field is left in the text."""
    return "must not contain a quote" if '"' in name else broken_rule(name)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")
