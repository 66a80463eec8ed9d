"""Binary linear layer by the loop that counts bits, floats out: rows and outputs that share loads."""

from tvm import s_tir
from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels.popcount import UNROLLED_WORDS, popcount
from sensor_bnn.compiler.schedules.space import Choose, Space, divisors
from sensor_bnn.onnx.packing import words_for

_MOST_ROWS = 4
_MOST_OUTPUTS = 4


def linear_space(M: int, N: int, K: int, *, residual: bool) -> Space | None:
    """Return the space of ``kernels.bnn_linear``'s kernels; None where a row is too long for one expression.

    Parameters: ``rows`` and ``outputs`` of the tile.
    """
    if words_for(K) > UNROLLED_WORDS:
        return None

    def schedule(sch: s_tir.Schedule, choose: Choose) -> None:
        rows = choose("rows", divisors(M, _MOST_ROWS))
        outputs = choose("outputs", divisors(N, _MOST_OUTPUTS))
        block = sch.get_sblock("end")
        i, j = sch.get_loops(block)
        i, row = sch.split(i, [None, rows])
        j, output = sch.split(j, [None, outputs])
        sch.reorder(i, j, row, output)
        sch.unroll(row)
        sch.unroll(output)

    return Space(_with_residual(M, N, K) if residual else _plain(M, N, K), schedule)


def _plain(M: int, N: int, K: int) -> PrimFunc:
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
            with T.sblock("end"):
                vi, vj = T.axis.remap("SS", [i, j])
                acc: T.let[T.int32] = K - 2 * popcount(lambda k: x[vi, k] ^ w[vj, k], words)
                y[vi, vj] = scale[vj] * T.Cast("float32", acc) + bias[vj]

    return kernel


def _with_residual(M: int, N: int, K: int) -> PrimFunc:
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
            with T.sblock("end"):
                vi, vj = T.axis.remap("SS", [i, j])
                acc: T.let[T.int32] = K - 2 * popcount(lambda k: x[vi, k] ^ w[vj, k], words)
                y[vi, vj] = residual[vi, vj] + (scale[vj] * T.Cast("float32", acc) + bias[vj])

    return kernel
