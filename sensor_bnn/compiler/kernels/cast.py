"""Floats to integers and truth values, with one result for every input on every processor."""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc


def cast(size: int, dtype: str) -> PrimFunc:
    """Build ``(x float32 [size]) -> y dtype [size]``: rounded towards 0.

    NaN becomes 0, and what is out of range the nearest number of the type: C and LLVM leave both undefined,
    and processors differ in them.

    Args:
        size: elements.
        dtype: ``bool``, which is whether x is not 0, or an integer type of at most 32 bits.
    """
    if dtype == "bool":

        @T.prim_func(s_tir=True)
        def truth(x: T.Buffer((size,), "float32"), y: T.Buffer((size,), "bool")):
            for i in T.serial(size):
                y[i] = x[i] != T.float32(0)

        return truth
    bits = int(dtype.lstrip("uint"))
    first, last = (0, 2**bits - 1) if dtype[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    # The first float that is too large, and for x below ``first`` the comparison is exact as well.
    end, start = float(last + 1), float(first)

    @T.prim_func(s_tir=True)
    def kernel(x: T.Buffer((size,), "float32"), y: T.Buffer((size,), dtype)):
        for i in T.serial(size):
            inside: T.let[T.bool] = (x[i] > T.float32(start)) and (x[i] < T.float32(end))
            value: T.let[T.float32] = T.Select(inside, x[i], T.float32(0))
            edge = T.Select(
                x[i] >= T.float32(end),
                T.Cast(dtype, last),
                T.Select(x[i] <= T.float32(start), T.Cast(dtype, first), T.Cast(dtype, 0)),
            )
            y[i] = T.Select(inside, T.Cast(dtype, value), edge)

    return kernel
