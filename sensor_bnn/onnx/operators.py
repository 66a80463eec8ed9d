"""The operators of domain ``ai.sensorbnn``, one entry each: signature, shapes, reference, ONNX function.

An exported file carries the function of every operator that it uses, so that a runtime that does not know the
domain can run it. The functions unpack to float +-1 and multiply. This is exact below 2**24 terms, and fast,
because a runtime unpacks the constant weights once, when it loads the file. ``export/operators.md`` is the
specification in words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import parser

from sensor_bnn.errors import ModelError
from sensor_bnn.onnx import reference
from sensor_bnn.onnx.packing import WORD_BITS, words_for

DOMAIN = "ai.sensorbnn"
DOMAIN_VERSION = 1
OPSET = 20
PRODUCER = "sensor-bnn"
"""What our export calls itself in a file."""
IR_VERSION = 10

MAX_K = 2**24
"""The number of terms below which the float32 arithmetic of the ONNX functions counts exactly."""
MAX_MAP_COLUMNS = 32767
"""The most columns of an attention map for which a sum of table entries (at most 65535 each) fits int32."""

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class TensorType:
    """Element type and static shape of a tensor."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @classmethod
    def of(cls, array: Array) -> TensorType:
        """Return the type of ``array``."""
        return cls(array.dtype, array.shape)

    def __str__(self) -> str:
        return f"{self.dtype.name}{list(self.shape)}"


FLOAT = np.dtype(np.float32)
INT = np.dtype(np.int32)
WORD = np.dtype(np.uint32)


@dataclass(frozen=True)
class Operator:
    """One operator.

    Attributes:
        name: the ONNX ``op_type``; unique without its domain.
        inputs: names of the inputs, in order; all are required.
        output: name of the one output.
        attributes: names of the integer attributes; all are required.
        shape: a function from input types and attributes to the output type; it raises ValueError with the
            description of a misuse.
        reference: the numpy reference; it takes the arrays in order and the attributes by keyword.
        body: the ONNX function's body in ONNX text.
    """

    name: str
    inputs: tuple[str, ...]
    output: str
    attributes: tuple[str, ...]
    shape: Callable[..., TensorType]
    reference: Callable[..., Array]
    body: str

    def infer(
        self, inputs: Sequence[TensorType], attributes: Mapping[str, int], node: str = ""
    ) -> TensorType:
        """Return the output's type.

        Args:
            inputs: the types of the inputs, in order.
            attributes: the attributes by name.
            node: the node's name, for the message.

        Raises:
            ModelError: the operator does not accept the inputs (number, type or shape) or an attribute.
        """
        problem = self._misuse(inputs, attributes)
        if problem is None:
            try:
                return self.shape(*inputs, **attributes)
            except ValueError as error:
                problem = str(error)
        place = f"Node {node} ({self.name})" if node else self.name
        raise ModelError(
            f"{place} is not valid: {problem}.",
            "See export/operators.md for its inputs and attributes, or export the model again.",
        )

    def _misuse(self, inputs: Sequence[TensorType], attributes: Mapping[str, int]) -> str | None:
        if len(inputs) != len(self.inputs):
            return f"it takes {len(self.inputs)} inputs ({', '.join(self.inputs)}), not {len(inputs)}"
        if set(attributes) != set(self.attributes):
            expected = ", ".join(self.attributes) or "none"
            return f"its attributes are {expected}, not {', '.join(sorted(attributes)) or 'none'}"
        for name, value in attributes.items():
            if not 1 <= value < MAX_K:
                return f"{name} is {value}, outside 1 to {MAX_K - 1}"
        return None

    def evaluate(self, inputs: Sequence[Array], attributes: Mapping[str, int]) -> Array:
        """Check the types, then compute with the reference.

        Raises:
            ModelError: see :meth:`infer`.
        """
        self.infer([TensorType.of(array) for array in inputs], attributes)
        return self.reference(*inputs, **attributes)

    def function(self) -> onnx.FunctionProto:
        """Return a new ONNX local function of standard operators that computes this operator."""
        proto = onnx.FunctionProto()
        proto.CopyFrom(_parsed(self.name))
        return proto


def _need(condition: bool, problem: str) -> None:
    if not condition:
        raise ValueError(problem)


def _typed(name: str, tensor: TensorType, dtype: np.dtype[Any], rank: int, *, at_least: bool = False) -> None:
    _need(tensor.dtype == dtype, f"{name} is {tensor}, not of type {dtype.name}")
    fits = len(tensor.shape) >= rank if at_least else len(tensor.shape) == rank
    _need(fits, f"{name} is {tensor}, not of rank {rank}{' or more' if at_least else ''}")


def _packed(name: str, tensor: TensorType, K: int, rank: int, *, at_least: bool = True) -> None:
    _typed(name, tensor, WORD, rank, at_least=at_least)
    _need(
        tensor.shape[-1] == words_for(K),
        f"the last axis of {name} is {tensor.shape[-1]} words, but K = {K} bits need {words_for(K)}",
    )


def _vector(name: str, tensor: TensorType, dtype: np.dtype[Any], length: int) -> None:
    _typed(name, tensor, dtype, 1)
    _need(tensor.shape[0] == length, f"{name} is {tensor}, but must have {length} entries")


def _pack_shape(X: TensorType, threshold: TensorType) -> TensorType:
    _need(X.dtype in (FLOAT, INT), f"X is {X}, neither float32 nor int32")
    _typed("X", X, X.dtype, 1, at_least=True)
    _vector("threshold", threshold, X.dtype, X.shape[-1])
    return TensorType(WORD, (*X.shape[:-1], words_for(X.shape[-1])))


def _linear_shape(
    Xp: TensorType, Wp: TensorType, scale: TensorType, bias: TensorType, *, K: int
) -> TensorType:
    _packed("Xp", Xp, K, 1)
    _packed("Wp", Wp, K, 2, at_least=False)
    _vector("scale", scale, FLOAT, Wp.shape[0])
    _vector("bias", bias, FLOAT, Wp.shape[0])
    return TensorType(FLOAT, (*Xp.shape[:-1], Wp.shape[0]))


def _linear_packed_shape(Xp: TensorType, Wp: TensorType, threshold: TensorType, *, K: int) -> TensorType:
    _packed("Xp", Xp, K, 1)
    _packed("Wp", Wp, K, 2, at_least=False)
    _vector("threshold", threshold, INT, Wp.shape[0])
    return TensorType(WORD, (*Xp.shape[:-1], words_for(Wp.shape[0])))


def _mat_mul_shape(Ap: TensorType, Bp: TensorType, *, K: int) -> TensorType:
    _packed("the first input", Ap, K, 2)
    _packed("the second input", Bp, K, 2)
    _need(Ap.shape[:-2] == Bp.shape[:-2], f"the leading axes of {Ap} and {Bp} differ")
    return TensorType(INT, (*Ap.shape[:-1], Bp.shape[-2]))


def _transpose_shape(Xp: TensorType, *, K: int) -> TensorType:
    _packed("Xp", Xp, K, 2)
    return TensorType(WORD, (*Xp.shape[:-2], K, words_for(Xp.shape[-2])))


def _attention_map_shape(S: TensorType, table: TensorType, ratio: TensorType, *, K: int) -> TensorType:
    _typed("S", S, INT, 3)
    _typed("table", table, INT, 2)
    heads, rows, columns = S.shape
    _need(table.shape == (heads, K + 1), f"table is {table}, but must be int32[{heads}, {K + 1}]")
    _vector("ratio", ratio, FLOAT, heads)
    _need(columns <= MAX_MAP_COLUMNS, f"S has {columns} columns, more than {MAX_MAP_COLUMNS}")
    return TensorType(WORD, (heads, rows, words_for(columns)))


# Pieces of ONNX text. Each piece names its values after its argument, so names never collide in a function.

_LAST = "last = Constant <value_ints: ints = [-1]> ()\n"
_LENGTH = """
K0 = Constant <value_int: int = @K> ()
one_axis = Constant <value_ints: ints = [1]> ()
K1 = Reshape (K0, one_axis)
first = Constant <value_ints: ints = [0]> ()
"""
_PLACES = f"""
places = Constant <value = uint32[{WORD_BITS}] {{{", ".join(map(str, range(WORD_BITS)))}}}> ()
lowest = Constant <value = uint32[1] {{1}}> ()
"""
_SIGN = """
two = Constant <value = float[1] {2}> ()
one = Constant <value = float[1] {1}> ()
"""


def _unpack(words: str) -> str:
    """Text that unpacks words to ``{words}_bits``: float 0 or 1, the last axis K long.

    It requires the values ``last``, ``K1``, ``first``, ``places`` and ``lowest``.
    """
    return f"""
    {words}_single = Unsqueeze ({words}, last)
    {words}_shifted = BitShift <direction = "RIGHT"> ({words}_single, places)
    {words}_masked = BitwiseAnd ({words}_shifted, lowest)
    {words}_float = Cast <to = 1> ({words}_masked)
    {words}_leading = Shape <end = -1> ({words})
    {words}_shape = Concat <axis = 0> ({words}_leading, last)
    {words}_whole = Reshape ({words}_float, {words}_shape)
    {words}_bits = Slice ({words}_whole, first, K1, last)
    """


def _signs(words: str) -> str:
    """Text that unpacks words to ``{words}_signs``: float +-1.

    It requires the values that ``_unpack`` requires, and ``two`` and ``one``.
    """
    return f"""
    {_unpack(words)}
    {words}_twice = Mul ({words}_bits, two)
    {words}_signs = Sub ({words}_twice, one)
    """


def _pack(bits: str, words: str) -> str:
    """Text that packs bool or float bits into ``words`` with a zero tail. It requires the value ``last``.

    It sums bit * 2**place in int64, because ONNX Runtime has no ReduceSum of unsigned integers.
    """
    return f"""
    {bits}_long = Cast <to = 7> ({bits})
    width = Constant <value_ints: ints = [{WORD_BITS}]> ()
    {bits}_length = Shape <start = -1> ({bits})
    {bits}_missing = Neg ({bits}_length)
    {bits}_tail = Mod ({bits}_missing, width)
    none = Constant <value_ints: ints = [0]> ()
    {bits}_pads = Concat <axis = 0> (none, {bits}_tail)
    zero = Constant <value_int: int = 0> ()
    {bits}_padded = Pad ({bits}_long, {bits}_pads, zero, last)
    {bits}_leading = Shape <end = -1> ({bits})
    {bits}_shape = Concat <axis = 0> ({bits}_leading, last, width)
    {bits}_rows = Reshape ({bits}_padded, {bits}_shape)
    powers = Constant <value = int64[{WORD_BITS}] {{{", ".join(str(1 << i) for i in range(WORD_BITS))}}}> ()
    {bits}_weighed = Mul ({bits}_rows, powers)
    {bits}_sums = ReduceSum <keepdims = 0> ({bits}_weighed, last)
    {words} = Cast <to = 12> ({bits}_sums)
    """


# The accumulator goes through int32 so that a runtime cannot merge the following operators with the product.
_LINEAR_ACC = f"""
{_LAST}{_LENGTH}{_PLACES}{_SIGN}
{_signs("Xp")}
{_signs("Wp")}
W = Transpose <perm = [1, 0]> (Wp_signs)
product = MatMul (Xp_signs, W)
acc = Cast <to = 6> (product)
"""

OPERATORS: Mapping[str, Operator] = {
    operator.name: operator
    for operator in (
        Operator(
            name="BnnPack",
            inputs=("X", "threshold"),
            output="Yp",
            attributes=(),
            shape=_pack_shape,
            reference=reference.bnn_pack,
            body=f"""
            {_LAST}
            bits = GreaterOrEqual (X, threshold)
            {_pack("bits", "Yp")}
            """,
        ),
        Operator(
            name="BnnLinear",
            inputs=("Xp", "Wp", "scale", "bias"),
            output="Y",
            attributes=("K",),
            shape=_linear_shape,
            reference=reference.bnn_linear,
            body=f"""
            {_LINEAR_ACC}
            float_acc = Cast <to = 1> (acc)
            scaled = Mul (float_acc, scale)
            Y = Add (scaled, bias)
            """,
        ),
        Operator(
            name="BnnLinearPacked",
            inputs=("Xp", "Wp", "threshold"),
            output="Yp",
            attributes=("K",),
            shape=_linear_packed_shape,
            reference=reference.bnn_linear_packed,
            body=f"""
            {_LINEAR_ACC}
            bits = GreaterOrEqual (acc, threshold)
            {_pack("bits", "Yp")}
            """,
        ),
        Operator(
            name="BnnMatMul",
            inputs=("Ap", "Bp"),
            output="Y",
            attributes=("K",),
            shape=_mat_mul_shape,
            reference=reference.bnn_mat_mul,
            body=f"""
            {_LAST}{_LENGTH}{_PLACES}{_SIGN}
            {_signs("Ap")}
            {_signs("Bp")}
            product = Einsum <equation = "...mk,...nk->...mn"> (Ap_signs, Bp_signs)
            Y = Cast <to = 6> (product)
            """,
        ),
        Operator(
            name="BnnTranspose",
            inputs=("Xp",),
            output="Yp",
            attributes=("K",),
            shape=_transpose_shape,
            reference=reference.bnn_transpose,
            body=f"""
            {_LAST}{_LENGTH}{_PLACES}
            {_unpack("Xp")}
            turned = Einsum <equation = "...mk->...km"> (Xp_bits)
            {_pack("turned", "Yp")}
            """,
        ),
        Operator(
            name="BnnAttentionMap",
            inputs=("S", "table", "ratio"),
            output="Pp",
            attributes=("K",),
            shape=_attention_map_shape,
            reference=reference.bnn_attention_map,
            body=f"""
            {_LAST}
            K0 = Constant <value_int: int = @K> ()
            K32 = Cast <to = 6> (K0)
            shifted = Add (S, K32)
            two = Constant <value = int32 {{2}}> ()
            counts = Div (shifted, two)
            zero32 = Constant <value = int32 {{0}}> ()
            one32 = Constant <value = int32 {{1}}> ()
            inner = Constant <value_ints: ints = [1, 2]> ()
            table_width = Add (K32, one32)
            heads_long = Size (ratio)
            heads = Cast <to = 6> (heads_long)
            head = Range (zero32, heads, one32)
            head_first = Mul (head, table_width)
            head_column = Unsqueeze (head_first, inner)
            places = Add (counts, head_column)
            flat_table = Reshape (table, last)
            e = Gather (flat_table, places)
            total = ReduceSum <keepdims = 1> (e, last)
            total_float = Cast <to = 1> (total)
            ratio_column = Unsqueeze (ratio, inner)
            limit = Mul (ratio_column, total_float)
            e_float = Cast <to = 1> (e)
            bits = GreaterOrEqual (e_float, limit)
            {_pack("bits", "Pp")}
            """,
        ),
        Operator(
            name="BnnBoolMatMul",
            inputs=("Pp", "Vp"),
            output="Y",
            attributes=("K",),
            shape=_mat_mul_shape,
            reference=reference.bnn_bool_mat_mul,
            body=f"""
            {_LAST}{_LENGTH}{_PLACES}{_SIGN}
            {_unpack("Pp")}
            {_signs("Vp")}
            product = Einsum <equation = "...mk,...nk->...mn"> (Pp_bits, Vp_signs)
            Y = Cast <to = 6> (product)
            """,
        ),
    )
}
"""Every operator by name, in the order of the specification."""


@cache
def _parsed(name: str) -> onnx.FunctionProto:
    operator = OPERATORS[name]
    attributes = f"<{', '.join(operator.attributes)}>" if operator.attributes else ""
    return parser.parse_function(
        f'<domain: "{DOMAIN}", opset_import: ["" : {OPSET}]>\n'
        f"{operator.name} {attributes} ({', '.join(operator.inputs)}) => ({operator.output})\n"
        f"{{{operator.body}}}"
    )
