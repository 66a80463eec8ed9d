"""A result as one PNG with charts: accuracy, layers, memory over time, RAM and flash."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from sensor_bnn.report.view import GROUPS, Part, View, view_of

_COLOURS = dict(zip(GROUPS, ("#2f6fde", "#7a52c7", "#d9680f", "#7d8896"), strict=True))
_RIGHT = "#1c8a4c"
_PARTS = {
    **{"arena": "#0f8b8d", "stack reserved": "#4fa9a7", "other data": "#7fbdb9"},
    **{"weights": "#9c2f63", "code": "#c0678f", "code and header": "#c0678f", "header": "#d9a0ba"},
}
"""The colours of the parts of RAM and flash: no colour has a second meaning."""
_DPI = 130


def picture(result: dict[str, Any], earlier: Sequence[tuple[str, float, int]] = ()) -> bytes:
    """Return the bytes of a PNG.

    Args:
        result: what ``read_result`` returned.
        earlier: stages to show before the result's own accuracies: name, share, samples.
    """
    from matplotlib.figure import Figure

    view = view_of(result, earlier)
    rows = len(view.layers)
    heights = [0.5 + 0.3 * len(view.accuracy), 0.5 + 0.2 * rows, 2.6 if view.arena else 0.01, 0.7, 0.7]
    figure = Figure(figsize=(11, sum(heights) + 2.5), layout="constrained")
    accuracy, layers, arena, ram, flash = figure.subplots(5, 1, height_ratios=heights)
    figure.suptitle(
        f"{result['model']} on {result['board']}: {view.whole:,} {view.unit} per inference{_right(result)}"
    )
    _accuracy(accuracy, view)
    _layers(layers, view)
    _arena(arena, view)
    _stack(ram, view.ram, "RAM")
    _stack(flash, view.flash, "flash")
    made = io.BytesIO()
    # No date or version in the file: the same result gives the same bytes.
    figure.savefig(made, format="png", dpi=_DPI, metadata={"Software": None})
    return made.getvalue()


def _accuracy(axes: Any, view: View) -> None:
    if not view.accuracy:
        axes.set_axis_off()
        return
    names = [stage for stage, _, _ in view.accuracy]
    axes.barh(names, [top1 for _, top1, _ in view.accuracy], color=_RIGHT, height=0.6)
    axes.bar_label(axes.containers[0], [f"{top1:.2%} of {n:,}" for _, top1, n in view.accuracy], padding=3)
    axes.set_xlim(0, 1.18)
    axes.invert_yaxis()
    axes.set_title("right answers, stage by stage", loc="left", fontsize=10)
    axes.set_xticks([])


def _layers(axes: Any, view: View) -> None:
    names = [f"{layer.index}  {layer.name}" for layer in view.layers]
    bars = axes.barh(
        names,
        [layer.count for layer in view.layers],
        color=[_COLOURS[layer.group] for layer in view.layers],
        height=0.7,
    )
    axes.bar_label(bars, [f"{layer.count:,}  {layer.share:.1%}" for layer in view.layers], padding=3, size=7)
    axes.tick_params(axis="y", labelsize=7)
    axes.set_xlim(0, 1.15 * max([layer.count for layer in view.layers] + [1]))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xticks([])
    groups = "   ".join(f"{group} {share:.1%}" for group, _, share in view.groups)
    axes.set_title(f"{view.unit} by layer      {groups}", loc="left", fontsize=10)


def _arena(axes: Any, view: View) -> None:
    if not view.arena:
        axes.set_axis_off()
        return
    from matplotlib.patches import Rectangle

    for one in view.arena:
        corner, wide = (one.first, one.offset), one.last - one.first + 1
        axes.add_patch(
            Rectangle(
                corner,
                wide,
                one.bytes,
                facecolor=_PARTS["arena"] + "55",
                edgecolor=_PARTS["arena"],
                linewidth=0.7,
            )
        )
    axes.set_xlim(0, len(view.layers))
    axes.set_ylim(0, max(one.offset + one.bytes for one in view.arena))
    axes.set_xlabel("layer", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.set_title("contents of the arena, layer by layer", loc="left", fontsize=10)


def _stack(axes: Any, parts: tuple[Part, ...], name: str) -> None:
    at = 0
    whole = sum(part.bytes for part in parts) or 1
    for part in parts:
        axes.barh([0], [part.bytes], left=[at], color=_PARTS.get(part.name, _PARTS["header"]), height=0.8)
        if part.bytes > 0.12 * whole:
            words = f"{part.name}\n{part.bytes:,}"
            axes.text(at + part.bytes / 2, 0, words, ha="center", va="center", color="white", size=7)
        at += part.bytes
    axes.set_xlim(0, whole)
    axes.set_yticks([])
    axes.set_xticks([])
    axes.set_title(f"{name}, {at:,} bytes", loc="left", fontsize=10)


def _right(result: dict[str, Any]) -> str:
    """Return how good the model is on the board."""
    if result["top1_device"] is None:
        return "".join(f", RMSE {one['rmse']:.3g} of {one['name']}" for one in result["numbers"])
    return f", {result['top1_device']:.2%} right"
