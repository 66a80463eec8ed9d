"""Float product with constant weights: the tile of sums that stay in registers, and how far a row unrolls."""

from tvm import s_tir
from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels.dense import Patches, Stored
from sensor_bnn.compiler.kernels.widen import STORED, widened
from sensor_bnn.compiler.schedules.space import Choose, Space, divisors

_MOST_ROWS = 8
_MOST_COLUMNS = 16
_MOST_TERMS = 8


def dense_space(shape: Patches, N: int, bias_rows: int, stored: Stored, sums: str) -> Space:
    """Return the space of what ``kernels.dense.dense`` computes: the arguments are the same.

    Parameters: ``rows`` and ``columns`` of the tile, ``terms`` of a row added before the loop goes on.
    """

    def schedule(sch: s_tir.Schedule, choose: Choose) -> None:
        rows = choose("rows", divisors(shape.Q, _MOST_ROWS))
        columns = choose("columns", divisors(N, _MOST_COLUMNS))
        terms = choose("terms", divisors(shape.S, _MOST_TERMS))
        update, end = sch.get_sblock("sum"), sch.get_sblock("end")
        r, q, j, c, i, s = sch.get_loops(update)
        q, row = sch.split(q, [None, rows])
        j, column = sch.split(j, [None, columns])
        s, term = sch.split(s, [None, terms])
        sch.reorder(r, q, j, c, i, s, term, row, column)
        sch.reverse_compute_at(end, j)
        start = sch.decompose_reduction(update, c)
        for loop in (term, row, column, *sch.get_loops(start)[3:], *sch.get_loops(end)[3:]):
            sch.unroll(loop)

    return Space(_blocks(shape, N, bias_rows, stored, sums), schedule)


def _blocks(shape: Patches, N: int, bias_rows: int, stored: Stored, sums: str) -> PrimFunc:
    last = bias_rows - 1
    C, R, P, Q, S = shape.C, shape.R, shape.P, shape.Q, shape.S
    scale_kind, bias_kind = (STORED.get(kind, kind) for kind in (stored.scale, stored.bias))

    @T.prim_func(s_tir=True)
    def kernel(
        x: T.Buffer((C, R, P, Q, S), stored.x),
        w: T.Buffer((shape.terms, N), stored.w),
        scale: T.Buffer((N,), scale_kind),
        bias: T.Buffer((bias_rows, N), bias_kind),
        y: T.Buffer((shape.rows, N), "float32"),
    ):
        total = T.sblock_alloc_buffer((R, Q, N), sums, scope="local")
        for r, q, j, c, i, s in T.grid(R, Q, N, C, P, S):
            with T.sblock("sum"):
                vr, vq, vj, vc, vi, vs = T.axis.remap("SSSRRR", [r, q, j, c, i, s])
                with T.init():
                    total[vr, vq, vj] = T.Cast(sums, 0)
                total[vr, vq, vj] = total[vr, vq, vj] + T.Cast(sums, x[vc, vr, vi, vq, vs]) * T.Cast(
                    sums, w[(vc * P + vi) * S + vs, vj]
                )
        for r, q, j in T.grid(R, Q, N):
            with T.sblock("end"):
                vr, vq, vj = T.axis.remap("SSS", [r, q, j])
                y[vr * Q + vq, vj] = T.Cast("float32", total[vr, vq, vj]) * widened(
                    scale[vj], stored.scale, "float32"
                ) + widened(bias[T.min(vr * Q + vq, last), vj], stored.bias, "float32")

    return kernel
