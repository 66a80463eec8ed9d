"""A profile as JSON for a result file: the benchmark's facts, every layer, and what the report draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sensor_bnn.compiler.metadata import Metadata
from sensor_bnn.firmware.sizes import BuildSizes
from sensor_bnn.hardware.boards import HEADER_BYTES, Board, ram_bytes
from sensor_bnn.measure.bench import BenchResult
from sensor_bnn.measure.profile import Profile


def profile_facts(
    bench: BenchResult,
    profile: Profile,
    board: Board,
    metadata: Metadata,
    build: BuildSizes | None,
    earlier: Sequence[tuple[str, float, int]] = (),
) -> dict[str, Any]:
    """Combine what was measured with what the compiler and the linker know.

    Args:
        bench: the benchmark of the same model on the same board.
        profile: the layers' counts over repeated runs.
        board: the board where both ran.
        metadata: the bundle's metadata.
        build: the sizes of its build, or None if there was no build.
        earlier: stages before the device in the pipeline's order: name, share of right answers, samples.
    """
    facts = metadata.plain()
    layers = _layers(bench, profile, facts)
    ladder = [*earlier]
    if bench.top1_host is not None:
        ladder.append(("compiled for the host", bench.top1_host, bench.samples))
    if bench.top1_device is not None:
        ladder.append(("on the board", bench.top1_device, bench.samples))
    return {
        **asdict(bench),
        "overhead": profile.overhead,
        "layers": layers,
        "board_title": board.title,
        "target": metadata.target,
        "unit": profile.unit,
        "runs": profile.runs,
        "warmup": profile.warmup,
        "inference": asdict(profile.inference),
        "observed": asdict(profile.observed),
        "probe_ratio": round(profile.probe_ratio, 6),
        "layers_sum": profile.layers_sum,
        "sum_error": round(profile.sum_error, 6),
        "layers_error": round(profile.layers_error, 6),
        "kernels": _kernels(layers, profile),
        "input": facts["input"],
        "output": facts["output"],
        "arena_lower_bound_bytes": metadata.arena_lower_bound_bytes,
        "arena": facts["arena"],
        "flash": None if build is None else _flash(build),
        "flash_capacity_bytes": board.slot.size,
        "ram_capacity_bytes": ram_bytes(board),
        "accuracy": [dict(zip(("stage", "top1", "samples"), rung, strict=True)) for rung in ladder],
    }


def _layers(bench: BenchResult, profile: Profile, facts: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "index": index,
            **asdict(layer),
            "count": asdict(count),
            "share": round(count.median / profile.observed.median, 6),
            "per_mac": _per_mac(count.median, layer.macs),
            **{key: compiled[key] for key in ("input_bytes", "weights_bytes", "output_bytes", "product")},
        }
        for index, (layer, count, compiled) in enumerate(
            zip(bench.layers, profile.layers, facts["layers"], strict=True)
        )
    ]


def _kernels(layers: list[dict[str, Any]], profile: Profile) -> list[dict[str, Any]]:
    """Group the layers by the function that they call, the most costly first."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for layer in layers:
        groups.setdefault(layer["kernel"], []).append(layer)
    rows = []
    for kernel, calls in groups.items():
        count = sum(layer["count"]["median"] for layer in calls)
        macs = sum(layer["macs"] for layer in calls)
        rows.append(
            {
                "kernel": kernel,
                "op": calls[0]["op"],
                "calls": len(calls),
                "count": count,
                "share": round(count / profile.observed.median, 6),
                "macs": macs,
                "per_mac": _per_mac(count, macs),
            }
        )
    return sorted(rows, key=lambda row: -row["count"])


def _per_mac(count: int, macs: int) -> float | None:
    return round(count / macs, 4) if macs else None


def _flash(build: BuildSizes) -> dict[str, int]:
    weights, whole = build.weights_bytes, build.flash_bytes
    return {"header": HEADER_BYTES, "weights": weights, "code": whole - HEADER_BYTES - weights}
