"""Instructions of kernels in TIR on each class of cores, for tables that are printed before anything runs.

The model: a kernel takes a fixed number of instructions for each of its words, terms or elements, whatever
their values. The numbers were fitted to layers counted on emulated cores; ``tests/compiler/test_costs.py``
holds them to such counts. What it does not see: the values (a sum in software takes more or less with them)
and what LLVM makes of one shape and not of another. Binary linear layers are estimated by ``lookup.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

from sensor_bnn.compiler.floats import CAST, ERF, GELU, GELU_TANH, LAYER_NORM, SOFTMAX
from sensor_bnn.compiler.targets import Target
from sensor_bnn.onnx.operators import FLOAT, TensorType
from sensor_bnn.onnx.packing import words_for

_INTEGER = 4.5
"""Instructions of one of TVM's own kernels, an element that is no float; on a Cortex-M7."""


@dataclass(frozen=True)
class Costs:
    """Instructions on one class of cores.

    Attributes:
        model: where the numbers are from, as tables say it.
        word: XOR and count of a word, in a product of activations.
        product: of an output of such a product, besides its words.
        score: of a score that becomes an entry of its map at once, besides its words.
        query: of a row of these.
        entry: of an entry of an attention map alone.
        pack: of a float that becomes a bit.
        pack_integer: of an integer that does.
        turn: of a bit that is transposed.
        term: a product of floats, and its sum.
        narrow_term: the same where the weight has 8 or 16 bits.
        whole_term: the same of integers.
        output: of an output of floats, besides its terms.
        whole_output: the same of integers: it becomes a float, and is scaled.
        mean: of a float that is summed.
        widen: a constant that is widened, by what flash holds and what it becomes: ``float16``, ``float``
            of an integer, ``integer``.
        elements: TVM's own kernels, an element that is computed (of a mean: read).
        floats: the operators of ``floats.py``, an element.
    """

    model: str
    word: float
    product: float
    score: float
    query: float
    entry: float
    pack: float
    pack_integer: float
    turn: float
    term: float
    narrow_term: float
    whole_term: float
    output: float
    whole_output: float
    mean: float
    widen: Mapping[str, float]
    elements: Mapping[str, float]
    floats: Mapping[str, float]

    def mat_mul(self, heads: int, M: int, N: int, K: int) -> int:
        """A product of two activations."""
        return round(heads * M * N * (words_for(K) * self.word + self.product))

    def scores_map(self, heads: int, queries: int, keys: int, K: int) -> int:
        """Scores that become their map at once."""
        each = words_for(K) * self.word + self.score
        return round(heads * queries * (keys * each + self.query))

    def attention_map(self, heads: int, queries: int, keys: int) -> int:
        """A map of scores that are there."""
        return round(heads * queries * keys * self.entry)

    def packed(self, M: int, K: int, dtype: str) -> int:
        """Threshold and pack."""
        return round(M * K * (self.pack if dtype == "float32" else self.pack_integer))

    def transpose_bits(self, heads: int, M: int, K: int) -> int:
        """Bit transpose."""
        return round(heads * M * K * self.turn)

    def dense(self, rows: int, N: int, terms: int, weights: str, sums: str) -> int:
        """A product with constant weights, from its sizes and the element types of weights and sums."""
        if sums == "int32":
            return round(rows * N * (terms * self.whole_term + self.whole_output))
        term = self.term if weights == "float32" else self.narrow_term
        return round(rows * N * (terms * term + self.output))

    def mean_rows(self, M: int, N: int) -> int:
        """A mean over rows."""
        return round(M * N * self.mean)

    def widened(self, size: int, kind: str, dtype: str) -> int:
        """Constants to the type that their kernel computes with."""
        way = kind if kind == "float16" else "float" if dtype == "float32" else "integer"
        return round(size * self.widen[way])

    def float_kernel(self, extern: str, size: int) -> int:
        """An operator of ``floats.py``."""
        return round(size * (self.elements["cast"] if extern == CAST else self.floats[extern]))

    def standard(self, operator: str, reads: Sequence[TensorType], result: TensorType) -> int:
        """One of TVM's own kernels."""
        size = prod((reads[0] if operator == "mean" else result).shape)
        if operator == "matmul":
            return round(size * (reads[0].shape[-1] * self.term + self.output))
        if FLOAT not in {result.dtype, *(kind.dtype for kind in reads)} and operator != "transpose":
            return round(size * _INTEGER)
        return round(size * self.elements.get(operator, self.elements["add"]))


def costs_of(target: Target) -> Costs:
    """Return the instructions on the target's class of cores."""
    return next(_BY_ISA[isa] for isa in reversed(target.isa) if isa in _BY_ISA)


_FPU = Costs(
    model="fitted to counts on an emulated Cortex-M7",
    word=11,
    product=6,
    score=11.5,
    query=10,
    entry=19.5,
    pack=6.3,
    pack_integer=5,
    turn=4.1,
    term=3,
    narrow_term=4,
    whole_term=3,
    output=5,
    whole_output=24,
    mean=3.1,
    widen={"float16": 8, "float": 5, "integer": 5},
    elements={
        "add": 4.5,
        "subtract": 4.5,
        "multiply": 4.5,
        "divide": 4.5,
        "relu": 7.4,
        "prelu": 7.4,
        "cast": 3.5,
        "transpose": 2.4,
        "mean": 4.7,
    },
    floats={LAYER_NORM: 16, SOFTMAX: 55, ERF: 71, GELU: 73, GELU_TANH: 51.5},
)

_SOFTWARE = Costs(
    model="fitted to counts on an emulated Cortex-M3, floating point in software",
    word=10.5,
    product=6,
    score=12.5,
    query=140,
    entry=70,
    pack=29,
    pack_integer=5,
    turn=4.1,
    term=90,
    narrow_term=106,
    whole_term=3,
    output=50,
    whole_output=137,
    mean=58,
    widen={"float16": 33, "float": 28, "integer": 5},
    elements={
        "add": 48,
        "subtract": 56,
        "multiply": 37,
        "divide": 153,
        "relu": 30,
        "prelu": 49,
        "cast": 28,
        "transpose": 1.8,
        "mean": 50,
    },
    floats={LAYER_NORM: 381, SOFTMAX: 1303, ERF: 1893, GELU: 1914, GELU_TANH: 1389},
)

_ARMV6M = Costs(
    model="fitted to counts on an emulated Cortex-M0, floating point in software",
    word=15,
    product=7.4,
    score=24,
    query=200,
    entry=116,
    pack=45,
    pack_integer=7,
    turn=6,
    term=198,
    narrow_term=230,
    whole_term=7.5,
    output=100,
    whole_output=330,
    mean=82,
    widen={"float16": 133, "float": 46, "integer": 7},
    elements={
        "add": 65,
        "subtract": 72,
        "multiply": 123,
        "divide": 384,
        "relu": 40,
        "prelu": 105,
        "cast": 45,
        "transpose": 2.4,
        "mean": 108,
    },
    floats={LAYER_NORM: 745, SOFTMAX: 2812, ERF: 4328, GELU: 4567, GELU_TANH: 3223},
)

_HELIUM = replace(
    _FPU,
    model="fitted to counts on an emulated Cortex-M55",
    word=3,
    product=2.3,
    turn=1.5,
    elements={**_FPU.elements, "transpose": 0.8},
)
"""Float vectors are off (``firmware/kernels/helium``): floats take what they take on a Cortex-M7."""

_AARCH64 = Costs(
    model="fitted to counts on an emulated Cortex-A53",
    word=3,
    product=1.4,
    score=10.5,
    query=20,
    entry=13.7,
    pack=1.7,
    pack_integer=1.6,
    turn=1.3,
    term=0.75,
    narrow_term=1,
    whole_term=0.75,
    output=2,
    whole_output=30,
    mean=0.56,
    widen={"float16": 2, "float": 1, "integer": 1},
    elements={
        "add": 0.67,
        "subtract": 0.67,
        "multiply": 0.67,
        "divide": 0.69,
        "relu": 0.55,
        "prelu": 5.3,
        "cast": 0.54,
        "transpose": 0.4,
        "mean": 0.93,
    },
    floats={LAYER_NORM: 7.5, SOFTMAX: 14.6, ERF: 14, GELU: 14.5, GELU_TANH: 10.3},
)

_NOT_COUNTED = replace(_FPU, model="those of a Cortex-M7: nothing was counted on this target")

_BY_ISA = {
    "portable": _NOT_COUNTED,
    "armv6m": _ARMV6M,
    "armv7m": _SOFTWARE,
    "armv7em": _FPU,
    "helium": _HELIUM,
    "neon": _NOT_COUNTED,
    "aarch64": _AARCH64,
}
"""By the folder of ``firmware/kernels``: a target's are its ISA's last one. Only cores without an FPU end at
``armv6m`` or ``armv7m``."""
