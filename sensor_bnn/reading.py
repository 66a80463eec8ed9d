"""Read TOML and JSON from outside: decoded strictly, made into typed objects, refused in one sentence.

The types are frozen dataclasses or ``msgspec.Struct`` classes, whose annotations state the rules
(``Annotated[int, Meta(ge=0, le=8)]``, ``Literal["even", "odd"]``). A rule between several keys is a
``__post_init__`` that raises ValueError; its text starts with the key. A message says file, key, value and
rule: ``recipe.toml: augment.crop is -2; it must be between 0 and 8.``
"""

from __future__ import annotations

import difflib
import json
import math
import re
import reprlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from sensor_bnn.errors import SensorBnnError

LARGEST_BYTES = 64 << 20
"""No file that is read here comes near it; a device that never ends, such as /dev/zero, does."""

DEEPEST = 32
"""Levels of nesting; the deepest file of ours has six, and a parser's recursion ends at some hundred."""

_Kind = TypeVar("_Kind")
_Path = tuple[str | int, ...]
_info: Callable[[Any], inspect.Type] = cache(inspect.type_info)


@dataclass(frozen=True)
class Source:
    """What is read, and how its mistakes are reported.

    Attributes:
        name: the file, or what else holds the values; the start of each message.
        error: the exception of a mistake.
        remedy: what the user can do about a mistake.
    """

    name: str
    error: type[SensorBnnError]
    remedy: str

    def wrong(self, what: str) -> SensorBnnError:
        """Return the exception for a mistake."""
        return self.error(f"{self.name}: {what}.", self.remedy)


def read_toml(file: Path, kind: type[_Kind], source: Source) -> _Kind:
    """Read a TOML file as ``kind``; raises the source's error as :func:`toml_values` and :func:`typed` do."""
    return typed(toml_values(file, source), kind, source)


def read_json(file: Path, kind: type[_Kind], source: Source) -> _Kind:
    """Read a JSON file as ``kind``; raises the source's error as :func:`json_values` and :func:`typed` do."""
    return typed(json_values(contents(file, source), source), kind, source)


def contents(file: Path, source: Source) -> bytes:
    """Return a file's bytes; the source's error if it is missing, no file, unreadable or too large."""
    try:
        with file.open("rb") as stream:
            # One byte more than is allowed shows that a file is too large; a device reports no size.
            data = stream.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise source.error(f"Cannot read {source.name}: {error.strerror}.", source.remedy) from None
    except ValueError:  # a NUL in the path
        raise source.error(f"Cannot read {source.name!r}: that is no path.", source.remedy) from None
    if len(data) > LARGEST_BYTES:
        raise source.wrong(f"it has more than {LARGEST_BYTES >> 20} MiB")
    return data


def is_file(file: Path) -> bool:
    """Whether there is such a file; a path that no system could have, or that is kept from us, is none."""
    try:
        return file.is_file()
    except OSError:
        return False


def toml_values(file: Path, source: Source) -> dict[str, Any]:
    """Return a TOML file's values; the source's error if it cannot be read or is no TOML."""
    text = _text(contents(file, source), source, "TOML")
    try:
        values = tomllib.loads(text)
    except RecursionError:
        raise _too_deep(source) from None
    except ValueError as error:
        raise source.wrong(f"it is no valid TOML: {error}") from None
    _check_plain(values, source)
    return values


def json_values(data: bytes, source: Source) -> object:
    """Return the value of a JSON text; the source's error for anything that RFC 8259 does not allow.

    A key that an object has twice, a number out of range and half a surrogate pair are refused as well.
    """
    text = _text(data, source, "JSON")
    try:
        values = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
        # Only an escape can leave half a surrogate pair in a text, which no UTF-8 output can hold.
        if "\\u" in text:
            json.dumps(values, ensure_ascii=False).encode()
    except RecursionError:
        raise _too_deep(source) from None
    except UnicodeEncodeError:
        raise source.wrong("it is no valid JSON: a text has half of a surrogate pair") from None
    except ValueError as error:
        raise source.wrong(f"it is no valid JSON: {error}") from None
    _check_plain(values, source)
    return values


def typed(values: object, kind: type[_Kind], source: Source) -> _Kind:
    """Return plain values as an object of ``kind``.

    Args:
        values: dictionaries, lists, texts, numbers, booleans and None.
        kind: a dataclass or Struct, or any other type that msgspec knows.
        source: where the values are from.

    Raises:
        SensorBnnError: ``source.error``: a key is unknown or missing, or a value breaks its rule; the message
            names the key by its path, such as ``layers[3].op``, and the value.
    """
    _check_plain(values, source)
    info = _info(kind)
    _check_keys(values, info, (), source)
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise source.wrong(_sentence(str(error), values, kind, info)) from None


def _text(data: bytes, source: Source, form: str) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise source.wrong(f"it is no valid {form}: line {line} is not UTF-8") from None
    if text.startswith("\ufeff"):
        raise source.wrong(f"it is no valid {form}: it starts with a byte order mark; save it as plain UTF-8")
    return text


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {_brief(twice)} is there twice")
    return values


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is no number in JSON")


def _check_plain(values: object, source: Source) -> None:
    """Refuse what no type would: too deep a nesting, and numbers that are not finite."""
    # A loop and not a recursion, so that any depth ends in a sentence.
    waiting: list[tuple[_Path, object]] = [((), values)]
    while waiting:
        path, value = waiting.pop()
        if len(path) > DEEPEST:
            raise _too_deep(source)
        if isinstance(value, Mapping):
            waiting += [((*path, str(key)), member) for key, member in value.items()]
        elif isinstance(value, list | tuple):
            waiting += [((*path, place), member) for place, member in enumerate(value)]
        elif isinstance(value, float) and not math.isfinite(value):
            raise source.wrong(f"{_name(path)} is {value}; it must be a finite number")


def _too_deep(source: Source) -> SensorBnnError:
    return source.wrong(f"it is nested more than {DEEPEST} levels deep")


def _check_keys(value: object, info: inspect.Type, path: _Path, source: Source) -> None:
    """Refuse unknown keys, but for a Struct that allows them; msgspec cannot for a dataclass."""
    if isinstance(value, Mapping):
        known = _fields(info) or {}
        closed = bool(known) and getattr(_bare(info), "forbid_unknown_fields", True)
        for key, member in value.items():
            if closed and key not in known:
                near = difflib.get_close_matches(str(key), known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"the known keys are {', '.join(known)}"
                # wrong() ends the sentence with a full stop, so a question loses its mark.
                raise source.wrong(f"{_name((*path, str(key)))} is not a known key; {hint}".rstrip("?"))
            _check_keys(member, _member(info, key), (*path, str(key)), source)
    elif isinstance(value, list | tuple):
        for place, member in enumerate(value):
            _check_keys(member, _member(info, place), (*path, place), source)


def _bare(info: inspect.Type) -> inspect.Type:
    """The type without notes, and without None where that is the only other choice."""
    if isinstance(info, inspect.Metadata):
        return _bare(info.type)
    if isinstance(info, inspect.UnionType):
        others = [part for part in info.types if not isinstance(part, inspect.NoneType)]
        return _bare(others[0]) if len(others) == 1 else info
    return info


def _fields(info: inspect.Type) -> dict[str, inspect.Field] | None:
    """The fields by key; None for no object."""
    bare = _bare(info)
    if isinstance(bare, inspect.StructType | inspect.DataclassType):
        return {field.encode_name: field for field in bare.fields}
    return None


def _member(info: inspect.Type, key: object) -> inspect.Type:
    """The type of the member ``key`` of a value of type ``info``; any where the type does not say."""
    bare, known = _bare(info), _fields(info)
    if known is not None and key in known:
        return known[str(key)].type
    if isinstance(bare, inspect.DictType):
        return bare.value_type
    if isinstance(bare, inspect.ListType | inspect.VarTupleType):
        return bare.item_type
    if isinstance(bare, inspect.TupleType) and isinstance(key, int) and key < len(bare.item_types):
        return bare.item_types[key]
    return inspect.AnyType()


def _sentence(told: str, values: object, kind: type[Any], info: inspect.Type) -> str:
    """What msgspec says of a value, in our words: key, value and rule."""
    text, _, where = told.partition(" - at `$")
    path = _find(where.rstrip("`"), told, values, kind)
    if text.startswith("Object missing required field"):
        return f"{_name((*path, text.split('`')[1]))} is missing"
    value: Any = values
    for key in path:
        info, value = _member(info, key), value[key]
    if text.startswith(("Expected ", "Invalid ", "Number ")):
        return f"{_name(path)} is {_brief(value)}; it must be {_rule(info, value)}"
    return _name((*path, text)) if path else text


def _find(where: str, told: str, values: object, kind: type[Any]) -> _Path:
    """Return the path that msgspec writes ``.layers[3].op``; it writes ``[...]`` for a key of a mapping."""
    path: _Path = ()
    for name, place, _ in re.findall(r"\.(\w+)|\[(\d+)\]|(\[\.\.\.\])", where):
        value: Any = values
        for step in path:
            value = value[step]
        path = (*path, name or (int(place) if place else _culprit(path, value, told, values, kind)))
    return path


def _culprit(path: _Path, mapping: Mapping[str, object], told: str, values: object, kind: type[Any]) -> str:
    """The key of the mapping at ``path`` that the message is of: the one that alone gives that message."""
    for key in mapping:
        try:
            msgspec.convert(_with(values, path, {key: mapping[key]}), kind)
        except msgspec.ValidationError as error:
            if str(error) == told:
                return key
    raise AssertionError(f"no key of {_name(path)} gives: {told}")


def _with(values: Any, path: _Path, part: object) -> Any:
    """A copy of plain values with ``part`` at ``path``."""
    if not path:
        return part
    copy: Any = dict(values) if isinstance(values, Mapping) else list(values)
    copy[path[0]] = _with(values[path[0]], path[1:], part)
    return copy


def _name(path: _Path) -> str:
    """A path as people write it: ``layers[3].op``."""
    if not path:
        return "it"
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60
_SHORT.maxlevel = 2


def _brief(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return "a table" if isinstance(value, Mapping) else _SHORT.repr(value)


def _rule(info: inspect.Type, value: object) -> str:
    """What a value of the type must be, short where ``value`` breaks its range alone."""
    if isinstance(info, inspect.Metadata) and info.extra and "rule" in info.extra:
        return str(info.extra["rule"])
    bare = _bare(info)
    match bare:
        case inspect.LiteralType(values):
            return f"one of {', '.join(map(_brief, values))}"
        case inspect.IntType():
            short = isinstance(value, int) and not isinstance(value, bool)
            return _range(bare, "" if short else "a whole number ") or "a whole number"
        case inspect.FloatType():
            short = isinstance(value, int | float) and not isinstance(value, bool)
            return _range(bare, "" if short else "a number ") or "a number"
        case inspect.BoolType():
            return "true or false"
        case inspect.StrType():
            if bare.pattern is not None:
                return f"a text that matches {bare.pattern}"
            return "a text that is not empty" if bare.min_length else "a text"
        case inspect.ListType() | inspect.VarTupleType():
            least = bare.min_length or 0
            amount = "one or more " if least == 1 else f"at least {least} " if least else ""
            return f"a list of {amount}{_plural(bare.item_type)}"
        case inspect.TupleType():
            return f"a list of {len(bare.item_types)} items"
        case inspect.UnionType():
            return " or ".join(_rule(part, None) for part in bare.types)
        case inspect.NoneType():
            return "null"
        case inspect.DictType():
            return "a table with at least one key" if bare.min_length else "a table"
    return "a table"


def _plural(info: inspect.Type) -> str:
    names = {inspect.IntType: "whole numbers", inspect.FloatType: "numbers", inspect.StrType: "texts"}
    names |= {inspect.ListType: "lists", inspect.VarTupleType: "lists", inspect.TupleType: "lists"}
    if isinstance(info, inspect.UnionType):
        return " or ".join(_plural(part) for part in info.types)
    return names.get(type(_bare(info)), "tables")


def _range(info: inspect.IntType | inspect.FloatType, kind: str) -> str:
    low = f"{info.ge:,}" if info.ge is not None else f"more than {info.gt:,}" if info.gt is not None else ""
    high = f"{info.le:,}" if info.le is not None else f"less than {info.lt:,}" if info.lt is not None else ""
    if info.ge is not None and info.le is not None:
        return f"{kind}between {low} and {high}"
    parts = ["at least " * (info.ge is not None) + low] * bool(low)
    parts += ["at most " * (info.le is not None) + high] * bool(high)
    return kind + " and ".join(parts) if parts else ""
