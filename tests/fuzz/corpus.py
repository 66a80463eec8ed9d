"""Small valid files that the fuzzer starts from; together they contain every operator."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import torch
from onnx import TensorProto, helper, numpy_helper

from sensor_bnn.nn.config import preset
from sensor_bnn.nn.transformer import BinaryTransformer
from sensor_bnn.onnx.export import to_onnx
from sensor_bnn.onnx.operators import DOMAIN, IR_VERSION, OPSET
from sensor_bnn.onnx.packing import pack_bits


def _transformer(**sizes: int) -> bytes:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = BinaryTransformer(preset("sensor-tiny", classes=["up", "down"], layers=1, **sizes))
    return to_onnx(model.eval().fold()).SerializeToString()


def _chain(tokens: int, width: int, hidden: int) -> bytes:
    """Reshape, pack, packed linear, float linear, residual sum, mean, dense."""
    rng = np.random.default_rng(0)

    def floats(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(np.float32)

    constants = {
        "shape": np.array([tokens, width]),
        "threshold": floats(width),
        "expand": pack_bits(rng.random((hidden, width)) < 0.5),
        "limit": rng.integers(-6, 7, hidden).astype(np.int32),
        "contract": pack_bits(rng.random((width, hidden)) < 0.5),
        "scale": floats(width),
        "bias": floats(width),
        "axes": np.array([0]),
        "head": floats(width, 3),
    }
    lines = (
        ("Reshape", "x shape", "stream", {}),
        ("BnnPack", "stream threshold", "bits", {}),
        ("BnnLinearPacked", "bits expand limit", "h", {"K": width}),
        ("BnnLinear", "h contract scale bias", "c", {"K": hidden}),
        ("Add", "c stream", "sum", {}),
        ("ReduceMean", "sum axes", "mean", {"keepdims": 1}),
        ("MatMul", "mean head", "y", {}),
    )
    nodes = [
        helper.make_node(
            kind,
            inputs.split(),
            [output],
            f"/{output}",
            domain=DOMAIN if kind.startswith("Bnn") else "",
            **attributes,
        )
        for kind, inputs, output, attributes in lines
    ]
    graph = helper.make_graph(
        nodes,
        "chain",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, tokens * width])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, 1)]
    model: onnx.ModelProto = helper.make_model(graph, ir_version=IR_VERSION, opset_imports=opsets)
    return model.SerializeToString()


def _floats() -> bytes:
    """Standard float operators, and operators that are rewritten as others."""
    text = f"""
    <ir_version: 10, opset_import: ["": {OPSET}, "{DOMAIN}": 1]>
    floats (float[1, 2, 8] x) => (float[1, 5] y) {{
        image = Conv <strides = [2], kernel_shape = [2]> (x, conv)
        flat = Squeeze (image, axes)
        tokens = Transpose <perm = [1, 0]> (flat)
        norm = LayerNormalization <epsilon = 0.001> (tokens, gain, shift)
        bent = PRelu (norm, gain)
        soft = Gelu (bent)
        share = Softmax <axis = -1> (soft)
        wave = Erf (share)
        ratio = Div (wave, gain)
        mean = ReduceMean <keepdims = 1> (ratio, axes)
        y = Gemm <transB = 1> (mean, head, bias)
    }}
    """
    model = onnx.parser.parse_model(text)
    rng = np.random.default_rng(0)
    shapes = {"conv": (6, 2, 2), "gain": (6,), "shift": (6,), "head": (5, 6), "bias": (5,)}
    constants = {name: rng.random(shape).astype(np.float32) for name, shape in shapes.items()}
    constants["axes"] = np.array([0])
    model.graph.initializer.extend(numpy_helper.from_array(a, name) for name, a in constants.items())
    return model.SerializeToString()


@cache
def make_corpus() -> dict[str, bytes]:
    """Return the bytes of each file by name."""
    return {
        "chain": _chain(tokens=3, width=33, hidden=31),
        "chain-by-look-up": _chain(tokens=17, width=32, hidden=40),
        "window": _transformer(length=20, patch=5, width=32, heads=1),
        "heads": _transformer(length=33, patch=1, channels=2, width=64, heads=2),
        "floats": _floats(),
        "qonnx": (Path(__file__).parents[1] / "onnx" / "qonnx" / "brevitas.onnx").read_bytes(),
        "image": _transformer(length=8, height=8, patch=4, channels=1, width=32, heads=1),
    }
