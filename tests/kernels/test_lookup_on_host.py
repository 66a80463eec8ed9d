"""The portable look-up kernels under sanitizers, compared with the reference."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from programs_in_c import build_program

from sensor_bnn.compiler.kernels.bnn_linear_packed import mismatch_limit
from sensor_bnn.compiler.lookup import choose_rows, kernel_files, kernels_of
from sensor_bnn.compiler.targets import Target, find_target
from sensor_bnn.errors import ModelError
from sensor_bnn.onnx.packing import pack_bits, words_for
from sensor_bnn.onnx.reference import bnn_linear, bnn_linear_packed

PACKED, FLOAT, RESIDUAL, IN_PLACE = range(4)
HOST = find_target("host")
LOOKUP = {kernel.lanes: kernel for kernel in kernels_of(HOST) if kernel.family == "lookup"}
MAX_BITS = LOOKUP[16].max_bits
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wstrict-prototypes"]


class Kernels:
    """A process that runs the kernels on data sent to it."""

    def __init__(self, program: Path) -> None:
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, sizes: list[int], *arrays: np.ndarray) -> tuple[int, np.ndarray]:
        _, m, n, _, form = sizes
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(np.array(sizes, np.uint32).tobytes())
        for array in arrays:
            self.process.stdin.write(array.tobytes())
        self.process.stdin.flush()
        shape = (m, words_for(n) if form == PACKED else n)
        data = self.process.stdout.read(4 + 4 * shape[0] * shape[1])
        assert len(data) == 4 + 4 * shape[0] * shape[1], "the kernels have ended: see their words on stderr"
        words = np.frombuffer(data, np.uint32)
        return int(words[0]), words[1:].reshape(shape)


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernels]:
    with running(tmp_path_factory.mktemp("kernels") / "driver", HOST) as kernels:
        yield kernels


@contextmanager
def running(program: Path, target: Target) -> Iterator[Kernels]:
    """Run the target's kernels on the host, for which they must be plain C."""
    files = kernel_files(target, ["lookup"])
    folders = {f"-I{file.parent}" for file in files if file.suffix == ".h"}
    sanitize = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-ffp-contract=off"]
    sources = [file for file in files if file.suffix == ".c"]
    driver = Path(__file__).with_name("driver.c")
    assert build_program(program, "gcc", [*STRICT, *sanitize, *sorted(folders)], [driver, *sources]) == ""
    kernels = Kernels(program)
    yield kernels
    assert kernels.process.stdin is not None and kernels.process.stdout is not None
    kernels.process.stdin.close()
    kernels.process.stdout.close()
    assert kernels.process.wait() == 0


def check(kernels: Kernels, lanes: int, m: int, n: int, k: int, seed: int = 0, density: float = 0.5) -> None:
    """Check every form of output at one shape; a failure's message contains the arguments."""
    rng = np.random.default_rng(seed)
    x, w = pack_bits(rng.random((m, k)) < density), pack_bits(rng.random((n, k)) < 0.5)
    threshold = rng.integers(-k - 2, k + 3, n).astype(np.int32)
    scale, bias = (rng.standard_normal(n).astype(np.float32) for _ in range(2))
    residual = rng.standard_normal((m, n)).astype(np.float32)
    linear = bnn_linear(x, w, scale, bias, K=k)
    for form, want, arrays in (
        (PACKED, bnn_linear_packed(x, w, threshold, K=k), (mismatch_limit(threshold, k),)),
        (FLOAT, linear, (scale, bias)),
        (RESIDUAL, residual + linear, (scale, bias, residual)),
        (IN_PLACE, residual + linear, (scale, bias, residual)),
    ):
        workspace, got = kernels.run([lanes, m, n, k, form], x, w, *arrays)
        assert workspace == LOOKUP[lanes].workspace(n, k)
        np.testing.assert_array_equal(
            got, want.view(np.uint32), err_msg=f"{lanes=} {m=} {n=} {k=} {form=} {seed=}"
        )


@pytest.mark.parametrize("lanes", [8, 16])
@pytest.mark.parametrize("m", [1, 3, 4, 8, 15, 16, 17, 20, 33])
def test_rows(kernels: Kernels, lanes: int, m: int) -> None:
    for n, k in ((1, 1), (5, 40), (33, 64), (64, 65)):
        check(kernels, lanes, m, n, k)


@pytest.mark.parametrize("lanes", [8, 16])
@pytest.mark.parametrize("k", [1, 2, 31, 32, 33, 63, 64, 65, 192, 224, 225, 254, 255, 256, 257, 769])
def test_bits(kernels: Kernels, lanes: int, k: int) -> None:
    check(kernels, lanes, 9, 13, k)


@pytest.mark.parametrize("lanes", [8, 16])
@pytest.mark.parametrize("n", [1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 224, 225, 256])
def test_outputs(kernels: Kernels, lanes: int, n: int) -> None:
    check(kernels, lanes, 5, n, 70)


@pytest.mark.parametrize("lanes", [8, 16])
@pytest.mark.parametrize("density", [0.0, 1.0])
def test_counts_reach_their_ends(kernels: Kernels, lanes: int, density: float) -> None:
    """Rows of only 0 or only 1 with random weights, and with each other: 0 and K mismatches."""
    for k in (192, 254, 255, 600):
        check(kernels, lanes, 16, 8, k, density=density)
        for bit in (False, True):
            x, w = pack_bits(np.full((16, k), density == 1)), pack_bits(np.full((9, k), bit))
            for threshold in (-k - 1, -k, -k + 1, 0, k - 1, k, k + 1):
                thresholds = np.full(9, threshold, np.int32)
                _, got = kernels.run([lanes, 16, 9, k, PACKED], x, w, mismatch_limit(thresholds, k))
                np.testing.assert_array_equal(got, bnn_linear_packed(x, w, thresholds, K=k))


def test_the_longest_row(kernels: Kernels) -> None:
    check(kernels, 16, 2, 2, MAX_BITS)
    check(kernels, 8, 2, 2, MAX_BITS, density=1.0)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([8, 16]),
    st.integers(1, 40),
    st.integers(1, 80),
    st.integers(1, 600),
    st.integers(0, 2**32 - 1),
    st.floats(0, 1),
)
def test_any_shape(kernels: Kernels, lanes: int, m: int, n: int, k: int, seed: int, density: float) -> None:
    check(kernels, lanes, m, n, k, seed, density)


@pytest.fixture(scope="module")
def rv32im(long_run: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernels]:
    """Those of RISC-V are C throughout."""
    with running(tmp_path_factory.mktemp("rv32im") / "driver", find_target("rv32imc")) as kernels:
        yield kernels


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([8, 16]),
    *(st.integers(1, 40), st.integers(1, 80), st.integers(1, 600), st.integers(0, 2**32 - 1)),
    st.sampled_from([0, 0.3, 0.5, 1]),
)
@example(16, 17, 33, 254, 0, 1)
@example(8, 9, 47, 769, 0, 0)
@example(16, 8, 16, MAX_BITS, 0, 0.5)
def test_risc_v_at_any_shape(
    rv32im: Kernels, lanes: int, m: int, n: int, k: int, seed: int, density: float
) -> None:
    check(rv32im, lanes, m, n, k, seed, density)


@given(st.integers(1, 300), st.integers(1, 800), st.integers(1, 70000), st.booleans())
def test_every_row_is_counted_once(m: int, n: int, k: int, packed: bool) -> None:
    first = 0
    for rows in choose_rows(HOST, m, n, k, packed=packed):
        assert rows.first == first and rows.count > 0
        assert k <= rows.kernel.max_bits
        first += rows.count
    assert first == m


def test_a_tuned_split_is_taken_or_refused() -> None:
    split = choose_rows(HOST, 20, 8, 40, packed=True, tuned=(("lookup8", 12), ("popcount", 8)))
    assert [(rows.kernel.name, rows.first, rows.count) for rows in split] == [
        ("lookup8", 0, 12),
        ("popcount", 12, 8),
    ]
    with pytest.raises(ModelError, match="20 rows"):
        choose_rows(HOST, 20, 8, 40, packed=True, tuned=(("lookup8", 12),))
    with pytest.raises(ModelError, match="no kernel 'lookup16'"):
        choose_rows(HOST, 20, 8, MAX_BITS + 1, packed=True, tuned=(("lookup16", 20),))


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize(
    ("core", "extracts"),
    [("cortex-m0plus", False), ("cortex-m3", True), ("cortex-m7", True), ("rv32imc", False)],
)
def test_device_kernels_compile_without_a_warning_and_fuse_nothing(
    core: str, extracts: bool, tmp_path: Path
) -> None:
    target = find_target(core)
    files = kernel_files(target, ["lookup"])
    for file in files:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    # As in another project's build, whose assembler syntax may differ.
    flags = [flag for flag in target.gcc if flag != "-masm-syntax-unified"]
    flags = [*flags, *STRICT, "-O2", "-ffp-contract=off"]
    for file in files:
        if file.suffix == ".c":
            subprocess.run(
                [target.compiler, *flags, "-c", file.name, "-o", file.stem + ".o"],
                cwd=tmp_path,
                check=True,
            )
    code = subprocess.run(
        [f"{target.tools}objdump", "-d", *sorted(tmp_path.glob("*.o"))],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert ("ubfx" in code) == extracts
    assert "vfma" not in code and "vmla" not in code and "fmadd" not in code
