"""Attention without a tensor of scores or sums: fused kernels are compared with the single operators."""

import ctypes
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.host_library import HostModel
from sensor_bnn.compiler.kernels.bnn_bool_pack import bool_limits
from sensor_bnn.compiler.kernels.bnn_pack import bnn_pack as pack_kernel
from sensor_bnn.compiler.kernels.bnn_scores_map import bnn_scores_map
from sensor_bnn.compiler.lowering import compile_kernels
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.onnx.packing import pack_bits, words_for
from sensor_bnn.onnx.reference import (
    bnn_attention_map,
    bnn_bool_mat_mul,
    bnn_linear_packed,
    bnn_mat_mul,
    bnn_pack,
)

pytestmark = pytest.mark.usefixtures("no_library")


def run(kernel: PrimFunc, folder: Path, *arrays: np.ndarray) -> None:
    """Compile a kernel for this machine and call it; it writes the last array."""
    (folder / "kernel.o").write_bytes(compile_kernels({"kernel": kernel}, find_target("host")))
    subprocess.run(["gcc", "-shared", "-o", "kernel.so", "kernel.o"], cwd=folder, check=True)
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in arrays]
    ctypes.CDLL(str(folder / "kernel.so")).kernel(*pointers)


def bits(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return pack_bits(rng.random(shape) < 0.5)


@pytest.mark.usefixtures("long_compile")
@pytest.mark.parametrize("keys", [1, 7, 8, 31, 32, 33, 64, 100])
@pytest.mark.parametrize("K", [1, 64, 300])
def test_scores_become_their_map(keys, K, tmp_path):
    rng = np.random.default_rng(keys * 1000 + K)
    ratio = np.array([1 / keys, 0.0, -1.0, np.nan, 3e38, np.inf, 1e-7], np.float32)
    H, M = len(ratio), 5
    a, b = bits(rng, H, M, K), bits(rng, H, keys, K)
    table = rng.integers(0, 65536, (H, K + 1)).astype(np.int32)  # of no order, unlike an exponential's
    table[0] = np.sort(table[0])
    table[1] = 0
    # A kernel must write every word, the unused bits of the last one too.
    y = np.full((H, M, words_for(keys)), 0xDEADBEEF, np.uint32)
    run(bnn_scores_map(H, M, keys, K), tmp_path, a, b, table, ratio, y)
    with np.errstate(over="ignore", invalid="ignore"):
        want = bnn_attention_map(bnn_mat_mul(a, b, K=K), table, ratio, K=K)
    assert np.array_equal(y, want)


@pytest.mark.usefixtures("long_run")
def test_an_entry_that_meets_its_limit_counts(tmp_path):
    """Ties: one key has the whole sum, or each of four has a quarter."""
    K = 32
    a = np.zeros((2, 1, 1), np.uint32)
    b = np.array([[[0]] * 4, [[0], [1], [1], [1]]], np.uint32)
    table = np.zeros((2, K + 1), np.int32)
    table[0, 32], table[1, 32] = 1001, 65535
    y = np.zeros((2, 1, 1), np.uint32)
    for ratio, want in ((np.array([0.25, 1.0]), [15, 1]), (np.array([0.2500001, 1.0000001]), [0, 0])):
        run(bnn_scores_map(2, 1, 4, K), tmp_path, a, b, table, ratio.astype(np.float32), y)
        assert y.ravel().tolist() == want


@pytest.mark.parametrize("K", [1, 33, 64, 196])
def test_a_product_with_a_map_is_a_linear_layer_with_limits(K, tmp_path):
    rng = np.random.default_rng(K)
    B, M, N = 2, 9, 32
    p, v = pack_bits(rng.random((B, M, K)) < 0.2), bits(rng, B, N, K)
    threshold = rng.integers(-K - 2, K + 3, B * N).astype(np.int32)
    threshold[:4] = (-(2**31), 2**31 - 1, -K, K)
    limit = np.zeros((B, N), np.int32)
    run(bool_limits(B, N, K), tmp_path, v, threshold, limit)
    assert limit.min() >= 0 and limit.max() <= K + 1
    merged = bnn_bool_mat_mul(p, v, K=K).transpose(1, 0, 2).reshape(M, B * N)
    want = bnn_pack(merged, threshold).reshape(M, B, -1)
    for head in range(B):
        # mismatches < limit, in the form of the operator: K - 2 * mismatches >= K + 2 - 2 * limit
        got = bnn_linear_packed(p[head], v[head], K + 2 - 2 * limit[head], K=K)
        assert np.array_equal(got, want[:, head])


@pytest.mark.parametrize("K", [32, 33, 192])
@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_pack_in_whole_words_and_with_a_tail(K, dtype, tmp_path):
    rng = np.random.default_rng(K)
    x = rng.integers(-3, 4, (6, K)).astype(dtype)
    threshold = rng.integers(-3, 4, K).astype(dtype)
    if dtype == np.float32:
        x[0, :4], threshold[:4] = (np.nan, -0.0, 0.0, np.inf), (0.0, 0.0, -0.0, np.inf)
    y = np.full((6, words_for(K)), 0xDEADBEEF, np.uint32)
    run(pack_kernel(6, K, np.dtype(dtype).name), tmp_path, x, threshold, y)
    assert np.array_equal(y, bnn_pack(x, threshold))


@pytest.mark.usefixtures("long_compile")
@pytest.mark.parametrize("tokens", [1, 20, 33, 64])
def test_no_integer_of_attention_lies_in_the_arena(tokens, shape_of, random_folded, random_window, tmp_path):
    import onnxruntime

    from sensor_bnn.onnx.export import save_onnx, to_onnx

    folded = random_folded(shape_of(tokens=tokens, heads=2, layers=2))
    path = tmp_path / "model.onnx"
    save_onnx(to_onnx(folded), path)
    bundle = compile_model(path, "host", tmp_path / "host")
    layers = {layer.name: layer for layer in bundle.metadata.layers}
    assert layers["/blocks.0/attention/scores"].op == "BnnMatMul + BnnAttentionMap"
    assert layers["/blocks.0/attention/scores"].output_bytes == 2 * tokens * 4 * words_for(tokens)
    assert layers["/blocks.0/attention/context"].op == "BnnBoolMatMul + BnnPack"
    assert layers["/blocks.0/attention/context"].output_bytes == tokens * folded.embed_bias.shape[1] // 8
    assert not {"/blocks.0/attention/map", "/blocks.0/attention/output/pack"} & set(layers)
    model = HostModel(bundle.folder)
    session = onnxruntime.InferenceSession(path)
    for seed in range(3):
        window = random_window(folded, seed)
        (want,) = session.run(None, {"window": window})
        np.testing.assert_allclose(model.infer(window), want, rtol=1e-5, atol=1e-5)
