"""``sensor_bnn.load``: a bundle for this machine as a function of numpy arrays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from bundles import INTEGERS, write_bundle, write_host_bundle

import sensor_bnn
from sensor_bnn.errors import BundleError, DataError
from sensor_bnn.onnx.quantities import to_model_input

# The models double the first three values of a window [6, 100].


def windows(count: int, dtype: str = "float32") -> np.ndarray:
    return np.random.default_rng(0).integers(-100, 100, (count, 6, 100)).astype(dtype)


def test_one_window_or_several(tmp_path: Path) -> None:
    model = sensor_bnn.load(write_host_bundle(tmp_path / "host"))
    x = windows(4)
    outputs = model(x)
    assert outputs.dtype == np.float32 and outputs.tolist() == (2 * x[:, 0, :3]).tolist()
    assert model(x[1]).tolist() == outputs[1].tolist() and model(x[1]).shape == (3,)
    assert model(x[1:2]).tolist() == outputs[1:2].tolist() and model(x[:0]).shape == (0, 3)
    # As it is in memory does not matter.
    assert model(x.astype(">f4")).tolist() == outputs.tolist()
    assert model(np.asfortranarray(x)).tolist() == outputs.tolist()
    assert model(x[::-1]).tolist() == outputs[::-1].tolist()


def test_a_model_of_integers_takes_them_or_the_sensors_unit(tmp_path: Path) -> None:
    model = sensor_bnn.load(write_host_bundle(tmp_path / "host", **INTEGERS))
    steps = np.array(INTEGERS["input_step"], np.float32)[:, None]
    x = windows(3, "int16")
    outputs = model(x)
    assert outputs.dtype == np.int16 and outputs.tolist() == (2 * x[:, 0, :3]).tolist()
    assert model(x * steps).tolist() == outputs.tolist()
    with pytest.raises(DataError, match=r"x.* is nan"):
        model(np.full((6, 100), np.nan, np.float32))


def test_with_a_gain_per_window_floats_take_all_bits(tmp_path: Path) -> None:
    bundle = write_host_bundle(
        tmp_path / "host", **{**INTEGERS, "input_step": [2.0**-15] * 6, "input_gain": "window"}
    )
    model = sensor_bnn.load(bundle)
    x = windows(3)
    outputs = model(x)
    whole = np.rint(x[:, 0] / 2.0 ** np.frexp(np.abs(x[:, 0]).max(axis=1, keepdims=True))[1] * 2**15)
    assert outputs.tolist() == (2 * whole[:, :3]).astype(np.int16).tolist()
    assert model(x * np.float32(2.0**-100)).tolist() == outputs.tolist()
    divided = to_model_input(x, np.dtype(np.int16), [2.0**-15] * 6, "window")
    assert model(divided).tolist() == outputs.tolist()
    # Samples of a converter would be taken for divided ones.
    raw = divided.copy()
    raw[1, 2] >>= 3
    with pytest.raises(DataError, match=r"channel 3 of window 2 is \d+; .* power of two") as failed:
        model(raw)
    assert "float32" in failed.value.remedy
    raw[1, 2] = 0
    assert model(raw).tolist() == model(raw.astype(np.float32)).tolist()


@pytest.mark.parametrize(
    ("window", "told"),
    [
        (np.zeros((6, 99), np.float32), r"are \[6, 99\]; the model takes \[6, 100\], or n of these"),
        (np.zeros((1, 1, 6, 100), np.float32), r"are \[1, 1, 6, 100\]"),
        (np.zeros(600, np.float32), r"are \[600\]"),
        (np.zeros((6, 100)), "are float64; the model takes float32"),
        (np.zeros((6, 100), np.int16), "are int16; the model takes float32"),
    ],
)
def test_other_windows_are_refused(window: np.ndarray, told: str, tmp_path: Path) -> None:
    model = sensor_bnn.load(write_host_bundle(tmp_path / "host"))
    with pytest.raises(DataError, match=told) as found:
        model(window)
    assert found.value.remedy


@pytest.mark.parametrize("window", [[[0.0] * 100] * 6, None, "window"])
def test_what_is_no_array_is_refused(window: object, tmp_path: Path) -> None:
    model = sensor_bnn.load(write_host_bundle(tmp_path / "host"))
    with pytest.raises(DataError, match="the model takes an array of numpy"):
        model(window)  # type: ignore[arg-type]


def test_a_bundle_for_a_board_is_no_function(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="compiled for cortex-m7, which this machine cannot run"):
        sensor_bnn.load(write_bundle(tmp_path / "m7", target="cortex-m7"))


def test_threads_share_a_model(tmp_path: Path) -> None:
    model = sensor_bnn.load(write_host_bundle(tmp_path / "host"))
    x = windows(200)
    with ThreadPoolExecutor(8) as pool:
        assert np.array_equal(np.stack(list(pool.map(model, x))), 2 * x[:, 0, :3])
