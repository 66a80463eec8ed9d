"""Export of a folded model as an ONNX file with packed operators, their functions and all shapes.

The same folded model and the same version of this package give the same bytes. The file's SHA-256 is the
model's identity on the device.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx

from sensor_bnn.errors import ModelError
from sensor_bnn.files import write_files
from sensor_bnn.nn.folded import (
    FloatOutLinear,
    Floats,
    FoldedAttention,
    FoldedMlp,
    FoldedModel,
    LayerNorm,
    PackedOutLinear,
    ResidualPackedLinear,
)
from sensor_bnn.nn.folded_hybrid import FoldedHybrid
from sensor_bnn.nn.model import Folded
from sensor_bnn.onnx.checksum import checksum_file, checksum_text
from sensor_bnn.onnx.export_hybrid import hybrid_to_onnx
from sensor_bnn.onnx.graph import INPUT, OUTPUT, Graph
from sensor_bnn.onnx.narrow import PIXEL, eighth, narrowed
from sensor_bnn.onnx.operators import FLOAT, INT, Array, TensorType
from sensor_bnn.onnx.packing import WORD_BITS, pack_bits, words_for

BYTE = np.dtype(np.uint8)


def to_onnx(folded: Folded, *, narrow: bool = False) -> onnx.ModelProto:
    """Return the model as ONNX.

    The input is ``window``, float32 ``[1, C, L]`` in the sensor's units, or ``[1, C, height, L]`` for images.
    The output is ``logits``, float32 ``[1, classes]``. A node has the name of its module
    (``/blocks.0/attention/query``), and the output of a node has the name of the node. The metadata are
    ``name``, ``classes`` (a JSON list), ``producer_version`` and, if they have names, ``channels``.

    A hybrid model has integers at both ends, as :func:`~sensor_bnn.onnx.export_hybrid.hybrid_to_onnx` says.

    Args:
        folded: the model.
        narrow: whether to round float constants to 16 bits, and the weights of embedding and head to whole
            numbers of 8 bits with one scale per output, and to take images as uint8, 255 for 1; a hybrid
            model is so already.

    Raises:
        ModelError: shapes do not fit each other or the operators, or constants are not finite.
    """
    if isinstance(folded, FoldedHybrid):
        return hybrid_to_onnx(folded)
    _check(folded)
    if narrow:
        folded = narrowed(folded)
    graph = Graph()
    stream = _embed(graph, folded, narrow)
    for index, (attention, mlp) in enumerate(folded.blocks):
        stream = _attention(graph, f"blocks.{index}.attention", attention, stream, folded.heads)
        stream = _mlp(graph, f"blocks.{index}.mlp", mlp, stream)
    _head(graph, folded, stream, narrow)
    return graph.model(folded)


def save_onnx(model: onnx.ModelProto, path: Path, *, checksum: bool = False) -> None:
    """Check the model strictly and write it atomically.

    Args:
        model: the model.
        path: the file.
        checksum: whether to write its SHA-256 to a file beside it, which is checked whenever it is read.

    Raises:
        ModelError: the model is not valid ONNX.
        FileError: the file cannot be written.
    """
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ModelError(
            f"The model for {path} is not valid ONNX: {error}.", "This is a defect of the export: report it."
        ) from error
    data = model.SerializeToString(deterministic=True)
    beside = {checksum_file(path).name: checksum_text(path, data)} if checksum else {}
    write_files(path.parent, {path.name: data, **beside})


def _embed(graph: Graph, folded: FoldedModel, narrow: bool) -> str:
    C, P = folded.channels, folded.patch
    T, d = folded.embed_bias.shape
    pixels = narrow and folded.height > 0
    largest = PIXEL if pixels else 1
    # A pixel as a byte is 255 times as large as in training, so its weight is divided by 255.
    weight = (folded.embed_weight.astype(np.float64) / largest).astype(np.float32)
    weights = _weights(graph, "embed", weight, narrow, largest)
    bias = graph.constant("embed.bias", folded.embed_bias)
    graph.types[INPUT] = TensorType(BYTE if pixels else FLOAT, (1, *folded.input_shape))
    source = INPUT
    if pixels:
        floats = TensorType(FLOAT, graph.types[INPUT].shape)
        source = graph.standard("Cast", "/embed/pixels", INPUT, to=floats, element=onnx.TensorProto.FLOAT)
    if folded.height:
        split = graph.reshape("/embed/split", source, (C, folded.height // P, P, folded.length // P, P))
        rows = graph.transpose("/embed/rows", split, (1, 3, 0, 2, 4))  # [height / P, L / P, C, P, P]
    else:
        split = graph.reshape("/embed/split", source, (C, T, P))
        rows = graph.transpose("/embed/rows", split, (1, 0, 2))  # [T, C, P]
    tokens = graph.reshape("/embed/tokens", rows, (T, folded.patch_values))
    project = _product(graph, "embed", tokens, weights)
    return graph.standard("Add", "/embed/position", project, bias, to=TensorType(FLOAT, (T, d)))


def _weights(
    graph: Graph, name: str, weight: Floats, narrow: bool, largest: int = 1
) -> tuple[str, str | None]:
    """Add the constants of a float product: weights and, if narrow, the scale of each output."""
    if not narrow:
        return graph.constant(f"{name}.weight", weight), None
    whole, scale = eighth(weight, largest)
    return graph.constant(f"{name}.weight", whole), graph.constant(f"{name}.scale", scale)


def _product(graph: Graph, name: str, value: str, weights: tuple[str, str | None]) -> str:
    weight, scale = weights
    to = TensorType(FLOAT, (graph.types[value].shape[0], graph.types[weight].shape[1]))
    project = graph.standard("MatMul", f"/{name}/project", value, weight, to=to)
    return project if scale is None else graph.standard("Mul", f"/{name}/scale", project, scale, to=to)


def _attention(graph: Graph, name: str, attention: FoldedAttention, stream: str, heads: int) -> str:
    T, d = graph.types[stream].shape
    dh = d // heads
    scope = _scope(name)
    normed = _norm(graph, f"{name}.pre_norm", stream, attention.pre_norm)
    bits = _pack(graph, f"{name}.threshold", f"{scope}/pack", normed, attention.threshold)  # [T, d/32]
    by_head = {}
    for role, linear in (("query", attention.query), ("key", attention.key), ("value", attention.value)):
        projected = _packed_out(graph, f"{name}.{role}", linear, bits, stream)  # [T, d/32]
        split = graph.reshape(f"{scope}/{role}/split", projected, (T, heads, words_for(dh)))
        by_head[role] = graph.transpose(f"{scope}/{role}/heads", split, (1, 0, 2))  # [H, T, dh/32]
    scores = graph.packed("BnnMatMul", f"{scope}/scores", by_head["query"], by_head["key"], K=dh)  # [H, T, T]
    table = graph.constant(f"{name}.table", attention.table)
    ratio = graph.constant(f"{name}.ratio", attention.ratio)
    chosen = graph.packed("BnnAttentionMap", f"{scope}/map", scores, table, ratio, K=dh)  # [H, T, T/32]
    turned = graph.packed("BnnTranspose", f"{scope}/value/transpose", by_head["value"], K=dh)  # [H, dh, T/32]
    context = graph.packed("BnnBoolMatMul", f"{scope}/context", chosen, turned, K=T)  # [H, T, dh]
    merge = graph.transpose(f"{scope}/context/merge", context, (1, 0, 2))  # [T, H, dh]
    rows = graph.reshape(f"{scope}/context/rows", merge, (T, d))
    packed = _pack(
        graph, f"{name}.output.threshold", f"{scope}/output/pack", rows, attention.output_threshold
    )
    out = _float_out(graph, f"{name}.output", attention.output, packed)
    return _added(graph, name, attention, stream, out)


def _mlp(graph: Graph, name: str, mlp: FoldedMlp, stream: str) -> str:
    scope = _scope(name)
    normed = _norm(graph, f"{name}.pre_norm", stream, mlp.pre_norm)
    bits = _pack(graph, f"{name}.threshold", f"{scope}/pack", normed, mlp.threshold)
    hidden = _packed_out(graph, f"{name}.expand", mlp.expand, bits, stream)
    out = _float_out(graph, f"{name}.contract", mlp.contract, hidden)
    return _added(graph, name, mlp, stream, out)


def _added(graph: Graph, name: str, layer: FoldedAttention | FoldedMlp, stream: str, out: str) -> str:
    """Add a layer's normalised output to the stream, then apply the stream's activation."""
    scope, kind = _scope(name), graph.types[stream]
    out = _norm(graph, f"{name}.norm", out, layer.norm)
    added = graph.standard("Add", f"{scope}/residual", stream, out, to=kind)
    if layer.activation is None:
        return added
    before = graph.constant(f"{name}.activation.before", layer.activation.before)
    slope = graph.constant(f"{name}.activation.slope", layer.activation.slope)
    after = graph.constant(f"{name}.activation.after", layer.activation.after)
    moved = graph.standard("Sub", f"{scope}/activation/before", added, before, to=kind)
    bent = graph.standard("PRelu", f"{scope}/activation/slope", moved, slope, to=kind)
    return graph.standard("Add", f"{scope}/activation/after", bent, after, to=kind)


def _norm(graph: Graph, name: str, value: str, norm: LayerNorm | None) -> str:
    if norm is None:
        return value
    gain = graph.constant(f"{name}.gain", norm.gain)
    bias = graph.constant(f"{name}.bias", norm.bias)
    kind, scope = graph.types[value], _scope(name)
    return graph.standard(
        "LayerNormalization", scope, value, gain, bias, to=kind, axis=-1, epsilon=norm.epsilon
    )


def _head(graph: Graph, folded: FoldedModel, stream: str, narrow: bool) -> None:
    d = graph.types[stream].shape[1]
    weights = _weights(graph, "head", folded.head_weight, narrow)
    bias = graph.constant("head.bias", folded.head_bias)
    axes = graph.constant("head.axes", np.array([0], dtype=np.int64))
    pooled = TensorType(FLOAT, (1, d))
    mean = graph.standard("ReduceMean", "/head/mean", stream, axes, to=pooled, keepdims=1)
    project = _product(graph, "head", mean, weights)
    logits = TensorType(FLOAT, (1, len(folded.classes)))
    graph.standard("Add", "/head/bias", project, bias, to=logits, output=OUTPUT)


def _pack(graph: Graph, constant: str, node: str, value: str, threshold: Array) -> str:
    return graph.packed("BnnPack", node, value, graph.constant(constant, threshold))


def _packed_out(
    graph: Graph, name: str, linear: PackedOutLinear | ResidualPackedLinear, value: str, stream: str
) -> str:
    if isinstance(linear, ResidualPackedLinear):
        scope = _scope(name)
        out = _float_out(graph, name, linear.linear, value)  # [T, N]
        kind = graph.types[out]
        copies = kind.shape[-1] // graph.types[stream].shape[-1]
        wide = stream
        if copies > 1:
            wide = graph.standard("Concat", f"{scope}/stream", *[stream] * copies, to=kind, axis=-1)
        added = graph.standard("Add", f"{scope}/residual", out, wide, to=kind)
        return _pack(graph, f"{name}.threshold", f"{scope}/pack", added, linear.threshold)
    weight = graph.constant(f"{name}.weight", pack_bits(linear.weight))
    threshold = graph.constant(f"{name}.threshold", linear.threshold)
    return graph.packed("BnnLinearPacked", _scope(name), value, weight, threshold, K=linear.weight.shape[1])


def _float_out(graph: Graph, name: str, linear: FloatOutLinear, value: str) -> str:
    weight = graph.constant(f"{name}.weight", pack_bits(linear.weight))
    scale = graph.constant(f"{name}.scale", linear.scale)
    bias = graph.constant(f"{name}.bias", linear.bias)
    return graph.packed("BnnLinear", _scope(name), value, weight, scale, bias, K=linear.weight.shape[1])


def _scope(name: str) -> str:
    """Turn ``blocks.0.attention.query`` into a node name: ``/blocks.0/attention/query``."""
    block, index, *rest = name.split(".")
    return "/" + "/".join([f"{block}.{index}", *rest])


def _check(folded: FoldedModel) -> None:
    """Check the shapes that the operators' inference does not check, and that all constants are finite."""

    def need(condition: bool, problem: str) -> None:
        if not condition:
            raise ModelError(
                f"Model {folded.name} cannot be exported: {problem}.",
                "Change the recipe's configuration and train again.",
            )

    d = folded.embed_weight.shape[1]
    T = folded.length // folded.patch * (folded.height // folded.patch if folded.height else 1)
    need(folded.height % folded.patch == 0, f"its height {folded.height} is no multiple of {folded.patch}")
    need(folded.length % folded.patch == 0, f"its length {folded.length} is no multiple of {folded.patch}")
    need(d % folded.heads == 0, f"its width {d} is no multiple of its {folded.heads} heads")
    dh = d // folded.heads
    need(dh % WORD_BITS == 0, f"its head width {dh} is no multiple of {WORD_BITS}")
    expected: dict[str, tuple[Array, np.dtype[Any], tuple[int, ...]]] = {
        "embed_weight": (folded.embed_weight, FLOAT, (folded.patch_values, d)),
        "embed_bias": (folded.embed_bias, FLOAT, (T, d)),
        "head_weight": (folded.head_weight, FLOAT, (d, len(folded.classes))),
        "head_bias": (folded.head_bias, FLOAT, (len(folded.classes),)),
    }
    for index, (attention, mlp) in enumerate(folded.blocks):
        a, m = f"blocks.{index}.attention", f"blocks.{index}.mlp"
        f = mlp.contract.weight.shape[1]
        expected[f"{a}.threshold"] = (attention.threshold, FLOAT, (d,))
        for role, linear in (("query", attention.query), ("key", attention.key), ("value", attention.value)):
            expected |= _linear_types(f"{a}.{role}", linear, d, d)
        expected[f"{a}.table"] = (attention.table, INT, (folded.heads, dh + 1))
        expected[f"{a}.ratio"] = (attention.ratio, FLOAT, (folded.heads,))
        expected[f"{a}.output_threshold"] = (attention.output_threshold, INT, (d,))
        expected |= _linear_types(f"{a}.output", attention.output, d, d)
        expected[f"{m}.threshold"] = (mlp.threshold, FLOAT, (d,))
        expected |= _linear_types(f"{m}.expand", mlp.expand, d, f)
        expected |= _linear_types(f"{m}.contract", mlp.contract, f, d)
        for layer, where in ((attention, a), (mlp, m)):
            expected |= _float_layer_types(where, layer, d)
        within = bool(((attention.table >= 0) & (attention.table <= 65535)).all())
        need(within, f"{a}.table has an entry outside 0 to 65535")
    for name, (array, dtype, shape) in expected.items():
        have, want = TensorType.of(array), TensorType(dtype, shape)
        need(have == want, f"{name} is {have}, not {want}")
        need(
            dtype != FLOAT or bool(np.isfinite(array).all()), f"{name} is not finite (did training diverge?)"
        )


def _linear_types(
    name: str, linear: PackedOutLinear | ResidualPackedLinear | FloatOutLinear, K: int, N: int
) -> dict[str, tuple[Array, np.dtype[Any], tuple[int, ...]]]:
    if isinstance(linear, ResidualPackedLinear):
        return {
            **_linear_types(name, linear.linear, K, N),
            f"{name}.threshold": (linear.threshold, FLOAT, (N,)),
        }
    types: dict[str, tuple[Array, np.dtype[Any], tuple[int, ...]]] = {
        f"{name}.weight": (linear.weight, np.dtype(np.bool_), (N, K))
    }
    if isinstance(linear, PackedOutLinear):
        types[f"{name}.threshold"] = (linear.threshold, INT, (N,))
    else:
        types[f"{name}.scale"] = (linear.scale, FLOAT, (N,))
        types[f"{name}.bias"] = (linear.bias, FLOAT, (N,))
    return types


def _float_layer_types(
    name: str, layer: FoldedAttention | FoldedMlp, d: int
) -> dict[str, tuple[Array, np.dtype[Any], tuple[int, ...]]]:
    """Return the expected types of a layer's norms and activation."""
    types: dict[str, tuple[Array, np.dtype[Any], tuple[int, ...]]] = {}
    for part, norm in (("pre_norm", layer.pre_norm), ("norm", layer.norm)):
        if norm is not None:
            types[f"{name}.{part}.gain"] = (norm.gain, FLOAT, (d,))
            types[f"{name}.{part}.bias"] = (norm.bias, FLOAT, (d,))
    if layer.activation is not None:
        for part in ("before", "slope", "after"):
            types[f"{name}.activation.{part}"] = (getattr(layer.activation, part), FLOAT, (d,))
    return types
