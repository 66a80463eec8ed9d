"""The result of ``sensor-bnn tune``: a choice for each layer of a shape, in a file for the compiler."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from sensor_bnn.digests import is_sealed
from sensor_bnn.errors import ModelError
from sensor_bnn.reading import Source, contents, json_values, typed

FORMAT = "sensor-bnn/tune/1"
_REMEDY = "Tune the model again with `sensor-bnn tune`."


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A way to compute a layer other than the compiler's own rule; one of the two attributes is set.

    Attributes:
        rows: the kernels of a binary linear layer and their numbers of rows, in order.
        schedule: the schedule parameters of the layer's TIR kernel, by name.
    """

    rows: tuple[tuple[str, Annotated[int, Meta(ge=0, le=2**31)]], ...] | None = None
    schedule: dict[str, Annotated[int, Meta(ge=0, le=2**31)]] | None = None

    def __post_init__(self) -> None:
        if (self.rows is None) == (self.schedule is None):
            raise ValueError("it must have either rows or schedule")

    def as_json(self) -> dict[str, Any]:
        """Return the choice in the form of a tuning file."""
        choice: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return choice

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
        ModelError: the file cannot be read, is not a tuning file, was made for another target or by another
            version, or has changed since it was written.
    """
    source = Source(f"The tuning {file}", ModelError, _REMEDY)
    data = contents(file, source)
    values = json_values(data, source)
    if not isinstance(values, dict) or values.get("schema") != FORMAT:
        raise ModelError(f"{file} is not a tuning file: its schema is not {FORMAT}.", _REMEDY)
    found = typed(values, _File, source)
    if _release(found.version) != _release(version("sensor-bnn")):
        raise ModelError(
            f"The tuning {file} was made by sensor-bnn {found.version}, this is {version('sensor-bnn')}.",
            _REMEDY,
        )
    if found.target != target:
        raise ModelError(
            f"The tuning {file} is for the target {found.target!r}, not {target!r}.",
            f"Compile with `--target {found.target}`, or tune for this one.",
        )
    check_seal(values, source)
    choices = {entry.workload: entry.best for entry in found.workloads if entry.best is not None}
    return Tuning(choices, hashlib.sha256(data).hexdigest())


def check_seal(values: Mapping[str, Any], source: Source) -> None:
    """Refuse a tuning whose values are not those of its digest; the source's error.

    A changed choice or count would be another valid one.
    """
    if not is_sealed(values):
        raise source.wrong("it has changed since it was written: its digest is missing or of other values")


class _Workload(msgspec.Struct, frozen=True):
    """The part of a workload that the compiler needs; ``best`` is None for the compiler's own rule."""

    workload: str
    best: Choice | None


class _File(msgspec.Struct, frozen=True):
    """The part of a tuning file that the compiler needs; report/schemas/tune.json describes all of it."""

    version: str
    target: str
    workloads: tuple[_Workload, ...]


def choice_from_json(value: Any) -> Choice:
    """Make a choice from its form in a tuning file, which was checked before.

    Raises:
        msgspec.ValidationError: the value is not a choice.
    """
    return msgspec.convert(value, Choice)


def _release(number: str) -> list[str]:
    """Return the first two numbers of a version, which change whenever the set of kernels changes."""
    return number.split(".")[:2]
