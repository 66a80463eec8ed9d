"""Estimated instructions of the kernels of the integer stream, as ``costs.py`` has them for the others."""

from __future__ import annotations

from dataclasses import dataclass

from sensor_bnn.compiler.kernels.grid import Grid
from sensor_bnn.compiler.kernels.stream_layer import StreamLayer
from sensor_bnn.onnx.packing import words_for


@dataclass(frozen=True)
class IntegerCosts:
    """Instructions on one class of cores.

    Attributes:
        word: XOR and count of one word of a layer.
        count: one sum of such words, in addition to them.
        term: one product of bytes and its addition.
        dot: one sum of such products, in addition to them.
        value: one value of the stream, from its sum on.
        bit: one value of the stream that becomes a bit, from its sum on.
        pack: the threshold and packing of one int16.
        patch: one element of a patch.
        tap: one token of a patch, in addition to its elements.
        quantize: one value that becomes a byte.
        pool: one value that is added to a mean.
        mean: one mean of a power of two values.
        division: one mean of another number of values.
        token_sum, token_max, token_count: one value of such a feature.
        entry: one entry of an attention map whose scores exist already.
        score: one score in the fused kernel of scores and map, in addition to its words.
        row: one row in that kernel, in addition to its scores.
        attend: one word of values of one token, as a query attends to it.
        context: one word of such sums, and its comparison.
        joined: one byte of several tensors that become one.
    """

    word: float
    count: float
    term: float
    dot: float
    value: float
    bit: float
    pack: float
    patch: float
    tap: float
    quantize: float
    pool: float
    mean: float
    division: float
    token_sum: float
    token_max: float
    token_count: float
    entry: float
    score: float
    row: float
    attend: float
    context: float
    joined: float

    def product(self, M: int, N: int, K: int) -> int:
        """Estimate a product of bytes; M, N and K are rows, outputs and terms."""
        return round(M * N * (K * self.term + self.dot))

    def patches(self, grid: Grid, W: int) -> int:
        """Estimate the copy of all patches of tokens of W elements."""
        return round(grid.out_tokens * grid.taps * (W * self.patch + self.tap))

    def values(self, M: int, N: int) -> int:
        """Estimate the values of a stream ``[M, N]`` from sums that exist already."""
        return round(M * N * self.value)

    def layer(self, shape: StreamLayer) -> int:
        """Estimate a layer from the input of its product to the values or bits of the stream."""
        M, width = shape.grid.out_tokens, shape.grid.taps * shape.W
        term, end = (self.word, self.count) if shape.K else (self.term, self.dot)
        cut = 0 if shape.grid.plain else self.patches(shape.grid, shape.W)
        return cut + round(
            M * (shape.A * (width * term + end) + shape.N * (self.bit if shape.packed else self.value))
        )

    def packed(self, M: int, K: int) -> int:
        """Estimate threshold and pack of ``[M, K]``."""
        return round(M * K * self.pack)

    def quantized(self, M: int, N: int) -> int:
        """Estimate the quantization of ``[M, N]``."""
        return round(M * N * self.quantize)

    def pooled(self, M: int, groups: int, size: int, N: int) -> int:
        """Estimate the means of ``groups`` groups of ``size`` tokens each, of ``[M, N]``."""
        mean = self.division if size & (size - 1) else self.mean
        return round(N * (M * self.pool + groups * mean))

    def feature(self, kind: str, M: int, N: int) -> int:
        """Estimate the feature ``sum``, ``max`` or ``count`` of ``[M, N]``."""
        each = {"sum": self.token_sum, "max": self.token_max, "count": self.token_count}
        return round(M * N * each[kind])

    def window(self, kind: str, n: int, C: int) -> int:
        """Estimate the ``moments`` of a window ``[n, C]``, which read it three times, or its other form."""
        each = {"moments": 3 * self.token_sum, "normalize": self.token_sum + self.quantize}
        return round(n * C * each[kind])

    def attention_map(self, heads: int, queries: int, keys: int) -> int:
        """Estimate an attention map whose scores exist already."""
        return round(heads * queries * keys * self.entry)

    def scores_map(self, heads: int, queries: int, keys: int, K: int) -> int:
        """Estimate the fused kernel of scores and attention map; K is the bits of a head."""
        each = words_for(K) * self.word + self.score
        return round(heads * queries * (keys * each + self.row))

    def attended(self, heads: int, queries: int, words: int, tokens: int) -> int:
        """Estimate the bits of an attention map times values; words is the words of a head's channels."""
        return round(heads * queries * words * (tokens * self.attend + self.context))

    def concatenated(self, size: int) -> int:
        """Estimate the concatenation of tensors to one of ``size`` bytes."""
        return round(size * self.joined)
