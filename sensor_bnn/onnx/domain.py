"""What an operator of ``ai.sensorbnn`` is: signature, shapes, reference and ONNX function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import parser

from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.packing import words_for

DOMAIN = "ai.sensorbnn"
DOMAIN_VERSIONS = (1, 2)
"""The versions of the domain that this program reads. A file has the oldest that has all its operators."""
INTEGERS_SINCE = 2
"""The version that added integers from the sample to the class."""
OPSET = 20
PRODUCER = "sensor-bnn"
"""What our export calls itself in a file."""
IR_VERSION = 10

MAX_K = 2**24
"""The number of terms below which the float32 arithmetic of the ONNX functions counts exactly."""
MAX_MAP_COLUMNS = 32767
"""The most columns of an attention map for which a sum of table entries (at most 65535 each) fits int32."""
SIZES = range(1, MAX_K)
"""The values of an attribute that is a length, a side or a step."""
SHIFTS = range(31)
"""The values of an attribute that is a shift: half a step of 31 and the largest product exceed int32."""

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class TensorType:
    """Element type and static shape of a tensor."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @classmethod
    def of(cls, array: Array) -> TensorType:
        """Return the type of ``array``."""
        return cls(array.dtype, array.shape)

    def __str__(self) -> str:
        return f"{self.dtype.name}{list(self.shape)}"


FLOAT = np.dtype(np.float32)
INT = np.dtype(np.int32)
WORD = np.dtype(np.uint32)
SHORT = np.dtype(np.int16)
BYTE = np.dtype(np.int8)


@dataclass(frozen=True)
class Operator:
    """One operator.

    Attributes:
        name: the ONNX ``op_type``; unique without its domain.
        inputs: names of the inputs, in order; all are required.
        output: name of the one output.
        attributes: the integer attributes, and the values that each may have; all are required.
        shape: a function from input types and attributes to the output type; it raises ValueError with the
            description of a misuse.
        reference: the numpy reference; it takes the arrays in order and the attributes by keyword.
        body: the ONNX function's body in ONNX text.
        since: the version of the domain that added it.
    """

    name: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, range]
    shape: Callable[..., TensorType]
    reference: Callable[..., Array]
    body: str
    since: int = 1

    def infer(
        self, inputs: Sequence[TensorType], attributes: Mapping[str, int], node: str = ""
    ) -> TensorType:
        """Return the output's type.

        Args:
            inputs: the types of the inputs, in order.
            attributes: the attributes by name.
            node: the node's name, for the message.

        Raises:
            ModelError: the operator does not accept the inputs (number, type or shape) or an attribute.
        """
        problem = self._misuse(inputs, attributes)
        if problem is None:
            try:
                return self.shape(*inputs, **attributes)
            except ValueError as error:
                problem = str(error)
        place = f"Node {node} ({self.name})" if node else self.name
        raise ModelError(
            f"{place} is not valid: {problem}.",
            "See export/operators.md for its inputs and attributes, or export the model again.",
        )

    def _misuse(self, inputs: Sequence[TensorType], attributes: Mapping[str, int]) -> str | None:
        if len(inputs) != len(self.inputs):
            return f"it takes {len(self.inputs)} inputs ({', '.join(self.inputs)}), not {len(inputs)}"
        if set(attributes) != set(self.attributes):
            expected = ", ".join(self.attributes) or "none"
            return f"its attributes are {expected}, not {', '.join(sorted(attributes)) or 'none'}"
        for name, value in attributes.items():
            if value not in (allowed := self.attributes[name]):
                return f"{name} is {value}, outside {allowed.start} to {allowed.stop - 1}"
        return None

    def version(self, inputs: Sequence[TensorType]) -> int:
        """Return the oldest version of the domain in which this operator takes such inputs."""
        return INTEGERS_SINCE if SHORT in {kind.dtype for kind in inputs} else self.since

    def evaluate(self, inputs: Sequence[Array], attributes: Mapping[str, int]) -> Array:
        """Check the types, then compute with the reference.

        Raises:
            ModelError: see :meth:`infer`.
        """
        self.infer([TensorType.of(array) for array in inputs], attributes)
        return self.reference(*inputs, **attributes)

    def function(self) -> onnx.FunctionProto:
        """Return a new ONNX local function of standard operators that computes this operator."""
        proto = onnx.FunctionProto()
        attributes = f"<{', '.join(self.attributes)}>" if self.attributes else ""
        proto.CopyFrom(
            _parsed(
                f'<domain: "{DOMAIN}", opset_import: ["" : {OPSET}]>\n'
                f"{self.name} {attributes} ({', '.join(self.inputs)}) => ({self.output})\n"
                f"{{{self.body}}}"
            )
        )
        return proto


@cache
def _parsed(text: str) -> onnx.FunctionProto:
    return parser.parse_function(text)


def need(condition: bool, problem: str) -> None:
    """Raise ValueError with the description of a misuse unless the condition holds."""
    if not condition:
        raise ValueError(problem)


def typed(name: str, tensor: TensorType, dtype: np.dtype[Any], rank: int, *, at_least: bool = False) -> None:
    """Check element type and rank."""
    need(tensor.dtype == dtype, f"{name} is {tensor}, not of type {dtype.name}")
    fits = len(tensor.shape) >= rank if at_least else len(tensor.shape) == rank
    need(fits, f"{name} is {tensor}, not of rank {rank}{' or more' if at_least else ''}")


def packed(name: str, tensor: TensorType, K: int, rank: int, *, at_least: bool = True) -> None:
    """Check that a tensor is words, and its last axis K bits long."""
    typed(name, tensor, WORD, rank, at_least=at_least)
    need(
        tensor.shape[-1] == words_for(K),
        f"the last axis of {name} is {tensor.shape[-1]} words, but K = {K} bits need {words_for(K)}",
    )


def vector(name: str, tensor: TensorType, dtype: np.dtype[Any], length: int) -> None:
    """Check that a tensor has one axis of a length."""
    typed(name, tensor, dtype, 1)
    need(tensor.shape[0] == length, f"{name} is {tensor}, but must have {length} entries")
