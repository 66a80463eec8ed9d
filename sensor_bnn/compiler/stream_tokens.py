"""Operators over the tokens of the integer stream in C (``firmware/kernels/linear_stream.h``).

They take about the instructions of the loops in TIR, which LLVM unrolls, and a tenth of their flash. A core
with vectors has the loops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from sensor_bnn.compiler.program import Call, Plan, Read, Workspace, Write
from sensor_bnn.compiler.stream_patterns import TURNED_BYTES
from sensor_bnn.compiler.targets import Target
from sensor_bnn.onnx.operators import DOMAIN, TensorType

SYMBOLS = frozenset(
    f"sbnn_stream_{name}"
    for name in (
        *("pool", "token_sum", "token_max", "token_count"),
        *("quantize16", "quantize32", "quantize_turned", "quantize_image", "move"),
    )
)
"""The C functions."""

_BYTES, _LOOKED_UP = 256, 4
"""The bytes of an image, whose results are looked up, and the instructions of one."""

_MOST = 2
"""The largest side of a group of tokens."""
_COPY = 18
"""The constant instructions of a copy."""


@dataclass(frozen=True)
class TokenCosts:
    """Instructions on one class of cores.

    Attributes:
        mean: one mean of a group.
        total, most, count: one value of such a feature.
        byte16, byte32, turned: one value that becomes a byte.
        moved: one byte that is copied.
    """

    mean: float
    total: float
    most: float
    count: float
    byte16: float
    byte32: float
    turned: float
    moved: float = 0.8


_PORTABLE = TokenCosts(mean=7.8, total=3.4, most=5.6, count=1.9, byte16=14.7, byte32=21, turned=12.2)
_ARMV7M = replace(_PORTABLE, byte16=12.5, byte32=15.5, turned=10.2)
_ARMV7EM = replace(_ARMV7M, mean=2.3, total=2.7, most=2.3, turned=8.2)
_ARMV6M = TokenCosts(mean=8.6, total=5.2, most=5.4, count=2.3, byte16=20.5, byte32=27, turned=13.5)

_BY_ISA: dict[str, TokenCosts | None] = {
    "portable": _PORTABLE,
    "armv6m": _ARMV6M,
    "armv7m": _ARMV7M,
    "armv7em": _ARMV7EM,
    "rv32im": _PORTABLE,
    **dict.fromkeys(("helium", "neon", "aarch64")),
}
"""Costs by folder of ``firmware/kernels``; None for cores with vectors."""


def calls_tokens(symbols: Iterable[str]) -> bool:
    """Whether a program with these symbols calls one of the functions."""
    return not SYMBOLS.isdisjoint(symbols)


def token_kernel(extern: str, types: list[TensorType], numbers: Sequence[int], target: Target) -> Plan | None:
    """Return the call of an operator in C, or None where the kernel in TIR must.

    Args:
        extern: the name of the operator.
        types: the types of its inputs.
        numbers: its attributes.
        target: the processor.
    """
    make = _MAKERS.get(extern)
    costs = next((_BY_ISA[isa] for isa in reversed(target.isa) if isa in _BY_ISA), None)
    return None if make is None or costs is None else make(costs, types, *numbers)


def token_join(types: list[TensorType], result: TensorType, target: Target) -> Plan | None:
    """Return the calls that copy rows into one row, or None if the tensors are others.

    Args:
        types: the types of the tensors that are concatenated.
        result: the type of the result.
        target: the processor.
    """
    costs = next((_BY_ISA[isa] for isa in reversed(target.isa) if isa in _BY_ISA), None)
    rows = all(prod(tensor.shape[:-1]) == 1 for tensor in (*types, result))
    sizes = [tensor.shape[-1] for tensor in types]
    if costs is None or not rows or sum(sizes) != result.shape[-1]:
        return None
    each = result.dtype.itemsize
    calls = tuple(
        Call("sbnn_stream_move", None, (size * each, sum(sizes[:place]) * each, Read(place), Write()))
        for place, size in enumerate(sizes)
    )
    return Plan(calls, round(sum(_COPY + size * each * costs.moved for size in sizes)))


def _plan(name: str, numbers: Sequence[int], reads: int, instructions: float) -> Plan:
    call = Call(f"sbnn_stream_{name}", None, (*numbers, *(Read(place) for place in range(reads)), Write()))
    return Plan((call,), round(instructions))


def _pool(
    costs: TokenCosts, types: list[TensorType], rows: int, columns: int, group_rows: int, group_columns: int
) -> Plan | None:
    N = types[0].shape[1]
    if max(group_rows, group_columns) > _MOST:
        return None
    groups = -(-rows // group_rows) * -(-columns // group_columns)
    sums = 2 if group_rows * group_columns > _MOST else 1
    return _plan("pool", (rows, columns, group_rows, group_columns, N), 1, groups * N * sums * costs.mean)


def _sum(costs: TokenCosts, types: list[TensorType]) -> Plan | None:
    M, N = types[0].shape
    return None if N % 2 else _plan("token_sum", (M, N), 1, M * N * costs.total)


def _max(costs: TokenCosts, types: list[TensorType]) -> Plan | None:
    M, N = types[0].shape
    return None if N % 2 else _plan("token_max", (M, N), 1, M * N * costs.most)


def _count(costs: TokenCosts, types: list[TensorType], K: int) -> Plan:
    M = types[0].shape[0]
    return _plan("token_count", (M, K), 1, M * K * costs.count)


def _bytes(costs: TokenCosts, types: list[TensorType], pre: int, shift: int) -> Plan | None:
    N, dtype = types[1].shape[0], types[0].dtype
    M = int(np.prod(types[0].shape)) // N
    if dtype == np.int16 and not pre:
        return _plan("quantize16", (M, N, shift), 3, M * N * costs.byte16)
    if dtype == np.int32:
        return _plan("quantize32", (M, N, pre, shift), 3, M * N * costs.byte32)
    return None


def _turned(costs: TokenCosts, types: list[TensorType], pre: int, shift: int) -> Plan | None:
    N, M = types[0].shape
    if types[0].dtype == np.uint8 and not pre:
        reads = (Read(0), Read(1), Read(2), Workspace(), Write())
        call = Call("sbnn_stream_quantize_image", None, (M, N, shift, *reads))
        return Plan((call,), round(N * (_BYTES * costs.turned + M * _LOOKED_UP)), workspace=_BYTES)
    if types[0].dtype != np.int16 or pre:
        return None
    return _plan("quantize_turned", (M, N, shift), 3, M * N * costs.turned)


_MAKERS: dict[str, Callable[..., Plan | None]] = {
    f"{DOMAIN}.BnnAveragePool": _pool,
    f"{DOMAIN}.BnnTokenSum": _sum,
    f"{DOMAIN}.BnnTokenMax": _max,
    f"{DOMAIN}.BnnTokenCount": _count,
    f"{DOMAIN}.BnnQuantize": _bytes,
    TURNED_BYTES: _turned,
}
"""Functions from costs, input types and attributes to a plan."""
