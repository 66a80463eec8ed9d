"""The naive reference of all packed code: a folded model computed with unpacked +-1 integers in numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensor_bnn.nn.folded import (
    Bits,
    FloatOutLinear,
    Floats,
    FoldedAttention,
    FoldedMlp,
    FoldedModel,
    Integers,
    LayerNorm,
    PackedOutLinear,
    ResidualPackedLinear,
)

Trace = dict[str, npt.NDArray[np.generic]]
"""All intermediate bits and integers, and the float stream after each half of a block, by name, such as
``blocks.0.attention.scores`` and ``blocks.0.mlp.residual``; without a batch axis."""


def forward(model: FoldedModel, window: Floats, trace: Trace | None = None) -> Floats:
    """Compute the logits, float32 ``[classes]``, of one window or image.

    Args:
        model: the folded model.
        window: the input, float32, of shape ``model.input_shape``.
        trace: if given, receives all intermediate values.
    """
    return from_stream(model, embed(model, window), trace)


def embed(model: FoldedModel, window: Floats) -> Floats:
    """Compute the float stream ``[T, d]`` of one window or image, the model's only large float product."""
    C, P = model.channels, model.patch
    if model.height:
        squares = window.reshape(C, model.height // P, P, -1, P).transpose(1, 3, 0, 2, 4)
        rows = squares.reshape(-1, C * P * P)
    else:
        rows = window.reshape(C, -1, P).transpose(1, 0, 2).reshape(-1, C * P)
    stream: Floats = rows @ model.embed_weight + model.embed_bias  # [T, values] by [values, d]
    return stream


def from_stream(model: FoldedModel, stream: Floats, trace: Trace | None = None) -> Floats:
    """Compute the logits ``[classes]`` from the embedded stream ``[T, d]``.

    The embedding's float sums may round differently elsewhere; after them every rounding is specified.
    """
    trace = {} if trace is None else trace
    for index, (attention, mlp) in enumerate(model.blocks):
        added = _attention(attention, model.heads, stream, trace, f"blocks.{index}.attention")
        stream = trace[f"blocks.{index}.attention.residual"] = _activated(attention, stream + added)
        added = _mlp(mlp, stream, trace, f"blocks.{index}.mlp")
        stream = trace[f"blocks.{index}.mlp.residual"] = _activated(mlp, stream + added)
    logits: Floats = stream.mean(axis=0, dtype=np.float32) @ model.head_weight + model.head_bias
    return logits


def _attention(layer: FoldedAttention, heads: int, stream: Floats, trace: Trace, name: str) -> Floats:
    b = _normed(layer.pre_norm, stream) >= layer.threshold  # [T, d]
    q, k, v = (_packed(project, b, stream) for project in (layer.query, layer.key, layer.value))
    qh, kh, vh = (_pm1(x).reshape(len(x), heads, -1).transpose(1, 0, 2) for x in (q, k, v))  # [H, T, dh]
    scores = qh @ kh.transpose(0, 2, 1)  # [H, T, T]
    attended = attention_map(scores, layer.table, layer.ratio)
    y = (attended.astype(np.int32) @ vh).transpose(1, 0, 2).reshape(stream.shape)  # [T, d]
    a = y >= layer.output_threshold
    parts = {"bits": b, "query": q, "key": k, "value": v, "scores": scores, "map": attended}
    trace |= {f"{name}.{part}": value for part, value in {**parts, "attended": y, "merged": a}.items()}
    return _normed(layer.norm, _float(layer.output, a))


def _mlp(layer: FoldedMlp, stream: Floats, trace: Trace, name: str) -> Floats:
    b = _normed(layer.pre_norm, stream) >= layer.threshold
    hidden = _packed(layer.expand, b, stream)
    trace |= {f"{name}.bits": b, f"{name}.hidden": hidden}
    return _normed(layer.norm, _float(layer.contract, hidden))


def attention_map(scores: Integers, table: Integers, ratio: Floats) -> Bits:
    """Map integer scores ``[H, M, N]`` to booleans: ``float32(e) >= ratio * float32(sum of e in a row)``."""
    counts = (scores + table.shape[1] - 1) // 2  # agreeing bits, 0 .. dh
    weights = np.stack([row[count] for row, count in zip(table, counts, strict=True)])
    limit = ratio[:, None, None] * weights.sum(axis=-1, keepdims=True, dtype=np.int32).astype(np.float32)
    attended: Bits = weights.astype(np.float32) >= limit
    return attended


def _pm1(bits: Bits) -> Integers:
    return np.where(bits, np.int32(1), np.int32(-1))


def _normed(norm: LayerNorm | None, x: Floats) -> Floats:
    if norm is None:
        return x
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = np.square(centred).mean(axis=-1, keepdims=True)
    y: Floats = centred / np.sqrt(variance + np.float32(norm.epsilon)) * norm.gain + norm.bias
    return y


def _activated(layer: FoldedAttention | FoldedMlp, stream: Floats) -> Floats:
    if layer.activation is None:
        return stream
    moved = stream - layer.activation.before
    return np.where(moved < 0, moved * layer.activation.slope, moved) + layer.activation.after


def _packed(layer: PackedOutLinear | ResidualPackedLinear, bits: Bits, stream: Floats) -> Bits:
    if isinstance(layer, ResidualPackedLinear):
        y = _float(layer.linear, bits)
        return y + np.tile(stream, y.shape[1] // stream.shape[1]) >= layer.threshold
    accumulated = _pm1(bits) @ _pm1(layer.weight).T
    return accumulated >= layer.threshold


def _float(layer: FloatOutLinear, bits: Bits) -> Floats:
    accumulated = (_pm1(bits) @ _pm1(layer.weight).T).astype(np.float32)
    return accumulated * layer.scale + layer.bias
