"""Operators of version 2 equal scalar Python and torch at all sizes; a whole file of them loads and runs."""

import math
from itertools import product

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper
from torch.nn import functional

from sensor_bnn.errors import ModelError
from sensor_bnn.nn.hybrid_parts import pooled, same_padding
from sensor_bnn.nn.window import FLAT, gain_of
from sensor_bnn.onnx.conformance import node_model
from sensor_bnn.onnx.load import load_model
from sensor_bnn.onnx.operators import DOMAIN, IR_VERSION, OPERATORS, OPSET, TensorType, domain_version
from sensor_bnn.onnx.operators_int import MAX_TERMS, MAX_TOKENS
from sensor_bnn.onnx.packing import pack_bits, signs, unpack_bits
from sensor_bnn.onnx.types import infer_types, value_types

seeds = st.integers(0, 2**32 - 1)
sides = st.integers(1, 9)
steps = st.integers(1, 4)
pairs = st.tuples(steps, steps)
shorts = st.integers(-(2**15), 2**15 - 1)
sums = st.integers(-(2**30), 2**30)
shifts = st.integers(0, 30)


def evaluate(operator, *inputs, **attributes):
    return OPERATORS[operator].evaluate(inputs, attributes)


def convolution(grid, kernel, stride, dilation, pad, x, w):
    """A convolution of torch with "same" padding of ``pad``: ``[rows' * columns', N]``."""
    borders = [
        side
        for axis in (1, 0)
        for side in same_padding(grid[axis], kernel[axis], stride[axis], dilation[axis])
    ]
    padded = functional.pad(torch.from_numpy(x.astype(np.float64)).permute(2, 0, 1)[None], borders, value=pad)
    weight = torch.from_numpy(w.astype(np.float64)).permute(0, 3, 1, 2)
    y = functional.conv2d(padded, weight, stride=stride, dilation=dilation)
    return y[0].flatten(1).T.numpy()


def named(grid, kernel, stride, dilation):
    values = (("", grid), ("kernel_", kernel), ("stride_", stride), ("dilation_", dilation))
    return {
        f"{what}{side}": pair[place]
        for what, pair in values
        for place, side in enumerate(("rows", "columns"))
    }


@given(st.tuples(sides, sides), pairs, pairs, pairs, seeds)
def test_patches_and_a_product_are_a_convolution_of_signs_padded_with_minus_one(
    grid, kernel, stride, dilation, seed
):
    rng = np.random.default_rng(seed)
    x, w = rng.random((*grid, 64)) < 0.5, rng.random((3, *kernel, 64)) < 0.5
    words = pack_bits(x).reshape(math.prod(grid), -1)
    patches = evaluate("BnnPatches", words, **named(grid, kernel, stride, dilation))
    got = evaluate("BnnMatMul", patches, pack_bits(w).reshape(3, -1), K=math.prod(kernel) * 64)
    want = convolution(grid, kernel, stride, dilation, -1.0, signs(x), signs(w))
    np.testing.assert_array_equal(got, want)


@given(st.tuples(sides, sides), pairs, pairs, pairs, seeds)
def test_patches_of_bytes_and_a_product_are_a_convolution_padded_with_zeros(
    grid, kernel, stride, dilation, seed
):
    rng = np.random.default_rng(seed)
    x, w = (rng.integers(-128, 128, shape, dtype=np.int8) for shape in ((*grid, 3), (2, *kernel, 3)))
    tokens = x.reshape(math.prod(grid), -1)
    patches = evaluate("BnnPatches", tokens, **named(grid, kernel, stride, dilation))
    got = evaluate("BnnIntLinear", patches, w.reshape(2, -1))
    np.testing.assert_array_equal(got, convolution(grid, kernel, stride, dilation, 0.0, x, w))


def half(bits):
    return 2 ** (bits - 1) if bits else 0


def sat16(value):
    return min(max(value, -(2**15)), 2**15 - 1)


def int32(value):
    """The value itself; every step of an operator must fit."""
    assert -(2**31) <= value < 2**31
    return value


def stream(acc, shortcut, scale, bias, slope, pre, shift):
    """BnnStreamAdd of one channel in Python's integers; floor division is the arithmetic shift."""
    a = sat16(int32(acc + half(pre)) // 2**pre)
    h = sat16(int32(int32(a * scale + half(shift)) // 2**shift + bias + shortcut))
    return h if h >= 0 else sat16(int32(h * slope + 4096) // 2**13)


@st.composite
def streams(draw):
    """Accumulators of two tokens, a shortcut, scale, bias and slope, with repeated channels."""
    A, B, times = draw(steps), draw(steps), draw(steps)
    N = math.lcm(A, B) * times
    vectors = [draw(st.lists(shorts, min_size=N, max_size=N)) for _ in range(3)]
    acc = [draw(st.lists(sums, min_size=A, max_size=A)) for _ in range(2)]
    X = [draw(st.lists(shorts, min_size=B, max_size=B)) for _ in range(2)]
    return np.array(acc, np.int32), np.array(X, np.int16), [np.array(v, np.int16) for v in vectors]


@given(streams(), shifts, shifts)
def test_a_shortcut_of_one_token_is_that_of_all(drawn, pre, shift):
    acc, X, constants = drawn
    shared = evaluate("BnnStreamAdd", acc, X[:1], *constants, pre=pre, shift=shift)
    repeated = evaluate("BnnStreamAdd", acc, X[[0, 0]], *constants, pre=pre, shift=shift)
    np.testing.assert_array_equal(shared, repeated)


windows = st.integers(1, 200).flatmap(
    lambda n: st.lists(st.integers(0, 2**16), min_size=n, max_size=n).map(
        lambda values: np.array(values, np.int64)[:, None]
    )
)


@given(windows, st.sampled_from((1, 300, 2**15)))
def test_a_window_gets_mean_0_and_deviation_1(window, size):
    """For some hundred tokens a deviation is known to less than 1 %, and one is 2048 steps."""
    x = (window % (2 * size) - size).astype(np.int16)
    n, mean, deviation = len(x), x.mean(dtype=np.float64), x.std(dtype=np.float64)
    moments = evaluate("BnnWindowMoments", x)
    got = evaluate("BnnWindowNormalize", x, moments, gain=gain_of(n))
    assert abs(moments[0, 0] - mean) <= 0.5
    if deviation == 0:
        assert moments[0, 1] == FLAT and not got.any()
        return
    found = 2 ** (moments[0, 1] / 256) / n**1.5
    assert 0.99 * deviation < found < 1.004 * deviation
    wanted = (2048 * (x - mean) / deviation).clip(-(2**15), 2**15 - 1)
    assert (np.abs(got - wanted) <= 1.5 + 0.01 * np.abs(wanted)).all()


@given(streams(), shifts, shifts)
def test_stream_is_the_scalar_rule(drawn, pre, shift):
    acc, X, (scale, bias, slope) = drawn
    got = evaluate("BnnStream", acc, scale, bias, slope, pre=pre, shift=shift)
    added = evaluate("BnnStreamAdd", acc, X, scale, bias, slope, pre=pre, shift=shift)
    for t, n in product(range(2), range(len(scale))):
        channel = [int(vector[n]) for vector in (scale, bias, slope)]
        a, x = int(acc[t, n % acc.shape[1]]), int(X[t, n % X.shape[1]])
        assert got[t, n] == stream(a, 0, *channel, pre, shift)
        assert added[t, n] == stream(a, x, *channel, pre, shift)


@given(sums, shorts, st.integers(-(2**30), 2**30 - 1), shifts, shifts)
def test_quantize_is_the_scalar_rule(x, scale, bias, pre, shift):
    a = sat16(int32(x + half(pre)) // 2**pre)
    want = min(max(int32(a * scale + bias) // 2**shift, -127), 127)
    inputs = np.array([x], np.int32), np.array([scale], np.int16), np.array([bias], np.int32)
    assert evaluate("BnnQuantize", *inputs, pre=pre, shift=shift) == want


@given(st.tuples(sides, sides), pairs, seeds)
def test_average_pool_is_the_mean_rounded_to_nearest(grid, group, seed):
    rng = np.random.default_rng(seed)
    X = rng.integers(-(2**15), 2**15, (math.prod(grid), 3), dtype=np.int16)
    attributes = {"rows": grid[0], "columns": grid[1], "group_rows": group[0], "group_columns": group[1]}
    got = evaluate("BnnAveragePool", X, **attributes)
    mean = pooled(torch.from_numpy(X.astype(np.float64)).reshape(1, *grid, 3), *group).reshape(-1, 3).numpy()
    assert got.shape == mean.shape
    # Means of up to 16 tokens are at least 1/16 apart, so the small number only turns errors of torch.
    np.testing.assert_array_equal(got, np.floor(mean + 0.5 + 1e-6))


@given(st.integers(1, 40), st.integers(1, 70), seeds)
def test_token_features_are_sum_maximum_and_count(T, N, seed):
    rng = np.random.default_rng(seed)
    X, bits = rng.integers(-(2**15), 2**15, (T, N), dtype=np.int16), rng.random((T, N)) < 0.5
    for n in range(N):
        column = [int(x) for x in X[:, n]]
        assert evaluate("BnnTokenSum", X)[0, n] == sum(column)
        assert evaluate("BnnTokenMax", X)[0, n] == max(column)
    np.testing.assert_array_equal(evaluate("BnnTokenCount", pack_bits(bits), K=N), [np.sum(bits, axis=0)])


@given(st.integers(1, 70), st.integers(1, 70), seeds)
def test_integer_map_is_the_row_by_row_rule(N, K, seed):
    rng = np.random.default_rng(seed)
    counts, table = rng.integers(0, K + 1, (2, 3, N)), rng.integers(0, 65536, (2, K + 1)).astype(np.int32)
    ratio = rng.integers(1, 2 * 65536 // N + 1, 2).clip(max=65536).astype(np.int32)
    S = (2 * counts - K).astype(np.int32)
    got = unpack_bits(evaluate("BnnIntAttentionMap", S, table, ratio, K=K), N)
    for h, m in product(range(2), range(3)):
        e = [int(table[h, count]) for count in counts[h, m]]
        limit = -(-int(ratio[h]) * sum(e) // 65536)  # the limit that a kernel computes once a row
        assert got[h, m].tolist() == [entry >= limit for entry in e]
        assert got[h, m].tolist() == [entry * 65536 >= int(ratio[h]) * sum(e) for entry in e]


@settings(max_examples=25)
@given(streams(), shifts, shifts)
def test_runtime_gives_the_same_stream(drawn, pre, shift):
    acc, X, vectors = drawn
    names = OPERATORS["BnnStreamAdd"].inputs
    feeds = dict(zip(names, (acc, X, *vectors), strict=True))
    model = node_model("BnnStreamAdd", {"pre": pre, "shift": shift}, feeds)
    (got,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, feeds)
    np.testing.assert_array_equal(
        got, evaluate("BnnStreamAdd", acc, X, *vectors, pre=pre, shift=shift), strict=True
    )


def test_runtime_gives_the_longest_sum_of_bytes():
    """2**16 products of -128 and -128 are 2**30, with which half a step of every shift still fits int32."""
    X = np.full((1, MAX_TERMS), -128, np.int8)
    W = np.concatenate([X, X])
    W[1, -1] = 127
    model = node_model("BnnIntLinear", {}, {"X": X, "W": W})
    (got,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"X": X, "W": W})
    assert got.tolist() == [[2**30, 2**30 - 128 * 255]]
    assert 2**30 + half(30) < 2**31


def test_runtime_gives_the_sums_of_the_most_tokens():
    X = np.full((MAX_TOKENS, 1), -(2**15), np.int16)
    model = node_model("BnnTokenSum", {}, {"X": X})
    (got,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"X": X})
    assert got.tolist() == [[-(2**15) * MAX_TOKENS]]
    assert 2 * got.item() + MAX_TOKENS >= -(2**31)


def kind(dtype, *shape):
    return TensorType(np.dtype(dtype), shape)


GRID = named((3, 4), (3, 3), (1, 1), (1, 1))
POOL = {"rows": 3, "columns": 4, "group_rows": 2, "group_columns": 2}
VECTORS = [kind("i2", 6)] * 3
SHIFT = {"pre": 0, "shift": 30}


@pytest.mark.parametrize(
    ("operator", "inputs", "attributes", "said"),
    [
        ("BnnPatches", [kind("i2", 12, 3)], GRID, "neither uint32 nor int8"),
        ("BnnPatches", [kind("i1", 12)], GRID, "not of rank 2"),
        ("BnnPatches", [kind("i1", 11, 3)], GRID, "a grid of 3 x 4 has 12 tokens"),
        ("BnnPatches", [kind("i1", 12, 3)], {**GRID, "stride_rows": 0}, "stride_rows is 0, outside 1 to"),
        ("BnnIntLinear", [kind("i1", 2, 3), kind("i1", 4, 5)], {}, "the last axes .* differ"),
        ("BnnIntLinear", [kind("i1", 2, 3), kind("u1", 4, 3)], {}, r"W is uint8\[4, 3\], not of type int8"),
        (
            "BnnIntLinear",
            [kind("i1", 1, MAX_TERMS + 1), kind("i1", 1, MAX_TERMS + 1)],
            {},
            "65537 terms, more than 65536",
        ),
        ("BnnStream", [kind("i4", 2, 4), *VECTORS], SHIFT, "4 channels of acc do not divide the 6 outputs"),
        ("BnnStream", [kind("i4", 2, 3), *VECTORS], {"pre": 31, "shift": 0}, "pre is 31, outside 0 to 30"),
        ("BnnStream", [kind("i4", 2, 3), *VECTORS], {"pre": 0, "shift": -1}, "shift is -1, outside 0 to 30"),
        ("BnnStream", [kind("i2", 2, 3), *VECTORS], SHIFT, "acc is int16.*not of type int32"),
        ("BnnStream", [kind("i4", 2, 6), *VECTORS[:2], kind("i2", 5)], SHIFT, "slope .* must have 6 entries"),
        (
            "BnnStreamAdd",
            [kind("i4", 2, 6), kind("i2", 2, 4), *VECTORS],
            SHIFT,
            "4 channels of X do not divide the 6 outputs",
        ),
        (
            "BnnStreamAdd",
            [kind("i4", 2, 6), kind("i2", 3, 6), *VECTORS],
            SHIFT,
            "X must have one token, or as many",
        ),
        ("BnnWindowMoments", [kind("i4", 9, 2)], {}, "neither uint8 nor int16"),
        ("BnnWindowMoments", [kind("i2", 16385, 2)], {}, "X has 16385 tokens, more than 16384"),
        ("BnnWindowNormalize", [kind("i2", 9, 2), kind("i2", 1, 3)], {"gain": 9}, r"must be int16\[1, 4\]"),
        ("BnnWindowNormalize", [kind("i2", 9, 2), kind("i2", 1, 4)], {"gain": 8192}, "gain"),
        ("BnnQuantize", [kind("f4", 2, 6), kind("i2", 6), kind("i4", 6)], SHIFT, "not of type uint8, int8,"),
        ("BnnQuantize", [kind("u1", 2, 6), kind("i2", 6), kind("i2", 6)], SHIFT, "bias is int16"),
        ("BnnAveragePool", [kind("i2", 11, 3)], POOL, "a grid of 3 x 4 has 12 tokens"),
        (
            "BnnAveragePool",
            [kind("i2", 32768, 3)],
            {"rows": 1, "columns": 32768, "group_rows": 9, "group_columns": 32768},
            "a group has 32768 tokens, more than 32767",
        ),
        ("BnnTokenSum", [kind("i2", MAX_TOKENS + 1, 3)], {}, "X has 32768 tokens, more than 32767"),
        ("BnnTokenMax", [kind("i4", 2, 3)], {}, "not of type int16"),
        ("BnnTokenCount", [kind("u4", 2, 3)], {"K": 97}, "K = 97 bits need 4"),
        ("BnnTokenCount", [kind("u4", MAX_TOKENS + 1, 1)], {"K": 9}, "more than 32767"),
        (
            "BnnIntAttentionMap",
            [kind("i4", 2, 3, 3), kind("i4", 2, 32), kind("i4", 2)],
            {"K": 32},
            r"must be int32\[2, 33\]",
        ),
        (
            "BnnIntAttentionMap",
            [kind("i4", 2, 3, 3), kind("i4", 2, 33), kind("f4", 2)],
            {"K": 32},
            "ratio is float32.*not of type int32",
        ),
    ],
)
def test_what_does_not_fit_is_refused(operator, inputs, attributes, said):
    with pytest.raises(ModelError, match=said):
        OPERATORS[operator].infer(inputs, attributes, "/node")


def whole_model():
    """A small file of version 2: a window of 2 channels, a binary layer and three features."""
    rng = np.random.default_rng(5)
    constants = {
        "flat": np.array([2, 7]),
        **{f"scale{n}": rng.integers(1, 900, n).astype(np.int16) for n in (2, 32, 3)},
        **{f"bias{n}": rng.integers(-99, 99, n).astype(np.int16) for n in (32, 3)},
        **{f"offset{n}": rng.integers(-99, 99, n).astype(np.int32) for n in (2, 32)},
        **{f"slope{n}": np.full(n, 2048, np.int16) for n in (32, 3)},
        "stem": rng.integers(-127, 128, (32, 6), dtype=np.int8),
        "threshold": rng.integers(-50, 50, 32).astype(np.int16),
        "weight": rng.integers(0, 2**32, (32, 3), dtype=np.uint32),
        "head": rng.integers(-127, 128, (3, 96), dtype=np.int8),
    }
    row = dict.fromkeys(OPERATORS["BnnPatches"].attributes, 1) | {"columns": 7, "kernel_columns": 3}
    half_row = row | {"stride_columns": 2}
    pool = {"rows": 1, "columns": 7, "group_rows": 1, "group_columns": 2}
    shift, large = {"pre": 0, "shift": 8}, {"pre": 2, "shift": 12}
    layers = [
        ("Reshape", "rows", ["window", "flat"], {}),
        ("Transpose", "tokens", ["rows"], {"perm": [1, 0]}),
        ("BnnQuantize", "bytes", ["tokens", "scale2", "offset2"], large),
        ("BnnPatches", "windows", ["bytes"], row),
        ("BnnIntLinear", "sums", ["windows", "stem"], {}),
        ("BnnStream", "stream", ["sums", "scale32", "bias32", "slope32"], large),
        ("BnnPack", "bits", ["stream", "threshold"], {}),
        ("BnnPatches", "taps", ["bits"], half_row),
        ("BnnMatMul", "agreement", ["taps", "weight"], {"K": 96}),
        ("BnnAveragePool", "shortcut", ["stream"], pool),
        ("BnnStreamAdd", "next", ["agreement", "shortcut", "scale32", "bias32", "slope32"], shift),
        ("BnnTokenSum", "sum", ["next"], {}),
        ("BnnTokenMax", "largest", ["next"], {}),
        ("BnnPack", "positive", ["next", "threshold"], {}),
        ("BnnTokenCount", "count", ["positive"], {"K": 32}),
        *(
            ("BnnQuantize", f"{name}_bytes", [name, "scale32", "offset32"], large)
            for name in ("sum", "largest", "count")
        ),
        ("Concat", "features", ["sum_bytes", "largest_bytes", "count_bytes"], {"axis": 1}),
        ("BnnIntLinear", "classes", ["features", "head"], {}),
        ("BnnStream", "logits", ["classes", "scale3", "bias3", "slope3"], large),
    ]
    nodes = [
        helper.make_node(
            kind, inputs, [name], f"/{name}", domain=DOMAIN if kind.startswith("Bnn") else "", **attributes
        )
        for kind, name, inputs, attributes in layers
    ]
    graph = helper.make_graph(
        nodes,
        "whole",
        [helper.make_tensor_value_info("window", helper.np_dtype_to_tensor_dtype(np.dtype("i2")), [1, 2, 7])],
        [helper.make_tensor_value_info("logits", helper.np_dtype_to_tensor_dtype(np.dtype("i2")), [1, 3])],
        initializer=[numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    used = {kind for kind, *_ in layers if kind.startswith("Bnn")}
    return helper.make_model(
        graph,
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, 2)],
        functions=[OPERATORS[name].function() for name in sorted(used)],
    )


def test_a_whole_file_of_integers_loads_and_runs(tmp_path):
    model = whole_model()
    path = tmp_path / "whole.onnx"
    path.write_bytes(model.SerializeToString())
    loaded = load_model(path, {"Concat", "Reshape", "Transpose"})
    types = value_types(loaded)
    assert types["taps"] == kind("u4", 4, 3) and types["next"] == kind("i2", 4, 32)
    assert types["features"] == kind("i1", 1, 96) and types["logits"] == kind("i2", 1, 3)
    assert domain_version(model.graph.node, infer_types(model)) == 2
    session = onnxruntime.InferenceSession(path.read_bytes())
    rng = np.random.default_rng(1)
    windows = rng.integers(-2000, 2000, (8, 1, 2, 7), dtype=np.int16)
    results = [session.run(None, {"window": window})[0] for window in windows]
    assert len({result.tobytes() for result in results}) == 8
    for window, got in zip(windows, results, strict=True):
        np.testing.assert_array_equal(got, by_reference(loaded, window), strict=True)


def by_reference(model, window):
    """Run a loaded file node by node with the numpy reference."""
    have = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    have["window"] = window
    standard = {
        "Reshape": lambda inputs, _: inputs[0].reshape(inputs[1]),
        "Transpose": lambda inputs, _: inputs[0].T,
        "Concat": lambda inputs, attributes: np.concatenate(inputs, axis=attributes["axis"]),
    }
    for node in model.graph.node:
        inputs = [have[name] for name in node.input]
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if node.domain == DOMAIN:
            result = OPERATORS[node.op_type].evaluate(inputs, attributes)
        else:
            result = standard[node.op_type](inputs, attributes)
        have[node.output[0]] = result
    return have["logits"]
