"""The naive reference of a hybrid model in integers: grids of tokens, +-1 and int64, nothing packed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sensor_bnn.nn.folded_hybrid import (
    BitProduct,
    ByteProduct,
    FoldedHead,
    FoldedHybrid,
    FoldedHybridAttention,
    FoldedHybridMlp,
    FoldedLayer,
    FoldedPool,
    FoldedSigned,
    Halves,
    Quantizer,
    StreamEpilogue,
    Taps,
)
from sensor_bnn.nn.hybrid_parts import same_padding

Whole = npt.NDArray[np.int64]
"""Integers of any size; a grid of tokens is ``[batch, rows, columns, channels]``."""


def forward(model: FoldedHybrid, inputs: npt.NDArray[Any], trace: dict[str, Whole] | None = None) -> Halves:
    """Compute the logits, int16 ``[n, classes]``, in steps of ``model.output_step``.

    Args:
        model: the folded model.
        inputs: windows, int16 ``[n, C, L]``, or images, uint8 ``[n, C, height, L]``.
        trace: if given, receives the stream after ``stem`` and after each layer, such as ``layers.0``.
    """
    grid = inputs.reshape(len(inputs), model.channels, *model.sides).transpose(0, 2, 3, 1).astype(np.int64)
    stream = _epilogue(model.stem.epilogue, _product(model.stem.product, grid), None)
    stream = _pooled(stream, model.stem.pool)
    trace = {} if trace is None else trace
    trace["stem"] = stream
    for index, layer in enumerate(model.layers):
        stream = trace[f"layers.{index}"] = _layer(layer, stream)
    return _head(model.head, stream).astype(np.int16)


def _layer(layer: FoldedLayer, stream: Whole) -> Whole:
    match layer:
        case FoldedSigned():
            return _signed(layer, stream)
        case FoldedPool():
            return _pooled(stream, (layer.rows, layer.columns))
        case FoldedHybridMlp():
            acc = _product(layer.contract.product, _signed(layer.expand, stream))
            return _epilogue(layer.contract.epilogue, acc, stream)
        case FoldedHybridAttention():
            return _attention(layer, stream)


def _signed(layer: FoldedSigned, stream: Whole) -> Whole:
    shortcut = _pooled(stream, layer.product.taps.stride)
    return _epilogue(layer.epilogue, _product(layer.product, stream), shortcut)


def _product(product: BitProduct | ByteProduct, stream: Whole) -> Whole:
    if isinstance(product, BitProduct):
        values, border, weight = _signs(stream >= product.threshold), -1, _signs(product.weight)
    else:
        values, border, weight = _quantized(product.quantizer, stream), 0, product.weight.astype(np.int64)
    # A product of bytes has at most 2**16 terms below 2**14, which float64 adds exactly, and much faster.
    rows = _patches(values, product.taps, border)
    return np.asarray(rows.astype(np.float64) @ weight.T.astype(np.float64), dtype=np.int64)


def _patches(grid: Whole, taps: Taps, border: int) -> Whole:
    """Return the neighbours of each output, ``[batch, rows', columns', taps * C]``."""
    pads = [
        same_padding(side, *of_axis)
        for side, *of_axis in zip(grid.shape[1:3], taps.kernel, taps.stride, taps.dilation, strict=True)
    ]
    wide = np.pad(grid, ((0, 0), *pads, (0, 0)), constant_values=border)
    counts = [-(-side // step) for side, step in zip(grid.shape[1:3], taps.stride, strict=True)]
    found = []
    for row in range(taps.kernel[0]):
        for column in range(taps.kernel[1]):
            places = [
                tap * dilation + step * np.arange(count)
                for tap, dilation, step, count in zip(
                    (row, column), taps.dilation, taps.stride, counts, strict=True
                )
            ]
            found.append(wide[:, places[0]][:, :, places[1]])
    return np.concatenate(found, axis=-1)


def _epilogue(epilogue: StreamEpilogue, acc: Whole, stream: Whole | None) -> Whole:
    N = len(epilogue.scale)
    a = _sat16(_rounded(_repeated(acc, N), epilogue.pre))
    h = _rounded(a * epilogue.scale.astype(np.int64), epilogue.shift) + epilogue.bias
    h = _sat16(h if stream is None else h + _repeated(stream, N))
    return np.where(h >= 0, h, _sat16(_rounded(h * epilogue.slope, 13)))


def _attention(layer: FoldedHybridAttention, stream: Whole) -> Whole:
    shape, heads = stream.shape, len(layer.table)
    q, k, v = (
        _signs(_signed(part, stream) >= threshold)
        .reshape(shape[0], -1, heads, shape[-1] // heads)
        .transpose(0, 2, 1, 3)  # [batch, H, T, dh]
        for part, threshold in zip((layer.query, layer.key, layer.value), layer.thresholds, strict=True)
    )
    scores = q @ k.transpose(0, 1, 3, 2)  # [batch, H, T, T]
    agreeing = (scores + layer.table.shape[1] - 1) // 2
    e = np.take_along_axis(layer.table.astype(np.int64)[None, :, None, :], agreeing, axis=-1)
    attended = e * 65536 >= layer.ratio.astype(np.int64)[:, None, None] * e.sum(axis=-1, keepdims=True)
    merged = (attended.astype(np.int64) @ v).transpose(0, 2, 1, 3).reshape(shape)
    acc = _signs(merged >= layer.merged) @ _signs(layer.weight).T
    return _epilogue(layer.epilogue, acc, stream)


def _head(head: FoldedHead, stream: Whole) -> Whole:
    tokens = stream.reshape(len(stream), -1, stream.shape[-1])  # [batch, T, d]
    found = []
    for kind, quantizer in head.features:
        if kind == "positive":
            assert head.threshold is not None
            value = (tokens >= head.threshold).sum(axis=1)
        else:
            value = tokens.sum(axis=1) if kind == "mean" else tokens.max(axis=1)
        found.append(_quantized(quantizer, value))
    return _epilogue(head.epilogue, np.concatenate(found, axis=1) @ head.weight.astype(np.int64).T, None)


def _quantized(quantizer: Quantizer, x: Whole) -> Whole:
    a = _sat16(_rounded(x, quantizer.pre))
    return np.asarray(np.clip((a * quantizer.scale + quantizer.bias) >> quantizer.shift, -127, 127))


def _pooled(stream: Whole, group: tuple[int, int]) -> Whole:
    """Return the means of groups of tokens, rounded to nearest, ties up."""
    if group == (1, 1):
        return stream
    columns = [
        [
            stream[:, row : row + group[0], column : column + group[1]]
            for column in range(0, stream.shape[2], group[1])
        ]
        for row in range(0, stream.shape[1], group[0])
    ]
    return np.stack([np.stack([_mean(part) for part in row], axis=1) for row in columns], axis=1)


def _mean(part: Whole) -> Whole:
    n = part.shape[1] * part.shape[2]
    return np.asarray((2 * part.sum(axis=(1, 2)) + n) // (2 * n))


def _signs(bits: npt.NDArray[np.bool_]) -> Whole:
    return np.where(bits, np.int64(1), np.int64(-1))


def _repeated(x: Whole, channels: int) -> Whole:
    return np.concatenate([x] * (channels // x.shape[-1]), axis=-1)


def _rounded(x: Whole, bits: int) -> Whole:
    return (x + (1 << bits >> 1)) >> bits


def _sat16(x: Whole) -> Whole:
    return np.clip(x, -(1 << 15), (1 << 15) - 1)
