"""Float matrix product with constant weights: patch embedding and classifier."""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc

# Outputs and rows that share loads; as many sums stay in registers (a Cortex-M FPU has 32).
_COLUMNS = (1, 2, 4, 8)
_ROWS = (1, 2)


def dense(M: int, N: int, K: int, bias_rows: int) -> PrimFunc:
    """Build ``(x [M, K], w [K, N], bias [bias_rows, N]) -> y float32 [M, N] = x @ w + bias``.

    Terms are added in the order of k to a sum that starts at 0; the bias comes last.

    Args:
        M: rows.
        N: outputs.
        K: terms.
        bias_rows: M (a bias a row) or 1 (the same for all).
    """
    columns = max(size for size in _COLUMNS if N % size == 0)
    rows = max(size for size in _ROWS if M % size == 0)
    last = bias_rows - 1

    @T.prim_func(s_tir=True)
    def kernel(
        x: T.Buffer((M, K), "float32"),
        w: T.Buffer((K, N), "float32"),
        bias: T.Buffer((bias_rows, N), "float32"),
        y: T.Buffer((M, N), "float32"),
    ):
        for row, column in T.grid(T.truncdiv(M, rows), T.truncdiv(N, columns)):
            total = T.alloc_local((rows * columns,), "float32")
            for p in T.unroll(rows * columns):
                total[p] = T.float32(0)
            for k in T.serial(K):
                for i in T.unroll(rows):
                    for j in T.unroll(columns):
                        total[i * columns + j] = (
                            total[i * columns + j] + x[row * rows + i, k] * w[k, column * columns + j]
                        )
            for i in T.unroll(rows):
                for j in T.unroll(columns):
                    y[row * rows + i, column * columns + j] = (
                        total[i * columns + j] + bias[T.min(row * rows + i, last), column * columns + j]
                    )

    return kernel
