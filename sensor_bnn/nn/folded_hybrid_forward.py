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
    FoldedWindow,
    Halves,
    Quantizer,
    StreamEpilogue,
    Taps,
)
from sensor_bnn.nn.hybrid_parts import same_padding
from sensor_bnn.nn.window import window_moments, window_normalized

Whole = npt.NDArray[np.int64]
"""Integers of any size; a grid of tokens is ``[batch, rows, columns, channels]``."""
Trace = dict[str, Whole]
"""Intermediate values by name: the stream after a layer (``layers.0``, ``layers.1.query``), the signs or
bytes that a product takes (``layers.0.inputs``) and its sums, and of attention the signs and the map."""


def forward(model: FoldedHybrid, inputs: npt.NDArray[Any], trace: Trace | None = None) -> Halves:
    """Compute the logits, int16 ``[n, classes]``, in steps of ``model.output_step``.

    Args:
        model: the folded model.
        inputs: windows, int16 ``[n, C, L]``, or images, uint8 ``[n, C, height, L]``.
        trace: if given, receives all intermediate values that are named.
    """
    trace = {} if trace is None else trace
    grid = inputs.reshape(len(inputs), model.channels, *model.sides).transpose(0, 2, 3, 1).astype(np.int64)
    stem = model.stem
    added = None
    if stem.window is not None:
        grid, added = _by_window(stem.window, grid, trace)
    trace["stem.epilogue"] = _epilogue(stem.epilogue, _product(stem.product, grid, trace, "stem"), added)
    stream = trace["stem"] = _pooled(trace["stem.epilogue"], stem.pool)
    for index, layer in enumerate(model.layers):
        name = f"layers.{index}"
        stream = trace[name] = _layer(layer, stream, trace, name)
    return _head(model.head, stream, trace).astype(np.int16)


def _by_window(window: FoldedWindow, grid: Whole, trace: Trace) -> tuple[Whole, Whole]:
    """Return the normalised windows, and what is added to all tokens of each, ``[batch, 1, 1, N]``."""
    tokens = grid.reshape(len(grid), -1, grid.shape[-1])
    moments = trace["stem.moments"] = window_moments(tokens)
    logarithms = moments[:, grid.shape[-1] :]
    if window.logarithms is not None:
        logarithms = window.logarithms[None].astype(np.int64)
    normal = window_normalized(tokens, logarithms, window.gain).reshape(grid.shape)
    inputs = trace["stem.moment_bytes"] = _quantized(window.quantizer, moments)
    sums = inputs @ window.weight.astype(np.int64).T
    added = trace["stem.window"] = _epilogue(window.epilogue, sums, None)
    return normal, added[:, None, None]


def _layer(layer: FoldedLayer, stream: Whole, trace: Trace, name: str) -> Whole:
    match layer:
        case FoldedSigned():
            return _signed(layer, stream, trace, name)
        case FoldedPool():
            return _pooled(stream, (layer.rows, layer.columns))
        case FoldedHybridMlp():
            hidden = _signed(layer.expand, stream, trace, f"{name}.expand")
            acc = _product(layer.contract.product, hidden, trace, f"{name}.contract")
            return _epilogue(layer.contract.epilogue, acc, stream)
        case FoldedHybridAttention():
            return _attention(layer, stream, trace, name)


def _signed(layer: FoldedSigned, stream: Whole, trace: Trace, name: str) -> Whole:
    shortcut = _pooled(stream, layer.product.taps.stride)
    acc = _product(layer.product, stream, trace, name)
    result = trace[name] = _epilogue(layer.epilogue, acc, shortcut)
    return result


def _product(product: BitProduct | ByteProduct, stream: Whole, trace: Trace, name: str) -> Whole:
    if isinstance(product, BitProduct):
        values, border, weight = _signs(stream >= product.threshold), -1, _signs(product.weight)
    else:
        values, border, weight = _quantized(product.quantizer, stream), 0, product.weight.astype(np.int64)
    trace[f"{name}.inputs"] = values
    # A product of bytes has at most 2**16 terms below 2**14, which float64 adds exactly, and much faster.
    rows = _patches(values, product.taps, border)
    sums = np.asarray(rows.astype(np.float64) @ weight.T.astype(np.float64), dtype=np.int64)
    trace[f"{name}.sums"] = sums
    return sums


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


def _attention(layer: FoldedHybridAttention, stream: Whole, trace: Trace, name: str) -> Whole:
    shape, heads = stream.shape, len(layer.table)
    by_head = []
    parts = {"query": layer.query, "key": layer.key, "value": layer.value}
    for (role, part), threshold in zip(parts.items(), layer.thresholds, strict=True):
        signs = trace[f"{name}.{role}.signs"] = _signs(
            _signed(part, stream, trace, f"{name}.{role}") >= threshold
        )
        by_head.append(signs.reshape(shape[0], -1, heads, shape[-1] // heads).transpose(0, 2, 1, 3))
    q, k, v = by_head  # [batch, H, T, dh]
    agreeing = (q @ k.transpose(0, 1, 3, 2) + layer.table.shape[1] - 1) // 2  # [batch, H, T, T]
    e = np.take_along_axis(layer.table.astype(np.int64)[None, :, None, :], agreeing, axis=-1)
    attended = e * 65536 >= layer.ratio.astype(np.int64)[:, None, None] * e.sum(axis=-1, keepdims=True)
    chosen = trace[f"{name}.map"] = attended.astype(np.int64)
    merged = (chosen @ v).transpose(0, 2, 1, 3).reshape(shape)
    bits = trace[f"{name}.merged"] = _signs(merged >= layer.merged)
    sums = trace[f"{name}.sums"] = bits @ _signs(layer.weight).T
    return _epilogue(layer.epilogue, sums, stream)


def _head(head: FoldedHead, stream: Whole, trace: Trace) -> Whole:
    tokens = stream.reshape(len(stream), -1, stream.shape[-1])  # [batch, T, d]
    found = []
    for kind, quantizer in head.features:
        if kind == "positive":
            assert head.threshold is not None
            value = (tokens >= head.threshold).sum(axis=1)
        else:
            value = tokens.sum(axis=1) if kind == "mean" else tokens.max(axis=1)
        found.append(_quantized(quantizer, value))
    features = trace["head.features"] = np.concatenate(found, axis=1)
    sums = trace["head.sums"] = features @ head.weight.astype(np.int64).T
    return _epilogue(head.epilogue, sums, None)


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
