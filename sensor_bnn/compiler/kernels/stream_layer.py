"""A binary or 8-bit layer: product, scale, bias, residual and slope, without a tensor of accumulators."""

from dataclasses import dataclass

from tvm.ir import Expr
from tvm.script.ir_builder import IRBuilder
from tvm.script.ir_builder import tirx as T
from tvm.tirx import Buffer, PrimFunc

from sensor_bnn.compiler.kernels.grid import Grid
from sensor_bnn.compiler.kernels.int_product import emit_int_product
from sensor_bnn.compiler.kernels.patches import emit_patch
from sensor_bnn.compiler.kernels.popcount import popcount
from sensor_bnn.compiler.kernels.stream import emit_outputs, stream_constants


@dataclass(frozen=True)
class StreamLayer:
    """The sizes of a layer.

    Attributes:
        grid: the tokens that it reads, and the patches of them.
        W: the elements of a token: packed words, or bytes.
        K: the bits of a row of packed words; 0 for bytes.
        A: the rows of weights.
        N: the outputs of a token, a multiple of A.
        B: the width of the residual, or 0 for none.
        pre, shift: the shifts of BnnStream.
    """

    grid: Grid
    W: int
    K: int
    A: int
    N: int
    B: int
    pre: int
    shift: int

    @property
    def dtype(self) -> str:
        """The type of the elements of x and w."""
        return "uint32" if self.K else "int8"

    @property
    def terms(self) -> int:
        """The products that one accumulator adds."""
        return self.K or self.grid.taps * self.W

    @property
    def patch_bytes(self) -> int:
        """The bytes of the workspace: one patch, if patches are cut."""
        return 0 if self.grid.plain else self.grid.taps * self.W * (4 if self.K else 1)

    @property
    def name(self) -> str:
        """The sizes in the kernel's symbol."""
        terms = f"k{self.K}" if self.K else f"w{self.W}"
        return f"{self.grid.name}_{terms}_a{self.A}_n{self.N}_b{self.B}_p{self.pre}_s{self.shift}"


def stream_layer(shape: StreamLayer) -> PrimFunc:
    """Build ``(x [tokens, W], w [A, taps * W], scale, bias, slope int16 [N]) -> y int16 [out_tokens, N]``.

    After the slope come the residual, int16 ``[out_tokens, B]``, if there is one, and if patches are cut the
    workspace ``[taps * W]``, which holds one patch at a time. If B is N, y may be the same buffer as the
    residual.
    """
    grid, width = shape.grid, shape.grid.taps * shape.W
    with IRBuilder() as made, T.prim_func(s_tir=True):
        T.func_name("kernel")
        x = T.arg("x", T.Buffer((grid.tokens, shape.W), shape.dtype))
        w = T.arg("w", T.Buffer((shape.A, width), shape.dtype))
        constants = stream_constants(shape.N)
        residual = T.arg("residual", T.Buffer((grid.out_tokens, shape.B), "int16")) if shape.B else None
        patch = None if grid.plain else T.arg("patch", T.Buffer((width,), shape.dtype))
        y = T.arg("y", T.Buffer((grid.out_tokens, shape.N), "int16"))
        with T.serial(0, grid.out_rows) as row, T.serial(0, grid.out_columns) as column:
            token = T.Bind(row * grid.out_columns + column)
            if patch is not None:
                emit_patch(x, row, column, grid, patch, [])
            with T.serial(0, shape.A) as a:
                acc = _emit_product(x, patch, w, token, a, shape)
                emit_outputs(acc, a, token, shape.A, constants, residual, shape.pre, shape.shift, y)
    return made.get()


def _emit_product(
    x: Buffer, patch: Buffer | None, w: Buffer, token: Expr, a: Expr, shape: StreamLayer
) -> Expr:
    """Emit the product of a patch, or of a token if none are cut, and a row of weights."""

    def element(k: Expr | int) -> Expr:
        return x[token, k] if patch is None else patch[k]

    width = shape.grid.taps * shape.W
    if shape.K:
        return T.Bind(shape.K - 2 * popcount(lambda k: element(k) ^ w[a, k], width))
    return emit_int_product(element, lambda k: w[a, k], width)
