"""The integer stream's layers in assembly, on an emulated core, against the operators' references.

The machine's Cortex-M7 has the instructions of the smaller cores, whose kernels it runs too.
``stream_core.c`` marks the bytes around each buffer, because the core has no sanitizers.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from test_lanes_on_emulated_core import LAYERS
from test_stream_on_host import (
    IMAGE_STEM,
    SMALL,
    STEM,
    TURNED_BYTES,
    Kernels,
    check,
    check_context,
    check_pack,
    check_tokens,
    shorts,
)

from sensor_bnn.compiler.kernels.grid import Grid
from sensor_bnn.compiler.kernels.stream_layer import StreamLayer
from sensor_bnn.compiler.lookup import kernel_files
from sensor_bnn.compiler.stream_kernels import FAMILIES, LANES, LANES_BITS
from sensor_bnn.compiler.stream_stem import ARMV6M, ARMV7EM, ARMV7M
from sensor_bnn.compiler.targets import Target, find_target
from sensor_bnn.onnx.operators import DOMAIN
from sensor_bnn.onnx.packing import words_for
from sensor_bnn.onnx.reference_int import (
    bnn_average_pool,
    bnn_quantize,
    bnn_token_max,
    bnn_token_sum,
)

SEED = 20261129
MARKED = ("-DSTREAM_CORE", "-Dmalloc=marked_malloc", "-Dfree=marked_free", "-Dabort=marked_abort")


class Core:
    """An emulated core that runs the kernels of a target."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.target = target
        here = Path(__file__).parent
        files = kernel_files(target, FAMILIES)
        # In one folder as in a bundle, because headers of several folders have one name.
        for file in files:
            (folder / file.name).write_bytes(file.read_bytes())
        sources = [folder / file.name for file in files if file.suffix == ".c"]
        link = ["--specs=nosys.specs", "-nostartfiles", "-T", here / "stream_core.ld", "-w"]
        flags = [*target.gcc, "-std=gnu11", "-O2", f"-I{folder}", *MARKED, "-Wl,--no-warnings", *link]
        drivers = [here / "stream_driver.c", here / "stream_core.c"]
        subprocess.run([target.compiler, *flags, "-o", folder / "driver", *drivers, *sources], check=True)
        for name in ("in", "out"):
            os.mkfifo(folder / name)
        machine = ["qemu-system-arm", "-machine", "mps2-an500", "-nographic", "-monitor", "none"]
        host = ["-serial", "none", "-semihosting-config", "enable=on,target=native", "-kernel", "driver"]
        self.process = subprocess.Popen([*machine, *host], cwd=folder)
        self.kernels = Kernels((folder / "in").open("wb"), (folder / "out").open("rb"))


@pytest.fixture(scope="module", params=["cortex-m0plus", "cortex-m3", "cortex-m7"])
def core(
    request: pytest.FixtureRequest, cross_compiler: None, qemu: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Core]:
    core = Core(find_target(request.param), tmp_path_factory.mktemp("core"))
    yield core
    core.kernels.given.close()
    core.kernels.found.close()
    assert core.process.wait(60) == 0


def any_layer(rng: np.random.Generator) -> StreamLayer:
    """Make the sizes of a layer, as ``test_stream_on_host`` has them."""

    def one(*values: int) -> int:
        return int(rng.choice(values))

    plain = rng.random() < 0.4
    if plain:
        grid = Grid(1, int(rng.integers(1, 30)), *[1] * 6)
    else:
        sides, kernel, steps = rng.integers(1, (5, 30)), rng.integers(1, (4, 6)), rng.integers(1, 4, 4)
        grid = Grid(*map(int, (*sides, *kernel, *steps)))
    form = one(0, 1, 2)
    A = 32 * one(1, 2) if form == 1 else one(1, 2, 7, 8, 16, 31, 32, 40, 64)
    K = one(1, 31, 32, 33, 64, 254, 255, 300) if plain else 0
    W = words_for(K) if plain else one(1, 2, 3)
    N, pre = A, 0
    if form == 2:
        W, K, pre = one(1, 2, 3, 4, 5, 6, 8, 12), 0, int(rng.integers(0, 10))
        A = min(A, 16)
        N = A * one(1, 2, 4)
    else:
        K = K or grid.taps * W * 32
    shortcuts = [0, N, *(B for B in (N // 2, N // 3) if B and N % B == 0)]
    shift = int(rng.integers(0 if form == 2 else 1, 13))
    return StreamLayer(
        *(grid, W, K, A, N, one(*shortcuts), one(1, N), pre, shift), packed=form == 1, in_place=False
    )


def test_layers_of_any_size_are_exact(core: Core) -> None:
    fixed = [
        StreamLayer(SMALL, 2, 320, 64, 64, 64, 64, 0, 8, packed=False, in_place=False),
        StreamLayer(SMALL, 2, 320, 64, 64, 64, 1, 0, 8, packed=True, in_place=False),
        StreamLayer(Grid(1, 13, *[1] * 6), 2, 64, 64, 64, 64, 64, 0, 6, packed=True, in_place=False),
        StreamLayer(Grid(1, 13, *[1] * 6), 2, 64, 64, 64, 64, 64, 0, 7, packed=False, in_place=False),
        StreamLayer(STEM, 6, 0, 16, 64, 0, 64, 3, 12, packed=False, in_place=False),
        StreamLayer(Grid(1, 1, *[1] * 6), 192, 0, 7, 7, 0, 1, 2, 14, packed=False, in_place=False),
    ]
    rng = np.random.default_rng(SEED)
    for seed in range(len(fixed) + 150):
        shape = fixed[seed] if seed < len(fixed) else any_layer(rng)
        density, spread = float(rng.choice((0, 0.5, 0.5, 0.9, 1))), int(rng.choice((3, 100, 3000, 30000)))
        plain = not shape.K and seed % 2 == 1
        check(core.kernels, shape, seed, density, spread, plain=plain, target=core.target)


def test_what_is_before_and_after_the_layers_is_exact(core: Core) -> None:
    for seed in range(40):
        rng = np.random.default_rng((SEED, seed))
        m, n = int(rng.integers(1, 30)), int(rng.integers(1, 40))
        check_pack(core.kernels, m % 5 + 1, n % 4 + 1, seed, (1, 3000, 32768)[seed % 3], core.target)
        x = shorts(rng, 2 * m * n, 32767, -32768).reshape(m, 2 * n)
        check_tokens(core.kernels, f"{DOMAIN}.BnnTokenSum", [x], {}, bnn_token_sum(x))
        check_tokens(core.kernels, f"{DOMAIN}.BnnTokenMax", [x], {}, bnn_token_max(x))
        for rows, group_rows in ((1, 1), (m, 2)):
            sizes = {
                "rows": rows,
                "columns": m // rows,
                "group_rows": group_rows,
                "group_columns": seed % 2 + 1,
            }
            want = bnn_average_pool(x, **sizes)
            check_tokens(core.kernels, f"{DOMAIN}.BnnAveragePool", [x], sizes, want)
        scale, bias = shorts(rng, n, 4096), rng.integers(-(1 << 24), 1 << 24, n).astype(np.int32)
        given = shorts(rng, m * n, 32767, -32768).reshape(m, n)
        numbers = {"pre": 0, "shift": int(rng.integers(1, 24))}
        for extern, samples in ((f"{DOMAIN}.BnnQuantize", given), (TURNED_BYTES, given.T.copy())):
            want = bnn_quantize(given, scale, bias, **numbers)
            check_tokens(core.kernels, extern, [samples, scale, bias], numbers, want)


def test_images_whose_channels_are_lanes_are_exact(core: Core) -> None:
    for seed, shape in enumerate(LAYERS):
        for spread in (3, 3000, 30000):
            assert check(core.kernels, shape, seed, 0.5, spread, lanes=True) in (LANES, LANES_BITS)
    for words in (1, 2):
        check_context(core.kernels, 2, 9, words, 4, 0.3, 20)


def test_stems_of_any_size_are_exact(core: Core) -> None:
    costs = {"armv6m": ARMV6M, "armv7m": ARMV7M, "armv7em": ARMV7EM}[core.target.isa[-1]]
    for seed in range(20):
        rng = np.random.default_rng((SEED, seed))
        width, *kernel = ((3, 4, 4), (3, 1, 4), (4, 3, 3), (12, 1, 1), (2, 3, 6))[seed % 5]
        sides, strides = rng.integers(2, 13, 2), rng.integers(1, 4, 2)
        grid = Grid(*map(int, (*sides, *kernel, *strides)), 1, 1)
        N, pre, shift = 4 * int(rng.integers(1, 10)), int(rng.integers(4, 10)), int(rng.integers(0, 13))
        shape = StreamLayer(grid, width, 0, N, N, 0, 1, pre, shift, packed=False, in_place=False)
        spread = int(rng.choice((3, 100, 3000, 30000)))
        assert check(core.kernels, shape, seed, 0.5, spread, lanes=True, stem=costs) == IMAGE_STEM


def test_first_layers_of_windows_are_exact(core: Core) -> None:
    rng = np.random.default_rng(SEED + 1)
    for seed in range(30):
        grid = Grid(
            1, int(rng.integers(1, 60)), 1, int(rng.integers(2, 10)), 1, int(rng.integers(1, 5)), 1, 1
        )
        W, A, times = (int(number) for number in rng.integers(1, (8, 5, 5)))
        A *= 4
        slopes = A * times if seed % 2 else 1
        numbers = int(rng.integers(0, 10)), int(rng.integers(1, 13))
        shape = StreamLayer(*(grid, W, 0, A, A * times, 0, slopes, *numbers), packed=False, in_place=False)
        check(core.kernels, shape, seed, 0.5, (3, 3000, 30000)[seed % 3], window=True, target=core.target)
