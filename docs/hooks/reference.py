"""Pages of the site that are made from the program: commands from click, recipes from their dataclasses.

`python docs/hooks/reference.py` writes them into docs/, for readers of the repository; a test holds them
equal to the program. MkDocs calls `on_files` (`hooks` in mkdocs.yml), so that the site has those of now.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from sensor_bnn.cli import COMMANDS, root
from sensor_bnn.nn.config import TransformerConfig
from sensor_bnn.nn.hybrid_config import HybridConfig
from sensor_bnn.train.recipe import Augmentation, DataRecipe, Distillation, Recipe, Schedule, recipe_names
from sensor_bnn.train.sets import SETS

_SECTIONS = {
    "At the top": Recipe,
    "[data]": DataRecipe,
    "[augment]": Augmentation,
    "[schedule]": Schedule,
    "[distill]": Distillation,
    "[model], family vit": TransformerConfig,
    "[model], family hybrid": HybridConfig,
}
_NO_KEYS = {
    **dict.fromkeys(_SECTIONS, ("folder",)),
    "At the top": ("data", "augment", "schedule", "distill"),
    **dict.fromkeys(
        ("[model], family vit", "[model], family hybrid"),
        (
            *("name", "classes", "channel_names", "channels", "height", "length"),
            *("target_scales", "target_offsets"),
        ),
    ),
}
"""Fields that no recipe sets: the sections themselves, and what is found out or taken from the data."""
_LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
}
_TYPES = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
    "null": "not given",
    "object": "table",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Put the generated pages in place of the committed ones."""
    for name, page in pages().items():
        committed = files.get_file_from_path(name)
        if committed is not None:
            files.remove(committed)
        files.append(File.generated(config, name, content=page))
    return files


def pages() -> dict[str, str]:
    """Return the text of each generated page by the name of its file in docs/."""
    return {"commands.md": commands_page(), "recipe-keys.md": recipes_page()}


def commands_page() -> str:
    """Return a page with every command: usage, what it does, and each option with its default."""
    context = click.Context(root, info_name="sensor-bnn")
    parts = [
        "# Commands\n",
        "In the order of the pipeline, as `sensor-bnn --help` lists them. This page is made from the commands"
        " themselves.\n",
    ]
    for name in COMMANDS:
        command = root.get_command(context, name)
        assert command is not None, name
        parts.extend(_command(command, click.Context(command, context, info_name=name), level=2))
    return "\n".join(parts)


def _command(command: click.Command, context: click.Context, level: int) -> Iterator[str]:
    words = context.command_path
    yield f"{'#' * level} {words.removeprefix('sensor-bnn ')}\n"
    yield f"```sh\n{' '.join([words, *command.collect_usage_pieces(context)])}\n```\n"
    yield _help(command.help or "")
    rows = [_option(option, context) for option in command.params if isinstance(option, click.Option)]
    if rows:
        yield "| option | what it does |\n|---|---|"
        yield "\n".join(rows) + "\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            part = command.get_command(context, name)
            assert part is not None, name
            yield from _command(part, click.Context(part, context, info_name=name), level + 1)


def _help(text: str) -> str:
    """Return a help text as Markdown; what click prints line by line (after ``\\b``) is code."""
    parts = []
    for part in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        lines = part.strip("\n").splitlines()
        if lines and lines[0].strip() == "\b":
            head, body = lines[1], lines[2:]
            parts.append(f"{_text(head)}\n\n```text\n{inspect.cleandoc(chr(10).join(body))}\n```\n")
        elif lines:
            parts.append(_text(" ".join(line.strip() for line in lines)) + "\n")
    return "\n".join(parts)


def _option(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context)
    assert record is not None, option.name
    names, told = record
    default = option.get_default(context)
    if isinstance(default, str | int | float) and not isinstance(default, bool) and default not in ("", 0):
        told += "" if "default" in told else f"  [default: {default}]"
    return f"| {_code(names)} | {_text(told)} |"


def recipes_page() -> str:
    """Return a page with every key of a recipe: what it may be, its default and its meaning."""
    parts = [
        "# Keys of a recipe\n",
        "A recipe is a TOML file. This page is made from the dataclasses that read it"
        " (`sensor_bnn/train/recipe.py`); a value outside these ranges is refused. [Train your own"
        " sensor](own-sensor.md) and [Training](training.md) say when to use them.\n",
        "`base` names another recipe whose values apply where this file has none. Recipes that ship: "
        + ", ".join(f"`{name}`" for name in recipe_names())
        + ".\n",
    ]
    for heading, kind in _SECTIONS.items():
        parts.append(f"## {heading}\n")
        parts.append(_summary(kind) + "\n")
        if kind is DataRecipe:
            parts.append("Values of `set`: " + ", ".join(map(_code, sorted(SETS))) + ".\n")
        parts.append("| key | may be | default | meaning |\n|---|---|---|---|")
        rows = [row for row in _keys(kind) if row[0] not in _NO_KEYS[heading]]
        parts.append("\n".join(f"| {_code(row[0])} | " + " | ".join(row[1:]) + " |" for row in rows) + "\n")
    return "\n".join(parts)


def _summary(kind: type) -> str:
    return _text((inspect.getdoc(kind) or "").split("\n\n")[0])


def _keys(kind: Any) -> Iterator[tuple[str, str, str, str]]:
    """Yield key, range, default and meaning of each field of a dataclass."""
    schema = msgspec.json.schema(kind)
    properties = schema["$defs"][kind.__name__]["properties"]
    told = _told(kind)
    for item in dataclasses.fields(kind):
        found = properties[item.name]
        usual = found.get("default")
        shown = "" if usual is None else _code(json.dumps(usual, ensure_ascii=False))
        yield item.name, _range(found, schema["$defs"]), shown, _text(told[item.name])


def _told(kind: type) -> dict[str, str]:
    """Return the meaning of each field from the docstring's list of attributes."""
    told: dict[str, str] = {}
    _, _, attributes = (inspect.getdoc(kind) or "").partition("Attributes:\n")
    for item in re.finditer(r"^    ([\w, ]+): (.*(?:\n {5,}.*)*)", attributes, re.MULTILINE):
        for name in item[1].split(", "):
            told[name] = item[2]
            if elsewhere := re.match(r"as in ``([\w.]+)\.(\w+)``", item[2]):
                told[name] = _told(getattr(importlib.import_module(elsewhere[1]), elsewhere[2]))[name]
    return told


def _range(facts: dict[str, Any], others: dict[str, Any]) -> str:
    """Return in words what a JSON Schema permits."""
    if "$ref" in facts:
        named = others[facts["$ref"].rpartition("/")[2]]
        return "table with " + ", ".join(_code(key) for key in named.get("properties", {}))
    if "anyOf" in facts:
        return " or ".join(dict.fromkeys(_range(one, others) for one in facts["anyOf"]))
    if "enum" in facts:
        return " or ".join(_code(json.dumps(value)) for value in facts["enum"])
    kind = facts.get("type", "any value")
    if kind == "array":
        inner = _range(facts["items"], others) if isinstance(facts.get("items"), dict) else "values"
        return f"list of: {inner}"
    limits = [words.format(f"{facts[key]:,}") for key, words in _LIMITS.items() if key in facts]
    return ", ".join([_TYPES.get(kind, kind), *limits])


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _text(text: str) -> str:
    """Return plain text of the program as Markdown: only its code is markup, and no cell is ended."""
    text = " ".join(text.replace("``", "`").split())
    parts = text.split("`")
    for place in range(0, len(parts), 2):
        parts[place] = re.sub(r"([*_<\[\]|])", r"\\\1", parts[place])
    return "`".join(part.replace("|", "\\|") if place % 2 else part for place, part in enumerate(parts))


if __name__ == "__main__":
    for _name, _page in pages().items():
        (Path(__file__).parents[1] / _name).write_text(_page, encoding="utf-8")
