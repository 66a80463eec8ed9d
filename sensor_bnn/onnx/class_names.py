"""The names of a model's classes in the metadata of an ONNX file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from sensor_bnn.errors import ModelError

_KEY = "classes"


def class_names(said: Mapping[str, str], path: Path) -> tuple[str, ...] | None:
    """Return the names of the classes in the order of the outputs; None if the file has none.

    Args:
        said: the file's metadata; `sensor-bnn export` writes the names as a JSON list.
        path: the file, for the message.

    Raises:
        ModelError: the file has class names, but in another form.
    """
    if _KEY not in said:
        return None
    try:
        names = json.loads(said[_KEY])
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise ModelError(
            f"The metadata of {path} has `{_KEY}`, but its value is not a JSON list of names.",
            f"Export the model again, or correct or remove `{_KEY}` in the file's metadata.",
        )
    return tuple(names)
