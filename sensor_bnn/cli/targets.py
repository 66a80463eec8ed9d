"""``sensor-bnn targets``: the processors that a model can be compiled for."""

from __future__ import annotations

import click


@click.command(name="targets")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
def command(as_json: bool) -> None:
    """List the processors that a model can be compiled for.

    \b
    Example:
      sensor-bnn targets
      sensor-bnn export ckpt.pt --target cortex-m7
    """
    import json
    from dataclasses import asdict

    from sensor_bnn.compiler.targets import list_targets

    if as_json:
        click.echo(json.dumps({"targets": [asdict(target) for target in list_targets()]}))
        return
    from rich.table import Table

    from sensor_bnn.report.console import table_console

    table = Table.grid("", "", "", padding=(0, 2, 0, 0))
    for target in list_targets():
        table.add_row(target.name, target.title, f"({target.triple}, {target.cpu})")
    table_console().print(table, highlight=False)
