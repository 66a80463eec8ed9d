"""Storage of constants in the narrowest type that holds their values exactly; kernels get them widened."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]

_INTEGERS = (np.uint8, np.int8, np.uint16, np.int16)
_SMALLEST_NORMAL = np.finfo(np.float16).smallest_normal


def narrowest(array: Array) -> Array:
    """Return the array in the narrowest type that holds each value exactly, or the array itself.

    A float32 array may become int8 (whole numbers, no negative zero) or float16 (no subnormal numbers, so
    that widening is one exact product). An int32 array may become an integer of 8 or 16 bits. Packed bits
    stay.
    """
    if array.dtype == np.int32 and array.size:
        for kind in _INTEGERS:
            limits = np.iinfo(kind)
            if limits.min <= array.min() and array.max() <= limits.max:
                return array.astype(kind)
    if array.dtype == np.float32:
        if _is_exact(array, np.int8):
            return array.astype(np.int8)
        if _is_exact(array, np.float16):
            return array.astype(np.float16)
    return array


def _is_exact(array: Array, kind: Any) -> bool:
    limit = np.iinfo(kind).max if np.dtype(kind).kind == "i" else float(np.finfo(kind).max)
    size = np.abs(array)
    # A NaN fails this comparison too.
    if not np.all(size <= limit):
        return False
    if np.dtype(kind).kind == "f" and bool(((size > 0) & (size < _SMALLEST_NORMAL)).any()):
        return False
    # The bytes are compared, because a comparison of values cannot tell -0.0 from 0.0.
    return array.astype(kind).astype(array.dtype).tobytes() == array.tobytes()
