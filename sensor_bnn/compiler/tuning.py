"""The result of ``sensor-bnn tune``: a choice for each layer of a shape, in a file for the compiler."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sensor_bnn.errors import ModelError

FORMAT = "sensor-bnn/tune/1"
_REMEDY = "Tune the model again with `sensor-bnn tune`."


@dataclass(frozen=True)
class Choice:
    """A way to compute a layer other than the compiler's own rule; one of the two attributes is set.

    Attributes:
        rows: the kernels of a binary linear layer and their numbers of rows, in order.
        schedule: the schedule parameters of the layer's TIR kernel, by name.
    """

    rows: tuple[tuple[str, int], ...] | None = None
    schedule: Mapping[str, int] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the choice in the form of a tuning file."""
        if self.rows is not None:
            return {"rows": [list(part) for part in self.rows]}
        return {"schedule": dict(self.schedule or {})}

    def __str__(self) -> str:
        if self.rows is not None:
            return " + ".join(f"{count} by {name}" for name, count in self.rows)
        return " ".join(f"{name}={value}" for name, value in (self.schedule or {}).items())


@dataclass(frozen=True)
class Tuning:
    """Choices by workload, which is an operator and its sizes (``Ways.workload``).

    Attributes:
        choices: the choices that differ from the compiler's own rule.
        sha256: the SHA-256 of the file, in hex; None without a file.
    """

    choices: Mapping[str, Choice] = field(default_factory=dict)
    sha256: str | None = None

    def choice(self, workload: str) -> Choice | None:
        """Return the choice for a workload; None for the compiler's own rule."""
        return self.choices.get(workload)


NOTHING_TUNED = Tuning()


def read_tuning(file: Path, target: str) -> Tuning:
    """Read a tuning file for a target.

    Raises:
        ModelError: the file cannot be read, is not a tuning file, or was made for another target or by
            another version.
    """
    content, data = _read(file)
    made = str(content.get("version"))
    if _release(made) != _release(version("sensor-bnn")):
        raise ModelError(
            f"The tuning {file} was made by sensor-bnn {made}, this is {version('sensor-bnn')}.", _REMEDY
        )
    if content.get("target") != target:
        raise ModelError(
            f"The tuning {file} is for the target {content.get('target')!r}, not {target!r}.",
            f"Compile with `--target {content.get('target')}`, or tune for this one.",
        )
    choices = {}
    try:
        for entry in content["workloads"]:
            if entry["best"] is not None:
                choices[str(entry["workload"])] = choice_from_json(entry["best"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"The tuning {file} has a missing or invalid value: {error}.", _REMEDY) from None
    return Tuning(choices, hashlib.sha256(data).hexdigest())


def _read(file: Path) -> tuple[dict[str, Any], bytes]:
    try:
        data = file.read_bytes()
        content = json.loads(data)
    except OSError as error:
        raise ModelError(f"The tuning {file} cannot be read: {error.strerror}.", _REMEDY) from None
    except (ValueError, RecursionError):
        raise ModelError(f"The tuning {file} is not JSON.", _REMEDY) from None
    if not isinstance(content, dict) or content.get("schema") != FORMAT:
        raise ModelError(f"{file} is not a tuning file: its schema is not {FORMAT}.", _REMEDY)
    return content, data


def choice_from_json(value: Any) -> Choice:
    """Make a choice from its form in a tuning file; the inverse of :meth:`Choice.as_json`.

    Raises:
        ValueError: the value is not a choice.
    """
    if isinstance(value, dict) and set(value) == {"rows"}:
        parts = value["rows"]
        if isinstance(parts, list) and all(
            isinstance(part, list) and [type(item) for item in part] == [str, int] for part in parts
        ):
            return Choice(rows=tuple((name, count) for name, count in parts))
    if isinstance(value, dict) and set(value) == {"schedule"}:
        parameters = value["schedule"]
        if isinstance(parameters, dict) and all(type(number) is int for number in parameters.values()):
            return Choice(schedule=parameters)
    raise ValueError(f"the choice {json.dumps(value)[:80]}")


def _release(number: str) -> list[str]:
    """Return the first two numbers of a version, which change whenever the set of kernels changes."""
    return number.split(".")[:2]
