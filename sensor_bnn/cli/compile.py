"""``sensor-bnn compile``: an ONNX file to a model bundle."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="compile")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--target", default="cortex-m7", show_default=True, help="As `sensor-bnn targets` lists it.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="The bundle's folder.  [default: the target's name, beside MODEL]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: the bundle's metadata.")
def command(model: Path, target: str, output: Path | None, as_json: bool) -> None:
    """Compile MODEL, an ONNX file with packed-bit operators, into a bundle of plain C.

    The bundle holds a header and a library named after the model, their sources, metadata.json, an example,
    and what brings them into builds by CMake, Zephyr and Arduino: no heap, no runtime. For the target `host`
    it holds a shared library too.

    \b
    Example:
      sensor-bnn compile build/watch-tiny/model.onnx --target cortex-m7
    """
    import json

    from sensor_bnn.compiler.targets import find_target

    find_target(target)
    from sensor_bnn import compile as compile_model

    if not as_json:
        click.echo(f"Compiling {model} for {target} ...", err=True)
    bundle = compile_model(model, target, output or model.parent / target)
    if bundle.metadata["library"] is None:
        from sensor_bnn.compiler.library import compiler_of, missing_compiler

        core = find_target(target)
        click.echo(
            f"There is no lib{bundle.metadata['prefix']}.a: {compiler_of(core)} is missing. "
            f"Install it: {missing_compiler(core)}",
            err=True,
        )
    if as_json:
        click.echo(json.dumps({"bundle": str(bundle.folder), **bundle.metadata}))
        return
    from rich.console import Console
    from rich.table import Table

    facts = bundle.metadata
    table = Table(title=f"{facts['model']} for {facts['target']}")
    for heading in ("layer", "operator", "MACs", "output bytes"):
        table.add_column(heading, justify="right" if heading in ("MACs", "output bytes") else "left")
    for layer in facts["layers"]:
        macs = f"{layer['macs']:,}" if layer["macs"] else ""
        table.add_row(layer["name"], layer["op"], macs, f"{layer['output_bytes']:,}")
    Console().print(table)
    click.echo(
        f"arena {facts['arena_bytes']:,} bytes (no plan can be under {facts['arena_lower_bound_bytes']:,}), "
        f"weights {facts['weights_bytes']:,} bytes, model {facts['model_hash'][:12]}\n{bundle.folder}"
    )
