"""Float product with constant weights: the tile of sums in registers, and the unrolling of a row."""

from tvm import s_tir

from sensor_bnn.compiler.kernels import built
from sensor_bnn.compiler.kernels.dense import END, SUM, Patches, Stored, dense
from sensor_bnn.compiler.schedules.space import Space, Tile

_MOST_ROWS = 8
_MOST_COLUMNS = 16
_MOST_TERMS = 8

# Outputs and rows that share loads. All sums of a tile stay in registers: a Cortex-M FPU has 32, its core 13.
# With eight sums of integers beside their operands and addresses that core would spill them to the stack.
_COLUMNS = {"float32": (1, 2, 4, 8), "int32": (1, 2, 4)}
_FEW_REGISTERS = 2
_ROWS = (1, 2)


def dense_space(
    shape: Patches, N: int, bias_rows: int, stored: Stored, sums: str, *, few_registers: bool = False
) -> Space:
    """Return the space of ``kernels.dense.dense``; the arguments are the same.

    ``few_registers``: sums of integers are in the 13 registers of a core without vectors. The space's
    parameters are ``rows`` and ``columns`` of the tile, and the ``terms`` of a row that are unrolled.
    """

    def schedule(sch: s_tir.Schedule, tile: Tile) -> None:
        update, end = sch.get_sblock(SUM), sch.get_sblock(END)
        r, q, j, c, i, s = sch.get_loops(update)
        q, row = sch.split(q, tile("rows", q, _MOST_ROWS))
        j, column = sch.split(j, tile("columns", j, _MOST_COLUMNS))
        s, term = sch.split(s, tile("terms", s, _MOST_TERMS))
        sch.reorder(r, q, j, c, i, s, term, row, column)
        sch.reverse_compute_at(end, j, preserve_unit_loops=True)
        start = sch.decompose_reduction(update, c)
        for loop in (term, row, column, *sch.get_loops(start)[3:], *sch.get_loops(end)[3:]):
            sch.unroll(loop)

    most = _FEW_REGISTERS if few_registers and sums == "int32" else _MOST_COLUMNS
    rule = {
        "rows": max(size for size in _ROWS if shape.Q % size == 0),
        "columns": max(size for size in _COLUMNS[sums] if N % size == 0 and size <= most),
        "terms": 1,
    }
    return Space(built(dense, shape, N, bias_rows, stored, sums), END, schedule, rule)
