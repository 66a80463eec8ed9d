"""Relax to a program: a straight line of kernel calls over buffers, with every kernel chosen.

This is where an operator meets its kernel, its shape and its constants. Reshapes disappear: they name the
same buffer with another shape.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from functools import partial
from math import prod

import numpy as np
from tvm import relax
from tvm.ir import GenericConst, GlobalVar, Var
from tvm.tirx import PrimFunc

from sensor_bnn.compiler import costs
from sensor_bnn.compiler.floats import FLOAT_KERNELS, float_instructions, float_kernel
from sensor_bnn.compiler.importer import Graph, tensor_type
from sensor_bnn.compiler.kernels.bnn_attention_map import bnn_attention_map
from sensor_bnn.compiler.kernels.bnn_bool_mat_mul import bnn_bool_mat_mul
from sensor_bnn.compiler.kernels.bnn_bool_pack import bool_limits, merge_heads
from sensor_bnn.compiler.kernels.bnn_linear import bnn_linear, bnn_linear_residual
from sensor_bnn.compiler.kernels.bnn_linear_packed import bnn_linear_packed, mismatch_limit
from sensor_bnn.compiler.kernels.bnn_mat_mul import bnn_mat_mul
from sensor_bnn.compiler.kernels.bnn_pack import bnn_pack
from sensor_bnn.compiler.kernels.bnn_scores_map import bnn_scores_map
from sensor_bnn.compiler.kernels.bnn_transpose import bnn_transpose
from sensor_bnn.compiler.kernels.dense import Patches, Stored, dense
from sensor_bnn.compiler.kernels.mean_rows import mean_rows
from sensor_bnn.compiler.kernels.widen import widen
from sensor_bnn.compiler.lookup import LOOP, Rows, choose_rows, row_splits, scores_map_of
from sensor_bnn.compiler.narrow import Array as Array
from sensor_bnn.compiler.narrow import narrowest
from sensor_bnn.compiler.patterns import (
    BOOL_MAT_MUL,
    BOOL_MAT_MUL_MERGED,
    BOOL_MAT_MUL_PACK,
    DENSE,
    LINEAR,
    LINEAR_RESIDUAL,
    MEAN_ROWS,
    SCORES_MAP,
    extern_name,
)
from sensor_bnn.compiler.schedules.dense import dense_space
from sensor_bnn.compiler.schedules.linear import linear_space
from sensor_bnn.compiler.schedules.mean_rows import mean_rows_space
from sensor_bnn.compiler.schedules.scores_map import scores_map_space
from sensor_bnn.compiler.schedules.space import Space
from sensor_bnn.compiler.targets import Target
from sensor_bnn.compiler.tuning import NOTHING_TUNED, Choice, Tuning
from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.operators import DOMAIN, TensorType
from sensor_bnn.onnx.packing import words_for

_WORTH_BYTES = 96
"""Flash that a narrower constant must save: the calls that widen it take some too."""
_WIDEN_BYTES = 8192
"""The longest constant that is widened as a whole: it lies in the arena meanwhile."""

_SUM = "BnnLinear + Add"
_TITLES = {
    LINEAR_RESIDUAL: _SUM,
    BOOL_MAT_MUL_MERGED: "BnnBoolMatMul",
    BOOL_MAT_MUL_PACK: "BnnBoolMatMul + BnnPack",
    SCORES_MAP: "BnnMatMul + BnnAttentionMap",
}
"""What tables call a kernel that computes more than the operator of its name."""


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


def plan_program(graph: Graph, target: Target, tuning: Tuning = NOTHING_TUNED) -> Program:
    """Choose a kernel for every operator of the graph and lay its buffers out as a program.

    Args:
        graph: operators and constants.
        target: what the kernels are chosen for.
        tuning: choices for some workloads; the others go by the compiler's own rule.

    Raises:
        ModelError: an operator has no kernel for these types, the output is not computed, or a choice of the
            tuning is none for its layer.
    """
    legal = relax.transform.LegalizeOps(skip_ops=["relax.reshape"])(graph.module)
    writer = _Writer(graph, target, tuning)
    main = legal["main"]
    writer.enter(main.params[0])
    for block in main.body.blocks:
        for binding in block.bindings:
            writer.bind(binding.var, binding.value, legal)
    return writer.finish(main.body.body)


class _Writer:
    """A program that grows binding by binding."""

    def __init__(self, graph: Graph, target: Target, tuning: Tuning) -> None:
        self._names = graph.names
        self._values = graph.values
        self._target = target
        self._tuning = tuning
        self._buffers: list[Buffer] = []
        self._steps: list[Step] = []
        self._buffer_of: dict[Var, int] = {}

    def enter(self, var: Var) -> None:
        self._buffer_of[var] = self._new(Buffer(Place.INPUT, tensor_type(var)))

    def bind(self, var: Var, value: relax.Expr, module: object) -> None:
        name = self._names.get(var.name, var.name)
        extern = extern_name(value)
        if extern is not None:
            self._own(var, name, extern, list(value.args[1].fields))
        elif isinstance(value, relax.Call) and value.op.name == "relax.reshape":
            self._buffer_of[var] = self._read(value.args[0])
        elif isinstance(value, relax.Call) and value.op.name == "relax.call_tir":
            self._standard(var, name, value.args[0], list(value.args[1].fields), module)
        else:
            raise ModelError(
                f"Node {name} has no kernel for its types.", "Change the model so that it does without."
            )

    def finish(self, result: Var) -> Program:
        index = self._buffer_of.get(result)
        if index is None or self._buffers[index].place is not Place.ARENA:
            raise ModelError(
                "The model's output is its input or a constant.", "Export a model that computes something."
            )
        self._buffers[index] = replace(self._buffers[index], place=Place.OUTPUT, type=tensor_type(result))
        self._reuse_residuals()
        self._steps = [self._narrow(step) for step in self._steps]
        return Program(tuple(self._buffers), tuple(self._steps))

    def _new(self, buffer: Buffer) -> int:
        self._buffers.append(buffer)
        return len(self._buffers) - 1

    def _read(self, value: relax.Expr) -> int:
        if isinstance(value, GenericConst):
            return self._constant(value.value.numpy())
        return self._buffer_of[value]

    def _constant(self, array: Array) -> int:
        for index, buffer in enumerate(self._buffers):
            if buffer.array is not None and _same(buffer.array, array):
                return index
        return self._new(Buffer(Place.CONSTANT, TensorType.of(array), array))

    def _stored(self, index: int) -> int:
        array = self._buffers[index].array
        return index if array is None else self._constant(narrowest(array))

    def _result(self, var: Var) -> int:
        self._buffer_of[var] = self._new(Buffer(Place.ARENA, tensor_type(var)))
        return self._buffer_of[var]

    def _workspace(self, size: int) -> int | None:
        if size == 0:
            return None
        return self._new(Buffer(Place.ARENA, TensorType(np.dtype(np.uint32), (-(-size // 4),))))

    def _own(self, var: Var, name: str, extern: str, arguments: list[relax.Expr]) -> None:
        tensors = [argument for argument in arguments if isinstance(argument.ty, relax.TensorType)]
        numbers = [int(a.value) for a in arguments if not isinstance(a.ty, relax.TensorType)]
        types = [tensor_type(tensor) for tensor in tensors]
        reads = [self._read(tensor) for tensor in tensors]
        if extern in _LINEAR_FORMS:
            ways = _linear(_LINEAR_FORMS[extern], types, *numbers, target=self._target)
        elif extern == BOOL_MAT_MUL_PACK:
            ways = _bool_mat_mul_pack(types, *numbers, target=self._target)
        elif extern == SCORES_MAP:
            table = self._buffers[reads[2]].array
            ways = _scores_map(types, *numbers, table=table, target=self._target)
        elif extern == DENSE:
            reads = [reads[0], *(self._stored(index) for index in reads[1:])]
            read = [self._buffers[index] for index in reads]
            ways = _dense([b.array for b in read], [b.type for b in read], *numbers)
        elif extern == MEAN_ROWS:
            ways = _mean_rows(types)
        else:
            ways = None
        plan = _KERNELS[extern](types, *numbers) if ways is None else self._plan(name, ways)
        if extern == f"{DOMAIN}.BnnLinearPacked":
            thresholds = self._buffers[reads[2]].array
            if thresholds is None:
                raise ModelError(
                    f"The threshold of node {name} is not a constant.", "Make it an initializer."
                )
            reads[2] = self._constant(mismatch_limit(thresholds.astype(np.int32), *numbers))
        operands = tuple(self._buffers[index] for index in reads)
        self._steps.append(
            Step(
                name=name,
                operator=_TITLES.get(extern, extern.rpartition(".")[2]),
                calls=plan.calls,
                reads=tuple(reads),
                writes=self._result(var),
                workspace=self._workspace(plan.workspace),
                macs=plan.macs,
                value=self._values.get(var.name, name),
                instructions=plan.instructions,
                product=plan.product,
                tunable=None if ways is None else Tunable(ways, operands, tensor_type(var)),
            )
        )

    def _plan(self, name: str, ways: Ways) -> Plan:
        choice = self._tuning.choice(ways.workload)
        try:
            return ways.plan(choice)
        except ModelError as error:
            raise ModelError(
                f"The tuning of node {name} does not fit it: {error.message}", error.remedy
            ) from None

    def _standard(
        self, var: Var, name: str, function: GlobalVar, arguments: list[relax.Expr], module: object
    ) -> None:
        reads = tuple(self._read(argument) for argument in arguments)
        operator = re.sub(r"\d+$", "", function.name_hint)
        kernel = f"sbnn_{function.name_hint}"
        self._steps.append(
            Step(
                name=name,
                operator=operator,
                calls=(_call(kernel, module[function]),),  # type: ignore[index]
                reads=reads,
                writes=self._result(var),
                workspace=None,
                macs=0,
                value=self._values.get(var.name, name),
                instructions=costs.elementwise(prod(tensor_type(var).shape)),
            )
        )

    def _reuse_residuals(self) -> None:
        """Let a sum overwrite the stream it adds to, where nothing reads that stream later."""
        same: dict[int, int] = {}
        for place, step in enumerate(self._steps):
            step = replace(
                step,
                reads=tuple(same.get(index, index) for index in step.reads),
                writes=same.get(step.writes, step.writes),
            )
            stream = step.reads[-1]
            if (
                step.operator == _SUM
                and self._buffers[stream].place is Place.ARENA
                and self._buffers[step.writes].place is Place.ARENA
                and not any(
                    stream in (same.get(index, index) for index in later.reads)
                    for later in self._steps[place + 1 :]
                )
            ):
                same[step.writes] = stream
                step = replace(step, writes=stream)
            self._steps[place] = step

    def _narrow(self, step: Step) -> Step:
        """Let flash hold constants in narrower types: the step widens them before its kernel runs."""
        memory = 0 if step.workspace is None else self._buffers[step.workspace].size
        end = memory
        reads = list(step.reads)
        prepare = []
        instructions = step.instructions
        moved = {}
        for place, index in enumerate(step.reads):
            array = self._buffers[index].array
            if array is None or array.nbytes > _WIDEN_BYTES:
                continue
            stored = narrowest(array)
            if array.nbytes - stored.nbytes < _WORTH_BYTES:
                continue
            kind, dtype = stored.dtype.name, array.dtype.name
            kernel = f"sbnn_widen_{kind}_{dtype}_n{array.size}"
            moved[place] = end
            prepare.append(Call(kernel, widen(array.size, kind, dtype), (Read(place), Workspace(end))))
            reads[place] = self._constant(stored)
            instructions += costs.widen(array.size, kind)
            end += -(-array.nbytes // 8) * 8
        if end == memory:
            return step

        def argument(value: Argument) -> Argument:
            if isinstance(value, Read) and value.place in moved:
                return Workspace(moved[value.place] + 4 * value.skip)
            return value

        calls = tuple(
            replace(call, arguments=tuple(argument(value) for value in call.arguments)) for call in step.calls
        )
        return replace(
            step,
            calls=calls,
            prepare=tuple(prepare),
            reads=tuple(reads),
            workspace=self._workspace(end),
            instructions=instructions,
        )


def _same(left: Array, right: Array) -> bool:
    return left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()


def _rows(tensor: TensorType) -> int:
    return prod(tensor.shape[:-1])


def _pack(types: list[TensorType]) -> Plan:
    M, K = _rows(types[0]), types[0].shape[-1]
    dtype = types[0].dtype.name
    kernel = _call(f"sbnn_pack_{dtype}_m{M}_k{K}", bnn_pack(M, K, dtype))
    return Plan((kernel,), costs.pack(M, K, dtype))


def _call(kernel: str, function: PrimFunc) -> Call:
    """A kernel in TIR over whole buffers."""
    reads = len(function.params) - 1
    return Call(kernel, function, (*(Read(place) for place in range(reads)), Write()))


@dataclass(frozen=True)
class LinearForm:
    """What a binary linear layer leaves, and the kernels that do.

    Attributes:
        title: the operator, as tables show it.
        name: start of the TIR kernel's symbol.
        build: makes the TIR kernel for rows, outputs and bits.
        packed: whether bits come out, not floats.
        parameters: constants after x and w; the residual, if any, is read last.
        residual: whether a residual is added.
    """

    title: str
    name: str
    build: Callable[[int, int, int], PrimFunc]
    packed: bool
    parameters: int
    residual: bool


PACKED_OUT = LinearForm("BnnLinearPacked", "sbnn_linear_packed", bnn_linear_packed, True, 1, False)
FLOAT_OUT = LinearForm("BnnLinear", "sbnn_linear", bnn_linear, False, 2, False)
FLOAT_SUM = LinearForm(_SUM, "sbnn_linear_residual", bnn_linear_residual, False, 2, True)


def linear_calls(form: LinearForm, N: int, K: int, rows: Sequence[Rows]) -> tuple[tuple[Call, ...], int]:
    """Return the calls of a binary linear layer and the bytes of workspace that they share.

    Args:
        form: what comes out.
        N: outputs.
        K: bits a row.
        rows: who counts which rows.
    """
    calls = []
    workspace = 0
    for part in rows:
        x = Read(0, part.first * words_for(K))
        constants = tuple(Read(2 + place) for place in range(form.parameters))
        residual = (Read(2 + form.parameters, part.first * N),) if form.residual else ()
        y = Write(part.first * (words_for(N) if form.packed else N))
        symbol = part.kernel.symbol(packed=form.packed)
        if symbol:
            none = () if form.packed or form.residual else (None,)
            sizes = (*part.kernel.leading, part.count, N, K)
            given = (*sizes, x, Read(1), *constants, *residual, *none, Workspace(), y)
            calls.append(Call(symbol, None, given))
            workspace = max(workspace, part.kernel.workspace(N, K))
        else:
            kernel = f"{form.name}_m{part.count}_n{N}_k{K}"
            function = form.build(part.count, N, K)
            calls.append(Call(kernel, function, (x, Read(1), *constants, *residual, y)))
    return tuple(calls), workspace


def _linear(form: LinearForm, types: list[TensorType], K: int, *, target: Target) -> Ways:
    M, N = _rows(types[0]), types[1].shape[0]

    def space() -> Space | None:
        return None if form.packed else linear_space(M, N, K, residual=form.residual)

    def plan(choice: Choice | None) -> Plan:
        if choice is not None and choice.schedule is not None:
            call = _scheduled(f"{form.name}_m{M}_n{N}_k{K}", space(), choice)
            (loop,) = choose_rows(target, M, N, K, packed=form.packed, tuned=((LOOP, M),))
            cost = loop.kernel.cost(M, N, K, form.packed)
            return Plan((call,), cost, M * N * K, product=(1, M, N, K))
        rows = choose_rows(target, M, N, K, packed=form.packed, tuned=choice.rows if choice else None)
        calls, workspace = linear_calls(form, N, K, rows)
        instructions = _estimate(rows, N, K, packed=form.packed)
        return Plan(calls, instructions, M * N * K, workspace, (1, M, N, K))

    return Ways(f"{form.title} {M}x{N}x{K}", plan, _splits(target, M, K), space, {0: K})


def _splits(target: Target, M: int, K: int) -> tuple[Choice, ...]:
    return tuple(Choice(rows=split) for split in row_splits(target, M, K))


def _scheduled(kernel: str, space: Space | None, choice: Choice) -> Call:
    """The kernel in TIR as the choice schedules it."""
    if space is None or choice.schedule is None:
        raise ModelError(f"the choice {choice} is none for its kernel.", "Tune the model again.")
    point = "_".join(f"{name}{value}" for name, value in choice.schedule.items())
    return _call(f"{kernel}_{point}", space.kernel(choice.schedule))


def _estimate(rows: Sequence[Rows], N: int, K: int, *, packed: bool) -> int:
    return sum(part.kernel.cost(part.count, N, K, packed) for part in rows)


def _mat_mul(types: list[TensorType], K: int) -> Plan:
    B, M, N = prod(types[0].shape[:-2]), types[0].shape[-2], types[1].shape[-2]
    kernel = _call(f"sbnn_mat_mul_b{B}_m{M}_n{N}_k{K}", bnn_mat_mul(B, M, N, K))
    return Plan((kernel,), costs.mat_mul(B, M, N, K), B * M * N * K, product=(B, M, N, K))


def _bool_mat_mul(types: list[TensorType], K: int, *, merged: bool = False) -> Plan:
    B, M, N = prod(types[0].shape[:-2]), types[0].shape[-2], types[1].shape[-2]
    kernel = f"sbnn_bool_mat_mul{'_merged' if merged else ''}_b{B}_m{M}_n{N}_k{K}"
    function = bnn_bool_mat_mul(B, M, N, K, merged=merged)
    instructions = costs.mat_mul(B, M, N, K)
    return Plan((_call(kernel, function),), instructions, B * M * N * K, product=(B, M, N, K))


def _bool_mat_mul_pack(types: list[TensorType], K: int, *, target: Target) -> Ways:
    """A head at a time as a binary linear layer with bits out."""
    (B, M, _), N = types[0].shape, types[1].shape[1]

    def plan(choice: Choice | None) -> Plan:
        if choice is not None and choice.rows is None:
            raise ModelError(f"the choice {choice} is none for its kernel.", "Tune the model again.")
        rows = choose_rows(target, M, N, K, packed=True, tuned=choice.rows if choice else None)
        return _heads(B, M, N, K, rows)

    workload = f"{_TITLES[BOOL_MAT_MUL_PACK]} {B}x{M}x{N}x{K}"
    return Ways(workload, plan, _splits(target, M, K), bits={0: K, 1: K})


def _heads(B: int, M: int, N: int, K: int, rows: Sequence[Rows]) -> Plan:
    """The layer's limits are made from v first."""
    words = words_for(K)
    linear, size = linear_calls(PACKED_OUT, N, K, rows)
    instructions = B * (_estimate(rows, N, K, packed=True) + costs.mat_mul(1, N, 1, K) + 8 * M * words_for(N))
    limits = -(-size // 8) * 8
    parts = limits + 4 * B * N
    part = M * words_for(N)
    calls = [
        Call(f"sbnn_bool_limits_b{B}_n{N}_k{K}", bool_limits(B, N, K), (Read(1), Read(2), Workspace(limits)))
    ]
    for head in range(B):

        def argument(value: Argument, head: int = head) -> Argument:
            match value:
                case Read(0, skip):
                    return Read(0, head * M * words + skip)
                case Read(1, skip):
                    return Read(1, head * N * words + skip)
                case Read(2, skip):
                    return Workspace(limits + 4 * (head * N + skip))
                case Write(skip):
                    return Workspace(parts + 4 * (head * part + skip))
            return value

        calls += [replace(call, arguments=tuple(map(argument, call.arguments))) for call in linear]
    merge = merge_heads(B, M, words_for(N))
    calls.append(Call(f"sbnn_merge_heads_b{B}_m{M}_w{words_for(N)}", merge, (Workspace(parts), Write())))
    return Plan(tuple(calls), instructions, B * M * N * K, parts + 4 * B * part, (B, M, N, K))


def _scores_map(types: list[TensorType], K: int, *, table: Array | None, target: Target) -> Ways:
    (H, M, _), N = types[0].shape, types[1].shape[1]
    kernel = f"sbnn_scores_map_h{H}_m{M}_n{N}_k{K}"
    found = scores_map_of(target, K, table)
    macs = H * M * N * K

    def space() -> Space:
        return scores_map_space(H, M, N, K)

    def plan(choice: Choice | None) -> Plan:
        if choice is None and found is not None:
            reads: tuple[Argument, ...] = (Read(0), Read(1), Read(2), Read(3))
            call = Call(found.symbol, None, (H, M, N, K, *reads, Workspace(), Write()))
            workspace = found.workspace(N, K)
            return Plan((call,), found.cost(H, M, N, K), macs, workspace, (H, M, N, K))
        if choice is None:
            call = _call(kernel, bnn_scores_map(H, M, N, K))
        else:
            call = _scheduled(kernel, space(), choice)
        return Plan((call,), costs.scores_map(H, M, N, K), macs, product=(H, M, N, K))

    return Ways(f"{_TITLES[SCORES_MAP]} {H}x{M}x{N}x{K}", plan, space=space, bits={0: K, 1: K})


def _transpose(types: list[TensorType], K: int) -> Plan:
    B, M = prod(types[0].shape[:-2]), types[0].shape[-2]
    kernel = _call(f"sbnn_transpose_b{B}_m{M}_k{K}", bnn_transpose(B, M, K))
    return Plan((kernel,), costs.transpose_bits(B, M, K))


def _attention_map(types: list[TensorType], K: int) -> Plan:
    H, M, N = types[0].shape
    kernel = _call(f"sbnn_attention_map_h{H}_m{M}_n{N}_k{K}", bnn_attention_map(H, M, N, K))
    return Plan((kernel,), costs.attention_map(H, M, N))


def _dense(arrays: list[Array | None], types: list[TensorType], *sizes: int) -> Ways:
    """The kernels for a float product.

    Args:
        arrays: of the constants, as flash holds them; None for what is computed.
        types: of input, weights, scale and bias.
        sizes: of :class:`Patches`.
    """
    shape = Patches(*sizes)
    N, bias = types[1].shape[1], types[3].shape
    bias_rows = bias[0] if len(bias) == 2 else 1
    stored = Stored(*(kind.dtype.name for kind in types))
    sums = "int32" if _whole(types[0], arrays[1]) else "float32"
    geometry = "_".join(map(str, sizes))
    kinds = "_".join((stored.x, stored.w, stored.scale, stored.bias))
    facts = f"{geometry}_n{N}_b{bias_rows}_{kinds}_{sums}"
    kernel = f"sbnn_dense_{facts}"
    instructions = costs.dense(shape.rows, N, shape.terms, sums)

    def space() -> Space:
        return dense_space(shape, N, bias_rows, stored, sums)

    def plan(choice: Choice | None) -> Plan:
        if choice is None:
            call = _call(kernel, dense(shape, N, bias_rows, stored, sums))
        else:
            call = _scheduled(kernel, space(), choice)
        M, K = shape.rows, shape.terms
        return Plan((call,), instructions, M * N * K, product=(1, M, N, K))

    return Ways(f"Dense {facts}", plan, space=space)


def _whole(x: TensorType, weights: Array | None) -> bool:
    """Whether all sums of bytes times weights are whole numbers that a float32 holds too."""
    if x.dtype != np.uint8 or weights is None or weights.dtype.kind != "i":
        return False
    return bool(np.abs(weights.astype(np.int64)).sum(axis=0).max() * 255 <= 2**24)


def _mean_rows(types: list[TensorType]) -> Ways:
    M, N = types[0].shape
    kernel = f"sbnn_mean_rows_m{M}_n{N}"

    def space() -> Space:
        return mean_rows_space(M, N)

    def plan(choice: Choice | None) -> Plan:
        call = _call(kernel, mean_rows(M, N)) if choice is None else _scheduled(kernel, space(), choice)
        return Plan((call,), costs.mean_rows(M, N))

    return Ways(f"MeanRows {M}x{N}", plan, space=space)


_LINEAR_FORMS = {
    LINEAR: FLOAT_OUT,
    LINEAR_RESIDUAL: FLOAT_SUM,
    f"{DOMAIN}.BnnLinearPacked": PACKED_OUT,
}


def _float(extern: str, types: list[TensorType], *numbers: int) -> Plan:
    return Plan((_call(*float_kernel(extern, types, *numbers)),), float_instructions(extern, types))


_KERNELS: dict[str, Callable[..., Plan]] = {
    f"{DOMAIN}.BnnPack": _pack,
    f"{DOMAIN}.BnnMatMul": _mat_mul,
    BOOL_MAT_MUL: _bool_mat_mul,
    BOOL_MAT_MUL_MERGED: partial(_bool_mat_mul, merged=True),
    f"{DOMAIN}.BnnTranspose": _transpose,
    f"{DOMAIN}.BnnAttentionMap": _attention_map,
    **{extern: partial(_float, extern) for extern in FLOAT_KERNELS},
}
"""For each call that is not TVM's own, float products aside: input types and attributes to a kernel."""
