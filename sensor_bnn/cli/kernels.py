"""``sensor-bnn kernels``: the cost of binary, int8 and float32 kernels on an emulated core."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from sensor_bnn.compiler.targets import Target
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
    targets: Sequence[str], shapes: Sequence[Shape], picture: Path, console: Console
) -> tuple[list[Target], list[list[KernelRow]], list[str]]:
    """Return the cores, the rows of each and where their cost rises, and draw the picture."""
    from sensor_bnn.compiler.targets import find_target
    from sensor_bnn.measure.growth import SHAPES, TARGETS, have_series, measure_growth, rises_of, series_of
    from sensor_bnn.report.confusion_picture import check_picture
    from sensor_bnn.report.growth import draw_growth, growth_lines

    if shapes and not have_series(shapes):
        raise click.UsageError(
            "--growth needs two shapes that differ only in tokens, or only in their width."
        )
    check_picture(picture)
    cores = [find_target(name) for name in dict.fromkeys(targets or TARGETS)]
    measured = [measure_growth(core, shapes or SHAPES, console) for core in cores]
    series = series_of([row for rows in measured for row in rows])
    draw_growth(picture, series)
    return cores, measured, growth_lines(series, rises_of(series))


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
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="TEXT",
    help="A name that `sensor-bnn targets` lists. May be repeated.  [default: cortex-m7]",
)
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
    "--layers",
    is_flag=True,
    help="The layers of the hybrid family at fixed shapes: binary convolutions and what follows their "
    "products, and 8-bit layers; without --shape no other layer is run.",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="The default shapes, --layers, and the heads and floats of docs/measuring.md.",
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
@click.option(
    "--markdown", is_flag=True, help="Print one Markdown table on stdout, with a column for each target."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
@click.pass_context
def command(
    context: click.Context,
    targets: tuple[str, ...],
    shapes: list[list[int]],
    attention: list[tuple[int, int]],
    pack: list[tuple[int, int]],
    layers: bool,
    everything: bool,
    baselines: bool,
    layers_of: Path | None,
    growth: Path | None,
    markdown: bool,
    as_json: bool,
) -> None:
    """Count instructions of binary, int8 and float32 kernels.

    Each linear kernel runs on an emulated core with random data, and its outputs are compared with numpy's
    bit by bit (exit code 1 if they differ). Binary kernels run once with packed outputs and once with float
    outputs (scale, bias, residual). `popcount` is the plain loop; `chosen` is what the compiler selects for
    the shape. `int8_*` is our own int8 kernel, built in the same way as CMSIS-NN's arm_nn_mat_mult_nt_t_s8
    for the core, with int8 outputs. `tvm_float32` is the product that TVM generates from Relax's matmul
    without tuning. `--attention` runs the two products of a head, each as the plain loop and as chosen, and
    `--pack` the bits of floats, one by one (`compare`) and as chosen. `--layers` runs binary layers of the
    hybrid family, their 8-bit forms (`chosen_int8`) beside them, and computes the instructions per element of
    what follows a product (`epilogue`). Where they are known, goals and the costs of other libraries are
    printed beside the counts.

    Counts are exact instructions, not cycles. Cycles are estimated with a model of the core, which the output
    names; without llvm-mca they are null.

    \b
    Example:
      sensor-bnn kernels --target cortex-m7 --shape 65x192x192 --shape 20x64x100
      sensor-bnn kernels --target cortex-m4 --attention 64x32 --attention 197x64
      sensor-bnn kernels --growth growth.svg
      sensor-bnn kernels --layers --target cortex-m3 --target cortex-m55 --markdown
      sensor-bnn kernels --layers-of result.json --json > kernels.json
      sensor-bnn report result.json --kernels kernels.json -o page.html
    """
    import json
    from dataclasses import asdict

    from sensor_bnn.compiler.targets import find_target
    from sensor_bnn.cycles.cycles import model_name
    from sensor_bnn.digests import sealed
    from sensor_bnn.measure.kernels import ALL_FLOATS, ALL_HEADS, DEFAULT_SHAPES, Shape, measure_kernels
    from sensor_bnn.report.console import steps_console, table_console
    from sensor_bnn.report.kernel_table import kernel_table, kernels_markdown

    console = steps_console(highlight=False)
    if markdown and as_json:
        raise click.UsageError("--markdown and --json both print on stdout: give one of them.")
    risen: list[str] = []
    if growth is not None:
        if attention or pack or layers or everything or layers_of or not baselines:
            raise click.UsageError(
                "--growth runs one kernel: leave --attention, --pack, --layers, --all, --layers-of and "
                "--no-baselines out."
            )
        cores, measured, risen = _grow(targets, [Shape(*sizes) for sizes in shapes], growth, console)
    elif layers_of is None:
        cores = [find_target(name) for name in dict.fromkeys(targets or ("cortex-m7",))]
        if everything:
            layers, attention, pack = True, [*attention, *ALL_HEADS], [*pack, *ALL_FLOATS]
        some = attention or pack or layers
        wanted = [Shape(*sizes) for sizes in shapes]
        wanted += DEFAULT_SHAPES if everything or not (wanted or some) else ()
        measured = [
            measure_kernels(
                core, wanted, console, baselines=baselines, attention=attention, pack=pack, layers=layers
            )
            for core in cores
        ]
    else:
        if targets or shapes or attention or pack or layers or everything or not baselines:
            raise click.UsageError(
                "--layers-of sets target, shapes and kernels: leave --target, --shape, --attention, --pack, "
                "--layers, --all and --no-baselines out."
            )
        target, found = _layers(layers_of)
        cores = [find_target(target)]
        measured = [measure_kernels(cores[0], [Shape(*sizes) for sizes in found], console, binary=False)]
    rows = [row for some_rows in measured for row in some_rows]
    models = [
        None if all(row.cycles_estimate is None for row in of_core) else model_name(core)
        for core, of_core in zip(cores, measured, strict=True)
    ]
    if as_json:
        model = "; ".join(dict.fromkeys(name for name in models if name)) or None
        told = {"cycles_model": model, "rows": [asdict(row) for row in rows]}
        click.echo(json.dumps(sealed({"schema": "sensor-bnn/kernels/1", **told})))
    elif markdown:
        click.echo(kernels_markdown(rows))
    else:
        for core, of_core, name in zip(cores, measured, models, strict=True):
            table_console().print(kernel_table(of_core, core.name, name))
    for line in risen:
        console.print(line)
    if not all(row.exact for row in rows):
        context.exit(1)
