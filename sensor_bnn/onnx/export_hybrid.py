"""Export of a folded hybrid model: integers from the sample to the class, in operators of version 2."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import onnx

from sensor_bnn.nn.folded_hybrid import (
    BitProduct,
    ByteProduct,
    FoldedHead,
    FoldedHybrid,
    FoldedHybridAttention,
    FoldedHybridMlp,
    FoldedPool,
    FoldedSigned,
    FoldedWindow,
    Halves,
    Quantizer,
    StreamEpilogue,
    Taps,
)
from sensor_bnn.onnx.graph import INPUT, OUTPUT, Graph
from sensor_bnn.onnx.operators import Array, TensorType
from sensor_bnn.onnx.packing import pack_bits, words_for
from sensor_bnn.onnx.quantities import INPUT_GAIN, INPUT_STEP, NUMBERS, OUTPUT_STEP

Sides = tuple[int, int]
"""The rows and columns of a grid of tokens; a value of the graph has them in this order, ``[T, ...]``."""

_SHORT = np.dtype(np.int16)
_BYTE = np.dtype(np.uint8)


def hybrid_to_onnx(folded: FoldedHybrid) -> onnx.ModelProto:
    """Return the model as ONNX.

    The input is ``window``: int16 ``[1, C, L]``, or uint8 ``[1, C, height, L]`` for images, 255 for 1. The
    output is ``logits``, int16 ``[1, classes]``. Names and metadata are those of every export; beside them
    the metadata say ``output_step``, the logit per step of the output, and for windows ``input_step``, the
    sensor units per step of each channel, and for a gain per window ``input_gain``. For regression they say
    ``numbers`` in place of ``classes``.

    Raises:
        ModelError: shapes do not fit the operators, such as too many tokens for a sum.
    """
    graph = Graph()
    stream, sides = _stem(graph, folded)
    for index, layer in enumerate(folded.layers):
        name = f"/layers.{index}"
        match layer:
            case FoldedSigned():
                stream, sides = _signed(graph, name, layer, stream, sides)
            case FoldedPool():
                stream, sides = _pool(graph, name, stream, sides, (layer.rows, layer.columns))
            case FoldedHybridMlp():
                hidden, _ = _signed(graph, f"{name}/expand", layer.expand, stream, sides)
                acc, _ = _product(graph, f"{name}/contract", layer.contract.product, hidden, sides)
                stream = _epilogue(graph, name, acc, layer.contract.epilogue, stream)
            case FoldedHybridAttention():
                stream = _attention(graph, name, layer, stream, sides)
    _head(graph, folded.head, stream)
    more = {OUTPUT_STEP: json.dumps(folded.output_step)}
    if folded.input_step is not None:
        more[INPUT_STEP] = json.dumps(folded.input_step)
    if folded.targets:
        more[NUMBERS] = json.dumps([asdict(target) for target in folded.targets], ensure_ascii=False)
    if folded.input_gain != "fixed":
        more[INPUT_GAIN] = json.dumps(folded.input_gain)
    return graph.model(folded, more)


def _constant(graph: Graph, node: str, what: str, array: Array) -> str:
    """Add a constant of the node ``/layers.0/product``, named ``layers.0.product.what``."""
    return graph.constant(f"{node.strip('/').replace('/', '.')}.{what}", array)


def _stem(graph: Graph, folded: FoldedHybrid) -> tuple[str, Sides]:
    sides, stem = folded.sides, folded.stem
    C, T = folded.channels, sides[0] * sides[1]
    graph.types[INPUT] = TensorType(_BYTE if folded.height else _SHORT, (1, *folded.input_shape))
    flat = graph.reshape("/stem/channels", INPUT, (C, T))
    tokens = graph.transpose("/stem/tokens", flat, (1, 0))
    added = None
    if stem.window is not None:
        tokens, added = _by_window(graph, stem.window, tokens)
    acc, sides = _product(graph, "/stem", stem.product, tokens, sides)
    stream = _epilogue(graph, "/stem", acc, stem.epilogue, added)
    return _pool(graph, "/stem/pool", stream, sides, stem.pool)


def _by_window(graph: Graph, window: FoldedWindow, tokens: str) -> tuple[str, str]:
    """Add what normalises each window; return the tokens and what is added to all of the stem's sums."""
    node = "/stem/window"
    moments = graph.packed("BnnWindowMoments", f"{node}/moments", tokens)
    divisors = moments
    if window.logarithms is not None:
        # The means there are not read; those of the window are subtracted in any case.
        both = np.concatenate([np.zeros_like(window.logarithms), window.logarithms])
        divisors = _constant(graph, f"{node}/normalize", "moments", both[None])
    normal = graph.packed("BnnWindowNormalize", f"{node}/normalize", tokens, divisors, gain=window.gain)
    inputs = _quantize(graph, f"{node}/quantize", moments, window.quantizer)
    weight = _constant(graph, f"{node}/product", "weight", window.weight)
    acc = graph.packed("BnnIntLinear", f"{node}/product", inputs, weight)
    return normal, _epilogue(graph, node, acc, window.epilogue, None)


def _signed(graph: Graph, name: str, layer: FoldedSigned, stream: str, sides: Sides) -> tuple[str, Sides]:
    acc, after = _product(graph, name, layer.product, stream, sides)
    shortcut, _ = _pool(graph, f"{name}/shortcut", stream, sides, layer.product.taps.stride)
    return _epilogue(graph, name, acc, layer.epilogue, shortcut), after


def _product(
    graph: Graph, name: str, product: BitProduct | ByteProduct, stream: str, sides: Sides
) -> tuple[str, Sides]:
    """Add a product with what makes its bits or bytes; return the accumulators and their grid."""
    node = f"{name}/product"
    if isinstance(product, BitProduct):
        bits = _pack(graph, name, stream, product.threshold)
        rows, after = _patches(graph, name, bits, product.taps, sides)
        weight = _constant(graph, node, "weight", pack_bits(product.weight))
        return graph.packed("BnnMatMul", node, rows, weight, K=product.weight.shape[1]), after
    quantized = _quantize(graph, f"{name}/quantize", stream, product.quantizer)
    rows, after = _patches(graph, name, quantized, product.taps, sides)
    weight = _constant(graph, node, "weight", product.weight)
    return graph.packed("BnnIntLinear", node, rows, weight), after


def _pack(graph: Graph, name: str, stream: str, threshold: Halves) -> str:
    return graph.packed("BnnPack", f"{name}/pack", stream, _constant(graph, name, "threshold", threshold))


def _quantize(graph: Graph, node: str, value: str, quantizer: Quantizer) -> str:
    scale, bias = (_constant(graph, node, what, getattr(quantizer, what)) for what in ("scale", "bias"))
    return graph.packed("BnnQuantize", node, value, scale, bias, pre=quantizer.pre, shift=quantizer.shift)


def _patches(graph: Graph, name: str, rows: str, taps: Taps, sides: Sides) -> tuple[str, Sides]:
    if taps.alone:
        return rows, sides
    each = zip(sides, taps.kernel, taps.stride, taps.dilation, strict=True)
    after = (-(-sides[0] // taps.stride[0]), -(-sides[1] // taps.stride[1]))
    attributes: dict[str, Any] = {
        f"{what}{side}": value
        for side, values in zip(("rows", "columns"), each, strict=True)
        for what, value in zip(("", "kernel_", "stride_", "dilation_"), values, strict=True)
    }
    return graph.packed("BnnPatches", f"{name}/patches", rows, **attributes), after


def _epilogue(
    graph: Graph, name: str, acc: str, epilogue: StreamEpilogue, stream: str | None, output: str = ""
) -> str:
    node = f"{name}/epilogue"
    constants = [_constant(graph, node, what, getattr(epilogue, what)) for what in ("scale", "bias", "slope")]
    shifts: dict[str, Any] = {"pre": epilogue.pre, "shift": epilogue.shift}
    if stream is None:
        return graph.packed("BnnStream", node, acc, *constants, output=output, **shifts)
    return graph.packed("BnnStreamAdd", node, acc, stream, *constants, **shifts)


def _pool(graph: Graph, name: str, stream: str, sides: Sides, group: Sides) -> tuple[str, Sides]:
    if group == (1, 1):
        return stream, sides
    attributes: dict[str, Any] = dict(zip(("rows", "columns"), sides, strict=True))
    attributes |= dict(zip(("group_rows", "group_columns"), group, strict=True))
    after = (-(-sides[0] // group[0]), -(-sides[1] // group[1]))
    return graph.packed("BnnAveragePool", name, stream, **attributes), after


def _attention(graph: Graph, name: str, layer: FoldedHybridAttention, stream: str, sides: Sides) -> str:
    T, d = graph.types[stream].shape
    H = len(layer.table)
    dh = d // H
    by_head = {}
    parts = {"query": layer.query, "key": layer.key, "value": layer.value}
    for (role, part), threshold in zip(parts.items(), layer.thresholds, strict=True):
        projected, _ = _signed(graph, f"{name}/{role}", part, stream, sides)
        bits = _pack(graph, f"{name}/{role}/sign", projected, threshold)  # [T, d / 32]
        split = graph.reshape(f"{name}/{role}/split", bits, (T, H, words_for(dh)))
        by_head[role] = graph.transpose(f"{name}/{role}/heads", split, (1, 0, 2))  # [H, T, dh / 32]
    scores = graph.packed("BnnMatMul", f"{name}/scores", by_head["query"], by_head["key"], K=dh)  # [H, T, T]
    table = _constant(graph, f"{name}/map", "table", layer.table)
    ratio = _constant(graph, f"{name}/map", "ratio", layer.ratio)
    chosen = graph.packed("BnnIntAttentionMap", f"{name}/map", scores, table, ratio, K=dh)  # [H, T, T / 32]
    turned = graph.packed("BnnTranspose", f"{name}/value/transpose", by_head["value"], K=dh)
    context = graph.packed("BnnBoolMatMul", f"{name}/context", chosen, turned, K=T)  # [H, T, dh]
    merge = graph.transpose(f"{name}/context/merge", context, (1, 0, 2))  # [T, H, dh]
    rows = graph.reshape(f"{name}/context/rows", merge, (T, d))
    merged = graph.constant(f"{name.strip('/')}.output.threshold", layer.merged)
    bits = graph.packed("BnnPack", f"{name}/output/pack", rows, merged)
    weight = _constant(graph, f"{name}/output", "weight", pack_bits(layer.weight))
    acc = graph.packed("BnnMatMul", f"{name}/output", bits, weight, K=d)
    return _epilogue(graph, name, acc, layer.epilogue, stream)


def _head(graph: Graph, head: FoldedHead, stream: str) -> None:
    features = []
    for kind, quantizer in head.features:
        node = f"/head/{kind}"
        if kind == "positive":
            assert head.threshold is not None
            bits = _pack(graph, node, stream, head.threshold)
            found = graph.packed("BnnTokenCount", node, bits, K=len(head.threshold))
        else:
            found = graph.packed("BnnTokenSum" if kind == "mean" else "BnnTokenMax", node, stream)
        features.append(_quantize(graph, f"{node}/quantize", found, quantizer))
    joined = features[0]
    if len(features) > 1:
        row = TensorType(np.dtype(np.int8), (1, head.weight.shape[1]))
        joined = graph.standard("Concat", "/head/features", *features, to=row, axis=1)
    weight = _constant(graph, "/head/linear", "weight", head.weight)
    acc = graph.packed("BnnIntLinear", "/head/linear", joined, weight)
    _epilogue(graph, "/head", acc, head.epilogue, None, OUTPUT)
