"""Attention maps of the integer stream in C (``sbnn_stream_scores`` in ``firmware/kernels/linear_stream.h``).

Blocks of eight queries share the tables of their bits, as the outputs of a layer do. An entry of the map's
table never decreases as more bits agree, so a row's bits are one comparison of the counts.
"""

from __future__ import annotations

import numpy as np

from sensor_bnn.compiler.narrow import Array
from sensor_bnn.compiler.program import Call, Plan, Read, Workspace, Write
from sensor_bnn.compiler.stream_kernels import SCORES, costs_in_c
from sensor_bnn.compiler.targets import Target
from sensor_bnn.onnx.operators import TensorType
from sensor_bnn.onnx.packing import WORD_BITS

# Equal to the numbers of the C code: the queries of a block and the words of the counts of a key.
_ROWS = 8
_COUNTS = 4
_ENTRY, _QUERY = 0.45, 140
"""The instructions of an entry after its count, as a part of those of an output's value, and of a query."""


def scores_in_c(types: list[TensorType], table: Array | None, K: int, target: Target) -> Plan | None:
    """Return the call that makes an attention map in C, or None where the kernel in TIR must.

    Args:
        types: the types of queries ``[H, M, words(K)]`` and keys ``[H, N, words(K)]``, table and ratio.
        table: the contents of the table, int32 ``[H, K + 1]``; None if it is not a constant.
        K: the bits of a query.
        target: the processor.
    """
    costs = costs_in_c(target)
    (H, M, _), N = types[0].shape, types[1].shape[1]
    if costs is None or table is None or K > WORD_BITS or N % WORD_BITS:
        return None
    entries = table.astype(np.int64)
    short = entries.min() >= 0 and entries.max() <= np.iinfo(np.uint16).max
    if not short or bool((np.diff(entries) < 0).any()):
        return None
    blocks = -(-M // _ROWS)
    each = _ENTRY * costs.value
    return Plan(
        (Call(SCORES, None, (H, M, N, K, *(Read(place) for place in range(4)), Workspace(), Write())),),
        round(H * (blocks * (costs.table + N * costs.word) + M * (N * each + _QUERY))),
        H * M * N * K,
        4 * (costs.entries + N * _COUNTS),
        (H, M, N, K),
        constants={2: np.ascontiguousarray(entries[:, ::-1].astype(np.uint16))},
    )
