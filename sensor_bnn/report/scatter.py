"""A chart of points for a terminal: accuracy against cost, each kind with a sign of its own."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from sensor_bnn.report.fronts import SHOWN, Placed

SIGNS = {"1 bit": "1", "mixed": "m", "8 bits": "8", "separable": "s"}
"""The sign of each kind; where two share a place, the later one is drawn."""

_ROWS = 14
_EDGE = 8


def scatter(models: Sequence[Placed], unit: str, columns: int) -> list[str]:
    """Return the lines of the chart; costs are on a logarithmic scale.

    Args:
        models: the points, at least one.
        unit: what a cost counts.
        columns: the width of the terminal.
    """
    width = max(20, min(columns, 100) - _EDGE - 2)
    costs = [math.log(max(model.cost, 1)) for model in models]
    left, right = min(costs), max(costs)
    low, high = min(model.top1 for model in models), max(model.top1 for model in models)
    field = [[" "] * width for _ in range(_ROWS)]
    for kind, sign in SIGNS.items():
        for model, cost in zip(models, costs, strict=True):
            if model.kind == kind:
                x = round((width - 1) * (cost - left) / ((right - left) or 1))
                y = round((_ROWS - 1) * (high - model.top1) / ((high - low) or 1))
                field[y][x] = sign
    lines = []
    for place, row in enumerate(field):
        share = high - (high - low) * place / (_ROWS - 1)
        edge = f"{100 * share:.1f} %" if place in (0, _ROWS // 2, _ROWS - 1) else ""
        lines.append(f"{edge:>{_EDGE}}|{''.join(row)}".rstrip())
    lines.append(" " * _EDGE + "+" + "-" * width)
    ends = f"{min(model.cost for model in models):,}", f"{max(model.cost for model in models):,}"
    gap = max(1, width - len(ends[0]) - len(ends[1]))
    lines.append(" " * (_EDGE + 1) + ends[0] + " " * gap + ends[1])
    signs = ", ".join(
        f"{sign} = {SHOWN[kind]}" for kind, sign in SIGNS.items() if any(m.kind == kind for m in models)
    )
    told = (f"{unit} (logarithmic)", *textwrap.wrap(signs, width))
    return [*lines, *(" " * (_EDGE + 1) + line for line in told)]
