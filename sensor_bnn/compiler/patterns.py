"""Relax to Relax: replace patterns of operators that one of our own kernels computes as a whole.

``Add(stream, BnnLinear(x))`` and ``Add(MatMul(x, constant), constant)`` become one call each, so no float
tensor exists only to be added to. Scores become their map row by row, and the product of map and values
becomes bits with merged heads, so no integer tensor of attention is stored. A matrix product and a mean over
rows get kernels with a fixed order of operations.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from tvm import relax
from tvm.ir import GenericConst, Tuple, Var

from sensor_bnn.compiler.importer import Graph
from sensor_bnn.compiler.kernels.bnn_scores_map import MAX_KEYS
from sensor_bnn.compiler.matches import Match, extern_name, is_call, same_shape, sizes_of
from sensor_bnn.compiler.stream_patterns import match_stream
from sensor_bnn.onnx.operators import DOMAIN
from sensor_bnn.onnx.packing import WORD_BITS

LINEAR = f"{DOMAIN}.BnnLinear"
LINEAR_RESIDUAL = "sensor_bnn.BnnLinearResidual"
BOOL_MAT_MUL = f"{DOMAIN}.BnnBoolMatMul"
BOOL_MAT_MUL_MERGED = "sensor_bnn.BnnBoolMatMulMerged"
BOOL_MAT_MUL_PACK = "sensor_bnn.BnnBoolMatMulPack"
SCORES_MAP = "sensor_bnn.BnnScoresMap"
DENSE = "sensor_bnn.Dense"
MEAN_ROWS = "sensor_bnn.MeanRows"


def match_patterns(graph: Graph) -> Graph:
    """Return the graph with all patterns replaced; a fused layer keeps the name of its product."""
    main = graph.module["main"]
    bindings = [binding for block in main.body.blocks for binding in block.bindings]
    uses = Counter(var for binding in bindings for var in _variables(binding.value))
    made = {binding.var: binding.value for binding in bindings}
    matches: dict[Var, Match] = {}
    for binding in bindings:
        match = (
            _sum(binding.value, made, uses)
            or _merge(binding.value, made, uses)
            or _scores_map(binding.value, made, uses)
            or match_stream(binding.value, made, uses)
            or _merged_bits(binding.value, made, uses)
            or _alone(binding.var, binding.value, made, uses)
        )
        if match is not None:
            matches[binding.var] = match
    taken = {match.var for var, match in matches.items() if not match.var.same_as(var)}

    builder = relax.BlockBuilder()
    renamed: dict[Var, relax.Expr] = {}
    names: dict[str, str] = {}
    values: dict[str, str] = {}
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
                name = graph.names.get(origin.name, str(origin.name))
                var = builder.emit(_renamed(value, renamed), name)
                renamed[binding.var] = var
                names[var.name] = name
                values[var.name] = graph.names.get(binding.var.name, str(binding.var.name))
            last = _renamed(main.body.body, renamed)
            result = builder.emit_output(last)
            names[result.name] = name
            values[result.name] = values.get(getattr(last, "name", ""), name)
        builder.emit_func_output(result)
    module = relax.transform.CanonicalizeBindings()(builder.get())
    # The operators that cut patches for a fused product are not read any more: remove them.
    return Graph(relax.transform.DeadCodeElimination()(module), names, values)


def _sum(value: relax.Expr, made: dict[Var, relax.Expr], uses: Counter[Var]) -> Match | None:
    """Match a sum of which one side is a product that nothing else reads."""
    if not is_call(value, "relax.add"):
        return None
    for left, right in (value.args, reversed(value.args)):
        if left not in made or uses[left] != 1:  # a product that another operator reads must stay a tensor
            continue
        product = made[left]
        if not same_shape(left, value):  # The sum repeats the product.
            continue
        if extern_name(product) == LINEAR and right.ty == value.ty:
            return Match(left, LINEAR_RESIDUAL, (*product.args[1].fields, right))
        bias = _bias(right, value)
        dense = None if bias is None else _scaled(left, product, made, uses)
        if bias is not None and dense is not None:
            return dense.biased(bias)
    return None


@dataclass(frozen=True)
class _Dense:
    """A float product with constant weights.

    Attributes:
        var: the variable that gives the layer its name.
        x: the input.
        shape: the positions of the rows' terms in x, the fields of
            :class:`sensor_bnn.compiler.kernels.dense.Patches`.
        w: the weights, ``[terms, N]``.
        scale: the factor of each output, ``[N]``.
    """

    var: Var
    x: relax.Expr
    shape: tuple[int, ...]
    w: GenericConst
    scale: GenericConst

    def biased(self, bias: relax.Expr) -> Match:
        numbers = (relax.prim_value(size) for size in self.shape)
        return Match(self.var, DENSE, (self.x, self.w, self.scale, bias, *numbers))


def _scaled(var: Var, value: relax.Expr, made: dict[Var, relax.Expr], uses: Counter[Var]) -> _Dense | None:
    """Match a product, or a product times one constant per output."""
    if _is_dense(value):
        rows, terms = (int(size) for size in value.args[0].ty.shape)
        ones = relax.const(np.ones(int(value.ty.shape[1]), dtype=np.float32))
        x, shape = _patches(value.args[0], made, uses) or (value.args[0], (1, 1, 1, rows, terms))
        return _Dense(var, _bytes(x, made), shape, value.args[1], ones)
    if is_call(value, "relax.multiply"):
        for left, right in (value.args, reversed(value.args)):
            if left in made and uses[left] == 1 and _is_dense(made[left]) and same_shape(left, value):
                dense, scale = _scaled(left, made[left], made, uses), _vector(right, value)
                if dense is not None and scale is not None:
                    return replace(dense, scale=scale)
    return None


def _patches(
    x: relax.Expr, made: dict[Var, relax.Expr], uses: Counter[Var]
) -> tuple[relax.Expr, tuple[int, ...]] | None:
    """Find the source of x's rows if they are patches of an image or stretches of a window.

    Returns:
        The image or window, and the fields of ``Patches``; None if x is made in another way.
    """
    chain = []
    for operator in ("relax.reshape", "relax.permute_dims", "relax.reshape"):
        value: Any = made.get(x) if isinstance(x, Var) and uses[x] == 1 else None
        if not is_call(value, operator):
            return None
        chain.append(value)
        x = value.args[0]
    rows, turned, split = chain
    sizes = [int(size) for size in split.ty.shape]
    axes = [int(axis) for axis in turned.attrs.axes or ()]
    if axes == [1, 3, 0, 2, 4]:  # an image, as the export cuts it
        C, R, P, Q, S = sizes
    elif axes == [1, 0, 2]:  # a window
        (C, Q, S), R, P = sizes, 1, 1
    else:
        return None
    if [int(size) for size in rows.ty.shape] != [R * Q, C * P * S]:
        return None
    return x, (C, R, P, Q, S)


def _bytes(x: relax.Expr, made: dict[Var, relax.Expr]) -> relax.Expr:
    """Return the bytes that x is cast from, or x itself."""
    value: Any = made.get(x) if isinstance(x, Var) else None
    if is_call(value, "relax.astype") and str(value.args[0].ty.dtype.dtype) == "uint8":
        return value.args[0]
    return x


def _merge(value: relax.Expr, made: dict[Var, relax.Expr], uses: Counter[Var]) -> Match | None:
    """Match a transposition from heads first to rows first of a product that nothing else reads."""
    if not is_call(value, "relax.permute_dims") or [int(axis) for axis in value.attrs.axes or ()] != [
        1,
        0,
        2,
    ]:
        return None
    heads = value.args[0]
    if heads not in made or uses[heads] != 1 or extern_name(made[heads]) != BOOL_MAT_MUL:
        return None
    return Match(heads, BOOL_MAT_MUL_MERGED, tuple(made[heads].args[1].fields))


def _scores_map(value: relax.Expr, made: dict[Var, relax.Expr], uses: Counter[Var]) -> Match | None:
    """Match a map of scores that nothing else reads."""
    if extern_name(value) != f"{DOMAIN}.BnnAttentionMap":
        return None
    scores, *constants = value.args[1].fields
    if scores not in made or uses[scores] != 1 or extern_name(made[scores]) != f"{DOMAIN}.BnnMatMul":
        return None
    left, right, _ = made[scores].args[1].fields
    if len(left.ty.shape) != 3 or int(right.ty.shape[1]) > MAX_KEYS:
        return None
    return Match(scores, SCORES_MAP, (left, right, *constants))


def _merged_bits(value: relax.Expr, made: dict[Var, relax.Expr], uses: Counter[Var]) -> Match | None:
    """Match the bits of a product with merged heads, if each head fills whole words."""
    if extern_name(value) != f"{DOMAIN}.BnnPack":
        return None
    rows, threshold = value.args[1].fields
    if rows not in made or uses[rows] != 1 or not is_call(made[rows], "relax.reshape"):
        return None
    turned = made[rows].args[0]
    merged = _merge(made[turned], made, uses) if turned in made and uses[turned] == 1 else None
    if merged is None or not isinstance(threshold, GenericConst):
        return None
    heads, tokens, width = (int(size) for size in merged.var.ty.shape)
    if width % WORD_BITS or [int(size) for size in rows.ty.shape] != [tokens, heads * width]:
        return None
    p, v, K = merged.arguments
    return Match(merged.var, BOOL_MAT_MUL_PACK, (p, v, threshold, K))


def _alone(var: Var, value: relax.Expr, made: dict[Var, relax.Expr], uses: Counter[Var]) -> Match | None:
    """Match a product or a mean that has its own kernel without a following operator."""
    dense = _scaled(var, value, made, uses)
    if dense is not None:
        zeros = np.zeros(int(value.ty.shape[1]), dtype=np.float32)
        return dense.biased(relax.const(zeros))
    if is_call(value, "relax.mean"):
        rank = len(value.args[0].ty.shape)
        if rank == 2 and value.attrs.axis is not None and [int(axis) for axis in value.attrs.axis] == [0]:
            return Match(var, MEAN_ROWS, (value.args[0],))
    return None


def _is_dense(value: relax.Expr) -> bool:
    return (
        is_call(value, "relax.matmul")
        and str(value.ty.dtype.dtype) == "float32"
        and isinstance(value.args[1], GenericConst)
        and len(value.args[0].ty.shape) == len(value.args[1].ty.shape) == 2
    )


def _bias(constant: relax.Expr, value: relax.Expr) -> GenericConst | None:
    """A constant that a product may add: one entry per output, or one per element.

    Args:
        constant: what is added; any shape that broadcasts.
        value: the matrix ``[M, N]`` that comes out.
    """
    whole = isinstance(constant, GenericConst) and len(sizes_of(value)) == 2 and same_shape(constant, value)
    return constant if whole else _vector(constant, value)


def _vector(constant: relax.Expr, value: relax.Expr) -> GenericConst | None:
    """A constant that is the same for all rows of a matrix ``[M, N]``, with one entry for each output."""
    if not isinstance(constant, GenericConst) or len(sizes_of(value)) != 2:
        return None
    shape, N = sizes_of(constant), sizes_of(value)[1]
    if len(shape) > 2 or (len(shape) == 2 and shape[0] != 1):
        return None
    if shape and shape[-1] == N:
        return constant
    return relax.const(np.broadcast_to(constant.value.numpy().reshape(-1), (N,)).copy())


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
