"""Rewriting of standard operators of every operator set as the forms for which the compiler has kernels.

A convolution whose kernel equals its stride is a patch embedding: it cuts patches and multiplies each. Gemm
is a product and a sum, BatchNormalization a product and a sum with constants. Flatten, Squeeze, Unsqueeze,
Identity and Dropout at most change the shape. Softmax goes over the last axis, and ReduceMean names its axes.

What an operator means may depend on the file's operator set. The forms that are written here mean the same
from set 18 on, so the result is declared to be of set ``OPSET`` at least. ONNX's own version converter is not
used: it writes a Softmax of set 12 with operators that have no kernel here, and drops the nodes' names.
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
from sensor_bnn.onnx.operators import FLOAT, OPSET, TensorType
from sensor_bnn.onnx.types import STANDARD

Array = npt.NDArray[Any]


class _Writer:
    """Collects the nodes that replace one node, and their constants."""

    def __init__(
        self, model: onnx.ModelProto, node: onnx.NodeProto, types: Mapping[str, TensorType], opset: int
    ) -> None:
        self.node = node
        self.types = types
        self.opset = opset
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
            part: the last part of its name, which starts with the name of the replaced node; empty for the
                node that takes this name as it is.
            inputs: names of values, or arrays, which become constants.
            last: whether its output replaces that of the original node.
            more: the node's attributes.
        """
        names = []
        whole = f"{self.node.name}/{part}" if part else self.node.name
        for place, given in enumerate(inputs):
            if isinstance(given, np.ndarray):
                name = self._fresh(f"{whole}/{place}")
                self._model.graph.initializer.append(onnx.numpy_helper.from_array(given, name))
                given = name
            names.append(given)
        output = self.node.output[0] if last else self._fresh(f"{whole}/value")
        self.nodes.append(helper.make_node(kind, names, [output], whole, **more))
        return output

    def _fresh(self, name: str) -> str:
        """Return a name that no value of the file has; the node's own name makes it unique among new ones."""
        while name in self.types:
            name += "_"
        return name

    def refuse(self, why: str, remedy: str) -> ModelError:
        """Make the error that says why the node cannot be rewritten."""
        return ModelError(f"Node {self.node.name} ({self.node.op_type}) {why}.", remedy)


def _shape(sizes: tuple[int, ...]) -> Array:
    return np.array(sizes, np.int64)


def _reshape(writer: _Writer) -> None:
    node = writer.node
    writer.add("Reshape", "shape", [node.input[0], _shape(writer.types[node.output[0]].shape)], last=True)


def _gemm(writer: _Writer) -> None:
    """Write alpha * A @ B + beta * C with a constant B scaled in advance, and a sum where there is a C."""
    node, attributes = writer.node, writer.attributes
    if writer.types[node.output[0]].dtype != FLOAT:
        raise writer.refuse("is not of float32", "Export it in float32.")
    left = node.input[0]
    if attributes.get("transA", 0):
        left = writer.add("Transpose", "left", [left], perm=[1, 0])
    alpha, beta = (np.float32(attributes.get(name, 1.0)) for name in ("alpha", "beta"))
    w = writer.constant(1)
    right: str | Array = node.input[1]
    if w is not None:
        right = np.ascontiguousarray((w.T if attributes.get("transB", 0) else w) * alpha)
        alpha = np.float32(1)
    elif attributes.get("transB", 0):
        right = writer.add("Transpose", "right", [node.input[1]], perm=[1, 0])
    sums = len(node.input) > 2 and bool(node.input[2])
    product = writer.add("MatMul", "product", [left, right], last=not sums and alpha == 1)
    if alpha != 1:
        product = writer.add("Mul", "scaled", [product, np.array(alpha)], last=not sums)
    if not sums:
        return
    bias = writer.constant(2)
    addend: str | Array = node.input[2]
    if bias is not None:
        addend = np.ascontiguousarray(bias * beta)
    elif beta != 1:
        addend = writer.add("Mul", "addend", [node.input[2], np.array(beta)])
    writer.add("Add", "sum", [product, addend], last=True)


def _batch_normalization(writer: _Writer) -> None:
    """Write (x - mean) / sqrt(variance + epsilon) * gain + shift as one product and one sum per channel."""
    node, attributes = writer.node, writer.attributes
    rank = len(writer.types[node.input[0]].shape)
    # Up to set 13 a node that trains is told by its outputs, since then by an attribute.
    if len(node.output) > 1 or attributes.get("training_mode", 0):
        raise writer.refuse("is in training mode", "Export the model for inference.")
    if attributes.get("spatial", 1) != 1:
        raise writer.refuse(
            "has statistics per element (spatial = 0)", "Export it with a newer operator set."
        )
    parts = [writer.constant(place) for place in range(1, 5)]
    gain, shift, mean, variance = parts
    if gain is None or shift is None or mean is None or variance is None or rank < 2:
        raise writer.refuse("does not scale channels by constants", "Export the model for inference.")
    # In double precision, so that each of the two constants is rounded once.
    doubles = (part.astype(np.float64) for part in (gain, shift, mean, variance))
    gain, shift, mean, variance = doubles
    # What these warnings are about is refused below, by name.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        factor = gain / np.sqrt(variance + attributes.get("epsilon", 1e-5))
        addend = (shift - mean * factor).astype(np.float32)
        factor = factor.astype(np.float32)
    if not (np.isfinite(factor).all() and np.isfinite(addend).all()):
        raise writer.refuse(
            "has statistics that give infinite values or no numbers", "Train the model again."
        )
    each = (-1, *(1 for _ in range(rank - 2)))  # Channels are axis 1, and broadcasting goes from the last.
    product = writer.add("Mul", "product", [node.input[0], factor.reshape(each)])
    writer.add("Add", "sum", [product, addend.reshape(each)], last=True)


def _dropout(writer: _Writer) -> None:
    if len(writer.node.input) > 2 and writer.node.input[2]:
        training = writer.constant(2)
        if training is None or training.any():
            raise writer.refuse("is in training mode", "Export the model for inference.")
    _reshape(writer)


def _softmax(writer: _Writer) -> None:
    """Write a Softmax over the last axis.

    Up to set 12, Softmax makes the input two-dimensional at ``axis`` and normalises the rows of that.
    """
    node = writer.node
    shape = writer.types[node.input[0]].shape
    rank = len(shape)
    flattens = writer.opset < _SOFTMAX_OF_ONE_AXIS
    axis = writer.attributes.get("axis", 1 if flattens else -1)
    if not -rank <= axis < rank:
        raise writer.refuse(f"is over axis {axis} of {rank}", "Name an axis that the input has.")
    axis %= rank
    if axis == rank - 1:
        if writer.attributes.get("axis") != -1:
            writer.add("Softmax", "", [node.input[0]], last=True, axis=-1)
        return
    if flattens:
        flat = writer.add(
            "Reshape", "rows", [node.input[0], _shape((prod(shape[:axis]), prod(shape[axis:])))]
        )
        soft = writer.add("Softmax", "", [flat], axis=-1)
        writer.add("Reshape", "shape", [soft, _shape(shape)], last=True)
        return
    order = [*(place for place in range(rank) if place != axis), axis]
    turned = writer.add("Transpose", "turned", [node.input[0]], perm=order)
    soft = writer.add("Softmax", "", [turned], axis=-1)
    writer.add("Transpose", "back", [soft], last=True, perm=[int(place) for place in np.argsort(order)])


def _reduce_mean(writer: _Writer) -> None:
    """Write a ReduceMean over named axes; from set 18 on an empty list may mean none at all."""
    node = writer.node
    kind = writer.types[node.input[0]]
    given = writer.constant(1)
    if len(node.input) > 1 and node.input[1] and given is None:
        raise writer.refuse("has axes that are not constant", "Make them constant.")
    if kind.dtype != FLOAT:
        raise writer.refuse(f"reads {kind}", "Cast it to float32 first.")
    axes = list(writer.attributes.get("axes", [])) if given is None else [int(axis) for axis in given.ravel()]
    if not axes and not writer.attributes.get("noop_with_empty_axes", 0):
        axes = list(range(len(kind.shape)))
    if not axes:
        _reshape(writer)
    elif given is None or not given.size:
        keeps = writer.attributes.get("keepdims", 1)
        writer.add("ReduceMean", "", [node.input[0], np.array(axes)], last=True, keepdims=keeps)


def _layer_normalization(writer: _Writer) -> None:
    """Write a LayerNormalization with gain and shift of the normalised shape.

    ONNX lets them have any shape that broadcasts to the input's: where they differ between rows, a product
    and a sum follow instead.
    """
    node, attributes = writer.node, writer.attributes
    shape = writer.types[node.input[0]].shape
    if attributes.get("stash_type", 1) != 1:
        raise writer.refuse("is not computed in float32", "Export it with stash_type = 1.")
    rank, axis = len(shape), attributes.get("axis", -1)
    if not -rank <= axis < rank:
        raise writer.refuse(f"is over axis {axis} of {rank}", "Name an axis that the input has.")
    inner = shape[axis % rank :]
    present = [(place, name) for place, name in enumerate(node.input) if place and name]
    if all(writer.types[name].shape == inner for _, name in present):
        return
    parts: list[Array] = []
    for place, name in present:
        array, sizes = writer.constant(place), writer.types[name].shape
        if array is None or prod(sizes[: max(0, len(sizes) - len(inner))]) != 1:
            break
        array = array.reshape(sizes[-len(inner) :] if len(sizes) > len(inner) else sizes)
        parts.append(np.ascontiguousarray(np.broadcast_to(array, inner)))
    numbers = {"axis": axis, "epsilon": float(attributes.get("epsilon", 1e-5))}
    if len(parts) == len(present):
        writer.add("LayerNormalization", "", [node.input[0], *parts], last=True, **numbers)
        return
    ones = np.ones(inner, np.float32)
    value = writer.add("LayerNormalization", "", [node.input[0], ones], **numbers)
    # A shift need not be there.
    for kind, (place, name) in zip(("Mul", "Add"), present, strict=False):
        value = writer.add(kind, kind.lower(), [value, name], last=place == present[-1][0])


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
    # From [C, h, p, w, p] to [h, w, C, p, p]: the patches first, then what is within one.
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


def _prelu(writer: _Writer) -> None:
    """Write a PRelu of a number without axes as one of a vector: TVM's takes the slopes along an axis."""
    node = writer.node
    if writer.types[node.input[0]].shape:
        return
    value, slope = (
        writer.add("Reshape", part, [name, _shape((1,))])
        for part, name in zip(("value", "slope"), node.input, strict=True)
    )
    bent = writer.add("PRelu", "", [value, slope])
    writer.add("Reshape", "shape", [bent, _shape(())], last=True)


_SOFTMAX_OF_ONE_AXIS = 13
"""The first operator set in which Softmax normalises along one axis."""

_FORMS: dict[str, Callable[[_Writer], None]] = {
    "BatchNormalization": _batch_normalization,
    "Conv": _patches,
    "Dropout": _dropout,
    "Flatten": _reshape,
    "Gemm": _gemm,
    "Identity": _reshape,
    "Squeeze": _reshape,
    "Unsqueeze": _reshape,
}
REWRITTEN = frozenset(_FORMS)
"""The operators that ``rewrite`` replaces."""

_SHAPED: dict[str, Callable[[_Writer], None]] = {
    "LayerNormalization": _layer_normalization,
    "PRelu": _prelu,
    "ReduceMean": _reduce_mean,
    "Softmax": _softmax,
}
"""Operators that stay, in one of their forms; a function that writes nothing leaves its node as it is."""


def rewrite(model: onnx.ModelProto, types: Mapping[str, TensorType]) -> None:
    """Replace the operators of ``REWRITTEN`` and the forms of others that have no kernel.

    Args:
        model: the model to change; its nodes have names, its constants are initializers.
        types: the type of every value.

    Raises:
        ModelError: some nodes have no form with a kernel, for example a convolution that is not a patch
            embedding; all of them are named.
    """
    nodes: list[onnx.NodeProto] = []
    refused: list[ModelError] = []
    opset = next((entry.version for entry in model.opset_import if entry.domain in STANDARD), OPSET)
    for node in model.graph.node:
        kept = onnx.NodeProto()
        kept.CopyFrom(node)
        form = None if node.domain not in STANDARD else _FORMS.get(node.op_type) or _SHAPED.get(node.op_type)
        if form is None:
            nodes.append(kept)
            continue
        writer = _Writer(model, kept, types, opset)
        try:
            form(writer)
        except ModelError as error:
            refused.append(error)
        nodes += writer.nodes or [kept]
    if refused:
        said = "; ".join(error.message.rstrip(".") for error in refused)
        raise ModelError(f"{said}.", " ".join(dict.fromkeys(error.remedy for error in refused)))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    for entry in model.opset_import:
        if entry.domain in STANDARD:
            entry.version = max(entry.version, OPSET)
