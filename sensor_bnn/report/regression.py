"""Errors of predicted numbers, as JSON, as a table, and as a picture of answers beside the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from rich import box
from rich.table import Table
from rich.text import Text

from sensor_bnn.data.numbers import TargetErrors
from sensor_bnn.data.predicted import unit_of

MOST_POINTS = 400
"""The points of a picture; more would cover each other."""

_SIDE, _LEFT, _TOP, _BOTTOM = 480, 64, 12, 40


def target_facts(
    errors: Sequence[TargetErrors], truth: npt.NDArray[np.float64], answers: npt.NDArray[np.float64]
) -> list[dict[str, Any]]:
    """Return the errors of each target as JSON, with at most ``MOST_POINTS`` pairs of truth and answer.

    Args:
        errors: of each target.
        truth, answers: float64 ``[n, targets]``, in the units of the targets.
    """
    chosen = np.linspace(0, len(truth) - 1, min(len(truth), MOST_POINTS)).round().astype(int)
    return [
        {
            "name": one.name,
            "unit": unit_of(one.name),
            "rmse": one.rmse,
            "mae": one.mae,
            "r2": one.r2,
            "baseline_rmse": one.baseline,
            "points": np.stack([truth[chosen, at], answers[chosen, at]], axis=1).tolist(),
        }
        for at, one in enumerate(errors)
    ]


HEADINGS = ("target", "RMSE", "mean's RMSE", "MAE", "R2")
"""The columns of a table of targets; the second is the error of always answering with the learned mean."""


def target_cells(one: Mapping[str, Any]) -> list[str]:
    """Return the cells of a target, in the order of ``HEADINGS``."""
    numbers = (one["rmse"], one["baseline_rmse"], one["mae"])
    r2 = "" if one["r2"] is None else f"{one['r2']:.3f}"
    return [one["name"], *(f"{number:.4g}" for number in numbers), r2]


def target_table(targets: Sequence[Mapping[str, Any]], title: str = "targets") -> Table:
    """Return the errors of each target as a table."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE, padding=(0, 1, 0, 0))
    for heading in HEADINGS:
        table.add_column(
            heading, justify="left" if heading == "target" else "right", no_wrap=heading != "target"
        )
    for one in targets:
        table.add_row(*map(Text, target_cells(one)))  # rich takes the [m] of a name for markup
    return table


def in_a_line(targets: Sequence[Mapping[str, Any]]) -> str:
    """Return the errors of all targets in one line."""
    return "; ".join(
        f"{one['name']}: RMSE {one['rmse']:.4g}, and {one['baseline_rmse']:.4g} if it always said the mean"
        for one in targets
    )


def target_parts(targets: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the templates ``targets.html.j2`` and ``evaluation.md.j2`` are filled with."""
    return {
        "target_headings": HEADINGS,
        "target_rows": [target_cells(one) for one in targets],
        "scatters": [(one["name"], scatter(one)) for one in targets],
    }


def scatter(one: Mapping[str, Any]) -> Markup:
    """Draw the answers of a target beside the truth, with the line where both are equal."""
    points: Sequence[Sequence[float]] = one["points"]
    values = [value for pair in points for value in pair]
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    right, bottom = _SIDE - 12, _SIDE - _BOTTOM

    def place(truth: float, answer: float) -> tuple[str, str]:
        x = _LEFT + (right - _LEFT) * (truth - low) / span
        return f"{x:.1f}", f"{bottom - (bottom - _TOP) * (answer - low) / span:.1f}"

    parts = []
    for step in range(5):
        value = low + span * step / 4
        x, y = place(value, value)
        parts.append(
            Markup(
                '<line class="grid" x1="{}" y1="{}" x2="{}" y2="{}"/><text class="axis" x="{}" y="{}"'
                ' text-anchor="end">{}</text>'
            ).format(_LEFT, y, right, y, _LEFT - 6, f"{float(y) + 4:.1f}", f"{value:.3g}")
        )
        if step in (0, 4):
            anchor = "end" if step else "start"
            parts.append(
                Markup('<text class="axis" x="{}" y="{}" text-anchor="{}">{}</text>').format(
                    x, bottom + 18, anchor, f"{value:.3g}"
                )
            )
    (x1, y1), (x2, y2) = place(low, low), place(high, high)
    parts.append(Markup('<line class="equal" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(x1, y1, x2, y2))
    for pair in points:
        parts.append(Markup('<circle class="point" cx="{}" cy="{}" r="3"/>').format(*place(*pair)))
    parts.append(
        Markup('<text class="axis" x="{}" y="{}" text-anchor="middle">truth</text>').format(
            (_LEFT + right) // 2, bottom + 34
        )
    )
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _SIDE, _SIDE, f"Answers beside the truth, {one['name']}", Markup("").join(parts)
    )
