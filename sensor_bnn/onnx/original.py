"""Hold what was made from an ONNX file against the file itself, layer by layer, in ONNX Runtime.

The compiler reads a file with TVM, ONNX's shape inference and rules of its own. Here stock ONNX Runtime runs
the nodes of the original file instead, as it is. Each node gets what the compiled model computed before
it, so that only the layer that was read wrongly differs, and a sign that rounding turns does not spread.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx.numpy_helper
import onnx.parser
import onnxruntime
from onnx import helper

from sensor_bnn.data.samples import read_samples
from sensor_bnn.errors import DataError, ModelError
from sensor_bnn.onnx.constants import fold_constants, name_constants
from sensor_bnn.onnx.operators import DOMAIN, FLOAT, OPERATORS, OPSET, TensorType
from sensor_bnn.onnx.packing import unpack_bits
from sensor_bnn.onnx.qonnx import bits_of
from sensor_bnn.onnx.quantities import Steps, to_model_input
from sensor_bnn.onnx.types import (
    SIGN,
    STANDARD,
    integer_attributes,
    is_sign,
    node_label,
    one_sentence,
    value_types,
)

Array = npt.NDArray[Any]
Values = Mapping[str, Array]
"""Results by the name of the ONNX value."""

TOLERANCE = 1e-5
"""Allowed difference of floats, relative to the largest magnitude that the layer reads or writes."""

_LEAST = {"Erf": 0.05}
"""The magnitude below which an operator is held to an absolute difference: our Erf is within 3e-7."""

_USUAL_SPREAD = 2000
"""The standard deviation of int16 inputs, in steps: the exports scale the training data to about this."""

MOST_SAMPLES = 32
"""Real samples that one comparison takes."""

# The version of ONNX's file format from which on a model may hold functions.
_FUNCTIONS_SINCE_IR = 8
_GIVEN = "/given"
"""Ends the name of a value that the compiled model computed and a node of the file reads."""


def sample_inputs(kind: TensorType) -> Iterator[Array]:
    """Yield inputs of a model: small, usual and large ones, and whole and half numbers with zeros among them.

    Args:
        kind: float32, int16 or uint8, and the shape.
    """
    rng = np.random.default_rng(0)
    if kind.dtype == np.uint8:
        for _ in range(3):
            yield rng.integers(0, 256, kind.shape, dtype=np.uint8)
        return
    if kind.dtype == np.int16:
        for deviation in (_USUAL_SPREAD, 30, 20000):
            yield _integers(rng.standard_normal(kind.shape) * deviation)
        yield rng.choice(np.array([-32768, -1, 0, 1, 32767], np.int16), kind.shape)
        return
    for spread in (1, 0.05, 20):
        yield (rng.standard_normal(kind.shape) * spread).astype(np.float32)
    yield (rng.integers(-4, 5, kind.shape) / 2).astype(np.float32)


def random_input(kind: TensorType, seed: int) -> Array:
    """Return a usual input: standard normal floats, normal int16 far from their ends, or any bytes.

    Args:
        kind: float32, int16 or uint8, and the shape.
        seed: the input's.
    """
    rng = np.random.default_rng(seed)
    if kind.dtype == np.uint8:
        return rng.integers(0, 256, kind.shape, dtype=np.uint8)
    normal = rng.standard_normal(kind.shape)
    return _integers(normal * _USUAL_SPREAD) if kind.dtype == np.int16 else normal.astype(np.float32)


def _integers(values: Array) -> Array:
    return np.clip(np.rint(values), -32768, 32767).astype(np.int16)


def real_inputs(samples: Path, kind: TensorType, steps: Steps) -> Iterator[Array]:
    """Yield the first inputs of a sample file, at most ``MOST_SAMPLES``.

    Args:
        samples: a file as ``train`` writes it.
        kind: what the model takes.
        steps: what one step of its integers is worth.

    Raises:
        DataError: the file is missing or damaged, or its samples are not of the model's kind.
        ModelError: the model takes int16, and there is not one step per channel.
    """
    for one in _real(samples, kind, steps, MOST_SAMPLES):
        yield one[None]


def one_real_input(samples: Path, kind: TensorType, steps: Steps, number: int) -> Array:
    """Return one input of a sample file, by its number from 0.

    Raises:
        DataError: the file is missing or damaged, its samples are not of the model's kind, or are fewer.
    """
    inputs = _real(samples, kind, steps)
    if number >= len(inputs):
        raise DataError(
            f"{samples} has {len(inputs)} samples, counted from 0; there is no sample {number}.",
            "Give a smaller number.",
        )
    one: Array = inputs[number][None]
    return one


def _real(samples: Path, kind: TensorType, steps: Steps, most: int | None = None) -> Array:
    x = read_samples(samples).x[:most]
    if (1, *x.shape[1:]) != kind.shape:
        raise DataError(
            f"A sample of {samples} is {list(x.shape[1:])}, the model takes {list(kind.shape[1:])}.",
            "Give samples of the model's kind.",
        )
    inputs: Array = to_model_input(x, kind.dtype, steps.input, steps.gain)
    return inputs


class Original:
    """An ONNX file as it is.

    Args:
        data: its bytes.
        path: where they are from, for messages.
        reading: what :func:`sensor_bnn.onnx.load.model_of` made of it.
        computed: the names of the values that the compiled model computes.

    Raises:
        ModelError: ONNX Runtime does not run the file.
    """

    def __init__(self, data: bytes, path: Path, reading: onnx.ModelProto, computed: Collection[str]) -> None:
        self._path = path
        known = {name: kind for name, kind in value_types(reading).items() if name in computed}
        products = [node for node in reading.graph.node if node.domain == DOMAIN]
        lengths = {node.input[0]: integer_attributes(node).get("K", 0) for node in products}
        model = onnx.load_model_from_string(data)
        # The model's own nodes will read other values.
        copy = onnx.load_model_from_string(data)
        name_constants(copy)
        fold_constants(copy)
        self._constants = {t.name: onnx.numpy_helper.to_array(t) for t in copy.graph.initializer}
        self._nodes = list(copy.graph.node)
        (self._input,) = (v.name for v in copy.graph.input)
        made = {name for node in self._nodes for name in node.output if name}
        self._signs = {
            node.output[0]: node
            for node in self._nodes
            if is_sign(node)
            and bits_of(node.input[0]) in lengths
            and bits_of(node.input[0]) in known
            and node.input[1] in self._constants
            # A product of the reading has such signs only where the scale is one constant number.
            and self._constants[node.input[1]].size == 1
        }
        self._given = {name: known[name] for name in made if name in known}
        self._given |= {
            name: TensorType(FLOAT, (*known[bits].shape[:-1], lengths[bits]))
            for name, bits in ((name, bits_of(node.input[0])) for name, node in self._signs.items())
        }
        self._session = self._open(model)

    def first_difference(self, values: Values, window: Array) -> str | None:
        """Return what differs first and by how much, or None.

        Args:
            values: what the compiled model computed, by name.
            window: from what.
        """
        given = {name: values[name] for name in self._given if name not in self._signs}
        for name, node in self._signs.items():
            scale = self._constants[node.input[1]]
            shape = self._given[name].shape
            bits = unpack_bits(values[bits_of(node.input[0])], shape[-1]).reshape(shape)
            given[name] = np.where(bits, scale, -scale).astype(np.float32)
        feeds = {f"{name}{_GIVEN}": array for name, array in given.items()}
        names = [output.name for output in self._session.get_outputs()]
        try:
            results = self._session.run(names, {self._input: window, **feeds})
        except Exception as error:  # ONNX Runtime has one class per error code, and no common base
            raise self._not_run(error) from error
        wanted = dict(zip(names, results, strict=True))
        have = {
            **self._constants,
            self._input: window,
            **wanted,
        }  # What was folded is as the file computes it.
        read = 0.0  # The largest magnitude since the last value that both have.
        for place, node in enumerate(self._nodes):
            floats = [have[name] for name in (*node.input, *node.output) if name in have]
            read = max([read, _LEAST.get(node.op_type, 0.0), *map(_magnitude, floats)])
            name = node.output[0]
            if name not in given:
                continue
            if name in self._signs:
                x, scale = have[node.input[0]], have[node.input[1]]
                said = _differing_signs(x, given[name], scale, read)
            else:
                said = _difference(given[name], wanted[name], read)
            if said is not None:
                return f"{name} of node {node_label(node, place)} ({node.op_type}) {said}"
            read = 0.0
        return None

    def _open(self, model: onnx.ModelProto) -> onnxruntime.InferenceSession:
        """Let each node read what is given, and make every result an output."""
        for node in model.graph.node:
            for place, name in enumerate(node.input):
                if name in self._given:
                    node.input[place] = f"{name}{_GIVEN}"
        model.graph.input.extend(
            helper.make_tensor_value_info(
                f"{name}{_GIVEN}", helper.np_dtype_to_tensor_dtype(kind.dtype), kind.shape
            )
            for name, kind in self._given.items()
        )
        nodes = [node for node in model.graph.node if node.op_type != "Constant"]
        made = [name for node in nodes for name in node.output if name]
        del model.graph.output[:]
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in dict.fromkeys(made))
        self._add_functions(model)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # What it warns of is no concern of this program's user.
        options.intra_op_num_threads = 1  # The models are small: more threads would wait in busy loops.
        try:
            return onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime has one class per error code, and no common base
            raise self._not_run(error) from error

    def _add_functions(self, model: onnx.ModelProto) -> None:
        """Give ONNX Runtime a definition of our operators and of QONNX's sign, where the file has none."""
        known = {(function.domain, function.name) for function in model.functions}
        opset = next((entry.version for entry in model.opset_import if entry.domain in STANDARD), OPSET)
        used = {(node.domain, node.op_type) for node in model.graph.node} - known
        for domain, name in sorted(used):
            if domain == DOMAIN:
                model.functions.append(OPERATORS[name].function())
            elif name == SIGN:
                model.functions.append(onnx.parser.parse_function(_SIGN_FUNCTION.format(domain, opset)))
                if not any(entry.domain == domain for entry in model.opset_import):
                    model.opset_import.add(domain=domain, version=1)
        if model.functions:
            model.ir_version = max(model.ir_version, _FUNCTIONS_SINCE_IR)

    def _not_run(self, error: Exception) -> ModelError:
        return ModelError(
            f"ONNX Runtime does not run {self._path}, so that the compiled model cannot be held against it: "
            f"{one_sentence(error)}.",
            "Export the model again, with another operator set.",
        )


_SIGN_FUNCTION = """
<domain: "{0}", opset_import: ["": {1}]>
BipolarQuant (x, scale) => (y)
{{
    zero = Constant <value = float {{0}}> ()
    negative = Less (x, zero)
    minus = Neg (scale)
    y = Where (negative, minus, scale)
}}
"""


def _magnitude(array: Array) -> float:
    if array.dtype.kind != "f":
        return 0.0
    return float(np.abs(array[np.isfinite(array)]).max(initial=0))


def _difference(got: Array, want: Array, read: float) -> str | None:
    if got.shape != want.shape or got.dtype != want.dtype:
        return f"is {TensorType.of(got)} in the compiled model, {TensorType.of(want)} in the file"
    unequal = ~((got == want) | ((got != got) & (want != want)))
    if got.dtype.kind == "f":
        with np.errstate(invalid="ignore", over="ignore"):
            distance = np.abs(got.astype(np.float64) - want.astype(np.float64))
        unequal &= ~(distance <= TOLERANCE * read)
    if not unequal.any():
        return None
    place = tuple(int(index) for index in np.argwhere(unequal)[0])
    return (
        f"differs in {int(unequal.sum())} of {got.size} elements: at {list(place)} the compiled model has "
        f"{got[place]!s}, the file in ONNX Runtime {want[place]!s}"
    )


def _differing_signs(x: Array, signs: Array, scale: Array, read: float) -> str | None:
    """Compare the signs of x; one that is within rounding of 0 may be either."""
    distance = np.abs(signs - np.where(x >= 0, scale, -scale))
    unequal = (distance > TOLERANCE * np.abs(scale)) & (np.abs(x) > TOLERANCE * read)
    if not unequal.any():
        return None
    place = tuple(int(index) for index in np.argwhere(unequal)[0])
    return (
        f"differs in {int(unequal.sum())} of {signs.size} signs: at {list(place)} the compiled model has "
        f"{signs[place]:g}, the file in ONNX Runtime the sign of {x[place]:g}"
    )
