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
    for target in list_targets():
        click.echo(f"{target.name:<17} {target.title}  ({target.triple}, {target.cpu})")
