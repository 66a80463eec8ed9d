"""Mean over tokens: the columns that are summed at the same time, and the rows that are unrolled."""

from tvm import s_tir

from sensor_bnn.compiler.kernels import built
from sensor_bnn.compiler.kernels.mean_rows import END, SUM, mean_rows
from sensor_bnn.compiler.schedules.space import Space, Tile

_MOST_COLUMNS = 16
_MOST_ROWS = 8


def mean_rows_space(M: int, N: int) -> Space:
    """Return the space of ``kernels.mean_rows.mean_rows``; the arguments are the same."""

    def schedule(sch: s_tir.Schedule, tile: Tile) -> None:
        update, end = sch.get_sblock(SUM), sch.get_sblock(END)
        j, i = sch.get_loops(update)
        j, column = sch.split(j, tile("columns", j, _MOST_COLUMNS))
        i, row = sch.split(i, tile("rows", i, _MOST_ROWS))
        sch.reorder(j, i, row, column)
        sch.reverse_compute_at(end, j, preserve_unit_loops=True)
        start = sch.decompose_reduction(update, i)
        for loop in (row, column, *sch.get_loops(start)[1:], *sch.get_loops(end)[1:]):
            sch.unroll(loop)

    return Space(built(mean_rows, M, N), END, schedule, {"columns": 1, "rows": 1})
