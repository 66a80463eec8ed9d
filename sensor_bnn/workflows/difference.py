"""The layer in which a board's output begins to differ from the host's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sensor_bnn.digests import file_sha256
from sensor_bnn.errors import SensorBnnError
from sensor_bnn.hardware.boards import Board
from sensor_bnn.measure.difference import refuse_difference


def refuse_with_layer(facts: Mapping[str, Any], board: Board, samples: Path, places: Path) -> None:
    """End a command that has shown its result with an error, naming sample and layer, if the outputs differ.

    Args:
        facts: a result with the fields of ``Difference``, ``samples`` and ``model_hash``.
        board: where the outputs come from.
        samples: the file of the samples.
        places: the folder that, itself or in its folders, may hold the model's ONNX file.

    Raises:
        DeviceError: an output differs.
    """

    def layer(number: int) -> str | None:
        file = onnx_file(places, facts["model_hash"])
        return None if file is None else layer_that_differs(file, board, samples, number)

    refuse_difference(facts, board, layer, samples)


def onnx_file(places: Path, model_hash: str) -> Path | None:
    """Return the ONNX file of this SHA-256 in a folder or its folders; None if there is none."""
    files = [*sorted(places.glob("*.onnx")), *sorted(places.glob("*/*.onnx"))]
    return next((file for file in files if file_sha256(file) == model_hash), None)


def layer_that_differs(file: Path, board: Board, samples: Path, number: int) -> str | None:
    """Return a sentence about the first layer that differs for a sample; None without an emulator.

    The firmware of a model gives only its output. So this builds one that gives every layer, and runs it on
    an emulator of the same board.

    Args:
        file: the model's ONNX file.
        board: the board's facts.
        samples: a file of inputs.
        number: the sample, from 0.
    """
    if board.emulator is None:
        return None
    from sensor_bnn.workflows.verify import first_unequal_layer

    try:
        layer = first_unequal_layer(file, board, samples, number)
    except SensorBnnError as error:
        return f"The layer was not found: {error.message}"
    if layer is not None:
        return f"The first layer that differs is {layer}."
    return (
        f"In a firmware that is built again from {file}, no layer differs: what is in this board's flash or "
        "memory is damaged, or was built from something else."
    )
