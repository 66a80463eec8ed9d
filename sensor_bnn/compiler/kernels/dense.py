"""Float matrix product with constant weights: patch embedding and classifier."""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc


def dense(M: int, N: int, K: int, bias_rows: int) -> PrimFunc:
    """Build ``(x [M, K], w [K, N], bias [bias_rows, N]) -> y float32 [M, N] = x @ w + bias``.

    Terms are added in the order of k to a sum that starts at 0; the bias comes last.

    Args:
        M: rows.
        N: outputs.
        K: terms.
        bias_rows: M (a bias a row), 1 (the same for all), or 0 (none: no such parameter).
    """
    if bias_rows == 0:

        @T.prim_func(s_tir=True)
        def kernel(
            x: T.Buffer((M, K), "float32"), w: T.Buffer((K, N), "float32"), y: T.Buffer((M, N), "float32")
        ):
            for i, j in T.grid(M, N):
                total = T.alloc_local((1,), "float32")
                total[0] = T.float32(0)
                for k in T.serial(K):
                    total[0] = total[0] + x[i, k] * w[k, j]
                y[i, j] = total[0]

        return kernel

    last = bias_rows - 1

    @T.prim_func(s_tir=True)
    def kernel_with_bias(
        x: T.Buffer((M, K), "float32"),
        w: T.Buffer((K, N), "float32"),
        bias: T.Buffer((bias_rows, N), "float32"),
        y: T.Buffer((M, N), "float32"),
    ):
        for i, j in T.grid(M, N):
            total = T.alloc_local((1,), "float32")
            total[0] = T.float32(0)
            for k in T.serial(K):
                total[0] = total[0] + x[i, k] * w[k, j]
            y[i, j] = total[0] + bias[T.min(i, last), j]

    return kernel_with_bias
