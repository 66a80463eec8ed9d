"""The part of a result that a report shows, in one form for `profile`, `bench` and `demo`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

BINARY, PACKING = "binary products", "packing and maps"
WIDER, MOVING = "8-bit and float arithmetic", "moving data"
GROUPS = (BINARY, PACKING, WIDER, MOVING)
"""The kinds of work that a layer does; each has a colour in the charts."""

_FLOAT_OPERATORS = ("Dense", "MeanRows")


@dataclass(frozen=True)
class LayerView:
    """One layer: its median count in the view's unit, and the other facts about it; None where unknown."""

    index: int
    name: str
    op: str
    kernel: str
    group: str
    count: int
    low: int
    high: int
    share: float
    macs: int
    per_mac: float | None
    input_bytes: int | None
    weights_bytes: int | None
    output_bytes: int | None


@dataclass(frozen=True)
class Tenant:
    """A tensor in the arena: bytes ``offset`` to ``offset + bytes``, from layer ``first`` to ``last``."""

    name: str
    offset: int
    bytes: int
    first: int
    last: int


@dataclass(frozen=True)
class Part:
    """A piece of a memory."""

    name: str
    bytes: int


@dataclass(frozen=True)
class View:
    """Everything that a page shows.

    Attributes:
        result: the result itself.
        unit: "instructions" or "ticks".
        whole: the median of one inference without observer.
        observed: the median of one inference with an observer; the layers' shares refer to it.
        layers: the layers in the model's order.
        accuracy: stage, share of right answers, samples; in the pipeline's order.
        arena: the tensors in the arena; None if the result does not list them.
        flash, ram: the parts of each memory, in order of address or size.
    """

    result: dict[str, Any]
    unit: str
    whole: int
    observed: int
    layers: tuple[LayerView, ...]
    accuracy: tuple[tuple[str, float, int], ...]
    arena: tuple[Tenant, ...] | None
    flash: tuple[Part, ...]
    ram: tuple[Part, ...]

    @property
    def macs(self) -> int:
        """Multiply-adds of the whole model."""
        return sum(layer.macs for layer in self.layers)

    @property
    def groups(self) -> tuple[tuple[str, int, float], ...]:
        """Each kind of work with its count and its share of the observed inference."""
        counts = {group: sum(row.count for row in self.layers if row.group == group) for group in GROUPS}
        return tuple((group, count, count / self.observed) for group, count in counts.items() if count)

    def alive(self, layer: int) -> int:
        """Return how many bytes of the arena are in use during a layer."""
        return sum(one.bytes for one in self.arena or () if one.first <= layer <= one.last)


def view_of(result: dict[str, Any], earlier: Sequence[tuple[str, float, int]] = ()) -> View:
    """Build the view of a result that ``read_result`` has checked; ``earlier`` are stages before its own."""
    emulated = result["emulated"]
    unit = "instructions" if emulated else "ticks"
    # Never 0, because shares are divided by it: a counter that does not count gives 0.
    observed = (result["profile_instructions"] if emulated else result["profile_ticks"]) or 1
    if "observed" in result:
        observed = result["observed"]["median"] or 1
    arena = result.get("arena")
    return View(
        result=result,
        unit=unit,
        whole=(result["instructions"] if emulated else result["ticks"]) or 0,
        observed=observed,
        layers=tuple(_layer(index, facts, unit, observed) for index, facts in enumerate(result["layers"])),
        accuracy=(*earlier, *_accuracy(result)),
        arena=None if arena is None else tuple(Tenant(**_only(one)) for one in arena),
        flash=_flash(result),
        ram=(
            Part("arena", result["arena_bytes"]),
            Part("stack reserved", result["stack_reserved_bytes"]),
            Part("other data", result["static_ram_bytes"]),
        ),
    )


def _layer(index: int, facts: dict[str, Any], unit: str, observed: int) -> LayerView:
    plain = (facts["instructions"] if unit == "instructions" else facts["ticks"]) or 0
    spread = facts.get("count") or {"min": plain, "median": plain, "max": plain}
    count, macs = spread["median"], facts["macs"]
    return LayerView(
        index=index,
        name=facts["name"],
        op=facts["op"],
        kernel=facts["kernel"],
        group=_group(facts["op"], macs),
        count=count,
        low=spread["min"],
        high=spread["max"],
        share=count / observed,
        macs=macs,
        per_mac=count / macs if macs else None,
        input_bytes=facts.get("input_bytes"),
        weights_bytes=facts.get("weights_bytes"),
        output_bytes=facts.get("output_bytes"),
    )


def _group(operator: str, macs: int) -> str:
    if "BnnIntLinear" in operator:
        return WIDER
    if "Bnn" in operator:
        return BINARY if macs else PACKING
    return WIDER if macs or operator in _FLOAT_OPERATORS else MOVING


def _accuracy(result: dict[str, Any]) -> tuple[tuple[str, float, int], ...]:
    if "accuracy" in result:
        return tuple((rung["stage"], rung["top1"], rung["samples"]) for rung in result["accuracy"])
    # A demo's accuracies in PyTorch and ONNX Runtime cover all samples of the file, and the result does not
    # have their number: they are left out.
    found = []
    if result["top1_host"] is not None:
        found.append(("compiled for the host", result["top1_host"], result["samples"]))
    if result["top1_device"] is not None:
        found.append(("on the board", result["top1_device"], result["samples"]))
    return tuple(found)


def _flash(result: dict[str, Any]) -> tuple[Part, ...]:
    parts = result.get("flash")
    if parts:
        return tuple(Part(name, count) for name, count in parts.items())
    weights = min(result["weights_bytes"], result["flash_bytes"])
    return (Part("weights", weights), Part("code and header", result["flash_bytes"] - weights))


def _only(tenant: dict[str, Any]) -> dict[str, Any]:
    return {key: tenant[key] for key in ("name", "offset", "bytes", "first", "last")}
