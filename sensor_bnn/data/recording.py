"""Recordings of a sensor in a CSV file: a header, a column per channel, a line per sample.

One reader with one set of rules, for training and for a live stream (docs/own-sensor.md states the rules). A
mistake is refused in one sentence with the file, the line, the column, the value and the rule.
"""

from __future__ import annotations

import csv
import json
import math
import re
from array import array
from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields, replace
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sensor_bnn.data.predicted import unit_of
from sensor_bnn.data.recorded import MOST_DIGITS, USUAL_COLUMNS, Columns, Id, Recorded, Run, id_of
from sensor_bnn.data.roles import Roles, columns_line, roles_of, with_named
from sensor_bnn.errors import DataError
from sensor_bnn.labels import broken_rule, class_name

REMEDY = "Correct that in the file; docs/own-sensor.md has the rules of a CSV file."
_LONGEST_LINE = 1 << 20
"""Characters of a line; a device that never ends, such as /dev/zero, has more."""

_LARGEST = float(np.finfo(np.float32).max)
_MISSING = frozenset({"", "nan", "na", "n/a", "null"})
_TIMES = frozenset({"time", "timestamp"})
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "\u00b5s", "\u03bcs", "usec", "usecs", "micros"), 1e-6),
    **dict.fromkeys(("microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanosecond", "nanoseconds"), 1e-9),
}
"""Seconds of each unit that the name of a column of times may have."""

_SAY_TIME = frozenset(
    {"t", "ts", "time", "times", "timestamp", "elapsed", "clock", "uptime", "tick", "ticks"}
)
"""Words in the name of a column that may be a time; its values decide."""

_SAY_COUNT = frozenset(
    {"seq", "sequence", "sample", "samples", "index", "idx", "row", "rows", "line", "counter"}
    | {"no", "nr", "num", "number", "packet", "frame", "id", "unnamed"}
)
"""Words in the name of a column that may count the rows; its values decide. An encoder may have ``count``."""

_CALLED = {1.0: "seconds", 1e-3: "milliseconds", 1e-6: "microseconds", 1e-9: "nanoseconds"}
_TIME = re.compile(r"(\w+?)(?:_([a-z\u00b5\u03bc]+)|\s*[(\[]\s*([a-z\u00b5\u03bc]+)\s*[)\]])?")
_WORD = re.compile(r"[a-z\u00b5\u03bc]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def read_csv(
    file: Path,
    *,
    for_training: bool,
    columns: Columns = USUAL_COLUMNS,
    channels: Sequence[str] = (),
    missing: bool = False,
    wanted: Collection[str] = (),
    targets: Collection[str] = (),
) -> Recorded:
    """Read and check a whole CSV file of recordings.

    Args:
        file: the file, UTF-8 with or without a byte order mark.
        for_training: whether the columns of recording and label must be there, and every line must have a
            label. Otherwise both are optional, and lines without a label are not labelled.
        columns: the names of the columns that are no channels; one that is not the usual name must be there.
        channels: the names of the columns that are channels; empty for all others.
        missing: whether a value may be missing: an empty field, ``nan``, ``na``, ``n/a`` or ``null`` is NaN.
        wanted: the columns to read of those that would be channels, as far as they are there; empty for all.
            The others are left out, whatever they hold.
        targets: the columns that are numbers to predict; they are read as channels, and messages say it.

    Raises:
        DataError: the file cannot be read or breaks a rule.
    """
    try:
        # Line ends are left as they are, because the csv module itself recognises those within quotes.
        with file.open(encoding="utf-8-sig", newline="") as text:
            rows = _rows(file, text)
            return _Table(file, rows, for_training, columns, channels, missing, wanted, targets).read()
    except UnicodeDecodeError:
        raise DataError(f"{file}: {_not_utf8(file)}.", "Save it as CSV in UTF-8.") from None
    except OSError as error:
        raise DataError(f"Cannot read {file}: {error.strerror}.", "Give a CSV file.") from None
    except ValueError:  # a NUL in the path
        raise DataError(f"Cannot read {str(file)!r}: that is no path.", "Give a CSV file.") from None


def read_rows(
    file: Path,
    rows: Iterator[tuple[int, list[str]]],
    *,
    columns: Columns = USUAL_COLUMNS,
    channels: Sequence[str] = (),
    missing: bool = False,
    targets: Collection[str] = (),
) -> Recorded:
    """Read the rows of a table of another format by the rules of a CSV file; the first one is the header.

    Args:
        file: the file, for messages.
        rows: the number of each line or row, and its fields as text.
        columns, channels, missing, targets: see ``read_csv``.

    Raises:
        DataError: the table breaks a rule.
    """
    return _Table(file, rows, False, columns, channels, missing, targets=targets).read()


def csv_roles(file: Path, columns: Columns = USUAL_COLUMNS) -> Roles:
    """Return what the columns of a CSV file may be that have none of these names.

    Args:
        file: the file.
        columns: the names of the columns whose role is known.

    Raises:
        DataError: the file cannot be read, or is no CSV.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            rows = _rows(file, text)
            header = [class_name(name) for name in next(rows, (1, []))[1]]
            usual = {told.casefold() for told in _names(columns).values() if told}
            known = {name for name in header if name.casefold() in usual}
            time = _time_column(header)
            return roles_of(
                header, (row for _, row in rows), known | ({header[time]} if time is not None else set())
            )
    except UnicodeDecodeError:
        raise DataError(f"{file}: {_not_utf8(file)}.", "Save it as CSV in UTF-8.") from None
    except OSError as error:
        raise DataError(f"Cannot read {file}: {error.strerror}.", "Give a CSV file.") from None


class _Table:
    """The header and the columns of a file, row by row."""

    def __init__(
        self,
        file: Path,
        rows: Iterator[tuple[int, list[str]]],
        for_training: bool,
        columns: Columns,
        channels: Sequence[str],
        missing: bool,
        wanted: Collection[str] = (),
        targets: Collection[str] = (),
    ) -> None:
        self.file = file
        self.rows = rows
        self.for_training = for_training
        self.missing = missing
        self.targets = [class_name(name) for name in targets]
        line, header = next(rows, (1, []))
        if not header:
            raise self._wrong(line, "it is empty; it must be a header that names the columns")
        self.header = [class_name(name) for name in header]
        self._check_header(line, columns)
        self.at = {name: self._find(told) for name, told in _names(columns).items()}
        stated = {name for name, told in _names(columns).items() if told != getattr(USUAL_COLUMNS, name)}
        needed = stated | {"recording", "label"} if for_training else stated
        # An empty name says that there is no such column.
        told = {name for name, told in _names(columns).items() if told}
        lacking = [name for name, at in self.at.items() if at is None and name in needed & told]
        if lacking:
            raise self._without(line, columns, lacking)
        self.of_recording, self.of_label = self.at["recording"], self.at["label"]
        self.of_subject, self.of_split = self.at["subject"], self.at["split"]
        self.of_time = self.at["time"] if columns.time else _time_column(self.header)
        self.seconds = None if self.of_time is None else _seconds(self.header[self.of_time])
        taken = {*self.at.values(), self.of_time}
        self.of_channels = [at for at in range(len(header)) if at not in taken]
        self.left_out: tuple[str, ...] = ()
        if wanted:
            self.of_channels = [at for at in self.of_channels if self.header[at] in wanted]
        if channels:
            self.of_channels = [self._channel(line, name) for name in channels]
        if channels or wanted:
            kept = {*taken, *self.of_channels}
            self.left_out = tuple(name for at, name in enumerate(self.header) if at not in kept)
        if not self.of_channels and wanted:
            raise self._wrong(
                line,
                f"it has none of the channels {', '.join(wanted)}: its columns are {self._listed()}",
                "Give a recording of that sensor, or name the column of each channel (`--channel`).",
            )
        if not self.of_channels:
            raise self._wrong(line, "it names no channel")

    def read(self) -> Recorded:
        # Eight bytes per value; a list of Python's numbers takes four times as much.
        values, times = array("d"), array("d")
        runs: list[Run] = []
        seen: set[Id] = set()
        number: Id | None = None
        written = None  # the recording's name as the last line writes it
        label = part = ""
        subject: Id | None = None
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
                del values[count * len(self.of_channels) :]
                values.extend(self._with_missing(line, row))
            if self.of_time is not None:
                times.append(self._time(line, row[self.of_time]))
            new_label = "" if self.of_label is None else self._label(line, row[self.of_label])
            new_number = number
            if self.of_recording is not None and row[self.of_recording] != written:
                written = row[self.of_recording]
                new_number = self._id(line, self.of_recording, written)
            new_subject = (
                None if self.of_subject is None else self._id(line, self.of_subject, row[self.of_subject])
            )
            new_part = "" if self.of_split is None else self._part(line, row[self.of_split])
            told = (new_number, new_label, new_subject, new_part)
            if not count or told != (number, label, subject, part):
                if count:
                    runs.append(Run(number, label, begun, count, begun_line, subject, part, str(self.file)))
                if new_number is not None and new_number != number:
                    if new_number in seen:
                        raise self._wrong(
                            line,
                            f"recording {new_number} is continued after recording {number};"
                            " the lines of a recording must be adjacent",
                        )
                    seen.add(new_number)
                elif count:
                    self._check_whole(line, new_number, (subject, new_subject), (part, new_part))
                number, label, subject, part = told
                begun, begun_line = count, line
            count += 1
        if not count:
            raise DataError(f"{self.file}: it holds no sample: no line follows the header.", REMEDY)
        runs.append(Run(number, label, begun, count, begun_line, subject, part, str(self.file)))
        exact = np.frombuffer(values).reshape(count, len(self.of_channels))
        channels = tuple(self.header[at] for at in self.of_channels)
        samples = exact.astype(np.float32)
        for at, channel in enumerate(channels):
            self._check_kept(channel, exact[:, at], samples[:, at])
        units = tuple(unit_of(channel) for channel in channels)
        found = Recorded(
            channels, samples, tuple(runs), units=units if any(units) else (), left_out=self.left_out
        )
        if self.of_time is None:
            return found
        name = self.header[self.of_time]
        unit = self.seconds or _usual_unit(name, times)
        source = f"time from the column {name}, in {_CALLED[unit]}"
        # A number that large is a date.
        assumed = name if self.seconds is None and unit == 1 and times[0] < 1e9 else ""
        return replace(found, time=np.frombuffer(times) * unit, source=(source,), assumed=assumed)

    def _find(self, name: str) -> int | None:
        """Return the place of a column, in capitals or not; None if there is none, or no name."""
        name = class_name(name)
        if name in self.header:
            return self.header.index(name)
        folded = [told.casefold() for told in self.header]
        return folded.index(name.casefold()) if name and name.casefold() in folded else None

    def _channel(self, line: int, name: str) -> int:
        at = self._find(name)
        if at is None:
            raise self._wrong(line, f"it has no column {name}: its columns are {self._listed()}")
        return at

    def _without(self, line: int, columns: Columns, missing: Sequence[str]) -> DataError:
        """Return the refusal of a header that lacks columns, with the line of a recipe that names them."""
        told = " and no column ".join(getattr(columns, name) for name in missing)
        what = f"it has no column {told}: its columns are {self._listed()}"
        known = {self.header[at] for at in (*self.at.values(), _time_column(self.header)) if at is not None}
        try:
            roles = roles_of(self.header, (row for _, row in self.rows), known)
        except (DataError, UnicodeDecodeError):  # a later line is wrong too: this one is told first
            return self._wrong(line, what)
        return self._wrong(line, what, _naming(roles, missing, columns))

    def _listed(self) -> str:
        return ", ".join(self.header)

    def _with_missing(self, line: int, row: list[str]) -> list[float]:
        """Return the channels of a row in which one is no number, with NaN where a value is missing."""
        fields = [row[at] for at in self.of_channels]
        if not self.missing or not all(_is_sample(text) or _is_missing(text) for text in fields):
            raise self._wrong_value(line, row)
        return [np.nan if _is_missing(text) else _number(text) for text in fields]

    def _time(self, line: int, text: str) -> float:
        """Return a time in the units of its column, or in seconds if it is written as a date."""
        try:
            return _finite(text)
        except ValueError:
            pass
        try:
            return datetime.fromisoformat(text.strip()).timestamp() / (self.seconds or 1)
        except (ValueError, OverflowError):
            name = self.header[self.of_time or 0]
            raise self._wrong(
                line, f"{name} is {_shown(text)}; it must be a number, or a date and time as in ISO 8601"
            ) from None

    def _part(self, line: int, text: str) -> str:
        part = text.strip().casefold()
        if part not in ("train", "test"):
            column = self.header[self.of_split or 0]
            raise self._wrong(line, f"{column} is {_shown(text)}; it must be train or test")
        return part

    def _check_whole(
        self, line: int, number: Id | None, subjects: tuple[Id | None, Id | None], parts: tuple[str, str]
    ) -> None:
        """Refuse a recording of two subjects, or in two parts: its windows would be on both sides."""
        whose = f"recording {number}" if self.of_recording is not None else "its only recording"
        if subjects[0] != subjects[1]:
            raise self._wrong(
                line, f"{whose} has the subjects {subjects[0]} and {subjects[1]}; it must have one"
            )
        if parts[0] != parts[1]:
            raise self._wrong(line, f"{whose} is in both parts, {' and '.join(parts)}; it must be in one")

    def _check_header(self, line: int, columns: Columns) -> None:
        reserved = {told.casefold() for told in _names(columns).values() if told}
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
            if name.casefold() in reserved and name.casefold() in [
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
        # What is missing is no mistake where values may be missing.
        wrong = [at for at in self.of_channels if not _is_sample(row[at])]
        at = next((at for at in wrong if not (self.missing and _is_missing(row[at]))), wrong[0])
        text, rule, remedy = row[at], "a number", REMEDY
        if "," in text and _is_number(text.replace(",", ".", 1)):
            rule = "a number with a decimal point"
        elif text.isascii() and "_" not in text and _is_number(text):
            rule = f"a finite number of at most {_LARGEST:.2g}, which float32 holds"
        elif text.strip()[:1].isalpha() and not _is_missing(text):
            name = self.header[at]
            remedy = (
                f"If {name} names a class, a recording or a subject, say so in [data] of the recipe, such as"
                f' columns = {{ label = "{name}" }}; else list the columns that are channels there, such as'
                f" {self._channels_line(name)}, or correct the value."
            )
        if _is_missing(text):
            remedy = 'Correct that in the file, or set data.missing in the recipe to "hold" or "interpolate".'
        if self.header[at] in self.targets:
            remedy = (
                "It is a number to predict (data.targets): correct it, leave those samples out, or name other"
                " targets."
            )
        return self._wrong(line, f"{self.header[at]} is {_shown(text)}; it must be {rule}", remedy)

    def _channels_line(self, without: str) -> str:
        """Return the line of a recipe with the channels but one; of many, the first."""
        names = [name for at, name in enumerate(self.header) if at in self.of_channels and name != without]
        told = ", ".join(json.dumps(name, ensure_ascii=False) for name in names[:12])
        return f"channels = [{told}{', ...' if len(names) > 12 else ''}]"

    def _label(self, line: int, text: str) -> str:
        if text.isascii() and text.isalnum():  # most are, and this is what takes the time of a long file
            return text
        name = class_name(text)
        rule = _broken_rule(name)
        if rule is not None and (name or self.for_training):
            column = self.header[self.of_label or 0]
            raise self._wrong(line, f"{column} is {_shown(text)}; it {rule}")
        return name

    def _id(self, line: int, column: int, text: str) -> Id:
        """Return the number or the name of a recording or subject."""
        found = id_of(text)
        if isinstance(found, int):
            return found
        if not found or _is_number(found) or found.replace("_", "").isdigit():
            rule = f"must be a whole number, with at most {MOST_DIGITS} digits and no sign, or a name"
        else:
            rule = _broken_rule(found) or ""
        if rule:
            raise self._wrong(line, f"{self.header[column]} is {_shown(text)}; it {rule}")
        return found

    def _check_kept(
        self, channel: str, exact: npt.NDArray[np.float64], kept: npt.NDArray[np.float32]
    ) -> None:
        """Refuse a channel whose course float32 does not hold, such as a time since 1970.

        Fewer than half of its different values are left then; of a sensor's values nearly all are.
        """
        different, left = len(np.unique(exact)), len(np.unique(kept))
        if 2 * left < different or (left == 1 and different > 1):
            raise DataError(
                f"{self.file}: {channel} has {different:,} different values, from {np.nanmin(exact):.15g} to"
                f" {np.nanmax(exact):.15g}, and float32 holds only {left:,} of them.",
                f"Leave the column {channel} out if it is a time; otherwise subtract a constant from it.",
            )

    def _wrong(self, line: int, what: str, remedy: str = REMEDY) -> DataError:
        return DataError(f"{self.file}: line {line}: {what}.", remedy)


def _naming(roles: Roles, missing: Sequence[str], columns: Columns) -> str:
    """Return what to do about columns that a file does not have under their usual names."""
    told = []
    line = columns_line(roles, missing)
    if line:
        told.append(f"If these columns have other names, say so in [data] of the recipe, such as {line}.")
        others = [
            f"{name} may also be {' or '.join(names[1:5])}"
            for name in missing
            if len(names := getattr(roles, name, ())) > 1
        ]
        told += [f"({'; '.join(others)}.)"] if others else []
    if "label" in missing and not roles.label:
        told.append(_without_label(roles, missing, columns))
    if "recording" in missing and not roles.recording:
        told.append(
            "No column looks like a recording: add one with a number that changes where a recording begins,"
            " or give a folder with a file for each recording."
        )
    return " ".join(told) or REMEDY


def _without_label(roles: Roles, missing: Sequence[str], columns: Columns) -> str:
    """Return what to do where no column looks like a label, with the line for one that may still be it."""
    chosen = {"recording": roles.recording[0]} if "recording" in missing and roles.recording else {}
    add = "add one with the name of the class in each line; or, to predict a number, name its column in"
    add += " data.targets."
    if roles.numbered:
        name = roles.numbered[0]
        line = with_named(columns, {**chosen, "label": name})
        return (
            f"No column looks like a label by its name, but {name} has few whole numbers, each over many"
            f" rows: if they are the classes, write {line} in [data]. Else {add}"
        )
    if roles.one_word:
        name, word = roles.one_word[0]
        line = with_named(columns, {**chosen, "label": name})
        normal = json.dumps(word, ensure_ascii=False)
        return (
            f"No column looks like a label of several classes, but {name} is {normal} in all rows: if that"
            f" is the class, write {line} in [data] and record other classes, too; or, to find what is unlike"
            f" it, add normal = {normal}. Else {add}"
        )
    return f"No column looks like a label: {add}"


def _names(columns: Columns) -> dict[str, str]:
    return {item.name: getattr(columns, item.name) for item in fields(Columns)}


def _time_column(header: Sequence[str]) -> int | None:
    """Return the place of the first column that is named time or timestamp, with a unit or without."""
    for at, name in enumerate(header):
        match = _TIME.fullmatch(name.casefold())
        unit = match and (match[2] or match[3])
        if match and match[1] in _TIMES and (not unit or unit in _UNITS):
            return at
    return None


def _words(name: str) -> list[str]:
    """Return the words of a column's name, such as ``time`` and ``ms`` of ``timeMs``."""
    return _WORD.findall(_HUMP.sub("_", name).casefold())


def _seconds(name: str) -> float | None:
    """Return the seconds of the unit in the name of a column of times; None without one.

    A name ends in its unit, or begins with it, as ``seconds_elapsed`` does, or is the unit, as ``millis``.
    """
    words = _words(name)
    return next((_UNITS[word] for word in (*words[-1:], *words[:1]) if word in _UNITS), None)


def states_unit(name: str) -> bool:
    """Whether the name of a column of times says their unit, as ``t_ms`` does."""
    return _seconds(name) is not None


def says_count(name: str) -> bool:
    """Whether the name of a column says that it counts rows, as ``seq`` and ``sample_no`` do."""
    return not _SAY_COUNT.isdisjoint(_words(name))


def csv_times(file: Path) -> tuple[str, ...]:
    """Return the columns of a CSV file whose names may be those of a time, those with a unit first.

    A column ``t`` may be a temperature, so that the values must be looked at, too. A file that has a time
    under its usual name has none of these.

    Raises:
        DataError: the file cannot be read, or is no CSV.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            header = [class_name(name) for name in next(_rows(file, text), (1, []))[1]]
    except UnicodeDecodeError:
        raise DataError(f"{file}: {_not_utf8(file)}.", "Save it as CSV in UTF-8.") from None
    except OSError as error:
        raise DataError(f"Cannot read {file}: {error.strerror}.", "Give a CSV file.") from None
    if _time_column(header) is not None:
        return ()
    named = [name for name in header if states_unit(name) or not _SAY_TIME.isdisjoint(_words(name))]
    return tuple(sorted(named, key=lambda name: not states_unit(name)))


def _usual_unit(name: str, times: Sequence[float]) -> float:
    """Return the unit of times whose column does not say one.

    A number that is no date before the year 5000 in seconds is one in a smaller unit. The CSV files of Edge
    Impulse have whole milliseconds from the start in a column ``timestamp``. All else is seconds.
    """
    for unit, least in ((1e-9, 1e17), (1e-6, 1e14), (1e-3, 1e11)):
        if times[0] > least:
            return unit
    from_the_start = times[0] < 1e9 and all(time == int(time) for time in times)
    return 1e-3 if name.casefold() == "timestamp" and from_the_start else 1.0


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


def _finite(text: str) -> float:
    """Return a decimal number; ValueError for all else that Python takes for a number."""
    value = float(text)
    if not math.isfinite(value) or "_" in text or not text.isascii():
        raise ValueError(text)
    return value


def _is_missing(text: str) -> bool:
    return text.strip().casefold() in _MISSING


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
