"""Run a bundle that was compiled for this machine: the same C that the board runs, through ctypes."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.errors import BundleError
from sensor_bnn.files import scratch_folder, write_file

_ARENA_ALIGNMENT = 16
LIBRARY = "libmodel.so"


class HostModel:
    """A loaded host bundle. Threads may share it: every inference has an arena of its own.

    Args:
        folder: the folder of a bundle for the target ``host``.

    Raises:
        BundleError: the folder is not such a bundle.
    """

    def __init__(self, folder: Path) -> None:
        remedy = "Compile the model with `sensor-bnn compile MODEL --target host`."
        self.metadata = read_metadata(folder, remedy)
        try:
            self._library = _load(folder / LIBRARY)
        except OSError as error:
            raise BundleError(f"{folder} is not a bundle for this machine: {error}.", remedy) from error
        try:
            self._invoke = self._library[f"{self.metadata.prefix}_run"]
        except AttributeError:
            raise BundleError(
                f"{folder / LIBRARY} has no function {self.metadata.prefix}_run.", remedy
            ) from None
        self._invoke.argtypes = [ctypes.c_void_p] * 4
        self._invoke.restype = None

    def infer(self, window: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Return the output for one input.

        Args:
            window: the input, with the shape and the dtype of the bundle's input.

        Raises:
            BundleError: the window has another size or type.
        """
        source, result = self.metadata.input, self.metadata.output
        if window.dtype != np.dtype(source.dtype) or window.nbytes != source.bytes:
            raise BundleError(
                f"The model takes {source}, not {window.dtype} {list(window.shape)}.",
                "Give it samples of its own data set.",
            )
        contiguous = np.ascontiguousarray(window)
        output = np.zeros(result.shape, dtype=np.dtype(result.dtype))
        # Not one for all: while the library runs, ctypes lets other threads run.
        arena = np.empty(self.metadata.arena_bytes + _ARENA_ALIGNMENT, dtype=np.uint8)
        aligned = arena.ctypes.data + -arena.ctypes.data % _ARENA_ALIGNMENT
        self._invoke(aligned, contiguous.ctypes.data, output.ctypes.data, None)
        return output


def _load(library: Path) -> ctypes.CDLL:
    """Load a copy of the library, because the loader would return an earlier library of the same path."""
    content = library.read_bytes()
    with scratch_folder("host") as folder:
        write_file(folder / library.name, content)
        return ctypes.CDLL(str(folder / library.name))
