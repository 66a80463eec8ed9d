"""The output of `sensor-bnn monitor`: the live view, the line, and the JSON object at the end."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sensor_bnn.live.monitor import Watch

_BARS = "▁▂▃▄▅▆▇█"
_CURVE = 60
_BAR = 24


def monitor_facts(known: Watch) -> dict[str, Any]:
    """Return what was watched, as ``--json`` prints it."""
    hello = known.hello
    return {
        "board": hello.board,
        "model": hello.model,
        "model_hash": hello.model_hash,
        "firmware_version": hello.firmware_version,
        "counter": hello.counter,
        "counter_hz": hello.counter_hz,
        "unit": known.unit,
        "inference": asdict(known.spread),
        "inferences": known.inferences,
        "top1": round(known.top1, 6),
        "not_a_number": known.not_a_number,
        "memory": asdict(known.memory),
        "retries": known.retries,
        "seconds": round(known.seconds, 3),
    }


def monitor_view(known: Watch) -> RenderableType:
    """Return the live view: latency with its curve, accuracy, memory, and the last answer."""
    spread, memory = known.spread, known.memory
    table = Table(box=box.SIMPLE, show_header=False, expand=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    counts = "  ".join(f"{name} {value:,}" for name, value in asdict(spread).items())
    table.add_row(f"{known.unit} per inference", counts)
    if known.milliseconds is not None:
        table.add_row("milliseconds", f"{known.milliseconds:.3f} at {known.hello.counter_hz:,} Hz")
    table.add_row(f"last {min(len(known.counts), _CURVE)}", Text(curve(known.counts[-_CURVE:])))
    table.add_row("right answers", f"{known.right:,} of {known.inferences:,}, {known.top1:.2%}")
    if known.not_a_number:
        table.add_row("not a number", Text(f"{known.not_a_number:,} outputs", style="red"))
    table.add_row("last sample", _answer(known))
    table.add_row("arena", _share(memory.arena_high_water_bytes, memory.arena_bytes))
    table.add_row("stack", _share(memory.stack_high_water_bytes, memory.stack_bytes))
    table.add_row("other RAM", f"{memory.static_ram_bytes:,} bytes")
    rate = known.inferences / known.seconds if known.seconds else 0.0
    table.add_row("line", f"{rate:.1f} samples per second, {known.retries} retries")
    title = f"{known.hello.model} on {known.hello.board}, counter {known.hello.counter}"
    return Panel(table, title=title, title_align="left", subtitle="Ctrl-C ends", expand=False)


def monitor_line(known: Watch) -> str:
    """Return the same in one line, for an output that is not a terminal."""
    return (
        f"{known.inferences} inferences, {known.top1:.2%} right, median {known.spread.median:,} and "
        f"p99 {known.spread.p99:,} {known.unit}, arena {known.memory.arena_high_water_bytes:,}, "
        f"stack {known.memory.stack_high_water_bytes:,} bytes, {known.retries} retries"
    )


def curve(counts: list[int]) -> str:
    """Return one bar per count, scaled from the smallest to the largest; all level if they are equal."""
    low, high = min(counts), max(counts)
    if low == high:
        return _BARS[3] * len(counts)
    return "".join(_BARS[(count - low) * (len(_BARS) - 1) // (high - low)] for count in counts)


def _answer(known: Watch) -> Text:
    told = "no number" if known.answer < 0 else known.classes[known.answer]
    if known.answer == known.truth:
        return Text(f"✓ {told}", style="green")
    return Text(f"✗ {told}, not {known.classes[known.truth]}", style="red")


def _share(used: int, whole: int) -> Text:
    full = min(round(_BAR * used / max(whole, 1)), _BAR)
    return Text("━" * full + "┄" * (_BAR - full) + f" {used:,} of {whole:,} bytes")
