"""Each JSON object that a command prints in a test, held to the schema of that command.

Every call of ``CliRunner.invoke`` with ``--json`` is checked, whatever the test looks at, so that no option
that changes what a command prints is left out. A field that a schema does not describe is refused, too: the
shipped schemas allow such fields, because a later version may add some.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from sensor_bnn.report.schema import FOLDER, violation

_MEMBERS = ("properties", "$defs")
_LISTS = ("allOf", "anyOf")
_PARTS = ("items", "additionalProperties")
_OTHER = {"train": {"--dry-run": "dry-run"}, "doctor": {"--port": "board"}}
"""Options with which a command prints an object of another schema, and the end of that schema's name."""


def closed(schema: dict[str, Any], part: bool = False) -> dict[str, Any]:
    """Return the schema without room for fields that it does not describe.

    Args:
        schema: a schema of ours.
        part: whether another schema adds its own fields to this one's.
    """
    found = dict(schema)
    for key in _MEMBERS:
        if key in schema:
            found[key] = {
                name: one if part and name in _extended() else closed(one, key == "$defs")
                for name, one in schema[key].items()
            }
    for key in _LISTS:
        if key in schema:
            found[key] = [closed(one, True) for one in schema[key]]
    for key in _PARTS:
        if isinstance(schema.get(key), dict):
            found[key] = closed(schema[key])
    if not part and not {"properties", "$ref", *_LISTS}.isdisjoint(schema):
        found["unevaluatedProperties"] = False
    return found


@cache
def _extended() -> frozenset[str]:
    """Fields of a shared part that a command describes further, such as the layers of a profile."""
    schemas = [json.loads(file.read_text()) for file in FOLDER.glob("*.json")]
    return frozenset(name for schema in schemas if "allOf" in schema for name in schema["properties"])


@cache
def _registry() -> Registry[Any]:
    """Of all schemas, which refer to each other."""
    schemas = [closed(json.loads(file.read_text())) for file in FOLDER.glob("*.json")]
    return Registry().with_resources((schema["$id"], Resource.from_contents(schema)) for schema in schemas)


def check(command: str, value: object) -> None:
    """Check what a command printed.

    Args:
        command: the schema's name.
        value: the JSON value.

    Raises:
        jsonschema.ValidationError, AssertionError: it is not as the schema says.
    """
    schema = closed(json.loads((FOLDER / f"{command}.json").read_text()))
    Draft202012Validator(schema, registry=_registry()).validate(value)
    assert violation(value, command) is None


def schema_of(command: click.Command, words: Sequence[str]) -> str:
    """Return the name of the schema of what a command prints that is called with some words."""
    # One module per command, and not all of them state the name again.
    path = [] if command.name == "root" else [command.callback.__module__.rpartition(".")[2]]
    context = click.Context(command)
    for word in words:
        if not isinstance(command, click.Group):
            break
        below = command.get_command(context, word) if word in command.list_commands(context) else None
        if below is not None:
            path.append(word)
            command = below
    other = next((name for option, name in _OTHER.get(" ".join(path), {}).items() if option in words), None)
    return "-".join([*path, *([other] if other else [])])


@pytest.fixture(scope="session", autouse=True)
def every_json() -> Iterator[None]:
    """Check what every command prints with ``--json`` in the tests of this session."""
    invoke = CliRunner.invoke

    def checked(self: CliRunner, cli: click.Command, args: Any = None, *more: Any, **named: Any) -> Result:
        result = invoke(self, cli, args, *more, **named)
        words = [] if args is None else list(map(str, args))
        if "--json" in words and "--help" not in words:
            printed = [line for line in result.stdout.splitlines() if line.startswith("{")]
            assert len(printed) == 1 or result.exit_code != 0, (
                f"{words} printed no JSON object:\n{result.output}"
            )
            for line in printed:
                check(schema_of(cli, words), json.loads(line))
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CliRunner, "invoke", checked)
        yield


@pytest.fixture(scope="session")
def conforms() -> Callable[[str, object], None]:
    """``conforms(command, value)`` checks a value against the schema of that command's output."""
    return check
