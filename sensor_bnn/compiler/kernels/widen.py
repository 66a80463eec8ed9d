"""Exact conversion of constants from their type in flash to the type that a kernel computes with."""

from tvm.ir import Expr
from tvm.script import tirx as T
from tvm.tirx import PrimFunc

STORED = {"float16": "uint16"}
"""The element types in TIR of constants that a kernel reads as raw bits."""


def widened(value: Expr, kind: str, dtype: str) -> Expr:
    """Return a stored element as an expression of the type that a kernel computes with.

    Not every core has an instruction for float16. Its exponent and fraction are shifted to their places in a
    float32, and a product with 2**112 corrects the exponent's bias. This is exact, as no number is subnormal.

    Args:
        value: the element, of type ``STORED.get(kind, kind)``.
        kind: the type in flash: ``float16``, an integer type, or ``dtype`` itself.
        dtype: the type of the result, ``float32`` or ``int32``.
    """
    if kind == "float16":
        bits = T.Cast("uint32", value)
        placed = ((bits & T.uint32(0x8000)) << T.uint32(16)) | ((bits & T.uint32(0x7FFF)) << T.uint32(13))
        return T.reinterpret("float32", placed) * T.float32(2.0**112)
    return value if kind == dtype else T.Cast(dtype, value)


def widen(N: int, kind: str, dtype: str) -> PrimFunc:
    """Build ``(x kind [N]) -> y dtype [N]``.

    Args:
        N: the number of elements.
        kind: the type in flash: ``float16`` or an integer type.
        dtype: the type of the result, ``float32`` or ``int32``.
    """

    @T.prim_func(s_tir=True)
    def kernel(x: T.Buffer((N,), STORED.get(kind, kind)), y: T.Buffer((N,), dtype)):
        for i in T.serial(N):
            y[i] = widened(x[i], kind, dtype)

    return kernel
