"""``sensor-bnn models``: the architectures, and their sizes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sensor_bnn.nn.model import ModelConfig

_COLUMNS = 100
"""The table is laid out for this width, even where a terminal is narrower or there is none."""
_WITH_SHAPES = 150
"""From this width on there is room for the shapes."""


@click.command(name="models")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
def command(as_json: bool) -> None:
    """List the architectures that a recipe can name.

    A recipe names one as its `preset`. Column `bits` is the size of the packed binary weights; `stored` is
    the size of everything that an export stores: packed weights, embedding or stem, positions, head, and
    every scale, bias, threshold and table. The number of classes is the usual one of the data set. A wide
    terminal also shows the shape; for the hybrid family (convolution and attention in stages) that is the
    width and the layers of each stage. --json has more columns.

    \b
    Example:
      sensor-bnn models
      sensor-bnn models --json
    """
    from dataclasses import asdict

    from rich import box
    from rich.table import Table

    from sensor_bnn.nn.families import PRESETS, USUAL_CLASSES, preset
    from sensor_bnn.nn.sizes import sizes
    from sensor_bnn.report.console import table_console

    rows = []
    for name in PRESETS:
        config = preset(name, classes=[str(number) for number in range(USUAL_CLASSES[name])])
        found = sizes(config)
        rows.append(
            {
                "name": name,
                "input": list(config.input_shape),
                "classes": len(config.classes),
                "tokens": config.tokens,
                **_shape(config),
                **asdict(found),
                "stored_bytes": found.stored_bytes,
            }
        )
    if as_json:
        click.echo(json.dumps({"models": rows}))
        return
    table = Table(box=box.SIMPLE)
    table.add_column("model", no_wrap=True)
    for heading in ("input", "tokens", "bits", "stored", "binary MACs", "other MACs"):
        table.add_column(heading, justify="right", no_wrap=True)
    console = table_console(columns=_COLUMNS)
    shapes = console.width >= _WITH_SHAPES
    if shapes:
        table.add_column("shape", no_wrap=True)
    for row in rows:
        table.add_row(
            row["name"],
            "x".join(map(str, row["input"])),
            str(row["tokens"]),
            *(_kib(row[key]) for key in ("packed_bytes", "stored_bytes")),
            *(f"{row[key] / 1e6:,.2f} M" for key in ("binary_macs", "float_macs")),
            *([_shown(row)] if shapes else []),
        )
    console.print(table)
    hybrids = [row["name"] for row in rows if row["family"] == "hybrid"]
    told = f"Family hybrid, integers from the sample to the class: {', '.join(hybrids)}."
    console.print(told, highlight=False)


def _shape(config: ModelConfig) -> dict[str, Any]:
    """The keys that tell the shape of one family's models."""
    keys = (
        ("widths", "stages")
        if config.family == "hybrid"
        else ("patch", "width", "heads", "layers", "mlp_ratio")
    )
    values = config.to_dict()
    return {"family": config.family, **{key: values[key] for key in keys}}


def _shown(row: dict[str, Any]) -> str:
    if row["family"] == "hybrid":
        return ", ".join(f"{width}: {line}" for width, line in zip(row["widths"], row["stages"], strict=True))
    return f"{row['layers']} blocks, width {row['width']}, {row['heads']} heads"


def _kib(size: int) -> str:
    return f"{size / 1024:,.1f} KiB"
