"""Result files: the JSON that a measuring command prints, and that `report` and `compare` read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sensor_bnn.errors import DataError
from sensor_bnn.hardware.boards import Board
from sensor_bnn.report.environment import environment
from sensor_bnn.report.schema import VERSION, schema_id, violation
from sensor_bnn.report.whole_file import write_whole

MEASUREMENTS = ("bench", "demo", "profile")
"""The commands whose results have layers."""

_REMEDY = (
    "Give what `sensor-bnn profile --json`, `bench --json` or `demo --json` of this version prints, "
    "redirected to a file."
)


def result_of(command: str, facts: dict[str, Any], board: Board) -> dict[str, Any]:
    """Return a command's JSON object: its schema's name, the facts, and the environment."""
    return {"schema": schema_id(command), **facts, "environment": environment(board)}


def write_result(result: dict[str, Any], file: Path) -> None:
    """Write a command's JSON object as a result file.

    Raises:
        DataError: it cannot be written.
    """
    write_whole(json.dumps(result) + "\n", file)


def read_result(file: Path) -> dict[str, Any]:
    """Read a result with layers.

    Raises:
        DataError: the file is missing, not JSON, of another command or version, or damaged; the message names
            the field.
    """
    content = _read(file, _REMEDY)
    name = content.get("schema")
    if not isinstance(name, str):
        raise DataError(f"{file} is no result: it has no field `schema`.", _REMEDY)
    known = {schema_id(command): command for command in MEASUREMENTS}
    if name not in known:
        raise DataError(
            f"{file} is {name!r}; version {VERSION} of {', '.join(MEASUREMENTS)} is read.", _REMEDY
        )
    _hold(content, known[name], file, _REMEDY)
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
    """Read top-1 and the number of samples from what ``sensor-bnn eval --json`` printed.

    Raises:
        DataError: the file is missing, or is not such a file.
    """
    remedy = "Give what `sensor-bnn eval --json` prints, redirected to a file."
    content = _read(file, remedy)
    _hold(content, "eval", file, remedy)
    return float(content["top1"]), int(content["windows"])


def _read(file: Path, remedy: str) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"), parse_constant=_refuse)
    except OSError as error:
        raise DataError(f"Cannot read {file}: {error.strerror}.", remedy) from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file} is no JSON: {error}.", remedy) from None
    if not isinstance(content, dict):
        raise DataError(f"{file} is no result: it has no field `schema`.", remedy)
    return content


def _hold(content: dict[str, Any], command: str, file: Path, remedy: str) -> None:
    wrong = violation(content, command)
    if wrong is not None:
        raise DataError(f"{file} is damaged: {wrong}.", remedy)


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number in JSON")
