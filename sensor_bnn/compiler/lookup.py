"""The kernels that count the rows of a binary linear layer: their needs and costs, and the choice among them.

A kernel is either the loop in TIR that counts bits (``LOOP``) or one of the C families under
``firmware/kernels``, in which a block of rows shares work. ``_BY_ISA`` has the kernels of a core and their
costs, by folder of ``Target.isa``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sensor_bnn.compiler.narrow import Array
from sensor_bnn.compiler.targets import Target
from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.packing import WORD_BITS, words_for
from sensor_bnn.resources import resource

Cost = Callable[[int, int, int, bool], int]
"""A function from rows, outputs, bits per row, and whether the outputs are bits, to instructions."""


@dataclass(frozen=True)
class Kernel:
    """A way to count the rows of a binary linear layer.

    Attributes:
        name: the name in ``sensor-bnn kernels`` and in a tuning file.
        lanes: the rows of a block, which share work. A partly filled block costs as much as a full one.
        family: the family of C sources. Their names contain it, and ``linear_<family>.h`` declares them;
            empty for TIR.
        function: the end of the names of the family's two functions, which starts with the family.
        max_bits: the largest number of bits per row (K).
        cost: the instructions on the core.
        workspace: a function from outputs and bits per row to the bytes of workspace.
        stored: a function that orders weights ``[N, words(K)]`` as the kernel reads them, or returns None if
            it has no order for these; None if the kernel has none for any. Its functions have then one more
            argument, before rows, outputs and bits: 1 if weights are stored so, otherwise 0.
        most_rows: the largest number of rows for which :func:`choose_rows` considers it; None for any.
    """

    name: str
    lanes: int
    family: str
    function: str
    max_bits: int
    cost: Cost
    workspace: Callable[[int, int], int]
    stored: Callable[[Array], Array | None] | None = None
    most_rows: int | None = None

    def symbol(self, *, packed: bool) -> str:
        """Return the name of the C function for outputs of bits or floats; empty for TIR."""
        return f"sbnn_linear_{'packed' if packed else 'float'}_{self.function}" if self.family else ""


@dataclass(frozen=True)
class Rows:
    """Some rows of a layer, and the kernel that counts them.

    Attributes:
        kernel: the kernel.
        first: the index of the first of these rows.
        count: the number of these rows.
    """

    kernel: Kernel
    first: int
    count: int


def kernels_of(target: Target) -> tuple[Kernel, ...]:
    """Return the kernels of the target; the last one is the TIR loop, which accepts any shape."""
    return next(_BY_ISA[isa] for isa in reversed(target.isa) if isa in _BY_ISA)


def kernel_files(target: Target, families: Iterable[str] | None = None) -> list[Path]:
    """Return the sources and headers of the target's C kernels, sorted by name.

    Args:
        target: the processor. Each file comes from the last folder of its ISA that has it.
        families: the families to include; None for all families of the target.
    """
    folder = resource("firmware") / "kernels"
    folders = (folder, *(folder / isa for isa in target.isa))
    files = {file.name: file for place in folders for file in place.glob("*.[ch]")}
    if families is None:
        families = {kernel.family for kernel in kernels_of(target) if kernel.family}
    return [files[name] for name in sorted(files) if any(family in name for family in families)]


def families_of(target: Target, symbols: Iterable[str]) -> list[str]:
    """Return the families that have a function among the symbols, sorted by name."""
    called = set(symbols)
    found = {
        kernel.family
        for kernel in kernels_of(target)
        if kernel.family and called & {kernel.symbol(packed=True), kernel.symbol(packed=False)}
    }
    found |= {scores.family for scores in _SCORES_MAPS.values() if scores.symbol in called}
    found |= {_ATTEND} if _CONTEXT in called else set()
    # The tables of attention are made by what is declared for the look-ups of linear layers.
    return sorted(found | {"lookup"} if _ATTEND in found else found)


@dataclass(frozen=True)
class ScoresMap:
    """A C function that makes the attention map of queries and keys.

    Attributes:
        symbol: the name of the function.
        family: the family of C sources, see :class:`Kernel`.
        max_bits: the largest number of bits per query and key (K).
        cost: a function from heads, queries, keys and bits per row to instructions on the core.
        workspace: a function from keys and bits per row to the bytes of workspace.
    """

    symbol: str
    family: str
    max_bits: int
    cost: Callable[[int, int, int, int], int]
    workspace: Callable[[int, int], int]


def scores_map_of(target: Target, K: int, table: npt.NDArray[np.generic] | None) -> ScoresMap | None:
    """Return the target's C function for attention maps, or None if the TIR kernel must be used.

    Args:
        target: the processor.
        K: the bits of a query.
        table: the table of exponentials, ``[H, K + 1]``; None if it is not a constant. The C function
            requires that the entries of a head do not decrease.
    """
    found = next((_SCORES_MAPS[isa] for isa in reversed(target.isa) if isa in _SCORES_MAPS), None)
    if found is None or found.max_bits < K or table is None or (target.small and found.family == _ATTEND):
        return None
    steps = np.diff(table.astype(np.int64), axis=-1)
    return found if bool((steps >= 0).all()) else None


@dataclass(frozen=True)
class Context:
    """A C function that makes the bits of attention maps times values.

    Attributes:
        symbol: the name of the function.
        cost: a function from heads, queries, channels of a head and keys to instructions on the core.
        workspace: a function from queries and keys to the bytes of workspace.
    """

    symbol: str
    cost: Callable[[int, int, int, int], int]
    workspace: Callable[[int, int], int]


def context_of(target: Target, N: int, K: int) -> Context | None:
    """Return the target's C function for maps times values, or None if a linear layer must be used.

    Args:
        target: the processor.
        N: the channels of a head.
        K: the number of keys.
    """
    found = next((_CONTEXTS[isa] for isa in reversed(target.isa) if isa in _CONTEXTS), None)
    return found if K <= _BYTE_BITS and N % WORD_BITS == 0 and not target.small else None


def choose_rows(
    target: Target,
    M: int,
    N: int,
    K: int,
    *,
    packed: bool,
    tuned: Sequence[tuple[str, int]] | None = None,
) -> tuple[Rows, ...]:
    """Split the rows of a layer among the target's kernels for the fewest estimated instructions.

    Args:
        target: the processor.
        M: the number of rows.
        N: the number of outputs.
        K: the bits per row.
        packed: whether the outputs are bits, not floats.
        tuned: a split to use instead: the names of kernels and their numbers of rows, in order.

    Raises:
        ModelError: the tuned split has a kernel that the target does not have or that does not accept K bits,
            or it does not have M rows.
    """
    able = _able(target, K)
    if tuned is not None:
        return _in_order(_named(able, tuned, M, K))

    def cost(split: _Split) -> int:
        return sum(kernel.cost(count, N, K, packed) for kernel, count in split)

    return _in_order(min(_splits(able, M), key=cost))


def row_splits(target: Target, M: int, K: int) -> tuple[tuple[tuple[str, int], ...], ...]:
    """Return the splits of M rows of K bits among which :func:`choose_rows` chooses, by kernels' names."""
    return tuple(
        tuple((kernel.name, count) for kernel, count in split) for split in _splits(_able(target, K), M)
    )


_Split = tuple[tuple[Kernel, int], ...]


def _able(target: Target, K: int) -> list[Kernel]:
    """Return the kernels that accept rows of K bits, widest first."""
    able = [kernel for kernel in kernels_of(target) if kernel.max_bits >= K]
    return sorted(able, key=lambda kernel: -kernel.lanes)


def _splits(kernels: list[Kernel], M: int) -> Iterator[_Split]:
    """Yield splits: the widest kernel takes no rows, all full blocks, or one partly filled block more.

    The other kernels split the remaining rows in the same way. No kernel takes more than its ``most_rows``.
    """
    if M == 0:
        yield ()
        return
    kernel, *others = kernels
    full = M // kernel.lanes * kernel.lanes
    most = M if kernel.most_rows is None else kernel.most_rows
    for count in sorted({0, full, min(full + kernel.lanes, M)} if others else {M}):
        if count > most:
            continue
        for rest in _splits(others, M - count):
            yield ((kernel, count), *rest) if count else rest


def _in_order(split: _Split) -> tuple[Rows, ...]:
    rows = []
    first = 0
    for kernel, count in split:
        rows.append(Rows(kernel, first, count))
        first += count
    return tuple(rows)


def _named(able: list[Kernel], tuned: Sequence[tuple[str, int]], M: int, K: int) -> _Split:
    by_name = {kernel.name: kernel for kernel in able}
    for name, _ in tuned:
        if name not in by_name:
            raise ModelError(
                f"There is no kernel {name!r} for rows of {K} bits on this target.",
                f"Choose among {', '.join(by_name)}.",
            )
    if any(count < 1 for _, count in tuned) or sum(count for _, count in tuned) != M:
        raise ModelError(f"The tuned split does not have the layer's {M} rows.", "Tune the model again.")
    return tuple((by_name[name], count) for name, count in tuned)


# The loop in TIR: the cost of XOR and count of a word, and of one output of one row. ------------------------


@dataclass(frozen=True)
class _Loop:
    word: int
    packed: int
    floats: int

    def cost(self, rows: int, N: int, K: int, packed: bool) -> int:
        return rows * N * (words_for(K) * self.word + (self.packed if packed else self.floats))


LOOP = "popcount"
"""The name of the loop in TIR, which every target has."""


def _popcount(loop: _Loop) -> Kernel:
    # Up to 2^24 a count is exact as a float32.
    return Kernel(LOOP, 1, "", "", 1 << 24, loop.cost, lambda N, K: 0)


# Family `lookup`: tables of scalar words, 16 or 8 rows per look-up (firmware/kernels/lookup.h). -------------

# The three numbers equal those of the C code (LOOKUP_ENTRIES and others): the table entries of one word of K,
# the bits per row up to which counts and limits fit a byte, and the words of K whose counts always do.
_ENTRIES = 448
_BYTE_BITS = 254
_CHUNK_WORDS = 6


# What storing the first counts saves for an output: clearing them, and in each chunk of K adding to them.
_STORED, _STORED_CHUNK = 7, 3


@dataclass(frozen=True)
class _Lookup:
    """Instructions of a block of rows.

    Attributes:
        table: building the tables of one word of K.
        pair: adding two words of K for one output.
        single: adding one word of K for one output.
        widen: moving the counts of one output from bytes to halfwords, after each chunk of K.
        packed, floats, odd: turning counts into one output of one row: bits, floats, floats of an odd K.
        clear: clearing the counts of one output.
        stores: whether the first pair of words stores its counts, see ``lookup_first.h``.
    """

    table: int
    pair: int
    single: int
    widen: int
    packed: int = 2
    floats: int = 8
    odd: int = 24
    clear: int = 3
    stores: bool = False

    def cost(self, lanes: int, rows: int, N: int, K: int, packed: bool) -> int:
        words = words_for(K)
        pairs, singles = divmod(words, 2)
        chunks = 0 if K <= _BYTE_BITS else -(-words // _CHUNK_WORDS)
        each = pairs * self.pair + singles * self.single + chunks * self.widen + self.clear
        if self.stores and words > 1:
            each -= _STORED + (chunks or 1) * _STORED_CHUNK
        end = self.packed if packed else self.odd if K % 2 else self.floats
        return -(-rows // lanes) * (words * self.table + N * each) + rows * N * end


def _lookup(lanes: int, costs: _Lookup) -> Kernel:
    """Make a kernel of this family; its workspace equals ``sbnn_lookup_workspace_bytes`` in C."""

    def workspace(N: int, K: int) -> int:
        # Words of the counts of 8 rows of one output: a pair of sums, and the wide counts if bytes are too
        # small.
        counts = 2 if K <= _BYTE_BITS else 2 + 4
        return lanes // 8 * (2 * _ENTRIES + N * counts) * 4

    # 65534 bits: a limit may be one more, and must fit a halfword.
    name = f"lookup{lanes}"
    return Kernel(name, lanes, "lookup", name, 65534, partial(costs.cost, lanes), workspace)


# Family `helium`: tables of vectors, 32 rows per look-up (firmware/kernels/helium/helium.h). ----------------

_HELIUM_ROWS = 32


@dataclass(frozen=True)
class _Helium:
    """Instructions of a block of rows; the other attributes have the same meaning as in ``_Lookup``.

    Attributes:
        start: the constant cost of a block.
        packed: turning byte counts into the bits of all rows, for one output.
        wide: the same for counts in halfwords.
        floats: turning counts into floats, for one output: a constant, an addition for counts in halfwords,
            and a cost per row.
    """

    start: int
    table: int
    pair: int
    single: int
    widen: int
    packed: int
    wide: int
    floats: tuple[int, int, float]

    def cost(self, rows: int, N: int, K: int, packed: bool) -> int:
        words = words_for(K)
        pairs, singles = divmod(words, 2)
        chunks = 0 if K <= _BYTE_BITS else -(-words // _CHUNK_WORDS)
        each = pairs * self.pair + singles * self.single + chunks * self.widen
        if packed:
            each += self.wide if chunks else self.packed
        else:
            each += self.floats[0] + (self.floats[1] if chunks else 0)
        blocks = -(-rows // _HELIUM_ROWS)
        ends = 0 if packed else round(rows * N * self.floats[2])
        return blocks * (self.start + words * self.table + N * each) + ends


def _helium(costs: _Helium) -> Kernel:
    """Make the kernel of this family; its workspace equals ``sbnn_helium_workspace_bytes`` in C."""

    return Kernel("helium", _HELIUM_ROWS, "helium", "helium", 65534, costs.cost, _helium_workspace)


def _helium_workspace(N: int, K: int) -> int:
    return 8192 + N * (32 if K <= _BYTE_BITS else 96)


# Family `byrow`: vectors of four outputs, one row after the other (firmware/kernels/helium/byrow.h). --------

_GROUP = 16
_PANEL = 64
_PASS_WORDS = 3
_FEW_ROWS = 22
"""With more rows it takes hardly fewer instructions than tables, and more cycles by llvm-mca's estimate.

At 16 x 192 x 192 with outputs of bits it takes half of the instructions and 65 % of the cycles.
"""


@dataclass(frozen=True)
class _ByRow:
    """Instructions of a row.

    Attributes:
        row: the constant cost of a row.
        step: that of each three words of K, or of those that are left.
        group: the counts of 16 outputs: a constant, a cost for each word of K, and one for each step after
            the first.
        widen: moving their counts from bytes to halfwords, after each chunk of K.
        packed, wide: turning the counts of 16 outputs, bytes or halfwords, into bits.
        floats: turning them into floats: a constant cost of a row, and one of 16 outputs.
        start: a constant cost of the layer, and one for each output: limits, or a look at the constants.
    """

    row: int
    step: int
    group: tuple[float, float, float]
    widen: int
    packed: int
    wide: int
    floats: tuple[int, int]
    start: tuple[int, float]

    def cost(self, rows: int, N: int, K: int, packed: bool) -> int:
        words = words_for(K)
        steps = -(-words // _PASS_WORDS)
        chunks = 0 if words <= _CHUNK_WORDS else -(-words // _CHUNK_WORDS)
        more, end = (0, self.wide if chunks else self.packed) if packed else self.floats
        counts = self.group[0] + words * self.group[1] + (steps - 1) * self.group[2] + chunks * self.widen
        each = self.row + steps * self.step + more + -(-N // _GROUP) * (counts + end)
        return round(rows * each + self.start[0] + N * self.start[1])


def _byrow(costs: _ByRow) -> Kernel:
    """Make the kernel of this family; its workspace equals ``sbnn_byrow_workspace_bytes`` in C."""

    def workspace(N: int, K: int) -> int:
        words, outputs = words_for(K), -(-N // _GROUP) * _GROUP
        each = (4 if words > _PASS_WORDS else 1) + (4 if words > _CHUNK_WORDS else 1)
        return max(outputs * each, min(outputs, _PANEL) * (each + 4 * words))

    return Kernel(
        "byrow", 1, "byrow", "byrow", 65534, costs.cost, workspace, stored=_in_groups, most_rows=_FEW_ROWS
    )


def _in_groups(weights: Array) -> Array | None:
    """Return words in the order of ``linear_byrow.h``, or None if the last group would have fewer outputs."""
    N, words = weights.shape
    if N % _GROUP:
        return None
    groups = weights.reshape(-1, 4, 4, words).transpose(0, 2, 3, 1)
    steps = [groups[:, :, first : first + _PASS_WORDS].reshape(-1) for first in range(0, words, _PASS_WORDS)]
    found: Array = np.concatenate(steps)
    return found


_FEW_QUERIES = 4


def _helium_scores_cost(heads: int, queries: int, keys: int, K: int) -> int:
    """Estimate blocks of 32 queries, like those of a linear layer; the last 4 or fewer are single queries."""
    words = words_for(K)
    blocks, left = divmod(queries, _HELIUM_ROWS)
    if left > _FEW_QUERIES:
        blocks, left = blocks + 1, 0
    block = 400 + 1000 * words + keys * (words // 2 * 54 + words % 2 * 31 + 47)
    one = keys * (15 * words + 18)
    return heads * (330 + blocks * block + left * one + 110 * queries)


_HELIUM_SCORES = ScoresMap(
    "sbnn_scores_map_helium",
    "helium",
    _BYTE_BITS,
    _helium_scores_cost,
    lambda N, K: _helium_workspace(N, K) + 512,
)
"""Its workspace equals ``sbnn_scores_workspace_bytes`` in C."""


# Family `attend`: tables of activations for attention, 16 rows per look-up (firmware/kernels/attend.h). -----

_ATTEND = "attend"
_CONTEXT = "sbnn_context_attend"
_ATTEND_ROWS = 16


@dataclass(frozen=True)
class _Attend:
    """Instructions of a block of rows.

    Attributes:
        key: what follows the counts of one key in an attention map: totals and bits.
        queries: the constant cost of a block of queries: limits and calls.
        entry: one entry of a head's table.
        query: what follows the counts of one query in map times values.
        channels: the constant cost of a block of channels.
        table: building the tables of one word of K.
        one: the counts of one row of a single word of K.
        single: one score of a query without tables, and what each word of K adds.
        pair, pairs: those of the first and of each further pair of words of K.
        last: those of the last word of an odd number.
    """

    key: float
    queries: int
    entry: int
    query: float
    channels: int
    table: int = 1130
    one: int = 44
    single: tuple[int, int] = (22, 14)
    pair: int = 88
    pairs: int = 93
    last: int = 52

    def _counted(self, K: int) -> int:
        words = words_for(K)
        if words == 1:
            return self.one
        return self.pair + (words // 2 - 1) * self.pairs + words % 2 * self.last

    def scores_map(self, heads: int, queries: int, keys: int, K: int) -> int:
        """Estimate blocks of 16 queries; those that remain, if they are few, are counted singly."""
        few = 3 + 64 // keys
        blocks = max(0, -(-(queries - few) // _ATTEND_ROWS))
        left = max(0, queries - blocks * _ATTEND_ROWS)
        block = keys * (self._counted(K) + self.key) + words_for(K) * self.table + self.queries
        one = keys * (self.single[0] + words_for(K) * self.single[1]) + self.queries / _ATTEND_ROWS
        return round(heads * (blocks * block + left * one + (K + 1) * self.entry))

    def context(self, heads: int, queries: int, channels: int, keys: int) -> int:
        each = queries * (self._counted(keys) + self.query) + words_for(keys) * self.table + self.channels
        return round(heads * -(-channels // _ATTEND_ROWS) * each)


def _attend_workspace(counted: int, K: int) -> int:
    """Return what ``sbnn_attend_workspace_bytes`` returns in C."""
    return 4 * (2 * 512 + 4 * counted + 2 * (K + 1) + 2)


def _attention(costs: _Attend) -> tuple[ScoresMap, Context]:
    maps = ScoresMap("sbnn_scores_map_attend", _ATTEND, _BYTE_BITS, costs.scores_map, _attend_workspace)
    return maps, Context(_CONTEXT, costs.context, _attend_workspace)


_ATTEND_FPU = _attention(_Attend(key=70.8, queries=386, entry=14, query=27.6, channels=430))
_ATTEND_SOFTWARE = _attention(_Attend(key=116.6, queries=1110, entry=40, query=54.6, channels=390))


# Family `neon`: vectors of 16 outputs (firmware/kernels/neon/neon.h). ---------------------------------------

_SINGLES = 2


@dataclass(frozen=True)
class _Neon:
    """Instructions of a panel of 64 outputs.

    Attributes:
        panel: laying out its weights: a constant and a cost per word of K.
        tile: a block of rows: a constant and a cost per word of K.
        floats: one float output of one row.
        single: one row of one or two that are left, in the same way; None if they are a block.
        partial: laying out one word of K of a panel with fewer outputs, in addition.
    """

    panel: tuple[int, int]
    tile: tuple[int, int]
    floats: int
    single: tuple[int, int] | None = None
    partial: int = 0

    def cost(self, lanes: int, rows: int, N: int, K: int, packed: bool) -> int:
        words = words_for(K)
        blocks, left = divmod(rows, lanes)
        singles = 0
        if self.single and left <= _SINGLES:
            singles = left * (self.single[0] + words * self.single[1])
        elif left:
            blocks += 1
        counted = blocks * (self.tile[0] + words * self.tile[1]) + singles
        panels = -(-N // _PANEL) * (self.panel[0] + words * self.panel[1] + counted)
        panels += self.partial * words if N % _PANEL else 0
        return panels + (0 if packed else rows * N * self.floats)


def _neon(lanes: int, costs: _Neon, *, chunk_words: int = 0) -> Kernel:
    """Make the kernel of this family; its workspace equals ``sbnn_neon_workspace_bytes`` in C.

    Args:
        lanes: the rows of a block.
        costs: its costs.
        chunk_words: the words of K for which the workspace has counts of a block, and 8 bytes more; 0 if it
            has only a panel.
    """

    def workspace(N: int, K: int) -> int:
        words = words_for(K)
        chunks = -(-words // chunk_words) if chunk_words else 0
        return 4 * _PANEL * words + chunks * (lanes * _PANEL + 8)

    return Kernel(
        "neon", lanes, "neon", "neon", 65534, partial(costs.cost, lanes), workspace, stored=_in_panels
    )


def _in_panels(weights: Array) -> Array | None:
    """Return bytes ``[N / 64, 4 * words(K), 64]`` as the words that the kernel's parameter is declared with.

    None if the last panel would have fewer outputs.
    """
    if len(weights) % _PANEL:
        return None
    outputs = (
        np.ascontiguousarray(weights.astype("<u4")).view(np.uint8).reshape(-1, _PANEL, 4 * weights.shape[1])
    )
    return np.ascontiguousarray(outputs.swapaxes(1, 2)).view("<u4").astype(np.uint32, copy=False)


def in_panels(rows: Sequence[Rows], weights: Array | None) -> Array | None:
    """Return constant weights as the kernel of the rows reads them, or None if they must stay as they are.

    Args:
        rows: the split of a layer's rows among kernels.
        weights: uint32 ``[N, words(K)]``; None if they are not constant.
    """
    kernel = rows[0].kernel
    if weights is None or kernel.stored is None or any(part.kernel is not kernel for part in rows):
        return None
    return kernel.stored(weights)


# The kernels of each core. The costs are those that `sensor-bnn kernels --target T` counts. -----------------

_LOOKUPS = (
    _lookup(16, _Lookup(table=1800, pair=78, single=49, widen=34)),
    _lookup(8, _Lookup(table=880, pair=52, single=30, widen=17)),
)
_THUMB2 = (*_LOOKUPS, _popcount(_Loop(word=12, packed=3, floats=9)))
_DSP = (
    _lookup(16, _Lookup(table=1585, pair=78, single=49, widen=22, stores=True)),
    _lookup(8, _Lookup(table=770, pair=52, single=30, widen=11)),
    _popcount(_Loop(word=12, packed=3, floats=9)),
)
_SOFTWARE = (
    _lookup(
        16, _Lookup(table=1600, pair=78, single=49, widen=34, packed=4, floats=175, odd=191, stores=True)
    ),
    _lookup(8, _Lookup(table=780, pair=52, single=30, widen=17, packed=4, floats=175, odd=191)),
    _popcount(_Loop(word=12, packed=5, floats=176)),
)
_ARMV6M = (
    _lookup(16, _Lookup(table=2400, pair=119, single=71, widen=76, packed=8, floats=230, odd=230, clear=8)),
    _lookup(8, _Lookup(table=1150, pair=82, single=50, widen=38, packed=8, floats=230, odd=230, clear=4)),
    _popcount(_Loop(word=14, packed=11, floats=310)),
)
_RV32IM = (
    _lookup(16, _Lookup(table=2900, pair=113, single=65, widen=50, packed=4, floats=162, odd=162)),
    _lookup(8, _Lookup(table=1450, pair=74, single=42, widen=25, packed=4, floats=162, odd=162)),
    _popcount(_Loop(word=12, packed=5, floats=317)),
)

_ARMV7_NEON = (
    _neon(2, _Neon(panel=(600, 120), tile=(210, 180), floats=16)),
    _popcount(_Loop(word=12, packed=3, floats=9)),
)
_AARCH64_NEON = (
    _neon(
        4,
        _Neon(panel=(350, 150), tile=(163, 212), floats=2, single=(95, 57), partial=470),
        chunk_words=7,
    ),
    _popcount(_Loop(word=5, packed=16, floats=0)),
)

_BY_ISA: dict[str, tuple[Kernel, ...]] = {
    "portable": _THUMB2,
    "armv6m": _ARMV6M,
    "armv7m": _SOFTWARE,
    "armv7em": _DSP,
    "rv32im": _RV32IM,
    "helium": (
        _helium(
            _Helium(
                start=400,
                table=1000,
                pair=52,
                single=29,
                widen=31,
                packed=29,
                wide=43,
                floats=(35, 68, 3.5),
            )
        ),
        _byrow(
            _ByRow(
                row=57,
                step=16,
                group=(5, 13.2, 7),
                widen=15,
                packed=6,
                wide=12,
                floats=(45, 44),
                start=(160, 1.2),
            )
        ),
        _popcount(_Loop(word=11, packed=4, floats=11)),
    ),
    "neon": _ARMV7_NEON,
    "aarch64": _AARCH64_NEON,
}
"""Kernels by folder of ``firmware/kernels``; the last folder of a target's ISA that is here decides."""

_SCORES_MAPS = {
    "armv7m": _ATTEND_SOFTWARE[0],
    "armv7em": _ATTEND_FPU[0],
    "helium": _HELIUM_SCORES,
}
"""The C functions for attention maps, in the same way."""

_CONTEXTS: dict[str, Context | None] = {
    "armv7m": _ATTEND_SOFTWARE[1],
    "armv7em": _ATTEND_FPU[1],
    "helium": None,
}
"""Those for maps times values. Vectors of Helium take 32 queries at once, as rows of a linear layer."""
