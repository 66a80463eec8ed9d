"""``sensor-bnn record``: labelled samples of a board's own sensor into a CSV file."""

from __future__ import annotations

from pathlib import Path

import click

from sensor_bnn.cli.finite import FiniteRange


@click.command(name="record")
@click.option(
    "--port", envvar="SENSOR_BNN_PORT", help="Serial port of the board.  [default: the only one on USB]"
)
@click.option("--board", help="Name or folder of the board.  [default: the board says it]")
@click.option("--label", required=True, help="Class of the samples, such as walk.")
@click.option("--subject", help="Name or number of the person or thing that the sensor is on.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("recordings.csv"),
    show_default=True,
    help="CSV file. If it exists, the recording is added to it.",
)
@click.option(
    "--seconds", type=FiniteRange(min=0, min_open=True), help="Stop after so many seconds of samples."
)
@click.option("--samples", type=click.IntRange(min=1), help="Stop after so many samples.")
@click.option(
    "--baud",
    type=click.IntRange(min=1),
    help="Baud rate of the line during the run.  [default: the board's own]",
)
def command(
    port: str | None,
    board: str | None,
    label: str,
    subject: str | None,
    output: Path,
    seconds: float | None,
    samples: int | None,
    baud: int | None,
) -> None:
    """Record the samples of a board's own sensor, with a label.

    The board runs the stream application with a driver of its sensor: `sensor-bnn build --application stream
    --sensor FILE`. Data are so collected with the firmware that later classifies them. On a terminal the
    samples are plotted while they come.

    Ctrl-C ends the recording, and so do --seconds and --samples. Each sample is in the CSV file as soon as it
    comes. Each run adds a recording, with a number of its own, or more if samples were lost between. Then
    `sensor-bnn data` shows what is in it, and `sensor-bnn train` learns from it.

    \b
    Example:
      sensor-bnn record --port /dev/ttyACM0 --label walk --seconds 60 -o gestures.csv
      sensor-bnn record --port COM3 --label rest --subject anna
    """
    import signal
    from contextlib import ExitStack

    from rich.console import Console
    from rich.live import Live

    from sensor_bnn.claims import claimed_file
    from sensor_bnn.hardware.boards import load_board
    from sensor_bnn.interruption import interruption, signals_noted
    from sensor_bnn.live.record import Collected, Csv, checked_name, collect, sensor_at
    from sensor_bnn.measure.bench import detect_board
    from sensor_bnn.report.record import record_line, record_view
    from sensor_bnn.wire.port import find_port

    if seconds is not None and samples is not None:
        raise click.UsageError("Give either --seconds or --samples.")
    checked_name("--label", label)
    console = Console(stderr=True)
    with ExitStack() as stack:
        stack.enter_context(claimed_file(output, "-o/--output"))
        named = None if board is None else load_board(board)
        path = find_port(port, named)
        facts = named or detect_board(path)
        came = stack.enter_context(signals_noted())
        sensor, parts = stack.enter_context(sensor_at(path, facts, baud))
        file = stack.enter_context(Csv(output, sensor, label, subject))
        most = samples
        if seconds is not None:
            if sensor.rate is None:
                raise click.UsageError(
                    "The board does not say its sensor's rate: give --samples, not --seconds."
                )
            most = max(1, round(seconds * sensor.rate))
        live = None
        if console.is_terminal:
            live = stack.enter_context(Live(console=console, refresh_per_second=8))
        shown = 0

        def show(known: Collected) -> None:
            nonlocal shown
            if live is not None:
                live.update(record_view(sensor, label, known))
            elif sensor.rate is not None and known.samples // sensor.rate > shown:
                shown = int(known.samples // sensor.rate)
                console.print(record_line(sensor, label, known), highlight=False, soft_wrap=True)

        found, failure = collect(parts, most, came, file.add, show)
    whole = f"{len(found.recordings)} recording{'s' if len(found.recordings) != 1 else ''}"
    click.echo(f"{file.place}: {whole} of {label} with {found.samples:,} samples added, {found.lost:,} lost")
    if failure is not None:
        raise failure
    if came() not in (0, signal.SIGINT):
        raise interruption(came(), "The recording was ended, and stored.", saved=True)
