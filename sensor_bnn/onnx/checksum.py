"""The SHA-256 of an ONNX file, in a file beside it as ``sha256sum`` writes and checks it.

A changed bit of a weight makes another valid model, so the file cannot show it by itself. The digest is not
in the file's metadata because the file is the model's identity: its SHA-256 is the hash that a board reports.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from sensor_bnn.errors import ModelError
from sensor_bnn.reading import is_file


def checksum_file(path: Path) -> Path:
    """Return the path of the checksum of an ONNX file."""
    return path.with_name(f"{path.name}.sha256")


def checksum_text(path: Path, data: bytes) -> str:
    """Return the contents of the checksum of an ONNX file with these bytes."""
    return f"{hashlib.sha256(data).hexdigest()}  {path.name}\n"


def check_data(path: Path, data: bytes) -> None:
    """Compare the bytes of an ONNX file with its checksum, if it has one.

    Args:
        path: where the bytes are from.
        data: the bytes.

    Raises:
        ModelError: they differ, or the checksum cannot be read.
    """
    file = checksum_file(path)
    if not is_file(file):
        return
    try:
        digest = file.read_bytes().split(maxsplit=1)[:1]
    except OSError as error:
        remedy = "Delete it, or export the model again."
        raise ModelError(f"{file} cannot be read: {error.strerror}.", remedy) from error
    if digest != [hashlib.sha256(data).hexdigest().encode()]:
        raise ModelError(
            f"{path} has changed since it was exported: {file.name} has another SHA-256.",
            f"Export the model again. If you changed it on purpose, delete {file}.",
        )
