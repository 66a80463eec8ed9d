"""``sensor-bnn bench``: measure a flashed model over the serial port."""

from __future__ import annotations

from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(name="bench")
@click.argument("bundle", type=_FOLDER)
@click.option(
    "--port", envvar="SENSOR_BNN_PORT", help="Serial port; the only one of the machine if not given."
)
@click.option("--board", help="Board's name or folder; what the firmware says if not given.")
@click.option(
    "--samples",
    "samples_file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="npz file: x float32 [n, channels, length], y int64 [n], classes.",
)
@click.option(
    "--reference", type=_FOLDER, help="The same model compiled for `host`, to compare outputs with."
)
@click.option("--build", type=_FOLDER, help="The firmware's build, for its size in flash.")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many samples.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    bundle: Path,
    port: str | None,
    board: str | None,
    samples_file: Path,
    reference: Path | None,
    build: Path | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Run samples on the board that runs BUNDLE, and print what it costs there.

    BUNDLE is the compiled model in the board's firmware. On an emulated board the counts are exact
    instructions, on hardware ticks of the board's counter.

    \b
    Example:
      sensor-bnn bench bundle/ --port /dev/ttyUSB0 --samples samples.npz --reference host-bundle/
    """
    import json
    from dataclasses import asdict

    from sensor_bnn.boards import load_board
    from sensor_bnn.device.bench import detect_board, read_samples, run_bench
    from sensor_bnn.device.port import find_port
    from sensor_bnn.report.progress import count_bars
    from sensor_bnn.report.result import result_of
    from sensor_bnn.report.table import print_result

    samples = read_samples(samples_file, limit)
    named = load_board(board) if board is not None else None
    path = find_port(port)
    facts = named or detect_board(path)
    with count_bars() as progress:
        result = run_bench(
            path, facts, bundle, samples, host_dir=reference, build_dir=build, progress=progress
        )
    if as_json:
        click.echo(json.dumps(result_of("bench", asdict(result), facts)))
    else:
        print_result(result)
