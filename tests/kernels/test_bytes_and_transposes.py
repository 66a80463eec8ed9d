"""The embedding of bytes and the transposition of bits in C: on the host under sanitizers, and on cores."""

from __future__ import annotations

import ctypes
import io
import subprocess

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.console import Console

from sensor_bnn.compiler.dense_bytes import dense_in_c
from sensor_bnn.compiler.kernels.dense import Patches
from sensor_bnn.compiler.program import Plan
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.compiler.transposes import transpose_in_c
from sensor_bnn.measure.kernel_cases import Case
from sensor_bnn.measure.kernels import Shape, find_emulated, measure_cases
from sensor_bnn.onnx.operators import TensorType
from sensor_bnn.onnx.packing import pack_bits
from sensor_bnn.resources import resource

M7 = find_target("cortex-m7")
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wstrict-prototypes"]
EMBEDDING, TINY = Patches(3, 8, 4, 8, 4), Patches(1, 1, 4, 1, 4)
# Rows that are no multiple of six, one bias for all rows, patches of 16 x 16 pixels.
SHAPES = [(EMBEDDING, 192, True), (TINY, 8, True), (Patches(1, 2, 4, 7, 8), 24, False)]
SHAPES += [(Patches(3, 1, 16, 5, 16), 64, True)]
BITS = [(3, 64, 64), (1, 197, 64), (2, 33, 40), (1, 1, 8), (3, 16, 32)]

Constants = tuple[npt.NDArray[np.int8], npt.NDArray[np.float32], npt.NDArray[np.float16]]


def dense_data(
    shape: Patches, N: int, every: bool, seed: int
) -> tuple[npt.NDArray[np.uint8], Constants, npt.NDArray[np.float32]]:
    """Return an image, constants, and the product of its patches, computed in the order that is specified."""
    rng = np.random.default_rng(seed)
    x = rng.choice(np.array([0, 255, 1, 200], np.uint8), (shape.C, shape.R, shape.P, shape.Q, shape.S))
    w = rng.integers(-128, 128, (shape.terms, N)).astype(np.int8)
    w[:, 0], w[:, 1] = -128, 127
    scale = rng.standard_normal(N).astype(np.float32)
    bias = rng.standard_normal((shape.rows if every else 1, N)).astype(np.float16)
    bias[0, :4] = 0, -0.0, 65504, 6.2e-5
    patches = x.transpose(1, 3, 0, 2, 4).reshape(shape.rows, shape.terms).astype(np.int64)
    sums = patches @ w.astype(np.int64)
    return (
        x,
        (w, scale, bias if every else bias[0]),
        sums.astype(np.float32) * scale + bias.astype(np.float32),
    )


def dense_plan(x: npt.NDArray[np.uint8], constants: Constants, shape: Patches) -> Plan:
    types = [TensorType.of(array) for array in (x, *constants)]
    plan = dense_in_c(types, constants[0], "int32", shape, M7)
    assert plan is not None
    return plan


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    file = tmp_path_factory.mktemp("dense") / "dense.so"
    folder = resource("firmware") / "kernels"
    sanitize = ["-fsanitize=undefined", "-fno-sanitize-recover=all", "-ffp-contract=off"]
    command = ["gcc", "-shared", "-fPIC", *STRICT, *sanitize, f"-I{folder}"]
    sources = [folder / "dense_bytes.c", *sorted((folder / "portable").glob("dense*.c"))]
    subprocess.run([*command, *sources, folder / "transpose_bits.c", "-o", file], check=True)
    return ctypes.CDLL(str(file))


def pointers(*arrays: npt.NDArray[np.generic]) -> list[ctypes.c_void_p]:
    return [array.ctypes.data_as(ctypes.c_void_p) for array in arrays]


@settings(max_examples=30, deadline=None)
@given(
    *(st.integers(1, most) for most in (3, 3, 5, 5)),
    st.sampled_from([4, 8, 12, 16]),
    st.sampled_from([8, 16, 40]),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_embeddings_of_any_shape(
    library: ctypes.CDLL, C: int, R: int, P: int, Q: int, S: int, N: int, every: bool, seed: int
) -> None:
    shape = Patches(C, R, 4 * P, Q, S)
    x, constants, want = dense_data(shape, N, every, seed)
    plan = dense_plan(x, constants, shape)
    workspace = np.full(plan.workspace // 4 + 1, 0xDEADBEEF, np.uint32)
    y = np.full((shape.rows + 2, N), 7, np.float32)
    biases = shape.rows if every else 1
    stored = (plan.constants[1], *constants[1:])
    library.sbnn_dense_bytes(C, R, 4 * P, Q, S, N, biases, *pointers(x, *stored, workspace, y[1:]))
    np.testing.assert_array_equal(y[1:-1].view(np.uint32), want.view(np.uint32))
    assert workspace[-1] == 0xDEADBEEF and (y[[0, -1]] == 7).all()


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 3), st.integers(1, 100), st.integers(1, 12), st.integers(0, 2**32 - 1))
@example(1, 32, 4, 0)
def test_transposes_of_any_shape(library: ctypes.CDLL, heads: int, M: int, eights: int, seed: int) -> None:
    bits = np.random.default_rng(seed).random((heads, M, 8 * eights)) < 0.5
    want = pack_bits(bits.transpose(0, 2, 1))
    y = np.full(want.size + 2, 0xDEADBEEF, np.uint32)
    library.sbnn_transpose_bits(heads, M, 8 * eights, *pointers(pack_bits(bits), y[1:]))
    np.testing.assert_array_equal(y[1:-1].reshape(want.shape), want)
    assert (y[[0, -1]] == 0xDEADBEEF).all()


def test_what_the_kernels_cannot_take_is_left_to_tir() -> None:
    x, constants, _ = dense_data(EMBEDDING, 192, True, 0)
    types = [TensorType.of(array) for array in (x, *constants)]
    w = constants[0]
    assert dense_in_c(types, w, "int32", EMBEDDING, M7) is not None
    for other in ("cortex-m3", "cortex-m0plus", "cortex-m55", "cortex-a53", "host"):
        assert dense_in_c(types, w, "int32", EMBEDDING, find_target(other)) is None
    assert dense_in_c(types, None, "int32", EMBEDDING, M7) is None
    assert dense_in_c(types, w, "float32", EMBEDDING, M7) is None  # a float does not hold every sum
    floats = TensorType.of(constants[2].astype(np.float32))
    assert dense_in_c([*types[:3], floats], w, "int32", EMBEDDING, M7) is None
    assert dense_in_c(types, w, "int32", Patches(3, 8, 8, 16, 2), M7) is None  # patches of two pixels
    assert dense_in_c(types, w, "int32", Patches(3, 8, 3, 8, 4), M7) is None
    outputs = [TensorType.of(array[..., :188]) for array in constants]
    assert dense_in_c([types[0], *outputs], w[:, :188], "int32", EMBEDDING, M7) is None
    bits = [TensorType.of(np.zeros((3, 64, 2), np.uint32))]
    assert transpose_in_c(bits, 64, M7) is not None
    assert transpose_in_c(bits, 60, M7) is None
    assert transpose_in_c(bits, 64, find_target("cortex-a53")) is None


# Instructions of the embedding of vit-cifar, and of its values of a layer: three heads of 64 x 64 bits.
BARS = {"cortex-m7": (593_200, 8_300), "cortex-m0plus": (None, 16_000)}


@pytest.mark.usefixtures("cross_compiler", "qemu")
@pytest.mark.parametrize("core", BARS)
def test_on_a_core_they_are_exact_and_within_their_bars(core: str) -> None:
    target = find_target(core)
    cases = []
    for shape, N, every in SHAPES if core == "cortex-m7" else ():
        x, constants, want = dense_data(shape, N, every, N)
        plan = dense_plan(x, constants, shape)
        arrays = (x, plan.constants[1], *constants[1:])
        sizes = Shape(shape.rows, N, shape.terms)
        cases.append(Case("embedding", sizes, "float", target, plan.calls, arrays, plan.workspace, (), want))
    for heads, M, K in BITS:
        bits = np.random.default_rng(M).random((heads, M, K)) < 0.5
        given, want = pack_bits(bits), pack_bits(bits.transpose(0, 2, 1))
        plan = transpose_in_c([TensorType.of(given)], K, target)
        assert plan is not None
        sizes = Shape(heads * M, K, 1)
        cases.append(Case("transpose", sizes, "packed", target, plan.calls, (given,), 0, (), want))
    rows = measure_cases(cases, find_emulated(target), Console(file=io.StringIO()), estimated=False)
    assert [row for row in rows if not row.exact] == []
    counts = {(row.kernel, row.m, row.n): row.instructions for row in rows}
    embedding, transpose = BARS[core]
    assert embedding is None or counts["embedding", 64, 192] <= embedding
    assert counts["transpose", 192, 64] <= transpose
