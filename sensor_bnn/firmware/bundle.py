"""A model bundle as the build takes it: its facts, and every file that is compiled or linked."""

from __future__ import annotations

from pathlib import Path

from sensor_bnn.compiler.metadata import COMPILE_AGAIN, FILE, Metadata, no_bundle, read_metadata
from sensor_bnn.errors import BundleError

SOURCES = ("model.h", "model.c", "weights.c", "kernels.o")


def read_bundle(folder: Path) -> Metadata:
    """Read the facts of ``folder`` and check that the sources are there and whole.

    Raises:
        BundleError: a file is missing or has changed since it was compiled; the message names it.
    """
    if not (folder / FILE).is_file():
        raise no_bundle(folder)
    missing = [name for name in SOURCES if not (folder / name).is_file()]
    if missing:
        raise BundleError(
            f"The folder {folder} is no model bundle: {', '.join(missing)} missing.", COMPILE_AGAIN
        )
    metadata = read_metadata(folder)
    for name in (*SOURCES, *metadata.sources):
        if name not in metadata.files:
            raise BundleError(
                f"The bundle {folder} has no digest of {name}, one of its sources.", COMPILE_AGAIN
            )
    return metadata
