"""Results as tables for people: a summary, and one row per layer."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table

from sensor_bnn.measure.bench import REAL_TIME, BenchResult
from sensor_bnn.report.console import table_console

OPERATOR_COLUMNS = 18
"""Fused operators are broken between two of them, so that a table of layers fits 100 columns."""

_OBSERVED = "Layers of one observed inference: reading the counter after each costs {unit} too."
"""Why the total below the layers is not the count per inference; docs/measuring.md has more (probe_ratio)."""

_SPREAD_COLUMNS = 10


def print_result(result: BenchResult, *, stderr: bool = False) -> None:
    """Print both tables to stdout or stderr."""
    table_console(stderr=stderr).print(result_table(result))


def result_table(result: BenchResult) -> Group:
    """Return the summary and the layers, for any rich console."""
    unit = "instructions" if result.emulated else "ticks"
    return Group(_summary(result), "", _layers(result), f"{_OBSERVED.format(unit=unit)}\n")


def print_profile(result: dict[str, Any], *, stderr: bool = False) -> None:
    """Print a profile as ``sensor-bnn profile`` measures it."""
    table_console(stderr=stderr).print(profile_table(result))


def profile_table(result: dict[str, Any]) -> Group:
    """Return the summary, the layers and the kernels of a profile, for any rich console."""
    return Group(_profile_summary(result), "", _profile_layers(result), "", _profile_kernels(result))


def _profile_summary(result: dict[str, Any]) -> Table:
    table = Table(
        title=f"{result['model']} on {result['board']}",
        show_header=False,
        title_justify="left",
        box=box.SIMPLE,
    )
    table.add_column(style="bold")
    table.add_column()
    whole = result["inference"]
    counts = "  ".join(f"{name} {whole[name]:,}" for name in ("min", "median", "max", "p99"))
    table.add_row(f"{result['unit']} per inference", counts)
    table.add_row("runs", f"{result['runs']:,} of each kind, after {result['warmup']:,} warm-up runs")
    table.add_row("counted by", f"{result['counter']} at {result['counter_hz']:,} Hz")
    table.add_row("cost of observing", f"{result['probe_ratio'] - 1:.2%}")
    table.add_row("layers and overhead", f"differ from the observed inference by {result['sum_error']:.3%}")
    table.add_row("layers alone", f"differ from the unobserved inference by {result['layers_error']:.3%}")
    for rung in result["accuracy"]:
        table.add_row(f"top-1 {rung['stage']}", f"{rung['top1']:.2%} of {rung['samples']:,} samples")
    return table


def _profile_layers(result: dict[str, Any]) -> Table:
    unit, total = result["unit"], result["observed"]["median"]
    table = Table(
        title="layers", title_justify="left", show_footer=True, box=box.SIMPLE, padding=(0, 1, 0, 0)
    )
    table.add_column("layer", "between the layers\ntotal, observed", no_wrap=True)
    table.add_column(f"{unit}\nmedian", f"{result['overhead']:,}\n{total:,}", justify="right")
    table.add_column("share", f"{result['overhead'] / total:.1%}", justify="right")
    table.add_column("min to max", justify="right", max_width=_SPREAD_COLUMNS)
    table.add_column("MACs", f"\n{sum(layer['macs'] for layer in result['layers']):,}", justify="right")
    table.add_column("per\nMAC", justify="right")
    for heading in ("bytes\nin", "bytes of\nweights", "bytes\nout"):
        table.add_column(heading, justify="right")
    for layer in result["layers"]:
        count = layer["count"]
        spread = "same" if count["min"] == count["max"] else f"{count['min']:,} - {count['max']:,}"
        row = [layer["name"], f"{count['median']:,}", f"{layer['share']:.1%}", spread]
        row += [f"{layer['macs']:,}" if layer["macs"] else "", _ratio(layer["per_mac"])]
        row += [_bytes(layer[key]) for key in ("input_bytes", "weights_bytes", "output_bytes")]
        table.add_row(*row)
    return table


def _profile_kernels(result: dict[str, Any]) -> Table:
    table = Table(title="kernels, the most costly first", title_justify="left", box=box.SIMPLE)
    table.add_column("kernel", no_wrap=True)
    for heading in ("calls", result["unit"], "share", "MACs", "per MAC"):
        table.add_column(heading, justify="right")
    for kernel in result["kernels"]:
        row = [kernel["kernel"], str(kernel["calls"]), f"{kernel['count']:,}", f"{kernel['share']:.1%}"]
        table.add_row(*row, f"{kernel['macs']:,}" if kernel["macs"] else "", _ratio(kernel["per_mac"]))
    return table


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _bytes(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _summary(result: BenchResult) -> Table:
    table = Table(
        title=f"{result.model} on {result.board}", show_header=False, title_justify="left", box=box.SIMPLE
    )
    table.add_column(style="bold")
    table.add_column()
    for name, value in _rows(result):
        table.add_row(name, value)
    return table


def _rows(result: BenchResult) -> list[tuple[str, str]]:
    # A Linux program that reads the system clock cannot know whether the machine itself is emulated.
    real = "the machine's own time" if result.counter == REAL_TIME else "hardware"
    where = "emulated" if result.emulated else real
    rows = [("model hash", result.model_hash[:16])]
    if result.instructions is not None:
        rows.append(
            ("instructions per inference", _spread(result.instructions_min, result.instructions, result))
        )
    else:
        rows.append(
            ("ticks per inference", f"{result.ticks:,} ({result.ticks_min:,} to {result.ticks_max:,})")
        )
        rows.append(("microseconds per inference", f"{result.microseconds:,}"))
    rows += [
        ("counted by", f"{result.counter} at {result.counter_hz:,} Hz, {where}"),
        ("same sample again", "same count" if result.repeat_exact else "another count"),
        ("arena", f"{result.arena_high_water_bytes:,} of {result.arena_bytes:,} bytes used"),
        ("stack", f"{result.stack_bytes:,} of {result.stack_reserved_bytes:,} bytes used"),
        ("other RAM", f"{result.static_ram_bytes:,} bytes"),
        ("flash", f"{result.flash_bytes:,} bytes, {result.weights_bytes:,} of them weights"),
    ]
    if result.random_weights:
        rows.append(("weights", "RANDOM: counts and sizes are valid, answers are not"))
        rows.append(("outside binary products", f"{result.outside_binary_products:.1%} of the instructions"))
        told = f"ONNX Runtime's on {result.top1_device:.2%} of {result.samples} random inputs"
        rows.append(("answers", told))
        rows.append(("outputs", _equality(result, "equal to the host's to the last bit")))
        return rows
    if result.top1_device is not None:
        rows.append(("top-1 on the board", f"{result.top1_device:.2%} of {result.samples} samples"))
    for one in result.numbers or ():
        told = f"{one.rmse:.4g} over {result.samples} samples; {one.baseline:.4g} of always saying the mean"
        rows.append((f"RMSE of {one.name}", told))
    if result.not_a_number:
        rows.append(("not a number", f"{result.not_a_number:,} outputs, counted as wrong"))
    if result.top1_host is not None:
        rows.append(("top-1 on the host", f"{result.top1_host:.2%}"))
    if result.bit_exact is not None:
        rows.append(("outputs", _equality(result, "equal to the last bit")))
    return rows


def _equality(result: BenchResult, equal: str) -> str:
    if result.bit_exact:
        return equal
    return f"{result.different:,} DIFFERENT from the host's, the first of sample {result.first_different}"


def _spread(low: int | None, median: int, result: BenchResult) -> str:
    if low == result.instructions_max:
        return f"{median:,} (every sample)"
    return f"{median:,} (median; {low:,} to {result.instructions_max:,})"


def _layers(result: BenchResult) -> Table:
    unit = "instructions" if result.emulated else "ticks"
    total = (result.profile_instructions if result.emulated else result.profile_ticks) or 0
    table = Table(
        title="layers of one inference",
        title_justify="left",
        show_footer=True,
        box=box.SIMPLE,
        padding=(0, 1, 0, 0),
    )
    table.add_column("layer", "between the layers\ntotal", no_wrap=True)
    table.add_column("operator", max_width=OPERATOR_COLUMNS)
    table.add_column(unit, f"{result.overhead:,}\n{total:,}", justify="right")
    table.add_column("share", justify="right")
    table.add_column("MACs", f"\n{sum(layer.macs for layer in result.layers):,}", justify="right")
    if result.emulated:
        table.add_column("instr./MAC", justify="right")
    for layer in result.layers:
        count = layer.ticks if layer.instructions is None else layer.instructions
        row = [layer.name, layer.op, f"{count:,}", f"{count / total:.1%}" if total else ""]
        row.append(f"{layer.macs:,}" if layer.macs else "")
        if result.emulated:
            row.append("" if layer.instructions_per_mac is None else f"{layer.instructions_per_mac:.3f}")
        table.add_row(*row)
    return table
