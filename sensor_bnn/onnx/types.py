"""Inference of the static types of all values in a graph, including our operators."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import onnx
from onnx import helper

from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.operators import DOMAIN, DOMAIN_VERSIONS, FLOAT, OPERATORS, TensorType

MAX_BYTES = 2**31 - 1
"""The largest size of one tensor in bytes: the limit of an ONNX file."""

STANDARD = ("", "ai.onnx")
"""The names of the domain of ONNX's own operators."""

SIGN = "BipolarQuant"
SIGN_DOMAINS = ("qonnx.custom_op.general", "finn.custom_op.general", "onnx.brevitas")
"""The domains that the exporters of recent years have used for it."""

_STATIC = "Export it with static shapes, batch 1."


def infer_types(model: onnx.ModelProto) -> dict[str, TensorType]:
    """Return the type of every input, initializer and node output.

    The types of our operators come from our own rules, whatever function the file carries for them; those of
    other operators come from ONNX's rules.

    Raises:
        ModelError: a shape is not static, or a node does not accept its inputs.
    """
    graph = model.graph
    opset, ours = standard_opset(model), own_version(model)
    constants = {tensor.name: tensor for tensor in graph.initializer}
    types = {name: constant_type(tensor) for name, tensor in constants.items()}
    for value in graph.input:
        types.setdefault(value.name, _static(value.name, value.type))
    for index, node in enumerate(graph.node):
        optional = node.domain != DOMAIN
        missing = [name or "nothing" for name in node.input if name not in types and (name or not optional)]
        if missing:
            raise ModelError(
                f"Node {node_label(node, index)} reads {missing[0]}, which nothing before it makes.",
                "Export the model again.",
            )
        types |= node_types(node, index, types, constants, opset, ours)
    return types


def standard_opset(model: onnx.ModelProto) -> int:
    """Return the version of ONNX's own operators that the model uses; 1 if it names none."""
    return next((entry.version for entry in model.opset_import if entry.domain in STANDARD), 1)


def own_version(model: onnx.ModelProto) -> int:
    """Return the version of our domain that the file imports, the oldest if it imports none."""
    return next((entry.version for entry in model.opset_import if entry.domain == DOMAIN), DOMAIN_VERSIONS[0])


def node_types(
    node: onnx.NodeProto,
    index: int,
    types: Mapping[str, TensorType],
    constants: Mapping[str, onnx.TensorProto],
    opset: int,
    ours: int,
) -> dict[str, TensorType]:
    """Return the types of a node's outputs by name.

    Args:
        node: the node.
        index: its number in the graph, for messages.
        types: of its inputs, at least.
        constants: those of its inputs that are constant.
        opset, ours: as :func:`standard_opset` and :func:`own_version` return them.

    Raises:
        ModelError: a shape is not static, or the node does not accept its inputs.
    """
    label = node_label(node, index)
    if is_sign(node):
        return _signs(node, label, [types[name] for name in node.input if name])
    if node.domain == DOMAIN:
        return _own(node, label, [types[name] for name in node.input], ours)
    return _standard(node, label, types, constants, opset)


def is_sign(node: onnx.NodeProto) -> bool:
    """Whether the node is QONNX's sign: ``BipolarQuant(x, s)`` is s where x >= 0, and -s elsewhere."""
    return node.op_type == SIGN and node.domain in SIGN_DOMAINS and len(node.input) == 2


def value_types(model: onnx.ModelProto) -> dict[str, TensorType]:
    """Return the static types that a loaded model holds for what its nodes make."""
    return {
        value.name: _static(value.name, value.type)
        for value in (*model.graph.value_info, *model.graph.output)
    }


def node_label(node: onnx.NodeProto, index: int) -> str:
    """Return the node's name, or ``number <index>`` if it has none."""
    return node.name or f"number {index}"


def integer_attributes(node: onnx.NodeProto) -> dict[str, int]:
    """Return the node's integer attributes; one of another type counts as -1, which no operator accepts."""
    return {a.name: a.i if a.type == onnx.AttributeProto.INT else -1 for a in node.attribute}


def _own(node: onnx.NodeProto, label: str, inputs: list[TensorType], version: int) -> dict[str, TensorType]:
    for name, kind in zip(node.input, inputs, strict=True):
        if 0 in kind.shape:
            raise ModelError(
                f"Node {label} ({node.op_type}) is not valid: {name} is {kind}, which has no elements.",
                "Give it at least one element: K and N must not be 0.",
            )
    if len(node.output) != 1 or not node.output[0]:
        raise ModelError(f"Node {label} ({node.op_type}) must have one output.", "Export the model again.")
    operator = OPERATORS[node.op_type]
    result = operator.infer(inputs, integer_attributes(node), label)
    if operator.version(inputs) > version:
        raise ModelError(
            f"Node {label} ({node.op_type}) needs version {operator.version(inputs)} of domain {DOMAIN} for "
            f"its inputs, but the file has version {version}.",
            "Export the model again.",
        )
    return {node.output[0]: _bounded(f"{node.output[0]} of node {label}", result)}


def _signs(node: onnx.NodeProto, label: str, inputs: list[TensorType]) -> dict[str, TensorType]:
    try:
        shape = np.broadcast_shapes(*(kind.shape for kind in inputs))
    except ValueError as error:
        raise ModelError(
            f"Node {label} ({SIGN}) is not valid: its scale does not fit its input: {one_sentence(error)}.",
            "Export the model again.",
        ) from error
    return {node.output[0]: _bounded(f"{node.output[0]} of node {label}", TensorType(FLOAT, shape))}


def _standard(
    node: onnx.NodeProto,
    label: str,
    types: Mapping[str, TensorType],
    constants: Mapping[str, onnx.TensorProto],
    opset: int,
) -> dict[str, TensorType]:
    if node.op_type == "Transpose" and node.input[0] in types and not types[node.input[0]].shape:
        return {node.output[0]: types[node.input[0]]}  # ONNX infers nothing for a number without axes.
    try:
        schema = onnx.defs.get_schema(node.op_type, opset, node.domain)
        found = onnx.shape_inference.infer_node_outputs(
            schema,
            node,
            {name: _proto(types[name]) for name in node.input if name},
            {name: constants[name] for name in node.input if name in constants},
            opset_imports=[helper.make_opsetid("", opset)],
        )
    except Exception as error:  # each part of ONNX has its own class of errors
        raise ModelError(
            f"Node {label} ({node.op_type}) is not valid: {one_sentence(error)}.", "Export the model again."
        ) from error
    return {name: _static(f"{name} of node {label}", found[name]) for name in node.output if name in found}


def one_sentence(error: Exception) -> str:
    """Return another library's message on one line, without its full stop and at most 400 characters long."""
    text = " ".join("".join(c if c.isprintable() else " " for c in str(error)).split())
    return (text[:400] + " ..." if len(text) > 400 else text).rstrip(".") or type(error).__name__


def constant_type(tensor: onnx.TensorProto) -> TensorType:
    """Return the type of an initializer.

    Raises:
        ModelError: a size is negative, the element type unknown, or the whole larger than ``MAX_BYTES``.
    """
    if any(size < 0 for size in tensor.dims):
        raise ModelError(f"Constant {tensor.name} has a negative size.", "Export the model again.")
    return _bounded(tensor.name, TensorType(_dtype(tensor.name, tensor.data_type), tuple(tensor.dims)))


def _bounded(name: str, kind: TensorType) -> TensorType:
    if prod(kind.shape) * kind.dtype.itemsize > MAX_BYTES:
        raise ModelError(
            f"The tensor {name}, {kind}, is larger than {MAX_BYTES} bytes.",
            "No microcontroller holds it: make the model smaller.",
        )
    return kind


def _static(name: str, proto: onnx.TypeProto) -> TensorType:
    tensor = proto.tensor_type
    sizes = tensor.shape.dim
    if not proto.HasField("tensor_type") or not tensor.HasField("shape"):
        raise ModelError(f"The shape of {name} is not known.", _STATIC)
    if any(not size.HasField("dim_value") or size.dim_value < 1 for size in sizes):
        text = ", ".join(str(s.dim_value) if s.HasField("dim_value") else s.dim_param or "?" for s in sizes)
        raise ModelError(f"The shape of {name} is not static: [{text}].", _STATIC)
    return _bounded(name, TensorType(_dtype(name, tensor.elem_type), tuple(size.dim_value for size in sizes)))


def _dtype(name: str, element: int) -> np.dtype[Any]:
    try:
        return helper.tensor_dtype_to_np_dtype(element)
    except KeyError as error:
        raise ModelError(
            f"The element type of {name} is {element}, which ONNX does not define.", "Export the model again."
        ) from error


def _proto(kind: TensorType) -> onnx.TypeProto:
    return helper.make_tensor_type_proto(helper.np_dtype_to_tensor_dtype(kind.dtype), kind.shape)
