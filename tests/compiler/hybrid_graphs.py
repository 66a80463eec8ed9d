"""Small random models of integers, as the hybrid family is exported, and their values in numpy."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np
import onnx
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from sensor_bnn.onnx.operators import DOMAIN, IR_VERSION, OPERATORS, OPSET, TensorType
from sensor_bnn.onnx.packing import pack_bits

SCORE_TABLE = 65536


@dataclass(frozen=True)
class Layer:
    """One layer: its product, its kernel and its step.

    Attributes:
        kind: ``conv`` or ``attn``.
        bits: 1 or 8, the bits of the product's inputs.
        kernel: the taps along each side.
        stride: the tokens from one output to the next; above 1 the shortcut is a mean.
        dilation: the tokens from one tap to the next.
        wider: whether it has twice as many outputs as its shortcut.
        copies: the outputs that read one accumulator.
    """

    kind: str
    bits: int = 1
    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    wider: bool = False
    copies: int = 1


@dataclass(frozen=True)
class Hybrid:
    """A model: its input, its width, its layers, and the features that its head reads."""

    dtype: str = "int16"
    channels: int = 3
    rows: int = 1
    columns: int = 9
    width: int = 32
    layers: tuple[Layer, ...] = ()
    features: tuple[str, ...] = ("sum", "max", "count")
    classes: int = 5
    seed: int = 0


def layers() -> st.SearchStrategy[Layer]:
    convolutions = st.builds(
        Layer,
        kind=st.just("conv"),
        bits=st.sampled_from((1, 1, 8)),
        kernel=st.sampled_from((1, 2, 3, 5)),
        stride=st.sampled_from((1, 1, 2, 3)),
        dilation=st.integers(1, 3),
        wider=st.booleans(),
        copies=st.sampled_from((1, 1, 2)),
    )
    return st.one_of(convolutions, st.builds(Layer, kind=st.just("attn")))


def hybrids() -> st.SearchStrategy[Hybrid]:
    return st.builds(
        Hybrid,
        dtype=st.sampled_from(("int16", "uint8")),
        channels=st.integers(1, 5),
        rows=st.integers(1, 6),
        columns=st.integers(1, 40),
        width=st.sampled_from((32, 64)),
        layers=st.lists(layers(), max_size=4).map(tuple),
        features=st.sets(st.sampled_from(("sum", "max", "count")), min_size=1).map(tuple),
        classes=st.integers(1, 6),
        seed=st.integers(0, 2**16),
    )


@dataclass
class Maker:
    """A graph that grows node by node; each node is evaluated on the input at once."""

    rng: np.random.Generator
    arrays: dict[str, np.ndarray]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, array: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        self.arrays[name] = array
        return name

    def own(self, operator: str, *inputs: str, **attributes: int) -> str:
        """Add one of our operators."""
        name = f"v{len(self.nodes)}"
        node = helper.make_node(operator, inputs, [name], f"/{name}", domain=DOMAIN, **attributes)
        self.nodes.append(node)
        self.arrays[name] = OPERATORS[operator].evaluate([self.arrays[value] for value in inputs], attributes)
        return name

    def reshape(self, x: str, *shape: int) -> str:
        return self._standard(
            "Reshape", self.arrays[x].reshape(shape), x, self.constant(np.array(shape, np.int64))
        )

    def transpose(self, x: str, *axes: int) -> str:
        return self._standard("Transpose", self.arrays[x].transpose(axes), x, perm=axes)

    def concat(self, *parts: str) -> str:
        return self._standard(
            "Concat", np.concatenate([self.arrays[part] for part in parts], axis=1), *parts, axis=1
        )

    def _standard(self, operator: str, array: np.ndarray, *inputs: str, **attributes: object) -> str:
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], f"/{name}", **attributes))
        self.arrays[name] = np.ascontiguousarray(array)
        return name

    def shorts(self, size: int, low: int, high: int) -> str:
        return self.constant(self.rng.integers(low, high + 1, size).astype(np.int16))

    def words(self, rows: int, K: int) -> str:
        return self.constant(pack_bits(self.rng.random((rows, K)) < 0.5))

    def bytes(self, rows: int, K: int) -> str:
        return self.constant(self.rng.integers(-127, 128, (rows, K)).astype(np.int8))

    def stream(self, acc: str, N: int, shortcut: str | None = None) -> str:
        """Add a stream whose values have the size of int16, some saturated, some negative."""
        largest = int(np.abs(self.arrays[acc]).max())
        pre = max(largest.bit_length() - 14, 0)
        shift = int(self.rng.integers(0, 8))
        scale = min(2 ** (shift + 16 - min(largest.bit_length(), 14)), 32767)
        slopes = 1 if self.rng.random() < 0.4 else N  # one for all, or one each
        constants = (
            self.shorts(N, -scale, scale),
            self.shorts(N, -3000, 3000),
            self.shorts(slopes, -4000 if self.rng.random() < 0.3 else 0, 16384),
        )
        if shortcut is None:
            return self.own("BnnStream", acc, *constants, pre=pre, shift=shift)
        return self.own("BnnStreamAdd", acc, shortcut, *constants, pre=pre, shift=shift)

    def pack(self, x: str) -> str:
        values = self.arrays[x]
        medians = np.median(values.reshape(-1, values.shape[-1]), axis=0).astype(values.dtype)
        return self.own("BnnPack", x, self.constant(medians))

    def quantize(self, x: str) -> str:
        values = self.arrays[x]
        N = values.shape[-1]
        pre = max(int(np.abs(values.astype(np.int64)).max()).bit_length() - 15, 0)
        scale = self.shorts(N, -3000, 3000)
        bias = self.constant(self.rng.integers(-(2**20), 2**20, N).astype(np.int32))
        return self.own("BnnQuantize", x, scale, bias, pre=pre, shift=int(self.rng.integers(8, 20)))

    def grid(self, x: str, rows: int, columns: int, layer: Layer) -> str:
        """Add the patches of a layer."""
        square = rows > 1
        return self.own(
            "BnnPatches",
            x,
            rows=rows,
            columns=columns,
            kernel_rows=layer.kernel if square else 1,
            kernel_columns=layer.kernel,
            stride_rows=layer.stride if square else 1,
            stride_columns=layer.stride,
            dilation_rows=layer.dilation if square else 1,
            dilation_columns=layer.dilation,
        )


def hybrid(sizes: Hybrid) -> tuple[onnx.ModelProto, np.ndarray, dict[str, np.ndarray]]:
    """Return a model, an input, and the model's values on it by name."""
    rng = np.random.default_rng(sizes.seed)
    image = sizes.dtype == "uint8"
    rows, columns = sizes.rows if image else 1, sizes.columns
    shape = (1, sizes.channels, rows, columns) if image else (1, sizes.channels, columns)
    limits = np.iinfo(sizes.dtype)
    window = rng.integers(limits.min, limits.max + 1, shape).astype(sizes.dtype)
    made = Maker(rng, {"window": window})
    x = made.transpose(made.reshape("window", sizes.channels, rows * columns), 1, 0)
    patches = made.grid(made.quantize(x), rows, columns, Layer("conv", kernel=3))
    d = sizes.width
    weights = made.bytes(d // 2, made.arrays[patches].shape[1])
    stream = made.stream(made.own("BnnIntLinear", patches, weights), d)
    for layer in sizes.layers:
        if layer.kind == "attn":
            stream = _attention(made, stream)
        else:
            stream, rows, columns = _convolution(made, stream, rows, columns, layer)
    d = made.arrays[stream].shape[1]
    parts = {
        "sum": lambda: made.own("BnnTokenSum", stream),
        "max": lambda: made.own("BnnTokenMax", stream),
        "count": lambda: made.own("BnnTokenCount", made.pack(stream), K=d),
    }
    features = [made.quantize(parts[name]()) for name in sizes.features]
    feature = made.concat(*features) if len(features) > 1 else features[0]
    head = made.own("BnnIntLinear", feature, made.bytes(sizes.classes, made.arrays[feature].shape[1]))
    logits = made.stream(head, sizes.classes)
    return finished(made, logits), window, made.arrays


def _convolution(made: Maker, stream: str, rows: int, columns: int, layer: Layer) -> tuple[str, int, int]:
    d = made.arrays[stream].shape[1]
    N = 2 * d if layer.wider else d
    x = made.pack(stream) if layer.bits == 1 else made.quantize(stream)
    shortcut = stream
    if layer.kernel > 1 or layer.stride > 1:
        x = made.grid(x, rows, columns, layer)
    if layer.stride > 1:
        up = layer.stride if rows > 1 else 1
        shortcut = made.own(
            "BnnAveragePool", stream, rows=rows, columns=columns, group_rows=up, group_columns=layer.stride
        )
        rows, columns = -(-rows // up), -(-columns // layer.stride)
    width = made.arrays[x].shape[1]
    if layer.bits == 1:
        acc = made.own("BnnMatMul", x, made.words(N // layer.copies, 32 * width), K=32 * width)
    else:
        acc = made.own("BnnIntLinear", x, made.bytes(N // layer.copies, width))
    return made.stream(acc, N, shortcut), rows, columns


def _attention(made: Maker, stream: str) -> str:
    T, d = made.arrays[stream].shape
    heads = d // 32
    x = made.pack(stream)

    def projected(*shortcut: str) -> str:
        acc = made.own("BnnMatMul", x, made.words(d, d), K=d)
        bits = made.pack(made.stream(acc, d, *shortcut))
        return made.transpose(made.reshape(bits, T, heads, 1), 1, 0, 2)

    q, k, v = projected(stream), projected(stream), projected()
    scores = made.own("BnnMatMul", q, k, K=32)
    table = made.constant(np.sort(made.rng.integers(0, SCORE_TABLE, (heads, 33)).astype(np.int32), axis=1))
    ratio = made.constant(
        made.rng.integers(1, 2 * SCORE_TABLE // T + 2, heads).clip(max=65536).astype(np.int32)
    )
    chosen = made.own("BnnIntAttentionMap", scores, table, ratio, K=32)
    context = made.own("BnnBoolMatMul", chosen, made.own("BnnTranspose", v, K=32), K=T)
    merged = made.pack(made.reshape(made.transpose(context, 1, 0, 2), T, d))
    return made.stream(made.own("BnnMatMul", merged, made.words(d, d), K=d), d, stream)


def finished(made: Maker, output: str) -> onnx.ModelProto:
    """Return the model of a graph whose input is ``window``."""

    def value(name: str) -> onnx.ValueInfoProto:
        kind = TensorType.of(made.arrays[name])
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(kind.dtype), kind.shape)

    graph = helper.make_graph(made.nodes, "hybrid", [value("window")], [value(output)], made.constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, 2)]
    used = dict.fromkeys(node.op_type for node in made.nodes if node.domain == DOMAIN)
    functions = [OPERATORS[name].function() for name in used]
    model = helper.make_model(graph, ir_version=IR_VERSION, opset_imports=opsets, functions=functions)
    steps: dict[str, object] = {"output_step": 0.25}
    if made.arrays["window"].dtype == np.int16:
        steps["input_step"] = [0.5] * made.arrays["window"].shape[1]
    helper.set_model_props(model, {key: json.dumps(value) for key, value in steps.items()})
    return model
