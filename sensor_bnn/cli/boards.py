"""``sensor-bnn boards``: what can be built for, flashed and measured."""

from __future__ import annotations

import click


@click.command(name="boards")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with a list `boards`.")
def command(as_json: bool) -> None:
    """List the boards that this installation knows.

    A board of your own is a folder with a board.toml; every --board takes its path.

    \b
    Example:
      sensor-bnn boards --json
    """
    import json
    from typing import cast

    from rich.console import Console
    from rich.table import Table

    from sensor_bnn.device.boards import list_boards

    rows = [
        {
            "name": board.name,
            "title": board.title,
            "target": board.target,
            "flash_bytes": board.flash.size,
            "ram_bytes": board.ram.size,
            "emulated": board.emulator is not None,
            "run_on_hardware": board.run_on_hardware,
        }
        for board in list_boards()
    ]
    if as_json:
        click.echo(json.dumps({"boards": rows}))
        return
    table = Table()
    table.add_column("name", no_wrap=True)
    for name in ("title", "target", "flash", "RAM", "emulated", "run on\nhardware"):
        table.add_column(name)
    for row in rows:
        flags = ["yes" if row[key] else "no" for key in ("emulated", "run_on_hardware")]
        sizes = [f"{cast(int, row[key]) >> 10:,} KB" for key in ("flash_bytes", "ram_bytes")]
        table.add_row(str(row["name"]), str(row["title"]), str(row["target"]), *sizes, *flags)
    Console().print(table)
