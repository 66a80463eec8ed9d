"""Static types of every value of a graph, our operators included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import helper

from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.operators import DOMAIN, OPERATORS, TensorType

_STATIC = "Export it with static shapes, batch 1."


def infer_types(model: onnx.ModelProto) -> dict[str, TensorType]:
    """Return the type of every input, initializer and node output.

    Operators of our domain infer by their own rules, whatever function the file carries for them; the others
    by ONNX's.

    Raises:
        ModelError: a shape is not static, or a node does not accept its inputs.
    """
    graph = model.graph
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 1)
    constants = {tensor.name: tensor for tensor in graph.initializer}
    types = {
        name: TensorType(_dtype(name, tensor.data_type), tuple(tensor.dims))
        for name, tensor in constants.items()
    }
    for value in graph.input:
        types.setdefault(value.name, _static(value.name, value.type))
    for index, node in enumerate(graph.node):
        label = node_label(node, index)
        optional = node.domain != DOMAIN
        missing = [name for name in node.input if name not in types and not (optional and not name)]
        if missing:
            raise ModelError(
                f"Node {label} reads {missing[0]}, which nothing before it makes.", "Export the model again."
            )
        if node.domain == DOMAIN:
            inputs = [types[name] for name in node.input]
            types[node.output[0]] = OPERATORS[node.op_type].infer(inputs, integer_attributes(node), label)
        else:
            types |= _standard(node, label, types, constants, opset)
            if node.op_type == "Constant":
                constants.update((node.output[0], a.t) for a in node.attribute if a.name == "value")
    return types


def node_label(node: onnx.NodeProto, index: int) -> str:
    """Return the node's name, or ``number <index>`` where it has none."""
    return node.name or f"number {index}"


def integer_attributes(node: onnx.NodeProto) -> dict[str, int]:
    """Return the node's integer attributes; one of another type counts as 0, which no operator accepts."""
    return {a.name: a.i if a.type == onnx.AttributeProto.INT else 0 for a in node.attribute}


def _standard(
    node: onnx.NodeProto,
    label: str,
    types: Mapping[str, TensorType],
    constants: Mapping[str, onnx.TensorProto],
    opset: int,
) -> dict[str, TensorType]:
    try:
        schema = onnx.defs.get_schema(node.op_type, opset, node.domain)
        found = onnx.shape_inference.infer_node_outputs(
            schema,
            node,
            {name: _proto(types[name]) for name in node.input if name},
            {name: constants[name] for name in node.input if name in constants},
            opset_imports=[helper.make_opsetid("", opset)],
        )
    except (onnx.defs.SchemaError, onnx.shape_inference.InferenceError, ValueError) as error:
        raise ModelError(
            f"Node {label} ({node.op_type}) is not valid: {' '.join(str(error).split())}.",
            "Export the model again.",
        ) from error
    return {name: _static(name, found[name]) for name in node.output if name in found}


def _static(name: str, proto: onnx.TypeProto) -> TensorType:
    tensor = proto.tensor_type
    sizes = tensor.shape.dim
    if not proto.HasField("tensor_type") or not tensor.HasField("shape"):
        raise ModelError(f"The shape of {name} is not known.", _STATIC)
    if any(not size.HasField("dim_value") or size.dim_value < 1 for size in sizes):
        text = ", ".join(str(s.dim_value) if s.HasField("dim_value") else s.dim_param or "?" for s in sizes)
        raise ModelError(f"The shape of {name} is not static: [{text}].", _STATIC)
    return TensorType(_dtype(name, tensor.elem_type), tuple(size.dim_value for size in sizes))


def _dtype(name: str, element: int) -> np.dtype[Any]:
    try:
        return helper.tensor_dtype_to_np_dtype(element)
    except KeyError as error:
        raise ModelError(
            f"The element type of {name} is {element}, which ONNX does not know.", "Export the model again."
        ) from error


def _proto(kind: TensorType) -> onnx.TypeProto:
    return helper.make_tensor_type_proto(helper.np_dtype_to_tensor_dtype(kind.dtype), kind.shape)
