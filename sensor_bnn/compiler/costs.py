"""Instructions of the kernels in TIR, for tables that are printed before anything runs.

Fitted to what ``sensor-bnn bench`` counts on an emulated Cortex-M7; other cores differ by their floating
point and by what LLVM makes of a loop. Binary linear layers are estimated by ``lookup.py``, core by core.
"""

from __future__ import annotations

from sensor_bnn.onnx.packing import words_for

COST_MODEL = "fitted to counts on emulated cores: linear layers a core, other kernels on Cortex-M7"

_WIDEN = {"float16": 10, "int8": 5, "uint8": 5, "int16": 5, "uint16": 5}


def count_bits(words: int) -> int:
    """XOR and count of two rows of ``words`` words."""
    return 4 + 11 * words


def scores_map(heads: int, queries: int, keys: int, K: int) -> int:
    """Scores and their map."""
    return heads * queries * (keys * (count_bits(words_for(K)) + 12) + 40)


def mat_mul(heads: int, M: int, N: int, K: int) -> int:
    """A product of two activations."""
    return heads * M * N * (count_bits(words_for(K)) + 2)


def attention_map(heads: int, queries: int, keys: int) -> int:
    """A map of scores."""
    return heads * queries * keys * 16


def pack(M: int, K: int, dtype: str) -> int:
    """Threshold and pack."""
    return M * K * (6 if dtype == "float32" else 5)


def transpose_bits(heads: int, M: int, K: int) -> int:
    """Bit transpose."""
    return heads * M * K * 4


def dense(rows: int, N: int, terms: int, sums: str) -> int:
    """A product with constant weights."""
    return rows * N * (terms * (2 if sums == "int32" else 3) + 20)


def mean_rows(M: int, N: int) -> int:
    """A mean over rows."""
    return M * N * 3


def widen(size: int, kind: str) -> int:
    """Constants to the type that their kernel computes with."""
    return size * _WIDEN[kind]


def elementwise(size: int) -> int:
    """One of TVM's own kernels, an element."""
    return size * 8
