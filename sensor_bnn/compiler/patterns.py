"""Relax to Relax: recognise what one of our own kernels computes as a whole.

``Add(stream, BnnLinear(x))`` and ``Add(MatMul(x, constant), constant)`` become one call each, so that no
float tensor exists only to be added to; the heads of ``BnnBoolMatMul`` are merged as it writes them; a matrix
product and a mean over rows get kernels of a fixed order of operations.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from tvm import relax
from tvm.ir import GenericConst, Op, Tuple, Var

from sensor_bnn.compiler.importer import Graph
from sensor_bnn.onnx.operators import DOMAIN

LINEAR = f"{DOMAIN}.BnnLinear"
LINEAR_RESIDUAL = "sensor_bnn.BnnLinearResidual"
BOOL_MAT_MUL = f"{DOMAIN}.BnnBoolMatMul"
BOOL_MAT_MUL_MERGED = "sensor_bnn.BnnBoolMatMulMerged"
DENSE = "sensor_bnn.Dense"
MEAN_ROWS = "sensor_bnn.MeanRows"


@dataclass(frozen=True)
class _Match:
    """A call of one of our kernels, and the variable after which its layer is named."""

    var: Var
    kernel: str
    arguments: tuple[relax.Expr, ...]


def match_patterns(graph: Graph) -> Graph:
    """Return the graph with patterns replaced; what is fused keeps the name of its product."""
    main = graph.module["main"]
    bindings = [binding for block in main.body.blocks for binding in block.bindings]
    uses = Counter(var for binding in bindings for var in _variables(binding.value))
    made = {binding.var: binding.value for binding in bindings}
    matches: dict[Var, _Match] = {}
    for binding in bindings:
        match = (
            _sum(binding.value, made, uses)
            or _merge(binding.value, made, uses)
            or _alone(binding.var, binding.value)
        )
        if match is not None:
            matches[binding.var] = match
    taken = {match.var for var, match in matches.items() if not match.var.same_as(var)}

    builder = relax.BlockBuilder()
    renamed: dict[Var, relax.Expr] = {}
    names: dict[str, str] = {}
    with builder.function("main", params=list(main.params)):
        with builder.dataflow():
            for binding in bindings:
                if binding.var in taken:
                    continue
                value, origin = binding.value, binding.var
                if isinstance(value, Var):
                    renamed[origin] = _renamed(value, renamed)
                    continue
                if origin in matches:
                    match = matches[origin]
                    value = relax.op.call_dps_packed(match.kernel, list(match.arguments), origin.ty)
                    origin = match.var
                name = graph.names.get(origin.name, origin.name)
                var = builder.emit(_renamed(value, renamed), name)
                renamed[binding.var] = var
                names[var.name] = name
            result = builder.emit_output(_renamed(main.body.body, renamed))
            names[result.name] = name
        builder.emit_func_output(result)
    return Graph(relax.transform.CanonicalizeBindings()(builder.get()), names)


def _sum(value: relax.Expr, made: dict[Var, relax.Expr], uses: Counter[Var]) -> _Match | None:
    """A sum whose one side is a product that nothing else reads."""
    if not _is_call(value, "relax.add"):
        return None
    for left, right in (value.args, reversed(value.args)):
        if left not in made or uses[left] != 1:
            continue
        product = made[left]
        if extern_name(product) == LINEAR and right.ty == value.ty:
            return _Match(left, LINEAR_RESIDUAL, (*product.args[1].fields, right))
        if _is_dense(product) and isinstance(right, GenericConst) and _rows(right) in (1, _rows(value)):
            return _Match(left, DENSE, (*product.args, right))
    return None


def _merge(value: relax.Expr, made: dict[Var, relax.Expr], uses: Counter[Var]) -> _Match | None:
    """Heads first to rows first, of a product that nothing else reads."""
    if not _is_call(value, "relax.permute_dims") or [int(axis) for axis in value.attrs.axes or ()] != [
        1,
        0,
        2,
    ]:
        return None
    heads = value.args[0]
    if heads not in made or uses[heads] != 1 or extern_name(made[heads]) != BOOL_MAT_MUL:
        return None
    return _Match(heads, BOOL_MAT_MUL_MERGED, tuple(made[heads].args[1].fields))


def _alone(var: Var, value: relax.Expr) -> _Match | None:
    """A product or mean that has a kernel by itself."""
    if _is_dense(value):
        zeros = np.zeros(int(value.ty.shape[1]), dtype=np.float32)
        return _Match(var, DENSE, (*value.args, relax.const(zeros)))
    if _is_call(value, "relax.mean"):
        rank = len(value.args[0].ty.shape)
        if rank == 2 and value.attrs.axis is not None and [int(axis) for axis in value.attrs.axis] == [0]:
            return _Match(var, MEAN_ROWS, (value.args[0],))
    return None


def _is_dense(value: relax.Expr) -> bool:
    return (
        _is_call(value, "relax.matmul")
        and isinstance(value.args[1], GenericConst)
        and len(value.args[0].ty.shape) == len(value.args[1].ty.shape) == 2
    )


def _rows(value: relax.Expr) -> int:
    """Rows of a matrix, 1 of a vector, 0 of anything that no bias can be."""
    shape = value.ty.shape
    return int(shape[0]) if len(shape) == 2 else int(len(shape) == 1)


def extern_name(value: relax.Expr) -> str | None:
    """Return the name that a ``call_dps_packed`` calls, or None for another expression."""
    return str(value.args[0].global_symbol) if _is_call(value, "relax.call_dps_packed") else None


def _is_call(value: relax.Expr, operator: str) -> bool:
    return isinstance(value, relax.Call) and isinstance(value.op, Op) and value.op.name == operator


def _variables(value: relax.Expr) -> list[Var]:
    if isinstance(value, Var):
        return [value]
    if isinstance(value, relax.Call):
        return [var for argument in value.args for var in _variables(argument)]
    if isinstance(value, Tuple):
        return [var for field in value.fields for var in _variables(field)]
    return []


def _renamed(value: relax.Expr, names: dict[Var, relax.Expr]) -> relax.Expr:
    if isinstance(value, Var):
        return names.get(value, value)
    if isinstance(value, relax.Call):
        arguments = [_renamed(argument, names) for argument in value.args]
        return relax.Call(value.op, arguments, value.attrs, value.ty_args)
    if isinstance(value, Tuple):
        return relax.Tuple([_renamed(field, names) for field in value.fields])
    return value
