"""Cycle estimates in results and tables. They are always called estimates, and always name their model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sensor_bnn.cycles.cycles import Block, Estimate
from sensor_bnn.cycles.energy import OnBoard, microjoules
from sensor_bnn.hardware.boards import Power
from sensor_bnn.report.console import table_console

_HOTTEST = 3
_FUNCTIONS = 12
_LINES = 24


def estimate_facts(
    layers: Sequence[Estimate], names: Sequence[str], boards: Callable[[int], Sequence[OnBoard]]
) -> dict[str, Any]:
    """Return the part of a result that holds the estimated cycles.

    Args:
        layers: one estimate per layer, at least one.
        names: the layers' names, in the same order.
        boards: gives the estimates for real boards from the cycles per inference.
    """
    total = sum(layer.cycles for layer in layers)
    return {
        "model": layers[0].model,
        "memory": str(layers[0].memory),
        "cycles": total,
        "instructions": sum(layer.instructions for layer in layers),
        "layers": [
            {"name": name, "instructions": layer.instructions, "cycles": layer.cycles}
            for name, layer in zip(names, layers, strict=True)
        ],
        "boards": [asdict(board) for board in boards(total)],
        "functions": _functions(layers),
        "hottest": [
            {
                "function": block.function,
                "address": block.addresses[0],
                "runs": block.count,
                "cycles_a_run": round(block.cycles, 2),
                "cycles": round(block.total),
                "share": round(block.total / total, 6),
                "code": [
                    {"address": address, "text": text.replace("\t", " ", 1)}
                    for address, text in zip(block.addresses, block.text, strict=True)
                ],
            }
            for block in _hottest(layers)
        ],
    }


def print_estimate(facts: dict[str, Any], *, stderr: bool = False) -> None:
    """Print the estimate of a profile: layers, functions, and the code of the hottest blocks."""
    console = table_console(stderr=stderr)
    boards = _boards(facts) if facts["boards"] else []
    console.print(Group(_table("layers", facts), *boards, "", _table("functions", facts), *_code(facts)))


def energy_line(power: Power, cycles: float) -> str:
    """Return the estimated energy of so many cycles of a board's core, with where it comes from."""
    return f"estimated {microjoules(power, cycles):,.1f} µJ of the chip ({_current(asdict(power))})"


def _current(power: dict[str, Any]) -> str:
    return f"{power['microamps_per_mhz']:g} µA/MHz at {power['volts']:g} V: {power['source']}"


def _boards(facts: dict[str, Any]) -> list[RenderableType]:
    table = Table(
        title="one inference on real boards with this core, estimated with the flash wait states above",
        title_justify="left",
    )
    table.box = box.SIMPLE
    table.add_column("board", no_wrap=True)
    table.add_column("MHz", justify="right")
    table.add_column("estimated ms", justify="right")
    table.add_column("estimated µJ", justify="right")
    notes = []
    for row in facts["boards"]:
        energy = "" if row["microjoules"] is None else f"{row['microjoules']:,.1f}"
        table.add_row(row["board"], f"{row['clock_hz'] / 1e6:g}", f"{row['milliseconds']:.3f}", energy)
        if row["power"] is not None:
            notes.append(Text(f"{row['board']}: {_current(row['power'])}"))
    none = Text("µJ: of the chip alone, as its maker states its current; empty where none is known.")
    return [table, *notes, none]


def _functions(layers: Sequence[Estimate]) -> list[dict[str, Any]]:
    sums: dict[str, list[int]] = {}
    for layer in layers:
        for name, instructions, cycles in layer.functions():
            one = sums.setdefault(name, [0, 0])
            one[0] += instructions
            one[1] += cycles
    return [
        {"name": name, "instructions": one[0], "cycles": one[1]}
        for name, one in sorted(sums.items(), key=lambda item: -item[1][1])
    ]


def _hottest(layers: Sequence[Estimate]) -> list[Block]:
    """Return the blocks that take the most cycles; code of several layers counts for the costliest one."""
    best: dict[int, Block] = {}
    for block in (block for layer in layers for block in layer.blocks):
        start = block.addresses[0]
        if start not in best or best[start].total < block.total:
            best[start] = block
    return sorted(best.values(), key=lambda block: -block.total)[:_HOTTEST]


def _table(kind: str, facts: dict[str, Any]) -> Table:
    title = f"estimated cycles by {kind[:-1]} ({facts['model']}; {facts['memory']})"
    table = Table(title=title, title_justify="left", show_footer=kind == "layers", box=box.SIMPLE)
    table.add_column(kind[:-1], "total", no_wrap=True)
    table.add_column("instructions", f"{facts['instructions']:,}", justify="right")
    table.add_column("estimated cycles", f"{facts['cycles']:,}", justify="right")
    table.add_column("share", justify="right")
    for row in facts[kind] if kind == "layers" else facts[kind][:_FUNCTIONS]:
        share = f"{row['cycles'] / max(facts['cycles'], 1):.1%}"
        table.add_row(row["name"], f"{row['instructions']:,}", f"{row['cycles']:,}", share)
    return table


def _code(facts: dict[str, Any]) -> list[Text]:
    parts = []
    for block in facts["hottest"]:
        head = (
            f"\n{block['function']}: {block['runs']:,} runs, {len(block['code'])} instructions and "
            f"an estimated {block['cycles_a_run']} cycles each, {block['share']:.1%} of all\n"
        )
        lines = [f"  {line['address']:08x}  {line['text']}" for line in block["code"][:_LINES]]
        if len(block["code"]) > _LINES:
            lines.append(f"  and {len(block['code']) - _LINES} more; --json prints them all")
        parts.append(Text(head + "\n".join(lines)))
    return parts
