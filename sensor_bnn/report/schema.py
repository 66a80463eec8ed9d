"""JSON Schemas of what each command prints with `--json`, and the check of a file against one.

The schemas use a small part of JSON Schema 2020-12, which :func:`violation` checks. The tests compare it
with a full validator, and check every command's real output against its schema.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "schemas"
VERSION = 1
"""The version of all schemas. Removing a field or changing its meaning increases it; a new field does not."""

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


@cache
def load_schema(name: str) -> dict[str, Any]:
    """Return the schema of a command's output, or of a part that several share."""
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content


def schema_id(command: str) -> str:
    """Return the value of the field ``schema`` in a result of this command."""
    return f"sensor-bnn/{command}/{VERSION}"


def violation(value: object, name: str) -> str | None:
    """Return in words where ``value`` violates the schema ``name``; None if it does not."""
    return _violation(value, load_schema(name), "the result")


def _violation(value: object, schema: dict[str, Any], where: str) -> str | None:
    found = _of_kind(value, schema, where)
    if found is not None:
        return found
    for part in schema.get("allOf", []):
        found = found or _violation(value, part, where)
    if "$ref" in schema:
        found = found or _violation(value, _refer(schema["$ref"]), where)
    if found is None and isinstance(value, dict):
        found = _of_members(value, schema, where)
    if found is None and isinstance(value, list) and "items" in schema:
        for place, item in enumerate(value):
            found = found or _violation(item, schema["items"], f"{where}[{place}]")
    return found


def _of_kind(value: object, schema: dict[str, Any], where: str) -> str | None:
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        return f"{where} is {_brief(value)}, not {' or '.join(kinds)}"
    if "const" in schema and value != schema["const"]:
        return f"{where} is {_brief(value)}, not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{where} is {_brief(value)}, not one of {', '.join(map(repr, schema['enum']))}"
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        return f"{where} is {_brief(value)}, which does not match {schema['pattern']}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value < schema.get("minimum", value):
            return f"{where} is {value}, less than {schema['minimum']}"
        if value > schema.get("maximum", value):
            return f"{where} is {value}, more than {schema['maximum']}"
    if isinstance(value, list) and len(value) < schema.get("minItems", 0):
        return f"{where} has {len(value)} items, not {schema['minItems']} or more"
    return None


def _of_members(value: dict[str, object], schema: dict[str, Any], where: str) -> str | None:
    for key in schema.get("required", []):
        if key not in value:
            return f"{where} lacks {key}"
    known = schema.get("properties", {})
    rest = schema.get("additionalProperties", True)
    for key, member in value.items():
        part = known.get(key, rest)
        if isinstance(part, dict):
            found = _violation(member, part, f"{where}.{key}")
            if found is not None:
                return found
    return None


def _is(value: object, kind: str) -> bool:
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _refer(reference: str) -> dict[str, Any]:
    """``common.json#/$defs/layer`` or ``bench.json``."""
    file, _, path = reference.partition("#")
    schema = load_schema(file.removesuffix(".json"))
    for key in path.strip("/").split("/"):
        schema = schema[key] if key else schema
    return schema


def _brief(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
