"""``sensor-bnn kernels``: the cost of binary, int8 and float32 kernels on an emulated core."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from sensor_bnn.measure.kernels import KernelRow, Shape

_MAX_TOKENS = 1024
"""The most tokens of the plain loop of attention, whose counts are on the stack."""


def _shape(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> list[list[int]]:
    shapes = []
    for text in texts:
        if not re.fullmatch(r"[1-9]\d{0,5}(x[1-9]\d{0,5}){2}", text):
            raise click.BadParameter(f"{text!r} is not MxNxK, as in 64x192x192.")
        shapes.append([int(size) for size in text.split("x")])
    return shapes


def _head(
    context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]
) -> list[tuple[int, int]]:
    heads = []
    for text in texts:
        found = re.fullmatch(r"([1-9]\d{0,3})x([1-9]\d{0,3})", text)
        if not found or int(found[1]) > _MAX_TOKENS:
            raise click.BadParameter(
                f"{text!r} is not TOKENSxBITS, as in 64x32, with at most {_MAX_TOKENS} tokens."
            )
        heads.append((int(found[1]), int(found[2])))
    return heads


def _layers(file: Path) -> tuple[str, list[tuple[int, int, int]]]:
    """Return the target and the shapes of the matrix products of a profile."""
    from sensor_bnn.errors import DataError
    from sensor_bnn.report.baselines import product_shapes
    from sensor_bnn.report.result import read_result

    result = read_result(file)
    shapes = product_shapes(result)
    if not shapes or "target" not in result:
        raise DataError(
            f"{file} does not contain the shapes of its layers.",
            "Give a file with the output of `sensor-bnn profile --json` of this version.",
        )
    return str(result["target"]), shapes


def _grow(
    target: str | None, shapes: Sequence[Shape], picture: Path, console: Console
) -> tuple[list[KernelRow], list[str]]:
    """Return the rows of one target or of all, with where their cost rises, and draw the picture."""
    from sensor_bnn.compiler.targets import find_target
    from sensor_bnn.measure.growth import SHAPES, TARGETS, have_series, measure_growth, rises_of, series_of
    from sensor_bnn.report.confusion_picture import check_picture
    from sensor_bnn.report.growth import draw_growth, growth_lines

    if shapes and not have_series(shapes):
        raise click.UsageError(
            "--growth needs two shapes that differ only in tokens, or only in their width."
        )
    check_picture(picture)
    rows = [
        row
        for name in ([target] if target else TARGETS)
        for row in measure_growth(find_target(name), shapes or SHAPES, console)
    ]
    series = series_of(rows)
    draw_growth(picture, series)
    return rows, growth_lines(series, rises_of(series))


def _floats(
    context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]
) -> list[tuple[int, int]]:
    shapes = []
    for text in texts:
        found = re.fullmatch(r"([1-9]\d{0,5})x([1-9]\d{0,5})", text)
        if not found:
            raise click.BadParameter(f"{text!r} is not MxK, as in 64x192.")
        shapes.append((int(found[1]), int(found[2])))
    return shapes


@click.command(name="kernels")
@click.option("--target", help="A name that `sensor-bnn targets` lists.  [default: cortex-m7]")
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    callback=_shape,
    metavar="MxNxK",
    help="Tokens, outputs and inputs of a layer. May be repeated.  "
    "[default: 64x192x192, 64x768x192, 64x192x768]",
)
@click.option(
    "--attention",
    multiple=True,
    callback=_head,
    metavar="TOKENSxBITS",
    help="Tokens and bits of a head: its attention map and, if BITS is a multiple of 32, its context. May be "
    "repeated; without --shape no layer is run.",
)
@click.option(
    "--pack",
    multiple=True,
    callback=_floats,
    metavar="MxK",
    help="Rows and channels of floats that become bits, each counted as one MAC. May be repeated; without "
    "--shape no layer is run.",
)
@click.option(
    "--baselines/--no-baselines",
    default=True,
    help="Also run int8 and float32 kernels, or only binary ones.  [default: --baselines]",
)
@click.option(
    "--layers-of",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with the output of `sensor-bnn profile --json`: run int8 and float32 kernels for its target, "
    "at the shapes of its matrix products.",
)
@click.option(
    "--growth",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PICTURE",
    help="Run only `chosen` with packed outputs, draw its instructions per MAC against tokens and width "
    "(.svg, .png or .pdf), and print where they rise.  [default shapes: 16 to 197 tokens of width 192, "
    "and width 64 to 384 of 64 tokens; default targets: five cores]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
@click.pass_context
def command(
    context: click.Context,
    target: str | None,
    shapes: list[list[int]],
    attention: list[tuple[int, int]],
    pack: list[tuple[int, int]],
    baselines: bool,
    layers_of: Path | None,
    growth: Path | None,
    as_json: bool,
) -> None:
    """Count instructions of binary, int8 and float32 kernels.

    Each linear kernel runs on an emulated core with random data, and its outputs are compared with numpy's
    bit by bit (exit code 1 if they differ). Binary kernels run once with packed outputs and once with float
    outputs (scale, bias, residual). `popcount` is the plain loop; `chosen` is what the compiler selects for
    the shape. `int8_*` is our own int8 kernel, built in the same way as CMSIS-NN's arm_nn_mat_mult_nt_t_s8
    for the core, with int8 outputs. `tvm_float32` is the product that TVM generates from Relax's matmul
    without tuning. `--attention` runs the two products of a head, each as the plain loop and as chosen, and
    `--pack` the bits of floats, one by one (`compare`) and as chosen.

    Counts are exact instructions, not cycles. Cycles are estimated with a model of the core, which the output
    names; without llvm-mca they are null.

    \b
    Example:
      sensor-bnn kernels --target cortex-m7 --shape 65x192x192 --shape 20x64x100
      sensor-bnn kernels --target cortex-m4 --attention 64x32 --attention 197x64
      sensor-bnn kernels --growth growth.svg
      sensor-bnn kernels --layers-of result.json --json > kernels.json
      sensor-bnn report result.json --kernels kernels.json -o page.html
    """
    import json
    from dataclasses import asdict

    from rich.table import Table

    from sensor_bnn.compiler.targets import find_target
    from sensor_bnn.cycles.cycles import model_name
    from sensor_bnn.digests import sealed
    from sensor_bnn.measure.kernels import DEFAULT_SHAPES, Shape, measure_kernels
    from sensor_bnn.report.console import steps_console, table_console

    console = steps_console(highlight=False)
    told: list[str] = []
    if growth is not None:
        if attention or pack or layers_of or not baselines:
            raise click.UsageError(
                "--growth runs one kernel: leave --attention, --pack, --layers-of and --no-baselines out."
            )
        rows, told = _grow(target, [Shape(*sizes) for sizes in shapes], growth, console)
        core = find_target(rows[0].target)
        target = ", ".join(dict.fromkeys(row.target for row in rows))
    elif layers_of is None:
        target = target or "cortex-m7"
        core = find_target(target)
        wanted = tuple(Shape(*sizes) for sizes in shapes) or (() if attention or pack else DEFAULT_SHAPES)
        rows = measure_kernels(core, wanted, console, baselines=baselines, attention=attention, pack=pack)
    else:
        if target or shapes or attention or pack or not baselines:
            raise click.UsageError(
                "--layers-of sets target, shapes and kernels: leave --target, --shape, --attention, --pack "
                "and --no-baselines out."
            )
        target, found = _layers(layers_of)
        core = find_target(target)
        rows = measure_kernels(core, [Shape(*sizes) for sizes in found], console, binary=False)
    model = None if all(row.cycles_estimate is None for row in rows) else model_name(core)
    if as_json:
        result = {"cycles_model": model, "rows": [asdict(row) for row in rows]}
        click.echo(json.dumps(sealed({"schema": "sensor-bnn/kernels/1", **result})))
    else:
        by = f"cycles: estimated with {model}" if model else "no cycles are estimated"
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
        table_console().print(table)
    for line in told:
        console.print(line)
    if not all(row.exact for row in rows):
        context.exit(1)
