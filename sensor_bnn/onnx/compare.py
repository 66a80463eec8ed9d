"""Run an exported model in stock ONNX Runtime and compare it with the PyTorch model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from sensor_bnn.data.predicted import Number
from sensor_bnn.errors import DataError, ModelError
from sensor_bnn.onnx.checksum import check_data
from sensor_bnn.onnx.class_names import channel_names, class_names
from sensor_bnn.onnx.quantities import steps_of, to_logits, to_model_input, to_values

Floats = npt.NDArray[np.float32]

_INPUTS = {"tensor(float)": np.float32, "tensor(int16)": np.int16, "tensor(uint8)": np.uint8}
"""The element types of inputs, by ONNX Runtime's names."""


@dataclass(frozen=True)
class Comparison:
    """The results of PyTorch and ONNX Runtime on the same samples.

    Attributes:
        samples: the number of samples.
        top1_torch: the share of right answers of the PyTorch model, 0 .. 1.
        top1_onnx: the share of right answers of the ONNX file, 0 .. 1.
        agreement: the share of samples on which both give the same answer, 0 .. 1.
        largest_logit_difference: the largest absolute difference over all samples and classes.
        integers: whether the ONNX file computes in integers; PyTorch computes in floats.
    """

    samples: int
    top1_torch: float
    top1_onnx: float
    agreement: float
    largest_logit_difference: float
    integers: bool

    def rounding(self) -> str:
        """Say why logits of integers differ, and on how many samples that changes the class; else nothing."""
        if not self.integers:
            return ""
        same = round(self.agreement * self.samples)
        return (
            " (the exported model computes in integers, which round;"
            f" {same} of {self.samples} samples get the same class)"
        )


@dataclass(frozen=True)
class NumberComparison:
    """The numbers that PyTorch and ONNX Runtime predict of the same samples, in the units of the numbers.

    Attributes:
        samples: the number of samples.
        names: of the numbers.
        rmse_torch, rmse_onnx: the root of the mean squared error of each number.
        largest_difference: the largest difference of the two in each number.
    """

    samples: int
    names: tuple[str, ...]
    rmse_torch: tuple[float, ...]
    rmse_onnx: tuple[float, ...]
    largest_difference: tuple[float, ...]

    def told(self) -> str:
        """Return all of it in a sentence."""
        each = zip(self.names, self.rmse_torch, self.rmse_onnx, self.largest_difference, strict=True)
        return f"{self.samples} samples: " + "; ".join(
            f"{name}: RMSE {torch:.4g} in PyTorch, {onnx:.4g} in ONNX Runtime,"
            f" largest difference {largest:.2g}"
            for name, torch, onnx, largest in each
        )


@dataclass(frozen=True)
class ModelFacts:
    """What an ONNX file says about itself.

    Attributes:
        name: of the model; the file's name without its ending where it says none.
        classes: the classes' names in the order of the outputs; None where it says none.
        channels: the channels' names in the order of the input; None where it says none.
        numbers: the numbers that it predicts; None for classes.
        output_step: what 1 of an integer output is worth; None where it says nothing.
    """

    name: str
    classes: tuple[str, ...] | None
    channels: tuple[str, ...] | None
    numbers: tuple[Number, ...] | None = None
    output_step: float | None = None


def model_facts(path: Path) -> ModelFacts:
    """Read the name and the classes that `sensor-bnn export` writes into an ONNX file's metadata.

    Raises:
        ModelError: ONNX Runtime does not load the file, or its classes are no list of names.
    """
    said = _session(path).get_modelmeta().custom_metadata_map
    name = said.get("name") or path.stem
    steps = steps_of(said, path)
    return ModelFacts(name, class_names(said, path), channel_names(said, path), steps.numbers, steps.output)


def _session(path: Path) -> onnxruntime.InferenceSession:
    with suppress(OSError):  # ONNX Runtime has the message for a file that cannot be read.
        check_data(path, path.read_bytes())
    try:
        return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has a class an error code, and no base but Exception
        text = " ".join(str(error).split())
        raise ModelError(
            f"ONNX Runtime does not load {path} ({text}).", "Export the model again, or update onnxruntime."
        ) from error


def run_model(path: Path, x: Floats, advance: Callable[[], object] = lambda: None) -> Floats:
    """Compute logits, float32 ``[n, classes]``, in stock ONNX Runtime on the CPU, one window at a time.

    Of a model that predicts numbers these are the result, in their units.

    Args:
        path: the ONNX file.
        x: windows ``[n, C, L]`` in sensor units, or images ``[n, C, H, W]`` in 0 .. 1.
        advance: called after each window.

    Raises:
        ModelError: ONNX Runtime does not load the file, or it takes no single sample of float32, int16 or
            uint8, or integers whose step it does not say.
        DataError: the windows' shape is not the model's, or it takes bytes and these are no pixels.
    """
    session = _session(path)
    if len(session.get_inputs()) != 1 or len(session.get_outputs()) != 1:
        raise ModelError(
            f"{path} has {len(session.get_inputs())} inputs and {len(session.get_outputs())} outputs.",
            "Give a model with one input and one output.",
        )
    (window,) = session.get_inputs()
    one = [size for size in window.shape[:1] if size == 1 or not isinstance(size, int)]
    if not one or window.type not in _INPUTS:
        raise ModelError(
            f"The input of {path} is {window.type} {window.shape}.",
            "Give a model that takes one sample at a time, [1, ...], as float32, int16 or uint8.",
        )
    if list(x.shape[1:]) != list(window.shape[1:]):
        raise DataError(
            f"The windows are {list(x.shape[1:])}, the model {path} takes {list(window.shape[1:])}.",
            "Give samples of the model's kind.",
        )
    steps = steps_of(session.get_modelmeta().custom_metadata_map, path)
    inputs = to_model_input(x, np.dtype(_INPUTS[window.type]), steps.input, steps.gain)
    logits = []
    for one in inputs:
        (result,) = session.run(None, {window.name: one[None]})
        logits.append(result[0])
        advance()
    if steps.numbers is not None:
        return to_values(np.array(logits), steps.numbers)
    return to_logits(np.array(logits), steps.output)


def compare_numbers(
    torch_values: npt.NDArray[np.float64],
    onnx_values: Floats,
    truth: npt.NDArray[np.float64],
    names: Sequence[str],
) -> NumberComparison:
    """Compare the numbers ``[n, numbers]`` of both, given the true ones."""

    def rmse(values: npt.NDArray[Any]) -> tuple[float, ...]:
        return tuple(np.sqrt(((values.astype(np.float64) - truth) ** 2).mean(axis=0)).tolist())

    largest = np.abs(torch_values - onnx_values).max(axis=0).tolist()
    return NumberComparison(len(truth), tuple(names), rmse(torch_values), rmse(onnx_values), tuple(largest))


def compare(
    torch_logits: Floats, onnx_logits: Floats, labels: npt.NDArray[np.int64], *, integers: bool
) -> Comparison:
    """Compare the logits ``[n, classes]`` of both, given the true labels ``[n]``.

    Args:
        torch_logits, onnx_logits: of the PyTorch model and of the ONNX file.
        labels: the right classes.
        integers: whether the ONNX file computes in integers.
    """
    answers, again = torch_logits.argmax(axis=1), onnx_logits.argmax(axis=1)
    return Comparison(
        samples=len(labels),
        top1_torch=float((answers == labels).mean()),
        top1_onnx=float((again == labels).mean()),
        agreement=float((answers == again).mean()),
        largest_logit_difference=float(np.abs(torch_logits - onnx_logits).max()),
        integers=integers,
    )
