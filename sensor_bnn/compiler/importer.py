"""ONNX to Relax by TVM's own front end, which only this file extends by our operators.

TVM's importer finds operators by ``op_type`` only, in a table that a private function returns. There is no
public way to extend it. ``tests/compiler/test_importer.py`` fails if TVM moves that function.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from tvm import relax
from tvm.ir import IRModule
from tvm.relax.frontend.onnx import onnx_frontend

from sensor_bnn.compiler.floats import FLOAT_OPERATORS
from sensor_bnn.compiler.one_at_a_time import TVM
from sensor_bnn.errors import ModelError, SensorBnnError
from sensor_bnn.onnx.operators import DOMAIN, OPERATORS, Operator, TensorType
from sensor_bnn.onnx.types import one_sentence

_OF_TVM = frozenset(
    {
        *("Add", "Concat", "Div", "MatMul", "Mul", "PRelu"),
        *("ReduceMean", "Relu", "Reshape", "Sub", "Transpose"),
    }
)
"""Operators that TVM's own conversion handles: single operations, or sums in a fixed order."""

STANDARD_OPERATORS = _OF_TVM | frozenset(FLOAT_OPERATORS)
"""Standard ONNX operators that the compiler supports besides those of our domain."""

Convert = Callable[..., relax.Expr]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Graph:
    """A model in Relax.

    Attributes:
        module: a module with one function, ``main``, a sequence of bindings in a dataflow block.
        names: ONNX node names by the name of the variable that holds the node's value (Relax allows
            fewer characters). A fused layer has the name of its product.
        values: by the name of the variable, the ONNX node whose value it holds, which for a fused layer is
            its last node; empty before fusion.
    """

    module: IRModule
    names: dict[str, str]
    values: dict[str, str] = field(default_factory=dict)


def import_onnx(model: onnx.ModelProto) -> Graph:
    """Return the model in Relax.

    An operator of our domain becomes ``call_dps_packed("ai.sensorbnn.<name>", (inputs..., attributes...))``.
    Threads that call this import one after the other.

    Args:
        model: a model as :func:`sensor_bnn.onnx.load.load_model` returns it, with static shapes and known
            operators.

    Raises:
        ModelError: TVM does not accept a node.
    """
    names: dict[str, str] = {}
    builders: list[relax.BlockBuilder] = []
    with TVM, _taught(names, builders):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # TVM warns that it renames values; `names` keeps the names
                module = onnx_frontend.from_onnx(model)
        except SensorBnnError:
            _close(builders)
            raise
        except Exception as error:  # TVM's front end raises many kinds of exceptions
            _close(builders)
            raise ModelError(
                f"TVM cannot import the model: {one_sentence(error)}.",
                "Export it again with a newer exporter.",
            ) from error
    return Graph(module, names)


def _close(builders: list[relax.BlockBuilder]) -> None:
    """End the block that a refused node leaves open: TVM prints a warning when such a builder is freed."""
    for builder in builders:
        builder._end_block()


@contextmanager
def _taught(names: dict[str, str], builders: list[relax.BlockBuilder]) -> Iterator[None]:
    original = onnx_frontend._get_convert_map
    importing = threading.get_ident()

    def extended() -> dict[str, Any]:
        known: dict[str, Any] = original()
        if (
            threading.get_ident() != importing
        ):  # Another thread's own use of TVM, which takes no lock of ours.
            return known
        converters: dict[str, Convert] = {}
        for name in _OF_TVM:
            converters[name] = _standard(known[name])
        for name, convert in FLOAT_OPERATORS.items():
            converters[name] = _float(convert)
        for name, operator in OPERATORS.items():
            converters[name] = _packed(operator)
        return {name: _Converter(convert, names, builders) for name, convert in converters.items()}

    onnx_frontend._get_convert_map = extended
    # It prints the operator and its inputs before it raises what we report.
    vars(onnx_frontend)["print"] = _log.debug
    try:
        yield
    finally:
        onnx_frontend._get_convert_map = original
        del vars(onnx_frontend)["print"]


class _Converter:
    """An entry of TVM's table: it returns a conversion function for a version of the operator set."""

    def __init__(self, convert: Convert, names: dict[str, str], builders: list[relax.BlockBuilder]) -> None:
        self._convert = convert
        self._names = names
        self._builders = builders

    def get_converter(self, opset: int) -> Convert:
        """Return a conversion that binds its result to a variable and records the node's name for it."""

        def named(bb: relax.BlockBuilder, inputs: Any, attributes: Any, params: Any) -> relax.Expr:
            name = attributes["tvm_custom"]["name"]
            self._builders[:] = [bb]
            try:
                var = bb.emit(self._convert(opset, bb, inputs, attributes, params), name or "node")
            except SensorBnnError:
                raise
            except Exception as error:  # TVM's front end raises many kinds of exceptions
                raise ModelError(
                    f"TVM cannot import node {name or 'without a name'}: {one_sentence(error)}.",
                    "Write it in another way, or as several nodes.",
                ) from error
            self._names[var.name] = name or var.name
            return var

        return named


def _standard(converter: Any) -> Convert:
    def convert(opset: int, *arguments: Any) -> relax.Expr:
        return converter.get_converter(opset)(*arguments)

    return convert


def _float(converter: Callable[..., relax.Expr]) -> Convert:
    def convert(opset: int, bb: relax.BlockBuilder, inputs: Any, attributes: Any, params: Any) -> relax.Expr:
        return converter(list(inputs), attributes, attributes["tvm_custom"]["name"])

    return convert


def _packed(operator: Operator) -> Convert:
    def convert(opset: int, bb: relax.BlockBuilder, inputs: Any, attributes: Any, params: Any) -> relax.Expr:
        values = {name: int(attributes[name]) for name in operator.attributes}
        types = [tensor_type(value) for value in inputs]
        result = operator.infer(types, values, attributes["tvm_custom"]["name"])
        arguments = [*inputs, *(relax.prim_value(value) for value in values.values())]
        return relax.op.call_dps_packed(
            f"{DOMAIN}.{operator.name}", arguments, relax.TensorType(result.shape, result.dtype.name)
        )

    return convert


def tensor_type(value: relax.Expr) -> TensorType:
    """Return element type and static shape of a Relax tensor expression."""
    shape = tuple(int(size) for size in value.ty.shape)
    return TensorType(np.dtype(str(value.ty.dtype.dtype)), shape)
