"""Result files: the JSON that a measuring command prints, and that `report` and `compare` read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sensor_bnn.digests import SEAL, is_sealed, sealed
from sensor_bnn.errors import DataError
from sensor_bnn.files import write_file
from sensor_bnn.hardware.boards import Board
from sensor_bnn.reading import Source, contents, json_values
from sensor_bnn.report.environment import environment
from sensor_bnn.report.schema import VERSION, schema_id, violation

MEASUREMENTS = ("bench", "demo", "profile")
"""The commands whose results have layers."""

_REMEDY = (
    "Give what `sensor-bnn profile --json`, `bench --json` or `demo --json` of this version prints, "
    "redirected to a file."
)
PAGES = (
    "Give what `sensor-bnn profile --json`, `bench --json`, `demo --json` or `evaluate --json` of this "
    "version prints, redirected to a file."
)
"""What to do about a file of which no page can be made."""


def result_of(command: str, facts: dict[str, Any], board: Board | None) -> dict[str, Any]:
    """Return a command's JSON object: schema's name, facts, environment (None: no board), digest of all."""
    return sealed({"schema": schema_id(command), **facts, "environment": environment(board)})


def write_result(result: dict[str, Any], file: Path) -> None:
    """Write a command's JSON object as a result file.

    Raises:
        FileError: it cannot be written.
    """
    write_file(file, json.dumps(result) + "\n")


def read_result(
    file: Path, commands: tuple[str, ...] = MEASUREMENTS, remedy: str = _REMEDY
) -> dict[str, Any]:
    """Read a result of one of some commands; those with layers by default.

    Args:
        file: the result.
        commands: whose results are read.
        remedy: what an error says to do.

    Raises:
        DataError: the file is missing, not JSON, of another command or version, damaged, or changed; the
            message names the field.
    """
    content = _read(file, remedy)
    name = content.get("schema")
    if not isinstance(name, str):
        raise DataError(f"{file} is no result: it has no field `schema`.", remedy)
    known = {schema_id(command): command for command in commands}
    if name not in known:
        raise DataError(f"{file} is {name!r}; version {VERSION} of {', '.join(commands)} is read.", remedy)
    _hold(content, known[name], file, remedy)
    return content


def read_kernels(file: Path) -> list[dict[str, Any]]:
    """Read the rows of ``sensor-bnn kernels --json``.

    Raises:
        DataError: the file is missing, or is not such a file.
    """
    remedy = "Give what `sensor-bnn kernels --json` prints, redirected to a file."
    content = _read(file, remedy)
    _hold(content, "kernels", file, remedy)
    rows: list[dict[str, Any]] = content["rows"]
    return rows


def read_rung(file: Path) -> tuple[float, int]:
    """Read top-1 and the number of samples from what ``sensor-bnn evaluate --json`` printed.

    Raises:
        DataError: the file is missing, or is not such a file.
    """
    remedy = "Give what `sensor-bnn evaluate --json` prints, redirected to a file."
    content = read_result(file, ("evaluate",), remedy)
    if content["top1"] is None:
        raise DataError(f"{file} is of numbers that were predicted: it has no top-1.", remedy)
    return float(content["top1"]), int(content["samples"])


def _read(file: Path, remedy: str) -> dict[str, Any]:
    source = Source(str(file), DataError, remedy)
    content = json_values(contents(file, source), source)
    if not isinstance(content, dict):
        raise DataError(f"{file} is no result: it has no field `schema`.", remedy)
    return content


def _hold(content: dict[str, Any], command: str, file: Path, remedy: str) -> None:
    wrong = violation(content, command)
    if wrong is not None:
        raise DataError(f"{file} is damaged: {wrong}.", remedy)
    if SEAL in content and not is_sealed(content):
        raise DataError(
            f"{file} has changed since it was written: its digest is of other values.",
            f"{remedy} If you changed it on purpose, delete its field {SEAL}.",
        )
