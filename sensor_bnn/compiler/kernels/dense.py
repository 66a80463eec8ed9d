"""Float matrix product with constant weights: patch embedding and classifier."""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc

# Outputs that share the load of one input; as many sums stay in registers.
_BLOCKS = (1, 2, 4, 8)


def dense(M: int, N: int, K: int, bias_rows: int) -> PrimFunc:
    """Build ``(x [M, K], w [K, N], bias [bias_rows, N]) -> y float32 [M, N] = x @ w + bias``.

    Terms are added in the order of k to a sum that starts at 0; the bias comes last.

    Args:
        M: rows.
        N: outputs.
        K: terms.
        bias_rows: M (a bias a row), 1 (the same for all), or 0 (none: no such parameter).
    """
    block = max(size for size in _BLOCKS if N % size == 0)
    if bias_rows == 0:

        @T.prim_func(s_tir=True)
        def kernel(
            x: T.Buffer((M, K), "float32"), w: T.Buffer((K, N), "float32"), y: T.Buffer((M, N), "float32")
        ):
            for i, start in T.grid(M, T.truncdiv(N, block)):
                total = T.alloc_local((block,), "float32")
                for j in T.unroll(block):
                    total[j] = T.float32(0)
                for k in T.serial(K):
                    for j in T.unroll(block):
                        total[j] = total[j] + x[i, k] * w[k, start * block + j]
                for j in T.unroll(block):
                    y[i, start * block + j] = total[j]

        return kernel

    last = bias_rows - 1

    @T.prim_func(s_tir=True)
    def kernel_with_bias(
        x: T.Buffer((M, K), "float32"),
        w: T.Buffer((K, N), "float32"),
        bias: T.Buffer((bias_rows, N), "float32"),
        y: T.Buffer((M, N), "float32"),
    ):
        for i, start in T.grid(M, T.truncdiv(N, block)):
            total = T.alloc_local((block,), "float32")
            for j in T.unroll(block):
                total[j] = T.float32(0)
            for k in T.serial(K):
                for j in T.unroll(block):
                    total[j] = total[j] + x[i, k] * w[k, start * block + j]
            for j in T.unroll(block):
                y[i, start * block + j] = total[j] + bias[T.min(i, last), start * block + j]

    return kernel_with_bias
