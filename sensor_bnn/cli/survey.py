"""``sensor-bnn survey``: forms of the family on several data sets, with settings chosen by validation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sensor_bnn.cli.pace import pace_options

if TYPE_CHECKING:
    from sensor_bnn.train.loop import Pace


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
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the runs.  [default: runs/survey-SURVEY]",
)
@click.option(
    "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads of PyTorch."
)
@pace_options
@click.option("--dry-run", is_flag=True, help="Train nothing; print the table as far as it is filled.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
def command(
    survey: str,
    seeds: int,
    only: tuple[str, ...],
    out: Path | None,
    threads: int,
    pace: Pace,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Train each form of the model on each data set of SURVEY, and write one table.

    SURVEY is the name of a survey that ships, or a .toml file. For each set and form, the settings are
    chosen on a fifth of the training subjects, which is held out. The best choice is then trained on all of
    them with each seed. The test subjects are used once per run, after the last epoch, and choose nothing.

    Only runs that are missing in OUT are trained. OUT/table.md and OUT/table.json are rewritten after each
    run. You may stop the command at any time and repeat it: finished runs are kept, and an interrupted run
    continues after its last complete epoch. Several processes may fill the same folder at once.

    \b
    Example:
      sensor-bnn survey sensors --seeds 5
      sensor-bnn survey sensors --seeds 1 --set plaid --set gun-point
    """
    import torch
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from sensor_bnn.errors import CheckpointError
    from sensor_bnn.train.loop import EpochDone
    from sensor_bnn.train.recipe import Recipe
    from sensor_bnn.train.survey import fill, load_survey, markdown, tabulate

    plan = load_survey(survey)
    for name in only:
        if name not in plan.sets:
            raise CheckpointError(
                f"The survey {plan.name} has no set {name!r}.", f"Choose among {', '.join(plan.sets)}."
            )
    folder = out or Path("runs") / f"survey-{plan.name}"
    torch.set_num_threads(threads)
    console = Console(stderr=True)
    busy: list[Path] = []
    if not dry_run:
        columns = (BarColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("", total=1)

            def started(recipe: Recipe, where: Path) -> EpochDone:
                progress.reset(task, total=recipe.schedule.epochs, description=where.name)

                def epoch_done(epoch: int, entry: dict[str, float]) -> None:
                    progress.update(
                        task, completed=epoch, description=f"{where.name}  right {entry['top1']:.1%}"
                    )

                return epoch_done

            busy = fill(plan, range(seeds), folder, started, only, pace)
    for run in busy:
        console.print(f"another process is training {run}")
    table = tabulate(plan, range(seeds), folder)
    click.echo(json.dumps(table) if as_json else markdown(plan, table), nl=as_json)
