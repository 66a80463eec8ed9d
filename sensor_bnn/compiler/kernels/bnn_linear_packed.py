"""Binary linear layer whose outputs are bits: no floats between its input and that of the next layer."""

import numpy as np
import numpy.typing as npt
from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels.popcount import popcount
from sensor_bnn.onnx.packing import WORD_BITS, words_for


def mismatch_limit(threshold: npt.NDArray[np.int32], K: int) -> npt.NDArray[np.int32]:
    """Turn thresholds of ``acc = K - 2 * mismatches`` into limits ``[N]``: a bit is ``mismatches < limit``.

    Limits are in 0 (never) .. K + 1 (always), so the difference of a count and a limit never overflows.
    """
    return np.clip((K - threshold.astype(np.int64)) // 2 + 1, 0, K + 1).astype(np.int32)


def bnn_linear_packed(M: int, N: int, K: int) -> PrimFunc:
    """Build ``(x [M, words(K)], w [N, words(K)], limit int32 [N]) -> y [M, words(N)]``.

    Args:
        M: the number of rows.
        N: the number of outputs.
        K: the bits per row.
    """
    words = words_for(K)
    words_out = words_for(N)

    @T.prim_func(s_tir=True)
    def kernel(
        x: T.Buffer((M, words), "uint32"),
        w: T.Buffer((N, words), "uint32"),
        limit: T.Buffer((N,), "int32"),
        y: T.Buffer((M, words_out), "uint32"),
    ):
        for i, word in T.grid(M, words_out):
            packed = T.alloc_local((1,), "uint32")
            packed[0] = T.uint32(0)
            for b in T.serial(T.min(WORD_BITS, N - word * WORD_BITS)):
                j: T.let[T.int32] = T.min(N, word * WORD_BITS + WORD_BITS) - 1 - b
                mismatches: T.let[T.int32] = popcount(lambda k: x[i, k] ^ w[j, k], words)
                # The sign of the difference is the bit, which saves a comparison and a branch.
                bit: T.let[T.uint32] = T.reinterpret("uint32", mismatches - limit[j]) >> T.uint32(31)
                packed[0] = (packed[0] << T.uint32(1)) | bit
            y[i, word] = packed[0]

    return kernel
