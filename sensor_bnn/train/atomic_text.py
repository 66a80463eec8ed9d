"""Text files that are whole or untouched."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from sensor_bnn.errors import CheckpointError


def write_text(path: Path, text: str) -> None:
    """Write a text in one step.

    Raises:
        CheckpointError: the disk is full, or the place cannot be written to; an older file stands.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be written ({error.strerror or error}).",
            "Free some space or choose another folder; what was saved before is kept.",
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write plain values in one step.

    Raises:
        CheckpointError: see ``write_text``.
    """
    write_text(path, json.dumps(content, indent=1) + "\n")
