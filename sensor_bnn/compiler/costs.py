"""Estimated instructions of the TIR kernels on each class of cores, for tables that are printed before a run.

In this model a kernel takes a fixed number of instructions per word, term or element. The numbers were fitted
to counts of layers on emulated cores, and ``tests/compiler/test_costs.py`` compares them with such counts.
The model does not include two effects: the values (they change the time of a software float sum), and LLVM's
optimizations that depend on the shape. ``lookup.py`` estimates binary linear layers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

from sensor_bnn.compiler.floats import CAST, ERF, GELU, GELU_TANH, LAYER_NORM, SOFTMAX
from sensor_bnn.compiler.integer_costs import IntegerCosts
from sensor_bnn.compiler.targets import Target
from sensor_bnn.onnx.operators import FLOAT, TensorType
from sensor_bnn.onnx.packing import words_for

_INTEGER = 4.5
"""Instructions of one of TVM's own kernels per element that is not a float, on a Cortex-M7."""


@dataclass(frozen=True)
class Costs:
    """Instructions of kernels on one class of cores.

    Attributes:
        model: the origin of the numbers, as tables show it.
        word: XOR and count of one word, in a product of activations.
        product: one output of such a product, in addition to its words.
        score: one score in the fused kernel of scores and map, in addition to its words.
        query: one row in that kernel, in addition to its scores.
        entry: one entry of an attention map whose scores exist already.
        pack: the threshold and packing of one float.
        pack_integer: the threshold and packing of one integer.
        turn: the transposition of one bit.
        term: one product of floats and its addition.
        narrow_term: the same if the weight has 8 or 16 bits.
        whole_term: the same for integers.
        output: one output of a float product, in addition to its terms.
        whole_output: one output of an integer product, which is converted to float and scaled.
        mean: one float that is summed.
        widen: the widening of one constant, by its type in flash and its result: ``float16``, ``float`` (of
            an integer), ``integer``.
        elements: one element that one of TVM's own kernels computes (for a mean: reads), by operator.
        floats: one element of the operators of ``floats.py``, by operator.
        integers: those of the integer stream.
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
    integers: IntegerCosts

    def mat_mul(self, heads: int, M: int, N: int, K: int) -> int:
        """Estimate a product of two activations; M, N and K are rows, outputs and bits per head."""
        return round(heads * M * N * (words_for(K) * self.word + self.product))

    def scores_map(self, heads: int, queries: int, keys: int, K: int) -> int:
        """Estimate the fused kernel of scores and attention map; K is the bits of a head."""
        each = words_for(K) * self.word + self.score
        return round(heads * queries * (keys * each + self.query))

    def attention_map(self, heads: int, queries: int, keys: int) -> int:
        """Estimate an attention map whose scores exist already."""
        return round(heads * queries * keys * self.entry)

    def packed(self, M: int, K: int, dtype: str) -> int:
        """Estimate threshold and pack of ``[M, K]``."""
        if dtype == "int16":
            return self.integers.packed(M, K)
        return round(M * K * (self.pack if dtype == "float32" else self.pack_integer))

    def transpose_bits(self, heads: int, M: int, K: int) -> int:
        """Estimate the bit transpose of ``[heads, M, K]``."""
        return round(heads * M * K * self.turn)

    def dense(self, rows: int, N: int, terms: int, weights: str, sums: str) -> int:
        """Estimate a product with constant weights.

        Args:
            rows, N, terms: the sizes of the product.
            weights: the element type of the weights in flash.
            sums: the type of the sums, ``float32`` or ``int32``.
        """
        if sums == "int32":
            return round(rows * N * (terms * self.whole_term + self.whole_output))
        term = self.term if weights == "float32" else self.narrow_term
        return round(rows * N * (terms * term + self.output))

    def mean_rows(self, M: int, N: int) -> int:
        """Estimate a mean over the rows of ``[M, N]``."""
        return round(M * N * self.mean)

    def widened(self, size: int, kind: str, dtype: str) -> int:
        """Estimate the widening of ``size`` constants from their type in flash to the kernel's type."""
        way = kind if kind == "float16" else "float" if dtype == "float32" else "integer"
        return round(size * self.widen[way])

    def float_kernel(self, extern: str, size: int) -> int:
        """Estimate an operator of ``floats.py`` on ``size`` elements."""
        return round(size * (self.elements["cast"] if extern == CAST else self.floats[extern]))

    def standard(self, operator: str, reads: Sequence[TensorType], result: TensorType) -> int:
        """Estimate one of TVM's own kernels from the types that it reads and writes."""
        size = prod((reads[0] if operator == "mean" else result).shape)
        if operator == "matmul":
            return round(size * (reads[0].shape[-1] * self.term + self.output))
        if operator == "concatenate":
            return self.integers.concatenated(size)
        if FLOAT not in {result.dtype, *(kind.dtype for kind in reads)} and operator != "transpose":
            return round(size * _INTEGER)
        return round(size * self.elements.get(operator, self.elements["add"]))


def costs_of(target: Target) -> Costs:
    """Return the costs on the target's class of cores."""
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
    whole_term=2.07,
    output=5,
    whole_output=25,
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
    integers=IntegerCosts(
        word=10.8,
        count=10,
        term=3.3,
        dot=2.8,
        value=15,
        bit=23.5,
        pack=5.3,
        patch=1,
        tap=2,
        quantize=16.8,
        pool=2.3,
        mean=1.5,
        division=6.7,
        token_sum=2.1,
        token_max=4.1,
        token_count=4.1,
        entry=19,
        score=10,
        row=5,
        attend=10,
        context=80,
        joined=10.7,
    ),
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
    whole_term=2.1,
    output=50,
    whole_output=145,
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
    integers=IntegerCosts(
        word=11,
        count=8.5,
        term=3.3,
        dot=0.5,
        value=15.2,
        bit=23.8,
        pack=5.2,
        patch=1,
        tap=2,
        quantize=16.5,
        pool=2.3,
        mean=1.5,
        division=7.8,
        token_sum=2.1,
        token_max=4.1,
        token_count=4.1,
        entry=19,
        score=10,
        row=5,
        attend=10,
        context=80,
        joined=10.7,
    ),
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
    integers=IntegerCosts(
        word=13.5,
        count=20,
        term=5.7,
        dot=15.7,
        value=28,
        bit=39,
        pack=10.2,
        patch=3,
        tap=10,
        quantize=18,
        pool=4.6,
        mean=0.1,
        division=104,
        token_sum=4,
        token_max=4.4,
        token_count=4.9,
        entry=30,
        score=18,
        row=10,
        attend=15,
        context=120,
        joined=8.8,
    ),
)

_RV32IM = Costs(
    model="fitted to counts on an emulated RV32IMC, floating point in software",
    word=13.5,
    product=4.4,
    score=24,
    query=140,
    entry=98,
    pack=28.5,
    pack_integer=6,
    turn=5,
    term=186,
    narrow_term=192,
    whole_term=7,
    output=90,
    whole_output=170,
    mean=74.5,
    widen={"float16": 40, "float": 45, "integer": 7},
    elements={
        "add": 75,
        "subtract": 78,
        "multiply": 117,
        "divide": 111,
        "relu": 30.6,
        "prelu": 90,
        "cast": 50,
        "transpose": 4.5,
        "mean": 112,
    },
    floats={LAYER_NORM: 731, SOFTMAX: 2408, ERF: 3859, GELU: 4071, GELU_TANH: 2800},
    integers=IntegerCosts(
        word=13.5,
        count=20,
        term=7,
        dot=12,
        value=25,
        bit=23,
        pack=6.5,
        patch=2,
        tap=12,
        quantize=20,
        pool=4.4,
        mean=0.3,
        division=12,
        token_sum=2.1,
        token_max=2.3,
        token_count=4.3,
        entry=25,
        score=15,
        row=5,
        attend=12,
        context=22,
        joined=9.1,
    ),
)

_HELIUM = replace(
    _FPU,
    model="fitted to counts on an emulated Cortex-M55",
    whole_term=0.83,
    whole_output=9.6,
    word=3,
    product=2.3,
    turn=1.5,
    elements={**_FPU.elements, "transpose": 0.8},
    integers=IntegerCosts(
        word=3.9,
        count=1.5,
        term=0.3,
        dot=14.4,
        value=5,
        bit=24.5,
        pack=4.3,
        patch=0.5,
        tap=15,
        quantize=3,
        pool=0.6,
        mean=0.4,
        division=10,
        token_sum=0.7,
        token_max=0.35,
        token_count=1.3,
        entry=19,
        score=16.5,
        row=5,
        attend=4.8,
        context=16,
        joined=8.9,
    ),
)
"""Float vectors are off (``firmware/kernels/helium``), so floats cost the same as on a Cortex-M7."""

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
    integers=IntegerCosts(
        word=4.5,
        count=2,
        term=0.44,
        dot=13,
        value=17,
        bit=23.5,
        pack=1.9,
        patch=0.5,
        tap=20,
        quantize=2.1,
        pool=0.3,
        mean=0.3,
        division=2.4,
        token_sum=0.4,
        token_max=0.25,
        token_count=1.2,
        entry=14,
        score=6.7,
        row=5,
        attend=10,
        context=5,
        joined=9.2,
    ),
)

_NOT_COUNTED = replace(_FPU, model="those of a Cortex-M7: nothing was counted on this target")

_BY_ISA = {
    "portable": _NOT_COUNTED,
    "armv6m": _ARMV6M,
    "armv7m": _SOFTWARE,
    "armv7em": _FPU,
    "helium": _HELIUM,
    "rv32im": _RV32IM,
    "neon": _NOT_COUNTED,
    "aarch64": _AARCH64,
}
"""Costs by folder of ``firmware/kernels``; the last folder of a target's ISA that is here decides.

Only cores without an FPU end at ``armv6m``, ``armv7m`` or ``rv32im``.
"""
