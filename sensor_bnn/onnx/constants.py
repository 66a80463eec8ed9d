"""Constants in one place, and nodes over constants alone computed, such as an Identity before a weight.

Exporters leave an Identity, a Cast, a product or a quantizer between weights and the layers that read them.
Those layers have kernels for constant weights only. ONNX Runtime computes each such node, of every operator
set. Its optimizer is not used: it also merges and renames other nodes, and replaces functions by their
bodies, so that no name of the file is left. Nor is ONNX's reference, which lacks old sets of some operators.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx.numpy_helper
import onnxruntime
from onnx import helper

from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.operators import FLOAT
from sensor_bnn.onnx.types import (
    STANDARD,
    constant_type,
    is_sign,
    node_label,
    node_types,
    own_version,
    standard_opset,
)

Array = npt.NDArray[Any]

_MOST_BYTES = 1 << 28
"""Of all constants that are made: a file of a few bytes can name an Expand of any size."""

_FOLDED = frozenset(
    {
        *("Abs", "Add", "Cast", "CastLike", "Ceil", "Clip", "Concat", "ConstantOfShape"),
        *("DequantizeLinear", "Div", "Equal", "Exp", "Expand", "Flatten", "Floor", "Gather"),
        *("Greater", "GreaterOrEqual", "Identity", "Less", "LessOrEqual", "Log", "MatMul", "Max"),
        *("Min", "Mul", "Neg", "Not", "Pad", "Pow", "QuantizeLinear", "Range", "Reciprocal"),
        *("ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "Reshape", "Round"),
        *("Shape", "Sign", "Size", "Slice", "Split", "Sqrt", "Squeeze", "Sub", "Tanh", "Tile"),
        *("Transpose", "Unsqueeze", "Where"),
    }
)
"""Operators whose results are the same in every run, and whose time is bounded by the size of their ends."""


def name_constants(model: onnx.ModelProto) -> None:
    """Turn Constant nodes into initializers, and remove initializers from the inputs.

    After that all constants are in one place. Files of IR version 3 list initializers as inputs too.

    Raises:
        ModelError: a Constant node holds no tensor of numbers.
    """
    kept = []
    constants = {tensor.name for tensor in model.graph.initializer}
    given = [value for value in model.graph.input if value.name not in constants]
    if len(given) < len(model.graph.input):
        del model.graph.input[:]
        model.graph.input.extend(given)
    for index, node in enumerate(model.graph.node):
        if node.op_type != "Constant" or node.domain not in STANDARD:
            kept.append(node)
            continue
        tensor = _constant_value(node, node_label(node, index))
        tensor.name = node.output[0]
        model.graph.initializer.append(tensor)
    if len(kept) < len(model.graph.node):
        # Copies, because deleting the list frees the nodes that it owns.
        nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in kept]
        del model.graph.node[:]
        model.graph.node.extend(nodes)


def fold_constants(model: onnx.ModelProto) -> None:
    """Replace the nodes that read constants alone by their results.

    A node that cannot be computed stays, and is refused where a constant is needed.

    Args:
        model: the model to change, with its nodes in order and its constants as initializers.
    """
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    ends = {value.name for value in graph.output}
    room = _MOST_BYTES
    kept: list[onnx.NodeProto] = []
    made: list[onnx.TensorProto] = []
    read: set[str] = set()
    for index, node in enumerate(graph.node):
        fixed = all(name in constants for name in node.input if name) and any(node.input)
        results = (
            {} if not fixed or ends & set(node.output) else _results(model, node, index, constants, room)
        )
        if not results:
            kept.append(onnx.NodeProto.FromString(node.SerializeToString()))
            continue
        read |= set(node.input)
        for name, array in results.items():
            tensor = onnx.numpy_helper.from_array(array, name)
            room -= array.nbytes
            constants[name] = tensor
            made.append(tensor)
    if not made:
        return
    still = {name for node in kept for name in node.input} | ends
    graph.initializer.extend(made)
    left = [tensor for tensor in graph.initializer if tensor.name in still or tensor.name not in read]
    del graph.initializer[:]
    graph.initializer.extend(left)
    del graph.node[:]
    graph.node.extend(kept)


def _constant_value(node: onnx.NodeProto, label: str) -> onnx.TensorProto:
    if len(node.attribute) == 1 and len(node.output) == 1 and not node.input:
        (attribute,) = node.attribute
        value = helper.get_attribute_value(attribute)
        if attribute.name == "value" and isinstance(value, onnx.TensorProto):
            copy = onnx.TensorProto()
            copy.CopyFrom(value)
            return copy
        numbers: dict[str, type] = {"value_float": np.float32, "value_floats": np.float32}
        numbers |= {"value_int": np.int64, "value_ints": np.int64}
        if attribute.name in numbers and isinstance(value, int | float | list):
            return onnx.numpy_helper.from_array(np.array(value, numbers[attribute.name]))
    raise ModelError(f"Node {label} (Constant) does not hold a tensor of numbers.", "Export the model again.")


def _results(
    model: onnx.ModelProto,
    node: onnx.NodeProto,
    index: int,
    constants: Mapping[str, onnx.TensorProto],
    room: int,
) -> dict[str, Array]:
    """Compute a node; return its results by name, or none if it stays."""
    known = node.domain in STANDARD and node.op_type in _FOLDED
    if not (known or is_sign(node)):
        return {}
    given = {name: constants[name] for name in node.input if name}
    try:
        types = {name: constant_type(tensor) for name, tensor in given.items()}
        found = node_types(node, index, types, given, standard_opset(model), own_version(model))
    except ModelError:  # What is wrong is said where the node is read.
        return {}
    names = [name for name in node.output if name]
    sizes = [np.prod(found[name].shape) * found[name].dtype.itemsize for name in names if name in found]
    if len(sizes) < len(names) or sum(sizes) > room:
        return {}
    arrays = {name: onnx.numpy_helper.to_array(tensor) for name, tensor in given.items()}
    if is_sign(node):
        x, scale = (arrays[name] for name in node.input)
        if x.dtype.kind != "f" or scale.dtype.kind != "f":
            return {}
        return {names[0]: np.where(x >= 0, scale, -scale).astype(FLOAT)}
    return _evaluated(model, node, names, arrays)


def _evaluated(
    model: onnx.ModelProto, node: onnx.NodeProto, names: list[str], arrays: Mapping[str, Array]
) -> dict[str, Array]:
    inputs = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
        for name, array in arrays.items()
    ]
    outputs = [onnx.ValueInfoProto(name=name) for name in names]
    imports = [entry for entry in model.opset_import if entry.domain in STANDARD]
    one = helper.make_model(
        helper.make_graph([node], "constant", inputs, outputs),
        ir_version=model.ir_version,
        opset_imports=imports,
    )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # What it says of a node that it does not run is not for our user.
    options.intra_op_num_threads = 1  # One node: more threads would wait in busy loops.
    try:
        session = onnxruntime.InferenceSession(
            one.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        results = session.run(names, dict(arrays))
    except Exception:  # ONNX Runtime has one class per error code, and no common base
        return {}
    return dict(zip(names, results, strict=True))
