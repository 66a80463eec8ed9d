"""One conformance vector, and how cases are made."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sensor_bnn.onnx.operators import OPERATORS, Array, TensorType
from sensor_bnn.onnx.packing import pack_bits


@dataclass(frozen=True)
class Case:
    """One vector.

    Attributes:
        operator: the operator's name.
        name: the purpose of the case; unique within the operator.
        attributes: the operator's attributes by name.
        inputs: the arrays by input name, in the operator's order.
        outputs: the arrays by output name.
    """

    operator: str
    name: str
    attributes: Mapping[str, int]
    inputs: Mapping[str, Array]
    outputs: Mapping[str, Array]

    @property
    def version(self) -> int:
        """The oldest version of the domain that has the operator for such inputs."""
        return OPERATORS[self.operator].version([TensorType.of(array) for array in self.inputs.values()])


class Draw:
    """Random arrays, seeded by the case's name; the same on every machine and with every numpy."""

    def __init__(self, *name: object) -> None:
        # RandomState, not Generator: its stream is frozen, so the committed files stay reproducible.
        self.state = np.random.RandomState(zlib.crc32("/".join(map(str, name)).encode()))

    def bits(self, *shape: int, ones: float = 0.5) -> Array:
        """Draw words of ``[..., K]`` bits, of which a share ``ones`` is 1."""
        return pack_bits(self.state.random_sample(shape) < ones)

    def integers(self, low: int, high: int, *shape: int, dtype: type[np.integer[Any]] = np.int32) -> Array:
        """Draw integers from ``low`` to ``high``, both included."""
        return self.state.randint(low, high + 1, shape, dtype=np.int64).astype(dtype)

    def floats(self, *shape: int) -> Array:
        """Draw float32 from -2 to 2."""
        return (self.state.random_sample(shape) * 4 - 2).astype(np.float32)


def f32(*values: float) -> Array:
    """Return a float32 vector."""
    return np.array(values, dtype=np.float32)


def i32(*values: int) -> Array:
    """Return an int32 vector."""
    return np.array(values, dtype=np.int32)


def i16(*values: int) -> Array:
    """Return an int16 vector."""
    return np.array(values, dtype=np.int16)


def solve(operator: str, name: str, *inputs: Array, **attributes: int) -> Case:
    """Return the case of inputs, in the operator's order, with the outputs of the reference."""
    entry = OPERATORS[operator]
    result = entry.evaluate(inputs, attributes)
    return Case(
        operator, name, attributes, dict(zip(entry.inputs, inputs, strict=True)), {entry.output: result}
    )
