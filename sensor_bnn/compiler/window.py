"""The bundle's C files for a stream of samples: ring, hop, scaling, smoothed decisions.

Models whose input is a window ``[1, channels, samples]`` have them. ``firmware/stream`` runs the same files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from sensor_bnn.compiler.metadata import End, InputGain
from sensor_bnn.compiler.templates import C_TYPES, Render
from sensor_bnn.resources import resource

SOURCE = "window.c"
NAMES = (
    *("sample", "decision", "window", "window_config"),
    *("window_init", "window_push", "window_fill", "window_decide", "window_take", "window_lost"),
)
"""What the header declares after the model's prefix and ``firmware/stream`` uses."""

_INPUTS = ("float32", "int16", "uint8")
_OUTPUTS = ("float32", "int16")
_BYTE_STEP = 1 / 255
_LIMITS = {"int16": (-(1 << 15), (1 << 15) - 1), "uint8": (0, 255)}


def has_window(source: End, result: End) -> bool:
    """Return whether a model takes windows of samples and gives logits of classes."""
    return (
        len(source.shape) == 3
        and source.shape[0] == 1
        and source.dtype in _INPUTS
        and result.dtype in _OUTPUTS
        and prod(result.shape) < 1 << 16
    )


def window_facts(
    source: End,
    result: End,
    input_step: Sequence[float] | None,
    output_step: float | None,
    *,
    gain: InputGain = "fixed",
    numbers: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return what the templates ``window.h.j2`` and ``window.c.j2`` are filled with, beside the prefix.

    Args:
        source, result: the model's input and output; see ``has_window``.
        input_step: what 1 of each channel of an int16 input is worth; None for 1.
        output_step: what 1 of an int16 output is worth; None for 1.
        gain: whether a window of floats is divided by powers of two, as ``Metadata.input_gain``.
        numbers: what the templates need of each number that the outputs are; none for logits of classes.
    """
    _, channels, samples = source.shape
    steps = (_BYTE_STEP if source.dtype == "uint8" else 1.0,) * channels if input_step is None else input_step
    least, most = _LIMITS.get(source.dtype, (None, None))
    return {
        "channels_count": channels,
        "window_samples": samples,
        "classes_count": prod(result.shape),
        "takes_floats": source.dtype == "float32" or gain == "window",
        "by_power": gain == "window",
        "input_type": C_TYPES[source.dtype],
        "output_type": C_TYPES[result.dtype],
        "gives_floats": result.dtype == "float32",
        "steps": steps,
        "input_least": least,
        "input_most": most,
        "output_step": output_step,
        "numbers": numbers,
    }


def window_files(prefix: str, gives_floats: bool, render: Render, numbers: bool = False) -> dict[str, str]:
    """Return the contents of the files by their names in the bundle.

    Args:
        prefix: the prefix of the model's symbols.
        gives_floats: whether the model's output is float32.
        render: the function that fills a template.
        numbers: whether the outputs are numbers, and not logits of classes.
    """
    files = {f"{prefix}_window.h": render("window.h.j2"), SOURCE: render("window.c.j2")}
    if numbers:  # no probabilities
        return files
    exponential = "exponential.h" if gives_floats else "fixed_exponential.h"
    return {**files, exponential: (resource("firmware") / "runtime" / exponential).read_text()}
