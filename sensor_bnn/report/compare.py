"""Two results of one board side by side: what costs more than before, layer by layer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sensor_bnn.errors import DataError
from sensor_bnn.report.view import LayerView, View, view_of

NEGLIGIBLE = 0.001
"""A layer that grew by less than this share of the whole inference is no regression: the counts of tiny
layers change by an instruction from build to build, which can be many percent of such a layer."""

_SIZES = ("arena_bytes", "stack_bytes", "static_ram_bytes", "flash_bytes", "weights_bytes")


@dataclass(frozen=True)
class Change:
    """One figure before and after.

    Attributes:
        name: of the layer or the size; "inference" for the whole.
        kind: "inference", "layer" or "size".
        before: the earlier figure; None for a layer that is new.
        after: the later figure; None for a layer that no longer exists.
        change: growth as a share of ``before``; None if one of the two is missing or ``before`` is 0.
        regressed: whether it grew by more than the limit.
    """

    name: str
    kind: str
    before: int | None
    after: int | None
    change: float | None
    regressed: bool


@dataclass(frozen=True)
class Comparison:
    """Two results of the same board.

    Attributes:
        unit: the unit of the inference and of the layers, "instructions" or "ticks".
        same_model: whether both ran the same ONNX file.
        limit: growth above this share is a regression; None if no growth is.
        inference: one whole inference without the layers' counters.
        layers: every layer of either result in the order of the second; those that no longer exist come last.
        sizes: memory sizes in bytes.
        top1_before, top1_after: share of right answers on the board, 0 to 1; None of predicted numbers.
        became_inexact: whether outputs equalled the host's to the last bit before, and no longer do.
    """

    unit: str
    same_model: bool
    limit: float | None
    inference: Change
    layers: tuple[Change, ...]
    sizes: tuple[Change, ...]
    top1_before: float | None
    top1_after: float | None
    became_inexact: bool

    @property
    def regressions(self) -> tuple[Change, ...]:
        """The figures that grew by more than the limit."""
        return tuple(one for one in (self.inference, *self.layers, *self.sizes) if one.regressed)

    @property
    def failed(self) -> bool:
        """Whether a check should fail: a figure regressed, or the outputs are no longer exact."""
        return self.limit is not None and (bool(self.regressions) or self.became_inexact)


def compare_results(before: dict[str, Any], after: dict[str, Any], limit: float | None) -> Comparison:
    """Compare two results that ``read_result`` has checked.

    Args:
        before: the earlier result.
        after: the later result, which is judged.
        limit: growth above this share is a regression, for example 0.02; None if no growth is.

    Raises:
        DataError: the results are of different boards or count in different units.
    """
    old, new = view_of(before), view_of(after)
    for what, left, right in (
        ("board", before["board"], after["board"]),
        ("unit", old.unit, new.unit),
        ("counter", before["counter"], after["counter"]),
        ("counter's rate", before["counter_hz"], after["counter_hz"]),
    ):
        if left != right:
            raise DataError(
                f"The results differ in {what}: {left} and {right}; their counts cannot be compared.",
                "Measure both on the same board.",
            )
    return Comparison(
        unit=new.unit,
        same_model=before["model_hash"] == after["model_hash"],
        limit=limit,
        inference=_change("inference", "inference", old.whole, new.whole, limit),
        layers=_layers(old, new, limit),
        sizes=tuple(_change(name, "size", before[name], after[name], limit) for name in _SIZES),
        top1_before=before["top1_device"],
        top1_after=after["top1_device"],
        became_inexact=before["bit_exact"] is True and after["bit_exact"] is False,
    )


def change_of(one: Change) -> str:
    """Return the change in words."""
    if one.before is None:
        return "new"
    if one.after is None:
        return "gone"
    if one.before == one.after:
        return "same"
    mark = " regressed" if one.regressed else ""
    return (f"{one.after - one.before:+,}" if one.change is None else f"{one.change:+.2%}") + mark


def _change(
    name: str, kind: str, before: int | None, after: int | None, limit: float | None, least: float = 0.0
) -> Change:
    """Compare one figure; growth of up to ``least`` units is no regression."""
    if before is None or after is None:
        return Change(name, kind, before, after, None, False)
    grown = after - before
    over = limit is not None and grown > least and grown > limit * before
    return Change(name, kind, before, after, round(grown / before, 6) if before else None, over)


def _layers(old: View, new: View, limit: float | None) -> tuple[Change, ...]:
    """Compare layers by name; layers of the same name are matched by their order."""
    least = NEGLIGIBLE * old.observed
    rest = _by_name(old.layers)
    changes = []
    for key, layer in _by_name(new.layers).items():
        earlier = rest.pop(key, None)
        before = None if earlier is None else earlier.count
        changes.append(_change(layer.name, "layer", before, layer.count, limit, least))
    changes += [_change(layer.name, "layer", layer.count, None, limit) for layer in rest.values()]
    return tuple(changes)


def _by_name(layers: tuple[LayerView, ...]) -> dict[tuple[str, int], LayerView]:
    seen: Counter[str] = Counter()
    found = {}
    for layer in layers:
        found[layer.name, seen[layer.name]] = layer
        seen[layer.name] += 1
    return found
