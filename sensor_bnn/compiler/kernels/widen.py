"""Constants as flash holds them, to the type that a kernel computes with; exact."""

from tvm.ir import Expr
from tvm.script import tirx as T
from tvm.tirx import PrimFunc

STORED = {"float16": "uint16"}
"""The element type in TIR of constants that no integer type holds."""


def widened(value: Expr, kind: str, dtype: str) -> Expr:
    """Return a stored element as an expression of the type that a kernel computes with.

    float16 numbers, none of them subnormal, become float32 without an instruction that not every core has:
    exponent and fraction go to their places, and one product puts the exponent's bias right.

    Args:
        value: the element, of type ``STORED.get(kind, kind)``.
        kind: ``float16``, an integer type, or ``dtype`` itself.
        dtype: ``float32`` or ``int32``.
    """
    if kind == "float16":
        bits = T.Cast("uint32", value)
        placed = ((bits & T.uint32(0x8000)) << T.uint32(16)) | ((bits & T.uint32(0x7FFF)) << T.uint32(13))
        return T.reinterpret("float32", placed) * T.float32(2.0**112)
    return value if kind == dtype else T.Cast(dtype, value)


def widen(N: int, kind: str, dtype: str) -> PrimFunc:
    """Build ``(x kind [N]) -> y dtype [N]``.

    Args:
        N: elements.
        kind: as flash holds them: ``float16`` or an integer type.
        dtype: ``float32`` or ``int32``.
    """

    @T.prim_func(s_tir=True)
    def kernel(x: T.Buffer((N,), STORED.get(kind, kind)), y: T.Buffer((N,), dtype)):
        for i in T.serial(N):
            y[i] = widened(x[i], kind, dtype)

    return kernel
