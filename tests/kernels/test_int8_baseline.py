"""The int8 kernels that the binary ones are compared with: on the host under sanitizers, and compiled."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor_bnn.compiler.targets import find_target
from sensor_bnn.measure.kernel_cases import int8_linear
from sensor_bnn.resources import resource

FOLDER = resource("firmware") / "baselines"
STRICT = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wstrict-prototypes"]

# The instruction that must multiply, by folder and target.
MULTIPLIES = [
    ("portable", "cortex-m3", "mla\t"),
    ("portable", "rv32imc", "mul\t"),
    ("armv7em", "cortex-m7", "smlad\t"),
    ("armv7em", "cortex-m33", "smlad\t"),
    ("helium", "cortex-m55", "vmladava.s8\t"),
    ("aarch64", "cortex-a53", "sadalp\t"),
]


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize(("isa", "core", "instruction"), MULTIPLIES)
def test_it_multiplies_by_what_its_name_says(isa: str, core: str, instruction: str, tmp_path: Path) -> None:
    target = find_target(core)
    if shutil.which(target.compiler) is None:
        pytest.fail(f"{target.compiler} is missing: {target.install}")
    code = tmp_path / "code.s"
    source = FOLDER / isa / "linear_int8.c"
    subprocess.run(
        [target.compiler, *target.gcc, *STRICT, f"-I{FOLDER}", "-S", source, "-o", code], check=True
    )
    assert instruction in code.read_text()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    file = tmp_path_factory.mktemp("int8") / "int8.so"
    sanitize = ["-fsanitize=undefined", "-fno-sanitize-recover=all", "-fPIC", "-shared"]
    source = FOLDER / "portable" / "linear_int8.c"
    subprocess.run(["gcc", *STRICT, *sanitize, f"-I{FOLDER}", source, "-o", file], check=True)
    return ctypes.CDLL(str(file))


@settings(max_examples=60, deadline=None)
@given(*(st.integers(1, most) for most in (7, 7, 90)), st.integers(1, 30), st.integers(0, 1 << 32))
def test_plain_c_is_the_reference(library: ctypes.CDLL, m: int, n: int, k: int, by: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(-128, 128, (m, k)).astype(np.int8)
    w = rng.integers(-127, 128, (n, k)).astype(np.int8)
    bias = rng.integers(-(1 << 24), (1 << 24) + 1, n).astype(np.int32)
    multiplier = rng.integers(1 << 30, 1 << 31, n).astype(np.int32)
    shift = np.full(n, by, np.int32)
    zero = int(rng.integers(-128, 128))
    y = np.zeros((m, n), np.int8)
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (x, w, bias, multiplier, shift, y)]
    library.sbnn_linear_int8(m, n, k, zero, *pointers)
    expected = int8_linear(x, w, bias, multiplier, shift, zero)
    np.testing.assert_array_equal(y, expected)
    exact = (x.astype(float) @ w.T.astype(float) + bias) * multiplier / 2.0 ** (31 + by) + zero
    assert np.abs(expected - np.clip(exact, -128, 127)).max() <= 1, "a reference that scales otherwise"
