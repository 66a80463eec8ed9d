"""``sensor-bnn ablate``: a table that compares recipes, filled run by run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sensor_bnn.cli.pace import pace_options

if TYPE_CHECKING:
    from sensor_bnn.train.loop import Pace


@click.command(name="ablate")
@click.argument("ablation")
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Number of seeds per recipe: seeds 0 to N - 1.",
)
@click.option(
    "--folds",
    is_flag=True,
    help="Test on training subjects that are held out in turn, not on the test subjects.",
)
@click.option(
    "--cross-validate",
    "count",
    type=click.IntRange(min=2),
    metavar="N",
    help="Divide the training subjects or recordings into N folds, with a share of each class in each, and"
    " test on each of them in turn.",
)
@click.option("--row", "rows", multiple=True, help="Train only this recipe's row. May be repeated.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the runs.  [default: runs/ablate-ABLATION]",
)
@click.option(
    "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads of PyTorch."
)
@pace_options
@click.option("--dry-run", is_flag=True, help="Train nothing; print the table as far as it is filled.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
def command(
    ablation: str,
    seeds: int,
    folds: bool,
    count: int | None,
    rows: tuple[str, ...],
    out: Path | None,
    threads: int,
    pace: Pace,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Train all recipes of the table ABLATION, and compare them.

    ABLATION is the name of a table that ships, or a .toml file; a recipe's file is a table of one row. Each
    recipe is trained with several seeds. --folds and --cross-validate leave the test part alone: it stays
    unseen until the settings are chosen.

    Only runs that are missing in OUT are trained. OUT/table.md and OUT/table.json are rewritten after each
    run. You may stop the command at any time and repeat it: finished runs are kept, and an interrupted run
    continues after its last complete epoch. Several processes may fill the same folder at once.

    \b
    Example:
      sensor-bnn ablate watch-small --seeds 5
      sensor-bnn ablate watch-small --seeds 1 --folds --row watch-small --row watch-small-distill
      sensor-bnn ablate my-sensor.toml --seeds 1 --cross-validate 5
    """
    import torch
    from rich.progress import Progress

    from sensor_bnn.errors import CheckpointError
    from sensor_bnn.interruption import interruptions
    from sensor_bnn.report.console import steps_console
    from sensor_bnn.report.progress import RunBar, run_columns
    from sensor_bnn.train import sets
    from sensor_bnn.train.ablation import (
        fill,
        load_ablation,
        markdown,
        plan_runs,
        tabulate,
        with_folds,
        write_table,
    )
    from sensor_bnn.train.loop import EpochDone
    from sensor_bnn.train.recipe import Recipe

    if folds and count:
        raise click.UsageError("Give only one of --folds and --cross-validate.")
    plan = load_ablation(ablation)
    folder = out or Path("runs") / f"ablate-{plan.name}"
    known = [row.recipe.name for row in plan.rows]
    for name in rows:
        if name not in known:
            raise CheckpointError(
                f"The ablation {plan.name} has no row {name!r}.", f"Choose among {', '.join(known)}."
            )
    if len({row.recipe.data for row in plan.rows}) > 1:
        raise CheckpointError(
            f"The rows of {plan.name} use different data.", "Give all rows the same [data]."
        )
    dataset = None
    if count or (folds and plan.folds and not plan.rows[0].recipe.data.train_subjects):
        dataset = sets.load(plan.rows[0].recipe.data)
        plan = with_folds(plan, dataset, count or 0)
    runs = plan_runs(plan, seeds, folds or count is not None, folder)
    torch.set_num_threads(threads)
    console = steps_console()
    busy = []
    if not dry_run:
        write_table(plan, runs, folder)  # A place that cannot be written to is refused before data are read.
        dataset = sets.load(plan.rows[0].recipe.data) if dataset is None else dataset
        notes = (note for run in runs for note in sets.check_split(dataset, run.recipe.data))
        for note in dict.fromkeys(notes):
            console.print(f"note: {note}", markup=False, highlight=False, soft_wrap=True)
        columns = run_columns(console, counted=True)
        # What is done is kept, and the same command goes on, whatever it does when a signal comes.
        with interruptions("The ablation", lambda: True), Progress(*columns, console=console) as progress:
            total = progress.add_task("runs", total=len(runs))
            bar = RunBar(progress)

            def started(recipe: Recipe, where: Path) -> EpochDone:
                return bar.started(where.name, recipe.schedule.epochs)

            busy = fill(
                plan,
                runs,
                dataset,
                folder,
                started,
                lambda done, _: progress.update(total, completed=done),
                rows,
                pace,
            )
    for run in busy:
        console.print(f"another process is training {run.folder}")
    table = tabulate(plan, runs)
    click.echo(json.dumps(table) if as_json else markdown(table), nl=as_json)
