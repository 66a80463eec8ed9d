"""The integer stream: an accumulator becomes an int16 value by scale, bias, residual and slope."""

from tvm.ir import Expr
from tvm.script.ir_builder import IRBuilder
from tvm.script.ir_builder import tirx as T
from tvm.tirx import Buffer, PrimFunc

LIMIT = 32767
_SLOPE_BITS = 13
"""The slope's fraction: 8192 is 1."""


def saturated(value: Expr, limit: int = LIMIT, least: int | None = None) -> Expr:
    """Return an int32 value, limited to ``least .. limit``; by default the range of int16."""
    return T.min(T.max(value, T.int32(-limit - 1 if least is None else least)), T.int32(limit))


def rounded(value: Expr, shift: int) -> Expr:
    """Return ``value / 2**shift``, rounded to the nearest integer; a half is rounded up."""
    return T.shift_right(value + T.int32(1 << (shift - 1)), T.int32(shift)) if shift else value


def emit_stream(
    acc: Expr,
    scale: Expr,
    bias: Expr,
    slope: Expr,
    residual: Expr | None,
    pre: int,
    shift: int,
) -> Expr:
    """Emit the arithmetic of BnnStream, or with a residual of BnnStreamAdd, and return the int16 value.

    Args:
        acc: the accumulator, int32.
        scale, bias, slope: the channel's constants, int16.
        residual: the value of the shortcut, int16, or None.
        pre: the shift of the accumulator.
        shift: the shift of the scaled accumulator.
    """
    a = saturated(rounded(acc, pre))
    total = rounded(a * T.Cast("int32", scale), shift) + T.Cast("int32", bias)
    if residual is not None:
        total = total + T.Cast("int32", residual)
    h = T.Bind(saturated(total))
    turned = saturated(rounded(h * T.Cast("int32", slope), _SLOPE_BITS))
    return T.Cast("int16", T.Select(h >= 0, h, turned))


def emit_outputs(
    acc: Expr,
    place: Expr,
    token: Expr,
    A: int,
    constants: tuple[Buffer, Buffer, Buffer],
    residual: Buffer | None,
    pre: int,
    shift: int,
    y: Buffer,
) -> None:
    """Emit the stores of all values of a token's stream that read one accumulator.

    Args:
        acc: the accumulator.
        place: its place among the accumulators of the token.
        token: the token.
        A: the accumulators of a token, a divisor of the stream's width.
        constants: scale, bias and slope, ``[N]`` each.
        residual: the shortcut, ``[tokens, B]``, or None; B is a divisor of N.
        pre, shift: the shifts.
        y: the stream, ``[tokens, N]``.
    """
    N = int(y.shape[1])
    with T.serial(0, N // A) as copy:
        n = T.Bind(copy * A + place)
        added = None
        if residual is not None:
            B = int(residual.shape[1])
            added = residual[token, n if B == N else T.truncmod(n, B)]
        scale, bias, slope = (constant[n] for constant in constants)
        T.buffer_store(y, emit_stream(acc, scale, bias, slope, added, pre, shift), [token, n])


def stream(M: int, A: int, N: int, B: int, pre: int, shift: int) -> PrimFunc:
    """Build ``(acc int32 [M, A], scale, bias, slope int16 [N]) -> y int16 [M, N]``.

    With a residual it is ``(acc, residual int16 [M, B], scale, bias, slope) -> y``. If B is N, y may be the
    same buffer as the residual.

    Args:
        M: the number of tokens.
        A: the accumulators of a token.
        N: the width of the stream.
        B: the width of the residual, or 0 for none.
        pre, shift: the shifts.
    """
    with IRBuilder() as made, T.prim_func(s_tir=True):
        T.func_name("kernel")
        acc = T.arg("acc", T.Buffer((M, A), "int32"))
        residual = T.arg("residual", T.Buffer((M, B), "int16")) if B else None
        constants = stream_constants(N)
        y = T.arg("y", T.Buffer((M, N), "int16"))
        with T.serial(0, M) as i, T.serial(0, A) as a:
            emit_outputs(T.Bind(acc[i, a]), a, i, A, constants, residual, pre, shift, y)
    return made.get()


def stream_constants(N: int) -> tuple[Buffer, Buffer, Buffer]:
    """Declare the next three parameters of a kernel: scale, bias and slope, int16 ``[N]`` each."""
    scale, bias, slope = (T.arg(name, T.Buffer((N,), "int16")) for name in ("scale", "bias", "slope"))
    return scale, bias, slope
