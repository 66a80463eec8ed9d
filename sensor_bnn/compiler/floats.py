"""Float operators whose library functions differ between machines, as kernels with a fixed order.

So LayerNormalization, Softmax, Gelu, Erf and Cast from float give the same bits on every target.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from onnx import helper
from tvm import relax
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels import built
from sensor_bnn.compiler.kernels.cast import cast
from sensor_bnn.compiler.kernels.error_function import erf, gelu, gelu_tanh
from sensor_bnn.compiler.kernels.layer_norm import layer_norm
from sensor_bnn.compiler.kernels.softmax import softmax
from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.operators import FLOAT, TensorType

LAYER_NORM = "sensor_bnn.LayerNormalization"
SOFTMAX = "sensor_bnn.Softmax"
ERF = "sensor_bnn.Erf"
GELU = "sensor_bnn.Gelu"
GELU_TANH = "sensor_bnn.GeluTanh"
CAST = "sensor_bnn.Cast"

_ALONG_AN_AXIS = ("LayerNormalization", "Softmax")
_REMEDY = "Export the model with it over the last axis, in float32."


def float_kernel(extern: str, types: list[TensorType], *numbers: int) -> tuple[str, PrimFunc]:
    """Return the C symbol and the kernel of an operator for the shape of its input.

    Args:
        extern: one of ``FLOAT_KERNELS``.
        types: the types of its inputs.
        numbers: its attributes: of LayerNormalization the normalised entries and the bits of epsilon.
    """
    shape = types[0].shape
    size = prod(shape)
    if extern == LAYER_NORM:
        N, bits = numbers
        symbol = f"sbnn_layer_norm_m{size // N}_n{N}_e{bits:x}"
        return symbol, built(layer_norm, size // N, N, float(np.int32(bits).view(np.float32)))
    if extern == SOFTMAX:
        return f"sbnn_softmax_m{size // shape[-1]}_n{shape[-1]}", built(softmax, size // shape[-1], shape[-1])
    if extern == CAST:
        dtype = _CAST_TO[numbers[0]]
        return f"sbnn_cast_{dtype}_n{size}", built(cast, size, dtype)
    build = {ERF: erf, GELU: gelu, GELU_TANH: gelu_tanh}[extern]
    return f"sbnn_{build.__name__}_n{size}", built(build, size)


_CAST_TO = {
    int(helper.np_dtype_to_tensor_dtype(np.dtype(name))): name
    for name in ("bool", "int8", "int16", "int32", "uint8", "uint16", "uint32")
}
"""The types that ``CAST`` writes, by ONNX's number."""


def _call(extern: str, x: relax.Expr, *arguments: relax.Expr) -> relax.Expr:
    return relax.op.call_dps_packed(extern, [x, *arguments], x.ty)


def _type(x: relax.Expr, operator: str, name: str) -> TensorType:
    kind = TensorType(np.dtype(str(x.ty.dtype.dtype)), tuple(int(size) for size in x.ty.shape))
    if kind.dtype != FLOAT or (not kind.shape and operator in _ALONG_AN_AXIS):
        raise ModelError(f"Node {name} ({operator}) reads {kind}.", _REMEDY)
    return kind


def _layer_norm(inputs: Any, attributes: dict[str, Any], name: str) -> relax.Expr:
    x = inputs[0]
    shape = _type(x, "LayerNormalization", name).shape
    axis = int(attributes.get("axis", -1)) % len(shape)
    N = prod(shape[axis:])
    parts = [part for part in inputs[1:3] if part is not None]
    if len(parts) == 1:
        parts.append(relax.const(np.zeros(N, np.float32)))
    for part in parts:
        if prod(_type(part, "LayerNormalization", name).shape) != N:
            raise ModelError(
                f"Node {name} (LayerNormalization): gain and bias must have {N} entries each.", _REMEDY
            )
    # Relax passes attributes as integers, so epsilon goes as the bits of its float32.
    bits = int(np.float32(attributes.get("epsilon", 1e-5)).view(np.int32))
    return _call(LAYER_NORM, x, *parts, relax.prim_value(N), relax.prim_value(bits))


def _softmax(inputs: Any, attributes: dict[str, Any], name: str) -> relax.Expr:
    x = inputs[0]
    rank = len(_type(x, "Softmax", name).shape)
    axis = int(attributes.get("axis", -1))
    if axis % rank != rank - 1:
        raise ModelError(f"Node {name} (Softmax) is over axis {axis} of {rank}.", _REMEDY)
    return _call(SOFTMAX, x)


def _erf(inputs: Any, attributes: dict[str, Any], name: str) -> relax.Expr:
    _type(inputs[0], "Erf", name)
    return _call(ERF, inputs[0])


def _cast(inputs: Any, attributes: dict[str, Any], name: str) -> relax.Expr:
    x, to = inputs[0], int(attributes["to"])
    source = str(x.ty.dtype.dtype)
    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(to)).name
    if source != "float32" or to not in _CAST_TO:
        # Truth values are the numbers 0 and 1; the others are single instructions, or cut bits off.
        return relax.op.not_equal(x, relax.const(0, source)) if dtype == "bool" else relax.op.astype(x, dtype)
    return relax.op.call_dps_packed(CAST, [x, relax.prim_value(to)], relax.TensorType(x.ty.shape, dtype))


def _gelu(inputs: Any, attributes: dict[str, Any], name: str) -> relax.Expr:
    _type(inputs[0], "Gelu", name)
    form = attributes.get("approximate", "none")
    form = form.decode() if isinstance(form, bytes) else form
    if form not in ("none", "tanh"):
        raise ModelError(f"Node {name} (Gelu) is approximated by {form}.", "Use none or tanh.")
    return _call(GELU_TANH if form == "tanh" else GELU, inputs[0])


FLOAT_OPERATORS: dict[str, Callable[[Any, dict[str, Any], str], relax.Expr]] = {
    "Cast": _cast,
    "LayerNormalization": _layer_norm,
    "Softmax": _softmax,
    "Erf": _erf,
    "Gelu": _gelu,
}
"""By ONNX operator, the function from inputs, attributes and node name to the call of its kernel."""

FLOAT_KERNELS = (LAYER_NORM, SOFTMAX, ERF, GELU, GELU_TANH, CAST)
