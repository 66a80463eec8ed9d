"""Fronts of an exploration: the most accurate models at each cost, and in words where which kind is ahead."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sensor_bnn.train.space import EIGHT_BITS

MEASURES = {
    "instructions": "instructions per inference",
    "flash_bytes": "bytes of flash",
    "ram_bytes": "bytes of RAM",
}
"""What a model costs, and its unit."""

SHOWN = {"1 bit": "1 bit", "mixed": "mixed", "8 bits": "8 bits", "separable": "8 bits, separable (estimated)"}
"""Each kind as legends name it, in their order."""

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
        estimated: whether that cost is an estimate, by the rates of CMSIS-NN.
    """

    name: str
    kind: str
    top1: float
    cost: int
    estimated: bool = False


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
            Placed(point["name"], point["kind"], point["top1"], cost[measure], is_estimated(cost, measure))
            for cost in point["costs"]
            if cost["target"] == target
        ]
    return found


def is_estimated(cost: Mapping[str, Any], measure: str) -> bool:
    """Whether a model's cost in a measure is an estimate: all of a model that was not run, or its count."""
    return cost["counted"] is None or (measure == "instructions" and cost[measure] == cost["published"])


def front(models: Iterable[Placed]) -> list[Placed]:
    """Return the models of which no other one is as cheap and as accurate, the cheapest first."""
    best: list[Placed] = []
    for model in sorted(models, key=lambda one: (one.cost, -one.top1, one.name)):
        if not best or model.top1 > best[-1].top1:
            best.append(model)
    return best


def compared(models: Sequence[Placed], kind: str = "8 bits") -> list[tuple[Placed, Placed | None]]:
    """Return each model on the front of a kind of 8 bits, with the cheapest one of fewer bits as accurate."""
    few = front(model for model in models if model.kind not in EIGHT_BITS)
    return [
        (model, next((one for one in few if one.top1 >= model.top1), None))
        for model in front(model for model in models if model.kind == kind)
    ]


def sentences(points: Sequence[dict[str, Any]], target: str) -> list[str]:
    """Return in words where fewer bits are ahead of 8 on a target, by how much, and where they are not."""
    return [one for kind in EIGHT_BITS for one in _sentences_of(points, target, kind)]


def _sentences_of(points: Sequence[dict[str, Any]], target: str, kind: str) -> list[str]:
    what = "8 bits" if kind == "8 bits" else "separable networks of 8 bits"
    by_estimate = "" if kind == "8 bits" else ", by estimate,"
    told = []
    for measure, unit in MEASURES.items():
        if kind == "separable" and measure != "instructions":
            continue  # These estimates are without the application and the stack that all others have.
        models = placed(points, target, measure)
        few = [model.top1 for model in models if model.kind not in EIGHT_BITS]
        pairs = compared(models, kind)
        if not pairs or not few:
            continue
        matched = [(eight, one) for eight, one in pairs if one is not None]
        if matched:
            ratios = [eight.cost / one.cost for eight, one in matched]
            low, high = min(ratios), max(ratios)
            shown = f"{low:.2f}" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f} to {high:.2f}"
            accuracies = [eight.top1 for eight, _ in matched]
            told.append(
                f"{target}, {unit}: at the accuracy of {what} ({_range(accuracies)}), {what}"
                f" take{by_estimate} {shown} times as many as 1 bit or mixed{_side(low, high)}."
            )
        alone = [eight for eight, one in pairs if one is None]
        if alone and measure == "instructions":
            ahead = 100 * (max(one.top1 for one in alone) - max(few))
            told.append(
                f"{target}: accuracies of {_range([one.top1 for one in alone])} are reached by {what} only,"
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
    """Return the point to take: within half a point of the most accurate one, that of fewest instructions.

    It is never a separable network, which has no integers here.
    """
    within = (point for point in points if point["over"] is None and point["kind"] != "separable")
    models = placed(within, target, "instructions")
    if not models:
        return None
    best = max(model.top1 for model in models)
    chosen = min((model for model in models if model.top1 >= best - _CLOSE), key=lambda one: one.cost)
    return next(point for point in points if point["name"] == chosen.name)


def mean(runs: Sequence[dict[str, Any]]) -> float | None:
    """Return the mean accuracy of runs; None if there is none."""
    return statistics.mean(run["top1"] for run in runs) if runs else None
