"""The charts of a report: as wide as the page, in its own colours; every part has its figures as its title.

Bars are elements of the page, so that they and their words fit any width. Only the map of the arena is SVG:
its horizontal places are percentages, and its letters keep their size.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from sensor_bnn.report.compare import Change, change_of
from sensor_bnn.report.view import GROUPS, LayerView, Part, View

_ROOM = ((290, ""), (600, "w46"), (880, "w64"))
"""How wide the map of the arena is at least, in pixels, and the class of what needs so much room."""

_LETTER = 7.5
"""The width of a letter in the map, in pixels, at most."""

_PARTS = {
    **{"arena": "m0", "stack reserved": "m1", "other data": "m2"},
    **{"weights": "m3", "code": "m4", "code and header": "m4", "header": "m5"},
}
"""The colour of each part of a memory."""

_OTHER_PART = "m5"


def layer_chart(view: View, changes: Sequence[Change] = ()) -> Markup:
    """Draw one bar per layer. Each bar links to its row in the table, so that the keyboard can reach it.

    Args:
        view: the result.
        changes: the same layers beside those of an earlier result, drawn below; empty for none.
    """
    earlier = [change.before or 0 for change in changes]
    longest = max([*(layer.count for layer in view.layers), *earlier[: len(view.layers)], 1])
    rows = Markup("").join(
        _layer_bar(view, layer, longest, changes[layer.index] if changes else None) for layer in view.layers
    )
    return Markup('<div class="rows layers" role="group" aria-labelledby="layers-title">{}</div>').format(
        rows
    )


def _layer_bar(view: View, layer: LayerView, longest: int, change: Change | None) -> Markup:
    told = f"{layer.name}: {layer.count:,} {view.unit}, {layer.share:.1%}"
    then, aside = Markup(""), f"{layer.share:.1%}"
    if change is not None:
        aside = change_of(change)
        told += f"; before: {'none' if change.before is None else f'{change.before:,}'}, {aside}"
        then = Markup('<i class="then" style="width:{:.2f}%"></i>').format(
            100 * (change.before or 0) / longest
        )
    return Markup(
        '<a class="row bar" href="#layer-{index}" data-layer="{index}" data-cost="{cost}" aria-label="{told}"'
        ' title="{told}"><span class="name">{name}</span>'
        '<span class="rail"><i class="g{group}" style="width:{length:.2f}%"></i>{then}</span>'
        '<span class="figure">{count} <small>{aside}</small></span></a>'
    ).format(
        index=layer.index,
        cost=layer.count,
        told=told,
        name=layer.name,
        group=GROUPS.index(layer.group),
        length=max(100 * layer.count / longest, 0.2),
        then=then,
        count=f"{layer.count:,}",
        aside=aside,
    )


def memory_chart(view: View) -> Markup:
    """Draw the arena over the layers: one rectangle per tensor, from first to last layer, at its address."""
    assert view.arena is not None
    top, height = 8, 300
    steps = len(view.layers)
    size = max([view.result["arena_bytes"], *(one.offset + one.bytes for one in view.arena), 1])
    ticks, parts = [], []
    for tick in range(5):
        y = top + height - height * tick / 4
        ticks.append(
            Markup('<text class="axis" x="100%" y="{:.1f}" text-anchor="end">{}</text>').format(
                y + 4, f"{size * tick // 4:,}"
            )
        )
        parts.append(Markup('<line class="grid" x1="0" y1="{y:.1f}" x2="100%" y2="{y:.1f}"/>').format(y=y))
    for one in view.arena:
        x, w = 100 * one.first / steps, 100 * (one.last - one.first + 1) / steps
        y, h = top + height * (1 - (one.offset + one.bytes) / size), height * one.bytes / size
        lives = f"{view.layers[one.first].name} to {view.layers[one.last].name}"
        told = f"{one.name}: {one.bytes:,} bytes at {one.offset:,}, from {lives}"
        parts.append(
            Markup(
                '<g class="tenant" tabindex="0" role="img" aria-label="{told}"><title>{told}</title>'
                '<rect x="{x:.2f}%" y="{y:.1f}" width="{w:.2f}%" height="{h:.1f}"/>{label}</g>'
            ).format(
                told=told, x=x, y=y, w=w, h=max(h, 1.5), label=_label(one.name.rpartition("/")[2], x, y, w, h)
            )
        )
    for layer in view.layers:
        parts.append(
            Markup('<rect class="now" data-now="{}" x="{:.2f}%" y="{}" width="{:.2f}%" height="{}"/>').format(
                layer.index, 100 * layer.index / steps, top, 100 / steps, height
            )
        )
    axis = Markup('<text class="axis" x="0" y="{}">layer 0</text>').format(top + height + 16)
    axis += Markup('<text class="axis" x="100%" y="{}" text-anchor="end">layer {}</text>').format(
        top + height + 16, steps - 1
    )
    return Markup(
        '<div class="plot"><svg aria-hidden="true" height="{height}">{ticks}</svg>'
        '<svg height="{height}" role="group" aria-labelledby="arena-title">{parts}</svg></div>'
    ).format(height=top + height + 24, ticks=Markup("").join(ticks), parts=Markup("").join(parts) + axis)


def _label(name: str, x: float, y: float, width: float, height: float) -> Markup:
    """Return the name for a rectangle, shown where the page is so wide that it fits; places in percent."""
    fitting = [room for pixels, room in _ROOM if pixels * width / 100 >= _LETTER * len(name) + 4]
    if height < 16 or not fitting:
        return Markup("")
    return Markup('<text class="{}" x="{:.2f}%" dx="4" y="{:.1f}">{}</text>').format(
        fitting[0], x, y + 13, name
    )


def stack_chart(parts: tuple[Part, ...], label: str) -> Markup:
    """Draw all parts as one bar, to scale, and the legend below it."""
    whole = sum(part.bytes for part in parts) or 1
    told = [f"{part.name}: {part.bytes:,} bytes, {part.bytes / whole:.1%}" for part in parts]
    pieces = Markup("").join(
        Markup('<i class="{}" style="width:{:.2f}%" title="{}"></i>').format(
            _PARTS.get(part.name, _OTHER_PART), 100 * part.bytes / whole, words
        )
        for part, words in zip(parts, told, strict=True)
    )
    legend = Markup("").join(
        Markup('<li><i class="{}"></i>{}</li>').format(_PARTS.get(part.name, _OTHER_PART), words)
        for part, words in zip(parts, told, strict=True)
    )
    return Markup('<div class="stack" role="img" aria-label="{}">{}</div><ul class="legend">{}</ul>').format(
        f"{label}: {'; '.join(told)}", pieces, legend
    )


def accuracy_chart(accuracy: Sequence[tuple[str, float, int]]) -> Markup:
    """Draw one bar per stage, from 0 to 100 % right answers: its name, its share and its samples."""
    rows = Markup("").join(
        Markup(
            '<div class="row"><span class="name">{}</span>'
            '<span class="rail whole"><i class="right" style="width:{:.2f}%"></i></span>'
            '<span class="figure">{}</span></div>'
        ).format(stage, 100 * top1, f"{top1:.2%} of {samples:,} samples")
        for stage, top1, samples in accuracy
    )
    return Markup('<div class="rows">{}</div>').format(rows)
