"""Files of the UCR and UEA archives, and their series at another length."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor_bnn.data.series import read_ts, read_tsv, resampled
from sensor_bnn.errors import DataError

TS = """\ufeff#a comment: with a colon
@problemName Two
@timeStamps false
@classLabel true left right
@data
1,2.5,-3e-1:4,5,6:left
7,8:9,10:right

""".splitlines()


def test_ts_has_channels_of_any_length_and_the_label_last() -> None:
    first, second = read_ts(TS, "two.ts")
    np.testing.assert_array_equal(first.values, np.array([[1, 2.5, -0.3], [4, 5, 6]], dtype=np.float32))
    assert (first.label, second.label, second.values.shape) == ("left", "right", (2, 2))


def test_tsv_has_the_label_first() -> None:
    first, second = read_tsv(["-1\t0.5\t2", "1\t3\t4\t5"], "two.tsv")
    assert (first.label, first.values.tolist(), second.label) == ("-1", [[0.5, 2.0]], "1")
    assert second.values.shape == (1, 3)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["@data", "1,?:a"], "line 2: '[?]' is no number"),
        (["@data", "1,NaN:a"], "line 2: a value is missing or not finite"),
        (["@data", "1,1e39:a"], "line 2: a value is missing or not finite"),
        (["@data", "1,2"], "line 2: it has no label"),
        (["@data", "1,2:3:a"], "line 2: its channels have 2, 1 samples"),
        (["@data", "1,2:a", "1,2:3,4:a"], "line 3: it has 2 channels; the first series has 1"),
        (["@data", "1,2: "], "line 2: its label is empty"),
        (["1,2:a"], "line 1: it is no line of a header"),
        (["@timestamps true", "@data"], "line 1: it has time stamps"),
        (["@targetlabel true", "@data"], "line 1: its targets are numbers"),
        (["@data"], "own.ts has no series"),
        ([], "own.ts has no series"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_line(lines: list[str], told: str) -> None:
    with pytest.raises(DataError, match=told):
        read_ts(lines, "own.ts")


def test_a_line_without_a_tab_is_refused() -> None:
    with pytest.raises(DataError, match=r"own.tsv: line 1: it has no values"):
        read_tsv(["1,2,3"], "own.tsv")


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 5))
def test_resampling_keeps_a_constant_and_the_mean_of_a_longer_series(
    samples: int, length: int, seed: int
) -> None:
    values = np.random.default_rng(seed).normal(size=(2, samples)).astype(np.float32)
    found = resampled(values, length)
    assert found.shape == (2, length)
    assert found.dtype == np.float32
    np.testing.assert_allclose(resampled(np.ones_like(values), length), 1, rtol=1e-6)
    if samples >= length:
        np.testing.assert_allclose(found.mean(axis=1), values.mean(axis=1), atol=1e-6)
    else:
        np.testing.assert_allclose(found[:, 0], values[:, 0], atol=1e-6)
        assert length == 1 or np.allclose(found[:, -1], values[:, -1], atol=1e-6)


def test_a_whole_ratio_gives_the_means_of_neighbours() -> None:
    assert resampled(np.array([[1, 3, 5, 9]], dtype=np.float32), 2).tolist() == [[2.0, 7.0]]
