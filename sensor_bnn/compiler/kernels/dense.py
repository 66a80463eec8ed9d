"""Matrix product with constant weights, in floats or exact integers, for patch embedding and classifier."""

from dataclasses import dataclass

from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels.widen import STORED, widened

SUM, END = "sum", "end"
"""The names of the blocks that add a term and that compute an output, for schedules."""


@dataclass(frozen=True)
class Patches:
    """The positions of a row's terms: x is ``[C, R, P, Q, S]``, its row ``r * Q + q`` is ``[:, r, :, q, :]``.

    For an image of C colours the rows are patches of P by S pixels. For a window (R = P = 1) they are
    stretches of S samples. A matrix of M rows and K terms is ``(1, 1, 1, M, K)``.
    """

    C: int
    R: int
    P: int
    Q: int
    S: int

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.R * self.Q

    @property
    def terms(self) -> int:
        """The number of terms of a row."""
        return self.C * self.P * self.S


@dataclass(frozen=True)
class Stored:
    """Element types in memory: ``float32``, an integer type, or, for constants, ``float16``.

    Attributes:
        x: the type of the input.
        w: the type of the weights.
        scale: the type of the scale.
        bias: the type of the bias.
    """

    x: str
    w: str
    scale: str
    bias: str


def dense(shape: Patches, N: int, bias_rows: int, stored: Stored, sums: str) -> PrimFunc:
    """Build ``(x [C, R, P, Q, S], w [terms, N], scale [N], bias [bias_rows, N]) -> y float32 [rows, N]``.

    ``y = scale * (x @ w) + bias``; product and sum are rounded one after the other. The terms are added in
    the order of w's rows to a sum that starts at 0.

    Args:
        shape: the shape of x.
        N: the number of outputs.
        bias_rows: the number of rows for one bias per row, or 1 for the same bias in all rows.
        stored: the element types.
        sums: the type of the sums: ``float32``, or ``int32`` for integers if float32 holds all sums exactly.
    """
    last = bias_rows - 1
    C, R, P, Q, S = shape.C, shape.R, shape.P, shape.Q, shape.S
    scale_kind, bias_kind = (STORED.get(kind, kind) for kind in (stored.scale, stored.bias))

    @T.prim_func(s_tir=True)
    def kernel(
        x: T.Buffer((C, R, P, Q, S), stored.x),
        w: T.Buffer((shape.terms, N), stored.w),
        scale: T.Buffer((N,), scale_kind),
        bias: T.Buffer((bias_rows, N), bias_kind),
        y: T.Buffer((shape.rows, N), "float32"),
    ):
        total = T.sblock_alloc_buffer((R, Q, N), sums, scope="local")
        for r, q, j, c, i, s in T.grid(R, Q, N, C, P, S):
            with T.sblock(SUM):
                vr, vq, vj, vc, vi, vs = T.axis.remap("SSSRRR", [r, q, j, c, i, s])
                with T.init():
                    total[vr, vq, vj] = T.Cast(sums, 0)
                total[vr, vq, vj] = total[vr, vq, vj] + T.Cast(sums, x[vc, vr, vi, vq, vs]) * T.Cast(
                    sums, w[(vc * P + vi) * S + vs, vj]
                )
        for r, q, j in T.grid(R, Q, N):
            with T.sblock(END):
                vr, vq, vj = T.axis.remap("SSS", [r, q, j])
                y[vr * Q + vq, vj] = T.Cast("float32", total[vr, vq, vj]) * widened(
                    scale[vj], stored.scale, "float32"
                ) + widened(bias[T.min(vr * Q + vq, last), vj], stored.bias, "float32")

    return kernel
