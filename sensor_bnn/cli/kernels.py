"""``sensor-bnn kernels``: what kernels cost on an emulated core, binary ones beside int8 and float32."""

from __future__ import annotations

import re
from pathlib import Path

import click

_WIDTH = 100


def _shape(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> list[list[int]]:
    shapes = []
    for text in texts:
        if not re.fullmatch(r"[1-9]\d{0,5}(x[1-9]\d{0,5}){2}", text):
            raise click.BadParameter(f"{text!r} is not MxNxK, as in 64x192x192.")
        shapes.append([int(size) for size in text.split("x")])
    return shapes


def _layers(file: Path) -> tuple[str, list[tuple[int, int, int]]]:
    """Target, and shapes of the matrix products, of a profile."""
    from sensor_bnn.errors import DataError
    from sensor_bnn.report.baselines import product_shapes
    from sensor_bnn.report.result import read_result

    result = read_result(file)
    shapes = product_shapes(result)
    if not shapes or "target" not in result:
        raise DataError(
            f"{file} does not tell the shapes of its layers.",
            "Give what `sensor-bnn profile --json` of this version prints, redirected to a file.",
        )
    return str(result["target"]), shapes


@click.command(name="kernels")
@click.option("--target", help="As `sensor-bnn targets` lists it.  [default: cortex-m7]")
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    callback=_shape,
    metavar="MxNxK",
    help="Tokens, outputs and inputs of a layer; may be given again.  "
    "[default: 64x192x192, 64x768x192, 64x192x768]",
)
@click.option(
    "--baselines/--no-baselines",
    default=True,
    help="Whether int8 and float32 run beside the binary kernels.  [default: they do]",
)
@click.option(
    "--layers-of",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What `sensor-bnn profile --json` printed: run int8 and float32 for its target, at its products' "
    "shapes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(
    context: click.Context,
    target: str | None,
    shapes: list[list[int]],
    baselines: bool,
    layers_of: Path | None,
    as_json: bool,
) -> None:
    """Count the instructions of every binary linear kernel on an emulated core, and of int8 and float32.

    Each kernel runs with random data, and its outputs are compared with numpy's bit by bit (exit code 1 if
    they differ). Binary kernels run with bits out and with floats out (scale, bias, residual); `popcount`
    is the plain loop, `chosen` what the compiler takes for the shape. `int8_*` is an int8 kernel of ours,
    built as CMSIS-NN's arm_nn_mat_mult_nt_t_s8 is for the core, with int8 out; `tvm_float32` is the product
    that TVM makes of Relax's matmul when nothing is tuned.

    Counts are exact instructions, not cycles. Cycles are an estimate by a model of the core, which is
    named; without llvm-mca they are null.

    \b
    Example:
      sensor-bnn kernels --target cortex-m7 --shape 65x192x192 --shape 20x64x100
      sensor-bnn kernels --layers-of result.json --json > kernels.json
      sensor-bnn report result.json --kernels kernels.json -o page.html
    """
    import json
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    from sensor_bnn.compiler.targets import find_target
    from sensor_bnn.cycles.cycles import model_name
    from sensor_bnn.measure.kernels import DEFAULT_SHAPES, Shape, measure_kernels

    console = Console(stderr=True, highlight=False)
    if layers_of is None:
        target = target or "cortex-m7"
        core = find_target(target)
        wanted = tuple(Shape(*sizes) for sizes in shapes) or DEFAULT_SHAPES
        rows = measure_kernels(core, wanted, console, baselines=baselines)
    else:
        if target or shapes or not baselines:
            raise click.UsageError("--layers-of tells target and shapes, and is for int8 and float32.")
        target, found = _layers(layers_of)
        core = find_target(target)
        rows = measure_kernels(core, [Shape(*sizes) for sizes in found], console, binary=False)
    model = None if all(row.cycles_estimate is None for row in rows) else model_name(core)
    if as_json:
        told = {"cycles_model": model, "rows": [asdict(row) for row in rows]}
        click.echo(json.dumps({"schema": "sensor-bnn/kernels/1", **told}))
    else:
        by = f"cycles: an estimate by {model}" if model else "no cycles are estimated"
        table = Table(title=f"kernels on an emulated {target}", caption=f"{by}; packed: bits, or int8")
        for heading in ("shape", "output", "kernel", "instructions", "instr./MAC", "cycles/MAC", "exact"):
            table.add_column(heading, justify="right" if "/" in heading or "ns" in heading else "left")
        for row in rows:
            table.add_row(
                f"{row.m}x{row.n}x{row.k}",
                row.output,
                row.kernel,
                f"{row.instructions:,}",
                f"{row.instr_per_mac:.4f}",
                "" if row.cycles_estimate is None else f"{row.cycles_estimate / row.macs:.4f}",
                "yes" if row.exact else "NO",
            )
        screen = Console()
        # Where there is no terminal to ask, a width that no heading is cut at.
        (screen if screen.is_terminal else Console(width=_WIDTH)).print(table)
    if not all(row.exact for row in rows):
        context.exit(1)
