"""``sensor-bnn train``: a recipe to a checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("recipe")
@click.option("--seed", default=0, show_default=True, help="Of initial weights, order and augmentation.")
@click.option("--epochs", type=click.IntRange(min=1), help="Instead of the recipe's.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder of the run.")
@click.option("--resume", is_flag=True, help="Go on where a killed run in the same folder stopped.")
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Of PyTorch. Sums are rounded in another order with another number: compare runs of one number.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    recipe: str, seed: int, epochs: int | None, out: Path | None, resume: bool, threads: int, as_json: bool
) -> None:
    """Train RECIPE: the name of a recipe that ships, or a .toml file.

    Writes OUT/ckpt.pt (for `eval` and `export`), OUT/history.json and OUT/last.pt (for --resume); OUT is
    runs/RECIPE-seedSEED unless given. The data set is downloaded once and checked. The test windows are
    looked at once, after the last epoch. If the recipe names another as its teacher, that one is trained
    first, in OUT/teacher and for its own number of epochs, unless it is there already.

    \b
    Example:
      sensor-bnn train watch-tiny --seed 1
      sensor-bnn eval runs/watch-tiny-seed1/ckpt.pt
    """
    import dataclasses

    import torch
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from sensor_bnn.train import sets
    from sensor_bnn.train.loop import EpochDone, train
    from sensor_bnn.train.recipe import Recipe, load_recipe
    from sensor_bnn.train.runs import ready_teacher

    plan = load_recipe(recipe)
    if epochs is not None:
        plan = dataclasses.replace(plan, schedule=dataclasses.replace(plan.schedule, epochs=epochs))
    folder = out or Path("runs") / f"{plan.name}-seed{seed}"
    torch.set_num_threads(threads)
    console = Console(stderr=True)
    console.print(f"[bold]{plan.name}[/], seed {seed}, {plan.schedule.epochs} epochs, to {folder}")
    dataset = sets.load(plan.data)
    columns = (
        TextColumn("epochs"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console) as progress:

        def started(plan: Recipe, folder: Path) -> EpochDone:
            task = progress.add_task(plan.name, total=plan.schedule.epochs)

            def epoch_done(epoch: int, loss: float, top1: float) -> None:
                told = f"{plan.name}  loss {loss:.3f}  right {top1:.1%}"
                progress.update(task, completed=epoch, description=told)

            return epoch_done

        teacher = ready_teacher(plan, dataset, seed, folder / "teacher", started)
        done = started(plan, folder)
        run = train(plan, dataset, seed, folder, teacher=teacher, resume=resume, epoch_done=done)
    result = {
        "recipe": plan.name,
        "seed": seed,
        "epochs": plan.schedule.epochs,
        "train_loss": run.history[-1]["loss"],
        "train_top1": run.history[-1]["top1"],
        "test_top1": run.test.top1,
        "test_loss": run.test.loss,
        "checkpoint": str(run.checkpoint),
    }
    if as_json:
        click.echo(json.dumps(result))
    else:
        click.echo(f"test top-1 {run.test.top1:.2%} over {int(run.test.confusion.sum())} windows")
        click.echo(f"checkpoint {run.checkpoint}")
