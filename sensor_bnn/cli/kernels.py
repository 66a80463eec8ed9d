"""``sensor-bnn kernels``: what the binary kernels cost on an emulated core."""

from __future__ import annotations

import re

import click


def _shape(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> list[list[int]]:
    shapes = []
    for text in texts:
        if not re.fullmatch(r"[1-9]\d{0,5}(x[1-9]\d{0,5}){2}", text):
            raise click.BadParameter(f"{text!r} is not MxNxK, as in 64x192x192.")
        shapes.append([int(size) for size in text.split("x")])
    return shapes


@click.command(name="kernels")
@click.option("--target", default="cortex-m7", show_default=True, help="As `sensor-bnn targets` lists it.")
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    callback=_shape,
    metavar="MxNxK",
    help="Tokens, outputs and bits of a layer; may be given again.  "
    "[default: 64x192x192, 64x768x192, 64x192x768]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(target: str, shapes: list[list[int]], as_json: bool) -> None:
    """Count the instructions of every binary linear kernel on an emulated core.

    Each kernel runs with random data, with bits out and with floats out (scale, bias, residual), and its
    outputs are compared with the reference bit by bit. `chosen` is what the compiler takes for the shape.
    Counts are instructions, not cycles.

    \b
    Example:
      sensor-bnn kernels --target cortex-m7 --shape 65x192x192 --shape 20x64x64
    """
    import json
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    from sensor_bnn.compiler.targets import find_target
    from sensor_bnn.kernels import DEFAULT_SHAPES, Shape, measure_kernels

    wanted = tuple(Shape(*sizes) for sizes in shapes) or DEFAULT_SHAPES
    rows = measure_kernels(find_target(target), wanted, Console(stderr=True, highlight=False))
    if as_json:
        click.echo(json.dumps({"schema": "sensor-bnn/kernels/1", "rows": [asdict(row) for row in rows]}))
        return
    table = Table(title=f"binary linear kernels on an emulated {target}")
    for heading in ("shape", "output", "kernel", "instructions", "instr./MAC", "exact"):
        table.add_column(heading, justify="right" if heading.startswith("instr") else "left")
    for row in rows:
        table.add_row(
            f"{row.m}x{row.n}x{row.k}",
            row.output,
            row.kernel,
            f"{row.instructions:,}",
            f"{row.instr_per_mac:.4f}",
            "yes" if row.exact else "NO",
        )
    Console().print(table)
