"""Binary linear layer with float outputs, without and with a residual."""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels.popcount import popcount
from sensor_bnn.onnx.packing import words_for

END = "end"
"""The name of the block that computes an output, for schedules."""


def bnn_linear(M: int, N: int, K: int) -> PrimFunc:
    """Build ``(x [M, words], w [N, words], scale [N], bias [N]) -> y float32 [M, N]``.

    ``scale * acc`` is rounded before ``bias`` is added.

    Args:
        M: the number of rows.
        N: the number of outputs.
        K: the bits per row.
    """
    words = words_for(K)

    @T.prim_func(s_tir=True)
    def kernel(
        x: T.Buffer((M, words), "uint32"),
        w: T.Buffer((N, words), "uint32"),
        scale: T.Buffer((N,), "float32"),
        bias: T.Buffer((N,), "float32"),
        y: T.Buffer((M, N), "float32"),
    ):
        for i, j in T.grid(M, N):
            with T.sblock(END):
                vi, vj = T.axis.remap("SS", [i, j])
                T.reads(x[vi, 0:words], w[vj, 0:words], scale[vj], bias[vj])
                T.writes(y[vi, vj])
                acc: T.let[T.int32] = K - 2 * popcount(lambda k: x[vi, k] ^ w[vj, k], words)
                y[vi, vj] = scale[vj] * T.Cast("float32", acc) + bias[vj]

    return kernel


def bnn_linear_residual(M: int, N: int, K: int) -> PrimFunc:
    """Build ``(x, w, scale, bias, residual [M, N]) -> y``: :func:`bnn_linear`, then ``+ residual``.

    ``y`` may be the same buffer as ``residual``.
    """
    words = words_for(K)

    @T.prim_func(s_tir=True)
    def kernel(
        x: T.Buffer((M, words), "uint32"),
        w: T.Buffer((N, words), "uint32"),
        scale: T.Buffer((N,), "float32"),
        bias: T.Buffer((N,), "float32"),
        residual: T.Buffer((M, N), "float32"),
        y: T.Buffer((M, N), "float32"),
    ):
        for i, j in T.grid(M, N):
            with T.sblock(END):
                vi, vj = T.axis.remap("SS", [i, j])
                T.reads(x[vi, 0:words], w[vj, 0:words], scale[vj], bias[vj], residual[vi, vj])
                T.writes(y[vi, vj])
                acc: T.let[T.int32] = K - 2 * popcount(lambda k: x[vi, k] ^ w[vj, k], words)
                y[vi, vj] = residual[vi, vj] + (scale[vj] * T.Cast("float32", acc) + bias[vj])

    return kernel
