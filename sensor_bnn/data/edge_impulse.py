"""Recordings in the JSON form of Edge Impulse's data acquisition format, one recording per file.

The format is documented at https://docs.edgeimpulse.com/reference/data-acquisition-format. The signature is
not checked: the key belongs to the project that made the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from sensor_bnn.data.recorded import Columns, Recorded
from sensor_bnn.data.recording import read_rows
from sensor_bnn.errors import DataError
from sensor_bnn.reading import Source, read_json

_REMEDY = "Give files that Edge Impulse exports, or that follow its data acquisition format."
_NO_COLUMNS = Columns(recording="", label="", subject="", split="")

_Text = Annotated[str, Meta(min_length=1)]


class _Sensor(Struct, frozen=True, forbid_unknown_fields=False):
    name: _Text
    units: str = ""


class _Payload(Struct, frozen=True, forbid_unknown_fields=False):
    interval_ms: Annotated[float, Meta(gt=0)]
    sensors: Annotated[tuple[_Sensor, ...], Meta(min_length=1)]
    values: Annotated[tuple[float | tuple[float | None, ...] | None, ...], Meta(min_length=1)]


class _Content(Struct, frozen=True, forbid_unknown_fields=False):
    payload: _Payload


def read_edge_impulse(file: Path, missing: bool) -> Recorded:
    """Read a file; its recording has no name and no label.

    Args:
        file: the JSON file.
        missing: whether a value may be ``null``, and is NaN then.

    Raises:
        DataError: the file cannot be read or does not follow the format; a number breaks a rule of the CSV
            files, which are the rules of this format too.
    """
    payload = read_json(file, _Content, Source(str(file), DataError, _REMEDY)).payload
    # A unit is no part of the name: the same sensor in a CSV file or a stream has none.
    units = tuple(sensor.units for sensor in payload.sensors)
    found = read_rows(file, _rows(payload), columns=_NO_COLUMNS, missing=missing)
    return replace(found, rate=1000 / payload.interval_ms, units=units if any(units) else ())


def _rows(payload: _Payload) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a table: the names of the sensors, then the values, which count from 1."""
    yield 0, [sensor.name for sensor in payload.sensors]
    for number, values in enumerate(payload.values, 1):
        # With one sensor, a value need not be in a list.
        row = values if isinstance(values, tuple) else (values,)
        yield number, ["" if value is None else repr(value) for value in row]
