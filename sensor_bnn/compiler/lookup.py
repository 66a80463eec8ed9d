"""The C kernels that multiply binary matrices by table look-up: what they need, and where they pay.

A block of 16 or 8 rows shares every look-up; rows that fill no block are counted by the TIR kernels.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sensor_bnn.compiler.targets import Target
from sensor_bnn.onnx.packing import words_for
from sensor_bnn.resources import resource

HEADER = "linear_lookup.h"
"""Declares the kernels; contracts are there."""

PACKED = "sbnn_linear_packed_lookup"
FLOAT = "sbnn_linear_float_lookup"

MAX_BITS = 65534
"""The longest row (K) that the kernels take."""

_ENTRIES = 448  # firmware/kernels/lookup.h
_BYTE_BITS = 254
_CHUNK_WORDS = 6


@dataclass(frozen=True)
class Rows:
    """Some rows of a layer, and how they are counted.

    Attributes:
        lanes: rows that share a look-up, 16 or 8; 0 for no look-up at all.
        first: the first of these rows.
        count: how many.
    """

    lanes: int
    first: int
    count: int


@dataclass(frozen=True)
class _Cost:
    """Instructions of a block of rows on an Armv7E-M core, as ``sensor-bnn kernels`` counts them.

    Attributes:
        table: building the tables of one word of K.
        pair: adding two words of K for one output.
        single: adding one word of K for one output.
        widen: moving the counts of one output from bytes to halfwords, after each chunk of K.
    """

    table: int
    pair: int
    single: int
    widen: int

    def of(self, N: int, K: int) -> int:
        words = words_for(K)
        pairs, singles = divmod(words, 2)
        chunks = 0 if K <= _BYTE_BITS else -(-words // _CHUNK_WORDS)
        each = pairs * self.pair + singles * self.single + chunks * self.widen + _CLEAR
        return words * self.table + N * each


_COSTS = {16: _Cost(1800, 78, 49, 34), 8: _Cost(880, 52, 30, 17)}
_CLEAR = 3
_PACKED, _FLOAT, _FLOAT_ODD = 2, 8, 24  # from counts to one output of one row, of an odd K at last
_POPCOUNT_WORD = 12
_POPCOUNT_PACKED, _POPCOUNT_FLOAT = 3, 9


def kernel_files(target: Target) -> list[Path]:
    """Sources and headers of the kernels for a target, by name."""
    folder = resource("firmware") / "kernels"
    folders = (folder, *(folder / isa for isa in target.isa))
    files = {file.name: file for place in folders for file in place.glob("*.[ch]")}
    return [files[name] for name in sorted(files)]


def workspace_bytes(lanes: int, N: int, K: int) -> int:
    """Bytes of workspace: as ``sbnn_lookup_workspace_bytes`` in C.

    Args:
        lanes: 16 or 8.
        N: outputs.
        K: bits a row.
    """
    counts = 2 if K <= _BYTE_BITS else 2 + 4
    return lanes // 8 * (2 * _ENTRIES + N * counts) * 4


def choose_rows(M: int, N: int, K: int, *, packed: bool) -> tuple[Rows, ...]:
    """Split the rows of a layer among the kernels so that the fewest instructions run.

    Args:
        M: rows.
        N: outputs.
        K: bits a row.
        packed: whether bits come out, not floats.
    """
    if K > MAX_BITS:
        return (Rows(0, 0, M),)
    popcount_end = _POPCOUNT_PACKED if packed else _POPCOUNT_FLOAT
    end = _PACKED if packed else _FLOAT_ODD if K % 2 else _FLOAT
    popcount = N * (words_for(K) * _POPCOUNT_WORD + popcount_end)
    wide, narrow = _COSTS[16].of(N, K), _COSTS[8].of(N, K)

    def cost(split: tuple[int, int, int]) -> int:
        blocks16, blocks8, rest = split
        return blocks16 * wide + blocks8 * narrow + (M - rest) * N * end + rest * popcount

    splits = []
    for blocks16 in {0, M // 16, -(-M // 16)}:
        left = max(M - 16 * blocks16, 0)
        for blocks8 in {0, left // 8, -(-left // 8)}:
            splits.append((blocks16, blocks8, max(left - 8 * blocks8, 0)))
    blocks16, blocks8, _ = min(sorted(splits), key=cost)
    parts: list[Rows] = []
    first = 0
    for lanes, count in ((16, 16 * blocks16), (8, 8 * blocks8), (0, M)):
        count = min(count, M - first)
        if count:
            parts.append(Rows(lanes, first, count))
        first += count
    return tuple(parts)
