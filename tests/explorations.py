"""An invented result of ``explore``, of its schema."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sensor_bnn.report.fronts import MEASURES, front, placed, recommended, sentences
from sensor_bnn.train.space import EIGHT_BITS, KINDS, Point, sizes

TARGETS = ("cortex-m0plus", "cortex-m7")


def point(of: Point, top1: float | None, instructions: int, **changes: Any) -> dict[str, Any]:
    """A model with costs on both targets; it costs the same on both."""
    published = instructions if of.kind in EIGHT_BITS else None
    costs = [
        {
            "target": target,
            "board": f"board of {target}",
            "instructions": instructions,
            "counted": None if of.kind == "separable" else instructions + 1,
            "published": published,
            "flash_bytes": 20_000 + instructions // 100,
            "ram_bytes": 4_000,
        }
        for target in TARGETS
    ]
    runs = [] if top1 is None else [{"seed": 0, "top1": top1}]
    return {
        "name": of.name,
        "kind": of.kind,
        "parts": asdict(of),
        "widths": [of.width],
        "stages": list(of.stages()),
        "preset": "sensor-small",
        "model": {"widths": [of.width], "stages": list(of.stages()), "thresholds": of.width // 16},
        "runs": runs,
        "costs": costs,
        "over": None if runs else "2 of 1 instructions per inference on cortex-m0plus",
        "top1": top1,
        "test_runs": [],
        "test_top1": None,
        **changes,
    }


def exploration(points: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The result with these points, or with all sizes of windows: 8 bits are better and cost 5 times more."""
    if points is None:
        points = []
        for place, of in enumerate(sizes(images=False)):
            top1 = 0.8 + 0.004 * place + 0.02 * (of.kind == "8 bits")
            cost = 100_000 * (place + 1) * (5 if of.kind in EIGHT_BITS else 1)
            points.append(point(of, None if place == 0 else top1, cost))
    taken = recommended(points, TARGETS[0])
    return {
        "recipe": "invented",
        "targets": list(TARGETS),
        "budget": {"flash": None, "ram": None, "instructions": None},
        "points": points,
        "fronts": [
            {"target": target, "measure": measure, "kind": kind, "points": [one.name for one in chosen]}
            for target in TARGETS
            for measure in MEASURES
            for kind in KINDS
            if (chosen := front(one for one in placed(points, target, measure) if one.kind == kind))
        ],
        "sentences": [one for target in TARGETS for one in sentences(points, target)],
        "recommended": None if taken is None else taken["name"],
    }
