"""Mean over groups of tokens that lie together in a grid."""

from tvm.script.ir_builder import IRBuilder
from tvm.script.ir_builder import tirx as T
from tvm.tirx import PrimFunc


def average_pool(rows: int, columns: int, group_rows: int, group_columns: int, N: int) -> PrimFunc:
    """Build ``(x int16 [rows * columns, N]) -> y int16 [groups, N]``; a half is rounded up.

    Args:
        rows, columns: the grid.
        group_rows, group_columns: the group; the last one of a side may be smaller.
        N: the number of channels.
    """
    out_rows, out_columns = -(-rows // group_rows), -(-columns // group_columns)
    equal = rows % group_rows == 0 and columns % group_columns == 0
    with IRBuilder() as made, T.prim_func(s_tir=True):
        T.func_name("kernel")
        x = T.arg("x", T.Buffer((rows * columns, N), "int16"))
        y = T.arg("y", T.Buffer((out_rows * out_columns, N), "int16"))
        with T.serial(0, out_rows) as r, T.serial(0, out_columns) as c:
            height = T.Bind(T.min(T.int32(group_rows), rows - r * group_rows))
            width = T.Bind(T.min(T.int32(group_columns), columns - c * group_columns))
            # A constant needs no division at run time, which not every core has.
            count = T.int32(group_rows * group_columns) if equal else T.Bind(height * width)
            with T.serial(0, N) as n:
                total = T.alloc_local((1,), "int32")
                T.buffer_store(total, T.int32(0), [0])
                with T.serial(0, height) as i, T.serial(0, width) as j:
                    place = (r * group_rows + i) * columns + c * group_columns + j
                    T.buffer_store(total, total[0] + T.Cast("int32", x[place, n]), [0])
                mean = T.floordiv(2 * total[0] + count, 2 * count)
                T.buffer_store(y, T.Cast("int16", mean), [r * out_columns + c, n])
    return made.get()
