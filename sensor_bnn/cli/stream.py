"""``sensor-bnn stream``: a board classifies a live stream of sensor samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sensor_bnn.cli.finite import FiniteRange

if TYPE_CHECKING:
    from sensor_bnn.live.of_recipe import Part

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)
_USUAL_RATE = 50.0
"""Hz, of the shipped samples."""


def _numbers(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[float, ...]:
    kind = FiniteRange()
    try:
        return tuple(kind.convert(text, parameter, context) for text in value.split(",")) if value else ()
    except click.BadParameter as error:
        raise click.BadParameter(
            f"{error.message} Give numbers with commas between them, one per channel."
        ) from None


def _columns(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in values:
        channel, equals, column = (part.strip() for part in value.partition("="))
        if not (channel and equals and column) or channel in found or column in found.values():
            raise click.BadParameter(f"{value!r} is not one channel and its own column, such as ax=acc_x.")
        found[channel] = column
    return found


@click.command(name="stream")
@click.argument("bundle", type=_FOLDER, required=False)
@click.option(
    "--port", envvar="SENSOR_BNN_PORT", help="Serial port of the board that runs BUNDLE's stream application."
)
@click.option(
    "--board", help="Name or folder of the board. Without --port: an emulated board, started for this run."
)
@click.option("--data", type=_FILE, help="Recording, a CSV or npz file.  [default: the shipped samples]")
@click.option(
    "--recipe",
    help="Recipe, a .toml file: the recordings are read as its [data] says, with its columns and channels;"
    " without --data, they are those it names, and the output says which of them the model learned from.",
)
@click.option(
    "--part",
    type=click.Choice(["test", "all"]),
    help="Of the recordings of --recipe: those that the model did not learn from, or all.  [default: test]",
)
@click.option(
    "--classes",
    help="Names of the classes with commas between them, in the order of the model's outputs; only for a"
    " bundle that does not have them.",
)
@click.option(
    "--rate",
    type=FiniteRange(min=0, min_open=True),
    help="Sensor rate of the recording, Hz.  [default: by its times, or as --recipe says, else 50]",
)
@click.option(
    "--hop", type=click.IntRange(min=1), help="Samples between decisions.  [default: half a window]"
)
@click.option(
    "--share",
    type=FiniteRange(0, 1, min_open=True),
    default=0.4,
    show_default=True,
    help="Weight of a new answer in the running average; 1 means no smoothing.",
)
@click.option(
    "--channel",
    "columns",
    multiple=True,
    callback=_columns,
    metavar="MODEL=COLUMN",
    help="Column of --data that is this channel of the model, if it has another name. May be repeated.",
)
@click.option("--offset", callback=_numbers, help="Numbers, one per channel: value = (raw - offset) * gain.")
@click.option("--gain", callback=_numbers, help="Numbers, one per channel.")
@click.option("--limit", type=click.IntRange(min=1), help="Send at most this many samples.")
@click.option(
    "--baud",
    type=click.IntRange(min=1),
    help="Baud rate of the line during the run.  [default: the board's own]",
)
@click.option(
    "-o",
    "--output",
    type=_FOLDER,
    default=Path("build/stream"),
    show_default=True,
    help="Folder for the files that are built for an emulated board.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout at the end.")
def command(
    bundle: Path | None,
    port: str | None,
    board: str | None,
    data: Path | None,
    recipe: str | None,
    part: Part | None,
    classes: str | None,
    rate: float | None,
    hop: int | None,
    share: float,
    columns: dict[str, str],
    offset: tuple[float, ...],
    gain: tuple[float, ...],
    limit: int | None,
    baud: int | None,
    output: Path,
    as_json: bool,
) -> None:
    """Stream a recording to a board that classifies it live.

    Sends the samples as a sensor would, and prints each decision of the board. The board cuts windows,
    normalises, infers and smooths by itself. Columns of a CSV file are matched with the model's channels by
    name, in any order; others are left out; those of numbers that the model predicts are shown beside its
    answers. Its application is firmware/stream/stream.c: build it with
    `sensor-bnn build --application stream`. With --board alone, an emulated board is built, started and
    flashed for this run. At the end the command prints the latency budget: the cost of a decision, and the
    time that is available until the next.

    \b
    Example:
      sensor-bnn stream --board qemu-mps2-an500 --limit 3000
      sensor-bnn stream bundle/ --port /dev/ttyUSB0 --data walk.csv
      sensor-bnn stream bundle/ --port COM3 --data own.csv --channel ax=acc_x --channel ay=acc_y
      sensor-bnn stream bundle/ --board qemu-mps2-an500 --recipe my-sensor.toml
    """
    import json
    from contextlib import ExitStack
    from itertools import pairwise

    from sensor_bnn.compiler.metadata import read_metadata
    from sensor_bnn.data.samples import WRITTEN_BY
    from sensor_bnn.errors import DataError
    from sensor_bnn.hardware.boards import load_board
    from sensor_bnn.labels import class_name
    from sensor_bnn.live.payloads import Settings
    from sensor_bnn.live.recording import of_model, read_recording
    from sensor_bnn.live.stream import Decision, names_of, stream_at, window_of
    from sensor_bnn.measure.bench import detect_board
    from sensor_bnn.report.console import steps_console
    from sensor_bnn.report.result import result_of
    from sensor_bnn.report.stream import Truth, decision_line, print_budget, recording_line, stream_facts
    from sensor_bnn.tracing import NOTES
    from sensor_bnn.wire.protocol import Hello
    from sensor_bnn.workflows.bring_up import running_board
    from sensor_bnn.workflows.demo import SHIPPED

    if port is None and board is None:
        raise click.UsageError("Give --port, or --board with an emulated board.")
    if port is not None and bundle is None:
        raise click.UsageError("With --port, give the BUNDLE that the board there runs.")
    if bundle is not None and data is None and recipe is None:
        raise click.UsageError(f"Give --data with a BUNDLE: a CSV or npz file; or --recipe. {WRITTEN_BY}")
    if recipe is not None and bundle is None:
        raise click.UsageError("Give a BUNDLE with --recipe.")
    if part is not None and recipe is None:
        raise click.UsageError("--part is of the recordings of a --recipe.")
    file = data or SHIPPED / "samples.npz"
    model = read_metadata(bundle) if bundle is not None else None
    known = (model.channels or ()) if model is not None else ()
    wanted = [class_name(columns.get(class_name(channel), channel)) for channel in known]
    if recipe is not None:
        from sensor_bnn.live.of_recipe import read_by_recipe
        from sensor_bnn.train.recipe import load_recipe

        recording = read_by_recipe(load_recipe(recipe).data, data, limit, wanted, rate=rate, part=part)
    else:
        numbers = [class_name(one.name) for one in (model.numbers or ())] if model is not None else []
        recording = read_recording(file, limit, wanted, numbers, rate)
    hertz = recording.rate or _USUAL_RATE
    if recording.rate is None and (recipe is not None or file != SHIPPED / "samples.npz"):
        NOTES.warning("Nothing states the rate: %g Hz is assumed; --rate states another.", _USUAL_RATE)
    given = [class_name(name) for name in classes.split(",")] if classes else []
    if bundle is not None:
        names_of(bundle, given, recording)  # refuses before anything is built
        recording = of_model(recording, read_metadata(bundle), columns)
    elif columns:
        raise click.UsageError("--channel requires a BUNDLE and --data.")
    decisions: list[Decision] = []
    named: int | None = None
    answered: Hello | None = None
    with ExitStack() as stack:
        if port is not None:
            facts = load_board(board) if board is not None else detect_board(port)
        else:
            assert board is not None
            facts = load_board(board)
            console = steps_console()
            running = stack.enter_context(
                running_board(facts, bundle, None, file, output, console, application="stream")
            )
            port, bundle = running.port, running.bundle
        assert bundle is not None
        names = names_of(bundle, given, recording)
        _, window = window_of(bundle)
        settings = Settings(hop or max(1, window // 2), share, offset, gain)
        ends = (0, *recording.breaks, len(recording.raw))
        longest = max(end - begin for begin, end in pairwise(ends))
        if longest < window:
            raise DataError(
                f"The longest recording has {longest} samples without a gap, less than one window of"
                f" {window}.",
                "Record more.",
            )
        recording = of_model(recording, read_metadata(bundle))
        for hello, decision in stream_at(port, facts, bundle, recording, settings, baud):
            answered = hello
            decisions.append(decision)
            place = recording.place(decision.at - 1)
            line = recording_line(recording, place, named)
            named = place
            if line:
                click.echo(line, err=as_json)
            truth = recording.truth_of([decision.at], window)
            true = () if truth is None else tuple(truth[0].tolist())
            click.echo(decision_line(decision, names, hertz, true), err=as_json)
    assert answered is not None  # there is a whole window
    numbers_of = read_metadata(bundle).numbers or ()
    truth = recording.truth_of([decision.at for decision in decisions], window)
    scored = None if truth is None else Truth(truth, tuple(one.offset for one in numbers_of))
    result = result_of(
        "stream",
        stream_facts(answered, facts, decisions, recording, settings, names, hertz, scored),
        facts,
    )
    if as_json:
        click.echo(json.dumps(result))
    print_budget(result, stderr=as_json)
