"""The charts of a report: inline SVG in the page's own colours; every part has its figures as its title."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from sensor_bnn.report.view import GROUPS, LayerView, Part, View

_SVG = Markup('<svg viewBox="0 0 {} {}" role="{}" aria-labelledby="{}">{}</svg>')
_ROW = 22
_NAME_WIDTH, _BAR_WIDTH, _FIGURE_WIDTH = 290, 520, 150


def layer_chart(view: View) -> Markup:
    """Draw one bar per layer. Each bar links to its row in the table, so that the keyboard can reach it."""
    longest = max(layer.count for layer in view.layers) or 1
    rows = Markup("").join(_layer_bar(view, layer, longest) for layer in view.layers)
    width = _NAME_WIDTH + _BAR_WIDTH + _FIGURE_WIDTH
    return _SVG.format(width, _ROW * len(view.layers) + 4, "group", "layers-title", rows)


def _layer_bar(view: View, layer: LayerView, longest: int) -> Markup:
    length = max(1.0, _BAR_WIDTH * layer.count / longest)
    told = f"{layer.name}: {layer.count:,} {view.unit}, {layer.share:.1%}"
    return Markup(
        '<a class="bar" href="#layer-{index}" data-layer="{index}" data-cost="{cost}" aria-label="{told}"'
        ' style="transform:translateY({y}px)"><title>{told}</title>'
        '<rect class="hit" x="0" y="0" width="960" height="{row}"/>'
        '<text x="{name_end}" y="15" text-anchor="end">{name}</text>'
        '<rect class="g{group}" x="{start}" y="3" width="{length:.1f}" height="16" rx="2"/>'
        '<text class="figure" x="{figure}" y="15">{count} <tspan>{share}</tspan></text></a>'
    ).format(
        index=layer.index,
        cost=layer.count,
        told=told,
        y=2 + _ROW * layer.index,
        row=_ROW,
        name=_shortened(layer.name, 42),
        name_end=_NAME_WIDTH - 10,
        group=GROUPS.index(layer.group),
        start=_NAME_WIDTH,
        length=length,
        figure=_NAME_WIDTH + length + 8,
        count=f"{layer.count:,}",
        share=f"{layer.share:.1%}",
    )


def memory_chart(view: View) -> Markup:
    """Draw the arena over the layers: one rectangle per tensor, from first to last layer, at its address."""
    assert view.arena is not None
    left, top, width, height = 70, 8, 880, 300
    steps = len(view.layers)
    size = max([view.result["arena_bytes"], *(one.offset + one.bytes for one in view.arena), 1])
    parts = []
    for tick in range(5):
        y = top + height - height * tick / 4
        parts.append(
            Markup(
                '<line class="grid" x1="{}" y1="{y:.1f}" x2="{}" y2="{y:.1f}"/>'
                '<text class="axis" x="{}" y="{text:.1f}" text-anchor="end">{}</text>'
            ).format(left, left + width, left - 6, f"{size * tick // 4:,}", y=y, text=y + 4)
        )
    for one in view.arena:
        x, w = left + width * one.first / steps, width * (one.last - one.first + 1) / steps
        y, h = top + height * (1 - (one.offset + one.bytes) / size), height * one.bytes / size
        lives = f"{view.layers[one.first].name} to {view.layers[one.last].name}"
        told = f"{one.name}: {one.bytes:,} bytes at {one.offset:,}, from {lives}"
        label = one.name.rpartition("/")[2]
        parts.append(
            Markup(
                '<g class="tenant" tabindex="0" role="img" aria-label="{told}"><title>{told}</title>'
                '<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}"/>{label}</g>'
            ).format(
                told=told,
                x=x,
                y=y,
                w=w,
                h=max(h, 1.5),
                label=Markup('<text x="{:.1f}" y="{:.1f}">{}</text>').format(x + 4, y + 13, label)
                # A label is drawn only where it fits; a letter is at most about 7.5 wide.
                if h >= 16 and w >= 7.5 * len(label)
                else "",
            )
        )
    for layer in view.layers:
        parts.append(
            Markup('<rect class="now" data-now="{}" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>').format(
                layer.index, left + width * layer.index / steps, top, width / steps, height
            )
        )
    axis = Markup('<text class="axis" x="{}" y="{}">layer 0</text>').format(left, top + height + 16)
    axis += Markup('<text class="axis" x="{}" y="{}" text-anchor="end">layer {}</text>').format(
        left + width, top + height + 16, steps - 1
    )
    return _SVG.format(960, top + height + 24, "group", "arena-title", Markup("").join(parts) + axis)


def stack_chart(parts: tuple[Part, ...], label: str) -> Markup:
    """Draw all parts as one bar, to scale."""
    whole = sum(part.bytes for part in parts) or 1
    pieces, at = [], 0.0
    for place, part in enumerate(parts):
        width = 960 * part.bytes / whole
        told = f"{part.name}: {part.bytes:,} bytes, {part.bytes / whole:.1%}"
        words = f"{part.name} {part.bytes:,}"
        text = Markup('<text x="{:.1f}" y="20">{}</text>').format(at + 8, words)
        pieces.append(
            Markup(
                '<g><title>{}</title><rect class="p{}" x="{:.1f}" y="0" width="{:.1f}" height="30"/>{}</g>'
            ).format(told, place % 4, at, width, text if width > 8 * len(words) else "")
        )
        at += width
    told = f"{label}: " + ", ".join(f"{part.name} {part.bytes:,} bytes" for part in parts)
    return Markup('<svg viewBox="0 0 960 30" role="img" aria-label="{}">{}</svg>').format(
        told, Markup("").join(pieces)
    )


def accuracy_chart(accuracy: Sequence[tuple[str, float, int]]) -> Markup:
    """Draw one bar per stage, from 0 to 100 % right answers: its name, its share and its samples."""
    rows = []
    for place, (stage, top1, samples) in enumerate(accuracy):
        rows.append(
            Markup(
                '<g transform="translate(0 {})"><text x="{}" y="15" text-anchor="end">{}</text>'
                '<rect class="rail" x="{}" y="3" width="{}" height="16" rx="2"/>'
                '<rect class="g0" x="{}" y="3" width="{:.1f}" height="16" rx="2"/>'
                '<text class="figure" x="{}" y="15">{}</text></g>'
            ).format(
                _ROW * place,
                _NAME_WIDTH - 10,
                stage,
                _NAME_WIDTH,
                _BAR_WIDTH - 60,
                _NAME_WIDTH,
                (_BAR_WIDTH - 60) * top1,
                _NAME_WIDTH + _BAR_WIDTH - 52,
                f"{top1:.2%} of {samples:,} samples",
            )
        )
    told = ", ".join(f"{stage} {top1:.2%}" for stage, top1, _ in accuracy)
    return Markup('<svg viewBox="0 0 960 {}" role="img" aria-label="{}">{}</svg>').format(
        _ROW * len(accuracy) + 4, f"Top-1: {told}", Markup("").join(rows)
    )


def _shortened(text: str, limit: int) -> str:
    """Cut the start: layers differ at the end of their names."""
    return text if len(text) <= limit else f"…{text[len(text) - max(limit - 1, 1) :]}"
