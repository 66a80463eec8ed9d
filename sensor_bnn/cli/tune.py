"""``sensor-bnn tune``: the best kernel and schedule for each layer, measured on a board."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sensor_bnn.hardware.boards import Board


@click.command(name="tune")
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--target", help="A name that `sensor-bnn targets` lists.  [default: the board's target, else cortex-m7]"
)
@click.option(
    "--board",
    "board_name",
    help="The board that measures (see `sensor-bnn boards`).  [default: the target's first emulated board]",
)
@click.option("--port", help="Serial port of a real board: it is flashed, and counts with its own timer.")
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    default=32,
    show_default=True,
    help="Schedules to try per layer. If a layer has more, a search selects them.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=1, max=2**31 - 1),
    default=1,
    show_default=True,
    help="Seed of the data, and of the search.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("tuning.json"),
    show_default=True,
    help="File for the tuning. It is written after each measurement.",
)
@click.option("--resume", is_flag=True, help="Continue an interrupted run from the output file.")
@click.option("--json", "as_json", is_flag=True, help="Print the tuning as one JSON object on stdout.")
def command(
    model: Path,
    target: str | None,
    board_name: str | None,
    port: str | None,
    trials: int,
    seed: int,
    output: Path,
    resume: bool,
    as_json: bool,
) -> None:
    """Find the fastest kernel for each layer of MODEL.

    MODEL is an ONNX file or a checkpoint. Every choice of kernel and schedule runs on an emulated board,
    which counts its instructions exactly, or with --port on a real board, which counts with its own timer. A
    choice is accepted only if its result equals the host's to the last bit. The result is a file; pass it to
    `compile` or `export` with --tuning.

    \b
    Example:
      sensor-bnn tune build/watch-tiny/model.onnx --target cortex-m7 -o tuning.json
      sensor-bnn compile build/watch-tiny/model.onnx --target cortex-m7 --tuning tuning.json
    """
    import json

    board = _board(target, board_name)
    if port is not None and board_name is None:
        raise click.UsageError("--port requires --board: name the board at that port.")
    from sensor_bnn.onnx.path import check_model_path

    if model.suffix == ".onnx" or model.is_dir():
        check_model_path(model)
    from sensor_bnn.claims import claimed_file
    from sensor_bnn.files import scratch_folder
    from sensor_bnn.interruption import interruptions, written_to
    from sensor_bnn.report.progress import count_bars
    from sensor_bnn.tuning.tune import Request, tune_model

    with (
        claimed_file(output, "-o/--output"),
        interruptions("The tuning", written_to(output, kept=resume)),
        scratch_folder("tune") as folder,
        count_bars() as bars,
    ):
        if model.suffix != ".onnx":
            from sensor_bnn import export

            model = export(model, folder).onnx
        request = Request(model, board, port, trials, seed)
        found = tune_model(request, output, resume=resume, report=bars)
    if as_json:
        click.echo(json.dumps(found))
        return
    _print(found)
    click.echo(f"tuning {output}")


def _board(target: str | None, board_name: str | None) -> Board:
    from sensor_bnn.compiler.targets import find_target
    from sensor_bnn.hardware.boards import load_board
    from sensor_bnn.measure.kernels import find_emulated

    if board_name is None:
        return find_emulated(find_target(target or "cortex-m7"))
    board = load_board(board_name)
    if target is not None and find_target(target).name != board.target:
        raise click.UsageError(f"The board {board.name} has a {board.target}, not a {target}.")
    return board


def _print(found: dict[str, Any]) -> None:
    from rich import box
    from rich.table import Table

    from sensor_bnn.compiler.tuning import choice_from_json
    from sensor_bnn.report.console import table_console

    unit = found["unit"]
    table = Table(
        title=f"{found['model']} on {found['board']}: {unit} of a layer",
        title_justify="left",
        box=box.SIMPLE,
        show_footer=True,
    )
    total, best = found["default_count"], found["best_count"]
    table.add_column("operator and sizes", "all layers", overflow="fold")
    table.add_column(
        "layers", str(sum(len(entry["layers"]) for entry in found["workloads"])), justify="right"
    )
    table.add_column(
        "tried", str(sum(len(entry["measured"]) for entry in found["workloads"])), justify="right"
    )
    table.add_column("default", f"{total:,}", justify="right")
    table.add_column("best", f"{best:,}", justify="right")
    table.add_column("gain", f"{1 - best / total:.1%}" if total else "", justify="right")
    table.add_column("choice", overflow="fold")
    for entry in found["workloads"]:
        choice = entry["best"]
        table.add_row(
            entry["workload"],
            str(len(entry["layers"])),
            str(len(entry["measured"])),
            f"{entry['default_count']:,}",
            f"{entry['best_count']:,}",
            f"{entry['gain']:.1%}" if choice else "",
            str(choice_from_json(choice)) if choice else "default",
        )
    table_console().print(table)
    wrong = sum(not result["exact"] for entry in found["workloads"] for result in entry["measured"])
    if wrong:
        click.echo(f"{wrong} choices gave results that differ from the host's, and were rejected")
