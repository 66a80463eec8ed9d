"""The kernels of attention in plain C under sanitizers, compared with the reference."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from programs_in_c import build_program

from sensor_bnn.compiler.lookup import context_of, kernel_files, scores_map_of
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.onnx.packing import pack_bits, words_for
from sensor_bnn.onnx.reference import bnn_attention_map, bnn_bool_mat_mul, bnn_mat_mul, bnn_pack
from sensor_bnn.resources import resource

MAP, CONTEXT = range(2)
CORE = find_target("cortex-m7")
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wstrict-prototypes"]
RATIOS = (0.02, 1.0, 0.0, -0.0, -1.0, np.nan, -np.nan, 3e38, np.inf, 1e-7)


class Kernels:
    """A process that runs the kernels on data sent to it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def run(self, sizes: list[int], *arrays: np.ndarray) -> tuple[int, np.ndarray]:
        _, heads, m, n, _ = sizes
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(
            b"".join([np.array(sizes, np.uint32).tobytes(), *(a.tobytes() for a in arrays)])
        )
        self.process.stdin.flush()
        size = 1 + heads * m * words_for(n)
        data = self.process.stdout.read(4 * size)
        assert len(data) == 4 * size, "the kernels have ended: see their words on stderr"
        words = np.frombuffer(data, np.uint32)
        return int(words[0]), words[1:]


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernels]:
    """The plain C that every core may have, whatever folder gives a core its own."""
    program = tmp_path_factory.mktemp("attend") / "driver"
    folder = resource("firmware") / "kernels"
    folders = (folder, folder / "portable")
    sources = [file for place in folders for file in sorted(place.glob("*attend*.c"))]
    sanitize = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-ffp-contract=off"]
    flags = [*STRICT, *sanitize, *(f"-I{place}" for place in folders)]
    driver = Path(__file__).with_name("attend_driver.c")
    assert build_program(program, "gcc", flags, [driver, *sources]) == ""
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Kernels(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait() == 0


def check_map(kernels: Kernels, heads: int, m: int, n: int, k: int, seed: int, ratio: float | None) -> None:
    rng = np.random.default_rng(seed)
    queries, keys = (pack_bits(rng.random((heads, rows, k)) < 0.5) for rows in (m, n))
    table = np.sort(rng.integers(0, 65536, (heads, k + 1)), axis=-1).astype(np.int32)
    table[0] = rng.choice([0, 65535, *table[0, :1]])  # all entries of a head may be the same
    ratios = np.full(heads, 1 / n if ratio is None else ratio, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        want = bnn_attention_map(bnn_mat_mul(queries, keys, K=k), table, ratios, K=k)
    workspace, got = kernels.run([MAP, heads, m, n, k], queries, keys, table, ratios)
    found = scores_map_of(CORE, k, table)
    assert found is not None and found.workspace(n, k) == workspace
    np.testing.assert_array_equal(got.reshape(want.shape), want, err_msg=f"{heads=} {m=} {n=} {k=} {seed=}")


def check_context(kernels: Kernels, heads: int, m: int, words: int, k: int, seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    n = 32 * words
    p, v = pack_bits(rng.random((heads, m, k)) < share), pack_bits(rng.random((heads, n, k)) < 0.5)
    limit = rng.integers(0, k + 2, (heads, n)).astype(np.int32)
    limit[0, :2] = 0, k + 1
    ones = np.bitwise_count(v).sum(axis=-1, dtype=np.int32)
    threshold = (ones + 1 - limit).ravel()  # kernels/bnn_bool_pack.py: ones - threshold + 1 is the limit
    sums = bnn_bool_mat_mul(p, v, K=k).transpose(1, 0, 2).reshape(m, heads * n)
    want = bnn_pack(sums, threshold.astype(np.int32))
    workspace, got = kernels.run([CONTEXT, heads, m, n, k], p, v, limit)
    found = context_of(CORE, n, k)
    assert found is not None and found.workspace(m, k) == workspace
    np.testing.assert_array_equal(got.reshape(want.shape), want, err_msg=f"{heads=} {m=} {n=} {k=} {seed=}")


@settings(max_examples=200, deadline=None)
@given(
    *(
        st.integers(1, 3),
        st.integers(1, 40),
        st.integers(1, 90),
        st.integers(1, 254),
        st.integers(0, 2**32 - 1),
    ),
    st.sampled_from([None, None, *RATIOS]),
)
@example(2, 16, 300, 32, 0, None)
@example(1, 17, 8, 254, 0, None)
@example(1, 15, 33, 64, 0, -0.0)
@example(3, 1, 1, 1, 0, np.nan)
def test_maps_of_any_shape(
    kernels: Kernels, heads: int, m: int, n: int, k: int, seed: int, ratio: float | None
) -> None:
    check_map(kernels, heads, m, n, k, seed, ratio)


@settings(max_examples=100, deadline=None)
@given(
    *(
        st.integers(1, 3),
        st.integers(1, 70),
        st.integers(1, 3),
        st.integers(1, 254),
        st.integers(0, 2**32 - 1),
    ),
    st.sampled_from([0, 0.1, 0.5, 1]),
)
@example(2, 1, 1, 254, 0, 1)
@example(1, 33, 2, 1, 0, 0)
def test_contexts_of_any_shape(
    kernels: Kernels, heads: int, m: int, words: int, k: int, seed: int, share: float
) -> None:
    check_context(kernels, heads, m, words, k, seed, share)


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize("core", ["cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33"])
def test_device_kernels_compile_without_a_warning(
    core: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp(core)
    target = find_target(core)
    files = kernel_files(target, ["attend", "lookup"])
    for file in files:
        (folder / file.name).write_bytes(file.read_bytes())
    sources = [file.name for file in files if file.suffix == ".c"]
    flags = [*target.gcc, *STRICT, "-O2", "-ffp-contract=off"]
    subprocess.run(
        [target.compiler, *flags, "-r", "-nostdlib", "-o", "all.o", *sources], cwd=folder, check=True
    )
    symbols = subprocess.run(
        ["arm-none-eabi-nm", "-u", "all.o"], cwd=folder, capture_output=True, text=True, check=True
    )
    undefined = set(symbols.stdout.split()) - {"U"}
    assert {name for name in undefined if not name.startswith("__aeabi_")} <= {"memcpy", "memset"}
