"""An ONNX graph that is built node by node, and the file that it becomes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from sensor_bnn.nn.model import Folded
from sensor_bnn.onnx.operators import (
    DOMAIN,
    IR_VERSION,
    OPERATORS,
    OPSET,
    PRODUCER,
    Array,
    TensorType,
    domain_version,
)
from sensor_bnn.onnx.quantities import NUMBERS

INPUT = "window"
OUTPUT = "logits"


class Graph:
    """An ONNX graph that is built node by node, with the type of every value."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.types: dict[str, TensorType] = {}

    def constant(self, name: str, array: Array) -> str:
        """Add an initializer and return its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        self.types[name] = TensorType.of(array)
        return name

    def packed(self, operator: str, name: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node of our domain and return its output's name, that of the node unless it is given."""
        output = output or name
        result = OPERATORS[operator].infer([self.types[value] for value in inputs], attributes, name)
        self.nodes.append(helper.make_node(operator, inputs, [output], name, domain=DOMAIN, **attributes))
        self.types[output] = result
        return output

    def standard(
        self,
        operator: str,
        name: str,
        *inputs: str,
        to: TensorType,
        output: str = "",
        element: int | None = None,
        **attributes: Any,
    ) -> str:
        """Add a standard node with a result of type ``to`` and return its output's name.

        The output has the name of the node unless ``output`` is given. ``element`` is the attribute ``to`` of
        a Cast.
        """
        output = output or name
        if element is not None:
            attributes["to"] = element
        self.nodes.append(helper.make_node(operator, inputs, [output], name, **attributes))
        self.types[output] = to
        return output

    def reshape(self, name: str, value: str, shape: tuple[int, ...]) -> str:
        """Add a Reshape to a static shape."""
        target = self.constant(f"{name}.shape".lstrip("/").replace("/", "."), np.array(shape, dtype=np.int64))
        return self.standard("Reshape", name, value, target, to=TensorType(self.types[value].dtype, shape))

    def transpose(self, name: str, value: str, order: tuple[int, ...]) -> str:
        """Add a Transpose."""
        kind = self.types[value]
        turned = TensorType(kind.dtype, tuple(kind.shape[axis] for axis in order))
        return self.standard("Transpose", name, value, to=turned, perm=order)

    def model(self, folded: Folded, more: Mapping[str, str] | None = None) -> onnx.ModelProto:
        """Return the finished model, including the functions that it uses.

        Args:
            folded: the model, which gives its name, classes and channels.
            more: metadata beside those of every model, by key.
        """
        ends = {INPUT, OUTPUT}
        made = [value for node in self.nodes for value in node.output if value not in ends]
        graph = helper.make_graph(
            self.nodes,
            folded.name,
            [self._info(INPUT)],
            [self._info(OUTPUT)],
            initializer=self.constants,
            value_info=[self._info(value) for value in made],
        )
        used = {node.op_type for node in self.nodes if node.domain == DOMAIN}
        producer = version("sensor-bnn")
        model = helper.make_model(
            graph,
            ir_version=IR_VERSION,
            opset_imports=[
                helper.make_opsetid("", OPSET),
                helper.make_opsetid(DOMAIN, domain_version(self.nodes, self.types)),
            ],
            functions=[operator.function() for name, operator in OPERATORS.items() if name in used],
            producer_name=PRODUCER,
            producer_version=producer,
        )
        metadata = {
            "name": folded.name,
            "classes": json.dumps(list(folded.classes), ensure_ascii=False),
            "producer_version": producer,
            **(more or {}),
        }
        if NUMBERS in metadata:  # the outputs are numbers, and not logits of classes
            del metadata["classes"]
        if folded.channel_names:
            metadata["channels"] = json.dumps(list(folded.channel_names), ensure_ascii=False)
        helper.set_model_props(model, metadata)
        return model

    def _info(self, value: str) -> onnx.ValueInfoProto:
        kind = self.types[value]
        return helper.make_tensor_value_info(value, helper.np_dtype_to_tensor_dtype(kind.dtype), kind.shape)
