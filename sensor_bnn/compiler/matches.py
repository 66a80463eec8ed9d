"""Calls in Relax, and what a pattern replaces them with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from tvm import relax
from tvm.ir import Op, Var

from sensor_bnn.onnx.operators import DOMAIN

Made = dict[Var, relax.Expr]
"""The value of each variable."""

Uses = Counter[Var]
"""The number of places that read each variable."""


@dataclass(frozen=True)
class Match:
    """A call of one of our kernels, and the variable that gives its layer the name."""

    var: Var
    kernel: str
    arguments: tuple[relax.Expr, ...]


def extern_name(value: relax.Expr) -> str | None:
    """Return the name that a ``call_dps_packed`` calls, or None for another expression."""
    return str(value.args[0].global_symbol) if is_call(value, "relax.call_dps_packed") else None


def operator_of(value: relax.Expr) -> str:
    """Return the name of our operator that an expression calls, without the domain; empty if it is none."""
    domain, _, name = (extern_name(value) or "").rpartition(".")
    return name if domain == DOMAIN else ""


def operands_of(value: relax.Expr) -> list[relax.Expr]:
    """Return inputs and attributes of a call of one of our operators."""
    return list(value.args[1].fields)


def is_call(value: Any, operator: str) -> bool:
    """Whether an expression is a call of an operator of Relax."""
    return isinstance(value, relax.Call) and isinstance(value.op, Op) and value.op.name == operator


def same_shape(left: relax.Expr, right: relax.Expr) -> bool:
    """Whether two tensors have the same shape."""
    return sizes_of(left) == sizes_of(right)


def sizes_of(value: relax.Expr) -> list[int]:
    """Return the shape of a tensor."""
    return [int(size) for size in value.ty.shape]
