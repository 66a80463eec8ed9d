"""Rewriting of standard operators as others for which the compiler has kernels.

A convolution whose kernel equals its stride is a patch embedding: it cuts patches and multiplies each. Gemm
is a product and a sum. Flatten, Squeeze, Unsqueeze and Identity only change the shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx.numpy_helper
from onnx import helper

from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.operators import TensorType

Array = npt.NDArray[Any]


class _Writer:
    """Collects the nodes that replace one node, and their constants."""

    def __init__(self, model: onnx.ModelProto, node: onnx.NodeProto, types: Mapping[str, TensorType]) -> None:
        self.node = node
        self.types = types
        self.nodes: list[onnx.NodeProto] = []
        self._model = model
        self._constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self.attributes: dict[str, Any] = {
            attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute
        }

    def constant(self, place: int) -> Array | None:
        """Return the input at ``place`` if it is a constant, otherwise None."""
        name = self.node.input[place] if place < len(self.node.input) else ""
        tensor = self._constants.get(name)
        return None if tensor is None else onnx.numpy_helper.to_array(tensor)

    def add(self, kind: str, part: str, inputs: list[str | Array], last: bool = False, **more: Any) -> str:
        """Add a node and return the name of its output.

        Args:
            kind: the node's operator.
            part: the last part of its name, which starts with the name of the replaced node.
            inputs: names of values, or arrays, which become constants.
            last: whether its output replaces that of the original node.
            more: the node's attributes.
        """
        names = []
        for place, given in enumerate(inputs):
            if isinstance(given, np.ndarray):
                name = f"{self.node.name}/{part}/{place}"
                self._model.graph.initializer.append(onnx.numpy_helper.from_array(given, name))
                given = name
            names.append(given)
        output = self.node.output[0] if last else f"{self.node.name}/{part}"
        self.nodes.append(helper.make_node(kind, names, [output], f"{self.node.name}/{part}", **more))
        return output

    def refuse(self, why: str, remedy: str) -> ModelError:
        """Make the error that says why the node cannot be rewritten."""
        return ModelError(f"Node {self.node.name} ({self.node.op_type}) {why}.", remedy)


def _shape(sizes: tuple[int, ...]) -> Array:
    return np.array(sizes, np.int64)


def _reshape(writer: _Writer) -> None:
    node = writer.node
    writer.add("Reshape", "shape", [node.input[0], _shape(writer.types[node.output[0]].shape)], last=True)


def _gemm(writer: _Writer) -> None:
    w = writer.constant(1)
    if w is None or writer.attributes.get("transA", 0):
        raise writer.refuse("does not multiply by a constant", "Write it as MatMul and Add.")
    w = w.T if writer.attributes.get("transB", 0) else w
    w = np.ascontiguousarray(w * np.asarray(writer.attributes.get("alpha", 1.0), w.dtype))
    if len(writer.node.input) < 3 or not writer.node.input[2]:
        writer.add("MatMul", "product", [writer.node.input[0], w], last=True)
        return
    bias = writer.constant(2)
    if bias is None:
        raise writer.refuse("adds a value that is not a constant", "Write it as MatMul and Add.")
    bias = bias * np.asarray(writer.attributes.get("beta", 1.0), bias.dtype)
    product = writer.add("MatMul", "product", [writer.node.input[0], w])
    writer.add("Add", "sum", [product, np.ascontiguousarray(bias)], last=True)


def _patches(writer: _Writer) -> None:
    """Rewrite a patch embedding from ``[1, C, H, W]`` to ``[1, N, h, w]``.

    The image becomes patches ``[h * w, C * p * p]``, which are multiplied by weights ``[C * p * p, N]``.
    """
    node, attributes = writer.node, writer.attributes
    x, y = writer.types[node.input[0]].shape, writer.types[node.output[0]].shape
    w, bias = writer.constant(1), writer.constant(2)
    remedy = (
        "Only patch embeddings are supported: stride equals kernel, no padding, one group, fixed weights."
    )
    if w is None or (len(node.input) > 2 and node.input[2] and bias is None):
        raise writer.refuse("has weights that are not constants", remedy)
    kernel = w.shape[2:]
    automatic = attributes.get("auto_pad", b"NOTSET")
    same = (
        tuple(attributes.get("strides", [1] * len(kernel))) == kernel
        and not any(attributes.get("pads", []))
        and all(step == 1 for step in attributes.get("dilations", []))
        and attributes.get("group", 1) == 1
        and automatic in (b"NOTSET", b"VALID")
        and x[0] == 1
        and all(size % side == 0 for size, side in zip(x[2:], kernel, strict=True))
    )
    if not same:
        raise writer.refuse("is not a patch embedding", remedy)
    axes = len(kernel)
    counts = tuple(size // side for size, side in zip(x[2:], kernel, strict=True))
    split = (x[1], *(part for pair in zip(counts, kernel, strict=True) for part in pair))
    order = [*range(1, 2 * axes, 2), 0, *range(2, 2 * axes + 1, 2)]
    cut = writer.add("Reshape", "split", [node.input[0], _shape(split)])
    rows = writer.add("Transpose", "rows", [cut], perm=order)
    terms = writer.add("Reshape", "patches", [rows, _shape((prod(counts), x[1] * prod(kernel)))])
    matrix = np.ascontiguousarray(w.reshape(w.shape[0], -1).T)
    product = writer.add("MatMul", "project", [terms, matrix])
    if bias is not None:
        product = writer.add("Add", "bias", [product, bias])
    turned = writer.add("Transpose", "channels", [product], perm=[1, 0])
    writer.add("Reshape", "image", [turned, _shape(y)], last=True)


_FORMS: dict[str, Callable[[_Writer], None]] = {
    "Conv": _patches,
    "Flatten": _reshape,
    "Gemm": _gemm,
    "Identity": _reshape,
    "Squeeze": _reshape,
    "Unsqueeze": _reshape,
}
REWRITTEN = frozenset(_FORMS)
"""The operators that ``rewrite`` replaces."""


def rewrite(model: onnx.ModelProto, types: Mapping[str, TensorType]) -> None:
    """Replace the operators of ``REWRITTEN``.

    Args:
        model: the model to change; its nodes have names, its constants are initializers.
        types: the type of every value.

    Raises:
        ModelError: a convolution is not a patch embedding, or a Gemm has an operand that is not a constant.
    """
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        kept = onnx.NodeProto()
        kept.CopyFrom(node)
        if node.op_type not in REWRITTEN or node.domain not in ("", "ai.onnx"):
            nodes.append(kept)
            continue
        writer = _Writer(model, kept, types)
        _FORMS[node.op_type](writer)
        nodes += writer.nodes
    del model.graph.node[:]
    model.graph.node.extend(nodes)
