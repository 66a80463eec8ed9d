"""Values become bytes: scale and bias per channel, of tokens or of channels first."""

from tvm.script.ir_builder import IRBuilder
from tvm.script.ir_builder import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels.stream import rounded, saturated

_BYTE = 127


def quantize(M: int, N: int, dtype: str, pre: int, shift: int, *, turned: bool = False) -> PrimFunc:
    """Build ``(x dtype [M, N], scale int16 [N], bias int32 [N]) -> y int8 [M, N]``.

    Args:
        M: the number of tokens.
        N: the number of channels.
        dtype: the type of x.
        pre: the shift of x.
        shift: the shift of the scaled sum.
        turned: whether x is ``[N, M]``, as samples come.
    """
    with IRBuilder() as made, T.prim_func(s_tir=True):
        T.func_name("kernel")
        x = T.arg("x", T.Buffer((N, M) if turned else (M, N), dtype))
        scale = T.arg("scale", T.Buffer((N,), "int16"))
        bias = T.arg("bias", T.Buffer((N,), "int32"))
        y = T.arg("y", T.Buffer((M, N), "int8"))
        with T.serial(0, M) as i, T.serial(0, N) as j:
            value = T.Cast("int32", x[j, i] if turned else x[i, j])
            a = saturated(rounded(value, pre))
            scaled = T.shift_right(a * T.Cast("int32", scale[j]) + bias[j], T.int32(shift))
            T.buffer_store(y, T.Cast("int8", saturated(scaled, _BYTE, -_BYTE)), [i, j])
    return made.get()
