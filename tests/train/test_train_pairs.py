"""Paired comparisons: the difference of two rows over their common runs, and what it is worth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor_bnn.train.pairs import Paired, paired, sentence

SHARES = st.floats(0, 1)


def test_a_known_case() -> None:
    """Differences of 1, 2 and 3 points: mean 2, standard error 1 / sqrt 3, t = 2 sqrt 3."""
    other = {0: 0.80, 1: 0.85, 2: 0.90}
    found = paired({0: 0.81, 1: 0.87, 2: 0.93, 3: 0.5}, other)
    assert found.pairs == 3
    assert found.difference == pytest.approx(0.02) and found.standard_error == pytest.approx(0.01 / 3**0.5)
    t = 2 * 3**0.5
    assert found.p == pytest.approx(1 - t / (2 + t * t) ** 0.5)  # the distribution's closed form
    assert not found.significant
    assert sentence("shift", "signs", found) == (
        "shift against signs: +2.00 ± 0.58 points (standard error, 3 pairs of runs, p = 0.074):"
        " not significant."
    )


def test_a_clear_difference_is_significant() -> None:
    found = paired({seed: 0.9 + seed / 1000 for seed in range(5)}, dict.fromkeys(range(5), 0.8))
    assert found.significant
    assert sentence("a", "b", found).endswith("): significant.")


def test_few_runs_say_nothing_about_significance() -> None:
    assert paired({0: 0.5}, {1: 0.5}) == Paired(0, None, None, None)
    assert sentence("a", "b", paired({0: 0.5}, {1: 0.5})) == ""
    one = paired({0: 0.5}, {0: 0.25})
    assert one == Paired(1, 0.25, None, None) and not one.significant
    assert sentence("a", "b", one) == (
        "a against b: +25.00 points in one pair of runs, which says nothing about significance."
    )
    equal = paired({0: 0.5, 1: 0.75}, {0: 0.25, 1: 0.5})
    assert equal == Paired(2, 0.25, 0.0, None) and not equal.significant
    assert sentence("a", "b", equal).endswith("(standard error, 2 pairs of runs, all equal).")


@given(st.dictionaries(st.integers(0, 9), st.tuples(SHARES, SHARES)))
def test_the_other_way_round_only_the_sign_changes(runs: dict[int, tuple[float, float]]) -> None:
    one, other = ({seed: pair[side] for seed, pair in runs.items()} for side in (0, 1))
    there, back = paired(one, other), paired(other, one)
    assert (there.pairs, there.standard_error, there.significant) == (
        back.pairs,
        pytest.approx(back.standard_error),
        back.significant,
    )
    assert there.difference == (None if back.difference is None else -back.difference)
