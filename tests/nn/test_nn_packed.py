"""Packed arithmetic has exactly the bits and integers of the fake-quantized model, in every variant."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import random_model, traced
from torch.nn import functional

from sensor_bnn.nn.config import BINARIZERS, PLACES
from sensor_bnn.nn.folded import (
    FloatOutLinear,
    FoldedModel,
    LayerNorm,
    PackedOutLinear,
    ResidualPackedLinear,
    Rprelu,
)
from sensor_bnn.onnx import reference
from sensor_bnn.onnx.packing import pack_bits, unpack_bits

PACKED = [kind for kind in BINARIZERS if kind != "live"]
VARIANTS = st.fixed_dictionaries(
    {
        "binarizer": st.sampled_from(PACKED),
        **{place: st.sampled_from(["", *PACKED]) for place in PLACES},
        "weights": st.sampled_from(["centred", "plain"]),
        "norm": st.sampled_from(["none", "batch", "layer"]),
        "pre_norm": st.sampled_from(["none", "layer"]),
        "activation": st.sampled_from(["none", "rprelu"]),
        "residual": st.sampled_from(["block", "layer"]),
        "axis": st.sampled_from(["channel", "tensor"]),
        "gradient": st.sampled_from(["polynomial", "clipped"]),
        "attention": st.sampled_from(["softmax", "boolean", "median"]),
        "heads": st.integers(1, 3),
        "layers": st.integers(1, 2),
        "mlp_ratio": st.integers(1, 2),
        "channels": st.integers(1, 3),
        "patch": st.integers(1, 4),
        "height": st.integers(0, 3),  # in patches
    }
)


def split(words: np.ndarray, heads: int) -> np.ndarray:
    """``[T, d / 32]`` to ``[H, T, dh / 32]``."""
    return words.reshape(len(words), heads, -1).transpose(1, 0, 2)


def normed(norm: LayerNorm | None, x: np.ndarray) -> np.ndarray:
    """A standard float operator, computed by PyTorch: these tests compare only bits and integers exactly."""
    if norm is None:
        return x
    gain, bias = torch.from_numpy(norm.gain), torch.from_numpy(norm.bias)
    return functional.layer_norm(torch.from_numpy(x), gain.shape, gain, bias, norm.epsilon).numpy()


def activated(activation: Rprelu | None, x: np.ndarray) -> np.ndarray:
    if activation is None:
        return x
    moved = x - activation.before
    return np.where(moved < 0, moved * activation.slope, moved) + activation.after


def packed(
    linear: PackedOutLinear | ResidualPackedLinear, words: np.ndarray, stream: np.ndarray
) -> np.ndarray:
    if isinstance(linear, ResidualPackedLinear):
        wide = np.tile(stream, len(linear.threshold) // stream.shape[1])
        return reference.bnn_pack(floats(linear.linear, words) + wide, linear.threshold)
    weight = pack_bits(linear.weight)
    return reference.bnn_linear_packed(words, weight, linear.threshold, K=linear.weight.shape[1])


def floats(linear: FloatOutLinear, words: np.ndarray) -> np.ndarray:
    weight = pack_bits(linear.weight)
    return reference.bnn_linear(words, weight, linear.scale, linear.bias, K=linear.weight.shape[1])


def packed_forward(model: FoldedModel, stream: np.ndarray) -> dict[str, np.ndarray]:
    """All values from the embedded stream on, computed by the reference of the packed operators."""
    seen: dict[str, np.ndarray] = {}
    T, d = stream.shape
    dh = d // model.heads
    for index, (attention, mlp) in enumerate(model.blocks):
        a, m = f"blocks.{index}.attention", f"blocks.{index}.mlp"
        words = reference.bnn_pack(normed(attention.pre_norm, stream), attention.threshold)
        parts = (attention.query, attention.key, attention.value)
        projected = [packed(part, words, stream) for part in parts]
        query, key, value = (split(part, model.heads) for part in projected)
        scores = reference.bnn_mat_mul(query, key, K=dh)
        chosen = reference.bnn_attention_map(scores, attention.table, attention.ratio, K=dh)
        y = reference.bnn_bool_mat_mul(chosen, reference.bnn_transpose(value, K=dh), K=T)
        y = y.transpose(1, 0, 2).reshape(T, d)
        merged = reference.bnn_pack(y, attention.output_threshold)
        added = stream + normed(attention.norm, floats(attention.output, merged))
        stream = activated(attention.activation, added)
        names = ("bits", "query", "key", "value", "merged")
        for name, bits in zip(names, (words, *projected, merged), strict=True):
            seen[f"{a}.{name}"] = np.where(unpack_bits(bits, d), 1, -1)
        seen |= {f"{a}.scores": scores, f"{a}.map": unpack_bits(chosen, T), f"{a}.attended": y}
        words = reference.bnn_pack(normed(mlp.pre_norm, stream), mlp.threshold)
        hidden = packed(mlp.expand, words, stream)
        added = stream + normed(mlp.norm, floats(mlp.contract, hidden))
        stream = activated(mlp.activation, added)
        seen[f"{m}.bits"] = np.where(unpack_bits(words, d), 1, -1)
        seen[f"{m}.hidden"] = np.where(unpack_bits(hidden, mlp.contract.weight.shape[1]), 1, -1)
    return seen


@settings(max_examples=60, deadline=None, derandomize=True)
@given(variant=VARIANTS, head_words=st.integers(1, 2), tokens=st.integers(1, 37), seed=st.integers(0, 999))
@pytest.mark.usefixtures("long_run")
def test_every_bit_and_integer(variant: dict[str, object], head_words: int, tokens: int, seed: int) -> None:
    width, length = 32 * head_words * variant["heads"], tokens * variant["patch"]
    variant = {**variant, "height": variant["height"] * variant["patch"]}
    if variant["residual"] == "layer" and variant["norm"] == "layer":
        variant["norm"] = "none"  # refused, see test_nn_variants.py
    model = random_model(seed, width=width, length=length, **variant)
    x = torch.randn(1, *model.config.input_shape, generator=torch.Generator().manual_seed(seed))
    with traced(model) as seen, torch.no_grad():
        model(x)
    stream = seen.pop("stream")[0].numpy()
    ours = packed_forward(model.fold(), stream)
    assert ours.keys() == seen.keys()
    for name, value in ours.items():
        np.testing.assert_array_equal(value.astype(np.float32), seen[name][0].numpy(), err_msg=name)
