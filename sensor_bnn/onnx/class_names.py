"""The names of a model's classes and channels in the metadata of an ONNX file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from sensor_bnn.errors import ModelError


def class_names(said: Mapping[str, str], path: Path) -> tuple[str, ...] | None:
    """Return the names of the classes in the order of the outputs; None if the file has none.

    Args:
        said: the file's metadata; `sensor-bnn export` writes the names as a JSON list.
        path: the file, for the message.

    Raises:
        ModelError: the file has class names, but in another form.
    """
    return _names("classes", said, path)


def channel_names(said: Mapping[str, str], path: Path) -> tuple[str, ...] | None:
    """Return the names of the channels in the order of the input; None if the file has none.

    The arguments and errors are those of ``class_names``.
    """
    return _names("channels", said, path)


def _names(key: str, said: Mapping[str, str], path: Path) -> tuple[str, ...] | None:
    if key not in said:
        return None
    try:
        names = json.loads(said[key])
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise ModelError(
            f"The metadata of {path} has `{key}`, but its value is not a JSON list of names.",
            f"Export the model again, or correct or remove `{key}` in the file's metadata.",
        )
    return tuple(names)
