"""Product of rows of bytes, with int32 sums."""

from collections.abc import Callable

from tvm.ir import Expr
from tvm.script.ir_builder import IRBuilder
from tvm.script.ir_builder import tirx as T
from tvm.tirx import PrimFunc


def emit_int_product(left: Callable[[Expr], Expr], right: Callable[[Expr], Expr], terms: int) -> Expr:
    """Emit the loop that multiplies two rows of bytes, and return the sum, int32.

    Args:
        left, right: functions from the position of a byte to its expression.
        terms: the number of bytes.
    """
    total = T.alloc_local((1,), "int32")
    T.buffer_store(total, T.int32(0), [0])
    with T.serial(0, terms) as k:
        T.buffer_store(total, total[0] + T.Cast("int32", left(k)) * T.Cast("int32", right(k)), [0])
    return total[0]


def int_product(M: int, N: int, K: int) -> PrimFunc:
    """Build ``(x int8 [M, K], w int8 [N, K]) -> y int32 [M, N]``.

    Args:
        M: the number of rows.
        N: the number of outputs.
        K: the bytes of a row.
    """
    with IRBuilder() as made, T.prim_func(s_tir=True):
        T.func_name("kernel")
        x = T.arg("x", T.Buffer((M, K), "int8"))
        w = T.arg("w", T.Buffer((N, K), "int8"))
        y = T.arg("y", T.Buffer((M, N), "int32"))
        with T.serial(0, M) as i, T.serial(0, N) as j:
            T.buffer_store(y, emit_int_product(lambda k: x[i, k], lambda k: w[j, k], K), [i, j])
    return made.get()
