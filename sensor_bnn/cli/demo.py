"""``sensor-bnn demo``: the whole pipeline on the shipped model and an emulated board."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="demo")
@click.option("--board", help="An emulated board (see `sensor-bnn boards`).  [default: the Cortex-M7]")
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A checkpoint that `sensor-bnn train` wrote.  [default: the shipped sensor-small]",
)
@click.option(
    "--samples",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Labelled samples to run, an npz file.  [default: samples.npz in the checkpoint's folder]",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/demo"),
    show_default=True,
    help="Folder for all intermediate files.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Run at most this many samples.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on stdout, and the table on stderr."
)
@click.option("--no-cache", is_flag=True, help="Neither use nor fill the cache of compiled models.")
def command(
    board: str | None,
    checkpoint: Path | None,
    samples: Path | None,
    output: Path,
    limit: int | None,
    no_cache: bool,
    as_json: bool,
) -> None:
    """Run the whole pipeline on an emulated board.

    Exports a trained checkpoint to ONNX, compiles it, builds the firmware, starts the emulated board with its
    resident bootloader, flashes the firmware over the serial port, and measures the model on the board. It
    needs no hardware. Prints instructions, memory and accuracy, and the cost of each layer. The exit code is
    1 if an output of the board differs from the host's, after the whole result is printed.

    \b
    Example:
      sensor-bnn demo
      sensor-bnn demo --json > result.json
    """
    import json

    from sensor_bnn.hardware.boards import default_board, load_board
    from sensor_bnn.report.console import steps_console
    from sensor_bnn.report.result import result_of
    from sensor_bnn.report.table import print_result
    from sensor_bnn.workflows.demo import SHIPPED, run_demo
    from sensor_bnn.workflows.difference import refuse_with_layer

    facts = load_board(board) if board else default_board()
    done = run_demo(facts, checkpoint, samples, output, limit, steps_console(), cache=not no_cache)
    if as_json:
        click.echo(json.dumps(result_of("demo", done.summary(), facts)))
    print_result(done.bench, stderr=as_json)
    given = samples or (checkpoint or SHIPPED / "ckpt.pt").with_name("samples.npz")
    refuse_with_layer(done.summary(), facts, given, output)
