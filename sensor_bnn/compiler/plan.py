"""Relax to a program: every operator gets its kernel, its shape and its constants.

Reshapes disappear, because their result is the same buffer with another shape.
"""

from __future__ import annotations

import re
from dataclasses import replace
from math import prod

import numpy as np
from tvm import relax
from tvm.ir import GenericConst, GlobalVar, Var

from sensor_bnn.compiler.costs import costs_of
from sensor_bnn.compiler.importer import Graph, tensor_type
from sensor_bnn.compiler.kernels import built
from sensor_bnn.compiler.kernels.bnn_linear_packed import mismatch_limit
from sensor_bnn.compiler.kernels.widen import widen
from sensor_bnn.compiler.matches import extern_name
from sensor_bnn.compiler.mve_kernels import mve_join
from sensor_bnn.compiler.narrow import Array, narrowest
from sensor_bnn.compiler.patterns import DENSE
from sensor_bnn.compiler.program import (
    Argument,
    Buffer,
    Call,
    Place,
    Plan,
    Program,
    Read,
    Step,
    Tunable,
    Ways,
    Workspace,
    tir_call,
)
from sensor_bnn.compiler.selection import TITLES, plan_of, ways_of
from sensor_bnn.compiler.stream_tokens import token_join
from sensor_bnn.compiler.targets import Target
from sensor_bnn.compiler.tuning import NOTHING_TUNED, Tuning
from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.operators import DOMAIN, TensorType

_WORTH_BYTES = 96
"""The bytes of flash that a narrower constant must save, because the calls that widen it take flash too."""
_WIDEN_BYTES = 8192
"""The largest constant in bytes that is widened as a whole, because the wide copy needs room in the arena."""


def plan_program(graph: Graph, target: Target, tuning: Tuning = NOTHING_TUNED) -> Program:
    """Choose a kernel for every operator of the graph and lay its buffers out as a program.

    Args:
        graph: the operators and the constants.
        target: the processor for which kernels are chosen.
        tuning: choices for some workloads; the others follow the compiler's own rule.

    Raises:
        ModelError: an operator has no kernel for its types, the output is not computed, or a choice of the
            tuning does not fit its layer.
    """
    # A reshape that was legalised would become a kernel that copies.
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
        self._costs = costs_of(target)
        self._tuning = tuning
        self._buffers: list[Buffer] = []
        self._steps: list[Step] = []
        self._buffer_of: dict[Var, int] = {}
        self._sums: dict[int, Plan] = {}  # Steps whose result may overwrite an input.

    def enter(self, var: Var) -> None:
        self._buffer_of[var] = self._new(Buffer(Place.INPUT, tensor_type(var)))

    def bind(self, var: Var, value: relax.Expr, module: object) -> None:
        name = self._names.get(var.name, str(var.name))
        extern = extern_name(value)
        if extern is not None:
            self._own(var, name, extern, list(value.args[1].fields))
        elif isinstance(value, GenericConst):  # What nodes that read constants alone were folded to.
            self._buffer_of[var] = self._read(value)
        elif isinstance(value, relax.Call) and value.op.name == "relax.reshape":
            self._buffer_of[var] = self._read(value.args[0])
        elif isinstance(value, relax.Call) and value.op.name == "relax.call_tir":
            self._standard(var, name, value.args[0], list(value.args[1].fields), module)
        else:
            raise ModelError(
                f"Node {name} has no kernel for its types.", "Change the model so that it does not need it."
            )

    def finish(self, result: Var) -> Program:
        index = self._buffer_of.get(result)
        if index is None or self._buffers[index].place is Place.CONSTANT:
            raise ModelError("The model's output is a constant.", "Export a model that reads its input.")
        if self._buffers[index].place is Place.INPUT:
            index = self._copy(result, index)
        self._buffers[index] = replace(self._buffers[index], place=Place.OUTPUT, type=tensor_type(result))
        self._reuse_residuals()
        self._steps = [self._narrow(step) for step in self._steps]
        return Program(tuple(self._buffers), tuple(self._steps))

    def _copy(self, result: Var, index: int) -> int:
        """Add the one step of a model whose output is its input, with another shape at most."""
        size, dtype = prod(tensor_type(result).shape), tensor_type(result).dtype.name
        name = self._names.get(result.name, str(result.name))
        self._steps.append(
            Step(
                name=name,
                operator="Copy",
                calls=(tir_call(f"sbnn_copy_{dtype}_n{size}", built(widen, size, dtype, dtype)),),
                reads=(index,),
                writes=self._result(result),
                workspace=None,
                macs=0,
                value=self._values.get(result.name, name),
                instructions=self._costs.widened(size, dtype, dtype),
            )
        )
        return self._steps[-1].writes

    def _new(self, buffer: Buffer) -> int:
        self._buffers.append(buffer)
        return len(self._buffers) - 1

    def _read(self, value: relax.Expr) -> int:
        if isinstance(value, GenericConst):
            return self._constant(value.value.numpy())
        return self._buffer_of[value]

    def _constant(self, array: Array) -> int:
        # Equal constants share one buffer, and so one place in flash.
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
        if extern == DENSE:
            reads = [reads[0], *(self._stored(index) for index in reads[1:])]
            types = [self._buffers[index].type for index in reads]
        arrays = [self._buffers[index].array for index in reads]
        ways = ways_of(extern, types, arrays, numbers, self._target)
        plan = (
            plan_of(extern, types, arrays, numbers, self._target) if ways is None else self._plan(name, ways)
        )
        reads = self._own_constants(plan, reads)
        # The kernels count mismatches, so a threshold of the dot product becomes a limit of that count.
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
                operator=TITLES.get(extern, extern.rpartition(".")[2]),
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
        if plan.overwrites is not None:
            self._sums[len(self._steps) - 1] = plan

    def _own_constants(self, plan: Plan, reads: list[int]) -> list[int]:
        """Return the buffers that a plan reads, if it has constants of its own: the others are not stored.

        A position that no call reads keeps its place and names a buffer that another position names too.
        """
        if not plan.constants:
            return reads
        reads = [
            self._constant(plan.constants[place]) if place in plan.constants else index
            for place, index in enumerate(reads)
        ]
        used = {value.place for call in plan.calls for value in call.arguments if isinstance(value, Read)}
        return [index if place in used else reads[min(used)] for place, index in enumerate(reads)]

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
        types = [tensor_type(argument) for argument in arguments]
        joined = None
        if operator == "concatenate":
            result = tensor_type(var)
            joined = mve_join(types, result, self._target) or token_join(types, result, self._target)
        self._steps.append(
            Step(
                name=name,
                operator=operator,
                calls=joined.calls if joined else (tir_call(kernel, module[function]),),  # type: ignore[index]
                reads=reads,
                writes=self._result(var),
                workspace=None,
                macs=0,
                value=self._values.get(var.name, name),
                instructions=joined.instructions
                if joined
                else self._costs.standard(operator, types, tensor_type(var)),
            )
        )

    def _reuse_residuals(self) -> None:
        """Let a sum overwrite the stream that it adds to, if no later step reads that stream."""
        same: dict[int, int] = {}
        for place, step in enumerate(self._steps):
            step = replace(
                step,
                reads=tuple(same.get(index, index) for index in step.reads),
                writes=same.get(step.writes, step.writes),
            )
            plan = self._sums.get(place)
            stream = step.reads[-1 if plan is None or plan.overwrites is None else plan.overwrites]
            if (
                plan is not None
                and step.reads.count(stream) == 1  # What it overwrites is none of its other operands.
                and self._buffers[stream].place is Place.ARENA
                and self._buffers[step.writes].place is Place.ARENA
                and not any(
                    stream in (same.get(index, index) for index in later.reads)
                    for later in self._steps[place + 1 :]
                )
            ):
                same[step.writes] = stream
                step = replace(step, writes=stream)
                if plan.in_place is not None:
                    step = replace(step, calls=plan.in_place(), apart=step.calls)
            self._steps[place] = step

    def _narrow(self, step: Step) -> Step:
        """Store a step's constants in narrower types; the step widens them before its kernel runs."""
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
            prepare.append(Call(kernel, built(widen, array.size, kind, dtype), (Read(place), Workspace(end))))
            reads[place] = self._constant(stored)
            instructions += self._costs.widened(array.size, kind, dtype)
            end += -(-array.nbytes // 8) * 8
        if end == memory:
            return step

        def argument(value: Argument) -> Argument:
            if isinstance(value, Read) and value.place in moved:
                return Workspace(moved[value.place] + 4 * value.skip)
            return value

        calls, apart = (
            tuple(replace(call, arguments=tuple(map(argument, call.arguments))) for call in form)
            for form in (step.calls, step.apart)
        )
        return replace(
            step,
            calls=calls,
            apart=apart,
            prepare=tuple(prepare),
            reads=tuple(reads),
            workspace=self._workspace(end),
            instructions=instructions,
        )


def _same(left: Array, right: Array) -> bool:
    return left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()
