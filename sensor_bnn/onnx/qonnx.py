"""QONNX and FINN files: products of signs (``BipolarQuant``, then MatMul or Gemm) become packed operators.

``BipolarQuant(x, s)`` is ``s`` where ``x >= 0`` and ``-s`` elsewhere. A product of such signs with constants
that have one magnitude per output becomes a BnnLinear. BatchNormalization, sums and products with constants
after it become its scale and bias. If only its signs are read, an integer threshold replaces all floats.
Signs that have no such form are refused, each with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx.numpy_helper
from onnx import helper

from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.operators import DOMAIN, DOMAIN_VERSIONS, TensorType
from sensor_bnn.onnx.packing import pack_bits
from sensor_bnn.onnx.types import is_sign

_TYPES = {
    "alpha": onnx.AttributeProto.FLOAT,
    "beta": onnx.AttributeProto.FLOAT,
    "epsilon": onnx.AttributeProto.FLOAT,
    "transA": onnx.AttributeProto.INT,
    "training_mode": onnx.AttributeProto.INT,
    "transB": onnx.AttributeProto.INT,
}

Array = npt.NDArray[Any]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Product:
    """A product ``scale * (signs . bits) + bias``.

    Attributes:
        node: the node of the product.
        signs: the name of the value whose signs are multiplied.
        bits: the signs of the weights, bool ``[N, K]``, True for +1.
        scale: the scale of each output, ``[N]``.
        bias: the bias of each output, ``[N]``.
        value: the name of the result, which is the output of the last node that was merged.
    """

    node: onnx.NodeProto
    signs: str
    bits: npt.NDArray[np.bool_]
    scale: Doubles
    bias: Doubles
    value: str


def bits_of(value: str) -> str:
    """Return the name of the packed signs of a value."""
    return f"{value}/bits"


def has_signs(model: onnx.ModelProto) -> bool:
    """Whether the model has BipolarQuant nodes."""
    return any(is_sign(node) for node in model.graph.node)


def prepare(model: onnx.ModelProto) -> None:
    """Remove the nodes whose results nothing reads, as exporters of QONNX leave them.

    Raises:
        ModelError: an attribute has the wrong type for its operator.
    """
    for node in model.graph.node:
        if node.op_type in ("BatchNormalization", "Gemm"):
            _attributes(node)
    nodes = _alive([_copy(node) for node in model.graph.node], {value.name for value in model.graph.output})
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def pack_bipolar(model: onnx.ModelProto, types: Mapping[str, TensorType]) -> None:
    """Replace products of signs in ``model`` by packed operators.

    Args:
        model: the model to change, with its nodes in order and its constants as initializers.
        types: the type of every value.

    Raises:
        ModelError: signs have no packed form (all of them are named, with reasons), an attribute has the
            wrong type for its operator, or constants after a product give a scale or bias that is not a
            finite float32.
    """
    graph = _Graph(model, types)
    products = {product.value: product for product in graph.products()}
    nodes: list[onnx.NodeProto] = []
    packed: set[str] = set()
    for node in graph.nodes:
        product = next((p for p in products.values() if node.output and p.value == node.output[0]), None)
        if product is None:
            nodes.append(node)
            continue
        K = product.bits.shape[1]
        bits = bits_of(product.signs)
        if bits not in packed:
            packed.add(bits)
            before = products.get(product.signs)
            if before is not None and graph.only_signs(product.signs, products):
                nodes += _packed_out(model, before, bits)
            else:
                zeros = _constant(model, f"{bits}/threshold", np.zeros(K, np.float32))
                nodes.append(_node("BnnPack", [product.signs, zeros], bits, f"{bits}/pack"))
        if not graph.only_signs(product.value, products):
            nodes.append(_float_out(model, product, bits))
    nodes = _alive(nodes, {value.name for value in model.graph.output})
    graph.check(nodes)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    used = {name for node in model.graph.node for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    if not any(entry.domain == DOMAIN for entry in model.opset_import):
        model.opset_import.add(domain=DOMAIN, version=DOMAIN_VERSIONS[0])


class _Graph:
    """The maker and the readers of each value, and the constants."""

    def __init__(self, model: onnx.ModelProto, types: Mapping[str, TensorType]) -> None:
        self._types = types
        self._reasons: dict[str, str] = {}
        self.nodes = [_copy(node) for node in model.graph.node]
        self._makers = {name: node for node in self.nodes for name in node.output}
        self._readers: dict[str, list[onnx.NodeProto]] = {}
        for node in self.nodes:
            for name in node.input:
                self._readers.setdefault(name, []).append(node)
        self._ends = {value.name for value in model.graph.output}
        self._constants: dict[str, Array] = {
            tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer
        }

    def products(self) -> Iterator[_Product]:
        """Yield every product of signs, merged with the scales and sums after it."""
        for node in self.nodes:
            found = self._product(node)
            if found is None:
                continue
            product = self._extended(found)
            numbers = _float32(np.concatenate([product.scale, product.bias]))
            if not np.isfinite(numbers).all():
                raise ModelError(
                    f"The constants after node {node.name or product.value} ({node.op_type}) scale or shift "
                    "it by a value that is infinite or not a number.",
                    "Training may have diverged: train or export the model again.",
                )
            yield product

    def only_signs(self, value: str, products: dict[str, _Product]) -> bool:
        """Whether only the signs of a product are read, and only by other products."""
        if value in self._ends or value not in products:
            return False
        readers = self._readers.get(value, [])
        multiplied = {id(product.node) for product in products.values()}
        return bool(readers) and all(
            is_sign(reader)
            and reader.output[0] not in self._ends
            and all(id(last) in multiplied for last in self._readers.get(reader.output[0], []))
            for reader in readers
        )

    def check(self, nodes: list[onnx.NodeProto]) -> None:
        """Refuse the signs among ``nodes``, which are those that stay."""
        left = [node for node in nodes if is_sign(node)]
        if not left:
            return
        said = []
        for node in left:
            readers = self._readers.get(node.output[0], [])
            reasons = [
                self._reasons[reader.output[0]] for reader in readers if reader.output[0] in self._reasons
            ]
            others = [_label(reader) for reader in readers if reader.output[0] not in self._reasons]
            if others or not readers:
                reasons.append(f"it is read by {', '.join(others) or 'the output'}")
            said.append(f"node {_label(node)}: {', '.join(dict.fromkeys(reasons))}")
        raise ModelError(
            f"Signs have no packed form: {'; '.join(said)}.",
            "Let a MatMul or Gemm multiply signs of activations by constants of one magnitude per output.",
        )

    def _product(self, node: onnx.NodeProto) -> _Product | None:
        """Return a product of signs; of one that has no packed form, keep the reason."""
        if node.domain or node.op_type not in ("MatMul", "Gemm") or len(node.input) < 2:
            return None
        sign, w = self._makers.get(node.input[0]), self._constants.get(node.input[1])
        if sign is None or not is_sign(sign):
            return None
        found = self._packed(node, sign, w)
        if isinstance(found, str):
            self._reasons[node.output[0]] = f"its product {_label(node)} {found}"
            return None
        return found

    def _packed(self, node: onnx.NodeProto, sign: onnx.NodeProto, w: Array | None) -> _Product | str:
        """Return the product, or why it has no packed form."""
        if w is None:
            return "multiplies it by weights that are not constant"
        if w.ndim != 2 or not w.size:
            return f"multiplies it by constants {list(w.shape)}, which are no matrix"
        factor, bias = 1.0, np.zeros(1)
        if node.op_type == "Gemm":
            attributes = _attributes(node)
            if attributes.get("transA", 0):
                return "transposes it"
            w = w.T if attributes.get("transB", 0) else w
            factor = attributes.get("alpha", 1.0)
            if len(node.input) > 2 and node.input[2]:
                added = self._vector(node.input[2], node.output[0], w.shape[1])
                if added is None:
                    return "adds something else than one constant per output"
                bias = added * attributes.get("beta", 1.0)
        one = self._constants.get(sign.input[1])
        if one is None or one.size != 1 or self._types[sign.output[0]] != self._types[sign.input[0]]:
            return f"multiplies signs whose scale ({sign.input[1]}) is not one constant number"
        magnitude = np.abs(w).max(axis=0)
        unequal = np.argwhere(np.abs(w) != magnitude)
        if len(unequal):
            term, output = (int(place) for place in unequal[0])
            return (
                f"has the weight {w[term, output]:g} for term {term} of output {output}, which is neither "
                f"{magnitude[output]:g} nor -{magnitude[output]:g}"
            )
        scale = magnitude.astype(np.float64) * float(one.reshape(())) * factor
        return _Product(node, sign.input[0], (w > 0).T, scale, bias + np.zeros(w.shape[1]), node.output[0])

    def _vector(self, name: str, value: str, N: int) -> Doubles | None:
        """Return a constant that has one number, or one per output of ``value``, as float64 ``[N]``.

        Returns:
            None for what is not constant, or differs between rows, or has more axes than ``value``: a sum
            or product with it has another shape.
        """
        array = self._constants.get(name)
        if array is None or array.size not in (1, N) or (array.size > 1 and array.shape[-1] != N):
            return None
        if array.ndim > len(self._types[value].shape):
            return None
        return np.broadcast_to(array.astype(np.float64).reshape(-1), (N,)).copy()

    def _extended(self, product: _Product) -> _Product:
        """Merge the nodes after a product as long as they only scale and add, each output by itself."""
        while product.value not in self._ends and len(self._readers.get(product.value, [])) == 1:
            (node,) = self._readers[product.value]
            step = self._affine(node, product.value, len(product.scale))
            if step is None:
                break
            factor, addend = step
            product = replace(
                product,
                scale=product.scale * factor,
                bias=product.bias * factor + addend,
                value=node.output[0],
            )
        return product

    def _affine(self, node: onnx.NodeProto, value: str, N: int) -> tuple[Doubles, Doubles] | None:
        """Return ``(factor, addend)`` of a node that computes ``factor * x + addend``; otherwise None."""
        if node.domain or not node.input:
            return None
        ones, zeros = np.ones(N), np.zeros(N)
        if node.op_type == "BatchNormalization" and node.input[0] == value and len(node.input) == 5:
            attributes = _attributes(node)
            # Its channels are axis 1; of a matrix alone this is the axis of the outputs.
            trains = len(node.output) > 1 or attributes.get("training_mode", 0)
            if trains or len(self._types[value].shape) != 2:
                return None
            parts = [self._vector(name, value, N) for name in node.input[1:]]
            gain, shift, mean, variance = parts
            if gain is None or shift is None or mean is None or variance is None:
                return None
            with np.errstate(divide="ignore", invalid="ignore"):  # products() reports what is not finite
                factor = gain / np.sqrt(variance + attributes.get("epsilon", 1e-5))
            return factor, shift - mean * factor
        if node.op_type not in ("Add", "Sub", "Mul", "Div") or len(node.input) != 2:
            return None
        left = node.input[0] == value
        other = self._vector(node.input[1 if left else 0], value, N)
        if other is None:
            return None
        match node.op_type, left:
            case "Add", _:
                return ones, other
            case "Sub", True:
                return ones, -other
            case "Sub", False:
                return -ones, other
            case "Mul", _:
                return other, zeros
            case "Div", True if other.all():
                return 1 / other, zeros
        return None


def _label(node: onnx.NodeProto) -> str:
    return f"{node.name or node.output[0]} ({node.op_type})"


def _float_out(model: onnx.ModelProto, product: _Product, bits: str) -> onnx.NodeProto:
    name = product.node.name or product.value
    inputs = [
        bits,
        _constant(model, f"{name}/weight", pack_bits(product.bits)),
        _constant(model, f"{name}/scale", _float32(product.scale)),
        _constant(model, f"{name}/bias", _float32(product.bias)),
    ]
    return _node("BnnLinear", inputs, product.value, name, K=product.bits.shape[1])


def _packed_out(model: onnx.ModelProto, product: _Product, value: str) -> list[onnx.NodeProto]:
    """Write ``scale * acc + bias >= 0`` as ``acc >= threshold``.

    Where the scale is negative, the weights are inverted, which changes the sign of acc.
    """
    name = product.node.name or product.value
    K = product.bits.shape[1]
    turned = product.scale < 0
    with np.errstate(divide="ignore", invalid="ignore"):
        limit = np.ceil(-product.bias / np.abs(product.scale))
    # A scale of 0 makes the bit constant; so does a limit outside -K .. K + 1, which is clipped to fit int32.
    limit = np.where(product.scale == 0, np.where(product.bias >= 0, -K, K + 1), np.clip(limit, -K, K + 1))
    inputs = [
        bits_of(product.signs),
        _constant(model, f"{name}/weight", pack_bits(product.bits ^ turned[:, None])),
        _constant(model, f"{name}/threshold", limit.astype(np.int32)),
    ]
    return [_node("BnnLinearPacked", inputs, value, name, K=K)]


def _float32(values: Doubles) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def _node(kind: str, inputs: list[str], output: str, name: str, **attributes: int) -> onnx.NodeProto:
    made: dict[str, Any] = dict(attributes)
    return helper.make_node(kind, inputs, [output], name, domain=DOMAIN, **made)


def _constant(model: onnx.ModelProto, name: str, array: Array) -> str:
    model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return name


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    for attribute in node.attribute:
        if _TYPES.get(attribute.name, attribute.type) != attribute.type:
            raise ModelError(
                f"Node {node.name or node.output[0]} ({node.op_type}): the attribute {attribute.name} has "
                "the wrong type for this operator.",
                "Export the model again.",
            )
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _copy(node: onnx.NodeProto) -> onnx.NodeProto:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    return copy


def _alive(nodes: list[onnx.NodeProto], ends: set[str]) -> list[onnx.NodeProto]:
    """Return the nodes whose results are read, directly or indirectly, for the outputs ``ends``."""
    kept = []
    needed = set(ends)
    for node in reversed(nodes):
        if needed & set(node.output):
            kept.append(node)
            needed |= set(node.input)
    return kept[::-1]
