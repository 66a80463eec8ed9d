"""The files of a build: each is replaced only when all are written."""

from __future__ import annotations

import tempfile
from pathlib import Path

from sensor_bnn.errors import SensorBnnError


def place_files(files: dict[str, bytes], folder: Path) -> None:
    """Write all files, named in ``folder``, beside their places, then move them there.

    Raises:
        SensorBnnError: the folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".build-") as temporary:
            for name, content in files.items():
                (Path(temporary) / name).write_bytes(content)
            for name in files:
                (Path(temporary) / name).replace(folder / name)
    except OSError as error:
        raise SensorBnnError(
            f"Cannot write to {folder}: {error.strerror}.", "Choose another output folder."
        ) from None
