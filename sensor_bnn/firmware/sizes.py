"""A firmware's build as later stages read it: facts of ``build.json``, and whether its files are whole."""

from __future__ import annotations

from pathlib import Path

import msgspec

from sensor_bnn.compiler.metadata import BUILD_REPORT, BundleFile, Bytes, Sha256
from sensor_bnn.digests import damage, is_sealed
from sensor_bnn.errors import BundleError
from sensor_bnn.reading import Source, contents, json_values, typed

_REMEDY = "Build the firmware again with `sensor-bnn build`."


class BuildSizes(msgspec.Struct, frozen=True):
    """Board, model, and sizes in bytes.

    Attributes:
        board: the name of the board that it was built for.
        model_hash: SHA-256 of the ONNX file.
        flash_bytes: the image with its header.
        weights_bytes: of these, the weights.
        files: the SHA-256 of every other file of the build, by its name.
    """

    board: str
    model_hash: Sha256
    flash_bytes: Bytes
    weights_bytes: Bytes
    files: dict[BundleFile, Sha256]


def read_build(folder: Path) -> BuildSizes:
    """Read ``folder/build.json``, and check every file of the build.

    Raises:
        BundleError: the file is missing or damaged; the message names key and value. Or another file of the
            build is missing or has changed; the message names it.
    """
    source = Source(str(folder / BUILD_REPORT), BundleError, _REMEDY)
    values = json_values(contents(folder / BUILD_REPORT, source), source)
    sizes = typed(values, BuildSizes, source)
    if not isinstance(values, dict) or not is_sealed(values):
        raise BundleError(f"{source.name} has changed since it was written: its digest differs.", _REMEDY)
    damaged = damage(folder, sizes.files)
    if damaged:
        raise BundleError(f"The build {folder} is damaged: {damaged}.", _REMEDY)
    return sizes
