"""Kernel selection: an operator at a shape becomes calls with an estimate of their instructions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import prod

import numpy as np
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.a64_kernels import a64_scores_map
from sensor_bnn.compiler.costs import Costs, costs_of
from sensor_bnn.compiler.dense_bytes import dense_in_c
from sensor_bnn.compiler.floats import FLOAT_KERNELS, float_kernel
from sensor_bnn.compiler.integers import INTEGER_KERNELS, context_plan, layer_in_c, scores_map_plan
from sensor_bnn.compiler.kernels import built
from sensor_bnn.compiler.kernels.bnn_attention_map import bnn_attention_map
from sensor_bnn.compiler.kernels.bnn_bool_mat_mul import bnn_bool_mat_mul
from sensor_bnn.compiler.kernels.bnn_bool_pack import bool_limits, merge_heads
from sensor_bnn.compiler.kernels.bnn_linear import bnn_linear, bnn_linear_residual
from sensor_bnn.compiler.kernels.bnn_linear_packed import bnn_linear_packed
from sensor_bnn.compiler.kernels.bnn_mat_mul import bnn_mat_mul
from sensor_bnn.compiler.kernels.bnn_pack import bnn_pack
from sensor_bnn.compiler.kernels.bnn_scores_map import bnn_scores_map
from sensor_bnn.compiler.kernels.bnn_transpose import bnn_transpose
from sensor_bnn.compiler.kernels.dense import Patches, Stored
from sensor_bnn.compiler.lookup import (
    LOOP,
    Rows,
    choose_rows,
    context_of,
    in_panels,
    row_splits,
    scores_map_of,
)
from sensor_bnn.compiler.mve_kernels import mve_scores_map
from sensor_bnn.compiler.narrow import Array
from sensor_bnn.compiler.patterns import (
    BOOL_MAT_MUL,
    BOOL_MAT_MUL_MERGED,
    BOOL_MAT_MUL_PACK,
    DENSE,
    LINEAR,
    LINEAR_RESIDUAL,
    MEAN_ROWS,
    SCORES_MAP,
)
from sensor_bnn.compiler.program import Argument, Call, Plan, Read, Ways, Workspace, Write, tir_call
from sensor_bnn.compiler.schedules.dense import dense_space
from sensor_bnn.compiler.schedules.linear import linear_space
from sensor_bnn.compiler.schedules.mean_rows import mean_rows_space
from sensor_bnn.compiler.schedules.scores_map import scores_map_space
from sensor_bnn.compiler.schedules.space import Space
from sensor_bnn.compiler.signs import pack_floats
from sensor_bnn.compiler.stream_patterns import CONTEXT, INT_SCORES_MAP
from sensor_bnn.compiler.stream_scores import context_in_c, scores_in_c
from sensor_bnn.compiler.targets import Target
from sensor_bnn.compiler.transposes import transpose_in_c
from sensor_bnn.compiler.tuning import Choice
from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.operators import DOMAIN, TensorType
from sensor_bnn.onnx.packing import words_for

_PACK = f"{DOMAIN}.BnnPack"
_TRANSPOSE = f"{DOMAIN}.BnnTranspose"
_SUM = "BnnLinear + Add"
TITLES = {
    LINEAR_RESIDUAL: _SUM,
    BOOL_MAT_MUL_MERGED: "BnnBoolMatMul",
    BOOL_MAT_MUL_PACK: "BnnBoolMatMul + BnnPack",
    SCORES_MAP: "BnnMatMul + BnnAttentionMap",
}
"""The names in tables of kernels that compute more than one operator."""


_SCALAR_CORES = ("armv7m", "armv7em")
"""The last folder of kernels of the cores with 13 registers, all of 32 bits, and products of two of them."""


def ways_of(
    extern: str,
    types: list[TensorType],
    arrays: list[Array | None],
    numbers: Sequence[int],
    target: Target,
) -> Ways | None:
    """Return the ways to compute an operator; None if it has only one, which :func:`plan_of` returns.

    Args:
        extern: the name of the operator.
        types: the types of its inputs; for ``DENSE`` as they are in flash.
        arrays: the contents of the inputs that are constants; None for the others.
        numbers: its attributes.
        target: the processor for which kernels are chosen.
    """
    if extern in _LINEAR_FORMS:
        return _linear(_LINEAR_FORMS[extern], types, arrays[1], *numbers, target=target)
    if extern == BOOL_MAT_MUL_PACK:
        return _bool_mat_mul_pack(types, *numbers, target=target)
    if extern == SCORES_MAP:
        return _scores_map(types, *numbers, table=arrays[2], target=target)
    if extern == DENSE and _dense_in_c(arrays, types, numbers, target) is None:
        return _dense(arrays, types, *numbers, target=target)
    if extern == MEAN_ROWS:
        return _mean_rows(types, costs_of(target))
    return None


def plan_of(
    extern: str,
    types: list[TensorType],
    arrays: list[Array | None],
    numbers: Sequence[int],
    target: Target,
) -> Plan:
    """Return the calls of an operator that has no other ways; the arguments are those of :func:`ways_of`."""
    if extern == CONTEXT:
        plan = context_plan(types, arrays, *numbers, costs=costs_of(target))
        in_c = context_in_c(types, arrays[2], numbers[0], target)
        return in_c if in_c and in_c.instructions < plan.instructions else plan
    if extern == INT_SCORES_MAP:
        in_c = mve_scores_map(types, arrays[2], numbers[0], target)
        in_c = in_c or a64_scores_map(types, arrays[2], numbers[0], target)
        in_c = in_c or scores_in_c(types, arrays[2], numbers[0], target)
        return in_c or scores_map_plan(types, arrays, *numbers, costs=costs_of(target))
    in_c = None
    if extern == _PACK:
        in_c = pack_floats(types, arrays[1], target)
    elif extern == DENSE:
        in_c = _dense_in_c(arrays, types, numbers, target)
    elif extern == _TRANSPOSE:
        in_c = transpose_in_c(types, numbers[0], target)
    if in_c is not None:
        return in_c
    plan = _KERNELS[extern](costs_of(target), types, *numbers)
    return layer_in_c(extern, types, arrays, numbers, target, plan.instructions) or plan


def _rows(tensor: TensorType) -> int:
    return prod(tensor.shape[:-1])


def _pack(costs: Costs, types: list[TensorType]) -> Plan:
    M, K = _rows(types[0]), types[0].shape[-1]
    dtype = types[0].dtype.name
    kernel = tir_call(f"sbnn_pack_{dtype}_m{M}_k{K}", built(bnn_pack, M, K, dtype))
    return Plan((kernel,), costs.packed(M, K, dtype))


@dataclass(frozen=True)
class LinearForm:
    """The form of a binary linear layer's outputs, and its kernels.

    Attributes:
        title: the operator, as tables show it.
        name: the start of the TIR kernel's symbol.
        build: the function that makes the TIR kernel for rows, outputs and bits.
        packed: whether the outputs are bits, not floats.
        parameters: the number of constants after x and w; the residual, if any, is read last.
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


def linear_calls(
    form: LinearForm, N: int, K: int, rows: Sequence[Rows], *, panels: bool = False
) -> tuple[tuple[Call, ...], int]:
    """Return the calls of a binary linear layer and the bytes of workspace that they share.

    Args:
        form: the form of the outputs.
        N: the number of outputs.
        K: the bits per row.
        rows: the split of the rows among kernels.
        panels: whether the weights are stored as the kernels read them, see ``lookup.in_panels``.
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
            # The C function for floats has a parameter for the residual, NULL if there is none.
            none = () if form.packed or form.residual else (None,)
            stored = () if part.kernel.stored is None else (int(panels),)
            sizes = (*stored, part.count, N, K)
            given = (*sizes, x, Read(1), *constants, *residual, *none, Workspace(), y)
            calls.append(Call(symbol, None, given))
            workspace = max(workspace, part.kernel.workspace(N, K))
        else:
            kernel = f"{form.name}_m{part.count}_n{N}_k{K}"
            function = built(form.build, part.count, N, K)
            calls.append(Call(kernel, function, (x, Read(1), *constants, *residual, y)))
    return tuple(calls), workspace


def _linear(
    form: LinearForm, types: list[TensorType], weights: Array | None, K: int, *, target: Target
) -> Ways:
    M, N = _rows(types[0]), types[1].shape[0]
    residual = 2 + form.parameters if form.residual else None

    def space() -> Space | None:
        return None if form.packed else linear_space(M, N, K, residual=form.residual)

    def plan(choice: Choice | None) -> Plan:
        if choice is not None and choice.schedule is not None:
            call = _scheduled(f"{form.name}_m{M}_n{N}_k{K}", space(), choice)
            (loop,) = choose_rows(target, M, N, K, packed=form.packed, tuned=((LOOP, M),))
            cost = loop.kernel.cost(M, N, K, form.packed)
            return Plan((call,), cost, M * N * K, product=(1, M, N, K), overwrites=residual)
        rows = choose_rows(target, M, N, K, packed=form.packed, tuned=choice.rows if choice else None)
        panels = in_panels(rows, weights)
        calls, workspace = linear_calls(form, N, K, rows, panels=panels is not None)
        instructions = _estimate(rows, N, K, packed=form.packed)
        constants = {} if panels is None else {1: panels}
        return Plan(calls, instructions, M * N * K, workspace, (1, M, N, K), residual, constants=constants)

    return Ways(f"{form.title} {M}x{N}x{K}", plan, _splits(target, M, K), space, {0: K})


def _splits(target: Target, M: int, K: int) -> tuple[Choice, ...]:
    return tuple(Choice(rows=split) for split in row_splits(target, M, K))


def _scheduled(kernel: str, space: Space | None, choice: Choice) -> Call:
    """Return the call of the TIR kernel with the schedule of the choice."""
    if space is None or choice.schedule is None:
        raise ModelError(f"its kernel does not have the choice {choice}.", "Tune the model again.")
    point = "_".join(f"{name}{value}" for name, value in choice.schedule.items())
    return tir_call(f"{kernel}_{point}", space.kernel(choice.schedule))


def _estimate(rows: Sequence[Rows], N: int, K: int, *, packed: bool) -> int:
    return sum(part.kernel.cost(part.count, N, K, packed) for part in rows)


def _mat_mul(costs: Costs, types: list[TensorType], K: int) -> Plan:
    B, M, N = prod(types[0].shape[:-2]), types[0].shape[-2], types[1].shape[-2]
    kernel = tir_call(f"sbnn_mat_mul_b{B}_m{M}_n{N}_k{K}", built(bnn_mat_mul, B, M, N, K))
    return Plan((kernel,), costs.mat_mul(B, M, N, K), B * M * N * K, product=(B, M, N, K))


def _bool_mat_mul(costs: Costs, types: list[TensorType], K: int, *, merged: bool = False) -> Plan:
    B, M, N = prod(types[0].shape[:-2]), types[0].shape[-2], types[1].shape[-2]
    kernel = f"sbnn_bool_mat_mul{'_merged' if merged else ''}_b{B}_m{M}_n{N}_k{K}"
    function = built(bnn_bool_mat_mul, B, M, N, K, merged=merged)
    instructions = costs.mat_mul(B, M, N, K)
    return Plan((tir_call(kernel, function),), instructions, B * M * N * K, product=(B, M, N, K))


def _bool_mat_mul_pack(types: list[TensorType], K: int, *, target: Target) -> Ways:
    """Compute all heads in one C function, or one at a time as a binary linear layer with outputs of bits."""
    (B, M, _), N = types[0].shape, types[1].shape[1]

    def plan(choice: Choice | None) -> Plan:
        if choice is not None and choice.rows is None:
            raise ModelError(f"its kernel does not have the choice {choice}.", "Tune the model again.")
        rows = choose_rows(target, M, N, K, packed=True, tuned=choice.rows if choice else None)
        heads = _heads(B, M, N, K, rows, costs_of(target))
        in_c = None if choice else _context_in_c(B, M, N, K, target)
        return in_c if in_c is not None and in_c.instructions < heads.instructions else heads

    workload = f"{TITLES[BOOL_MAT_MUL_PACK]} {B}x{M}x{N}x{K}"
    return Ways(workload, plan, _splits(target, M, K), bits={0: K, 1: K})


def _context_in_c(B: int, M: int, N: int, K: int, target: Target) -> Plan | None:
    """Return the calls of the target's C function, if it has one: first the limits from v."""
    found = context_of(target, N, K)
    if found is None:
        return None
    limits = found.workspace(M, K)
    calls = (
        _limits(B, N, K, limits),
        Call(found.symbol, None, (B, M, N, K, Read(0), Read(1), Workspace(limits), Workspace(), Write())),
    )
    instructions = found.cost(B, M, N, K) + B * costs_of(target).mat_mul(1, N, 1, K)
    return Plan(calls, instructions, B * M * N * K, limits + 4 * B * N, (B, M, N, K))


def _limits(B: int, N: int, K: int, place: int) -> Call:
    """Return the call that makes the limits of a product with a map, in the workspace."""
    limits = built(bool_limits, B, N, K)
    return Call(f"sbnn_bool_limits_b{B}_n{N}_k{K}", limits, (Read(1), Read(2), Workspace(place)))


def _heads(B: int, M: int, N: int, K: int, rows: Sequence[Rows], costs: Costs) -> Plan:
    """Return the calls: first the limits from v, then each head, then the merge of the heads.

    The workspace holds that of the linear calls, then the limits, then the bits of each head.
    """
    words = words_for(K)
    linear, size = linear_calls(PACKED_OUT, N, K, rows)
    # Per head: the linear layer, the ones of v for the limits, and about 8 instructions per merged word.
    instructions = B * (_estimate(rows, N, K, packed=True) + costs.mat_mul(1, N, 1, K) + 8 * M * words_for(N))
    limits = -(-size // 8) * 8
    parts = limits + 4 * B * N
    part = M * words_for(N)
    calls = [_limits(B, N, K, limits)]
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
    merge = built(merge_heads, B, M, words_for(N))
    calls.append(Call(f"sbnn_merge_heads_b{B}_m{M}_w{words_for(N)}", merge, (Workspace(parts), Write())))
    return Plan(tuple(calls), instructions, B * M * N * K, parts + 4 * B * part, (B, M, N, K))


def _scores_map(types: list[TensorType], K: int, *, table: Array | None, target: Target) -> Ways:
    (H, M, _), N = types[0].shape, types[1].shape[1]
    kernel = f"sbnn_scores_map_h{H}_m{M}_n{N}_k{K}"
    in_tir = costs_of(target).scores_map(H, M, N, K)
    found = scores_map_of(target, K, table)
    if found is not None and found.cost(H, M, N, K) > in_tir:
        found = None
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
            call = tir_call(kernel, built(bnn_scores_map, H, M, N, K))
        else:
            call = _scheduled(kernel, space(), choice)
        return Plan((call,), in_tir, macs, product=(H, M, N, K))

    return Ways(f"{TITLES[SCORES_MAP]} {H}x{M}x{N}x{K}", plan, space=space, bits={0: K, 1: K})


def _transpose(costs: Costs, types: list[TensorType], K: int) -> Plan:
    B, M = prod(types[0].shape[:-2]), types[0].shape[-2]
    kernel = tir_call(f"sbnn_transpose_b{B}_m{M}_k{K}", built(bnn_transpose, B, M, K))
    return Plan((kernel,), costs.transpose_bits(B, M, K))


def _attention_map(costs: Costs, types: list[TensorType], K: int) -> Plan:
    H, M, N = types[0].shape
    kernel = tir_call(f"sbnn_attention_map_h{H}_m{M}_n{N}_k{K}", built(bnn_attention_map, H, M, N, K))
    return Plan((kernel,), costs.attention_map(H, M, N))


def _dense_in_c(
    arrays: list[Array | None], types: list[TensorType], sizes: Sequence[int], target: Target
) -> Plan | None:
    """Return the call of the target's C function for a product of bytes, if it has one for this one."""
    return dense_in_c(types, arrays[1], _sums(types[0], arrays[1]), Patches(*sizes), target)


def _dense(arrays: list[Array | None], types: list[TensorType], *sizes: int, target: Target) -> Ways:
    """Return the kernels for a float product.

    Args:
        arrays: the constants as they are in flash; None for inputs that are computed.
        types: the types of input, weights, scale and bias.
        sizes: the fields of :class:`Patches`.
        target: the processor.
    """
    shape = Patches(*sizes)
    N, bias = types[1].shape[1], types[3].shape
    bias_rows = bias[0] if len(bias) == 2 else 1
    stored = Stored(*(kind.dtype.name for kind in types))
    sums = _sums(types[0], arrays[1])
    geometry = "_".join(map(str, sizes))
    kinds = "_".join((stored.x, stored.w, stored.scale, stored.bias))
    facts = f"{geometry}_n{N}_b{bias_rows}_{kinds}_{sums}"
    kernel = f"sbnn_dense_{facts}"
    instructions = costs_of(target).dense(shape.rows, N, shape.terms, stored.w, sums)
    few_registers = target.isa[-1] in _SCALAR_CORES

    def space() -> Space:
        return dense_space(shape, N, bias_rows, stored, sums, few_registers=few_registers)

    def plan(choice: Choice | None) -> Plan:
        call = tir_call(kernel, space().kernel()) if choice is None else _scheduled(kernel, space(), choice)
        M, K = shape.rows, shape.terms
        return Plan((call,), instructions, M * N * K, product=(1, M, N, K))

    return Ways(f"Dense {facts}", plan, space=space)


def _sums(x: TensorType, weights: Array | None) -> str:
    """Return the type of the sums: int32 for bytes and integers, if a float32 holds all sums exactly."""
    if x.dtype != np.uint8 or weights is None or weights.dtype.kind != "i":
        return "float32"
    return "int32" if np.abs(weights.astype(np.int64)).sum(axis=0).max() * 255 <= 2**24 else "float32"


def _mean_rows(types: list[TensorType], costs: Costs) -> Ways:
    M, N = types[0].shape
    kernel = f"sbnn_mean_rows_m{M}_n{N}"

    def space() -> Space:
        return mean_rows_space(M, N)

    def plan(choice: Choice | None) -> Plan:
        call = tir_call(kernel, space().kernel()) if choice is None else _scheduled(kernel, space(), choice)
        return Plan((call,), costs.mean_rows(M, N))

    return Ways(f"MeanRows {M}x{N}", plan, space=space)


_LINEAR_FORMS = {
    LINEAR: FLOAT_OUT,
    LINEAR_RESIDUAL: FLOAT_SUM,
    f"{DOMAIN}.BnnLinearPacked": PACKED_OUT,
}


def _float(extern: str, costs: Costs, types: list[TensorType], *numbers: int) -> Plan:
    call = tir_call(*float_kernel(extern, types, *numbers))
    return Plan((call,), costs.float_kernel(extern, prod(types[0].shape)))


_KERNELS: dict[str, Callable[..., Plan]] = {
    _PACK: _pack,
    f"{DOMAIN}.BnnMatMul": _mat_mul,
    BOOL_MAT_MUL: _bool_mat_mul,
    BOOL_MAT_MUL_MERGED: partial(_bool_mat_mul, merged=True),
    _TRANSPOSE: _transpose,
    f"{DOMAIN}.BnnAttentionMap": _attention_map,
    **{extern: partial(_float, extern) for extern in FLOAT_KERNELS},
    **INTEGER_KERNELS,
}
"""Functions from costs, input types and attributes to a plan, for operators with one kernel."""
