"""Small random models as ONNX files, and running what the compiler made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from sensor_bnn.onnx.operators import DOMAIN, IR_VERSION, OPERATORS, OPSET

Build = Callable[..., Path]


def _packed_weights(rng: np.random.Generator, N: int, K: int) -> np.ndarray:
    words = -(-K // 32)
    bits = np.zeros((N, words * 32), dtype=np.uint64)
    bits[:, :K] = rng.integers(0, 2, (N, K))
    return (bits.reshape(N, words, 32) << np.arange(32, dtype=np.uint64)).sum(axis=2).astype(np.uint32)


def _mlp(path: Path, tokens: int = 5, width: int = 40, hidden: int = 70, seed: int = 0) -> Path:
    """[1, tokens * width] -> pack -> packed linear -> float linear + residual -> mean -> dense -> [1, 3]."""
    rng = np.random.default_rng(seed)

    def eighths(*shape: int) -> np.ndarray:
        return (rng.integers(-8, 9, shape) / 8).astype(np.float32)

    constants = {
        "shape": np.array([tokens, width], dtype=np.int64),
        "threshold": eighths(width),
        "expand": _packed_weights(rng, hidden, width),
        "limit": rng.integers(-6, 7, hidden).astype(np.int32),
        "contract": _packed_weights(rng, width, hidden),
        "scale": eighths(width),
        "bias": eighths(width),
        "axes": np.array([0], dtype=np.int64),
        "head": eighths(width, 3),
        "head_bias": eighths(3),
    }
    nodes = [
        helper.make_node("Reshape", ["x", "shape"], ["stream"], "/split"),
        helper.make_node("BnnPack", ["stream", "threshold"], ["bits"], "/pack", domain=DOMAIN),
        helper.make_node(
            "BnnLinearPacked", ["bits", "expand", "limit"], ["h"], "/expand", domain=DOMAIN, K=width
        ),
        helper.make_node(
            "BnnLinear",
            ["h", "contract", "scale", "bias"],
            ["c"],
            "/contract",
            domain=DOMAIN,
            K=hidden,
        ),
        helper.make_node("Add", ["c", "stream"], ["sum"], "/sum"),
        helper.make_node("ReduceMean", ["sum", "axes"], ["mean"], "/mean", keepdims=1),
        helper.make_node("MatMul", ["mean", "head"], ["logits"], "/head"),
        helper.make_node("Add", ["logits", "head_bias"], ["y"], "/bias"),
    ]
    graph = helper.make_graph(
        nodes,
        "mlp",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, tokens * width])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    used = {node.op_type for node in nodes if node.domain == DOMAIN}
    model = helper.make_model(
        graph,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, 1)],
        functions=[OPERATORS[name].function() for name in sorted(used)],
    )
    onnx.save(model, path)
    return path


@pytest.fixture
def mlp_onnx(tmp_path: Path) -> Build:
    """``mlp_onnx(tokens=, width=, hidden=, seed=)``: the path of a small model."""

    def build(**sizes: int) -> Path:
        return _mlp(tmp_path / "mlp.onnx", **sizes)

    return build
