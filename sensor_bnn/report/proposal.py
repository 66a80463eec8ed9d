"""The recipe that `sensor-bnn data` proposes: as lines on the terminal, or as a file with comments."""

from __future__ import annotations

import json
import os
from dataclasses import fields, replace
from pathlib import Path

from sensor_bnn.data.recorded import USUAL_COLUMNS, Columns
from sensor_bnn.errors import CheckpointError, DataError
from sensor_bnn.files import check_file, write_file
from sensor_bnn.nn.config import NAME_RULE, is_good_name
from sensor_bnn.train.contents import Contents
from sensor_bnn.train.recipe import DataRecipe

_PRESET = 'preset = "sensor-small"'

_MEANINGS = {
    "set": "the format of the data",
    "path": "relative to this file",
    "columns": "what these columns are",
    "channels": "the columns to learn from; all others are left out",
    "step": "samples from the start of a window to that of the next",
    "missing": "missing values are filled by straight lines",
}
"""The comment on each key whose meaning does not depend on the data."""

_REST = """
# What this leaves open follows the data; `sensor-bnn train --dry-run` says how, and why. For example:
# [schedule]
# epochs = 20   # a short first try
"""


def recipe_lines(data: DataRecipe) -> str:
    """Return the start of a recipe as TOML: a preset of integers, and the keys of [data] that are chosen."""
    lines = [f"{key} = {value}" for key, value in _values(data).items()]
    return "\n".join([_PRESET, "", "[data]", *lines])


def mended_keys(data: DataRecipe, mended: DataRecipe) -> str:
    """Return the keys of [data] by which training takes what it refuses without, as in ``window = 50``."""
    before = _values(data)
    return ", ".join(f"{key} = {told}" for key, told in _values(mended).items() if told != before.get(key))


def check_recipe_file(file: Path) -> None:
    """Refuse a place for a recipe before anything is read.

    Raises:
        CheckpointError: the name is no recipe's, or there is such a file: it may have been edited.
        FileError: no file can be written there.
    """
    if file.suffix != ".toml" or not is_good_name(file.stem) or not any(map(str.isalnum, file.stem)):
        raise CheckpointError(
            f"{file} is no name of a recipe: before .toml it must be {NAME_RULE}, one of them a letter or"
            " digit.",
            "Name a file such as my-sensor.toml: the model gets this name.",
        )
    if os.path.lexists(file):
        raise CheckpointError(
            f"There is a file {file}, which is not overwritten.",
            f"Train it with `sensor-bnn train {file}`, or name a new file.",
        )
    check_file(file)


def write_recipe(file: Path, data: DataRecipe | None, found: Contents, doubt: str = "") -> None:
    """Write a recipe that trains on a user's data, with a comment on each key.

    Args:
        file: a new file, see ``check_recipe_file``.
        data: the section [data]; None if training takes these data in no form.
        found: what is in the data.
        doubt: a sentence on times that may be in another unit, which the recipe then says, too.

    Raises:
        DataError: training takes them in no form, or TOML cannot state their path.
        FileError: the file cannot be written.
    """
    if data is None:
        raise DataError(
            f"No recipe was written, because training refuses these data: {found.refused or 'see above'}",
            "Correct first what is refused; the tables show where.",
        )
    data = replace(data, path=_from(file.parent, Path(data.path)))
    seconds = f": {data.window / found.time.rate:.3g} s" if found.time.rate else ""
    if doubt:
        seconds += ", IF THE TIMES ARE IN SECONDS, see above"
    meanings = _MEANINGS | {"window": f"samples{seconds}"}
    rows = [(f"{key} = {value}", meanings[key]) for key, value in _values(data).items()]
    rows.append((f"test_share = {data.test_share}", "of the recordings of each class, if no column says it"))
    lines = [
        "# Written by `sensor-bnn data`. docs/recipe-keys.md has every key.",
        f"{_PRESET}   # `sensor-bnn models` lists others",
        "",
        "[data]",
        *[f"# CHECK FIRST: {_in_a_comment(doubt)}"] * bool(doubt),
        *_commented(rows),
    ]
    text = "\n".join(lines) + "\n" + _REST
    try:
        content = text.encode()
    except UnicodeEncodeError:  # Python keeps such bytes of a path as surrogates
        raise DataError(
            f"No recipe was written: the path {data.path!r} is not UTF-8, which TOML requires.",
            "Rename the file or folder.",
        ) from None
    write_file(file, content, exclusive=True)


def _in_a_comment(text: str) -> str:
    """Return a text without the signs that a comment of TOML must not have; columns may have any name."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def _commented(rows: list[tuple[str, str]]) -> list[str]:
    """Return lines with comments in one column; a line beyond it has its comment after three spaces."""
    width = max((len(line) for line, _ in rows if len(line) <= 40), default=0)
    return [f"{line:<{width}}   # {meaning}" for line, meaning in rows]


def _from(folder: Path, path: Path) -> str:
    """Return a path of the data as a recipe in a folder states it."""
    if path.is_absolute():
        return str(path)
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # on another drive of Windows
        return str(path.absolute())


def _values(data: DataRecipe) -> dict[str, str]:
    """Return the keys of [data] that are chosen, with their values in TOML."""
    usual = DataRecipe(set=data.set, path=data.path)
    values: dict[str, object] = {"set": data.set, "path": data.path}
    columns = {
        item.name: name
        for item in fields(Columns)
        if (name := getattr(data.columns, item.name)) != getattr(USUAL_COLUMNS, item.name)
    }
    if columns:
        values["columns"] = columns
    if data.channels:
        values["channels"] = data.channels
    if data.set != "npz":
        values |= {"window": data.window, "step": data.step}
    if data.missing != usual.missing:
        values["missing"] = data.missing
    return {key: _toml(value) for key, value in values.items()}


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_toml(one)}' for key, one in value.items())} }}"
    # A text of JSON is one of TOML, and so is a list of texts; but for a DEL, which JSON does not escape.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
