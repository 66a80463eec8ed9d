"""Accuracy from outputs, labels by the names of their classes, and the comparison bit by bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from peer import TOY

from sensor_bnn.errors import DataError, DeviceError
from sensor_bnn.labels import labels_by_name
from sensor_bnn.measure.accuracy import accuracy_of
from sensor_bnn.measure.difference import differences, refuse_difference

NAMES = ("rest", "walk", "run", "Ruhe", "läuft", "")


@given(st.permutations(NAMES), st.data())
def test_labels_are_matched_by_name_whatever_the_order(known: list[str], data: st.DataObject) -> None:
    some = data.draw(st.permutations(NAMES).map(lambda names: names[: data.draw(st.integers(1, 6))]))
    y = np.array(data.draw(st.lists(st.integers(0, len(some) - 1), min_size=1, max_size=9)), np.int64)
    translated = labels_by_name(y, some, known, "the model")
    assert [known[place] for place in translated] == [some[place] for place in y]


def test_one_name_in_other_spaces_and_another_form_of_unicode() -> None:
    y = np.array([0, 1], np.int64)
    found = labels_by_name(y, ("u\u0308ben", " rest"), ("rest", "\u00fcben "), "the model")
    assert found.tolist() == [1, 0]


def test_an_unknown_class_is_named_with_the_known_ones() -> None:
    y = np.zeros(1, np.int64)
    with pytest.raises(DataError) as caught:
        labels_by_name(y, ("walk", "swim", "fly"), ("rest", "walk"), "the model toy")
    assert "The model toy does not have these classes of the data: swim, fly." in str(caught.value)
    assert "Its classes are rest, walk." in str(caught.value)


@pytest.mark.parametrize(
    ("classes", "known"), [(("a", "a"), ("a", "b")), (("a",), ("a", "b", "b")), (("b",), ("a", "b", "b"))]
)
def test_a_name_that_stands_for_two_classes(classes: tuple[str, ...], known: tuple[str, ...]) -> None:
    with pytest.raises(DataError, match="have the same name"):
        labels_by_name(np.zeros(1, np.int64), classes, known, "the model")


@given(st.integers(1, 8), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_accuracy_is_what_counting_says(classes: int, samples: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    outputs = rng.integers(0, 3, (samples, classes)).astype(np.float32)  # with ties
    outputs[rng.random((samples, classes)) < 0.05] = np.nan
    truth = rng.integers(0, classes, samples)
    found = accuracy_of(outputs, truth)
    right = among_five = nothing = 0
    confusion = [[0] * classes for _ in range(classes)]
    for row, true in zip(outputs.tolist(), truth.tolist(), strict=True):
        if any(value != value for value in row):
            nothing += 1
            continue
        order = sorted(range(classes), key=lambda place: (-row[place], place))
        right += order[0] == true
        among_five += true in order[:5]
        confusion[true][order[0]] += 1
    assert found.top1 == pytest.approx(right / samples)
    assert found.top5 == pytest.approx(among_five / samples)
    assert found.not_a_number == nothing
    assert found.confusion.tolist() == confusion
    for place, recall in enumerate(found.recall):
        total = int(np.sum(truth == place))
        assert recall == (confusion[place][place] / total if total else None)


def test_differences_are_of_bits() -> None:
    expected = np.array([[0.0, 1.0], [np.nan, 2.0], [3.0, 4.0]], np.float32)
    assert differences(expected.copy(), None).bit_exact is None
    same = differences(expected.copy(), expected)
    assert (same.bit_exact, same.different, same.first_different) == (True, 0, None)
    outputs = expected.copy()
    outputs[1, 1] = np.nextafter(np.float32(2), np.float32(3))
    outputs[2, 0] = -3.0
    other = differences(outputs, expected)
    assert (other.bit_exact, other.different, other.first_different) == (False, 2, 1)
    zero = differences(np.array([[-0.0]], np.float32), np.array([[0.0]], np.float32))
    assert zero.different == 1


def test_what_finds_the_first_layer_is_named() -> None:
    facts = {"different": 2, "first_different": 1, "samples": 5}
    with pytest.raises(DeviceError) as caught:
        refuse_difference(facts, TOY)
    assert "in 2 of 5 samples, first in sample 1 (counted from 0)" in str(caught.value)
    assert "`sensor-bnn verify MODEL.onnx --board toy`" in str(caught.value)
    with pytest.raises(DeviceError, match=r"`sensor-bnn verify MODEL.onnx` .* on the host"):
        refuse_difference(facts, replace(TOY, emulator=None))
    refuse_difference({**facts, "different": 0, "first_different": None}, TOY)
    refuse_difference({**facts, "different": None, "first_different": None}, TOY)
