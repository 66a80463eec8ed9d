"""What ``sensor-bnn tune`` found: the choice for each layer of a shape, as a file that the compiler reads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from sensor_bnn.errors import ModelError
from sensor_bnn.reading import Source, contents, json_values, typed

FORMAT = "sensor-bnn/tune/1"
_REMEDY = "Tune the model again with `sensor-bnn tune`."


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a layer is computed where it is not by the compiler's own rule; one of the two is set.

    Attributes:
        rows: kernels of a binary linear layer and their numbers of rows, in order.
        schedule: parameters of the schedule of the layer's kernel in TIR.
    """

    rows: tuple[tuple[str, Annotated[int, Meta(ge=0, le=2**31)]], ...] | None = None
    schedule: dict[str, Annotated[int, Meta(ge=0, le=2**31)]] | None = None

    def __post_init__(self) -> None:
        if (self.rows is None) == (self.schedule is None):
            raise ValueError("rows must be there or schedule, and not both")

    def as_json(self) -> dict[str, Any]:
        """As in a tuning file."""
        choice: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return choice

    def __str__(self) -> str:
        if self.rows is not None:
            return " + ".join(f"{count} by {name}" for name, count in self.rows)
        return " ".join(f"{name}={value}" for name, value in (self.schedule or {}).items())


@dataclass(frozen=True)
class Tuning:
    """Choices by workload: an operator and its sizes, as ``Tunable.workload``.

    Attributes:
        choices: what is not chosen by the compiler's own rule.
        sha256: of the file.
    """

    choices: Mapping[str, Choice] = field(default_factory=dict)
    sha256: str | None = None

    def choice(self, workload: str) -> Choice | None:
        """What was chosen for a workload; None for the compiler's own rule."""
        return self.choices.get(workload)


NOTHING_TUNED = Tuning()


def read_tuning(file: Path, target: str) -> Tuning:
    """Read a tuning file for a target.

    Raises:
        ModelError: it cannot be read, is no tuning file, or was made for another target or by another
            version.
    """
    source = Source(f"The tuning {file}", ModelError, _REMEDY)
    data = contents(file, source)
    values = json_values(data, source)
    if not isinstance(values, dict) or values.get("schema") != FORMAT:
        raise ModelError(f"{file} is no tuning: its schema is not {FORMAT}.", _REMEDY)
    found = typed(values, _File, source)
    if _release(found.version) != _release(version("sensor-bnn")):
        raise ModelError(
            f"The tuning {file} was made by sensor-bnn {found.version}, this is {version('sensor-bnn')}.",
            _REMEDY,
        )
    if found.target != target:
        raise ModelError(
            f"The tuning {file} is of the target {found.target!r}, not {target!r}.",
            f"Compile with `--target {found.target}`, or tune for this one.",
        )
    choices = {entry.workload: entry.best for entry in found.workloads if entry.best is not None}
    return Tuning(choices, hashlib.sha256(data).hexdigest())


class _Workload(msgspec.Struct, frozen=True):
    """What the compiler needs to know of a workload; ``best`` is None for the compiler's own rule."""

    workload: str
    best: Choice | None


class _File(msgspec.Struct, frozen=True):
    """What the compiler needs to know of a tuning file; report/schemas/tune.json has the rest."""

    version: str
    target: str
    workloads: tuple[_Workload, ...]


def choice_from_json(value: Any) -> Choice:
    """The inverse of :meth:`Choice.as_json`, for a value that was checked before.

    Raises:
        msgspec.ValidationError: the value is no choice.
    """
    return msgspec.convert(value, Choice)


def _release(number: str) -> list[str]:
    """What changes with what kernels there are: the first two numbers."""
    return number.split(".")[:2]
