"""The layers of the integer stream in C under sanitizers, compared with the operators' references.

Each is called as the compiler calls it, with the constants that the compiler makes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from programs_in_c import build_program

from sensor_bnn.compiler.kernels.grid import Grid
from sensor_bnn.compiler.kernels.stream_layer import StreamLayer
from sensor_bnn.compiler.lookup import kernel_files
from sensor_bnn.compiler.program import Read
from sensor_bnn.compiler.stream_kernels import (
    BITS,
    BYTES,
    CONTEXT,
    FAMILIES,
    IMAGE,
    LANES,
    LANES_BITS,
    PACK,
    PLAIN,
    ROWS_PLAIN,
    SCORES,
    VALUES,
    WINDOW,
    pack_kernel,
    stream_kernel,
)
from sensor_bnn.compiler.stream_kernels import STEM as IMAGE_STEM
from sensor_bnn.compiler.stream_lanes import ARMV7EM, lanes_plan
from sensor_bnn.compiler.stream_patterns import TURNED_BYTES
from sensor_bnn.compiler.stream_scores import context_in_c, scores_in_c
from sensor_bnn.compiler.stream_stem import ARMV7EM as IMAGE_COSTS
from sensor_bnn.compiler.stream_stem import StemCosts, stem_plan
from sensor_bnn.compiler.stream_tokens import token_join, token_kernel
from sensor_bnn.compiler.stream_window import window_kernel
from sensor_bnn.compiler.targets import Target, find_target
from sensor_bnn.onnx.operators import DOMAIN, TensorType
from sensor_bnn.onnx.packing import pack_bits, words_for
from sensor_bnn.onnx.reference import bnn_bool_mat_mul, bnn_mat_mul, bnn_pack, bnn_transpose
from sensor_bnn.onnx.reference_int import (
    bnn_average_pool,
    bnn_int_attention_map,
    bnn_int_linear,
    bnn_patches,
    bnn_quantize,
    bnn_stream,
    bnn_stream_add,
    bnn_token_count,
    bnn_token_max,
    bnn_token_sum,
)

HOST = find_target("host")
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wstrict-prototypes"]
ANY_PRICE = 2**62
PRICES = [round(1.05**power) for power in range(80, 400)]
"""What TIR might take for a layer."""
TOKENS = (
    *("pool", "token_sum", "token_max", "token_count"),
    *("quantize16", "quantize32", "quantize_turned", "move"),
)
PIXELS = "sbnn_stream_quantize_image"
FUNCTIONS = (
    VALUES,
    BITS,
    BYTES,
    PLAIN,
    PACK,
    *(f"sbnn_stream_{name}" for name in TOKENS),
    IMAGE,
    SCORES,
    LANES,
    LANES_BITS,
    IMAGE_STEM,
    CONTEXT,
    PIXELS,
    WINDOW,
    ROWS_PLAIN,
)
NULL, IN_PLACE = -1, -2


class Kernels:
    """The ends of a process that runs the kernels on data sent to it."""

    def __init__(self, given: IO[bytes], found: IO[bytes]) -> None:
        self.given, self.found = given, found

    def run(self, function: str, numbers: list[int], reads: list, workspace: int, output: int) -> bytes:
        sizes = [NULL if array is None else array.nbytes for array in reads]
        head = [FUNCTIONS.index(function), *numbers, *sizes, workspace, output]
        self.given.write(np.array(head, np.int32).tobytes())
        for array in reads:
            self.given.write(b"" if array is None else array.tobytes())
        self.given.flush()
        size = sizes[-1] if output == IN_PLACE else output
        data = self.found.read(size)
        assert len(data) == size, "the kernels have ended: see their words on stderr"
        return data


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernels]:
    with running(tmp_path_factory.mktemp("kernels") / "driver", HOST) as kernels:
        yield kernels


@contextmanager
def running(program: Path, target: Target) -> Iterator[Kernels]:
    """Run the target's kernels on the host, for which they must be plain C."""
    files = kernel_files(target, FAMILIES)
    # In one folder as in a bundle, because headers of several folders have one name.
    for file in files:
        (program.parent / file.name).write_bytes(file.read_bytes())
    sanitize = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-ffp-contract=off"]
    sources = [program.parent / file.name for file in files if file.suffix == ".c"]
    driver = Path(__file__).with_name("stream_driver.c")
    flags = [*STRICT, *sanitize, f"-I{program.parent}"]
    assert build_program(program, "gcc", flags, [driver, *sources]) == ""
    process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    yield Kernels(process.stdin, process.stdout)
    process.stdin.close()
    process.stdout.close()
    assert process.wait() == 0


def grids() -> st.SearchStrategy[Grid]:
    few, some = st.integers(1, 3), st.integers(1, 5)
    sides = st.tuples(st.integers(1, 6), st.integers(1, 30))
    return st.builds(
        lambda rows, columns, kernel, stride, dilation: Grid(rows, columns, *kernel, *stride, *dilation),
        *(st.integers(1, 5), st.integers(1, 30)),
        *(st.tuples(few, some), st.tuples(few, few), st.tuples(few, few)),
    ) | sides.map(lambda found: Grid(1, found[0] * found[1], 1, 1, 1, 1, 1, 1))


@st.composite
def layers(draw: st.DrawFn, form: str) -> StreamLayer:
    grid = draw(grids())
    pre, A = 0, draw(st.sampled_from((1, 2, 7, 8, 31, 32, 40, 64)))
    N = A
    if form == BYTES:
        W, K, pre = draw(st.integers(1, 12)), 0, draw(st.integers(0, 9))
        A = min(A, 9)
        N = A * draw(st.integers(1, 4))
    elif grid.plain:
        K = draw(st.sampled_from((1, 31, 32, 33, 64, 254, 255, 300)))
        W = words_for(K)
    else:
        W = draw(st.integers(1, 3))
        K = grid.taps * W * 32
    if form == BITS:
        N = A = 32 * draw(st.integers(1, 3))
    shortcuts = [0, N, *(B for B in (N // 2, N // 3) if B and N % B == 0)]
    return StreamLayer(
        *(grid, W, K, A, N, draw(st.sampled_from(shortcuts)), draw(st.sampled_from((1, N))), pre),
        draw(st.integers(0 if form == BYTES else 1, 12)),
        packed=form == BITS,
        in_place=False,
    )


@st.composite
def images(draw: st.DrawFn) -> StreamLayer:
    """Layers whose rows of outputs share rows of tokens."""
    sizes = draw(st.integers(4, 7)), 8 * draw(st.integers(1, 3)), 3, draw(st.integers(1, 3))
    grid = Grid(*sizes, draw(st.integers(1, 2)), 1, draw(st.integers(1, 2)), draw(st.integers(1, 2)))
    W, N = draw(st.integers(1, 3)), draw(st.sampled_from((1, 2, 7, 32, 40, 64)))
    shortcuts = [0, N, *(B for B in (N // 2,) if B and N % B == 0)]
    widths = N, N, draw(st.sampled_from(shortcuts)), draw(st.sampled_from((1, N)))
    shift = draw(st.integers(1, 12))
    return StreamLayer(grid, W, grid.taps * W * 32, *widths, 0, shift, packed=False, in_place=False)


@st.composite
def groups(draw: st.DrawFn) -> StreamLayer:
    """Layers whose channels can be lanes."""
    sides = st.tuples(st.integers(3, 16), st.integers(3, 20))
    few = st.tuples(st.integers(1, 3), st.integers(1, 3))
    found = st.builds(lambda sizes, *pairs: Grid(*sizes, *sum(pairs, ())), sides, few, few, few)
    plain = st.builds(lambda tokens: Grid(1, tokens, 1, 1, 1, 1, 1, 1), st.integers(56, 70))
    grid = draw((found | plain).filter(lambda grid: grid.out_tokens >= 56))
    W, N = draw(st.integers(1, 3)), 32 * draw(st.integers(1, 3))
    widths = N, N, draw(st.sampled_from((0, 32, N))), 1
    shift, packed = draw(st.integers(1, 12)), draw(st.booleans())
    return StreamLayer(grid, W, grid.taps * W * 32, *widths, 0, shift, packed=packed, in_place=False)


def shorts(rng: np.random.Generator, size: int, most: int, least: int | None = None) -> np.ndarray:
    return rng.integers(-most if least is None else least, most + 1, size).astype(np.int16)


def check(
    kernels: Kernels,
    shape: StreamLayer,
    seed: int,
    density: float,
    spread: int,
    *,
    plain: bool = False,
    target: Target = HOST,
    lanes: bool = False,
    window: bool = False,
    stem: StemCosts = IMAGE_COSTS,
) -> str:
    """Compare a layer, whose stream has about the size of ``spread``, with its operators; name its function.

    Args:
        kernels: the kernels.
        shape, seed, density, spread: the layer and its contents.
        plain: whether weights of bytes are stored as they are, which depends on what TIR would take.
        target: the processor for which the call is made.
        lanes: whether channels are lanes, or the layer is a stem.
        window: whether it is the first layer of a window.
        stem: the class of cores for whose stem the call is made.
    """
    rng = np.random.default_rng(seed)
    grid, width = shape.grid, shape.grid.taps * shape.W
    names = {name: getattr(grid, name) for name in Grid.__dataclass_fields__}
    if shape.K:
        columns = shape.K if grid.plain else 32 * shape.W
        x = pack_bits(rng.random((grid.tokens, columns)) < density)
        w = pack_bits(rng.random((shape.A, shape.K)) < 0.5)
        patches = x if grid.plain else bnn_patches(x, **names)
        acc = bnn_mat_mul(patches, w, K=shape.K)
        largest = max(shape.K, 1)
    else:
        x = rng.integers(-127, 128, (grid.tokens, shape.W)).astype(np.int8)
        w = rng.integers(-128, 128, (shape.A, width)).astype(np.int8)
        acc = bnn_int_linear(x if grid.plain else bnn_patches(x, **names), w)
        largest = min(127 * 128 * width >> shape.pre, 32767) + 1
    scale = shorts(rng, shape.N, max(min((spread << shape.shift) // largest, 32767), 1))
    bias = shorts(rng, shape.N, min(spread, 32767))
    slope = shorts(rng, shape.slopes, 8192 if lanes or window else 16384, -2000)
    residual = shorts(rng, grid.out_tokens * shape.B, min(spread, 32767)) if shape.B else None
    threshold = shorts(rng, shape.N, min(spread, 32768), max(-spread, -32768))
    threshold = np.where(slope < 0, np.minimum(threshold, 0), threshold).astype(np.int16)
    constants = [None, w, scale, bias, slope, *[None] * (shape.B > 0), *[threshold] * shape.packed]
    if lanes:
        plan = lanes_plan(shape, constants, ARMV7EM, ANY_PRICE)
        plan = plan or stem_plan(shape, constants, stem, ANY_PRICE)
    elif window:
        plan = window_kernel(shape, constants, target, ANY_PRICE)
    else:
        prices = PRICES if plain else (ANY_PRICE,)
        found = (stream_kernel(shape, constants, target, price) for price in prices)
        plan = next(
            plan
            for plan in found
            if (plan is not None and plan.calls[0].kernel in (PLAIN, ROWS_PLAIN)) or not plain
        )
    assert plan is not None
    (call,) = plan.calls
    numbers = [argument for argument in call.arguments if isinstance(argument, int)]
    given = dict(enumerate(constants)) | dict(plan.constants)
    given[0] = x
    reads = [given[place] for place in (0, 1, 3, 2, 4)]  # the bases come before the factors
    places = [argument.place for argument in call.arguments if isinstance(argument, Read)]
    first = 3 if lanes or window else 4
    assert places[:first] == [0, 1, 3, 2][:first]
    shifts = {"pre": shape.pre, "shift": shape.shift}
    if residual is None:
        want = bnn_stream(acc, scale, bias, slope, **shifts)
    else:
        residual = residual.reshape(-1, shape.B)
        want = bnn_stream_add(acc, residual, scale, bias, slope, **shifts)
    if shape.packed:
        want = bnn_pack(want, threshold)
    for output in (want.nbytes, *[IN_PLACE] * (plan.overwrites is not None)):
        got = kernels.run(call.kernel, numbers, [*reads, residual], plan.workspace, output)
        np.testing.assert_array_equal(np.frombuffer(got, want.dtype).reshape(want.shape), want)
    return call.kernel


SPREADS = st.sampled_from((3, 100, 3000, 30000))
DENSITIES = st.sampled_from((0.0, 0.5, 0.5, 0.9, 1.0))
SEEDS = st.integers(0, 2**32 - 1)
PLANE = Grid(8, 16, 3, 3, 1, 1, 1, 1)
HEAD = Grid(1, 1, *[1] * 6)
STEM, SMALL = Grid(1, 100, 1, 9, 1, 4, 1, 1), Grid(1, 25, 1, 5, 1, 1, 1, 1)


@settings(max_examples=200, deadline=None)
@given(layers(VALUES), SEEDS, DENSITIES, SPREADS)
@example(StreamLayer(SMALL, 2, 320, 64, 64, 64, 64, 0, 8, packed=False, in_place=False), 0, 0.5, 3000)
def test_values(kernels: Kernels, shape: StreamLayer, seed: int, density: float, spread: int) -> None:
    check(kernels, shape, seed, density, spread)


@settings(max_examples=200, deadline=None)
@given(images(), SEEDS, DENSITIES, SPREADS)
@example(StreamLayer(PLANE, 2, 576, 64, 64, 64, 1, 0, 8, packed=False, in_place=False), 0, 0.5, 3000)
def test_images(kernels: Kernels, shape: StreamLayer, seed: int, density: float, spread: int) -> None:
    assert check(kernels, shape, seed, density, spread) == IMAGE


@settings(max_examples=100, deadline=None)
@given(groups(), SEEDS, DENSITIES, SPREADS)
@example(StreamLayer(PLANE, 2, 576, 64, 64, 64, 1, 0, 8, packed=False, in_place=False), 0, 0.5, 3000)
@example(StreamLayer(PLANE, 2, 576, 64, 64, 64, 1, 0, 8, packed=False, in_place=False), 0, 0.5, 30000)
def test_channels_as_lanes(
    kernels: Kernels, shape: StreamLayer, seed: int, density: float, spread: int
) -> None:
    found = check(kernels, shape, seed, density, spread, lanes=True)
    assert found == (LANES_BITS if shape.packed else LANES)


@st.composite
def stems(draw: st.DrawFn) -> StreamLayer:
    width, *kernel = draw(st.sampled_from(((3, 4, 4), (3, 1, 4), (4, 3, 3), (12, 1, 1), (2, 3, 6))))
    few = st.integers(1, 3)
    grid = Grid(draw(st.integers(2, 12)), draw(st.integers(2, 12)), *kernel, draw(few), draw(few), 1, 1)
    N, pre, shift = 4 * draw(st.integers(1, 9)), draw(st.integers(0, 9)), draw(st.integers(0, 12))
    return StreamLayer(grid, width, 0, N, N, 0, 1, pre, shift, packed=False, in_place=False)


@settings(max_examples=100, deadline=None)
@given(stems(), SEEDS, SPREADS)
def test_stems(kernels: Kernels, shape: StreamLayer, seed: int, spread: int) -> None:
    assert check(kernels, shape, seed, 0.5, spread, lanes=True) == IMAGE_STEM


@settings(max_examples=200, deadline=None)
@given(layers(BITS), SEEDS, DENSITIES, SPREADS)
@example(StreamLayer(SMALL, 2, 320, 64, 64, 64, 1, 0, 8, packed=True, in_place=False), 0, 0.5, 3000)
def test_bits(kernels: Kernels, shape: StreamLayer, seed: int, density: float, spread: int) -> None:
    check(kernels, shape, seed, density, spread)


def test_bits_that_no_single_comparison_makes_are_left_to_tir() -> None:
    """With a slope below 0, both large and very small values reach a threshold above 0."""
    shape = StreamLayer(SMALL, 2, 320, 64, 64, 64, 64, 0, 8, packed=True, in_place=False)
    weights, ones = np.zeros((64, 10), np.uint32), np.ones(64, np.int16)
    slope, threshold = ones * 4096, -ones
    slope[7] = -10
    plan = stream_kernel(shape, [None, weights, ones, ones, slope, None, threshold], HOST, ANY_PRICE)
    assert plan is not None
    threshold[7] = 1
    assert stream_kernel(shape, [None, weights, ones, ones, slope, None, threshold], HOST, ANY_PRICE) is None


@settings(max_examples=200, deadline=None)
@given(layers(BYTES), SEEDS, SPREADS)
@example(
    StreamLayer(Grid(1, 100, 1, 9, 1, 4, 1, 1), 6, 0, 16, 64, 0, 64, 6, 8, packed=False, in_place=False),
    0,
    3000,
)
def test_bytes(kernels: Kernels, shape: StreamLayer, seed: int, spread: int) -> None:
    check(kernels, shape, seed, 0.5, spread)


@settings(max_examples=60, deadline=None)
@given(layers(BYTES), SEEDS, SPREADS)
@example(StreamLayer(HEAD, 64, 0, 10, 10, 0, 1, 2, 13, packed=False, in_place=False), 0, 3000)
def test_bytes_with_plain_weights(kernels: Kernels, shape: StreamLayer, seed: int, spread: int) -> None:
    """Where weights for four rows at a time would save little, they are stored as they are."""
    found = check(kernels, shape, seed, 0.5, spread, plain=True)
    assert found == (ROWS_PLAIN if shape.grid.plain and shape.W % 4 == 0 else PLAIN)


def check_pack(kernels: Kernels, m: int, words: int, seed: int, spread: int, target: Target = HOST) -> None:
    """Compare the bits of a stream with the operator's."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-spread, spread, (m, 32 * words)).astype(np.int16)
    threshold = rng.integers(-spread, spread, 32 * words).astype(np.int16)
    plan = pack_kernel([TensorType.of(x), TensorType.of(threshold)], threshold, target)
    assert plan is not None
    (call,) = plan.calls
    numbers = [argument for argument in call.arguments if isinstance(argument, int)]
    want = bnn_pack(x, threshold)
    reads = [x, plan.constants[1], None, None, None, None]
    got = kernels.run(call.kernel, numbers, reads, 0, want.nbytes)
    np.testing.assert_array_equal(np.frombuffer(got, want.dtype).reshape(want.shape), want)


PACKED = (st.integers(1, 5), st.integers(1, 4), SEEDS, st.sampled_from((1, 3000, 32768)))


@given(*PACKED)
def test_pack(kernels: Kernels, m: int, words: int, seed: int, spread: int) -> None:
    check_pack(kernels, m, words, seed, spread)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 2), st.integers(1, 20), st.integers(1, 3), st.integers(1, 32), SEEDS, st.integers(0, 16)
)
def test_scores(kernels: Kernels, heads: int, m: int, words: int, k: int, seed: int, power: int) -> None:
    rng = np.random.default_rng(seed)
    n = 32 * words
    queries, keys = (pack_bits(rng.random((heads, rows, k)) < 0.5) for rows in (m, n))
    table = np.sort(rng.integers(0, 1 << seed % 17, (heads, k + 1)), axis=-1).astype(np.int32)
    ratio = rng.integers(1, (65536 // n, 65536)[seed % 2] + 1, heads).astype(np.int32)
    types = [TensorType.of(array) for array in (queries, keys, table, ratio)]
    plan = scores_in_c(types, table, k, HOST)
    assert plan is not None
    (call,) = plan.calls
    numbers = [argument for argument in call.arguments if isinstance(argument, int)]
    want = bnn_int_attention_map(bnn_mat_mul(queries, keys, K=k), table, ratio, K=k)
    reads = [queries, keys, plan.constants[2], ratio, None, None]
    got = kernels.run(call.kernel, numbers, reads, plan.workspace, want.nbytes)
    np.testing.assert_array_equal(np.frombuffer(got, want.dtype).reshape(want.shape), want)


def check_context(
    kernels: Kernels, heads: int, m: int, words: int, seed: int, density: float, spread: int
) -> None:
    """Compare the bits of attended values with the operators'."""
    rng = np.random.default_rng(seed)
    k = 32 * words
    attended = pack_bits(rng.random((heads, m, k)) < density)
    values = pack_bits(rng.random((heads, k, 32)) < 0.5)
    values[0] = rng.choice(np.array([0, 2**32 - 1], np.uint32))
    threshold = rng.integers(-spread, spread + 1, heads * 32).astype(np.int32)
    plan = context_in_c(
        [TensorType.of(attended), TensorType.of(values)], threshold, k, find_target("cortex-m7")
    )
    assert plan is not None
    (call,) = plan.calls
    numbers = [argument for argument in call.arguments if isinstance(argument, int)]
    found = bnn_bool_mat_mul(attended, bnn_transpose(values, K=32), K=k)
    want = bnn_pack(found.transpose(1, 0, 2).reshape(m, -1), threshold)
    reads = [attended, values, plan.constants[2], None, None, None]
    got = kernels.run(call.kernel, numbers, reads, plan.workspace, want.nbytes)
    np.testing.assert_array_equal(np.frombuffer(got, want.dtype).reshape(want.shape), want)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3), st.integers(1, 20), st.integers(1, 2), SEEDS, DENSITIES, st.sampled_from((3, 70)))
def test_context(
    kernels: Kernels, heads: int, m: int, words: int, seed: int, density: float, spread: int
) -> None:
    check_context(kernels, heads, m, words, seed, density, spread)


def test_scores_that_c_does_not_make_are_left_to_tir() -> None:
    """Keys that do not fill words, bits of more than a word, entries that decrease or exceed 16 bits."""
    table = np.arange(33, dtype=np.int32)[None]
    for keys, k, entries, core in (
        (64, 32, table, "cortex-m7"),
        (33, 32, table, "cortex-m7"),
        (64, 33, table, "cortex-m7"),
        (64, 32, table[:, ::-1], "cortex-m7"),
        (64, 32, table * 4096, "cortex-m7"),
        (64, 32, table, "cortex-m55"),
    ):
        types = [TensorType(np.dtype(np.uint32), (1, rows, words_for(k))) for rows in (64, keys)]
        found = scores_in_c(types, entries, k, find_target(core))
        assert (found is not None) == ((keys, k, core) == (64, 32, "cortex-m7") and entries is table)


def check_tokens(
    kernels: Kernels,
    extern: str,
    reads: list[np.ndarray],
    numbers: dict[str, int],
    want: np.ndarray,
) -> None:
    """Compare an operator over tokens with its reference."""
    types = [TensorType.of(array) for array in reads]
    plan = token_kernel(extern, types, list(numbers.values()), HOST)
    assert plan is not None
    (call,) = plan.calls
    given = [argument for argument in call.arguments if isinstance(argument, int)]
    given_reads = [*reads, *[None] * (6 - len(reads))]
    got = kernels.run(call.kernel, given, given_reads, plan.workspace, want.nbytes)
    np.testing.assert_array_equal(np.frombuffer(got, want.dtype).reshape(want.shape), want)


@given(st.integers(1, 7), st.integers(1, 9), st.integers(1, 2), st.integers(1, 2), st.integers(1, 9), SEEDS)
def test_pool(
    kernels: Kernels, rows: int, columns: int, group_rows: int, group_columns: int, n: int, seed: int
) -> None:
    x = shorts(np.random.default_rng(seed), rows * columns * n, 32767, -32768).reshape(-1, n)
    sizes = {"rows": rows, "columns": columns, "group_rows": group_rows, "group_columns": group_columns}
    check_tokens(kernels, f"{DOMAIN}.BnnAveragePool", [x], sizes, bnn_average_pool(x, **sizes))


@given(st.integers(1, 40), st.integers(1, 40), SEEDS, DENSITIES)
def test_features(kernels: Kernels, m: int, n: int, seed: int, density: float) -> None:
    rng = np.random.default_rng(seed)
    x = shorts(rng, 2 * m * n, 32767, -32768).reshape(m, 2 * n)
    check_tokens(kernels, f"{DOMAIN}.BnnTokenSum", [x], {}, bnn_token_sum(x))
    check_tokens(kernels, f"{DOMAIN}.BnnTokenMax", [x], {}, bnn_token_max(x))
    bits = pack_bits(rng.random((m, n)) < density)
    check_tokens(kernels, f"{DOMAIN}.BnnTokenCount", [bits], {"K": n}, bnn_token_count(bits, K=n))


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 9), st.integers(1, 24), SEEDS)
def test_bytes_of_values(kernels: Kernels, m: int, n: int, pre: int, shift: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scale = shorts(rng, n, 1 << min(shift, 14))
    bias = rng.integers(-(1 << 24), 1 << 24, n).astype(np.int32)
    x = shorts(rng, m * n, 32767, -32768).reshape(m, n)
    numbers = {"pre": 0, "shift": shift}
    for extern, samples in ((f"{DOMAIN}.BnnQuantize", x), (TURNED_BYTES, np.ascontiguousarray(x.T))):
        want = bnn_quantize(x, scale, bias, **numbers)
        check_tokens(kernels, extern, [samples, scale, bias], numbers, want)
    pixels = rng.integers(0, 256, (n, m)).astype(np.uint8)
    want = bnn_quantize(pixels.T.astype(np.int16), scale, bias, **numbers)
    check_tokens(kernels, TURNED_BYTES, [pixels, scale, bias], numbers, want)
    wide = rng.integers(-(1 << 24), 1 << 24, (m, n)).astype(np.int32)
    numbers = {"pre": pre, "shift": shift}
    want = bnn_quantize(wide, scale, bias, **numbers)
    check_tokens(kernels, f"{DOMAIN}.BnnQuantize", [wide, scale, bias], numbers, want)


@given(st.integers(0, 70), st.integers(0, 9), SEEDS)
def test_move(kernels: Kernels, before: int, size: int, seed: int) -> None:
    """Rows become one row, whatever their sizes are."""
    rng = np.random.default_rng(seed)
    rows = [shorts(rng, length, 32767).reshape(1, -1) for length in (before + 1, size + 1)]
    joined = np.concatenate(rows, 1)
    plan = token_join([TensorType.of(row) for row in rows], TensorType.of(joined), HOST)
    assert plan is not None
    for call, row in zip(plan.calls, rows, strict=True):
        bytes_, first = (argument for argument in call.arguments if isinstance(argument, int))
        reads = [row, *[None] * 5]
        got = kernels.run(call.kernel, [bytes_, first], reads, 0, joined.nbytes)
        assert got[first : first + bytes_] == row.tobytes() and set(got[:first]) | set(
            got[first + bytes_ :]
        ) <= {0xA5}
    assert token_join([TensorType.of(np.zeros((2, 4)))] * 2, TensorType.of(np.zeros((2, 8))), HOST) is None


def test_what_the_tokens_kernels_cannot_is_left_to_tir() -> None:
    """Groups of three tokens, an odd width, and a shift of int16 before its scale; and cores with vectors."""
    odd, even = (TensorType(np.dtype(np.int16), (9, width)) for width in (7, 8))
    scale, bias = (TensorType(np.dtype(kind), (8,)) for kind in (np.int16, np.int32))
    for extern, types, numbers in (
        (f"{DOMAIN}.BnnAveragePool", [even], (1, 9, 1, 3)),
        (f"{DOMAIN}.BnnTokenSum", [odd], ()),
        (f"{DOMAIN}.BnnTokenMax", [odd], ()),
        (f"{DOMAIN}.BnnQuantize", [even, scale, bias], (1, 4)),
    ):
        assert token_kernel(extern, types, numbers, HOST) is None
    for core in ("cortex-m55", "cortex-a53"):
        assert token_kernel(f"{DOMAIN}.BnnTokenSum", [even], (), find_target(core)) is None


@pytest.fixture(scope="module")
def rv32im(long_run: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernels]:
    """Those of RISC-V are C throughout."""
    with running(tmp_path_factory.mktemp("rv32im") / "driver", find_target("rv32imc")) as kernels:
        yield kernels


@settings(max_examples=120, deadline=None)
@given(st.sampled_from((VALUES, BITS, BYTES)).flatmap(layers), SEEDS, DENSITIES, SPREADS)
@example(StreamLayer(SMALL, 2, 320, 64, 64, 64, 64, 0, 8, packed=False, in_place=False), 0, 0.5, 3000)
@example(StreamLayer(SMALL, 2, 320, 64, 64, 64, 1, 0, 8, packed=True, in_place=False), 0, 0.5, 3000)
@example(StreamLayer(STEM, 6, 0, 16, 64, 0, 64, 6, 8, packed=False, in_place=False), 0, 0.5, 3000)
def test_risc_v(rv32im: Kernels, shape: StreamLayer, seed: int, density: float, spread: int) -> None:
    check(rv32im, shape, seed, density, spread, target=find_target("rv32imc"))


@settings(max_examples=30, deadline=None)
@given(*PACKED)
def test_risc_v_packs(rv32im: Kernels, m: int, words: int, seed: int, spread: int) -> None:
    check_pack(rv32im, m, words, seed, spread)


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m3", "cortex-m7", "rv32imc"])
def test_device_kernels_compile_without_a_warning(core: str, tmp_path: Path) -> None:
    target = find_target(core)
    files = [file for file in kernel_files(target, FAMILIES) if "stream" in file.name or file.suffix == ".h"]
    for file in files:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    # As in another project's build, whose assembler syntax may differ.
    flags = [flag for flag in target.gcc if flag != "-masm-syntax-unified"]
    sources = [file.name for file in files if file.suffix == ".c"]
    assert len(sources) > 10
    subprocess.run([target.compiler, *flags, *STRICT, "-O2", "-c", *sources], cwd=tmp_path, check=True)


@st.composite
def windows(draw: st.DrawFn) -> StreamLayer:
    """First layers of windows."""
    columns, kernel, stride = draw(st.integers(1, 90)), draw(st.integers(2, 9)), draw(st.integers(1, 5))
    W, A, times = draw(st.integers(1, 7)), 4 * draw(st.integers(1, 5)), draw(st.integers(1, 4))
    sizes = draw(st.sampled_from((1, A * times))), draw(st.integers(0, 9)), draw(st.integers(1, 12))
    grid = Grid(1, columns, 1, kernel, 1, stride, 1, 1)
    return StreamLayer(grid, W, 0, A, A * times, 0, *sizes, packed=False, in_place=False)


@settings(max_examples=80, deadline=None)
@given(windows(), SEEDS, SPREADS)
@example(StreamLayer(STEM, 6, 0, 16, 64, 0, 64, 3, 12, packed=False, in_place=False), 0, 3000)
def test_windows(kernels: Kernels, shape: StreamLayer, seed: int, spread: int) -> None:
    assert check(kernels, shape, seed, 0.5, spread, window=True) == WINDOW


def test_windows_that_another_kernel_computes() -> None:
    """A steep slope, rows of weights that are no fours, dilation, and one token, whose weights are plain."""
    weights, ones, slope = np.ones((16, 54), np.int8), np.ones(64, np.int16), np.full(64, 8192, np.int16)
    fits = StreamLayer(STEM, 6, 0, 16, 64, 0, 64, 3, 12, packed=False, in_place=False)
    wide, one = Grid(1, 100, 1, 9, 1, 4, 1, 2), Grid(1, 1, *[1] * 6)
    for core in ("cortex-m0plus", "cortex-m3", "cortex-m7", "rv32imc"):
        for shape, steep in (
            (fits, False),
            (fits, True),
            (replace(fits, A=15), False),
            (replace(fits, grid=wide), False),
            (replace(fits, grid=one, W=54), False),
        ):
            constants = [None, weights[: shape.A], ones, ones, slope + steep]
            plan = window_kernel(shape, constants, find_target(core), ANY_PRICE)
            assert (plan is not None) == (shape is fits and not steep)
    assert (
        window_kernel(fits, [None, weights, ones, ones, slope], find_target("cortex-m55"), ANY_PRICE) is None
    )
