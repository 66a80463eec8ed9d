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
from sensor_bnn.compiler.kernels.stream import Channels, emit_values, stream_constants
from sensor_bnn.onnx.packing import WORD_BITS, words_for


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
        slopes: N, or 1 for a slope that all outputs share.
        pre, shift: the shifts of BnnStream.
        packed: whether the outputs are the bits of BnnPack, not the values of the stream; A is then N.
        in_place: whether y holds the residual, whose width is N, before it gets the outputs. A core with
            vectors is then faster than with two pointers to one buffer, which the compiler cannot know.
        shared: whether all tokens add the same residual, which has one token.
    """

    grid: Grid
    W: int
    K: int
    A: int
    N: int
    B: int
    slopes: int
    pre: int
    shift: int
    packed: bool
    in_place: bool
    shared: bool = False

    @property
    def dtype(self) -> str:
        """The type of the elements of x and w."""
        return "uint32" if self.K else "int8"

    @property
    def terms(self) -> int:
        """The products that one accumulator adds."""
        return self.K or self.grid.taps * self.W

    @property
    def acc_bytes(self) -> int:
        """The bytes of the accumulators of one token."""
        return 4 * self.A

    @property
    def patch_bytes(self) -> int:
        """The bytes of one patch, if patches are cut."""
        return 0 if self.grid.plain else self.grid.taps * self.W * (4 if self.K else 1)

    @property
    def name(self) -> str:
        """The sizes in the kernel's symbol."""
        terms = f"k{self.K}" if self.K else f"w{self.W}"
        form = "bits" if self.packed else "sums" if self.in_place else "values"
        residual = f"b{self.B}{'_one' if self.shared else ''}"
        widths = f"a{self.A}_n{self.N}_{residual}_l{self.slopes}"
        return f"{form}_{self.grid.name}_{terms}_{widths}_p{self.pre}_s{self.shift}"


def stream_layer(shape: StreamLayer) -> PrimFunc:
    """Build ``(x [tokens, W], w [A, taps * W], scale, bias, slope int16) -> y int16 [out_tokens, N]``.

    Scale and bias are ``[N]``, the slope is ``[slopes]``. After the slope come the residual, int16
    ``[out_tokens, B]`` or ``[1, B]``, if it is not in y; the threshold, int16 ``[N]``, if the outputs are
    bits, uint32 ``[out_tokens, words(N)]``; and the workspace: the accumulators of one token, int32 ``[A]``,
    and if patches are cut the patch of one token, ``[taps * W]``.
    """
    grid, width = shape.grid, shape.grid.taps * shape.W
    with IRBuilder() as made, T.prim_func(s_tir=True):
        T.func_name("kernel")
        x = T.arg("x", T.Buffer((grid.tokens, shape.W), shape.dtype))
        w = T.arg("w", T.Buffer((shape.A, width), shape.dtype))
        constants = stream_constants(shape.N, shape.slopes)
        residual = None
        if shape.B and not shape.in_place:
            rows = 1 if shape.shared else grid.out_tokens
            residual = T.arg("residual", T.Buffer((rows, shape.B), "int16"))
        threshold = T.arg("threshold", T.Buffer((shape.N,), "int16")) if shape.packed else None
        acc = T.arg("acc", T.Buffer((shape.A,), "int32"))
        patch = None if grid.plain else T.arg("patch", T.Buffer((width,), shape.dtype))
        outputs, kind = (words_for(shape.N), "uint32") if shape.packed else (shape.N, "int16")
        y = T.arg("y", T.Buffer((grid.out_tokens, outputs), kind))
        channels = Channels(*constants, y if shape.in_place else residual, shape.pre, shape.shift)
        with T.serial(0, grid.out_rows) as row, T.serial(0, grid.out_columns) as column:
            token = T.Bind(row * grid.out_columns + column)
            if patch is not None:
                emit_patch(x, row, column, grid, patch, [])
            # Products and values have loops of their own, in which a core with vectors computes several.
            with T.serial(0, shape.A) as a:
                T.buffer_store(acc, _emit_product(x, patch, w, token, a, shape), [a])
            if threshold is None:

                def store(n: Expr, value: Expr) -> None:
                    T.buffer_store(y, value, [token, n])

                emit_values(lambda a: acc[a], shape.A, token, channels, store)
            else:
                _emit_bits(acc, token, channels, threshold, y)
    return made.get()


def _emit_bits(acc: Buffer, token: Expr, channels: Channels, threshold: Buffer, y: Buffer) -> None:
    """Emit the bits of a token; each bit enters its word at the top, and the last word is shifted down."""
    N = int(threshold.shape[0])
    packed = T.alloc_local((1,), "uint32")
    T.buffer_store(packed, T.uint32(0), [0])

    def store(n: Expr, value: Expr) -> None:
        top = T.Select(value >= threshold[n], T.uint32(0x80000000), T.uint32(0))
        T.buffer_store(packed, (packed[0] >> T.uint32(1)) | top, [0])
        # No branch: a word's last store is the right one.
        T.buffer_store(y, packed[0], [token, T.truncdiv(n, WORD_BITS)])

    emit_values(lambda a: acc[a], N, token, channels, store)
    if N % WORD_BITS:
        T.buffer_store(y, packed[0] >> T.uint32(WORD_BITS - N % WORD_BITS), [token, N // WORD_BITS])


def _emit_product(
    x: Buffer, patch: Buffer | None, w: Buffer, token: Expr, a: Expr, shape: StreamLayer
) -> Expr:
    """Emit the product of a patch, or of a token if none are cut, and a row of weights."""

    def element(k: Expr | int) -> Expr:
        return x[token, k] if patch is None else patch[k]

    width = shape.grid.taps * shape.W
    if shape.K:
        return shape.K - 2 * popcount(lambda k: element(k) ^ w[a, k], width)
    return emit_int_product(element, lambda k: w[a, k], width)
