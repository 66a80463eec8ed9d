"""A model as a sequence of kernel calls over buffers, and the ways to compute each of its layers."""

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
    """The kind of memory that holds a buffer."""

    INPUT = auto()
    OUTPUT = auto()
    ARENA = auto()
    CONSTANT = auto()


@dataclass(frozen=True)
class Buffer:
    """Memory that kernels read and write.

    Attributes:
        place: the kind of memory.
        type: the element type and the shape, as the first user of the buffer has it.
        array: the contents of a constant; None for other buffers.
    """

    place: Place
    type: TensorType
    array: Array | None = None

    @property
    def size(self) -> int:
        """The size in bytes."""
        return prod(self.type.shape) * self.type.dtype.itemsize


@dataclass(frozen=True)
class Read:
    """An argument: a pointer to a buffer that the step reads.

    Attributes:
        place: the index into ``Step.reads``.
        skip: the offset of the pointer in elements.
    """

    place: int
    skip: int = 0


@dataclass(frozen=True)
class Write:
    """An argument: a pointer to the buffer that the step writes, with an offset of ``skip`` elements."""

    skip: int = 0


@dataclass(frozen=True)
class Workspace:
    """An argument: a pointer to the step's workspace, with an offset of ``skip`` bytes."""

    skip: int = 0


Argument = Read | Write | Workspace | int | None
"""An argument of a call; an integer is passed as it is, None as NULL."""


@dataclass(frozen=True)
class Call:
    """One C call.

    Attributes:
        kernel: the C symbol; calls with equal symbols call the same function.
        function: the kernel in TIR, or None for a kernel of ``firmware/kernels``.
        arguments: the arguments, in order.
    """

    kernel: str
    function: PrimFunc | None
    arguments: tuple[Argument, ...]


def tir_call(kernel: str, function: PrimFunc) -> Call:
    """Return the call of a TIR kernel over whole buffers; its last parameter is the output."""
    reads = len(function.params) - 1
    return Call(kernel, function, (*(Read(place) for place in range(reads)), Write()))


@dataclass(frozen=True)
class Plan:
    """The calls for an operator at a shape, and their estimate.

    Attributes:
        calls: the calls, in order.
        instructions: the estimated instructions.
        macs: the multiply-adds.
        workspace: the bytes of workspace that the calls share.
        product: the number, rows, outputs and terms of a matrix product; None for other operators.
        overwrites: the position of the input that the result may overwrite, because each element of the
            result is written after the last read of the same element of this input; None if there is none.
        in_place: a function that returns the calls for a result that does so; None if they are ``calls``.
        constants: other contents for inputs that are constants, by position.
    """

    calls: tuple[Call, ...]
    instructions: int
    macs: int = 0
    workspace: int = 0
    product: tuple[int, int, int, int] | None = None
    overwrites: int | None = None
    in_place: Callable[[], tuple[Call, ...]] | None = None
    constants: Mapping[int, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Ways:
    """The ways to compute an operator at a shape.

    Attributes:
        workload: the operator and its sizes, as a tuning file names it for any target.
        plan: a function that returns the calls for a choice, or, for None, those of the compiler's own rule.
        splits: the splits of rows among which the rule takes the best.
        space: a function that makes the schedule space of the TIR kernel, or returns None if it has none.
        bits: the bits per row of the packed operands that are not constants, by position.
    """

    workload: str
    plan: Callable[[Choice | None], Plan]
    splits: tuple[Choice, ...] = ()
    space: Callable[[], Space | None] = lambda: None
    bits: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Tunable:
    """A layer that can be computed in more than one way, taken out of its model.

    Attributes:
        ways: the ways to compute it.
        operands: the buffers that it reads, in the order of the calls of ``ways``.
        result: the type of the buffer that it writes.
    """

    ways: Ways
    operands: tuple[Buffer, ...]
    result: TensorType


@dataclass(frozen=True)
class Step:
    """One layer: one call, or several calls that share its work.

    Attributes:
        name: the layer's name, which is that of its ONNX node.
        operator: the operator, as tables show it.
        calls: the calls, in order.
        reads: the indices of the buffers that the step reads.
        writes: the index of the buffer that it writes; may be one of ``reads`` if the kernel allows it.
        workspace: the index of the buffer of its workspace, or None.
        macs: the multiply-adds; a binary one counts as one.
        prepare: calls before the others, which widen constants into the workspace.
        value: the ONNX node whose value the step writes, which is the last of its nodes.
        instructions: the estimated instructions, see ``costs.py``.
        product: the number, rows, outputs and terms of a matrix product; None for other operators.
        tunable: the other ways to compute the layer, or None.
        apart: the calls for a result that overwrites none of ``reads``; empty if they are ``calls``.
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
    apart: tuple[Call, ...] = ()

    @property
    def every_call(self) -> tuple[Call, ...]:
        """All calls of the step, in order."""
        return (*self.prepare, *self.calls)

    @property
    def touches(self) -> tuple[int, ...]:
        """All buffers that the step needs."""
        return (*self.reads, self.writes, *(() if self.workspace is None else (self.workspace,)))


@dataclass(frozen=True)
class Program:
    """The buffers and the steps over them. Exactly one buffer is the input, exactly one the output."""

    buffers: tuple[Buffer, ...]
    steps: tuple[Step, ...]
