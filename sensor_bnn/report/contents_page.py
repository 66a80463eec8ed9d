"""What is in a data set as an HTML page: balance of the classes, an example of each, windows of each part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from sensor_bnn.report.contents import class_headings, class_rows, remark_on, summary_rows
from sensor_bnn.report.page import fill
from sensor_bnn.train.contents import Contents

_WIDTH, _HEIGHT, _LEFT = 460, 150, 60
_MOST_POINTS = 400
"""More points than pixels make no better picture."""

_MOST_CHANNELS = 12
"""More lines than that cannot be distinguished."""

_ROW, _NAME, _BAR = 22, 200, 560


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
        "balance": _balance(found),
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


def _balance(found: Contents) -> Markup:
    """Draw a bar per class: the windows to learn from and those to test on, or samples without a split."""
    parts: list[tuple[str, Sequence[int]]] = [
        (one.name, (one.learned or 0, one.tested or 0) if found.split else (one.samples,))
        for one in found.classes
    ]
    longest = max((sum(counts) for _, counts in parts), default=0) or 1
    rows = []
    for place, (name, counts) in enumerate(parts):
        at = float(_NAME)
        pieces = []
        for colour, count in enumerate(counts):
            width = _BAR * count / longest
            pieces.append(
                Markup('<rect class="p{}" x="{:.1f}" y="3" width="{:.1f}" height="16"/>').format(
                    colour, at, width
                )
            )
            at += width
        shown = name if len(name) <= 26 else f"{name[:25]}…"
        rows.append(
            Markup(
                '<g transform="translate(0 {})"><title>{}</title>'
                '<text x="{}" y="15" text-anchor="end">{}</text>{}'
                '<text class="figure" x="{:.1f}" y="15">{}</text></g>'
            ).format(
                _ROW * place,
                name,
                _NAME - 10,
                shown,
                Markup("").join(pieces),
                at + 8,
                " + ".join(f"{count:,}" for count in counts),
            )
        )
    told = "; ".join(f"{name} {' + '.join(map(str, counts))}" for name, counts in parts)
    return Markup('<svg viewBox="0 0 960 {}" role="img" aria-label="{}">{}</svg>').format(
        _ROW * len(parts) + 4, f"Balance of the classes: {told}", Markup("").join(rows)
    )
