"""Binary matrix product of two activations: the scores of queries and keys."""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels.popcount import popcount
from sensor_bnn.onnx.packing import words_for


def bnn_mat_mul(B: int, M: int, N: int, K: int) -> PrimFunc:
    """Build ``(a [B, M, words], b [B, N, words]) -> y int32 [B, M, N] = K - 2 * popcount(a ^ b)``.

    Args:
        B: the number of batches (heads).
        M: the rows of a.
        N: the rows of b.
        K: the bits per row.
    """
    words = words_for(K)

    @T.prim_func(s_tir=True)
    def kernel(
        a: T.Buffer((B, M, words), "uint32"),
        b: T.Buffer((B, N, words), "uint32"),
        y: T.Buffer((B, M, N), "int32"),
    ):
        for h, i, j in T.grid(B, M, N):
            y[h, i, j] = K - 2 * popcount(lambda k: a[h, i, k] ^ b[h, j, k], words)

    return kernel
