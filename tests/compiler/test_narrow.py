"""Constants in narrow types: every value comes back to the last bit."""

import ctypes
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sensor_bnn.compiler.kernels.widen import widen
from sensor_bnn.compiler.lowering import compile_kernels
from sensor_bnn.compiler.narrow import narrowest
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.compiler.targets import find_target

HALVES = np.arange(65536, dtype=np.uint16).view(np.float16)
SMALLEST = np.finfo(np.float16).smallest_normal
NORMAL = HALVES[np.isfinite(HALVES) & ((HALVES == 0) | (np.abs(HALVES) >= SMALLEST))]


@given(
    arrays.arrays(np.int32, st.integers(1, 20), elements=st.integers(-(2**31), 2**31 - 1))
    | arrays.arrays(np.float32, st.integers(1, 20), elements=st.floats(width=32))
    | arrays.arrays(np.float32, st.integers(1, 20), elements=st.floats(width=16).map(float))
    | arrays.arrays(np.float32, st.integers(1, 20), elements=st.integers(-130, 130).map(float))
)
def test_nothing_is_lost(array):
    stored = narrowest(array)
    assert stored.nbytes <= array.nbytes
    assert stored.astype(array.dtype).tobytes() == array.tobytes()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.array([0, 255], np.int32), "uint8"),
        (np.array([-128, 127], np.int32), "int8"),
        (np.array([0, 256], np.int32), "uint16"),
        (np.array([-1, 128], np.int32), "int16"),
        (np.array([-1, 65535], np.int32), "int32"),
        (np.array([-127, 3], np.float32), "int8"),
        (np.array([-0.0, 3], np.float32), "float16"),
        # 65504 is the largest float16.
        (np.array([0.5, 65504], np.float32), "float16"),
        (np.array([0.5, 65505], np.float32), "float32"),
        (np.array([2.0**-20], np.float32), "float32"),  # subnormal as float16
        (np.array([np.nan], np.float32), "float32"),
        (np.array([7], np.uint32), "uint32"),  # packed bits
    ],
)
def test_the_narrowest_type_is_taken(values, kind):
    assert narrowest(values).dtype.name == kind


@pytest.mark.parametrize(
    ("stored", "dtype"),
    [
        (NORMAL, np.float32),
        (np.arange(256, dtype=np.uint8), np.int32),
        (np.arange(-128, 128, dtype=np.int8), np.int32),
        (np.arange(-128, 128, dtype=np.int8), np.float32),
        (np.arange(65536, dtype=np.uint16), np.int32),
        (np.arange(-32768, 32768, dtype=np.int16), np.int32),
    ],
    ids=["float16", "uint8", "int8", "int8 to float", "uint16", "int16"],
)
def test_compiled_code_widens_every_value_exactly(stored, dtype, tmp_path):
    kernel = widen(stored.size, stored.dtype.name, np.dtype(dtype).name)
    (tmp_path / "kernel.o").write_bytes(compile_kernels({"kernel": kernel}, find_target("host")))
    subprocess.run(["gcc", "-shared", "-o", "kernel.so", "kernel.o"], cwd=tmp_path, check=True)
    wide = np.zeros(stored.size, dtype)
    ctypes.CDLL(str(tmp_path / "kernel.so")).kernel(
        stored.ctypes.data_as(ctypes.c_void_p), wide.ctypes.data_as(ctypes.c_void_p)
    )
    assert wide.tobytes() == stored.astype(dtype).tobytes()


@pytest.mark.usefixtures("cross_compiler")
def test_thresholds_and_scales_are_narrow_in_flash(mlp_onnx, tmp_path):
    bundle = compile_model(mlp_onnx(width=128, hidden=256), "cortex-m7", tmp_path / "out")
    weights = (bundle.folder / "weights.c").read_text()
    assert "const int8_t" in weights or "const uint8_t" in weights
    assert "const uint16_t" in weights  # eighths fit float16
    packed = 2 * 128 * 256 // 8
    # Threshold, limit, scale and bias of a vector each; embedding none, head of eighths.
    assert bundle.metadata.weights_bytes == packed + 2 * 128 + 256 + 2 * 2 * 128 + 2 * 128 * 3 + 3 + 3 * 2
