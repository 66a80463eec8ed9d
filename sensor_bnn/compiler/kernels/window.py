"""Each window by its own mean and deviation, per channel, in integers."""

from tvm.ir import Expr
from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.nn.window import FLAT, LOG_BITS, LOG_STEPS, POWER_BITS, POWER_ROOTS, SQUARES, largest_step

_MANTISSA = 15
_SHIFTS = 31


def _multiply(factor: T.Buffer, f: Expr) -> None:
    """Multiply the factor by ``2**(f / 256)``, for an f of 0 .. 255: by the roots of its bits."""
    # In memory: eight bits that each use the expression twice would make 256 expressions of it.
    for bit, root in POWER_ROOTS:
        more = T.shift_right(factor[0] * root + (1 << (POWER_BITS - 1)), T.int32(POWER_BITS))
        chosen = T.Select(T.bitwise_and(f, T.int32(1 << bit)) != 0, more, factor[0])
        T.buffer_store(factor, chosen, [0])


def window_moments(n: int, C: int, dtype: str) -> PrimFunc:
    """Build ``(x dtype [n, C]) -> y int16 [1, 2 C]``: the means, then the logarithms of the deviations.

    Args:
        n: the number of tokens.
        C: the number of channels.
        dtype: the type of x.
    """
    limit = largest_step(n)

    @T.prim_func(s_tir=True)
    def kernel(x: T.Buffer((n, C), dtype), y: T.Buffer((1, 2 * C), "int16")):
        for j in T.serial(C):
            total = T.alloc_local((1,), "int32")
            most = T.alloc_local((1,), "int32")
            small = T.alloc_local((1,), "int32")
            squares = T.alloc_local((1,), "int32")
            place = T.alloc_local((1,), "int32")
            mantissa = T.alloc_local((1,), "uint32")
            fraction = T.alloc_local((1,), "int32")
            total[0] = 0
            for i in T.serial(n):
                total[0] = total[0] + T.Cast("int32", x[i, j])
            y[0, j] = T.Cast("int16", T.floordiv(2 * total[0] + n, 2 * n))
            most[0] = 0
            for i in T.serial(n):
                most[0] = T.max(most[0], T.abs(T.Cast("int32", x[i, j]) * n - total[0]))
            small[0] = 0
            for s in T.serial(_SHIFTS):
                half: T.let[T.int32] = T.shift_right(T.shift_left(1, s), 1)
                small[0] = small[0] + T.Cast("int32", T.shift_right(most[0] + half, s) > limit)
            squares[0] = 0
            for i in T.serial(n):
                half_step: T.let[T.int32] = T.shift_right(T.shift_left(1, small[0]), 1)
                a: T.let[T.int32] = T.shift_right(
                    T.Cast("int32", x[i, j]) * n - total[0] + half_step, small[0]
                )
                squares[0] = squares[0] + a * a
            place[0] = 0
            for s in T.serial(1, _SHIFTS):
                place[0] = place[0] + T.Cast("int32", T.shift_right(squares[0], s) > 0)
            mantissa[0] = T.Cast(
                "uint32", T.shift_right(T.shift_left(squares[0], _SHIFTS - 1 - place[0]), _MANTISSA)
            )
            fraction[0] = 0
            for _ in T.serial(SQUARES):
                square: T.let[T.uint32] = T.shift_right(mantissa[0] * mantissa[0], T.uint32(_MANTISSA))
                bit: T.let[T.uint32] = T.shift_right(square, T.uint32(_MANTISSA + 1))
                mantissa[0] = T.shift_right(square, bit)
                fraction[0] = 2 * fraction[0] + T.Cast("int32", bit)
            log: T.let[T.int32] = LOG_STEPS // 2 * place[0] + fraction[0] + LOG_STEPS * small[0]
            y[0, C + j] = T.Cast("int16", T.Select(squares[0] > 0, log, T.int32(FLAT)))

    return kernel


def window_normalize(n: int, C: int, dtype: str, gain: int) -> PrimFunc:
    """Build ``(x dtype [n, C], m int16 [1, 2 C]) -> y int16 [n, C]``; m is what ``window_moments`` gives.

    Args:
        n: the number of tokens.
        C: the number of channels.
        dtype: the type of x.
        gain: the logarithm, in 256ths, of the steps of y per unit.
    """

    @T.prim_func(s_tir=True)
    def kernel(x: T.Buffer((n, C), dtype), m: T.Buffer((1, 2 * C), "int16"), y: T.Buffer((n, C), "int16")):
        for j in T.serial(C):
            total = T.alloc_local((1,), "int32")
            factor = T.alloc_local((1,), "int32")
            total[0] = 0
            for i in T.serial(n):
                total[0] = total[0] + T.Cast("int32", x[i, j])
            k: T.let[T.int32] = gain - T.Cast("int32", m[0, C + j])
            whole: T.let[T.int32] = T.shift_right(k, LOG_BITS)
            right: T.let[T.int32] = T.max(T.min(0 - whole, 30), 0)
            left: T.let[T.int32] = T.max(T.min(whole, 15), 0)
            factor[0] = 1 << POWER_BITS
            _multiply(factor, T.bitwise_and(k, LOG_STEPS - 1))
            half: T.let[T.int32] = T.shift_right(T.shift_left(1, right), 1)
            for i in T.serial(n):
                c: T.let[T.int32] = T.Cast("int32", x[i, j]) * n - total[0]
                near: T.let[T.int32] = T.max(T.min(T.shift_right(c + half, right), 32767), -32768)
                a: T.let[T.int32] = T.max(T.min(near * T.shift_left(1, left), 32767), -32768)
                scaled: T.let[T.int32] = T.shift_right(a * factor[0] + (1 << (POWER_BITS - 1)), POWER_BITS)
                y[i, j] = T.Cast("int16", T.max(T.min(scaled, 32767), -32768))

    return kernel
