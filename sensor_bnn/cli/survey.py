"""``sensor-bnn survey``: forms of the family on several data sets, with settings chosen by validation."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from sensor_bnn.cli.pace import compile_option


@click.command(name="survey")
@click.argument("survey")
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Number of seeds per set and form: seeds 0 to N - 1.",
)
@click.option("--set", "only", multiple=True, help="Train only on this set. May be repeated.")
@click.option("--form", "forms", multiple=True, help="Train only this form of the model. May be repeated.")
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    help="About how many training steps each run takes.  [default: the epochs of the recipes]",
)
@click.option(
    "--board", help="Also run the models of seed 0 on this emulated board, over the test part of each set."
)
@click.option(
    "--windows",
    type=click.IntRange(min=1),
    help="With --board: the most windows of each set, from all subjects or recordings.  [default: all]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the runs.  [default: runs/survey-SURVEY, with --steps runs/survey-SURVEY-N-steps]",
)
@click.option(
    "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads of PyTorch."
)
@compile_option
@click.option("--dry-run", is_flag=True, help="Train nothing; print the table as far as it is filled.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
def command(
    survey: str,
    seeds: int,
    only: tuple[str, ...],
    forms: tuple[str, ...],
    steps: int | None,
    board: str | None,
    windows: int | None,
    out: Path | None,
    threads: int,
    compiled: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Train each form of the model on each data set of SURVEY, and write one table.

    SURVEY is the name of a survey that ships (sensors, ten-sets, method, parts), or a .toml file. For each
    set and form, the settings are chosen on a fifth of the training subjects, which is held out. The best
    choice is then trained on all of them with each seed. The test subjects are used once per run, after the
    last epoch, and choose nothing.

    Only runs that are missing in OUT are trained. OUT/table.md and OUT/table.json are rewritten after each
    run. You may stop the command at any time and repeat it: finished runs are kept, and an interrupted run
    continues after its last complete epoch. Several processes may fill the same folder at once.

    A survey that compares its forms with one of them (method, parts) also prints how far each is above that
    one, paired by seed: mean, standard error, and whether that is significant at 5 % (paired t-test).

    With --board each model of seed 0 is also exported, compiled, flashed on the emulated board, and evaluated
    there over the test part; the outputs are compared with the host's to the last bit. The exit code is 1 if
    one differs. `sensor-bnn survey ten-sets --seeds 1 --board qemu-mps2-an500` takes ten public sets from
    their files to the accuracy on a board.

    \b
    Example:
      sensor-bnn survey sensors --seeds 5
      sensor-bnn survey sensors --seeds 1 --set plaid --set gun-point
      sensor-bnn survey method --seeds 5 --set watch-small
      sensor-bnn survey ten-sets --seeds 1 --board qemu-mps2-an500 --set gun-point --steps 300 --windows 50
    """
    import torch
    from rich.progress import Progress

    from sensor_bnn.errors import CheckpointError
    from sensor_bnn.hardware.boards import load_board
    from sensor_bnn.interruption import interruptions
    from sensor_bnn.report.console import steps_console
    from sensor_bnn.report.progress import RunBar, run_columns
    from sensor_bnn.train.loop import EpochDone
    from sensor_bnn.train.recipe import Recipe
    from sensor_bnn.train.survey import fill, load_survey, markdown, tabulate
    from sensor_bnn.workflows.board_survey import Request, board_markdown, check_board, measure, measured

    request = None
    if board is not None:
        request = Request(load_board(board), 0, windows)
        check_board(request.board)
    elif windows is not None:
        raise click.UsageError("--windows goes with --board.")
    plan = load_survey(survey, only, steps)
    for form in forms:
        if form not in plan.forms:
            raise CheckpointError(
                f"The survey {plan.name} has no form {form!r}.", f"Choose among {', '.join(plan.forms)}."
            )
    folder = out or Path("runs") / f"survey-{plan.name}{'' if steps is None else f'-{steps}-steps'}"
    torch.set_num_threads(threads)
    console = steps_console()
    busy: list[Path] = []
    if not dry_run:
        columns = run_columns(console)
        # What is done is kept, and the same command goes on, whatever it does when a signal comes.
        with interruptions("The survey", lambda: True), Progress(*columns, console=console) as progress:
            bar = RunBar(progress)

            def started(recipe: Recipe, where: Path) -> EpochDone:
                return bar.started(where.name, recipe.schedule.epochs)

            busy = fill(plan, range(seeds), folder, started, only, forms, "compiled" if compiled else "auto")
        if request is not None:
            with interruptions("The survey on the board", lambda: True):
                measure(plan, request, folder, only, console)
    for run in busy:
        console.print(f"another process is training {run}")
    table = tabulate(plan, range(seeds), folder)
    on_board = None if request is None else measured(plan, request, folder)
    if as_json:
        click.echo(json.dumps({**table, "on_board": on_board}))
    else:
        click.echo(markdown(plan, table), nl=False)
        if on_board is not None:
            click.echo("\n" + board_markdown(on_board), nl=False)
    if on_board is not None and any(row["different"] for row in on_board["models"]):
        sys.exit(1)
