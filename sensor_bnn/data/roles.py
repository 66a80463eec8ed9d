"""What the columns of a table may be, where no column has the usual name: candidates, never a decision.

A recipe states the columns; these are the lines of it that messages and ``sensor-bnn data`` propose.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields

from sensor_bnn.data.recorded import USUAL_COLUMNS, Columns, Id, id_of
from sensor_bnn.labels import broken_rule, class_name

_MOST_ROWS = 200_000
"""Rows that are looked at; of more, the first are enough to tell a class from a channel."""

_MOST_CLASSES = 100
_MOST_NAMES = 10_000
"""A column with more different values names neither classes nor recordings."""

_COUNTING = 0.9
_MOST_STEPS = 1_000
"""A column that grows by the same step in such a share of the rows counts them; a signal has many steps."""

_MOST_NUMBERS = 20
_LONG = 20
"""So few whole numbers, each for so many rows on average, may be numbers of classes."""

_MISSING = frozenset({"", "nan", "na", "n/a", "null"})
_KNOWN = {
    "label": ("label", "class", "activity", "gesture", "motion", "target", "category", "state", "event"),
    "recording": (
        "recording",
        "session",
        "trial",
        "experiment",
        "sequence",
        "segment",
        "take",
        "run",
        "file",
    ),
    "subject": ("subject", "user", "person", "participant", "volunteer", "patient"),
}
"""Words in the names of columns that say what they are, in the order in which they are preferred."""


@dataclass(frozen=True)
class Roles:
    """What the columns of a table may be, by their names; the likeliest first.

    Attributes:
        label, recording, subject: the columns that may be these.
        words: the columns that hold a text which is no number: they are no channels.
        counters: the columns that count the rows.
        numbers: all other columns, in their order.
        all: all columns, in their order.
        one_word: the columns with one word in all rows, and that word: a set of one class may have one.
        numbered: the columns with few whole numbers, each over many rows, which may number the classes.
    """

    label: tuple[str, ...]
    recording: tuple[str, ...]
    subject: tuple[str, ...]
    words: tuple[str, ...]
    counters: tuple[str, ...]
    numbers: tuple[str, ...]
    all: tuple[str, ...]
    one_word: tuple[tuple[str, str], ...] = ()
    numbered: tuple[str, ...] = ()


def roles_of(header: Sequence[str], rows: Iterable[Sequence[str]], known: Collection[str] = ()) -> Roles:
    """Return what the columns of a table may be.

    A recording is a name or whole number whose rows are adjacent; a class is one of few words. A column of
    numbers is taken for one of them only if its name says so.

    Args:
        header: the names of the columns.
        rows: the fields of each row as text; rows of another length, and blank ones, are not counted.
        known: the columns that have a role already: they are none of these.
    """
    seen = [_Column(class_name(name)) for name in header]
    count = 0
    for row in rows:
        if len(row) != len(seen):
            continue
        for column, text in zip(seen, row, strict=True):
            column.take(text, count)
        count += 1
        if count == _MOST_ROWS:
            break
    told = [column for column in seen if column.name in known and column.says("recording")]
    seen = [column for column in seen if column.name not in known]
    words = [column for column in seen if column.has_words]
    label = [column for column in seen if column.may_be_label(count)]
    label.sort(key=lambda column: (len(column.values) < 2, column.rank("label"), len(column.values)))
    first = label[:1]
    recording = [column for column in seen if column not in first and column.may_be_recording(count)]
    recording.sort(key=lambda column: (column.says("subject"), column.rank("recording"), -len(column.values)))
    subject = [column for column in seen if column.says("subject") and column.are_ids]
    counters = [column for column in seen if column.counts()]
    bounds = [frozenset(column.changed) for column in (told or recording[:1])]
    numbered = [
        column
        for column in seen
        if column not in recording and column not in counters and column.may_number(count, bounds)
    ]
    special = [*words, *counters, *first, *recording[:1], *subject[:1]]
    numbers = [column for column in seen if column not in special]
    return Roles(
        label=_names(label),
        recording=_names(recording),
        subject=_names(subject),
        words=_names(words),
        counters=_names(counters),
        numbers=_names(numbers),
        all=tuple(class_name(name) for name in header),
        one_word=tuple((one.name, next(iter(one.values))) for one in words if len(one.values) == 1),
        numbered=_names(numbered),
    )


def _names(columns: Iterable[_Column]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)


def columns_line(roles: Roles, missing: Sequence[str]) -> str:
    """Return the line of [data] that names columns, such as ``columns = { label = "activity" }``.

    Args:
        roles: the candidates.
        missing: the keys to name, such as ``label``; one without a candidate is left out.

    Returns:
        The line; empty without any candidate.
    """
    return stated_line({key: names[0] for key in missing if (names := getattr(roles, key, ()))})


def stated_line(chosen: Mapping[str, str]) -> str:
    """Return the line of [data] that names these columns by their keys; empty without any."""
    told = ", ".join(f"{key} = {json.dumps(name, ensure_ascii=False)}" for key, name in chosen.items())
    return f"columns = {{ {told} }}" if told else ""


def with_time(columns: Columns, name: str) -> str:
    """Return the line of [data] that names a column of times, and those that are named already."""
    return with_named(columns, {"time": name})


def with_named(columns: Columns, chosen: Mapping[str, str]) -> str:
    """Return the line of [data] that names these columns by their keys, and those that are named already."""
    named = {item.name: getattr(columns, item.name) for item in fields(Columns)}
    usual = {item.name: getattr(USUAL_COLUMNS, item.name) for item in fields(Columns)}
    stated = {key: told for key, told in named.items() if told != usual[key]}
    return stated_line({**stated, **chosen})


@dataclass(eq=False)
class _Column:
    """What is known of one column after some rows."""

    name: str
    values: dict[str, None] = field(default_factory=dict)
    has_words: bool = False
    are_ids: bool = True
    adjacent: bool = True
    changed: list[int] = field(default_factory=list)
    _last: str | None = None
    _number: float | None = None
    _steps: dict[float, int] = field(default_factory=dict)
    _whole: bool = True

    def rank(self, key: str) -> float:
        """Return how clearly the name says a role, 0 for the clearest; infinity if it does not."""
        folded = self.name.casefold()
        return next((at for at, word in enumerate(_KNOWN[key]) if word in folded), math.inf)

    def says(self, key: str) -> bool:
        """Whether the name says a role."""
        return self.rank(key) < math.inf

    def take(self, text: str, row: int) -> None:
        if self._whole:
            self._count(text)
        if text == self._last:
            return
        if len(self.changed) <= _MOST_NAMES:
            self.changed.append(row)
        self._last = text
        name = class_name(text)
        if name in self.values:
            self.adjacent = False
        elif len(self.values) <= _MOST_NAMES:
            self.values[name] = None
        if not _is_number(name) and name.casefold() not in _MISSING:
            self.has_words = True
        if self.are_ids:
            found: Id = id_of(text)
            self.are_ids = isinstance(found, int) or not (broken_rule(found) or _is_number(found))

    def may_be_label(self, rows: int) -> bool:
        """Whether it has few values, and they are words or its name says a class.

        One value is enough for words under such a name: training then says that a class is missing.
        """
        other = self.says("recording") or self.says("subject")
        told = self.says("label") or (self.has_words and not other)
        fewest = 1 if self.has_words and self.says("label") else 2
        return told and fewest <= len(self.values) <= min(_MOST_CLASSES, rows // 2)

    def may_be_recording(self, rows: int) -> bool:
        """Whether each of its values is in adjacent rows, and they are words or its name says a recording."""
        told = self.has_words or self.says("recording") or self.says("subject")
        few = 2 <= len(self.values) <= min(_MOST_NAMES, rows // 2)
        return told and few and self.adjacent and self.are_ids

    def may_number(self, rows: int, bounds: Iterable[frozenset[int]]) -> bool:
        """Whether its values may be numbers of classes: few, over many rows, and one in each recording.

        Args:
            rows: the number of rows.
            bounds: the rows at which recordings begin, by each column that says so.
        """
        few = not self.has_words and self.are_ids and 2 <= len(self.values) <= _MOST_NUMBERS
        long = len(self.changed) * _LONG <= rows
        return few and long and all(bound.issuperset(self.changed) for bound in bounds)

    def counts(self) -> bool:
        """Whether it nearly always grows by the same whole step; it may start over in each recording."""
        usual = max((rows for step, rows in self._steps.items() if step > 0), default=0)
        rows = sum(self._steps.values())
        return self._whole and rows > 0 and usual >= _COUNTING * rows

    def _count(self, text: str) -> None:
        try:
            number = float(text)
        except ValueError:
            self._whole = False
            return
        step = None if self._number is None else number - self._number
        self._number = number
        if step is not None:
            self._whole = number == number // 1 and len(self._steps) < _MOST_STEPS
            counted = max(step, 0)
            self._steps[counted] = self._steps.get(counted, 0) + 1


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
