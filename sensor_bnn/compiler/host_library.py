"""Run a bundle that was compiled for this machine: the same C that the board runs, through ctypes."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.errors import BundleError, DataError
from sensor_bnn.files import scratch_folder, write_file
from sensor_bnn.onnx.quantities import to_model_input, to_values

_ARENA_ALIGNMENT = 16
LIBRARY = "libmodel.so"
_LEAST_DIVIDED = 1 << 14
"""The least that the largest magnitude of a channel is after a window's own power of two has divided it."""


class HostModel:
    """A bundle for this machine, as a function of numpy arrays: ``model(window)``.

    It runs the C code that the bundle for a board has, and gives the same outputs to the last bit. Threads
    may share it, and then run at the same time: it needs no lock, because every inference has an arena of its
    own.

    Attributes:
        metadata: the bundle's facts: the input, the output, their steps, the names of classes and channels.

    Args:
        folder: the folder of a bundle for the target ``host``.

    Raises:
        BundleError: the folder is not such a bundle.
    """

    def __init__(self, folder: Path) -> None:
        remedy = "Compile the model with `sensor-bnn compile MODEL --target host`."
        self.metadata = read_metadata(folder, remedy)
        if self.metadata.target != "host":
            raise BundleError(
                f"{folder} is compiled for {self.metadata.target}, which this machine cannot run.", remedy
            )
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

    def __call__(self, inputs: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Return the outputs of one input or of several.

        Args:
            inputs: one input, such as a window ``[channels, samples]``, or several
                ``[n, channels, samples]``. The dtype is that of the model's input. For a model of integers it
                may also be float32: samples in the unit of the training data, which are divided by
                ``metadata.input_step`` and rounded, and before that by a power of two per channel and window
                if ``metadata.input_gain`` is "window". There an int16 channel is one that is divided already:
                it is 0, or its largest magnitude is 16384 or more.

        Returns:
            The outputs, ``[classes]`` or ``[n, classes]``, of the dtype of the model's output. An int16 is a
            logit in steps of ``metadata.output_step``; for the numbers of a regression see ``values``.

        Raises:
            DataError: the inputs have another shape or dtype, floats of them are not finite, or integers are
                not divided by the power of two of their channel.
        """
        source, result = self.metadata.input, self.metadata.output
        shape, dtype = source.shape[1:], np.dtype(source.dtype)
        if not isinstance(inputs, np.ndarray):
            raise DataError(
                f"The inputs are {type(inputs).__name__}; the model takes an array of numpy.",
                f"Convert them: numpy.array(inputs, numpy.{dtype}).",
            )
        inputs = inputs.astype(inputs.dtype.newbyteorder("="), copy=False)  # of any machine's byte order
        several = inputs if inputs.ndim > len(shape) else inputs[np.newaxis]
        if several.shape[1:] != shape:
            raise DataError(
                f"The inputs are {list(inputs.shape)}; the model takes {list(shape)}, or n of these.",
                "Give windows of the model's own channels and length.",
            )
        if several.dtype == dtype and self.metadata.input_gain == "window":
            _check_divided(several)
        if several.dtype != dtype and several.dtype == np.float32:
            several = to_model_input(several, dtype, self.metadata.input_step, self.metadata.input_gain)
        if several.dtype != dtype:
            alternative = "" if dtype == np.float32 else " or float32"
            raise DataError(
                f"The inputs are {several.dtype}; the model takes {dtype}{alternative}.",
                f"Convert them: inputs.astype(numpy.{'float32' if several.dtype.kind == 'f' else dtype}).",
            )
        outputs = np.zeros((len(several), *result.shape[1:]), np.dtype(result.dtype))
        for place, one in enumerate(several):
            outputs[place] = self.infer(one[np.newaxis])[0]
        return outputs if inputs.ndim > len(shape) else outputs[0]

    def values(self, inputs: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
        """Return the numbers that a model predicts of one input or of several, in their units.

        They are equal to the last bit to those of the function ..._values of the bundle's C code.

        Args:
            inputs: as in calling the model.

        Returns:
            float32 ``[numbers]`` or ``[n, numbers]``, in the order of ``metadata.numbers``, with their names.

        Raises:
            BundleError: the model tells classes apart.
            DataError: see calling the model.
        """
        if self.metadata.numbers is None:
            raise BundleError(
                f"The model {self.metadata.model} tells classes apart; its outputs are no numbers.",
                "Call the model itself, and take the place of the largest output.",
            )
        return to_values(self(inputs), self.metadata.numbers)

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


def _check_divided(windows: npt.NDArray[np.generic]) -> None:
    """Refuse int16 windows ``[n, channels, samples]`` that cannot have been divided by a power of two each.

    What passes is its own division, so no answer to raw integers is another one than to their floats.
    """
    largest = np.abs(windows.astype(np.int32)).max(axis=2)
    raw = (largest > 0) & (largest < _LEAST_DIVIDED)
    if raw.any():
        window, channel = (int(place) for place in np.argwhere(raw)[0])
        raise DataError(
            f"The inputs are int16, and the largest of channel {channel + 1} of window {window + 1} is"
            f" {largest[window, channel]}; the model takes int16 only of channels that are divided by"
            f" their own power of two, whose largest is {_LEAST_DIVIDED} or more.",
            "Give them as float32, which are divided: inputs.astype(numpy.float32).",
        )


def _load(library: Path) -> ctypes.CDLL:
    """Load a copy of the library, because the loader would return an earlier library of the same path."""
    content = library.read_bytes()
    with scratch_folder("host") as folder:
        write_file(folder / library.name, content)
        return ctypes.CDLL(str(folder / library.name))
