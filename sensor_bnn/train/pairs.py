"""A paired comparison: what a change adds to the accuracy, over runs that differ in nothing else."""

from __future__ import annotations

import statistics
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

SIGNIFICANT = 0.05
"""A difference is called significant if its p is below this."""


@dataclass(frozen=True)
class Paired:
    """How far one row is above another one, over their common runs.

    Attributes:
        pairs: the number of common runs.
        difference: the mean difference of top-1, as a share; None without a common run.
        standard_error: the standard error of that mean; None with fewer than two pairs.
        p: the probability of such a difference, or a larger one, if there were none: the two-sided paired
            t-test. None with fewer than two pairs, or if all pairs differ by the same.
    """

    pairs: int
    difference: float | None
    standard_error: float | None
    p: float | None

    @property
    def significant(self) -> bool:
        """Whether the difference is significant at 5 %."""
        return self.p is not None and self.p < SIGNIFICANT


def paired(one: Mapping[Hashable, float], other: Mapping[Hashable, float]) -> Paired:
    """Compare the runs that both have.

    Args:
        one: top-1 of each run, 0 .. 1, by what names the run, such as its seed.
        other: the same of the row against which it is compared.
    """
    common = [key for key in one if key in other]
    differences = [one[key] - other[key] for key in common]
    if not common:
        return Paired(0, None, None, None)
    mean = statistics.mean(differences)
    if len(common) < 2:
        return Paired(len(common), mean, None, None)
    error = statistics.stdev(differences) / len(common) ** 0.5
    # Differences that are equal but for the last bit would give a p of no meaning.
    if error < 1e-12:
        return Paired(len(common), mean, 0.0, None)
    # Its import takes as long as PyTorch's, and most commands that compare nothing import this module.
    from scipy.stats import ttest_rel

    p = float(ttest_rel([one[key] for key in common], [other[key] for key in common]).pvalue)
    return Paired(len(common), mean, error, p)


def sentence(label: str, against: str, found: Paired) -> str:
    """Return what was found in words, with points of percent; empty without a common run."""
    if found.difference is None:
        return ""
    points = f"{label} against {against}: {100 * found.difference:+.2f}"
    if found.standard_error is None:
        return f"{points} points in one pair of runs, which says nothing about significance."
    points += f" ± {100 * found.standard_error:.2f} points (standard error, {found.pairs} pairs of runs"
    if found.p is None:
        return f"{points}, all equal)."
    return f"{points}, p = {found.p:.2g}): {'significant' if found.significant else 'not significant'}."
