"""Inputs of models that take bytes: a pixel of value 1 is byte 255."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sensor_bnn.errors import DataError


def as_input(x: npt.NDArray[np.float32], dtype: np.dtype[Any]) -> npt.NDArray[np.generic]:
    """Convert samples to the element type that a model takes.

    Args:
        x: the samples, float32; if the model takes bytes, ``[n, C, H, W]`` with values 0 .. 1 in steps of
            1 / 255.
        dtype: the element type of the model's input.

    Raises:
        DataError: the model takes bytes, but the samples are not such pixels.
    """
    if dtype != np.uint8 or x.dtype != np.float32:
        return x
    pixels: npt.NDArray[np.float32] = np.rint(x * np.float32(255))
    right = (pixels >= 0) & (pixels <= 255) & (np.abs(pixels / 255 - x) < 1e-6)  # False for NaN too
    if not right.all():
        at = np.unravel_index(int(np.argmin(right)), x.shape)
        raise DataError(
            f"The model takes pixels as bytes, but x{[int(place) for place in at]} of the samples is {x[at]};"
            " it must be a byte / 255.",
            "Give images, or export the model without --narrow.",
        )
    inputs: npt.NDArray[np.uint8] = pixels.astype(np.uint8)
    return inputs
