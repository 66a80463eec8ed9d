"""Floats to integers and truth values, with one result for every input on every processor."""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc


def cast(size: int, dtype: str) -> PrimFunc:
    """Build ``(x float32 [size]) -> y dtype [size]``, rounded towards 0.

    What is out of range ONNX leaves undefined, as do C and LLVM, and processors differ in it. Here it is what
    ONNX Runtime gives on x86: bits that do not fit are cut off; NaN and what not even 32 bits hold become the
    lowest int32, and 0 of any other type.

    Args:
        size: elements.
        dtype: ``bool``, which is whether x is not 0, or an integer type of at most 32 bits.
    """
    if dtype == "bool":

        @T.prim_func(s_tir=True)
        def truth(x: T.Buffer((size,), "float32"), y: T.Buffer((size,), "bool")):
            for i in T.serial(size):
                # NaN is true; a comparison of floats would take it for neither.
                y[i] = (T.reinterpret("uint32", x[i]) & T.uint32(0x7FFFFFFF)) != T.uint32(0)

        return truth
    # The low bits of the lowest int32 are 0 in the narrow types.
    end, lost = float(2**31), -(2**31) if dtype in ("int32", "int16", "int8", "uint8", "uint16") else 0

    @T.prim_func(s_tir=True)
    def kernel(x: T.Buffer((size,), "float32"), y: T.Buffer((size,), dtype)):
        for i in T.serial(size):
            inside: T.let[T.bool] = (x[i] > T.float32(-end)) and (x[i] < T.float32(end))
            value: T.let[T.int32] = T.Cast("int32", T.Select(inside, x[i], T.float32(0)))
            y[i] = T.Cast(dtype, T.Select(inside, value, T.int32(lost)))

    @T.prim_func(s_tir=True)
    def wide(x: T.Buffer((size,), "float32"), y: T.Buffer((size,), "uint32")):
        for i in T.serial(size):
            above: T.let[T.bool] = (x[i] >= T.float32(end)) and (x[i] < T.float32(2 * end))
            inside: T.let[T.bool] = (x[i] > T.float32(-end)) and (x[i] < T.float32(end))
            value: T.let[T.float32] = T.Select(
                above, x[i] - T.float32(end), T.Select(inside, x[i], T.float32(0))
            )
            y[i] = T.Cast("uint32", T.Cast("int32", value)) + T.Select(
                above, T.uint32(0x80000000), T.uint32(0)
            )

    return wide if dtype == "uint32" else kernel
