"""A model as a straight line of kernel calls over buffers, and the ways to compute each layer of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from math import prod

from tvm.tirx import PrimFunc

from sensor_bnn.compiler.narrow import Array as Array
from sensor_bnn.compiler.schedules.space import Space
from sensor_bnn.compiler.tuning import Choice
from sensor_bnn.onnx.operators import TensorType


class Place(Enum):
    """Where a buffer lies."""

    INPUT = auto()
    OUTPUT = auto()
    ARENA = auto()
    CONSTANT = auto()


@dataclass(frozen=True)
class Buffer:
    """Memory that kernels read and write.

    Attributes:
        place: where it lies.
        type: element type and shape, as its first user sees it.
        array: the contents of a constant.
    """

    place: Place
    type: TensorType
    array: Array | None = None

    @property
    def size(self) -> int:
        """Bytes."""
        return prod(self.type.shape) * self.type.dtype.itemsize


@dataclass(frozen=True)
class Read:
    """An argument: what a step reads.

    Attributes:
        place: index into ``Step.reads``.
        skip: elements before the one that is pointed to.
    """

    place: int
    skip: int = 0


@dataclass(frozen=True)
class Write:
    """An argument: what a step writes, from element ``skip`` on."""

    skip: int = 0


@dataclass(frozen=True)
class Workspace:
    """An argument: memory that is the step's while it runs, from byte ``skip`` on."""

    skip: int = 0


Argument = Read | Write | Workspace | int | None
"""A number stands for itself and None for NULL."""


@dataclass(frozen=True)
class Call:
    """One C call.

    Attributes:
        kernel: C symbol; equal symbols are the same function.
        function: the kernel in TIR, or None for one of ``firmware/kernels``.
        arguments: in order.
    """

    kernel: str
    function: PrimFunc | None
    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class Plan:
    """The calls for an operator at a shape, and the instructions they are estimated at."""

    calls: tuple[Call, ...]
    instructions: int
    macs: int = 0
    workspace: int = 0
    product: tuple[int, int, int, int] | None = None


@dataclass(frozen=True)
class Ways:
    """The ways to compute an operator at a shape.

    Attributes:
        workload: operator and sizes: what a tuning file calls it, whatever the target.
        plan: calls for a choice, or for the compiler's own rule.
        splits: every split of rows that the rule takes the best of.
        space: makes the schedule space of the kernel in TIR; None where there is none.
        bits: of a row of packed operands that are no constants, by their place.
    """

    workload: str
    plan: Callable[[Choice | None], Plan]
    splits: tuple[Choice, ...] = ()
    space: Callable[[], Space | None] = lambda: None
    bits: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Tunable:
    """A layer with more than one way to compute it, apart from its model.

    Attributes:
        ways: those.
        operands: what it reads, as the calls of ``ways`` do.
        result: what it writes.
    """

    ways: Ways
    operands: tuple[Buffer, ...]
    result: TensorType


@dataclass(frozen=True)
class Step:
    """One layer: one call, or some that share its rows among kernels.

    Attributes:
        name: the layer: the ONNX node it comes from.
        operator: what it computes, as tables show it.
        calls: in order.
        reads: indices of buffers.
        writes: index of a buffer; may be one of ``reads`` where the kernel allows it.
        workspace: index of a buffer, or None.
        macs: multiply-adds (binary ones count one each).
        prepare: calls before the others: they widen constants into the workspace.
        value: the ONNX node whose value it writes: the last of those that it computes.
        instructions: estimated, by ``costs.COST_MODEL``.
        product: of a matrix product its number, rows, outputs and terms; None for what is none.
        tunable: other ways to compute it, if it has any.
    """

    name: str
    operator: str
    calls: tuple[Call, ...]
    reads: tuple[int, ...]
    writes: int
    workspace: int | None
    macs: int
    prepare: tuple[Call, ...] = ()
    value: str = ""
    instructions: int = 0
    product: tuple[int, int, int, int] | None = None
    tunable: Tunable | None = None

    @property
    def every_call(self) -> tuple[Call, ...]:
        """All calls, in order."""
        return (*self.prepare, *self.calls)

    @property
    def touches(self) -> tuple[int, ...]:
        """All buffers that the step needs."""
        return (*self.reads, self.writes, *(() if self.workspace is None else (self.workspace,)))


@dataclass(frozen=True)
class Program:
    """Buffers and the steps over them; exactly one buffer is the input and one the output."""

    buffers: tuple[Buffer, ...]
    steps: tuple[Step, ...]
