"""``sensor-bnn bench``: measure a flashed model over the serial port."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from sensor_bnn.hardware.boards import Board
    from sensor_bnn.measure.bench import BenchResult

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(name="bench")
@click.argument("bundle", type=_FOLDER, required=False)
@click.option(
    "--port", envvar="SENSOR_BNN_PORT", help="Serial port of the board.  [default: the only one on USB]"
)
@click.option("--board", help="Name or folder of the board.  [default: the one that the firmware names]")
@click.option(
    "--samples",
    "samples_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Labelled samples, an npz file: x float32 [n, channels, length], y int64 [n], classes.",
)
@click.option(
    "--reference",
    type=_FOLDER,
    help="The same model compiled for `host`: its outputs are compared with the board's.",
)
@click.option("--build", type=_FOLDER, help="Folder of the firmware's build: gives the size in flash.")
@click.option("--limit", type=click.IntRange(min=1), help="Run at most this many samples.")
@click.option(
    "--model",
    help="Measure this preset, of either family (see `sensor-bnn models`), instead of BUNDLE; requires "
    "--random-weights.",
)
@click.option("--random-weights", is_flag=True, help="Measure --model untrained, on an emulated --board.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the random weights."
)
@click.option(
    "--narrow/--no-narrow",
    default=True,
    show_default=True,
    help="Export --model with or without `sensor-bnn export --narrow`.",
)
@click.option(
    "-o",
    "--output",
    type=_FOLDER,
    help="Folder for the files that --model produces.  [default: build/random/<model>]",
)
@click.option(
    "--baud",
    type=click.IntRange(min=1),
    help="Baud rate of the line during the run.  [default: the board's own]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
def command(
    bundle: Path | None,
    port: str | None,
    board: str | None,
    samples_file: Path | None,
    reference: Path | None,
    build: Path | None,
    limit: int | None,
    model: str | None,
    random_weights: bool,
    seed: int,
    narrow: bool,
    output: Path | None,
    baud: int | None,
    as_json: bool,
) -> None:
    """Run samples on a flashed board, and print the cost.

    BUNDLE is the folder of the compiled model that is in the board's firmware. The counts are exact
    instructions on an emulated board, and ticks of the board's counter on hardware.

    With --model and --random-weights, the command measures an architecture before it is trained: it takes
    random weights through every stage to an emulated board, and runs --limit random inputs (default 2).
    Counts and sizes are those of a trained model; the answers are not meaningful.

    The exit code is 1 if an output differs from the host's, after the whole result is printed.

    \b
    Example:
      sensor-bnn bench bundle/ --port /dev/ttyUSB0 --samples samples.npz --reference host-bundle/
      sensor-bnn bench --model vit-cifar --random-weights --board qemu-mps2-an500 --json
    """
    import json
    from dataclasses import asdict

    from sensor_bnn.data.samples import WRITTEN_BY
    from sensor_bnn.measure.difference import refuse_difference
    from sensor_bnn.report.result import result_of
    from sensor_bnn.report.table import print_result
    from sensor_bnn.workflows.difference import refuse_with_layer

    if (model is None) == (bundle is None):
        raise click.UsageError("Give either a BUNDLE, or --model with --random-weights.")
    if model is not None:
        if not random_weights:
            raise click.UsageError(
                "--model names an architecture without a checkpoint: add --random-weights."
            )
        given = {"--port": port, "--samples": samples_file, "--reference": reference, "--build": build}
        for option, value in given.items():
            # A port from the environment is meant for other commands too: it is no mistake here.
            if value is not None and not (option == "--port" and _from_environment("port")):
                raise click.UsageError(f"{option} can only be used with a BUNDLE.")
        result, facts = _random(model, board, limit or 2, seed, narrow, output)
    else:
        assert bundle is not None
        if random_weights:
            raise click.UsageError("--random-weights requires --model.")
        if samples_file is None:
            raise click.UsageError(f"A BUNDLE requires --samples. {WRITTEN_BY}")
        result, facts = _flashed(bundle, port, board, samples_file, limit, reference, build, baud)
    if as_json:
        click.echo(json.dumps(result_of("bench", asdict(result), facts)))
    else:
        print_result(result)
        if facts.power is not None and not result.emulated:
            from sensor_bnn.report.estimate import energy_line

            click.echo(f"energy per inference: {energy_line(facts.power, result.ticks)}")
    if bundle is not None and samples_file is not None:
        refuse_with_layer(asdict(result), facts, samples_file, bundle.resolve().parent)
    else:
        refuse_difference(asdict(result), facts)


def _from_environment(parameter: str) -> bool:
    source = click.get_current_context().get_parameter_source(parameter)
    return source is ParameterSource.ENVIRONMENT


def _flashed(
    bundle: Path,
    port: str | None,
    board: str | None,
    samples_file: Path,
    limit: int | None,
    reference: Path | None,
    build: Path | None,
    baud: int | None,
) -> tuple[BenchResult, Board]:
    from sensor_bnn.api import Board, Session
    from sensor_bnn.data.samples import read_samples
    from sensor_bnn.errors import PortError
    from sensor_bnn.hardware.boards import is_only_emulated
    from sensor_bnn.wire.port import find_port

    samples = read_samples(samples_file, limit)
    named = Board(board) if board is not None else None
    try:
        path = find_port(port, None if named is None else named.facts)
    except PortError as error:
        emulated = named.facts.name if named is not None and is_only_emulated(named.facts) else "BOARD"
        raise PortError(
            error.message,
            f"{error.remedy} Without a board, `sensor-bnn profile {bundle} --samples {samples_file} --board"
            f" {emulated}` counts on an emulated one, which it starts itself.",
        ) from None
    if named is not None:
        session = named.at(path, bundle, reference=reference, build=build, baud=baud)
    else:
        session = Session.found(path, bundle, reference=reference, build=build, baud=baud)
    return session.bench(samples), session.board


def _random(
    model: str, board: str | None, samples: int, seed: int, narrow: bool, output: Path | None
) -> tuple[BenchResult, Board]:

    from sensor_bnn.hardware.boards import default_board, load_board
    from sensor_bnn.report.console import steps_console
    from sensor_bnn.workflows.random_model import bench_random, of_preset

    facts = load_board(board) if board is not None else default_board()
    folder = output or Path("build") / "random" / model
    console = steps_console(highlight=False)
    return (
        bench_random(
            of_preset(model), facts, folder, samples=samples, seed=seed, narrow=narrow, console=console
        ),
        facts,
    )
