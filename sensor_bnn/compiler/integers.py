"""The kernels of the integer stream: operators of version 2, and the layers that are made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import product as every
from math import prod
from typing import Any

from sensor_bnn.compiler.a64_kernels import a64_kernel, a64_pack
from sensor_bnn.compiler.costs import Costs
from sensor_bnn.compiler.kernels import built
from sensor_bnn.compiler.kernels.average_pool import average_pool
from sensor_bnn.compiler.kernels.grid import Grid
from sensor_bnn.compiler.kernels.int_attention_map import int_attention_map, int_scores_map
from sensor_bnn.compiler.kernels.int_context import int_context, limit_planes
from sensor_bnn.compiler.kernels.int_product import int_product
from sensor_bnn.compiler.kernels.patches import patches
from sensor_bnn.compiler.kernels.quantize import quantize
from sensor_bnn.compiler.kernels.stream import stream
from sensor_bnn.compiler.kernels.stream_layer import StreamLayer, stream_layer
from sensor_bnn.compiler.kernels.token_features import token_count, token_max, token_sum
from sensor_bnn.compiler.kernels.window import window_moments, window_normalize
from sensor_bnn.compiler.mve_kernels import mve_count, mve_kernel, mve_pack
from sensor_bnn.compiler.narrow import Array, narrowest
from sensor_bnn.compiler.program import Call, Plan, Read, Workspace, Write, tir_call
from sensor_bnn.compiler.stream_kernels import pack_kernel, stream_kernel
from sensor_bnn.compiler.stream_lanes import lanes_kernel
from sensor_bnn.compiler.stream_patterns import (
    BITS,
    BYTES,
    TURNED_BYTES,
    stream_layer_name,
)
from sensor_bnn.compiler.stream_stem import stem_kernel
from sensor_bnn.compiler.stream_tokens import token_kernel
from sensor_bnn.compiler.stream_window import window_kernel
from sensor_bnn.compiler.targets import Target
from sensor_bnn.onnx.operators import DOMAIN, TensorType
from sensor_bnn.onnx.packing import WORD_BITS


def _patches(costs: Costs, types: list[TensorType], *numbers: int) -> Plan:
    grid, W, dtype = Grid(*numbers), types[0].shape[1], types[0].dtype.name
    call = tir_call(f"sbnn_patches_{dtype}_{grid.name}_w{W}", built(patches, grid, W, dtype))
    return Plan((call,), costs.integers.patches(grid, W))


def _int_product(costs: Costs, types: list[TensorType]) -> Plan:
    (M, K), N = types[0].shape, types[1].shape[0]
    call = tir_call(f"sbnn_int_product_m{M}_n{N}_k{K}", built(int_product, M, N, K))
    return Plan((call,), costs.integers.product(M, N, K), M * N * K, product=(1, M, N, K))


def _stream(costs: Costs, types: list[TensorType], pre: int, shift: int, *, residual: bool) -> Plan:
    (M, A), N, slopes = types[0].shape, types[-2].shape[0], types[-1].shape[0]
    rows, B = types[1].shape if residual else (M, 0)
    widths = f"a{A}_n{N}_b{B}{'_one' if rows < M else ''}_l{slopes}"
    kernel = f"sbnn_stream_m{M}_{widths}_p{pre}_s{shift}"
    call = tir_call(kernel, built(stream, M, A, N, B, slopes, pre, shift, rows))
    return Plan((call,), costs.integers.values(M, N))


def _layer(
    costs: Costs, types: list[TensorType], *numbers: int, bits: bool, residual: bool, packed: bool
) -> Plan:
    shape = _shape(types, *numbers, bits=bits, residual=residual, packed=packed)
    M, A = shape.grid.out_tokens, shape.A
    return Plan(
        _layer_calls(shape),
        costs.integers.layer(shape),
        M * A * shape.terms,
        shape.acc_bytes + shape.patch_bytes,
        (1, M, A, shape.terms),
        overwrites=5 if shape.B == shape.N and not packed and not shape.shared else None,
        in_place=lambda: _layer_calls(replace(shape, in_place=True)),
    )


def context_plan(types: list[TensorType], arrays: list[Array | None], K: int, *, costs: Costs) -> Plan:
    """Return the call of ``CONTEXT``; its third input, the threshold, is a constant."""
    (H, M, _), W, threshold = types[0].shape, types[1].shape[2], arrays[2]
    assert threshold is not None
    kernel = f"sbnn_int_context_h{H}_m{M}_w{W}_k{K}"
    N = W * WORD_BITS
    return Plan(
        (tir_call(kernel, built(int_context, H, M, W, K)),),
        costs.integers.attended(H, M, W, K),
        H * M * N * K,
        product=(H, M, N, K),
        constants={2: limit_planes(threshold, K)},
    )


def scores_map_plan(types: list[TensorType], arrays: list[Array | None], K: int, *, costs: Costs) -> Plan:
    """Return the call of ``INT_SCORES_MAP``; its third input, the table, is stored in its narrowest type."""
    (H, M, _), N = types[0].shape, types[1].shape[1]
    table = None if arrays[2] is None else narrowest(arrays[2])
    kind = types[2].dtype.name if table is None else table.dtype.name
    kernel = f"sbnn_int_scores_map_h{H}_m{M}_n{N}_k{K}_{kind}"
    return Plan(
        (tir_call(kernel, built(int_scores_map, H, M, N, K, kind)),),
        costs.integers.scores_map(H, M, N, K),
        H * M * N * K,
        product=(H, M, N, K),
        constants={} if table is None else {2: table},
    )


def _shape(types: list[TensorType], *numbers: int, bits: bool, residual: bool, packed: bool) -> StreamLayer:
    *sizes, pre, shift = numbers
    K = sizes.pop() if bits else 0
    (_, W), A, N = types[0].shape, types[1].shape[0], types[2].shape[0]
    grid, slopes = Grid(*sizes), types[4].shape[0]
    M = grid.out_tokens
    rows, B = types[5].shape if residual else (M, 0)
    shared = rows < M
    return StreamLayer(grid, W, K, A, N, B, slopes, pre, shift, packed, in_place=False, shared=shared)


def layer_in_c(
    extern: str,
    types: list[TensorType],
    arrays: list[Array | None],
    numbers: Sequence[int],
    target: Target,
    estimate: int,
) -> Plan | None:
    """Return the call of a C kernel for a layer, or None if it has none that takes fewer instructions.

    Args:
        extern: the name of the operator.
        types: the types of its inputs.
        arrays: the contents of the inputs that are constants; None for the others.
        numbers: its attributes.
        target: the processor for which kernels are chosen.
        estimate: the instructions of the kernel in TIR.
    """
    if extern == f"{DOMAIN}.BnnPack":
        threshold = arrays[1]
        in_c = mve_pack(types, threshold, target) or a64_pack(types, threshold, target)
        return in_c or pack_kernel(types, threshold, target)
    if extern == f"{DOMAIN}.BnnTokenCount":
        return mve_count(types, numbers[0], target) or token_kernel(extern, types, numbers, target)
    form = _LAYERS.get(extern)
    if form is None:
        return token_kernel(extern, types, numbers, target)
    shape = _shape(types, *numbers, **form)
    in_c = mve_kernel(shape, arrays, target, estimate) or a64_kernel(shape, arrays, target, estimate)
    in_c = in_c or stream_kernel(shape, arrays, target, estimate)
    for other in (lanes_kernel,) if shape.K else (stem_kernel, window_kernel):
        in_c = other(shape, arrays, target, in_c.instructions if in_c else estimate) or in_c
    return in_c


def _layer_calls(shape: StreamLayer) -> tuple[Call, ...]:
    """Return the call of a layer, which reads x, w, scale, bias, slope, residual and threshold."""
    reads = 5 + (shape.B > 0) + shape.packed
    arguments = [Read(place) for place in range(reads) if not (shape.in_place and place == 5)]
    workspace = [Workspace(), *([Workspace(shape.acc_bytes)] if shape.patch_bytes else [])]
    kernel = f"sbnn_{'bit' if shape.K else 'byte'}_layer_{shape.name}"
    return (Call(kernel, built(stream_layer, shape), (*arguments, *workspace, Write())),)


def _quantize(costs: Costs, types: list[TensorType], pre: int, shift: int, *, turned: bool = False) -> Plan:
    x, dtype = types[0].shape, types[0].dtype.name
    N = types[1].shape[0]
    M = prod(x) // N
    kernel = f"sbnn_quantize_{dtype}{'_turned' if turned else ''}_m{M}_n{N}_p{pre}_s{shift}"
    call = tir_call(kernel, built(quantize, M, N, dtype, pre, shift, turned=turned))
    return Plan((call,), costs.integers.quantized(M, N))


def _average_pool(costs: Costs, types: list[TensorType], *numbers: int) -> Plan:
    M, N = types[0].shape
    rows, columns, group_rows, group_columns = numbers
    groups = -(-rows // group_rows) * -(-columns // group_columns)
    kernel = f"sbnn_average_pool_g{rows}x{columns}_s{group_rows}x{group_columns}_n{N}"
    return Plan(
        (tir_call(kernel, built(average_pool, *numbers, N)),),
        costs.integers.pooled(M, groups, group_rows * group_columns, N),
    )


def _feature(costs: Costs, types: list[TensorType], *K: int, kind: str) -> Plan:
    M, N = types[0].shape[0], K[0] if K else types[0].shape[1]
    build = {"sum": token_sum, "max": token_max, "count": token_count}[kind]
    call = tir_call(f"sbnn_token_{kind}_m{M}_n{N}", built(build, M, N))
    return Plan((call,), costs.integers.feature(kind, M, N))


def _window(costs: Costs, types: list[TensorType], *gain: int) -> Plan:
    n, C = types[0].shape
    dtype = types[0].dtype.name
    kind, build = ("normalize", window_normalize) if gain else ("moments", window_moments)
    kernel = f"sbnn_window_{kind}_{dtype}_n{n}_c{C}{f'_g{gain[0]}' if gain else ''}"
    return Plan((tir_call(kernel, built(build, n, C, dtype, *gain)),), costs.integers.window(kind, n, C))


def _attention_map(costs: Costs, types: list[TensorType], K: int) -> Plan:
    H, M, N = types[0].shape
    kernel = f"sbnn_int_attention_map_h{H}_m{M}_n{N}_k{K}"
    call = tir_call(kernel, built(int_attention_map, H, M, N, K))
    return Plan((call,), costs.integers.attention_map(H, M, N))


_LAYERS: dict[str, dict[str, Any]] = {
    stream_layer_name(product, patches=cut, residual=residual, packed=packed): {
        "bits": product == BITS,
        "residual": residual,
        "packed": packed,
    }
    for product in (BITS, BYTES)
    for cut, residual, packed in every((False, True), repeat=3)
}
"""The names of layers, and the parts that they have."""

INTEGER_KERNELS: dict[str, Callable[..., Plan]] = {
    f"{DOMAIN}.BnnPatches": _patches,
    f"{DOMAIN}.BnnIntLinear": _int_product,
    f"{DOMAIN}.BnnStream": partial(_stream, residual=False),
    f"{DOMAIN}.BnnStreamAdd": partial(_stream, residual=True),
    f"{DOMAIN}.BnnQuantize": _quantize,
    f"{DOMAIN}.BnnAveragePool": _average_pool,
    f"{DOMAIN}.BnnTokenSum": partial(_feature, kind="sum"),
    f"{DOMAIN}.BnnTokenMax": partial(_feature, kind="max"),
    f"{DOMAIN}.BnnTokenCount": partial(_feature, kind="count"),
    f"{DOMAIN}.BnnIntAttentionMap": _attention_map,
    f"{DOMAIN}.BnnWindowMoments": _window,
    f"{DOMAIN}.BnnWindowNormalize": _window,
    TURNED_BYTES: partial(_quantize, turned=True),
    **{name: partial(_layer, **form) for name, form in _LAYERS.items()},
}
"""Functions from costs, input types and attributes to a plan."""
