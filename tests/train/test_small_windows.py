"""A note where the 16 bits of an exported model's input do not hold the windows that it enlarges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sensor_bnn.train import small_windows
from sensor_bnn.train.recipe import DataRecipe, Recipe
from sensor_bnn.train.windows import Recordings

DATA = DataRecipe(set="smartwatch", window=100, step=50, train_subjects=(1, 2, 3), test_subjects=(4,))


def recipe(**model: Any) -> Recipe:
    return Recipe(name="one", preset="sensor-small", model=model, data=DATA)


def with_small(recordings: Recordings, share: float) -> Recordings:
    """Divide the windows of a share of the set by ten thousand."""
    signal = recordings.signal.copy()
    first = recordings.start[int(len(recordings.y) * (1 - share))]
    signal[:, first:] /= 10_000
    return replace(recordings, signal=signal, group=1 + np.arange(len(recordings.y)) % 4)


def test_windows_that_are_rounded_away_are_told(recordings: Recordings) -> None:
    (note,) = small_windows.told(with_small(recordings, 0.5), recipe(normalise="window"))
    assert note.split("%")[0] in ("49", "50", "51", "52") and "a sample of" in note


@pytest.mark.parametrize(
    ("share", "model"),
    [
        (0.0, {"normalise": "window"}),
        (0.5, {"normalise": "channel"}),
        (0.5, {"normalise": "window", "precision": "full"}),
    ],
)
def test_nothing_is_told_where_nothing_is_lost(
    share: float, model: dict[str, str], recordings: Recordings
) -> None:
    whole = with_small(recordings, share) if share else replace(recordings, group=np.array(recordings.group))
    assert small_windows.told(replace(whole, group=1 + np.arange(len(whole.y)) % 4), recipe(**model)) == ()


def test_nothing_is_lost_of_whole_numbers_and_flat_windows(recordings: Recordings) -> None:
    """The readings of an ADC keep their own step, however small they are; a sensor at rest has no shape."""
    of_window = recipe(normalise="window")
    half = with_small(recordings, 0.5)
    counts = np.rint(half.signal * 1000).astype(np.float32)
    assert small_windows.told(replace(half, signal=counts), of_window) == ()
    flat = np.where(half.signal == recordings.signal, recordings.signal, 0).astype(np.float32)
    assert small_windows.told(replace(half, signal=flat), of_window) == ()


def test_nothing_is_told_with_a_gain_per_window(recordings: Recordings) -> None:
    half = with_small(recordings, 0.5)
    assert 'model.gain = "window"' in small_windows.told(half, recipe(normalise="window"))[0]
    assert small_windows.told(half, recipe(normalise="window", gain="window")) == ()
