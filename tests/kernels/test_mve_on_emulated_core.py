"""The stream's layers in Helium's vectors, and linear layers row by row, on an emulated Cortex-M55.

They are compared with the operators' references. Each is called as the compiler calls it, with the
constants that the compiler makes. The core has no sanitizers: ``mve_driver.c`` marks the bytes around each
buffer and looks whether they stay.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from sensor_bnn.compiler.kernels.bnn_linear_packed import mismatch_limit
from sensor_bnn.compiler.kernels.grid import Grid
from sensor_bnn.compiler.kernels.stream_layer import StreamLayer
from sensor_bnn.compiler.lookup import Rows, choose_rows, in_panels, kernel_files, kernels_of
from sensor_bnn.compiler.mve_kernels import (
    BITS,
    BYTES,
    COUNT,
    FAMILY,
    MOVE,
    PACK,
    SCORES_MAP,
    VALUES,
    mve_count,
    mve_join,
    mve_kernel,
    mve_pack,
    mve_scores_map,
)
from sensor_bnn.compiler.program import Plan, Read, Write
from sensor_bnn.compiler.selection import FLOAT_OUT, PACKED_OUT, linear_calls
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.onnx.operators import TensorType
from sensor_bnn.onnx.packing import pack_bits, words_for
from sensor_bnn.onnx.reference import bnn_linear, bnn_linear_packed, bnn_mat_mul, bnn_pack
from sensor_bnn.onnx.reference_int import (
    bnn_int_attention_map,
    bnn_int_linear,
    bnn_patches,
    bnn_stream,
    bnn_stream_add,
    bnn_token_count,
)

M55 = find_target("cortex-m55")
(BY_ROW,) = (kernel for kernel in kernels_of(M55) if kernel.family == "byrow")
ROW_BITS, ROW_FLOATS = BY_ROW.symbol(packed=True), BY_ROW.symbol(packed=False)
FUNCTIONS = (VALUES, BITS, BYTES, PACK, SCORES_MAP, COUNT, MOVE, ROW_BITS, ROW_FLOATS)
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wstrict-prototypes", "-Wundef"]
ANY_PRICE = 2**62
NULL, IN_PLACE = -1, -2
NUMBERS, READS = 17, 5
TICKS = 2.048
"""Ticks of the timer per instruction: 64 ns of virtual time at 32 MHz."""


@dataclass(frozen=True)
class Case:
    """A call, as ``mve_driver.c`` reads it, and what it must give."""

    title: str
    function: str
    numbers: tuple[int, ...]
    reads: tuple[np.ndarray | None, ...]
    workspace: int
    in_place: bool
    want: np.ndarray

    def content(self) -> bytes:
        sizes = [NULL if array is None else array.nbytes for array in self.reads]
        numbers = [*self.numbers, *[0] * (NUMBERS - len(self.numbers))]
        output = IN_PLACE if self.in_place else self.want.nbytes
        head = [
            FUNCTIONS.index(self.function),
            *numbers,
            *sizes,
            self.workspace,
            output,
        ]
        return np.array(head, np.int32).tobytes() + b"".join(
            b"" if array is None else np.ascontiguousarray(array).tobytes() for array in self.reads
        )


class Core:
    """Runs cases on the emulated core."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        here = Path(__file__).parent
        files = kernel_files(M55, [FAMILY, BY_ROW.family])
        sources = [here / "mve_driver.c", *(file for file in files if file.suffix == ".c")]
        link = ["-nostartfiles", "-T", here / "mve_driver.ld", "-Wl,--no-warn-rwx-segments"]
        flags = [*M55.gcc, *STRICT, "-O2", "-ffp-contract=off", f"-I{files[0].parent}", *link]
        subprocess.run([M55.compiler, *flags, "-o", folder / "driver", *sources], check=True)

    def run(self, cases: list[Case]) -> list[int]:
        """Check the results, and return the instructions of each case."""
        (self.folder / "in").write_bytes(b"".join(case.content() for case in cases))
        machine = ["qemu-system-arm", "-machine", "mps3-an547", "-icount", "shift=6", "-nographic"]
        host = ["-monitor", "none", "-serial", "none", "-semihosting-config", "enable=on,target=native"]
        done = subprocess.run([*machine, *host, "-kernel", "driver"], cwd=self.folder, timeout=300)
        out = (self.folder / "out").read_bytes()
        counts = []
        for case in cases:
            assert len(out) >= 4 + case.want.nbytes, f"{case.title}: the core ended before it"
            counts.append(round(int(np.frombuffer(out[:4], np.uint32)[0]) / TICKS))
            got = np.frombuffer(out[4 : 4 + case.want.nbytes], case.want.dtype).reshape(case.want.shape)
            np.testing.assert_array_equal(got, case.want, err_msg=case.title)
            out = out[4 + case.want.nbytes :]
        assert (out, done.returncode) == (b"", 0)
        return counts


@pytest.fixture(scope="module")
def core(cross_compiler: None, qemu: None, tmp_path_factory: pytest.TempPathFactory) -> Core:
    return Core(tmp_path_factory.mktemp("mve"))


def shorts(rng: np.random.Generator, size: int, most: int, least: int | None = None) -> np.ndarray:
    return rng.integers(-most if least is None else least, most + 1, size).astype(np.int16)


def cases_of(shape: StreamLayer, seed: int, density: float = 0.5, spread: int = 3000) -> Iterator[Case]:
    """Make the calls of a layer, whose stream has about the size of ``spread``."""
    rng = np.random.default_rng(seed)
    grid, width = shape.grid, shape.grid.taps * shape.W
    names = {name: getattr(grid, name) for name in Grid.__dataclass_fields__}
    if shape.K:
        x = pack_bits(rng.random((grid.tokens, shape.K if grid.plain else 32 * shape.W)) < density)
        w = pack_bits(rng.random((shape.A, shape.K)) < 0.5)
        acc = bnn_mat_mul(x if grid.plain else bnn_patches(x, **names), w, K=shape.K)
        largest = shape.K
    else:
        x = rng.integers(-127, 128, (grid.tokens, shape.W)).astype(np.int8)
        w = rng.integers(-128, 128, (shape.A, width)).astype(np.int8)
        acc = bnn_int_linear(x if grid.plain else bnn_patches(x, **names), w)
        largest = min(127 * 128 * width >> shape.pre, 32767) + 1
    scale = shorts(rng, shape.N, max(min((spread << shape.shift) // largest, 32767), 1))
    bias = shorts(rng, shape.N, min(spread, 32767))
    slope = shorts(rng, shape.slopes, 8191, -2000)
    residual = shorts(rng, grid.out_tokens * shape.B, min(spread, 32767)) if shape.B else None
    threshold = shorts(rng, shape.N, min(spread, 32768), max(-spread, -32768))
    threshold = np.where(slope < 0, np.minimum(threshold, 0), threshold).astype(np.int16)
    constants = [None, w, scale, bias, slope, *[None] * (shape.B > 0), *[threshold] * shape.packed]
    plan = mve_kernel(shape, constants, M55, ANY_PRICE)
    if plan is None:
        return
    shifts = {"pre": shape.pre, "shift": shape.shift}
    if residual is None:
        want = bnn_stream(acc, scale, bias, slope, **shifts)
    else:
        residual = residual.reshape(-1, shape.B)
        want = bnn_stream_add(acc, residual, scale, bias, slope, **shifts)
    if shape.packed:
        want = bnn_pack(want, threshold)
    given = {**dict(enumerate(constants)), **plan.constants, 0: x}
    for in_place in (False, *[True] * (plan.overwrites is not None)):
        yield case_of(plan, f"{shape} {seed=}", (x, given[1], given[2], None, residual), want, in_place)


def case_of(
    plan: Plan, title: str, reads: tuple[np.ndarray | None, ...], want: np.ndarray, in_place: bool
) -> Case:
    (call,) = plan.calls
    numbers = tuple(argument for argument in call.arguments if isinstance(argument, int))
    return Case(title, call.kernel, numbers, reads, plan.workspace, in_place, want)


def packs(m: int, words: int, seed: int, spread: int) -> Case:
    rng = np.random.default_rng(seed)
    x = rng.integers(-spread, spread, (m, 32 * words)).astype(np.int16)
    threshold = rng.integers(-spread, spread, 32 * words).astype(np.int16)
    plan = mve_pack([TensorType.of(x), TensorType.of(threshold)], threshold, M55)
    assert plan is not None
    reads = (x, plan.constants[1], None, None, None)
    return case_of(plan, f"pack {m} {words} {seed=}", reads, bnn_pack(x, threshold), in_place=False)


def maps(rng: np.random.Generator, seed: int) -> Case:
    """Make an attention map of any table, not only of one that ascends."""
    heads, m, n, k = (int(rng.integers(1, most)) for most in (4, 20, 70, 256))
    queries, keys = (pack_bits(rng.random((heads, size, k)) < 0.5) for size in (m, n))
    table = rng.integers(0, 65536, (heads, k + 1)).astype(np.int32)
    ratio = rng.integers(1, (65536 if seed % 4 else 65536 // n) + 1, heads).astype(np.int32)
    plan = mve_scores_map([TensorType.of(array) for array in (queries, keys, table, ratio)], table, k, M55)
    assert plan is not None
    want = bnn_int_attention_map(bnn_mat_mul(queries, keys, K=k), table, ratio, K=k)
    reads = (queries, keys, plan.constants[2], ratio, None)
    return case_of(plan, f"map {heads} {m} {n} {k} {seed=}", reads, want, in_place=False)


def tokens_counted(rng: np.random.Generator, seed: int) -> Case:
    m, n = int(rng.integers(1, 40 if seed % 5 else 600)), 32 * int(rng.integers(1, 5))
    x = pack_bits(rng.random((m, n)) < rng.random())
    plan = mve_count([TensorType.of(x)], n, M55)
    assert plan is not None
    want = bnn_token_count(x, K=n)
    return case_of(plan, f"count {m} {n} {seed=}", (x, *[None] * (READS - 1)), want, in_place=False)


def moved(rng: np.random.Generator, seed: int) -> Case:
    """Make the copy of one row of two that are concatenated."""
    x, y = (rng.integers(0, 99, (1, int(size))).astype(np.int8) for size in rng.integers(1, 70, 2))
    plan = mve_join([TensorType.of(x), TensorType.of(y)], TensorType.of(np.concatenate([x, y], 1)), M55)
    assert plan is not None
    first, second = plan.calls
    assert second.arguments == (y.size, Read(1), Write(x.size))
    one = Plan((first,), plan.instructions)
    return case_of(one, f"move {seed=}", (x, *[None] * (READS - 1)), x, in_place=False)


def any_layer(rng: np.random.Generator) -> StreamLayer:
    def one(*values: int) -> int:
        return int(rng.choice(values))

    plain = rng.random() < 0.3
    if plain:
        grid = Grid(1, int(rng.integers(1, 20)), *[1] * 6)
    else:
        sides, kernel = rng.integers(1, (5, 12)), rng.integers(1, (4, 6))
        steps = rng.integers(1, 4, 4)
        grid = Grid(*map(int, (*sides, *kernel, *steps)))
    form = str(rng.choice((VALUES, BITS, BYTES)))
    if form == BYTES:
        A = one(8, 16, 24)
        N = A * one(1, 2, 4)
        shortcuts = (0, N, A)
        sizes = (int(rng.integers(1, 40)), 0, A, N)
    else:
        N = one(32, 64, 96) if form == BITS else one(16, 32, 48, 80)
        K = one(1, 31, 33, 64, 160, 255, 256, 300, 576, 577, 640, 961, 1100, 1152, 2100) if plain else 0
        W = words_for(K) if plain else int(rng.integers(1, 5))
        shortcuts = (0, N, N, *([N // 2] if N % 32 == 0 else []))
        sizes = (W, K or grid.taps * W * 32, N, N)
    pre = int(rng.integers(0, 10)) if form == BYTES else 0
    shift = int(rng.integers(0 if form == VALUES else 1, 18))
    return StreamLayer(
        *(grid, *sizes, one(*shortcuts), one(1, sizes[-1]), pre, shift),
        packed=form == BITS,
        in_place=False,
    )


def test_layers_of_any_size_are_exact(core: Core) -> None:
    """Patches at borders and inside, all parts of K, both lengths of sums, with and without a shortcut."""
    cases: list[Case] = []
    for seed in range(150):
        rng = np.random.default_rng((20261128, seed))
        density, spread = float(rng.choice((0, 0.5, 0.5, 0.9, 1))), int(rng.choice((3, 100, 3000, 30000)))
        cases += cases_of(any_layer(rng), seed, density, spread)
    found = {function: sum(case.function == function for case in cases) for function in (VALUES, BITS, BYTES)}
    assert min(found.values()) >= 25, found
    core.run(cases)


def test_what_is_before_and_after_the_layers_is_exact(core: Core) -> None:
    cases: list[Case] = []
    for seed in range(60):
        rng = np.random.default_rng((20261128, seed))
        m, words, spread = int(rng.integers(1, 6)), int(rng.integers(1, 5)), (1, 3000, 32768)[seed % 3]
        cases += [packs(m, words, seed, spread), maps(rng, seed), tokens_counted(rng, seed), moved(rng, seed)]
    core.run(cases)


def layer(grid: Grid, W: int, N: int, *, packed: bool = False) -> StreamLayer:
    return StreamLayer(grid, W, 32 * W * grid.taps, N, N, N, N, 0, 8, packed=packed, in_place=False)


def line(tokens: int, kernel: int = 1, dilation: int = 1) -> Grid:
    return Grid(1, tokens, 1, kernel, 1, 1, 1, dilation)


STEM = StreamLayer(Grid(1, 100, 1, 9, 1, 4, 1, 1), 6, 0, 16, 64, 0, 64, 3, 12, packed=False, in_place=False)

# Instructions per multiply-add, with all that follows the product. CMSIS-NN's int8 kernel takes 0.245.
BARS = {
    "k 5 x 64 -> 64, 25 tokens": (layer(line(25, 5), 2, 64), 0.0416),
    "k 5 x 64 -> 64, dilated": (layer(line(25, 5, 2), 2, 64), 0.0473),
    "k 5 x 32 -> 32, 25 tokens": (layer(line(25, 5), 1, 32), 0.0620),
    "k 5 x 32 -> 32, 50 tokens": (layer(line(50, 5), 1, 32), 0.0600),
    "3 x 3 x 64 -> 64, 16 x 16": (layer(Grid(16, 16, 3, 3, 1, 1, 1, 1), 2, 64), 0.0385),
    "3 x 3 x 128 -> 128, 8 x 8": (layer(Grid(8, 8, 3, 3, 1, 1, 1, 1), 4, 128), 0.0325),
    "64 -> 64 to bits, 13 tokens": (layer(line(13), 2, 64, packed=True), 0.0840),
    "64 -> 64 to values, 13 tokens": (layer(line(13), 2, 64), 0.0765),
    "stem": (STEM, 0.320),
}


def test_no_layer_takes_more_instructions_than_its_bar(core: Core) -> None:
    cases = {title: next(cases_of(shape, 1)) for title, (shape, _) in BARS.items()}
    counts = dict(zip(cases, core.run(list(cases.values())), strict=True))
    macs = {title: shape.grid.out_tokens * shape.A * shape.terms for title, (shape, _) in BARS.items()}
    found = {title: count / macs[title] for title, count in counts.items()}
    assert {title: each for title, each in found.items() if each > BARS[title][1]} == {}


def test_what_is_refused_is_left_to_tir() -> None:
    """Slopes of 1 and more, outputs that fill no vector, bits that no limit makes, and other cores."""
    shape = layer(line(9, 3), 2, 64)
    weights, ones = np.zeros((64, 6), np.uint32), np.ones(64, np.int16)
    constants = [None, weights, ones, ones, ones, None]
    assert mve_kernel(shape, constants, M55, ANY_PRICE) is not None
    assert mve_kernel(shape, constants, find_target("cortex-m7"), ANY_PRICE) is None
    assert mve_kernel(shape, [*constants[:4], ones * 8192, None], M55, ANY_PRICE) is None
    assert mve_kernel(layer(line(9, 3), 2, 40), constants, M55, ANY_PRICE) is None
    bits, threshold = layer(line(9, 3), 2, 64, packed=True), np.zeros(64, np.int16)
    assert mve_kernel(bits, [*constants, threshold], M55, ANY_PRICE) is not None
    threshold[7], ones[7] = 32767, -1  # 32767 + 1 is no limit of 16 bits.
    assert mve_kernel(bits, [*constants, threshold], M55, ANY_PRICE) is None


def row_by_row(m: int, n: int, k: int, seed: int, *, floats: bool, special: bool = False) -> Iterator[Case]:
    """Make the calls of a linear layer, with weights as they are and, if they can be, as it reads them."""
    rng = np.random.default_rng(seed)
    density = (0, 0.5, 0.5, 1)[seed % 4]
    x, w = pack_bits(rng.random((m, k)) < density), pack_bits(rng.random((n, k)) < 0.5)
    rows = (Rows(BY_ROW, 0, m),)
    stored = in_panels(rows, w)
    assert (stored is None) == (n % 16 != 0)
    for weights in (w, *(() if stored is None else (stored,))):
        (call,), workspace = linear_calls(
            FLOAT_OUT if floats else PACKED_OUT, n, k, rows, panels=weights is stored
        )
        numbers = tuple(argument for argument in call.arguments if isinstance(argument, int))
        title = f"{call.kernel} {numbers} {seed=} {special=}"
        if not floats:
            threshold = rng.integers(-k - 1, k + 2, n).astype(np.int32) if seed % 3 else np.zeros(n, np.int32)
            limit, want = mismatch_limit(threshold, k), bnn_linear_packed(x, w, threshold, K=k)
            yield Case(title, call.kernel, numbers, (x, weights, limit, None, None), workspace, False, want)
            continue
        scale, bias, residual = (rng.standard_normal(size).astype(np.float32) for size in (n, n, (m, n)))
        if special:
            for numbers_of in (residual, *((scale, bias) if seed % 2 else ())):
                places = rng.integers(0, numbers_of.size, 2)
                numbers_of.reshape(-1)[places] = rng.choice(SPECIAL, 2)
        product = bnn_linear(x, w, scale, bias, K=k)
        for added, in_place in ((None, False), (residual, False), (residual, True)):
            want = product if added is None else added + product
            yield Case(
                title, call.kernel, numbers, (x, weights, scale, bias, added), workspace, in_place, want
            )


SPECIAL = np.array([0.0, -0.0, 1e-40, -1e-45, 1.2e-38, -1e-38, 1e-31, 3e38, 2e31], np.float32)
"""Numbers that are subnormal, or make numbers that are, and large ones."""


@pytest.mark.parametrize("floats", [False, True], ids=["bits", "floats"])
def test_linear_layers_row_by_row_are_exact(core: Core, floats: bool) -> None:
    """All steps of K, bytes and halfwords, incomplete groups, several panels, and floats of any size."""
    cases: list[Case] = []
    for seed in range(40):
        rng = np.random.default_rng((20261129, seed))
        k = int(rng.choice((1, 32, 33, 64, 95, 96, 97, 160, 192, 193, 224, 254, 255, 320, 417, 768)))
        m, n = int(rng.integers(1, 6)), int(rng.choice((1, 15, 16, 17, 40, 64, 65, 80, 144)))
        cases += row_by_row(m, n, k, seed, floats=floats, special=seed % 4 > 1)
    with np.errstate(all="ignore"):
        core.run(cases)


# Instructions of few rows: tokens, outputs, inputs; bits and floats with a residual. A block of 32 rows takes
# 7,671 and 11,639 for 64 x 64, 42,816 and 54,848 for 192 x 192.
FEW = {
    (1, 64, 64): (460, 680),
    (4, 64, 64): (1_110, 1_930),
    (8, 64, 64): (1_990, 3_600),
    (13, 64, 64): (3_090, 5_690),
    (16, 64, 64): (3_760, 6_940),
    (1, 192, 192): (1_660, 2_200),
    (4, 192, 192): (5_480, 7_520),
    (8, 192, 192): (10_570, 14_620),
    (13, 192, 192): (16_940, 23_490),
    (16, 192, 192): (20_760, 28_810),
    (1, 128, 64): (680, 1_060),
    (4, 128, 64): (1_780, 3_210),
    (8, 128, 64): (3_250, 6_080),
    (13, 128, 64): (5_090, 9_670),
    (16, 128, 64): (6_200, 11_820),
    (1, 64, 320): (1_210, 1_380),
    (4, 64, 320): (4_030, 4_720),
    (8, 64, 320): (7_800, 9_180),
    (13, 64, 320): (12_510, 14_750),
    (16, 64, 320): (15_340, 18_090),
}


def test_few_rows_take_no_more_instructions_than_their_bars(core: Core) -> None:
    """Their estimates, by which they are chosen, are within 12 % of the counts."""
    cases = {
        (shape, floats): list(row_by_row(*shape, 1, floats=floats))[-1]
        for shape in FEW
        for floats in (False, True)
    }
    counts = dict(zip(cases, core.run(list(cases.values())), strict=True))
    assert {key: count for key, count in counts.items() if count > FEW[key[0]][key[1]]} == {}
    for (shape, floats), count in counts.items():
        assert choose_rows(M55, *shape, packed=not floats) == (Rows(BY_ROW, 0, shape[0]),)
        assert 0.88 <= BY_ROW.cost(*shape, not floats) / count <= 1.12, (shape, floats)
