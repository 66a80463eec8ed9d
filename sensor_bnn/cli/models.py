"""``sensor-bnn models``: the architectures, and their sizes."""

from __future__ import annotations

import json

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
def command(as_json: bool) -> None:
    """List the architectures that a recipe can name.

    A recipe names one as its `preset`. The sizes include everything that an export stores: packed weights,
    the float embedding, positions and head, and every scale, bias, threshold and table. The columns T, d and
    H are tokens, width and heads. The number of classes is the usual one of the data set. The head reads the
    mean of the tokens: there is no class token.

    \b
    Example:
      sensor-bnn models
      sensor-bnn models --json
    """
    from dataclasses import asdict

    from rich import box
    from rich.console import Console
    from rich.table import Table

    from sensor_bnn.nn.config import PRESETS, USUAL_CLASSES, preset
    from sensor_bnn.nn.sizes import sizes

    rows = []
    for name in PRESETS:
        config = preset(name, classes=[str(number) for number in range(USUAL_CLASSES[name])])
        found = sizes(config)
        rows.append(
            {
                "name": name,
                "input": list(config.input_shape),
                "classes": len(config.classes),
                "patch": config.patch,
                "tokens": config.tokens,
                "width": config.width,
                "heads": config.heads,
                "layers": config.layers,
                "mlp_ratio": config.mlp_ratio,
                **asdict(found),
                "stored_bytes": found.stored_bytes,
            }
        )
    if as_json:
        click.echo(json.dumps({"models": rows}))
        return
    table = Table(box=box.SIMPLE)
    table.add_column("model", no_wrap=True)
    for heading in (
        "input",
        "T",
        "d",
        "H",
        "blocks",
        "classes",
        "parameters",
        "packed",
        "float",
        "constants",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("stored", "binary MACs", "float MACs"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            row["name"],
            "x".join(map(str, row["input"])),
            *(str(row[key]) for key in ("tokens", "width", "heads", "layers", "classes")),
            f"{row['parameters']:,}",
            *(_kib(row[key]) for key in ("packed_bytes", "float_bytes", "constant_bytes", "stored_bytes")),
            *(f"{row[key] / 1e6:,.2f} M" for key in ("binary_macs", "float_macs")),
        )
    Console(width=170).print(table)


def _kib(size: int) -> str:
    return f"{size / 1024:,.1f} KiB"
