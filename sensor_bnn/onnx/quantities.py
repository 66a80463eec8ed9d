"""Sensor units to a model's numbers, and its numbers to logits: the one place that converts.

A model of floats takes samples as they are. One of integers takes int16: a sample in sensor units is
``input_step[c]`` times the integer of its channel, and a logit is ``output_step`` times an output. Both steps
are in the metadata of the ONNX file, as JSON. If these also say ``input_gain`` "window", a sample is that
times the power of two by which its channel is divided in its window. A model that predicts numbers has
``numbers`` there, with name, scale and offset of each: a number is ``scale`` times an output, plus
``offset``. A model of bytes takes images: a pixel of value 1 is byte 255.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from sensor_bnn.data.predicted import Number
from sensor_bnn.errors import DataError, ModelError
from sensor_bnn.nn.window import GAIN_STEP
from sensor_bnn.reading import Source, json_values, typed

INPUT_STEP = "input_step"
"""The key of a JSON list: the sensor units of one step of each channel's integers."""
OUTPUT_STEP = "output_step"
"""The key of a JSON number: the logit of one step of the outputs."""

NUMBERS = "numbers"
"""The key of a JSON list: name, scale and offset of each number that the model predicts."""
INPUT_GAIN = "input_gain"
"""The key of a JSON string, a ``Gain``; a file without it has "fixed"."""
Gain = Literal["fixed", "window"]
"""Whether a step of the inputs is worth the same in all windows."""

InputStep = Annotated[float, Meta(gt=0)]
OutputStep = Annotated[float, Meta(gt=0, le=1e9)]
"""The steps that a bundle may have (``sensor_bnn.compiler.metadata``)."""

_LOWEST, _HIGHEST = -(1 << 15), (1 << 15) - 1


@dataclass(frozen=True)
class Steps:
    """What one step of a model's integers is worth.

    Attributes:
        input: the sensor units per step of each channel; None for inputs of floats or bytes.
        output: the logit per step of the outputs; None for outputs of floats.
        gain: ``window`` if each channel of a window is divided by a power of two before its steps are
            counted, see ``powers``.
        numbers: what the outputs are, by name; None for logits of classes.
    """

    input: tuple[InputStep, ...] | None = None
    output: OutputStep | None = None
    gain: Gain = "fixed"
    numbers: tuple[Number, ...] | None = None


NO_STEPS = Steps()
"""Of a model without integers of its own."""


def steps_of(said: Mapping[str, str], path: Path) -> Steps:
    """Read the steps of a model's integers.

    Args:
        said: the metadata of an ONNX file.
        path: the file, for the message.

    Raises:
        ModelError: a value is malformed: no JSON, no number above 0, for the inputs no list of those, for
            numbers no list of names, scales and offsets, or no gain; or with a gain per window a step is not
            ``GAIN_STEP``.
    """
    kinds: dict[str, Any] = {
        "input": tuple[InputStep, ...],
        "output": OutputStep,
        "gain": Gain,
        "numbers": Annotated[tuple[Number, ...], Meta(min_length=1)],
    }
    values = {}
    keys = ((INPUT_STEP, "input"), (OUTPUT_STEP, "output"), (INPUT_GAIN, "gain"), (NUMBERS, "numbers"))
    for key, name in keys:
        if key in said:
            source = Source(
                f"The metadata `{key}` of {path}",
                ModelError,
                f"Export the model again, or correct `{key}` in the file's metadata.",
            )
            values[name] = typed(json_values(said[key].encode(), source), kinds[name], source)
    steps = Steps(**values)
    if steps.gain == "window" and set(steps.input or ()) != {GAIN_STEP}:
        raise ModelError(
            f'The metadata of {path} have `{INPUT_GAIN}` "window", and {list(steps.input or ())} as'
            f" `{INPUT_STEP}`; each must be {GAIN_STEP}.",
            f"Export the model again, or correct `{INPUT_STEP}` in the file's metadata.",
        )
    return steps


def powers(windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the least power of two above the largest magnitude of each channel of windows ``[n, C, L]``.

    It is at least 2^-125, the least of which float32 has all bits.

    Returns:
        Float64 ``[n, C, 1]``.
    """
    largest = np.abs(windows).max(axis=2, keepdims=True)
    exponents = (largest.view(np.int32) >> 23).clip(min=1) - 126
    found: npt.NDArray[np.float64] = np.ldexp(1.0, exponents)
    return found


def to_model_input(
    samples: npt.NDArray[Any],
    dtype: np.dtype[Any],
    step: Sequence[float] | None = None,
    gain: Gain = "fixed",
) -> npt.NDArray[Any]:
    """Convert samples to the element type that a model takes. What is not float32 is returned as it is.

    An int16 is ``rint(sample / step)``, computed in float64; what is beyond the range of int16 gets its
    nearest end, as at the end of a sensor's range.

    Args:
        samples: the samples, float32: windows ``[n, C, L]`` in sensor units, or images ``[n, C, H, W]`` with
            values 0 .. 1, for bytes in steps of 1 / 255.
        dtype: the element type of the model's input: float32, uint8 or int16.
        step: the sensor units per step of each of the C channels; needed for int16 only.
        gain: with ``window`` the steps are those of samples divided by ``powers``, for windows alone.

    Raises:
        DataError: the model takes bytes, but the samples are not such pixels; or it takes int16, and a sample
            is not finite.
        ModelError: the model takes int16, and there is not one step per channel.
    """
    if samples.dtype != np.float32:
        return samples
    if dtype == np.uint8:
        return _to_bytes(samples)
    if dtype == np.int16:
        return _to_integers(samples, step, gain)
    return samples


def to_logits(outputs: npt.NDArray[Any], step: float | None = None) -> npt.NDArray[np.float32]:
    """Convert outputs of any shape to logits, float32: ``step`` times an integer; floats stay as they are."""
    if step is None or outputs.dtype.kind == "f":
        return outputs.astype(np.float32)
    return (outputs * np.float64(step)).astype(np.float32)


def to_values(outputs: npt.NDArray[Any], numbers: Sequence[Number]) -> npt.NDArray[np.float32]:
    """Return the numbers that outputs are, float32 of the same shape, ``[..., numbers]``.

    Product and sum are each rounded to float32, as in the function ..._values of a bundle's C code, so that
    both are equal to the last bit.

    Args:
        outputs: of the model, in its own type.
        numbers: what they are.
    """
    scales, offsets = (
        np.array([getattr(number, key) for number in numbers], dtype=np.float32)
        for key in ("scale", "offset")
    )
    return outputs.astype(np.float32) * scales + offsets


def _to_bytes(images: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    pixels: npt.NDArray[np.float32] = np.rint(images * np.float32(255))
    right = (pixels >= 0) & (pixels <= 255) & (np.abs(pixels / 255 - images) < 1e-6)  # False for NaN too
    if not right.all():
        at = np.unravel_index(int(np.argmin(right)), images.shape)
        raise DataError(
            f"The model takes pixels as bytes, but x{[int(place) for place in at]} of the samples is"
            f" {images[at]}; it must be a byte / 255.",
            "Give images. A model that was exported with --narrow takes floats if it is exported without it.",
        )
    return pixels.astype(np.uint8)


def _to_integers(
    windows: npt.NDArray[np.float32], step: Sequence[float] | None, gain: Gain
) -> npt.NDArray[np.int16]:
    channels = windows.shape[1]
    if step is None or len(step) != channels:
        raise ModelError(
            f"The model takes int16, but its metadata `{INPUT_STEP}` have {len(step or ())} steps for"
            f" {channels} channels.",
            "Export the model again, or add one step per channel, in sensor units, as a JSON list.",
        )
    finite = np.isfinite(windows)
    if not finite.all():
        at = np.unravel_index(int(np.argmin(finite)), windows.shape)
        raise DataError(
            f"x{[int(place) for place in at]} of the samples is {windows[at]}; the model takes integers.",
            "Remove or replace what is not a finite number.",
        )
    sizes = np.array(step, dtype=np.float64).reshape(-1, *[1] * (windows.ndim - 2))
    if gain == "window":
        sizes = sizes * powers(windows)
    with np.errstate(over="ignore"):  # an infinity is beyond the range, as any large number
        steps = np.rint(windows / sizes)
    return np.clip(steps, _LOWEST, _HIGHEST).astype(np.int16)
