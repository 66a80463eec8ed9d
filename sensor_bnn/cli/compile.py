"""``sensor-bnn compile``: a model bundle from an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sensor_bnn.compiler.compiled import Bundle
    from sensor_bnn.compiler.metadata import Metadata


@click.command(name="compile")
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--target", default="cortex-m7", show_default=True, help="A name that `sensor-bnn targets` lists."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the bundle.  [default: the target's name, in MODEL's folder]",
)
@click.option(
    "--name",
    help="What the model is called in the bundle and in its C code, where each name starts with it.  "
    "[default: the name in MODEL]",
)
@click.option(
    "--dump-ir",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Also write the model after each compiler stage to DIR: Relax, steps, TIR, LLVM, assembly.",
)
@click.option(
    "--tuning",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that `sensor-bnn tune` wrote for this target. Layers of other shapes are compiled without it.",
)
@click.option(
    "--samples",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Real samples (npz) on which the compiled model is compared with MODEL, beside random inputs.",
)
@click.option(
    "--optimize",
    type=click.Choice(["speed", "size"]),
    default="speed",
    show_default=True,
    help="What the code is made for: fewest instructions, or few bytes of flash. The results are equal. "
    "`size` is for microcontrollers, and needs their C compiler.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the bundle's metadata as one JSON object on stdout."
)
@click.option("--no-cache", is_flag=True, help="Neither use nor fill the cache of compiled models.")
def command(
    model: Path,
    target: str,
    output: Path | None,
    name: str | None,
    dump_ir: Path | None,
    tuning: Path | None,
    samples: Path | None,
    optimize: str,
    no_cache: bool,
    as_json: bool,
) -> None:
    """Compile MODEL, an ONNX file, into a bundle of plain C.

    MODEL may use our packed-bit operators and standard ones. The bundle is a folder with a header and a
    static library named after the model, their sources, metadata.json, an example, and files to use them from
    CMake, Zephyr, Arduino, ESP-IDF and PlatformIO. The code needs no heap and no runtime library. For the
    target `host` the bundle also has a shared library.

    MODEL is run in ONNX Runtime, as it is, on random inputs and those of --samples. If a layer of the
    compiled model differs, the file is refused with the layer's name and nothing is written.

    Prints flash, RAM and estimated instructions of each layer. The next step is `sensor-bnn build`, or
    your own firmware (docs/own-firmware.md): the folder after `bundle` is to be copied, unchanged.

    \b
    Example:
      sensor-bnn compile build/watch-small/model.onnx --target cortex-m7
      sensor-bnn compile build/gesture/model.onnx --target cortex-m4 --name wave
      sensor-bnn compile build/gesture/model.onnx --target cortex-m4 --optimize size
    """
    import json

    from sensor_bnn.compiler.targets import find_target
    from sensor_bnn.onnx.path import check_model_path

    if name == "":
        raise click.UsageError("--name is empty: give a name, or leave it out for the model's own.")
    # Before the imports, which take seconds.
    core = find_target(target).optimized_for(optimize)
    target = core.name
    check_model_path(model)
    from sensor_bnn import compile as compile_model

    if not as_json:
        click.echo(f"Compiling {model} for {target} ...", err=True)
    bundle = compile_model(
        model,
        target,
        output or model.parent / target,
        dump_ir=dump_ir,
        tuning=tuning,
        samples=samples,
        cache=not no_cache,
        name=name,
        optimize=optimize,
    )
    if bundle.metadata.library is None:
        from sensor_bnn.compiler.library import compiler_of, missing_compiler

        click.echo(
            f"There is no lib{bundle.metadata.prefix}.a: {compiler_of(core)} is missing. "
            f"Install it: {missing_compiler(core)}",
            err=True,
        )
    if as_json:
        click.echo(json.dumps({"bundle": str(bundle.folder), **bundle.metadata.plain()}))
        return
    _print(bundle.metadata)
    click.echo(f"bundle {bundle.folder}")
    if core.name != "host":
        click.echo(_what_to_copy(bundle))


def _what_to_copy(bundle: Bundle) -> str:
    """Return the sentence on which files of a bundle a firmware takes unchanged."""
    prefix = bundle.metadata.prefix
    names = (f"{prefix}.h", f"{prefix}_window.h", f"lib{prefix}.a")
    needed = ", ".join(name for name in names if (bundle.folder / name).exists())
    return f"Copy the folder unchanged; a firmware needs {needed} of it. Only copies of examples/ are edited."


def _print(facts: Metadata) -> None:
    from rich import box
    from rich.table import Table

    from sensor_bnn.report.console import table_console
    from sensor_bnn.report.table import OPERATOR_COLUMNS

    layers = facts.layers
    total = sum(layer.instructions_estimated for layer in layers)
    table = Table(
        title=f"{facts.model} for {facts.target}",
        title_justify="left",
        box=box.SIMPLE,
        show_footer=True,
    )
    table.add_column("layer", "total", no_wrap=True)
    table.add_column("operator", max_width=OPERATOR_COLUMNS)
    table.add_column("MACs", f"{sum(layer.macs for layer in layers):,}", justify="right")
    table.add_column("flash\nbytes", f"{facts.weights_bytes:,}", justify="right")
    table.add_column("RAM\nbytes", f"{facts.arena_bytes:,}", justify="right")
    table.add_column("instructions\nestimated", f"{total:,}", justify="right")
    for layer in layers:
        table.add_row(
            layer.name,
            layer.op,
            f"{layer.macs:,}" if layer.macs else "",
            f"{layer.weights_bytes:,}" if layer.weights_bytes else "",
            f"{layer.ram_bytes:,}",
            f"{layer.instructions_estimated:,}",
        )
    table_console().print(table)
    floats = [layer.name for layer in layers if layer.float]
    click.echo(
        f"flash: the weights of a layer, without code; the total of {facts.weights_bytes:,} bytes counts "
        f"shared weights once\n"
        f"RAM: the tensors in use while a layer runs; the arena has {facts.arena_bytes:,} bytes, "
        f"and no plan can have less than {facts.arena_lower_bound_bytes:,}\n"
        f"instructions: {facts.cost_model}\n"
        f"stayed float: {', '.join(floats) or 'nothing'}\n"
        f"C names: {facts.prefix}_..., declared in {facts.prefix}.h\n"
        f"model {facts.model_hash[:12]}"
    )
