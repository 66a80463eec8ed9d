"""``sensor-bnn monitor``: a live view of a running board."""

from __future__ import annotations

from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(name="monitor")
@click.argument("bundle", type=_FOLDER, required=False)
@click.option("--port", envvar="SENSOR_BNN_PORT", help="Serial port of the board that runs BUNDLE.")
@click.option(
    "--board", help="Name or folder of the board. Without --port: an emulated board, started for this run."
)
@click.option(
    "--data", type=_FILE, help="Labelled samples, an npz file: x, y, classes.  [default: the shipped samples]"
)
@click.option(
    "--inferences",
    type=click.IntRange(min=1),
    help="Stop after this many inferences.  [default: run until Ctrl-C]",
)
@click.option(
    "--baud",
    type=click.IntRange(min=1),
    help="Baud rate of the line during the run.  [default: the board's own]",
)
@click.option(
    "-o",
    "--output",
    type=_FOLDER,
    default=Path("build/monitor"),
    show_default=True,
    help="Folder for the files that are built for an emulated board.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout at the end.")
def command(
    bundle: Path | None,
    port: str | None,
    board: str | None,
    data: Path | None,
    inferences: int | None,
    baud: int | None,
    output: Path,
    as_json: bool,
) -> None:
    """Show latency, accuracy and memory of a board live.

    Runs samples on the board repeatedly. With --port, the board there runs BUNDLE's firmware. With --board
    alone, an emulated board is started and flashed: with BUNDLE, or with the shipped model if no BUNDLE is
    given. On a terminal the view is updated in place; otherwise one line per second is printed.

    \b
    Example:
      sensor-bnn monitor --board qemu-mps2-an500
      sensor-bnn monitor bundle/ --port /dev/ttyUSB0 --data test.npz --baud 921600
    """
    import json
    from contextlib import ExitStack
    from dataclasses import replace
    from itertools import islice

    from rich.console import Console
    from rich.live import Live

    from sensor_bnn.api import SHIPPED_SAMPLES, Board, Session
    from sensor_bnn.data.samples import WRITTEN_BY, read_samples
    from sensor_bnn.live.monitor import Watch
    from sensor_bnn.measure.bench import check_samples
    from sensor_bnn.report.monitor import monitor_facts, monitor_line, monitor_view
    from sensor_bnn.report.result import result_of

    if port is None and board is None:
        raise click.UsageError("Give --port, or --board with an emulated board.")
    if port is not None and bundle is None:
        raise click.UsageError("With --port, give the BUNDLE that the board there runs.")
    if bundle is not None and data is None:
        raise click.UsageError(f"Give --data with a BUNDLE. {WRITTEN_BY}")
    file = data or SHIPPED_SAMPLES
    samples = read_samples(file)
    if bundle is not None:
        check_samples(bundle, samples)
    console = Console(stderr=as_json)
    last: Watch | None = None
    with ExitStack() as stack:
        if port is None:
            assert board is not None
            session = stack.enter_context(Board(board).emulate(bundle, samples=file, folder=output))
        else:
            assert bundle is not None
            session = Board(board).at(port, bundle) if board is not None else Session.found(port, bundle)
        watched = islice(replace(session, baud=baud).watch(samples), inferences)
        try:
            if console.is_terminal:
                with Live(console=console, refresh_per_second=8) as live:
                    for last in watched:
                        live.update(monitor_view(last))
            else:
                second = -1
                for last in watched:
                    if int(last.seconds) > second:
                        second = int(last.seconds)
                        console.print(monitor_line(last), highlight=False, soft_wrap=True)
        except KeyboardInterrupt:
            pass  # Ctrl-C is the normal end
    if last is None:
        return
    if as_json:
        click.echo(json.dumps(result_of("monitor", monitor_facts(last), session.board)))
    elif not console.is_terminal:
        console.print(monitor_line(last), highlight=False, soft_wrap=True)
