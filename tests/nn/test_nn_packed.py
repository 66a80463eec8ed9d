"""Packed arithmetic is the fake-quantized forward, exactly in its bits and integers, whatever the variant."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_models import random_model, traced

from sensor_bnn.nn.binarize import KINDS
from sensor_bnn.nn.folded import FloatOutLinear, FoldedModel, PackedOutLinear
from sensor_bnn.onnx import reference
from sensor_bnn.onnx.packing import pack_bits, unpack_bits

VARIANTS = st.fixed_dictionaries(
    {
        "binarizer": st.sampled_from([kind for kind in KINDS if kind != "live"]),
        "norm": st.sampled_from(["none", "batch"]),
        "axis": st.sampled_from(["channel", "tensor"]),
        "gradient": st.sampled_from(["polynomial", "clipped"]),
        "attention": st.sampled_from(["softmax", "boolean"]),
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


def packed(linear: PackedOutLinear, words: np.ndarray) -> np.ndarray:
    weight = pack_bits(linear.weight)
    return reference.bnn_linear_packed(words, weight, linear.threshold, K=linear.weight.shape[1])


def floats(linear: FloatOutLinear, words: np.ndarray) -> np.ndarray:
    weight = pack_bits(linear.weight)
    return reference.bnn_linear(words, weight, linear.scale, linear.bias, K=linear.weight.shape[1])


def packed_forward(model: FoldedModel, stream: np.ndarray) -> dict[str, np.ndarray]:
    """Everything on the way from the embedded stream, in the reference of the packed operators."""
    seen: dict[str, np.ndarray] = {}
    T, d = stream.shape
    dh = d // model.heads
    for index, (attention, mlp) in enumerate(model.blocks):
        a, m = f"blocks.{index}.attention", f"blocks.{index}.mlp"
        words = reference.bnn_pack(stream, attention.threshold)
        projected = [packed(part, words) for part in (attention.query, attention.key, attention.value)]
        query, key, value = (split(part, model.heads) for part in projected)
        scores = reference.bnn_mat_mul(query, key, K=dh)
        chosen = reference.bnn_attention_map(scores, attention.table, attention.ratio, K=dh)
        y = reference.bnn_bool_mat_mul(chosen, reference.bnn_transpose(value, K=dh), K=T)
        y = y.transpose(1, 0, 2).reshape(T, d)
        merged = reference.bnn_pack(y, attention.output_threshold)
        stream = stream + floats(attention.output, merged)
        names = ("bits", "query", "key", "value", "merged")
        for name, bits in zip(names, (words, *projected, merged), strict=True):
            seen[f"{a}.{name}"] = np.where(unpack_bits(bits, d), 1, -1)
        seen |= {f"{a}.scores": scores, f"{a}.map": unpack_bits(chosen, T), f"{a}.attended": y}
        words = reference.bnn_pack(stream, mlp.threshold)
        hidden = packed(mlp.expand, words)
        stream = stream + floats(mlp.contract, hidden)
        seen[f"{m}.bits"] = np.where(unpack_bits(words, d), 1, -1)
        seen[f"{m}.hidden"] = np.where(unpack_bits(hidden, len(mlp.expand.weight)), 1, -1)
    return seen


@settings(max_examples=40, deadline=None, derandomize=True)
@given(variant=VARIANTS, head_words=st.integers(1, 2), tokens=st.integers(1, 37), seed=st.integers(0, 999))
def test_every_bit_and_integer(variant: dict[str, object], head_words: int, tokens: int, seed: int) -> None:
    width, length = 32 * head_words * variant["heads"], tokens * variant["patch"]
    variant = {**variant, "height": variant["height"] * variant["patch"]}
    model = random_model(seed, width=width, length=length, **variant)
    x = torch.randn(1, *model.config.input_shape, generator=torch.Generator().manual_seed(seed))
    with traced(model) as seen, torch.no_grad():
        model(x)
    stream = seen.pop("stream")[0].numpy()
    ours = packed_forward(model.fold(), stream)
    assert ours.keys() == seen.keys()
    for name, value in ours.items():
        np.testing.assert_array_equal(value.astype(np.float32), seen[name][0].numpy(), err_msg=name)
