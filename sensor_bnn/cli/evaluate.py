"""``sensor-bnn evaluate``: how often the device is right, over a whole set."""

from __future__ import annotations

from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(name="evaluate")
@click.argument("bundle", type=_FOLDER, required=False)
@click.option("--port", envvar="SENSOR_BNN_PORT", help="Serial port of a board that runs BUNDLE.")
@click.option("--board", help="Board's name or folder; without --port an emulated one, started for this.")
@click.option("--data", type=_FILE, help="npz file: x, y, classes.  [default: the shipped model's samples]")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many samples.")
@click.option(
    "--reference", type=_FOLDER, help="BUNDLE's model compiled for `host`, to compare outputs with."
)
@click.option(
    "-o",
    "--output",
    type=_FOLDER,
    default=Path("build/evaluate"),
    show_default=True,
    help="Folder for what is built, and for the state.",
)
@click.option("--state", type=_FILE, help="What is measured so far.  [default: state.jsonl in --output]")
@click.option("--fresh", is_flag=True, help="Begin anew, whatever the state is.")
@click.option("--baud", type=click.IntRange(min=1), help="Raise the line to this rate for the run.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    bundle: Path | None,
    port: str | None,
    board: str | None,
    data: Path | None,
    limit: int | None,
    reference: Path | None,
    output: Path,
    state: Path | None,
    fresh: bool,
    baud: int | None,
    as_json: bool,
) -> None:
    """Run a whole labelled set on the board: accuracy, confusion matrix, agreement with the host.

    Every answer is kept as it comes. After a pulled cable or Ctrl-C, what is known so far stands in
    interrupted.json, marked as incomplete, and the same command goes on where it stopped. With --board alone
    an emulated board is started and flashed, as `sensor-bnn profile` does.

    \b
    Example:
      sensor-bnn evaluate --board qemu-mps2-an500
      sensor-bnn evaluate bundle/ --port /dev/ttyUSB0 --data test.npz --reference host-bundle/
    """
    import json
    from contextlib import AbstractContextManager, nullcontext
    from dataclasses import replace

    from sensor_bnn.api import SHIPPED_SAMPLES, Board, Session
    from sensor_bnn.measure.bench import check_samples, read_samples
    from sensor_bnn.report.evaluation import print_evaluation

    if port is None and board is None:
        raise click.UsageError("Give --port, or --board with an emulated board.")
    if port is not None and bundle is None:
        raise click.UsageError("With --port, give the BUNDLE that the board there runs.")
    if bundle is None and reference is not None:
        raise click.UsageError("--reference goes with a BUNDLE; the shipped model has its own.")
    if bundle is not None and data is None:
        raise click.UsageError("Give --data with a BUNDLE.")
    file = data or SHIPPED_SAMPLES
    samples = read_samples(file, limit)
    if bundle is not None:
        check_samples(bundle, samples)
    starting: AbstractContextManager[Session]
    if port is None:
        assert board is not None
        starting = Board(board).emulate(bundle, reference=reference, samples=file, folder=output)
    else:
        assert bundle is not None
        if board is not None:
            session = Board(board).at(port, bundle, reference=reference)
        else:
            session = Session.found(port, bundle, reference=reference)
        starting = nullcontext(session)
    with starting as running:
        whole = replace(running, baud=baud).evaluate(
            samples, state=state or output / "state.jsonl", fresh=fresh
        )
    if as_json:
        click.echo(json.dumps(whole))
    print_evaluation(whole, stderr=as_json)
