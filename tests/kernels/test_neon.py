"""The NEON kernels of both Arm architectures, emulated, under sanitizers, compared with the reference."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from programs_in_c import build_program

from sensor_bnn.compiler.kernels.bnn_linear_packed import mismatch_limit
from sensor_bnn.compiler.lookup import Kernel, Rows, in_panels, kernel_files, kernels_of
from sensor_bnn.compiler.targets import Target, find_target
from sensor_bnn.onnx import conformance
from sensor_bnn.onnx.packing import pack_bits, words_for
from sensor_bnn.onnx.reference import bnn_linear, bnn_linear_packed

PACKED, FLOAT, RESIDUAL, IN_PLACE = range(4)
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wstrict-prototypes"]
EMULATORS = {"aarch64-linux": "qemu-aarch64", "armv7-linux": "qemu-arm"}
INSTALL = (
    "apt-get install --no-install-recommends qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross "
    "gcc-arm-linux-gnueabihf libc6-dev-armhf-cross"
)


class Kernels:
    """An emulated process that runs the kernels on data sent to it."""

    def __init__(self, target: Target, folder: Path) -> None:
        (self.kernel,) = (kernel for kernel in kernels_of(target) if kernel.family)
        for tool in (target.compiler, EMULATORS[target.name]):
            if shutil.which(tool) is None:
                pytest.fail(f"{tool} is missing: {INSTALL}")
        files = kernel_files(target)
        # Copied, so that an ISA's own header is where its other files look for it.
        for file in files:
            (folder / file.name).write_bytes(file.read_bytes())
        flags = [*STRICT, *target.gcc, "-O2", "-ffp-contract=off"]
        sanitize = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-DDRIVE_NEON"]
        sources = [folder / file.name for file in files if file.suffix == ".c"]
        driver = Path(__file__).with_name("driver.c")
        said = build_program(
            folder / "driver", target.compiler, [*flags, *sanitize, f"-I{folder}"], [driver, *sources]
        )
        assert said == ""
        for source in sources:
            subprocess.run(
                [target.compiler, *flags, "-c", source, "-o", source.with_suffix(".o")], check=True
            )
        self.code = subprocess.run(
            [f"{target.tools}objdump", "-d", *sorted(folder.glob("*.o"))],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        root = f"/usr/{target.tools.rstrip('-')}"
        self.process = subprocess.Popen(
            [EMULATORS[target.name], "-L", root, folder / "driver"],
            # The search for leaks needs ptrace, which QEMU does not emulate.
            env={"ASAN_OPTIONS": "detect_leaks=0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

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


@pytest.fixture(scope="module", params=EMULATORS)
def kernels(
    cross_compiler: None, qemu: None, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kernels]:
    kernels = Kernels(find_target(request.param), tmp_path_factory.mktemp("kernels"))
    yield kernels
    assert kernels.process.stdin is not None and kernels.process.stdout is not None
    kernels.process.stdin.close()
    kernels.process.stdout.close()
    assert kernels.process.wait() == 0


def check(kernels: Kernels, m: int, n: int, k: int, density: float = 0.5, tiny: float = 1.0) -> None:
    """Check every form of output at one shape; ``tiny`` scales the floats."""
    rng = np.random.default_rng(m * 10007 + n * 101 + k)
    x, w = pack_bits(rng.random((m, k)) < density), pack_bits(rng.random((n, k)) < 0.5)
    threshold = rng.integers(-k - 2, k + 3, n).astype(np.int32)
    scale, bias = (rng.standard_normal(n).astype(np.float32) * np.float32(tiny) for _ in range(2))
    residual = rng.standard_normal((m, n)).astype(np.float32) * np.float32(tiny)
    linear = bnn_linear(x, w, scale, bias, K=k)
    for form, want, arrays in (
        (PACKED, bnn_linear_packed(x, w, threshold, K=k), (mismatch_limit(threshold, k),)),
        (FLOAT, linear, (scale, bias)),
        (RESIDUAL, residual + linear, (scale, bias, residual)),
        (IN_PLACE, residual + linear, (scale, bias, residual)),
    ):
        workspace, got = kernels.run([0, m, n, k, form], x, w, *arrays)
        assert workspace == kernels.kernel.workspace(n, k)
        np.testing.assert_array_equal(got, want.view(np.uint32), err_msg=f"{m=} {n=} {k=} {form=}")
        panels = in_panels((Rows(kernels.kernel, 0, m),), w)
        assert (panels is not None) == (n % 64 == 0)
        if panels is not None:
            _, got = kernels.run([1, m, n, k, form], x, panels, *arrays)
            np.testing.assert_array_equal(got, want.view(np.uint32), err_msg=f"{m=} {n=} {k=} {form=} panels")


@pytest.mark.parametrize("m", [1, 2, 3, 4, 5, 7, 8, 65])
def test_rows(kernels: Kernels, m: int) -> None:
    for n, k in ((1, 1), (5, 40), (33, 64), (64, 65)):
        check(kernels, m, n, k)


@pytest.mark.parametrize(
    "k", [1, 2, 31, 32, 33, 63, 64, 65, 192, 223, 224, 225, 254, 255, 256, 257, 448, 449, 769]
)
def test_bits(kernels: Kernels, k: int) -> None:
    check(kernels, 5, 13, k)


@pytest.mark.parametrize("n", [1, 3, 4, 7, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 80, 96, 127, 128, 130])
def test_outputs(kernels: Kernels, n: int) -> None:
    check(kernels, 5, n, 70)


@pytest.mark.parametrize("density", [0.0, 1.0])
def test_counts_reach_their_ends(kernels: Kernels, density: float) -> None:
    """0 and K mismatches with all thresholds near the limits."""
    for k in (192, 254, 255, 600):
        check(kernels, 4, 8, k, density)
        for bit in (False, True):
            x, w = pack_bits(np.full((4, k), density == 1)), pack_bits(np.full((9, k), bit))
            for threshold in (-k - 1, -k, -k + 1, 0, k - 1, k, k + 1):
                thresholds = np.full(9, threshold, np.int32)
                _, got = kernels.run([0, 4, 9, k, PACKED], x, w, mismatch_limit(thresholds, k))
                np.testing.assert_array_equal(got, bnn_linear_packed(x, w, thresholds, K=k))


def test_the_longest_row(kernels: Kernels) -> None:
    check(kernels, 2, 2, kernels.kernel.max_bits)
    check(kernels, 2, 2, kernels.kernel.max_bits, 1.0)


def test_denormal_numbers_are_kept(kernels: Kernels) -> None:
    # Normal numbers end at 1.2e-38.
    check(kernels, 4, 20, 40, tiny=1e-41)


@pytest.mark.parametrize("operator", ["BnnLinear", "BnnLinearPacked"])
def test_conformance_vectors(kernels: Kernels, operator: str) -> None:
    cases = [case for case in conformance.read() if case.operator == operator]
    assert cases
    for case in cases:
        x, w = case.inputs["Xp"], case.inputs["Wp"]
        K, n = case.attributes["K"], len(w)
        rows = x.reshape(-1, x.shape[-1])
        (want,) = case.outputs.values()
        if operator == "BnnLinearPacked":
            form, rest = PACKED, (mismatch_limit(case.inputs["threshold"].astype(np.int32), K),)
        else:
            form, rest = FLOAT, (case.inputs["scale"], case.inputs["bias"])
        _, got = kernels.run([0, len(rows), n, K, form], rows, w, *rest)
        np.testing.assert_array_equal(got.reshape(want.shape), want.view(np.uint32), err_msg=case.name)


def test_nothing_is_fused(kernels: Kernels) -> None:
    """Armv7's vmla.f32 is not fused: it rounds the product."""
    assert re.search(r"\bv?cnt(\.8)?\s", kernels.code)
    assert not re.search(r"\b(?:vfn?m[as]|fn?m(?:add|sub|l[as]))", kernels.code)


@pytest.mark.parametrize("name", EMULATORS)
def test_kernel_takes_over_where_it_pays(name: str) -> None:
    from sensor_bnn.compiler.lookup import choose_rows

    def chosen(m: int, n: int) -> list[Kernel]:
        return [rows.kernel for rows in choose_rows(find_target(name), m, n, 192, packed=True)]

    assert [kernel.name for kernel in chosen(64, 192)] == ["neon"]
    assert [kernel.name for kernel in chosen(1, 1)] == ["popcount"]
