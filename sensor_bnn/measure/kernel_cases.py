"""The cases of ``sensor-bnn kernels``: kernels at a shape with random data, and the expected outputs.

The binary kernels are compared with the alternatives that a user has: an int8 kernel in C
(``firmware/baselines``) and the float32 product that TVM generates from Relax's ``matmul`` without tuning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tvm import relax
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels import built
from sensor_bnn.compiler.kernels.bnn_linear_packed import mismatch_limit
from sensor_bnn.compiler.kernels.bnn_pack import bnn_pack as bnn_pack_kernel
from sensor_bnn.compiler.kernels.bnn_scores_map import bnn_scores_map
from sensor_bnn.compiler.lookup import LOOP, Rows, choose_rows, in_panels, kernels_of
from sensor_bnn.compiler.patterns import BOOL_MAT_MUL_PACK, SCORES_MAP
from sensor_bnn.compiler.program import Array, Call, Plan, Read, Write, tir_call
from sensor_bnn.compiler.selection import FLOAT_SUM, PACKED_OUT, LinearForm, linear_calls, plan_of, ways_of
from sensor_bnn.compiler.targets import Target
from sensor_bnn.compiler.tuning import Choice
from sensor_bnn.onnx.operators import DOMAIN, TensorType
from sensor_bnn.onnx.packing import WORD_BITS, pack_bits
from sensor_bnn.onnx.reference import (
    bnn_attention_map,
    bnn_bool_mat_mul,
    bnn_linear,
    bnn_linear_packed,
    bnn_mat_mul,
    bnn_pack,
)
from sensor_bnn.resources import resource

CHOSEN = "chosen"
"""The kernel that the compiler chooses for the shape; the other binary kernels process all rows."""

COMPARE = "compare"
"""The loop in TIR that compares one float after the other with its threshold."""

FLOAT32 = "tvm_float32"

_INT8 = {
    "portable": "int8_c",
    "armv7em": "int8_smlad",
    "helium": "int8_vmladava",
    "aarch64": "int8_sadalp",
}
"""Name of the int8 kernel in each folder of ``firmware/baselines``, after the instruction that multiplies."""

_INT8_TERMS = 1 << 16
"""The longest row that firmware/baselines/linear_int8.h allows."""

_FLOAT_BITS = 24
"""Bits of a float32's significand."""


@dataclass(frozen=True)
class Shape:
    """A layer: ``m`` rows (tokens) by ``n`` outputs over ``k`` inputs."""

    m: int
    n: int
    k: int

    def __str__(self) -> str:
        return f"{self.m}x{self.n}x{self.k}"

    @property
    def macs(self) -> int:
        """Number of multiply-adds."""
        return self.m * self.n * self.k


@dataclass(frozen=True)
class Case:
    """A kernel at a shape.

    Attributes:
        kernel: name of the kernel.
        shape: of the layer.
        output: ``packed``, what the next layer of its kind reads, or ``float``; of attention ``map``, the map
            of queries and keys, or ``context``, the bits of a map times values; of the hybrid family's layers
            ``values``, those of the stream, or ``bits``, those that the next layer reads.
        target: the target for which its TIR is compiled.
        calls: calls of C functions, which read ``constants``.
        constants: arrays in the order of the reads; a residual is the last.
        workspace: bytes of workspace.
        sources: C files of its own with their headers, in addition to ``firmware/kernels``.
        expected: all expected outputs.
        layer: the title of a layer of the hybrid family; None for other kernels.
    """

    kernel: str
    shape: Shape
    output: str
    target: Target
    calls: tuple[Call, ...]
    constants: tuple[Array, ...]
    workspace: int
    sources: tuple[Path, ...]
    expected: Array
    layer: str | None = None


def cases_of(target: Target, shape: Shape, *, binary: bool, baselines: bool) -> list[Case]:
    """Return the target's kernels at a shape, packed outputs first; the data are the same at every call.

    Args:
        target: the core.
        shape: of the layer.
        binary: whether to include the binary kernels.
        baselines: whether to include int8 and float32.
    """
    rng = np.random.default_rng((shape.m, shape.n, shape.k))
    cases = list(_binary(target, shape, rng)) if binary else []
    if baselines:
        if shape.k <= _INT8_TERMS:
            cases.append(_int8(target, shape, rng))
        cases.append(_float32(target, shape, rng))
    return sorted(cases, key=lambda case: case.output != "packed")


def _binary(target: Target, shape: Shape, rng: np.random.Generator) -> Iterator[Case]:
    m, n, k = shape.m, shape.n, shape.k
    x = pack_bits(rng.random((m, k)) < 0.5)
    w = pack_bits(rng.random((n, k)) < 0.5)
    # Random sums have the standard deviation sqrt(k): with limits in that range both bits occur often.
    spread = int(k**0.5) + 1
    threshold = rng.integers(-spread, spread + 1, n).astype(np.int32)
    scale, bias = (rng.standard_normal(n).astype(np.float32) for _ in range(2))
    residual = rng.standard_normal((m, n)).astype(np.float32)
    packed = bnn_linear_packed(x, w, threshold, K=k)
    floats = residual + bnn_linear(x, w, scale, bias, K=k)
    limit = mismatch_limit(threshold, k)
    constants: tuple[Array, ...]
    for form, output, constants, expected in (
        (PACKED_OUT, "packed", (x, w, limit), packed),
        (FLOAT_SUM, "float", (x, w, scale, bias, residual), floats),
    ):
        for kernel, rows in _variants(target, shape, form):
            panels = in_panels(rows, w) if kernel == CHOSEN else None
            calls, workspace = linear_calls(form, n, k, rows, panels=panels is not None)
            own = constants if panels is None else (x, panels, *constants[2:])
            yield Case(kernel, shape, output, target, calls, own, workspace, (), expected)


def attention_cases(target: Target, tokens: int, bits: int) -> list[Case]:
    """Return the kernels of one head of attention, each as the plain loop and as the compiler chooses it.

    Args:
        target: the core.
        tokens: the queries, and as many keys.
        bits: the bits of the head; only a multiple of 32 has a context.
    """
    rng = np.random.default_rng((tokens, bits))
    return [*_map_cases(target, tokens, bits, rng), *_context_cases(target, tokens, bits, rng)]


def pack_cases(target: Target, rows: int, channels: int) -> list[Case]:
    """Return the kernels that turn floats into bits, as the loop in TIR and as the compiler chooses it.

    Args:
        target: the core.
        rows: of floats.
        channels: the floats of a row; one is counted as one multiply-add.
    """
    rng = np.random.default_rng((rows, channels))
    x = rng.standard_normal((rows, channels)).astype(np.float32)
    threshold = rng.standard_normal(channels).astype(np.float32)
    threshold[: min(2, channels)] = (0.0, -0.0)[:channels]
    x[:, :2] = -threshold[:2]  # zeros reach each other
    types = [TensorType.of(array) for array in (x, threshold)]
    kernel = f"sbnn_pack_float32_m{rows}_k{channels}"
    loop = Plan((tir_call(kernel, built(bnn_pack_kernel, rows, channels, "float32")),), 0)
    chosen = plan_of(f"{DOMAIN}.BnnPack", types, [None, threshold], (), target)
    return [
        Case(
            name,
            Shape(rows, channels, 1),
            "packed",
            target,
            plan.calls,
            (x, plan.constants.get(1, threshold)),
            plan.workspace,
            (),
            bnn_pack(x, threshold),
        )
        for name, plan in ((COMPARE, loop), (CHOSEN, chosen))
    ]


def _map_cases(target: Target, tokens: int, bits: int, rng: np.random.Generator) -> Iterator[Case]:
    shape = Shape(tokens, tokens, bits)
    q, k = (pack_bits(rng.random((1, tokens, bits)) < 0.5) for _ in range(2))
    # Like a softmax: each bit in common raises an entry by the same share; the map has what is over the mean.
    table = np.round(np.exp(np.linspace(-8, 0, bits + 1)) * 65535).astype(np.int32)[np.newaxis]
    ratio = np.array([1 / tokens], np.float32)
    constants = (q, k, table, ratio)
    expected = bnn_attention_map(bnn_mat_mul(q, k, K=bits), table, ratio, K=bits)
    kernel = f"sbnn_scores_map_h1_m{tokens}_n{tokens}_k{bits}"
    loop = Plan((tir_call(kernel, built(bnn_scores_map, 1, tokens, tokens, bits)),), 0)
    for name, plan in ((LOOP, loop), (CHOSEN, _chosen(SCORES_MAP, constants, bits, target))):
        yield Case(name, shape, "map", target, plan.calls, constants, plan.workspace, (), expected)


def _context_cases(target: Target, tokens: int, bits: int, rng: np.random.Generator) -> Iterator[Case]:
    if bits % WORD_BITS:
        return
    shape = Shape(tokens, bits, tokens)
    p = pack_bits(rng.random((1, tokens, tokens)) < 0.3)
    v = pack_bits(rng.random((1, bits, tokens)) < 0.5)
    spread = int(tokens**0.5) + 1
    threshold = rng.integers(-spread, spread + 1, bits).astype(np.int32)
    constants = (p, v, threshold)
    expected = bnn_pack(bnn_bool_mat_mul(p, v, K=tokens)[0], threshold)
    loop = Choice(rows=((LOOP, tokens),))
    for name, choice in ((LOOP, loop), (CHOSEN, None)):
        plan = _chosen(BOOL_MAT_MUL_PACK, constants, tokens, target, choice)
        yield Case(name, shape, "context", target, plan.calls, constants, plan.workspace, (), expected)


def _chosen(
    extern: str, constants: tuple[Array, ...], K: int, target: Target, choice: Choice | None = None
) -> Plan:
    ways = ways_of(extern, [TensorType.of(array) for array in constants], list(constants), (K,), target)
    assert ways is not None  # the compiler chooses among the kernels of both operators
    return ways.plan(choice)


def _variants(target: Target, shape: Shape, form: LinearForm) -> Iterator[tuple[str, tuple[Rows, ...]]]:
    for kernel in kernels_of(target):
        if shape.k <= kernel.max_bits:
            yield kernel.name, (Rows(kernel, 0, shape.m),)
    yield CHOSEN, choose_rows(target, shape.m, shape.n, shape.k, packed=form.packed)


def _int8(target: Target, shape: Shape, rng: np.random.Generator) -> Case:
    m, n, k = shape.m, shape.n, shape.k
    isa = next((isa for isa in reversed(target.isa) if isa in _INT8), "portable")
    x = rng.integers(-128, 128, (m, k)).astype(np.int8)
    # Symmetric, as linear_int8.h requires of weights.
    w = rng.integers(-127, 128, (n, k)).astype(np.int8)
    bias = rng.integers(-(1 << 12), 1 << 12, n).astype(np.int32)
    multiplier = rng.integers(1 << 30, 1 << 31, n).astype(np.int32)
    # Sums have a standard deviation of about 73 * 73 * sqrt(k); most outputs then fit int8, and some do not.
    shift = np.full(n, max(1, round(np.log2(73 * 73 * k**0.5 / 64))), np.int32)
    zero = int(rng.integers(-20, 21))
    call = Call("sbnn_linear_int8", None, (m, n, k, zero, *(Read(place) for place in range(5)), Write()))
    folder = resource("firmware") / "baselines"
    return Case(
        kernel=_INT8[isa],
        shape=shape,
        output="packed",
        target=target,
        calls=(call,),
        constants=(x, w, bias, multiplier, shift),
        workspace=0,
        sources=(*sorted(folder.glob("*.h")), folder / isa / "linear_int8.c"),
        expected=int8_linear(x, w, bias, multiplier, shift, zero),
    )


def int8_linear(x: Array, w: Array, bias: Array, multiplier: Array, shift: Array, zero: int) -> Array:
    """Reference of ``sbnn_linear_int8``: the exact sum, then scaled with two roundings, to int8.

    Args:
        x: int8 ``[m, k]``.
        w: int8 ``[n, k]``.
        bias: int32 ``[n]``, as are multiplier and shift.
        multiplier: per output, in units of 2^-31.
        shift: right shift per output, in bits.
        zero: zero point of the outputs.
    """
    wide, narrow, offset, factor, by = (array.astype(np.int64) for array in (x, w, bias, multiplier, shift))
    high = ((wide @ narrow.T + offset) * factor + (1 << 30)) >> 31
    values: Array = np.clip(zero + ((high + (1 << (by - 1))) >> by), -128, 127).astype(np.int8)
    return values


def _float32(target: Target, shape: Shape, rng: np.random.Generator) -> Case:
    """Make a float32 case of small whole numbers, so that sums are exact in any order, fused or not."""
    m, n, k = shape.m, shape.n, shape.k
    # A sum of k products of two such numbers must fit the significand.
    bits = max(1, min(7, (_FLOAT_BITS - k.bit_length()) // 2))
    x, w = (
        (2 * rng.integers(-(1 << bits >> 1), 1 << bits >> 1, size) + 1).astype(np.float32)
        for size in ((m, k), (k, n))
    )
    call = Call(f"sbnn_matmul_float32_{shape}", _matmul(shape), (Read(0), Read(1), Write()))
    expected = (x.astype(np.float64) @ w.astype(np.float64)).astype(np.float32)
    own = target.as_llvm_has_it()
    return Case(FLOAT32, shape, "float", own, (call,), (x, w), 0, (), expected)


def _matmul(shape: Shape) -> PrimFunc:
    """Return TVM's own ``(x [m, k], w [k, n]) -> y [m, n]``, all float32."""
    x = relax.Var("x", relax.TensorType((shape.m, shape.k), "float32"))
    w = relax.Var("w", relax.TensorType((shape.k, shape.n), "float32"))
    builder = relax.BlockBuilder()
    with builder.function("main", [x, w]):
        builder.emit_func_output(builder.emit(relax.op.matmul(x, w)))
    return relax.transform.LegalizeOps()(builder.get())["matmul"]
