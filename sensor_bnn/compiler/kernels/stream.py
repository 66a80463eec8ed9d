"""The integer stream: an accumulator becomes an int16 value by scale, bias, residual and slope."""

from collections.abc import Callable
from dataclasses import dataclass
from math import gcd

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


@dataclass(frozen=True)
class Channels:
    """The constants of a stream and its shortcut, as parameters of a kernel.

    Attributes:
        scale, bias: int16 ``[N]``.
        slope: int16 ``[N]``, or ``[1]`` for one that all channels share.
        residual: the shortcut, int16 ``[tokens, B]``, ``[1, B]`` for one that all tokens share, or None; B
            is a divisor of N.
        pre: the shift of the accumulator.
        shift: the shift of the scaled accumulator.
    """

    scale: Buffer
    bias: Buffer
    slope: Buffer
    residual: Buffer | None
    pre: int
    shift: int


def emit_value(acc: Expr, added: Expr | None, n: Expr, channels: Channels) -> Expr:
    """Emit the arithmetic of BnnStream, or with a shortcut of BnnStreamAdd, and return the int16 value.

    Args:
        acc: the accumulator, int32.
        added: the value of the shortcut, or None.
        n: the channel.
        channels: the constants.
    """
    scale, bias = (T.Cast("int32", constant[n]) for constant in (channels.scale, channels.bias))
    slope = T.Cast("int32", channels.slope[0 if int(channels.slope.shape[0]) == 1 else n])
    total = rounded(saturated(rounded(acc, channels.pre)) * scale, channels.shift) + bias
    if added is not None:
        total = total + T.Cast("int32", added)
    h = T.Bind(saturated(total))
    turned = saturated(rounded(h * slope, _SLOPE_BITS))
    return T.Cast("int16", T.Select(h >= 0, h, turned))


def emit_values(
    acc: Callable[[Expr], Expr], A: int, token: Expr, channels: Channels, store: Callable[[Expr, Expr], None]
) -> None:
    """Emit the loops over the values of one token's stream.

    Accumulators and shortcut repeat along the channels. Each loop runs over a stretch in which neither starts
    again, so that all its elements are neighbours, and a core with vectors can compute several at once.

    Args:
        acc: a function from a place to the accumulator there.
        A: the number of accumulators, a divisor of the stream's width.
        token: the token.
        channels: the constants.
        store: a function that emits the use of a channel's value.
    """
    N, residual = int(channels.scale.shape[0]), channels.residual
    B = N if residual is None else int(residual.shape[1])
    row = T.int32(0) if residual is not None and int(residual.shape[0]) == 1 else token
    stretch = gcd(A, B)
    with T.serial(0, N // stretch) as part, T.serial(0, stretch) as place:
        n = T.Bind(part * stretch + place)
        added = None if residual is None else residual[row, T.truncmod(part * stretch, B) + place]
        store(n, emit_value(acc(T.truncmod(part * stretch, A) + place), added, n, channels))


def stream(M: int, A: int, N: int, B: int, slopes: int, pre: int, shift: int, rows: int) -> PrimFunc:
    """Build ``(acc int32 [M, A], scale, bias int16 [N], slope int16 [slopes]) -> y int16 [M, N]``.

    With a residual it is ``(acc, residual int16 [rows, B], scale, bias, slope) -> y``.

    Args:
        M: the number of tokens.
        A: the accumulators of a token.
        N: the width of the stream.
        B: the width of the residual, or 0 for none.
        slopes: N, or 1 for a slope that all channels share.
        pre, shift: the shifts.
        rows: the tokens of the residual, M, or 1 for one that all tokens share.
    """
    with IRBuilder() as made, T.prim_func(s_tir=True):
        T.func_name("kernel")
        acc = T.arg("acc", T.Buffer((M, A), "int32"))
        residual = T.arg("residual", T.Buffer((rows, B), "int16")) if B else None
        channels = Channels(*stream_constants(N, slopes), residual, pre, shift)
        y = T.arg("y", T.Buffer((M, N), "int16"))
        with T.serial(0, M) as i:

            def store(n: Expr, value: Expr) -> None:
                T.buffer_store(y, value, [i, n])

            emit_values(lambda a: acc[i, a], A, i, channels, store)
    return made.get()


def stream_constants(N: int, slopes: int) -> tuple[Buffer, Buffer, Buffer]:
    """Declare a kernel's next parameters, int16: scale and bias ``[N]``, slope ``[slopes]``."""
    scale, bias = (T.arg(name, T.Buffer((N,), "int16")) for name in ("scale", "bias"))
    return scale, bias, T.arg("slope", T.Buffer((slopes,), "int16"))
