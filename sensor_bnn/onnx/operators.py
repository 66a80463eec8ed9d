"""The operators of domain ``ai.sensorbnn``, one entry each, in one table.

The entries of version 1 are here, those of version 2 in ``operators_int.py``. An exported file carries the
function of every operator that it uses, so that a runtime that does not know the domain can run it.
``export/operators.md`` is the specification in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import onnx

from sensor_bnn.onnx import reference
from sensor_bnn.onnx.domain import (
    DOMAIN,
    DOMAIN_VERSIONS,
    FLOAT,
    INT,
    IR_VERSION,
    MAX_K,
    MAX_MAP_COLUMNS,
    OPSET,
    PRODUCER,
    SHORT,
    SIZES,
    WORD,
    Array,
    Operator,
    TensorType,
    need,
    packed,
    typed,
    vector,
)
from sensor_bnn.onnx.functions import ENTRIES, LAST, LENGTH, PLACES, SIGN, pack, signs, unpack
from sensor_bnn.onnx.operators_int import INTEGER_OPERATORS
from sensor_bnn.onnx.packing import words_for

__all__ = [
    "DOMAIN",
    "DOMAIN_VERSIONS",
    "FLOAT",
    "INT",
    "IR_VERSION",
    "MAX_K",
    "MAX_MAP_COLUMNS",
    "OPERATORS",
    "OPSET",
    "PRODUCER",
    "WORD",
    "Array",
    "Operator",
    "TensorType",
    "domain_version",
]


def _pack_shape(X: TensorType, threshold: TensorType) -> TensorType:
    need(X.dtype in (FLOAT, INT, SHORT), f"X is {X}, not of type float32, int32 or int16")
    typed("X", X, X.dtype, 1, at_least=True)
    vector("threshold", threshold, X.dtype, X.shape[-1])
    return TensorType(WORD, (*X.shape[:-1], words_for(X.shape[-1])))


def _linear_shape(
    Xp: TensorType, Wp: TensorType, scale: TensorType, bias: TensorType, *, K: int
) -> TensorType:
    packed("Xp", Xp, K, 1)
    packed("Wp", Wp, K, 2, at_least=False)
    vector("scale", scale, FLOAT, Wp.shape[0])
    vector("bias", bias, FLOAT, Wp.shape[0])
    return TensorType(FLOAT, (*Xp.shape[:-1], Wp.shape[0]))


def _linear_packed_shape(Xp: TensorType, Wp: TensorType, threshold: TensorType, *, K: int) -> TensorType:
    packed("Xp", Xp, K, 1)
    packed("Wp", Wp, K, 2, at_least=False)
    vector("threshold", threshold, INT, Wp.shape[0])
    return TensorType(WORD, (*Xp.shape[:-1], words_for(Wp.shape[0])))


def _mat_mul_shape(Ap: TensorType, Bp: TensorType, *, K: int) -> TensorType:
    packed("the first input", Ap, K, 2)
    packed("the second input", Bp, K, 2)
    need(Ap.shape[:-2] == Bp.shape[:-2], f"the leading axes of {Ap} and {Bp} differ")
    return TensorType(INT, (*Ap.shape[:-1], Bp.shape[-2]))


def _transpose_shape(Xp: TensorType, *, K: int) -> TensorType:
    packed("Xp", Xp, K, 2)
    return TensorType(WORD, (*Xp.shape[:-2], K, words_for(Xp.shape[-2])))


def _attention_map_shape(S: TensorType, table: TensorType, ratio: TensorType, *, K: int) -> TensorType:
    typed("S", S, INT, 3)
    typed("table", table, INT, 2)
    heads, rows, columns = S.shape
    need(table.shape == (heads, K + 1), f"table is {table}, but must be int32[{heads}, {K + 1}]")
    vector("ratio", ratio, FLOAT, heads)
    need(columns <= MAX_MAP_COLUMNS, f"S has {columns} columns, more than {MAX_MAP_COLUMNS}")
    return TensorType(WORD, (heads, rows, words_for(columns)))


# The accumulator goes through int32 so that a runtime cannot merge the following operators with the product.
_LINEAR_ACC = f"""
{LAST}{LENGTH}{PLACES}{SIGN}
{signs("Xp")}
{signs("Wp")}
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
            attributes={},
            shape=_pack_shape,
            reference=reference.bnn_pack,
            body=f"""
            {LAST}
            bits = GreaterOrEqual (X, threshold)
            {pack("bits", "Yp")}
            """,
        ),
        Operator(
            name="BnnLinear",
            inputs=("Xp", "Wp", "scale", "bias"),
            output="Y",
            attributes={"K": SIZES},
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
            attributes={"K": SIZES},
            shape=_linear_packed_shape,
            reference=reference.bnn_linear_packed,
            body=f"""
            {_LINEAR_ACC}
            bits = GreaterOrEqual (acc, threshold)
            {pack("bits", "Yp")}
            """,
        ),
        Operator(
            name="BnnMatMul",
            inputs=("Ap", "Bp"),
            output="Y",
            attributes={"K": SIZES},
            shape=_mat_mul_shape,
            reference=reference.bnn_mat_mul,
            body=f"""
            {LAST}{LENGTH}{PLACES}{SIGN}
            {signs("Ap")}
            {signs("Bp")}
            product = Einsum <equation = "...mk,...nk->...mn"> (Ap_signs, Bp_signs)
            Y = Cast <to = 6> (product)
            """,
        ),
        Operator(
            name="BnnTranspose",
            inputs=("Xp",),
            output="Yp",
            attributes={"K": SIZES},
            shape=_transpose_shape,
            reference=reference.bnn_transpose,
            body=f"""
            {LAST}{LENGTH}{PLACES}
            {unpack("Xp")}
            turned = Einsum <equation = "...mk->...km"> (Xp_bits)
            {pack("turned", "Yp")}
            """,
        ),
        Operator(
            name="BnnAttentionMap",
            inputs=("S", "table", "ratio"),
            output="Pp",
            attributes={"K": SIZES},
            shape=_attention_map_shape,
            reference=reference.bnn_attention_map,
            body=f"""
            {LAST}
            {ENTRIES}
            total_float = Cast <to = 1> (total)
            ratio_column = Unsqueeze (ratio, inner)
            limit = Mul (ratio_column, total_float)
            e_float = Cast <to = 1> (e)
            bits = GreaterOrEqual (e_float, limit)
            {pack("bits", "Pp")}
            """,
        ),
        Operator(
            name="BnnBoolMatMul",
            inputs=("Pp", "Vp"),
            output="Y",
            attributes={"K": SIZES},
            shape=_mat_mul_shape,
            reference=reference.bnn_bool_mat_mul,
            body=f"""
            {LAST}{LENGTH}{PLACES}{SIGN}
            {unpack("Pp")}
            {signs("Vp")}
            product = Einsum <equation = "...mk,...nk->...mn"> (Pp_bits, Vp_signs)
            Y = Cast <to = 6> (product)
            """,
        ),
        *INTEGER_OPERATORS,
    )
}
"""Every operator by name, in the order of the specification."""


def domain_version(nodes: Iterable[onnx.NodeProto], types: Mapping[str, TensorType]) -> int:
    """Return the oldest version of the domain that has the operators of a graph.

    Args:
        nodes: the graph's nodes; those of other domains do not count.
        types: the type of every value that they read, by name.
    """
    needed = (
        OPERATORS[node.op_type].version([types[name] for name in node.input])
        for node in nodes
        if node.domain == DOMAIN
    )
    return max(needed, default=DOMAIN_VERSIONS[0])
