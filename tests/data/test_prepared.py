"""What is done to recordings before windows are cut: no value moves to another recording or label."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sensor_bnn.data.prepared import Preparation, prepared
from sensor_bnn.data.recorded import GAP, Recorded, Run, steps_of
from sensor_bnn.errors import DataError


def recorded(lengths: list[int], values: Any = None, time: Any = None, rate: float | None = None) -> Recorded:
    """One channel, one recording per length; a sample's value is 100 times its recording plus its place."""
    bounds = np.cumsum([0, *lengths]).tolist()
    runs = tuple(
        Run(number, "ab"[number % 2], first, end, 0, file="f")
        for number, (first, end) in enumerate(pairwise(bounds))
    )
    usual = [100 * number + at for number, length in enumerate(lengths) for at in range(length)]
    samples = np.array(usual if values is None else values, dtype=np.float32)[:, None]
    return Recorded(("x",), samples, runs, None if time is None else np.array(time, dtype=float), rate)


def pieces(found: Recorded) -> list[list[float]]:
    return [found.samples[run.first : run.end, 0].tolist() for run in found.runs]


NAN = float("nan")


def test_missing_values_are_refused_held_or_interpolated_within_a_recording() -> None:
    found = recorded([4, 4], [NAN, 1, NAN, 3, 9, NAN, NAN, NAN])
    with pytest.raises(
        DataError, match="5 values are missing, the first one of channel x, 0 samples after f"
    ):
        prepared(found, Preparation(4))
    held, notes = prepared(found, Preparation(4, "hold"))
    assert pieces(held) == [[1, 1, 1, 3], [9, 9, 9, 9]]
    assert notes == ("5 missing values hold the value before them (data.missing).",)
    drawn, _ = prepared(found, Preparation(4, "interpolate"))
    assert pieces(drawn) == [[1, 1, 2, 3], [9, 9, 9, 9]]
    # A line in time, where times are known.
    timed = recorded([4], [0, NAN, NAN, 8], [0, 1, 3, 4])
    assert pieces(prepared(timed, Preparation(4, "interpolate"))[0]) == [[0, 2], [6, 8]]
    with pytest.raises(DataError, match="Recording 1 has no value of channel x"):
        prepared(recorded([1, 2], [1, NAN, NAN]), Preparation(4, "hold"))


def test_gaps_and_times_that_go_back_divide_a_recording() -> None:
    found = recorded([7], time=[0, 1, 2, 5, 6, 3, 4])
    divided, notes = prepared(found, Preparation(2))
    assert pieces(divided) == [[0, 1, 2], [3, 4], [5, 6]]
    assert notes == (
        "1 gap in time, the longest of 3 s, 1 sample earlier than the one before: no window crosses them.",
    )


def test_the_lengths_that_can_be_chosen() -> None:
    found = recorded([2, 6])
    assert prepared(found, Preparation(4))[0] is found
    padded, notes = prepared(found, Preparation(4, lengths="pad"))
    assert pieces(padded) == [[0, 1, 1, 1], [100, 101, 102, 103, 104, 105]]
    assert notes == ("1 part shorter than 4 samples: the last sample is repeated.",)
    cropped, notes = prepared(found, Preparation(4, lengths="crop"))
    assert pieces(cropped) == [[0, 1], [101, 102, 103, 104]]
    assert notes == ("Only the middle 4 samples of each part are used: 2 of 8 samples (25.0%) are not.",)
    stretched, notes = prepared(found, Preparation(3, lengths="stretch"))
    assert pieces(stretched) == [[0, 0.5, 1], [100.5, 102.5, 104.5]]
    assert notes == ("2 parts of 2 to 6 samples: each is stretched or compressed to one window of 3.",)


def test_another_rate_keeps_the_duration() -> None:
    found = recorded([8, 4], rate=100)
    halved, notes = prepared(found, Preparation(4, resample=50))
    assert pieces(halved) == [[0.5, 2.5, 4.5, 6.5], [100.5, 102.5]]
    assert notes == ("Resampled from 100 to 50 Hz.",)
    doubled, _ = prepared(found, Preparation(4, resample=50, rate=25))
    assert pieces(doubled)[1] == [100, 100.5, 101, 101.5, 102, 102.5, 103]
    # At exactly that rate: what is left at the end is less than one sample.
    thirds, _ = prepared(found, Preparation(4, resample=100 / 3))
    assert pieces(thirds) == [[1, 4], [101]]
    with pytest.raises(DataError, match="but the rate of the recordings is not known"):
        prepared(recorded([8]), Preparation(4, resample=50))


def test_times_that_are_uneven_are_brought_to_equal_steps() -> None:
    random = np.random.default_rng(0)
    steps = random.uniform(0.008, 0.0115, 500)
    time = np.concatenate([[0], np.cumsum(steps)])
    time = np.insert(time, 100, time[100])  # written twice
    found = recorded([len(time)], np.sin(2 * np.pi * time), time)
    even, notes = prepared(found, Preparation(4, resample=25))
    assert notes[1:] == ("Left out: 1 sample with the time of the one before.",)
    (values,) = pieces(even)
    assert len(values) == pytest.approx(time[-1] * 25, abs=1)
    # Each is the mean of its 40 ms: of about four samples, the first one at the start, the last one 30 ms on.
    at = np.arange(len(values)) / 25 + 0.015
    assert np.abs(np.array(values) - np.sin(2 * np.pi * at)).max() < 0.02


@pytest.mark.usefixtures("long_run")
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=6),
    st.integers(1, 30),
    st.sampled_from(["slide", "pad", "crop", "stretch"]),
    st.sampled_from([0.0, 20.0, 50.0, 133.0]),
)
@settings(deadline=None)
def test_each_part_stays_one_and_keeps_to_its_own_values(
    lengths: list[int], window: int, how: Any, rate: float
) -> None:
    found = recorded(lengths, rate=50)
    after, _ = prepared(found, Preparation(window, resample=rate, lengths=how))
    assert [(run.recording, run.label) for run in after.runs] == [
        (run.recording, run.label) for run in found.runs
    ]
    assert (after.runs[0].first, after.runs[-1].end) == (0, len(after.samples))
    assert all(run.end > run.first for run in after.runs)
    for number, (piece, length) in enumerate(zip(pieces(after), lengths, strict=True)):
        assert min(piece) >= 100 * number - 1e-3 and max(piece) <= 100 * number + length - 1 + 1e-3
        if how == "pad":
            assert len(piece) >= window
        if how == "stretch":
            assert len(piece) == window
        if how == "crop":
            assert len(piece) <= window


@pytest.mark.usefixtures("long_run")
@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=40), st.floats(0.01, 100))
def test_the_rate_is_that_of_the_steps_and_scales_with_time(steps: list[float], scale: float) -> None:
    time = np.cumsum([0.0, *steps])
    # A step at the very limit of a gap is one or is none, as it is rounded.
    assume(np.abs(np.diff(time) / (GAP * np.median(np.diff(time))) - 1).min() > 1e-9)
    one, other = (steps_of(recorded([len(time)], time=factor * time)) for factor in (1.0, scale))
    assert one is not None and other is not None
    assert other.rate == pytest.approx(one.rate / scale, rel=1e-6)
    assert 1 / max(steps) <= one.rate * 1.0001 and one.rate <= 1.0001 / min(steps)
