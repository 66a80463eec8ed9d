"""``sensor-bnn ablate``: a table of recipes, filled run by run."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("ablation")
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True, help="Seeds 0 .. N - 1.")
@click.option("--folds", is_flag=True, help="Hold out training subjects in turn; test subjects stay unseen.")
@click.option("--row", "rows", multiple=True, help="Train only the rows of these recipes.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder of the runs.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Of PyTorch.")
@click.option(
    "--compile",
    "compiled",
    is_flag=True,
    help="With torch.compile: worth its start of a minute from some minutes of training on.",
)
@click.option("--dry-run", is_flag=True, help="Train nothing: show the table as far as it is filled.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    ablation: str,
    seeds: int,
    folds: bool,
    rows: tuple[str, ...],
    out: Path | None,
    threads: int,
    compiled: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Fill the table ABLATION: the name of one that ships, or a .toml file.

    Trains the runs that are missing in OUT (by default runs/ablate-ABLATION) and rewrites OUT/table.md and
    OUT/table.json after each. Kill it at any time and give the same command again: a finished run is kept, a
    begun one goes on from its last epoch. Several of these commands may share a folder.

    \b
    Example:
      sensor-bnn ablate watch-tiny --seeds 5
      sensor-bnn ablate watch-tiny --seeds 1 --folds --row watch-tiny --row watch-tiny-distill
    """
    import torch
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from sensor_bnn.errors import CheckpointError
    from sensor_bnn.train import sets
    from sensor_bnn.train.ablation import fill, load_ablation, markdown, plan_runs, tabulate
    from sensor_bnn.train.loop import EpochDone
    from sensor_bnn.train.recipe import Recipe

    plan = load_ablation(ablation)
    folder = out or Path("runs") / f"ablate-{plan.name}"
    known = [row.recipe.name for row in plan.rows]
    for name in rows:
        if name not in known:
            raise CheckpointError(
                f"The ablation {plan.name} has no row {name!r}.", f"Choose among {', '.join(known)}."
            )
    runs = plan_runs(plan, seeds, folds, folder)
    if len({row.recipe.data for row in plan.rows}) > 1:
        raise CheckpointError(f"The rows of {plan.name} use other data.", "Give all the same [data].")
    torch.set_num_threads(threads)
    console = Console(stderr=True)
    busy = []
    if not dry_run:
        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
        with Progress(*columns, console=console) as progress:
            total = progress.add_task("runs", total=len(runs))
            task = progress.add_task("", total=1)

            def started(recipe: Recipe, where: Path) -> EpochDone:
                progress.reset(task, total=recipe.schedule.epochs, description=where.name)

                def epoch_done(epoch: int, loss: float, top1: float) -> None:
                    progress.update(task, completed=epoch, description=f"{where.name}  right {top1:.1%}")

                return epoch_done

            busy = fill(
                plan,
                runs,
                sets.load(plan.rows[0].recipe.data),
                folder,
                started,
                lambda done, _: progress.update(total, completed=done),
                rows,
                compiled,
            )
    for run in busy:
        console.print(f"another process is at {run.folder}")
    table = tabulate(plan, runs)
    click.echo(json.dumps(table) if as_json else markdown(table), nl=as_json)
