"""``sensor-bnn kernels``: what kernels cost on an emulated core, binary ones beside int8 and float32."""

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
    help="Tokens, outputs and inputs of a layer; may be given again.  "
    "[default: 64x192x192, 64x768x192, 64x192x768]",
)
@click.option(
    "--baselines/--no-baselines",
    default=True,
    help="Whether int8 and float32 run beside the binary kernels.  [default: they do]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(
    context: click.Context, target: str, shapes: list[list[int]], baselines: bool, as_json: bool
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
    """
    import json
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    from sensor_bnn.compiler.targets import find_target
    from sensor_bnn.device.cycles import model_name
    from sensor_bnn.kernels import DEFAULT_SHAPES, Shape, measure_kernels

    core = find_target(target)
    wanted = tuple(Shape(*sizes) for sizes in shapes) or DEFAULT_SHAPES
    rows = measure_kernels(core, wanted, Console(stderr=True, highlight=False), baselines=baselines)
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
        Console().print(table)
    if not all(row.exact for row in rows):
        context.exit(1)
