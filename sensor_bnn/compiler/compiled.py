"""What the compiler returns; importing it does not import TVM."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sensor_bnn.compiler.metadata import Metadata

BUNDLE = "bundle"
"""The kind of a bundle's folder, for ``sensor_bnn.files``."""
IR = "dump of the compiler's stages"
"""The kind of a dump's folder, likewise."""


@dataclass(frozen=True)
class Bundle:
    """A compiled model.

    Attributes:
        folder: the folder. It holds ``<prefix>.h lib<prefix>.a metadata.json``, ``<prefix>_window.h`` if the
            model takes windows, their sources (``model.c weights.h weights.c window.c kernels.o``, and
            ``kernels/*.[ch]`` if the model uses C kernels), ``model.h`` for ``sensor-bnn build``, and
            packages for other builds (``cmake zephyr arduino esp-idf library.json examples``); for a hosted
            target also ``libmodel.so``. If the target's C compiler is missing, there is no ``lib<prefix>.a``.
        metadata: the contents of ``metadata.json``.
    """

    folder: Path
    metadata: Metadata
