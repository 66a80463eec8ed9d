"""JSON Schemas of what each command prints with `--json`, and the check of a file against one.

fastjsonschema supports the drafts up to 7. The schemas use keywords that mean the same in all drafts, which a
test checks; another test compares with a full validator of 2020-12, which the schemas name.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "schemas"
VERSION = 1
"""The version of all schemas. Removing a field or changing its meaning increases it; a new field does not."""


@cache
def load_schema(name: str) -> dict[str, Any]:
    """Return the schema of a command's output, or of a part that several share."""
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content


def schema_id(command: str) -> str:
    """Return the value of the field ``schema`` in a result of this command."""
    return f"sensor-bnn/{command}/{VERSION}"


def violation(value: object, name: str) -> str | None:
    """Return in words where ``value`` violates the schema ``name``, with the value found; None if nowhere."""
    from fastjsonschema import JsonSchemaValueException

    try:
        _validator(name)(value)
    except JsonSchemaValueException as error:
        name = str(error.name)
        place = "the result" if name == "data" else name.removeprefix("data.")
        if error.rule == "required":
            missing = next(key for key in error.rule_definition if key not in error.value)
            return f"{place} lacks {missing}"
        return f"{place} is {_brief(error.value)}; it {error.message.removeprefix(name).strip()}"
    return None


@cache
def _validator(name: str) -> Callable[[object], object]:
    """Return the schema compiled to Python, which takes some 50 ms: only what is used is compiled."""
    import fastjsonschema

    compiled: Callable[[object], object] = fastjsonschema.compile(
        load_schema(name), handlers={"https": _refer}, use_default=False, use_formats=False
    )
    return compiled


def _refer(uri: str) -> dict[str, Any]:
    """Return the schema of ours that another refers to by its ``$id``: no reference leaves the package."""
    return load_schema(uri.rsplit("/", 1)[-1].removesuffix(".json"))


def _brief(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
