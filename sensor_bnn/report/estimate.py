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
from sensor_bnn.hardware.boards import Access, Cache, Power
from sensor_bnn.report.console import table_console

_HOTTEST = 3
_FUNCTIONS = 12
_LINES = 24
_NAMES = 8


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
        "boards": [_board_facts(board, names) for board in boards(total)],
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


def _board_facts(board: OnBoard, names: Sequence[str]) -> dict[str, Any]:
    facts = {
        **{"board": board.board, "clock_hz": board.clock_hz, "milliseconds": board.milliseconds},
        **{"microjoules": board.microjoules, "power": None if board.power is None else asdict(board.power)},
    }
    cost = board.memory
    if cost is None:
        return {**facts, "memory": None}
    layers = [
        {
            **{"name": name, "cycles": layer.cycles},
            **{"code_waits": layer.waits.code, "data_waits": layer.waits.data},
            **{"code_reads": layer.waits.code_reads, "data_reads": layer.waits.data_reads},
            "bound_by_memory": layer.is_bound_by_memory,
        }
        for name, layer in zip(names, cost.layers, strict=True)
    ]
    memory = {
        **{"cycles": cost.cycles, "code_waits": cost.code_waits, "data_waits": cost.data_waits},
        "model": memory_model(cost.access),
        **{"at_least": cost.access.at_least, "source": cost.access.source, "assumes": cost.access.assumes},
        "layers": layers,
        "weights_in_ram": {
            **{"weights_bytes": cost.weights_bytes, "free_bytes": cost.free_bytes},
            **{"fit": cost.weights_fit_ram, "cycles_saved": cost.saved_in_ram},
            "recommended": cost.weights_belong_in_ram,
        },
    }
    return {**facts, "memory": memory}


def memory_model(access: Access) -> str:
    """Return what the simulation of a flash assumes, in words."""
    caches = (("instructions", access.code), ("data", access.data), ("instructions and data", access.shared))
    parts = [f"{access.wait} cycles of wait for each read of {access.read_bytes} bytes"]
    parts += ["the next bytes of code are read in advance"] if access.prefetch else []
    parts += [f"{_cache(cache)} for {what}" for what, cache in caches if cache is not None]
    return ", ".join(parts)


def _cache(cache: Cache) -> str:
    lines = cache.bytes // cache.line_bytes
    sets = "one set" if lines == cache.ways else f"sets of {cache.ways}"
    return f"a cache of {lines} lines of {cache.line_bytes} bytes ({sets})"


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
        title="one inference on real boards with this core, estimated, with the waits for the flash",
        title_justify="left",
    )
    table.box = box.SIMPLE
    table.add_column("board", no_wrap=True)
    for head in ("MHz", "estimated ms", "waits for code", "for weights, constants", "estimated µJ"):
        table.add_column(head, justify="right")
    notes = []
    for row in facts["boards"]:
        energy = "" if row["microjoules"] is None else f"{row['microjoules']:,.1f}"
        memory = row.get("memory")
        least = "at least " if memory is not None and memory["at_least"] else ""
        waits = ["not known"] * 2
        if memory is not None:
            waits = [f"{memory[kind] / memory['cycles']:.1%}" for kind in ("code_waits", "data_waits")]
        time = f"{least}{row['milliseconds']:.3f}"
        table.add_row(row["board"], f"{row['clock_hz'] / 1e6:g}", time, *waits, energy)
        if memory is not None:
            notes += [Text(f"{row['board']}: {line}") for line in memory_lines(memory)]
        if row["power"] is not None:
            notes.append(Text(f"{row['board']}: {_current(row['power'])}"))
    none = Text(
        "not known: the board's file does not say what its flash costs; the time is with the waits above.\n"
        "µJ: of the chip alone, as its maker states its current; empty where none is known."
    )
    return [table, *notes, none]


def memory_lines(memory: dict[str, Any]) -> tuple[str, str]:
    """Return which layers wait for the flash and where the weights belong, and what was assumed."""
    layers = memory["layers"]
    bound = [layer["name"] for layer in layers if layer["bound_by_memory"]]
    if len(bound) > _NAMES:
        bound = [*bound[:_NAMES], f"and {len(bound) - _NAMES} more of all {len(layers)} (--json names them)"]
    weights = memory["weights_in_ram"]
    share = weights["cycles_saved"] / memory["cycles"]
    copy = f"a copy of the weights in RAM ({weights['weights_bytes']:,} bytes) saves {share:.1%}"
    if weights["recommended"]:
        advice = f"{copy}: `sensor-bnn build --weights ram`"
    elif weights["fit"]:
        advice = f"{copy}: leave them in flash"
    else:
        advice = f"{copy}, but {max(0, weights['free_bytes']):,} bytes are free"
    arena = "" if weights["free_bytes"] >= 0 else "; the arena is in a slower RAM, whose waits are not known"
    assumed = f"; assumed: {memory['assumes']}" if memory["assumes"] else ""
    return (
        f"layers bound by memory: {', '.join(bound) or 'none'}; {advice}{arena}",
        f"{memory['model']} ({memory['source']}){assumed}",
    )


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
