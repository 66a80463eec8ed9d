"""The stream's layers in AArch64's vectors, emulated, under sanitizers, against the operators' references.

Each is called as the compiler calls it, with the constants that the compiler makes.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from programs_in_c import build_program

from sensor_bnn.compiler.a64_kernels import (
    BITS,
    BYTES,
    FAMILY,
    PACK,
    SCORES_MAP,
    VALUES,
    a64_kernel,
    a64_pack,
    a64_scores_map,
)
from sensor_bnn.compiler.kernels.grid import Grid
from sensor_bnn.compiler.kernels.stream_layer import StreamLayer
from sensor_bnn.compiler.lookup import kernel_files
from sensor_bnn.compiler.program import Plan, Read
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.onnx.operators import TensorType
from sensor_bnn.onnx.packing import pack_bits, words_for
from sensor_bnn.onnx.reference import bnn_mat_mul, bnn_pack
from sensor_bnn.onnx.reference_int import (
    bnn_int_attention_map,
    bnn_int_linear,
    bnn_patches,
    bnn_stream,
    bnn_stream_add,
)

LINUX = find_target("aarch64-linux")
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wstrict-prototypes", "-Wundef"]
FUNCTIONS = (VALUES, BITS, BYTES, PACK, SCORES_MAP)
ANY_PRICE = 2**62
NULL, IN_PLACE = -1, -2
NUMBERS, READS = 17, 6
SEED = 20261129


class Kernels:
    """An emulated process that runs the kernels on data sent to it."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("qemu-aarch64") is None:
            pytest.fail("qemu-aarch64 is missing: apt-get install --no-install-recommends qemu-user")
        files = kernel_files(LINUX, [FAMILY])
        for file in files:
            (folder / file.name).write_bytes(file.read_bytes())
        sources = [folder / file.name for file in files if file.suffix == ".c"]
        sanitize = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
        flags = [*STRICT, *LINUX.gcc, "-O2", *sanitize, f"-I{folder}"]
        driver = Path(__file__).with_name("a64_driver.c")
        assert build_program(folder / "driver", LINUX.compiler, flags, [driver, *sources]) == ""
        self.process = subprocess.Popen(
            ["qemu-aarch64", "-L", f"/usr/{LINUX.tools.rstrip('-')}", folder / "driver"],
            # The search for leaks needs ptrace, which QEMU does not emulate.
            env={"ASAN_OPTIONS": "detect_leaks=0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(self, plan: Plan, given: dict[int, np.ndarray | None], want: np.ndarray, title: str) -> None:
        """Run a call, and once more with its result in the place of the residual if the plan allows it."""
        (call,) = plan.calls
        numbers = [argument for argument in call.arguments if isinstance(argument, int)]
        places = [argument.place for argument in call.arguments if isinstance(argument, Read)]
        # x, w, base, factor, slope, residual: the driver's order, with gaps.
        reads = [given.get(place) for place in (0, 1, 3, 2, 4, 5)] if call.kernel in LAYERS else None
        if reads is None:
            reads = [given[place] for place in places] + [None] * (READS - len(places))
        numbers += [0] * (NUMBERS - len(numbers))
        for output in (want.nbytes, *[IN_PLACE] * (plan.overwrites is not None)):
            sizes = [NULL if array is None else array.nbytes for array in reads]
            head = [FUNCTIONS.index(call.kernel), *numbers, *sizes, plan.workspace, output]
            assert self.process.stdin is not None and self.process.stdout is not None
            self.process.stdin.write(np.array(head, np.int32).tobytes())
            for array in reads:
                self.process.stdin.write(b"" if array is None else np.ascontiguousarray(array).tobytes())
            self.process.stdin.flush()
            data = self.process.stdout.read(want.nbytes)
            assert len(data) == want.nbytes, f"{title}: the kernels have ended: see their words on stderr"
            got = np.frombuffer(data, want.dtype).reshape(want.shape)
            np.testing.assert_array_equal(got, want, err_msg=title)


LAYERS = (VALUES, BITS, BYTES)


@pytest.fixture(scope="module")
def kernels(cross_compiler: None, qemu: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernels]:
    kernels = Kernels(tmp_path_factory.mktemp("a64"))
    yield kernels
    assert kernels.process.stdin is not None and kernels.process.stdout is not None
    kernels.process.stdin.close()
    kernels.process.stdout.close()
    assert kernels.process.wait() == 0


def shorts(rng: np.random.Generator, size: int, most: int, least: int | None = None) -> np.ndarray:
    return rng.integers(-most if least is None else least, most + 1, size).astype(np.int16)


@dataclass(frozen=True)
class Layer:
    """A layer with its contents; ``want`` is what the operators make of them."""

    plan: Plan
    given: dict[int, np.ndarray | None]
    want: np.ndarray


def layer(shape: StreamLayer, seed: int, density: float = 0.5, spread: int = 3000) -> Layer | None:
    """Make a layer, whose stream has about the size of ``spread``; None if TIR must compute it."""
    rng = np.random.default_rng(seed)
    grid, width = shape.grid, shape.grid.taps * shape.W
    names = {name: getattr(grid, name) for name in Grid.__dataclass_fields__}
    if shape.K:
        x = pack_bits(rng.random((grid.tokens, shape.K if grid.plain else 32 * shape.W)) < density)
        w = pack_bits(rng.random((shape.A, shape.K)) < 0.5)
        acc = bnn_mat_mul(x if grid.plain else bnn_patches(x, **names), w, K=shape.K)
        largest = shape.K
    else:
        x = rng.integers(-128, 128, (grid.tokens, shape.W)).astype(np.int8)
        w = rng.integers(-127, 128, (shape.A, width)).astype(np.int8)
        acc = bnn_int_linear(x if grid.plain else bnn_patches(x, **names), w)
        largest = min(127 * 128 * width >> shape.pre, 32767) + 1
    scale = shorts(rng, shape.N, max(min((spread << shape.shift) // largest, 32767), 1))
    bias = shorts(rng, shape.N, min(spread, 32767))
    slope = shorts(rng, shape.slopes, 8191, -2000)
    tokens = 1 if shape.shared else grid.out_tokens
    residual = shorts(rng, tokens * shape.B, min(spread, 32767)).reshape(tokens, -1) if shape.B else None
    threshold = shorts(rng, shape.N, min(spread, 32768), max(-spread, -32768))
    threshold = np.where(slope < 0, np.minimum(threshold, 0), threshold).astype(np.int16)
    constants = [None, w, scale, bias, slope, *[None] * (shape.B > 0), *[threshold] * shape.packed]
    plan = a64_kernel(shape, constants, LINUX, ANY_PRICE)
    if plan is None:
        return None
    shifts = {"pre": shape.pre, "shift": shape.shift}
    if residual is None:
        want = bnn_stream(acc, scale, bias, slope, **shifts)
    else:
        want = bnn_stream_add(acc, residual, scale, bias, slope, **shifts)
    if shape.packed:
        want = bnn_pack(want, threshold)
    given = {**dict(enumerate(constants[:5])), **plan.constants, 0: x, 5: residual}
    return Layer(plan, given, want)


def any_layer(rng: np.random.Generator) -> StreamLayer:
    def one(*values: int) -> int:
        return int(rng.choice(values))

    plain = rng.random() < 0.3
    if plain:
        grid = Grid(1, int(rng.integers(1, 20)), *[1] * 6)
    else:
        sides, kernel, steps = rng.integers(1, (5, 12)), rng.integers(1, (4, 6)), rng.integers(1, 4, 4)
        grid = Grid(*map(int, (*sides, *kernel, *steps)))
    form = str(rng.choice(LAYERS))
    if form == BYTES:
        A = one(8, 16, 24)
        N = A * one(1, 2, 4)
        shortcuts = (0, N, A)
        sizes = (int(rng.integers(1, 40)), 0, A, N)
    else:
        N = one(32, 64, 96) if form == BITS else one(16, 32, 48, 80, 112)
        K = one(1, 31, 33, 64, 160, 224, 225, 256, 300, 577, 961, 2100) if plain else 0
        W = words_for(K) if plain else int(rng.integers(1, 5))
        shortcuts = (0, N, N, *([N // 2] if N % 32 == 0 else []))
        sizes = (W, K or grid.taps * W * 32, N, N)
    pre = int(rng.integers(0, 10)) if form == BYTES else 0
    shift = int(rng.integers(0 if form == BYTES else 1, 16))
    return StreamLayer(
        *(grid, *sizes, one(*shortcuts), one(1, sizes[-1]), pre, shift),
        packed=form == BITS,
        in_place=False,
        shared=rng.random() < 0.2,
    )


def test_layers_of_any_size_are_exact(kernels: Kernels) -> None:
    """Patches at borders and inside, all panels, one chunk of K and several, shared residuals and none."""
    found = dict.fromkeys(LAYERS, 0)
    for seed in range(240):
        rng = np.random.default_rng((SEED, seed))
        density, spread = float(rng.choice((0, 0.5, 0.5, 0.9, 1))), int(rng.choice((3, 100, 3000, 30000)))
        shape = any_layer(rng)
        made = layer(shape, seed, density, spread)
        if made is not None:
            found[made.plan.calls[0].kernel] += 1
            kernels.run(made.plan, made.given, made.want, f"{shape} {seed=}")
    assert min(found.values()) >= 50, found


def test_bits_of_a_stream_and_attention_maps_are_exact(kernels: Kernels) -> None:
    """Of any table, not only of one that ascends."""
    for seed in range(60):
        rng = np.random.default_rng((SEED, seed))
        m, words, spread = int(rng.integers(1, 6)), int(rng.integers(1, 5)), (1, 3000, 32768)[seed % 3]
        x = rng.integers(-spread, spread, (m, 32 * words)).astype(np.int16)
        threshold = rng.integers(-spread, spread, 32 * words).astype(np.int16)
        plan = a64_pack([TensorType.of(x), TensorType.of(threshold)], threshold, LINUX)
        assert plan is not None
        kernels.run(plan, {0: x, 1: threshold}, bnn_pack(x, threshold), f"pack {seed=}")
        heads, m, n, k = (int(rng.integers(1, most)) for most in (4, 20, 70, 64))
        queries, keys = (pack_bits(rng.random((heads, size, k)) < 0.5) for size in (m, n))
        table = rng.integers(0, 65536 if seed % 5 else 1, (heads, k + 1)).astype(np.int32)
        ratio = rng.integers(1, (65536 if seed % 4 else 65536 // n) + 1, heads).astype(np.int32)
        types = [TensorType.of(array) for array in (queries, keys, table, ratio)]
        plan = a64_scores_map(types, table, k, LINUX)
        assert plan is not None
        want = bnn_int_attention_map(bnn_mat_mul(queries, keys, K=k), table, ratio, K=k)
        given = {0: queries, 1: keys, 2: plan.constants[2], 3: ratio}
        kernels.run(plan, given, want, f"map {heads} {m} {n} {k} {seed=}")


def test_what_is_refused_is_left_to_tir() -> None:
    """Slopes of 1 and more, outputs that fill no vector, weights of -128, and other cores."""
    grid = Grid(1, 9, 1, 3, 1, 1, 1, 1)
    shape = StreamLayer(grid, 2, 192, 64, 64, 64, 64, 0, 8, packed=False, in_place=False)
    weights, ones = np.zeros((64, 6), np.uint32), np.ones(64, np.int16)
    constants = [None, weights, ones, ones, ones, None]
    assert a64_kernel(shape, constants, LINUX, ANY_PRICE) is not None
    assert a64_kernel(shape, constants, LINUX, 1) is None
    for name in ("cortex-m7", "cortex-m55", "armv7-linux", "host"):
        assert a64_kernel(shape, constants, find_target(name), ANY_PRICE) is None
    assert a64_kernel(shape, [*constants[:4], ones * 8192, None], LINUX, ANY_PRICE) is None
    odd = StreamLayer(grid, 2, 192, 40, 40, 40, 40, 0, 8, packed=False, in_place=False)
    assert a64_kernel(odd, [None, weights[:40], *[ones[:40]] * 3, None], LINUX, ANY_PRICE) is None
    stem = StreamLayer(grid, 2, 0, 64, 64, 0, 64, 2, 8, packed=False, in_place=False)
    small = np.zeros((64, 6), np.int8)
    assert a64_kernel(stem, [None, small, ones, ones, ones], LINUX, ANY_PRICE) is not None
    small[3, 4] = -128
    assert a64_kernel(stem, [None, small, ones, ones, ones], LINUX, ANY_PRICE) is None
