"""What a measurement needs to know of a firmware's build: some facts of its ``build.json``."""

from __future__ import annotations

from pathlib import Path

import msgspec

from sensor_bnn.compiler.metadata import Bytes, Sha256
from sensor_bnn.errors import BundleError
from sensor_bnn.reading import Source, read_json


class BuildSizes(msgspec.Struct, frozen=True):
    """Sizes in bytes.

    Attributes:
        model_hash: SHA-256 of the ONNX file.
        flash_bytes: the image with its header.
        weights_bytes: of these, the weights.
    """

    model_hash: Sha256
    flash_bytes: Bytes
    weights_bytes: Bytes


def read_build(folder: Path) -> BuildSizes:
    """Read ``folder/build.json``.

    Raises:
        BundleError: the file is missing or damaged; the message names key and value.
    """
    source = Source(
        str(folder / "build.json"), BundleError, "Build the firmware again with `sensor-bnn build`."
    )
    return read_json(folder / "build.json", BuildSizes, source)
