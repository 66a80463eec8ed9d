"""Sensor units to a model's integers and back, and the metadata that say how much a step is."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sensor_bnn.errors import DataError, ModelError
from sensor_bnn.onnx.quantities import Steps, powers, steps_of, to_logits, to_model_input

FILE = Path("model.onnx")
INT16 = np.dtype(np.int16)


@given(
    arrays.arrays(np.int16, st.tuples(st.integers(1, 3), st.just(2), st.integers(1, 5))),
    st.tuples(*[st.floats(1e-6, 1e6)] * 2),
)
def test_a_sample_of_whole_steps_becomes_that_number_of_steps(
    whole: np.ndarray, step: tuple[float, float]
) -> None:
    samples = (whole * np.array(step)[:, None]).astype(np.float32)
    assert np.array_equal(to_model_input(samples, INT16, step), whole)


def test_a_sample_beyond_the_range_becomes_its_end_and_a_tie_becomes_even() -> None:
    samples = np.array([[[1e30, -1e30, 3e38, 0.25, 0.75, -0.25]]], dtype=np.float32)
    assert to_model_input(samples, INT16, [0.5]).tolist() == [[[32767, -32768, 32767, 0, 2, 0]]]
    assert to_model_input(samples, INT16, [1e-300])[0, 0, :2].tolist() == [32767, -32768]


def test_images_have_a_step_per_colour() -> None:
    images = np.ones((2, 3, 4, 5), dtype=np.float32)
    found = to_model_input(images, INT16, [1.0, 0.5, 0.25])
    assert found.shape == images.shape and found[0, :, 0, 0].tolist() == [1, 2, 4]


def test_what_is_not_float32_stays_as_it_is() -> None:
    samples = np.ones((1, 2, 3), dtype=np.int16)
    assert to_model_input(samples, INT16, [0.5, 0.5]) is samples


@pytest.mark.parametrize("step", [None, [1.0], [1.0, 1.0, 1.0]])
def test_a_model_of_integers_needs_one_step_per_channel(step: list[float] | None) -> None:
    with pytest.raises(ModelError, match=r"`input_step` have . steps for 2 channels"):
        to_model_input(np.ones((1, 2, 3), dtype=np.float32), INT16, step)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_not_finite_is_refused_by_its_place(value: float) -> None:
    samples = np.ones((2, 2, 3), dtype=np.float32)
    samples[1, 0, 2] = value
    with pytest.raises(DataError, match=r"x\[1, 0, 2\] of the samples is -?(nan|inf)"):
        to_model_input(samples, INT16, [1.0, 1.0])


def test_logits_are_steps_and_floats_stay() -> None:
    outputs = np.array([[-32768, 3]], dtype=np.int16)
    assert to_logits(outputs, 0.25).tolist() == [[-8192, 0.75]]
    assert to_logits(outputs).dtype == np.float32 and to_logits(outputs).tolist() == [[-32768, 3]]
    floats = np.array([[0.5, 3]], dtype=np.float32)
    assert to_logits(floats, 0.25).tolist() == [[0.5, 3]]


@given(st.lists(st.floats(1e-30, 1e30), min_size=1), st.floats(1e-30, 1e9))
def test_steps_come_back_from_the_metadata(step: list[float], output: float) -> None:
    said = {"input_step": json.dumps(step), "output_step": json.dumps(output)}
    assert steps_of(said, FILE) == Steps(tuple(step), output)


def test_a_model_of_floats_has_no_steps() -> None:
    assert steps_of({"name": "m"}, FILE) == Steps(None, None)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        *[("input_step", text) for text in ("", "1", "{}", '["1"]', "[0]", "[-1]", "[NaN]", "[1e999]")],
        *[("output_step", text) for text in ("", "[1]", "0", "-1", "2e9", "Infinity", "true", '"1"')],
    ],
)
def test_malformed_steps_are_refused(key: str, text: str) -> None:
    with pytest.raises(ModelError, match=rf"The metadata `{key}` of model\.onnx") as caught:
        steps_of({key: text}, FILE)
    assert "Export the model again" in str(caught.value.remedy)


ANY = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(arrays.arrays(np.float32, (2, 3, 5), elements=ANY | st.floats(-(2.0**-122), 2.0**-122, width=32)))
def test_with_a_gain_per_window_the_largest_sample_takes_all_bits(windows: np.ndarray) -> None:
    """Each channel of each window by itself, in exact arithmetic."""
    found = to_model_input(windows, INT16, [2.0**-15] * 3, "window")
    for of_channel, whole in zip(windows.reshape(6, 5).tolist(), found.reshape(6, 5).tolist(), strict=True):
        largest = max(map(abs, of_channel))
        power = Fraction(2) ** -125
        while power <= largest:
            power *= 2
        exact = [round(Fraction(sample) * 2**15 / power) for sample in of_channel]
        assert whole == [min(value, 32767) for value in exact]
        if largest >= 2.0**-126:
            assert 16384 <= max(map(abs, whole)) <= 32768


@given(arrays.arrays(np.float32, (1, 2, 4), elements=st.floats(-1, 1, width=32)), st.integers(-60, 60))
def test_a_power_of_two_changes_nothing_with_a_gain_per_window(windows: np.ndarray, power: int) -> None:
    windows[windows != 0] += np.sign(windows[windows != 0])  # 1 to 2: no subnormal numbers
    steps = [2.0**-15] * 2
    moved = np.ldexp(windows, power)
    assert np.array_equal(
        to_model_input(moved, INT16, steps, "window"), to_model_input(windows, INT16, steps, "window")
    )
    present = np.abs(windows).max(axis=2, keepdims=True) > 0
    assert np.array_equal(powers(moved)[present], np.ldexp(powers(windows)[present], power))


def test_a_gain_comes_back_from_the_metadata() -> None:
    said = {"input_step": "[3.0517578125e-05, 3.0517578125e-05]", "input_gain": '"window"'}
    assert steps_of(said, FILE) == Steps((2.0**-15,) * 2, None, "window")
    for wrong, told in (
        ({"input_gain": '"channel"'}, "`input_gain` of model.onnx"),
        ({"input_gain": "window"}, "`input_gain` of model.onnx"),
        ({"input_step": "[1.0, 3.0517578125e-05]"}, "as `input_step`; each must be"),
    ):
        with pytest.raises(ModelError, match=told):
            steps_of({**said, **wrong}, FILE)
    with pytest.raises(ModelError, match=r"and \[\] as `input_step`"):
        steps_of({"input_gain": '"window"'}, FILE)
