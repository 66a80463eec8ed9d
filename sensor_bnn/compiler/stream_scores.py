"""Attention of the integer stream in C (``firmware/kernels/linear_stream.h``).

In ``sbnn_stream_scores`` blocks of eight queries share the tables of their bits, as outputs of a layer do. An
entry of the map's table never decreases as more bits agree, so a row's bits are one comparison of counts.

In ``sbnn_stream_context`` the channels of the values are lanes, as in ``stream_lanes.py``, and the tokens are
the bits of a product. With v ones among a channel's values and c mismatches of them and the map's row, twice
the count less the ones of the row is v - c.
"""

from __future__ import annotations

import numpy as np

from sensor_bnn.compiler.narrow import Array
from sensor_bnn.compiler.program import Call, Plan, Read, Workspace, Write
from sensor_bnn.compiler.stream_kernels import CONTEXT, SCORES, costs_in_c
from sensor_bnn.compiler.targets import Target
from sensor_bnn.onnx.operators import TensorType
from sensor_bnn.onnx.packing import WORD_BITS, pack_bits

# Equal to the numbers of the C code: the queries of a block and the words of the counts of a key; the bytes
# of the tables of 32 tokens and of a record, and a threshold of 0.
_ROWS = 8
_COUNTS = 4
_TABLES, _RECORD = 2048, 32
_MIDDLE = 128
_ENTRY, _QUERY = 0.45, 140
"""The instructions of an entry after its count, as a part of those of an output's value, and of a query."""


_CONTEXT_COSTS = {
    "armv6m": (2100, 165, 150),
    "armv7m": (2600, 175, 110),
    "armv7em": (2600, 175, 110),
}
"""Instructions of ``sbnn_stream_context`` by folder of ``firmware/kernels``: 32 tokens, and a query: each."""


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


def context_in_c(types: list[TensorType], threshold: Array | None, K: int, target: Target) -> Plan | None:
    """Return the call that makes the bits of attended values in C, or None where the kernel in TIR must.

    Args:
        types: the types of the map ``[H, M, words(K)]`` and of the values ``[H, K, W]``.
        threshold: the contents of the thresholds, int32 ``[H * W * 32]``; None if they are no constants.
        K: the number of tokens.
        target: the processor.
    """
    costs = _CONTEXT_COSTS.get(target.isa[-1])
    (H, M, _), W = types[0].shape, types[1].shape[2]
    if costs is None or threshold is None or W != 1 or K not in (WORD_BITS, 2 * WORD_BITS):
        return None
    words, (table, *each) = K // WORD_BITS, costs
    return Plan(
        (Call(CONTEXT, None, (H, M, K, *(Read(place) for place in range(3)), Workspace(), Write())),),
        H * (words * table + (M + 1) * (words * each[0] + each[1])),
        H * M * WORD_BITS * K,
        _TABLES + 2 * _RECORD * (M + 1),
        (H, M, WORD_BITS, K),
        constants={2: context_limits(threshold, K)},
    )


def context_limits(threshold: Array, K: int) -> Array:
    """Return thresholds ``[H * 32]`` as the C code reads them, uint32 ``[H, 10]``."""
    limits = threshold.astype(np.int64).reshape(-1, WORD_BITS)
    possible, always = limits <= K, limits <= -K
    # Bytes [H, b, high, s]: word s has those of the high nibbles, word 4 + s those of the low ones.
    lanes = (_MIDDLE - np.clip(limits, 1 - K, K)).reshape(-1, 4, 2, 4)
    words = np.sum(lanes << (8 * np.arange(4))[:, None, None], axis=1)[:, ::-1].reshape(-1, 8)
    found: Array = np.column_stack((words.astype(np.uint32), pack_bits(possible), pack_bits(always)))
    return found
