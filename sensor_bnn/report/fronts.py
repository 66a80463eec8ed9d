"""Fronts of an exploration: the most accurate models at each cost, and in words where which kind is ahead."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

MEASURES = {
    "instructions": "instructions per inference",
    "flash_bytes": "bytes of flash",
    "ram_bytes": "bytes of RAM",
}
"""What a model costs, and its unit."""

EIGHT_BITS = "8 bits"
_CLOSE = 0.005
"""A model this much below the most accurate one is recommended if it costs less."""


@dataclass(frozen=True)
class Placed:
    """One model in a chart.

    Attributes:
        name: the point's name.
        kind: the bits of its layers.
        top1: its mean accuracy, 0 to 1.
        cost: its cost in the chart's measure.
    """

    name: str
    kind: str
    top1: float
    cost: int


def placed(points: Iterable[dict[str, Any]], target: str, measure: str) -> list[Placed]:
    """Return the models that have an accuracy, with their cost on a target.

    Args:
        points: the points of an exploration's result.
        target: the name of the target.
        measure: a key of ``MEASURES``.
    """
    found = []
    for point in points:
        if point["top1"] is None:
            continue
        found += [
            Placed(point["name"], point["kind"], point["top1"], cost[measure])
            for cost in point["costs"]
            if cost["target"] == target
        ]
    return found


def front(models: Iterable[Placed]) -> list[Placed]:
    """Return the models of which no other one is as cheap and as accurate, the cheapest first."""
    best: list[Placed] = []
    for model in sorted(models, key=lambda one: (one.cost, -one.top1, one.name)):
        if not best or model.top1 > best[-1].top1:
            best.append(model)
    return best


def compared(models: Sequence[Placed]) -> list[tuple[Placed, Placed | None]]:
    """Return each model on the front of 8 bits, with the cheapest one of fewer bits that is as accurate."""
    few = front(model for model in models if model.kind != EIGHT_BITS)
    return [
        (model, next((one for one in few if one.top1 >= model.top1), None))
        for model in front(model for model in models if model.kind == EIGHT_BITS)
    ]


def sentences(points: Sequence[dict[str, Any]], target: str) -> list[str]:
    """Return in words where fewer bits are ahead of 8 on a target, by how much, and where they are not."""
    told = []
    for measure, unit in MEASURES.items():
        models = placed(points, target, measure)
        pairs = compared(models)
        if not pairs or len(pairs) == len(models):
            continue
        matched = [(eight, few) for eight, few in pairs if few is not None]
        if matched:
            ratios = [eight.cost / few.cost for eight, few in matched]
            low, high = min(ratios), max(ratios)
            shown = f"{low:.2f}" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f} to {high:.2f}"
            accuracies = [eight.top1 for eight, _ in matched]
            told.append(
                f"{target}, {unit}: at the accuracy of 8 bits ({_range(accuracies)}), 8 bits take {shown}"
                f" times as many as 1 bit or mixed{_side(low, high)}."
            )
        alone = [eight for eight, few in pairs if few is None]
        best = max((model.top1 for model in models if model.kind != EIGHT_BITS), default=0.0)
        if alone and measure == "instructions":
            ahead = 100 * (max(one.top1 for one in alone) - best)
            told.append(
                f"{target}: accuracies of {_range([one.top1 for one in alone])} are reached by 8 bits only,"
                f" up to {ahead:.1f} points above the best of fewer bits."
            )
    return told


def _side(low: float, high: float) -> str:
    if low > 1:
        return ": fewer bits are ahead"
    return ": 8 bits are ahead" if high < 1 else ": which is ahead depends on the accuracy"


def _range(shares: Sequence[float]) -> str:
    low, high = f"{100 * min(shares):.1f}", f"{100 * max(shares):.1f}"
    return f"{low} %" if low == high else f"{low} to {high} %"


def recommended(points: Sequence[dict[str, Any]], target: str) -> dict[str, Any] | None:
    """Return the point to take: within half a point of the most accurate one, that of fewest instructions."""
    models = placed((point for point in points if point["over"] is None), target, "instructions")
    if not models:
        return None
    best = max(model.top1 for model in models)
    chosen = min((model for model in models if model.top1 >= best - _CLOSE), key=lambda one: one.cost)
    return next(point for point in points if point["name"] == chosen.name)


def mean(runs: Sequence[dict[str, Any]]) -> float | None:
    """Return the mean accuracy of runs; None if there is none."""
    return statistics.mean(run["top1"] for run in runs) if runs else None
