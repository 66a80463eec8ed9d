"""What is in a data set as an HTML page: balance of the classes, an example of each, windows of each part."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from sensor_bnn.report.contents import (
    TARGET_HEADINGS,
    class_headings,
    class_rows,
    remark_on,
    summary_rows,
    target_rows,
)
from sensor_bnn.report.page import fill
from sensor_bnn.train.contents import Contents

_WIDTH, _HEIGHT, _LEFT = 460, 150, 60
_MOST_POINTS = 400
"""More points than pixels make no better picture."""

_MOST_CHANNELS = 12
"""More lines than that cannot be distinguished."""


def render_contents(found: Contents, name: str) -> str:
    """Return the page.

    Args:
        found: what is in the set.
        name: what the user named: a file, a folder or a recipe.
    """
    drawn = list(found.examples.items())
    facts: dict[str, Any] = {
        "found": found,
        "title": name,
        "summary": summary_rows(found),
        "headings": class_headings(found),
        "rows": class_rows(found),
        "remark": remark_on,
        "balance": _histograms(found) if found.targets else _balance(found),
        "target_headings": TARGET_HEADINGS[:6],
        "target_rows": [row[:6] for row in target_rows(found)],
        "lines": [channel.name for channel in found.channels][:_MOST_CHANNELS],
        "examples": [(label, signal_chart(values[:_MOST_CHANNELS], label)) for label, values in drawn],
    }
    return fill("contents.html.j2", facts, escaped=True)


def signal_chart(values: npt.NDArray[np.float32], label: str) -> Markup:
    """Draw a window, float32 ``[C, length]``: one line per channel, all on one scale."""
    length = values.shape[1]
    low, high = float(values.min()), float(values.max())
    span = (high - low) or 1.0
    step = max(1, -(-length // _MOST_POINTS))
    lines = []
    for place, row in enumerate(values):
        points = " ".join(
            f"{_LEFT + (_WIDTH - _LEFT) * at / max(length - 1, 1):.1f},"
            f"{4 + (_HEIGHT - 8) * (high - float(row[at])) / span:.1f}"
            for at in range(0, length, step)
        )
        lines.append(Markup('<polyline class="c{}" points="{}"/>').format(place % 6, points))
    axis = Markup('<text class="axis" x="{0}" y="14" text-anchor="end">{1}</text>').format(
        _LEFT - 6, f"{high:.4g}"
    )
    axis += Markup('<text class="axis" x="{0}" y="{1}" text-anchor="end">{2}</text>').format(
        _LEFT - 6, _HEIGHT - 2, f"{low:.4g}"
    )
    told = f"A window of class {label}, {length} samples, from {low:.4g} to {high:.4g}"
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>').format(
        _WIDTH, _HEIGHT, told, axis, Markup("").join(lines)
    )


def _histograms(found: Contents) -> list[dict[str, Any]]:
    """Return for each range of each target its counts, as ``_balance`` does for each class."""
    rows = []
    for one in found.targets:
        edges = np.linspace(one.low, one.high, len(one.learned) + 1)
        parts = list(zip(one.learned, one.tested, strict=True))
        longest = max(map(sum, parts), default=0) or 1
        for low, high, counts in zip(edges[:-1], edges[1:], parts, strict=True):
            rows.append(
                {
                    "name": f"{one.name} {low:.4g} to {high:.4g}",
                    "told": " + ".join(f"{count:,}" for count in counts),
                    "bars": [f"{100 * count / longest:.2f}" for count in counts],
                }
            )
    return rows


def _balance(found: Contents) -> list[dict[str, Any]]:
    """Return for each class its counts, and how long they are in percent of the largest class.

    The counts are the windows to learn from and those to test on, or the samples if there is no split.
    """
    parts = [
        (one.name, (one.learned or 0, one.tested or 0) if found.split else (one.samples,))
        for one in found.classes
    ]
    longest = max((sum(counts) for _, counts in parts), default=0) or 1
    return [
        {
            "name": name,
            "told": " + ".join(f"{count:,}" for count in counts),
            "bars": [f"{100 * count / longest:.2f}" for count in counts],
        }
        for name, counts in parts
    ]
