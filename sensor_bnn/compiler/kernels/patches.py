"""Patches of a grid of tokens: alone as a tensor, or one at a time in the kernel of a layer."""

from tvm.ir import Expr
from tvm.script.ir_builder import IRBuilder
from tvm.script.ir_builder import tirx as T
from tvm.tirx import Buffer, PrimFunc

from sensor_bnn.compiler.kernels.grid import Grid


def emit_patch(x: Buffer, row: Expr, column: Expr, grid: Grid, to: Buffer, at: list[Expr]) -> None:
    """Emit the copy of one patch; a tap outside the grid becomes zeros.

    Args:
        x: the tokens, ``[tokens, W]``.
        row: the row of the output in the outputs' grid.
        column: its column.
        grid: the grid.
        to: the buffer that gets the patch along its last axis, ``[..., taps * W]``.
        at: the indices of its other axes.
    """
    W = int(x.shape[1])
    dtype = str(x.ty.dtype.dtype)
    with T.serial(0, grid.kernel_rows) as i, T.serial(0, grid.kernel_columns) as j:
        r = T.Bind(row * grid.stride_rows + (i * grid.dilation_rows + grid.first_row))
        c = T.Bind(column * grid.stride_columns + (j * grid.dilation_columns + grid.first_column))
        with T.serial(0, W) as k:
            inside = T.And(T.And(r >= 0, r < grid.rows), T.And(c >= 0, c < grid.columns))
            value = T.if_then_else(inside, x[r * grid.columns + c, k], T.Cast(dtype, 0))
            T.buffer_store(to, value, [*at, (i * grid.kernel_columns + j) * W + k])


def patches(grid: Grid, W: int, dtype: str) -> PrimFunc:
    """Build ``(x dtype [tokens, W]) -> y dtype [out_tokens, taps * W]``.

    Args:
        grid: the grid.
        W: the elements of a token.
        dtype: ``uint32`` for packed words, or ``int8``.
    """
    with IRBuilder() as made, T.prim_func(s_tir=True):
        T.func_name("kernel")
        x = T.arg("x", T.Buffer((grid.tokens, W), dtype))
        y = T.arg("y", T.Buffer((grid.out_tokens, grid.taps * W), dtype))
        with T.serial(0, grid.out_rows) as row, T.serial(0, grid.out_columns) as column:
            emit_patch(x, row, column, grid, y, [row * grid.out_columns + column])
    return made.get()
