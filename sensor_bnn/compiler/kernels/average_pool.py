"""Mean over groups of tokens that lie together in a grid."""

from itertools import product

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
    with IRBuilder() as made, T.prim_func(s_tir=True):
        T.func_name("kernel")
        x = T.arg("x", T.Buffer((rows * columns, N), "int16"))
        y = T.arg("y", T.Buffer((out_rows * out_columns, N), "int16"))
        # Smaller groups have loops of their own. So each count is a constant, and a mean needs no division
        # at run time, which Cortex-M0+ does not have, if the count is a power of two.
        for down, across in product(_parts(rows, group_rows), _parts(columns, group_columns)):
            (top, groups_down, height), (left, groups_across, width) = down, across
            with T.serial(0, groups_down) as r, T.serial(0, groups_across) as c, T.serial(0, N) as n:
                total = T.alloc_local((1,), "int32")
                T.buffer_store(total, T.int32(0), [0])
                with T.serial(0, height) as i, T.serial(0, width) as j:
                    token = ((top + r) * group_rows + i) * columns + (left + c) * group_columns + j
                    T.buffer_store(total, total[0] + T.Cast("int32", x[token, n]), [0])
                mean = T.floordiv(2 * total[0] + height * width, T.int32(2 * height * width))
                T.buffer_store(y, T.Cast("int16", mean), [(top + r) * out_columns + left + c, n])
    return made.get()


def _parts(side: int, group: int) -> list[tuple[int, int, int]]:
    """Return the parts of a side with groups of one size: the first group, the groups, and their tokens."""
    whole, rest = divmod(side, group)
    parts = [(0, whole, group), (whole, 1, rest)]
    return [(first, count, size) for first, count, size in parts if count and size]
