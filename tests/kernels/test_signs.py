"""Bits of floats in C: on the host under sanitizers, and on emulated cores, compared with the reference."""

from __future__ import annotations

import ctypes
import io
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from sensor_bnn.compiler.program import Buffer, Place, Program, Step
from sensor_bnn.compiler.signs import pack_floats
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.measure.kernels import find_emulated, measure_kernels
from sensor_bnn.measure.on_board import run_on_board
from sensor_bnn.onnx.operators import TensorType
from sensor_bnn.onnx.reference import bnn_pack
from sensor_bnn.resources import resource

M7 = find_target("cortex-m7")
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wstrict-prototypes"]
# Zeros, the smallest and largest numbers, infinities, and NaNs of both signs, quiet and signalling.
ENDS = np.array(
    [
        *(0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x00000002, 0x007FFFFF, 0x00800000, 0x80800000),
        *(0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00000, 0x7F800001, 0xFF800001),
        *(0x3F800000, 0x3F800001, 0x3F7FFFFF, 0xBF800000, 0xBF800001, 0xBF7FFFFF),
    ],
    np.uint32,
).view(np.float32)


def data(M: int, K: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return floats and thresholds among them, with ends of every kind beside each other and equal ones."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2**32, (M, K), dtype=np.uint32).view(np.float32)
    x = np.where(rng.random((M, K)) < 0.5, rng.choice(ENDS, (M, K)), x)
    finite = ENDS[~np.isinf(ENDS)]
    threshold = rng.choice(finite, K)
    return np.where(rng.random((M, K)) < 0.2, threshold, x), threshold


def types(x: np.ndarray, threshold: np.ndarray) -> list[TensorType]:
    return [TensorType.of(x), TensorType.of(threshold)]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    file = tmp_path_factory.mktemp("signs") / "signs.so"
    folder = resource("firmware") / "kernels"
    sanitize = ["-fsanitize=undefined", "-fno-sanitize-recover=all"]
    command = ["gcc", "-shared", "-fPIC", *STRICT, *sanitize, f"-I{folder}"]
    subprocess.run([*command, folder / "portable" / "signs_pack.c", "-o", file], check=True)
    return ctypes.CDLL(str(file))


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 9), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_any_shape(library: ctypes.CDLL, M: int, words: int, seed: int) -> None:
    x, threshold = data(M, 32 * words, seed)
    plan = pack_floats(types(x, threshold), threshold, M7)
    assert plan is not None
    y = np.full((M + 2, words), 0xDEADBEEF, np.uint32)
    pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (x, plan.constants[1], y[1:])]
    library.sbnn_pack_signs(M, 32 * words, *pointers)
    np.testing.assert_array_equal(y[1:-1], bnn_pack(x, threshold))
    assert (y[[0, -1]] == 0xDEADBEEF).all()


@pytest.mark.usefixtures("cross_compiler", "qemu")
@pytest.mark.parametrize("core", ["cortex-m7", "cortex-m33"])
def test_floats_of_every_kind_on_a_core(core: str) -> None:
    target = find_target(core)
    float32 = np.dtype(np.float32)
    buffers = [Buffer(Place.INPUT, TensorType(float32, (1,)))] * 2
    steps, expected = [], []
    for M, K in ((3, 32), (40, 64), (17, 192), (64, 96)):
        x, threshold = data(M, K, M)
        plan = pack_floats(types(x, threshold), threshold, target)
        assert plan is not None
        first, start = len(buffers), sum(map(len, expected))
        # As words: C has no way to write a signalling NaN.
        constants = [a.view(np.uint32) for a in (x, plan.constants[1])]
        buffers += [Buffer(Place.CONSTANT, TensorType.of(a), a) for a in constants]
        (call,) = plan.calls
        *given, write = call.arguments
        call = type(call)(call.kernel, None, (*given, type(write)(start)))
        steps.append(Step(f"{M}x{K}", "pack", (call,), (first, first + 1), 1, None, 0))
        expected.append(bnn_pack(x, threshold).ravel())
    words = np.concatenate(expected)
    buffers[1] = Buffer(Place.OUTPUT, TensorType(np.dtype(np.uint32), words.shape))
    run = run_on_board(Program(tuple(buffers), tuple(steps)), "signs", find_emulated(target), bytes(4))
    np.testing.assert_array_equal(np.frombuffer(run.output, np.uint32), words)


def test_what_the_kernel_cannot_take_is_left_to_tir() -> None:
    x, finite = np.zeros((2, 32), np.float32), np.zeros(32, np.float32)
    assert pack_floats(types(x, finite), finite, M7) is not None
    assert pack_floats(types(x, finite), None, M7) is None
    assert pack_floats(types(x, finite), np.full(32, np.inf, np.float32), M7) is None
    assert pack_floats(types(x[:, :31], finite[:31]), finite[:31], M7) is None
    assert pack_floats(types(x.astype(np.int32), finite.astype(np.int32)), finite, M7) is None
    for other in ("cortex-m0plus", "cortex-m3", "cortex-m55", "host"):
        assert pack_floats(types(x, finite), finite, find_target(other)) is None


@pytest.mark.usefixtures("cross_compiler", "qemu")
@pytest.mark.parametrize("core", ["cortex-m7", "cortex-m4", "cortex-m33"])
def test_a_float_takes_no_more_than_its_bar(core: str) -> None:
    shapes = [(64, 192), (20, 64), (5, 33)]
    rows = measure_kernels(find_target(core), (), Console(file=io.StringIO()), pack=shapes)
    assert [row for row in rows if not row.exact] == []
    chosen = {(row.m, row.n): row.instr_per_mac for row in rows if row.kernel == "chosen"}
    assert chosen[64, 192] <= 3.40
    assert chosen[20, 64] <= 3.47
    loop = {(row.m, row.n): row.instr_per_mac for row in rows if row.kernel == "compare"}
    assert loop[64, 192] > 6
    assert chosen[5, 33] == pytest.approx(loop[5, 33], rel=0.02)
