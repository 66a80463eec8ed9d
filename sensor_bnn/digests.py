"""SHA-256 digests by which a folder's JSON file vouches for its own values and for the other files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SEAL = "digest"
"""The key of the values' own digest."""


def sealed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values, which JSON can hold, with their own digest, instead of an earlier one."""
    unsealed = {key: value for key, value in values.items() if key != SEAL}
    return {**unsealed, SEAL: _digest(unsealed)}


def is_sealed(values: Mapping[str, Any]) -> bool:
    """Whether the values have the right digest of their own."""
    return bool(values.get(SEAL) == sealed(values)[SEAL])


def _digest(values: Mapping[str, Any]) -> str:
    """Of the values and not of the text: white space and the order of keys mean nothing in JSON."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def file_sha256(file: Path) -> str:
    """Return the hexadecimal SHA-256 of a file.

    Raises:
        OSError: it cannot be read.
    """
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def damage(folder: Path, digests: Mapping[str, str]) -> str:
    """Compare files with their digests; return what is wrong, with their names, or an empty text.

    Args:
        folder: the folder of the files.
        digests: hexadecimal SHA-256 by the path in the folder.
    """
    return ", ".join(told for told in (_damage(folder, *entry) for entry in digests.items()) if told)


def _damage(folder: Path, name: str, digest: str) -> str | None:
    try:
        found = file_sha256(folder / name)
    except FileNotFoundError:
        return f"{name} is missing"
    except OSError as error:
        return f"{name} cannot be read ({error.strerror})"
    return None if found == digest else f"{name} has changed since it was written"
