"""A training run as an HTML page: curves, figures of each class, confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from sensor_bnn.report.page import fill
from sensor_bnn.report.regression import target_parts
from sensor_bnn.report.training import NAMES, curves_of, summary_of

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 640, 260, 64, 12, 40
_COLOUR = {"training": "g0", "validation": "g1"}
_MOST_CLASSES = 30
"""The largest number of classes whose confusion matrix the page has room for."""


def render_training(result: dict[str, Any]) -> str:
    """Return the page of what ``sensor-bnn train --json`` prints."""
    history = result["history"]
    charts = [(title, _chart(history, title, keys)) for title, keys in curves_of(result).items()]
    validated = "validation_top1" in history[-1] or "validation_rmse" in history[-1]
    targets = result.get("targets", [])
    rows = [
        {
            **one,
            "cells": [{"count": count, "share": count / max(one["samples"], 1)} for count in counts],
        }
        for one, counts in zip(result.get("classes", []), result.get("confusion", []), strict=True)
    ]
    facts = {
        "result": result,
        "summary": summary_of(result),
        "charts": charts,
        "kinds": [(kind, _COLOUR[kind]) for kind in _COLOUR if validated or kind == "training"],
        "rows": rows,
        "drawn": 0 < len(rows) <= _MOST_CLASSES,
        **target_parts(targets),
    }
    return fill("training.html.j2", facts, escaped=True)


def _chart(history: Sequence[dict[str, float]], title: str, keys: Sequence[str]) -> Markup:
    series = {key: [(entry["epoch"], entry[key]) for entry in history if key in entry] for key in keys}
    values = [value for points in series.values() for _, value in points]
    low, high = min(values), max(values)
    last = history[-1]["epoch"]
    right, bottom = _WIDTH - 12, _HEIGHT - _BOTTOM
    parts = []
    for step in range(5):
        y = _TOP + (bottom - _TOP) * step / 4
        parts.append(
            Markup(
                '<line class="grid" x1="{}" y1="{y:.1f}" x2="{}" y2="{y:.1f}"/>'
                '<text class="axis" x="{}" y="{text:.1f}" text-anchor="end">{}</text>'
            ).format(_LEFT, right, _LEFT - 6, f"{high - (high - low) * step / 4:.3g}", y=y, text=y + 4)
        )
    for key, points in series.items():
        places = [
            (
                _LEFT + (right - _LEFT) * (epoch - 1) / ((last - 1) or 1),
                _TOP + (bottom - _TOP) * (high - value) / ((high - low) or 1),
            )
            for epoch, value in points
        ]
        if places:
            told = f"{title}, {NAMES[key]}: {points[0][1]:.3g} to {points[-1][1]:.3g}"
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            parts.append(
                Markup('<polyline class="l{}" points="{}"><title>{}</title></polyline>').format(
                    _COLOUR[NAMES[key]], path, told
                )
            )
    parts.append(
        Markup(
            '<text class="axis" x="{}" y="{y}">epoch 1</text>'
            '<text class="axis" x="{}" y="{y}" text-anchor="end">epoch {}</text>'
        ).format(_LEFT, right, f"{last:,}", y=bottom + 18)
    )
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _WIDTH, _HEIGHT, f"{title} by epoch", Markup("").join(parts)
    )
