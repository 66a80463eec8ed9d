"""``sensor-bnn stream``: a board classifies a live stream of sensor samples."""

from __future__ import annotations

from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


def _numbers(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[float, ...]:
    try:
        return tuple(float(text) for text in value.split(",")) if value else ()
    except ValueError:
        raise click.BadParameter("give numbers with commas between, one a channel") from None


@click.command(name="stream")
@click.argument("bundle", type=_FOLDER, required=False)
@click.option("--port", envvar="SENSOR_BNN_PORT", help="Serial port of a board that runs BUNDLE's stream.")
@click.option("--board", help="Board's name or folder; without --port an emulated one, started for this.")
@click.option("--data", type=_FILE, help="Recording: CSV or npz.  [default: the shipped model's windows]")
@click.option("--classes", help="The classes' names, commas between.  [default: the recording's, sorted]")
@click.option(
    "--rate", type=click.FloatRange(min=0, min_open=True), default=50.0, show_default=True, help="Hz."
)
@click.option(
    "--hop", type=click.IntRange(min=1), help="Samples between decisions.  [default: half a window]"
)
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.4,
    show_default=True,
    help="Of a new answer in the running average; 1 smooths nothing.",
)
@click.option("--offset", callback=_numbers, help="Of each channel: value = (raw - offset) * gain.")
@click.option("--gain", callback=_numbers, help="Of each channel.")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many samples.")
@click.option("--baud", type=click.IntRange(min=1), help="Raise the line to this rate meanwhile.")
@click.option(
    "-o",
    "--output",
    type=_FOLDER,
    default=Path("build/stream"),
    show_default=True,
    help="Folder for what is built for an emulated board.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
def command(
    bundle: Path | None,
    port: str | None,
    board: str | None,
    data: Path | None,
    classes: str | None,
    rate: float,
    hop: int | None,
    share: float,
    offset: tuple[float, ...],
    gain: tuple[float, ...],
    limit: int | None,
    baud: int | None,
    output: Path,
    as_json: bool,
) -> None:
    """Send a recording to a board as its sensor would, and print what it decides, as it decides.

    The board cuts windows, normalises, infers and smooths by itself; the application is
    firmware/stream/stream.c (`sensor-bnn build --application stream`). At the end stands the latency budget:
    what a decision costs, beside the time until the next.

    \b
    Example:
      sensor-bnn stream --board qemu-mps2-an500 --limit 3000
      sensor-bnn stream bundle/ --port /dev/ttyUSB0 --data walk.csv --classes rest,walk,run --rate 100
    """
    import json
    from contextlib import ExitStack

    from rich.console import Console

    from sensor_bnn.errors import DataError
    from sensor_bnn.hardware.boards import load_board
    from sensor_bnn.live.recording import read_recording
    from sensor_bnn.live.stream import Decision, Settings, stream_at, window_of
    from sensor_bnn.measure.bench import detect_board, read_samples
    from sensor_bnn.report.result import result_of
    from sensor_bnn.report.stream import decision_line, print_budget, stream_facts
    from sensor_bnn.wire.protocol import Hello
    from sensor_bnn.workflows.bring_up import running_board
    from sensor_bnn.workflows.demo import SHIPPED

    if port is None and board is None:
        raise click.UsageError("Give --port, or --board with an emulated board.")
    if port is not None and bundle is None:
        raise click.UsageError("With --port, give the BUNDLE that the board there runs.")
    if bundle is not None and data is None:
        raise click.UsageError("Give --data with a BUNDLE.")
    file = data or SHIPPED / "samples.npz"
    recording = read_recording(file, limit)
    if classes is not None:
        names = tuple(classes.split(","))
    elif file.suffix == ".npz":
        names = read_samples(file).classes
    else:
        names = tuple(sorted(set(recording.labels)))
    decisions: list[Decision] = []
    answered: Hello | None = None
    with ExitStack() as stack:
        if port is not None:
            facts = load_board(board) if board is not None else detect_board(port)
        else:
            assert board is not None
            facts = load_board(board)
            console = Console(stderr=True)
            running = stack.enter_context(
                running_board(facts, bundle, None, file, output, console, application="stream")
            )
            port, bundle = running.port, running.bundle
        assert bundle is not None
        _, window, outputs = window_of(bundle)
        if len(names) != outputs:
            raise DataError(
                f"The model has {outputs} classes; {len(names)} are named.", "Name them all with --classes."
            )
        settings = Settings(hop or max(1, window // 2), share, offset, gain)
        if len(recording.raw) < window:
            raise DataError(f"{len(recording.raw)} samples are no window of {window}.", "Record more.")
        for hello, decision in stream_at(port, facts, bundle, recording.raw, settings, baud):
            answered = hello
            decisions.append(decision)
            click.echo(decision_line(decision, names, rate), err=as_json)
    assert answered is not None  # there is a whole window
    result = result_of(
        "stream", stream_facts(answered, facts, decisions, recording, settings, names, rate), facts
    )
    if as_json:
        click.echo(json.dumps(result))
    print_budget(result, stderr=as_json)
