"""A comparison for people: a table in the terminal, or Markdown."""

from __future__ import annotations

from rich import box
from rich.table import Table

from sensor_bnn.report.compare import Change, Comparison, change_of
from sensor_bnn.report.console import table_console
from sensor_bnn.report.page import cell


def rows_of(found: Comparison, show_all: bool) -> list[Change]:
    """Return the rows to show: the inference, the layers that changed (or all layers), and the sizes."""
    layers = [one for one in found.layers if show_all or one.before != one.after]
    return [found.inference, *layers, *found.sizes]


def print_comparison(found: Comparison, show_all: bool) -> None:
    """Print the table to stdout."""
    console = table_console()
    table = Table(title=title_of(found), title_justify="left", box=box.SIMPLE)
    table.add_column("", no_wrap=True)
    for heading in ("before", "after", "change"):
        table.add_column(heading, justify="right")
    for one in rows_of(found, show_all):
        style = "red" if one.regressed else "green" if (one.change or 0) < 0 else ""
        table.add_row(one.name, _figure(one.before), _figure(one.after), change_of(one), style=style)
    if _has_top1(found):
        table.add_row("top-1 on the board", _share(found.top1_before), _share(found.top1_after), "")
    console.print(table)


def markdown(found: Comparison, show_all: bool) -> str:
    """Return the same table as Markdown."""
    lines = [f"**{title_of(found)}**", "", "| | before | after | change |", "|---|--:|--:|--:|"]
    for one in rows_of(found, show_all):
        name = f"**{cell(one.name)}**" if one.regressed else cell(one.name)
        lines.append(f"| {name} | {_figure(one.before)} | {_figure(one.after)} | {change_of(one)} |")
    if _has_top1(found):
        lines.append(f"| top-1 on the board | {_share(found.top1_before)} | {_share(found.top1_after)} | |")
    return "\n".join(lines) + "\n"


def _has_top1(found: Comparison) -> bool:
    """Whether one of the models tells classes apart; others predict numbers."""
    return found.top1_before is not None or found.top1_after is not None


def _share(top1: float | None) -> str:
    return "" if top1 is None else f"{top1:.2%}"


def title_of(found: Comparison) -> str:
    """Return one line: the unit, and whether both results are of the same model."""
    models = "the same model" if found.same_model else "two models"
    inexact = "; outputs are NO LONGER equal to the host's" if found.became_inexact else ""
    return f"{found.unit} and bytes, {models}{inexact}"


def _figure(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
