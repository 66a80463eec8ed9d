"""Mean over tokens: columns whose sums run beside each other, rows added before the loop goes on."""

from tvm import s_tir
from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.schedules.space import Choose, Space, divisors

_MOST_COLUMNS = 16
_MOST_ROWS = 8


def mean_rows_space(M: int, N: int) -> Space:
    """Return the space of what ``kernels.mean_rows.mean_rows`` computes: the arguments are the same."""

    def schedule(sch: s_tir.Schedule, choose: Choose) -> None:
        columns = choose("columns", divisors(N, _MOST_COLUMNS))
        rows = choose("rows", divisors(M, _MOST_ROWS))
        update, end = sch.get_sblock("sum"), sch.get_sblock("end")
        j, i = sch.get_loops(update)
        j, column = sch.split(j, [None, columns])
        i, row = sch.split(i, [None, rows])
        sch.reorder(j, i, row, column)
        sch.reverse_compute_at(end, j)
        start = sch.decompose_reduction(update, i)
        for loop in (row, column, *sch.get_loops(start)[1:], *sch.get_loops(end)[1:]):
            sch.unroll(loop)

    return Space(_blocks(M, N), schedule)


def _blocks(M: int, N: int) -> PrimFunc:
    @T.prim_func(s_tir=True)
    def kernel(x: T.Buffer((M, N), "float32"), y: T.Buffer((N,), "float32")):
        total = T.sblock_alloc_buffer((N,), "float32", scope="local")
        for j, i in T.grid(N, M):
            with T.sblock("sum"):
                vj, vi = T.axis.remap("SR", [j, i])
                with T.init():
                    total[vj] = T.float32(0)
                total[vj] = total[vj] + x[vi, vj]
        for j in T.serial(N):
            with T.sblock("end"):
                vj = T.axis.spatial(N, j)
                y[vj] = total[vj] / T.float32(M)

    return kernel
