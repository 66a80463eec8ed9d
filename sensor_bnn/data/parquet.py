"""Recordings in Parquet files: tables with the columns of a CSV file. pyarrow reads them, if installed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sensor_bnn.data.recorded import USUAL_COLUMNS, Columns, Recorded
from sensor_bnn.data.recording import read_rows
from sensor_bnn.errors import DataError


def read_parquet(
    file: Path,
    *,
    columns: Columns = USUAL_COLUMNS,
    channels: Sequence[str] = (),
    missing: bool = False,
    targets: Collection[str] = (),
) -> Recorded:
    """Read a Parquet file by the rules of a CSV file; its rows count from 1.

    Args:
        file: the file.
        columns, channels, missing, targets: see ``read_csv``; a null is missing.

    Raises:
        DataError: pyarrow is not installed, the file is damaged, or its table breaks a rule.
    """
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise DataError(
            f"{file} is a Parquet file, and the package that reads these is not installed.",
            "Install it with `pip install pyarrow`, or save the table as CSV.",
        ) from None
    try:
        table = parquet.read_table(file)
    except (ArrowException, OSError) as error:
        told = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(f"{file} is damaged or no Parquet file ({told}).", "Give a Parquet file.") from None
    return read_rows(file, _rows(table), columns=columns, channels=channels, missing=missing, targets=targets)


def _rows(table: Any) -> Iterator[tuple[int, list[str]]]:
    yield 0, [str(name) for name in table.column_names]
    number = 0
    for batch in table.to_batches():
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            number += 1
            yield number, [_text(value) for value in row]


def _text(value: object) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)
