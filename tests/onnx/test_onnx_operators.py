"""Packed arithmetic equals +-1 arithmetic at all sizes; operators refuse inputs that do not fit."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.conformance import node_model
from sensor_bnn.onnx.operators import DOMAIN, MAX_MAP_COLUMNS, OPERATORS, TensorType
from sensor_bnn.onnx.packing import WORD_BITS, pack_bits, signs, unpack_bits, words_for

sizes = st.integers(1, 9)
lengths = st.integers(1, 130)
seeds = st.integers(0, 2**32 - 1)


def evaluate(operator, *inputs, **attributes):
    return OPERATORS[operator].evaluate(inputs, attributes)


@given(st.lists(sizes, max_size=2), lengths, seeds)
def test_packing_round_trip(leading, length, seed):
    bits = np.random.default_rng(seed).random((*leading, length)) < 0.5
    words = pack_bits(bits)
    assert words.dtype == np.uint32 and words.shape == (*leading, words_for(length))
    np.testing.assert_array_equal(unpack_bits(words, length), bits)
    padded = unpack_bits(words, words_for(length) * WORD_BITS)
    assert not padded[..., length:].any()
    for position in range(length):
        np.testing.assert_array_equal(
            (words[..., position // 32] >> (position % 32)) & 1, bits[..., position]
        )


@given(sizes, sizes, lengths, seeds)
def test_packed_products_are_products_of_signs(M, N, K, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.random((2, M, K)) < 0.5, rng.random((2, N, K)) < 0.5
    want = np.einsum("...mk,...nk->...mn", signs(a), signs(b))
    np.testing.assert_array_equal(evaluate("BnnMatMul", pack_bits(a), pack_bits(b), K=K), want)
    chosen = np.einsum("...mk,...nk->...mn", a.astype(np.int32), signs(b))
    np.testing.assert_array_equal(evaluate("BnnBoolMatMul", pack_bits(a), pack_bits(b), K=K), chosen)


@given(sizes, st.integers(1, 70), lengths, seeds)
def test_packed_linear_is_linear_in_signs(M, N, K, seed):
    rng = np.random.default_rng(seed)
    x, w = rng.random((M, K)) < 0.5, rng.random((N, K)) < 0.5
    acc = signs(x) @ signs(w).T
    threshold = rng.integers(-K, K + 1, N).astype(np.int32)
    packed = evaluate("BnnLinearPacked", pack_bits(x), pack_bits(w), threshold, K=K)
    np.testing.assert_array_equal(packed, pack_bits(acc >= threshold))
    scale, bias = rng.standard_normal((2, N)).astype(np.float32)
    want = np.float32(scale * acc.astype(np.float32)) + bias
    np.testing.assert_array_equal(evaluate("BnnLinear", pack_bits(x), pack_bits(w), scale, bias, K=K), want)


@given(sizes, st.integers(1, 70), lengths, seeds)
def test_transpose_twice_is_nothing(L, M, K, seed):
    words = pack_bits(np.random.default_rng(seed).random((L, M, K)) < 0.5)
    turned = evaluate("BnnTranspose", words, K=K)
    np.testing.assert_array_equal(unpack_bits(turned, M), np.swapaxes(unpack_bits(words, K), 1, 2))
    np.testing.assert_array_equal(evaluate("BnnTranspose", turned, K=M), words)


@given(st.integers(1, 70), lengths, seeds)
def test_attention_map_is_the_row_by_row_rule(N, K, seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, K + 1, (2, 3, N))
    table = rng.integers(0, 65536, (2, K + 1)).astype(np.int32)
    ratio = (rng.random(2) * 2 / N).astype(np.float32)
    S = (2 * counts - K).astype(np.int32)
    got = unpack_bits(evaluate("BnnAttentionMap", S, table, ratio, K=K), N)
    for h in range(2):
        for m in range(3):
            e = [int(table[h, count]) for count in counts[h, m]]
            limit = ratio[h] * np.float32(sum(e))
            np.testing.assert_array_equal(got[h, m], [np.float32(entry) >= limit for entry in e])


@given(st.integers(1, 70), seeds)
def test_pack_is_a_comparison(K, seed):
    rng = np.random.default_rng(seed)
    pool = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan], np.float32)
    X, threshold = rng.choice(pool, (2, K)), rng.choice(pool, K)
    want = [[float(x) >= float(t) for x, t in zip(row, threshold, strict=True)] for row in X]
    np.testing.assert_array_equal(unpack_bits(evaluate("BnnPack", X, threshold), K), want)


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
def test_function_carries_the_entry_of_the_table(operator):
    function = operator.function()
    assert (function.domain, function.name) == (DOMAIN, operator.name)
    assert tuple(function.input) == operator.inputs
    assert list(function.output) == [operator.output]
    assert tuple(function.attribute) == tuple(operator.attributes)
    assert {node.domain for node in function.node} == {""}


def test_functions_pass_the_strict_checker():
    words = pack_bits(np.ones((3, 40), np.bool_))
    model = node_model("BnnMatMul", {"K": 40}, {"Ap": words, "Bp": words})
    onnx.checker.check_model(model, full_check=True)


def kind(dtype, *shape):
    return TensorType(np.dtype(dtype), shape)


@pytest.mark.parametrize(
    ("operator", "inputs", "attributes", "said"),
    [
        ("BnnPack", [kind("f4", 2, 8)], {}, r"it takes 2 inputs \(X, threshold\), not 1"),
        ("BnnPack", [kind("f8", 2, 8), kind("f8", 8)], {}, "not of type float32, int32 or int16"),
        ("BnnPack", [kind("f4", 2, 8), kind("i4", 8)], {}, r"threshold is int32\[8\], not of type float32"),
        ("BnnPack", [kind("f4", 2, 8), kind("f4", 7)], {}, "must have 8 entries"),
        ("BnnPack", [kind("f4", 2, 8), kind("f4", 8)], {"K": 8}, "its attributes are none, not K"),
        ("BnnMatMul", [kind("u4", 2, 2), kind("u4", 2, 2)], {}, "its attributes are K, not none"),
        ("BnnMatMul", [kind("u4", 2, 2), kind("u4", 2, 2)], {"K": 0}, "K is 0, outside 1 to"),
        ("BnnMatMul", [kind("u4", 2, 2), kind("u4", 2, 2)], {"K": 65}, "K = 65 bits need 3"),
        ("BnnMatMul", [kind("u4", 3, 2, 2), kind("u4", 2, 2)], {"K": 64}, "the leading axes"),
        ("BnnMatMul", [kind("u4", 2), kind("u4", 2, 2)], {"K": 64}, "not of rank 2 or more"),
        ("BnnTranspose", [kind("i4", 2, 2)], {"K": 64}, "not of type uint32"),
        (
            "BnnAttentionMap",
            [kind("i4", 2, 3, 3), kind("i4", 2, 32), kind("f4", 2)],
            {"K": 32},
            r"must be int32\[2, 33\]",
        ),
        (
            "BnnAttentionMap",
            [kind("i4", 1, 1, MAX_MAP_COLUMNS + 1), kind("i4", 1, 33), kind("f4", 1)],
            {"K": 32},
            "more than 32767",
        ),
    ],
)
def test_what_does_not_fit_is_refused(operator, inputs, attributes, said):
    with pytest.raises(ModelError, match=said):
        OPERATORS[operator].infer(inputs, attributes, "/node")


def test_a_sum_of_the_widest_map_stays_in_int32():
    assert MAX_MAP_COLUMNS * 65535 < 2**31
