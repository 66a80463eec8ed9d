"""Compare every layer of a model on every backend with the reference, and name the first that differs.

Each layer is checked on its own: the reference computes it from the inputs that the backend had for that
layer, so a layer that only passes a difference on is not reported. Integers and packed bits must be equal;
floats may differ by the rounding of another order of operations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx.numpy_helper
import onnxruntime
from onnx import helper
from onnx.reference import ReferenceEvaluator

from sensor_bnn.compiler.expose import expose_layers
from sensor_bnn.compiler.guard import refuse_difference
from sensor_bnn.compiler.importer import STANDARD_OPERATORS, import_onnx
from sensor_bnn.compiler.layers import by_value, host_layers, read_layers
from sensor_bnn.compiler.patterns import match_patterns
from sensor_bnn.compiler.plan import plan_program
from sensor_bnn.compiler.program import Program
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.errors import BoardError, ModelError
from sensor_bnn.hardware.boards import Board
from sensor_bnn.measure.difference import same_bits
from sensor_bnn.measure.on_board import run_on_board
from sensor_bnn.onnx.load import model_of, read_file
from sensor_bnn.onnx.operators import DOMAIN, OPERATORS, TensorType
from sensor_bnn.onnx.original import (
    TOLERANCE,
    Original,
    one_real_input,
    random_input,
    real_inputs,
    sample_inputs,
)
from sensor_bnn.onnx.quantities import Steps, steps_of
from sensor_bnn.onnx.types import integer_attributes, one_sentence

Array = npt.NDArray[Any]
Values = dict[str, Array]
"""Results by the name of the ONNX value; a backend leaves out values that it does not compute."""

_SHARE_OF_RAM = 0.5


@dataclass(frozen=True)
class LayerCheck:
    """One layer on one backend.

    Attributes:
        layer: name of the ONNX node whose result this is; its kernel may compute earlier nodes too.
        operator: the operator of that node.
        elements: number of elements of the result; for packed words, the number of bits.
        differing: number of elements that differ from the reference in any bit.
        largest_difference: largest difference of an element; 1 for bits that differ.
        ok: whether the differences are no more than rounding.
        differs_from_host: number of elements that differ from the host's build; None unless it is a board.
    """

    layer: str
    operator: str
    elements: int
    differing: int
    largest_difference: float
    ok: bool
    differs_from_host: int | None


@dataclass(frozen=True)
class BackendCheck:
    """All layers on one backend.

    Attributes:
        backend: the backend's name.
        layers: in the model's order.
        first_difference: the first layer that is not ok, or None.
        largest_difference: the largest over all layers.
    """

    backend: str
    layers: tuple[LayerCheck, ...]
    first_difference: str | None
    largest_difference: float


def verify_model(
    path: Path,
    board: Board | None,
    seed: int,
    progress: Callable[[str], object] = lambda step: None,
    samples: Path | None = None,
    sample: int | None = None,
) -> list[BackendCheck]:
    """Run the model on every backend with one input, and compare every layer.

    Args:
        path: the ONNX file.
        board: an emulated board to run on as well, or None.
        seed: seed of a random input: standard normal, or whole numbers if the model takes those.
        progress: called with the name of each backend before it runs.
        samples: a file of real samples on which the reading is held to the file, beside random inputs.
        sample: the number of one of ``samples``, from 0, which is the input instead of a random one.

    Raises:
        DataError: the samples cannot be read or are not of the model's kind.
        ModelError: the file cannot be read, has an operator that the compiler does not know, was read
            wrongly, or a backend refuses it.
        BoardError: the board has no emulator, or a single layer does not fit it.
        ToolError: a compiler or the emulator is missing or failed.
    """
    data = read_file(path)
    model = model_of(data, path, STANDARD_OPERATORS)
    whole = _for_runtimes(model)
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    steps = _steps_of(model, path)
    given = _input_of(model)
    if samples is not None and sample is not None:
        window = one_real_input(samples, _type_of(given), steps, sample)
    else:
        window = random_input(_type_of(given), seed)
    progress("the file as it is")
    _hold_to_file(data, path, model, whole, samples)
    start: Values = {**constants, given.name: window}
    checks = []
    host: Values | None = None
    backends: dict[str, Callable[[], Values]] = {
        "numpy": lambda: _numpy(model, start),
        "onnx.reference": lambda: _onnx_reference(whole, given.name, window),
        "onnxruntime": lambda: _onnxruntime(whole, given.name, window),
        "host": lambda: _compiled(model, window, None),
    }
    if board is not None:
        backends[board.name] = lambda: _compiled(model, window, board)
    for name, run in backends.items():
        progress(name)
        values = run()
        if name == "host":
            host = values
        checks.append(_check(name, model, start, values, host if board and name == board.name else None))
    return checks


def _steps_of(model: onnx.ModelProto, path: Path) -> Steps:
    return steps_of({prop.key: prop.value for prop in model.metadata_props}, path)


def _input_of(model: onnx.ModelProto) -> onnx.ValueInfoProto:
    constants = {tensor.name for tensor in model.graph.initializer}
    given: onnx.ValueInfoProto
    (given,) = (value for value in model.graph.input if value.name not in constants)
    return given


def _type_of(given: onnx.ValueInfoProto) -> TensorType:
    tensor = given.type.tensor_type
    dtype = helper.tensor_dtype_to_np_dtype(tensor.elem_type)
    return TensorType(dtype, tuple(size.dim_value for size in tensor.shape.dim))


def first_unequal_layer(path: Path, board: Board, samples: Path, sample: int) -> str | None:
    """Return the first layer whose result on an emulated board is not the host's to the last bit, or None.

    The board runs a firmware that is built from the ONNX file for this; it keeps the results of all layers.

    Args:
        path: the ONNX file.
        board: a board with an emulator.
        samples: a file of inputs.
        sample: the number of one of them, from 0.

    Raises:
        DataError: the samples cannot be read or are not of the model's kind.
        ModelError: the file cannot be read or has an operator that the compiler does not know.
        BoardError: a single layer does not fit the board.
        ToolError: a compiler or the emulator is missing or failed.
    """
    model = model_of(read_file(path), path, STANDARD_OPERATORS)
    window = one_real_input(samples, _type_of(_input_of(model)), _steps_of(model, path), sample)
    host, found = _compiled(model, window, None), _compiled(model, window, board)
    for node in model.graph.node:
        name = node.output[0]
        if name in host and name in found and not same_bits(host[name], found[name]):
            return str(node.name)
    return None


def _hold_to_file(
    data: bytes, path: Path, model: onnx.ModelProto, whole: onnx.ModelProto, samples: Path | None
) -> None:
    """Refuse a file that was read wrongly: the reading is what every backend is compared with."""
    (given,) = (value for value in whole.graph.input)
    kind, steps = _type_of(given), _steps_of(model, path)
    original: Original | None = None
    for window in chain(sample_inputs(kind), real_inputs(samples, kind, steps) if samples else ()):
        read = _onnxruntime(whole, given.name, window)
        original = original or Original(data, path, model, read)
        refuse_difference(path, original.first_difference(read, window))


def _for_runtimes(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with every value as an output, and with our functions."""
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    # Our operators are what our rules say, whatever functions the file has for them.
    del whole.functions[:]
    used = {node.op_type for node in whole.graph.node if node.domain == DOMAIN}
    whole.functions.extend(OPERATORS[name].function() for name in sorted(used))
    made = {value.name for value in whole.graph.output}
    whole.graph.output.extend(value for value in model.graph.value_info if value.name not in made)
    return whole


def _numpy(model: onnx.ModelProto, start: Values) -> Values:
    have = dict(start)
    for node in model.graph.node:
        have[node.output[0]] = _reference(model, node, have)
    return {node.output[0]: have[node.output[0]] for node in model.graph.node}


def _reference(model: onnx.ModelProto, node: onnx.NodeProto, have: Mapping[str, Array]) -> Array:
    """Compute one node: our operators with our numpy reference, others with ONNX's."""
    if node.domain == DOMAIN:
        return OPERATORS[node.op_type].evaluate([have[name] for name in node.input], integer_attributes(node))
    names = list(dict.fromkeys(name for name in node.input if name))
    infos = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(have[name].dtype), have[name].shape
        )
        for name in names
    ]
    result = helper.make_tensor_value_info(node.output[0], onnx.TensorProto.UNDEFINED, None)
    graph = helper.make_graph([node], "node", infos, [result])
    one = helper.make_model(graph, ir_version=model.ir_version, opset_imports=model.opset_import)
    results: Any = ReferenceEvaluator(one).run([node.output[0]], {name: have[name] for name in names})
    return np.asarray(results[0])


def _onnx_reference(whole: onnx.ModelProto, name: str, window: Array) -> Values:
    names = [value.name for value in whole.graph.output]
    return dict(zip(names, ReferenceEvaluator(whole).run(names, {name: window}), strict=True))


def _onnxruntime(whole: onnx.ModelProto, name: str, window: Array) -> Values:
    names = [value.name for value in whole.graph.output]
    try:
        session = onnxruntime.InferenceSession(whole.SerializeToString(), providers=["CPUExecutionProvider"])
        return dict(zip(names, session.run(names, {name: window}), strict=True))
    except Exception as error:  # ONNX Runtime has one class per error code, and no common base
        raise ModelError(
            f"ONNX Runtime does not run the model: {one_sentence(error)}.",
            "Export the model again, or update onnxruntime.",
        ) from error


def _compiled(model: onnx.ModelProto, window: Array, board: Board | None) -> Values:
    """Return the results of the compiled kernels, on this machine or on a board."""
    target = find_target("host" if board is None else board.target)
    program = plan_program(match_patterns(import_onnx(model)), target)
    found = [layer for steps in _portions(program, board) for layer in _run(program, steps, window, board)]
    return by_value(model, found)


def _portions(program: Program, board: Board | None) -> list[list[int]]:
    """Split the steps so that the results of each part fit the board's RAM beside the model's own needs."""
    steps = list(range(len(program.steps)))
    if board is None:
        return [steps]
    portions: list[list[int]] = [[]]
    room = board.ram.size * _SHARE_OF_RAM
    used = 0
    for step in steps:
        size = program.buffers[program.steps[step].writes].size
        if portions[-1] and used + size > room:
            portions.append([])
            used = 0
        portions[-1].append(step)
        used += size
    return portions


def _run(program: Program, steps: list[int], window: Array, board: Board | None) -> list[tuple[str, Array]]:
    """Run the program, and return the results of some steps, each with its ONNX node's name."""
    if board is None:
        with host_layers(program, steps) as run:
            return list(run(window))
    exposed, results = expose_layers(program, steps)
    try:
        return list(read_layers(results, run_on_board(exposed, "verify", board, window.tobytes()).output))
    except BoardError:
        if len(steps) == 1:
            raise
        half = len(steps) // 2
        return [*_run(program, steps[:half], window, board), *_run(program, steps[half:], window, board)]


def _check(
    backend: str, model: onnx.ModelProto, start: Values, values: Values, host: Values | None
) -> BackendCheck:
    have = dict(start)
    layers: list[LayerCheck] = []
    read = 0.0  # largest magnitude since the last value that the backend has
    for node in model.graph.node:
        name = node.output[0]
        want = _reference(model, node, have)
        floats = [have[i] for i in node.input if i in have and have[i].dtype.kind == "f"]
        read = max([read, _magnitude(want), *map(_magnitude, floats)])
        have[name] = want
        if name not in values:
            continue
        got = have[name] = values[name]
        elements, differing, largest = _difference(got, want)
        ok = differing == 0 or (want.dtype.kind == "f" and largest <= TOLERANCE * read)
        other = None if host is None else _difference(got, host[name])[1]
        layers.append(
            LayerCheck(node.name, node.op_type, elements, differing, largest, ok and not other, other)
        )
        read = 0.0
    first = next((layer.layer for layer in layers if not layer.ok), None)
    assert model.graph.output[0].name in values, backend
    return BackendCheck(
        backend, tuple(layers), first, max((layer.largest_difference for layer in layers), default=0.0)
    )


def _magnitude(array: Array) -> float:
    return float(np.abs(array).max(initial=0)) if array.dtype.kind == "f" else 0.0


def _difference(got: Array, want: Array) -> tuple[int, int, float]:
    """Return the number of elements, how many differ, and by how much; NaN against a number is infinite."""
    if want.dtype == np.uint32:
        differing = int(np.bitwise_count(got ^ want).sum())
        return want.size * 32, differing, float(differing > 0)
    unequal = ~((got == want) | ((got != got) & (want != want)))
    if not unequal.any():
        return want.size, 0, 0.0
    with np.errstate(invalid="ignore"):
        distance = np.abs(got[unequal].astype(np.float64) - want[unequal].astype(np.float64))
    return want.size, int(unequal.sum()), float(np.nan_to_num(distance, nan=np.inf).max())
