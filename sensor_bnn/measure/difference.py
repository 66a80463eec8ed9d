"""Outputs of a board beside those of the same model compiled for the host: equal to the last bit, or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sensor_bnn.errors import DeviceError
from sensor_bnn.hardware.boards import Board


@dataclass(frozen=True)
class Difference:
    """In how many samples two sets of outputs differ; all None where there is nothing to compare with.

    Attributes:
        bit_exact: every output is equal to the last bit.
        different: samples with another output.
        first_different: the first of them, counted from 0; None without one.
    """

    bit_exact: bool | None
    different: int | None
    first_different: int | None


def same_bits(got: npt.NDArray[Any], want: npt.NDArray[Any]) -> bool:
    """Whether two arrays are equal to the last bit: 0 is not -0, but each NaN equals any other.

    IEEE 754 leaves open which NaN an operation gives, such as infinity minus infinity: x86 sets its sign, and
    Arm does not. A finite input may be so large that a sum within the model overflows.
    """
    return _one_nan(got).tobytes() == _one_nan(want).tobytes()


def _one_nan(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if array.dtype.kind != "f":
        return array
    return np.where(np.isnan(array), array.dtype.type(np.nan), array)


def differences(outputs: npt.NDArray[Any], expected: npt.NDArray[Any] | None) -> Difference:
    """Compare outputs [n, classes] as ``same_bits`` does.

    Args:
        outputs: of the board.
        expected: of the host, of the same shape and type; None if there are none.
    """
    if expected is None:
        return Difference(None, None, None)
    unequal = [
        place
        for place, (got, want) in enumerate(zip(outputs, expected, strict=True))
        if not same_bits(got, want)
    ]
    return Difference(not unequal, len(unequal), unequal[0] if unequal else None)


def refuse_difference(
    facts: Mapping[str, Any],
    board: Board,
    layer: Callable[[int], str | None] = lambda number: None,
    samples: Path | None = None,
) -> None:
    """End a command with an error if the outputs differ; to be called after it has shown its result.

    Args:
        facts: a result with the fields of ``Difference``, and ``samples``.
        board: where the outputs come from.
        layer: called with the number of the first sample that differs; returns a sentence about the first
            layer that differs, or None if it is not known.
        samples: the file of the samples, for the command in the error's remedy.

    Raises:
        DeviceError: an output differs; the message names the first sample, and the layer or what finds it.
    """
    if not facts["different"]:
        return
    number = facts["first_different"]
    found = layer(number)
    if found is not None:
        remedy = found
    elif board.emulator is not None:
        given = "" if samples is None else f" --samples {samples} --sample {number}"
        remedy = (
            f"Run `sensor-bnn verify MODEL.onnx --board {board.name}{given}` with the model's ONNX file: it "
            "names the first layer that differs."
        )
    else:
        remedy = (
            "Run `sensor-bnn verify MODEL.onnx` with the model's ONNX file to see whether the compiled "
            "layers are right on the host. If they are, look for memory that another program writes, or a "
            "stack that is too small (memory.ram.stack in board.toml)."
        )
    raise DeviceError(
        f"The outputs of {board.name} differ from the host's in {facts['different']:,} of "
        f"{facts['samples']:,} samples, first in sample {number} (counted from 0).",
        remedy,
    )
