"""The bundle's window files for the stand-ins, as the compiler writes them."""

from __future__ import annotations

from math import prod
from pathlib import Path

import msgspec

from sensor_bnn.compiler.metadata import End, InputGain
from sensor_bnn.compiler.templates import renderer
from sensor_bnn.compiler.window import SOURCE, window_facts, window_files

_BYTES = {"float32": 4, "int16": 2}


def write_window(
    folder: Path,
    dtype: str,
    channels: int,
    values: int,
    outputs: int,
    step: float | None = None,
    gain: InputGain = "fixed",
) -> Path:
    """Write the files of windows [channels, values / channels] into the folder; returns the C file."""
    source, result = (
        msgspec.convert({"dtype": dtype, "shape": shape, "bytes": prod(shape) * _BYTES[dtype]}, End)
        for shape in ((1, channels, values // channels), (1, outputs))
    )
    of_window = window_facts(source, result, None, step, gain=gain)
    facts = {"prefix": "stand_in", "macro": "STAND_IN", **of_window}
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in window_files("stand_in", dtype == "float32", renderer(facts)).items():
        (folder / name).write_text(text)
    return folder / SOURCE
