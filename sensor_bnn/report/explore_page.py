"""An exploration as a page and as pictures: accuracy against cost on each target, the fronts, all models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from sensor_bnn.report.exploration import sentences_of, share
from sensor_bnn.report.fronts import MEASURES, SHOWN, Placed, is_estimated, placed
from sensor_bnn.report.page import fill

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 640, 340, 64, 12, 44
_LEGEND = 60
_CLASS = {"1 bit": "g0", "mixed": "g1", "8 bits": "g2", "separable": "g3"}
"""The colour of each kind, in every chart."""


def render_exploration(result: dict[str, Any]) -> str:
    """Return the page of what ``sensor-bnn explore --json`` prints."""
    charts = [
        (target, [(unit, _chart(result, target, measure, unit)) for measure, unit in MEASURES.items()])
        for target in result["targets"]
        if placed(result["points"], target, "instructions")
    ]
    kinds = [kind for kind in _CLASS if any(point["kind"] == kind for point in result["points"])]
    facts: dict[str, Any] = {
        "result": result,
        "charts": charts,
        "kinds": [(SHOWN[kind], _CLASS[kind]) for kind in kinds],
        "sentences": sentences_of(result),
        "share": share,
        "measures": [*MEASURES],
        "is_estimated": is_estimated,
        "points": sorted(result["points"], key=lambda one: (one["kind"], one["costs"][0]["instructions"])),
    }
    return fill("explore.html.j2", facts, escaped=True)


def draw_exploration(result: dict[str, Any]) -> dict[str, str]:
    """Return accuracy against instructions as an SVG, for each target that has a trained model."""
    measure, unit = next(iter(MEASURES.items()))
    pictures = {}
    for target in result["targets"]:
        models = placed(result["points"], target, measure)
        if models:
            kinds = [kind for kind in _CLASS if any(model.kind == kind for model in models)]
            facts: dict[str, Any] = {
                "title": f"{result['recipe']}: accuracy against {unit} on {target}",
                "kinds": [(SHOWN[kind], _CLASS[kind], 20 + 90 * place) for place, kind in enumerate(kinds)],
                "chart": _chart(result, target, measure, unit),
                "width": _WIDTH,
                "top": _LEGEND,
                "height": _LEGEND + _HEIGHT,
            }
            pictures[target] = fill("explore.svg.j2", facts, escaped=True)
    return pictures


def _chart(result: dict[str, Any], target: str, measure: str, unit: str) -> Markup:
    models = placed(result["points"], target, measure)
    costs = [math.log(max(model.cost, 1)) for model in models]
    low, high = min(model.top1 for model in models), max(model.top1 for model in models)
    left, right = min(costs), max(costs)

    def place(model: Placed) -> tuple[float, float]:
        along = (math.log(max(model.cost, 1)) - left) / ((right - left) or 1)
        up = (model.top1 - low) / ((high - low) or 1)
        x = _LEFT + 12 + (_WIDTH - _LEFT - 24) * along
        return x, _TOP + 8 + (_HEIGHT - _TOP - _BOTTOM - 16) * (1 - up)

    parts = [_axes(models, unit, low, high)]
    by_name = {model.name: model for model in models}
    for one in result["fronts"]:
        if (one["target"], one["measure"]) == (target, measure):
            path = " ".join("{:.1f},{:.1f}".format(*place(by_name[name])) for name in one["points"])
            parts.append(Markup('<polyline class="l{}" points="{}"/>').format(_CLASS[one["kind"]], path))
    for model in models:
        x, y = place(model)
        estimated = " (estimated)" if model.estimated else ""
        told = f"{model.name}: {share(model.top1)}, {model.cost:,} {unit}{estimated}"
        parts.append(
            Markup(
                '<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="6" tabindex="0" role="img" aria-label="{}">'
                "<title>{}</title></circle>"
            ).format(_CLASS[model.kind], x, y, told, told)
        )
    title = f"Accuracy against {unit} on {target}"
    return Markup('<svg viewBox="0 0 {} {}" role="group" aria-label="{}">{}</svg>').format(
        _WIDTH, _HEIGHT, title, Markup("").join(parts)
    )


def _axes(models: Sequence[Placed], unit: str, low: float, high: float) -> Markup:
    bottom = _HEIGHT - _BOTTOM
    parts = []
    for step in range(5):
        y = _TOP + 8 + (bottom - _TOP - 16) * step / 4
        value = high - (high - low) * step / 4
        parts.append(
            Markup(
                '<line class="grid" x1="{}" y1="{y:.1f}" x2="{}" y2="{y:.1f}"/>'
                '<text class="axis" x="{}" y="{text:.1f}" text-anchor="end">{}</text>'
            ).format(_LEFT, _WIDTH, _LEFT - 6, f"{100 * value:.1f} %", y=y, text=y + 4)
        )
    ends = min(model.cost for model in models), max(model.cost for model in models)
    parts.append(
        Markup(
            '<text class="axis" x="{}" y="{}">{}</text><text class="axis" x="{}" y="{}" text-anchor="end">{}'
            '</text><text class="axis" x="{}" y="{}" text-anchor="middle">{} (logarithmic)</text>'
        ).format(
            _LEFT + 12,
            bottom + 16,
            f"{ends[0]:,}",
            _WIDTH - 12,
            bottom + 16,
            f"{ends[1]:,}",
            (_LEFT + _WIDTH) / 2,
            bottom + 36,
            unit,
        )
    )
    return Markup("").join(parts)
