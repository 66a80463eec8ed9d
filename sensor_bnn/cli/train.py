"""``sensor-bnn train``: a recipe to a checkpoint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sensor_bnn.train.recipe import Recipe
    from sensor_bnn.train.sets import Split


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
@click.option(
    "--compile",
    "compiled",
    is_flag=True,
    help="With torch.compile: worth its start of a minute from some minutes of training on.",
)
@click.option("--dry-run", is_flag=True, help="Train nothing: show model, sizes, data and schedule.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    recipe: str,
    seed: int,
    epochs: int | None,
    out: Path | None,
    resume: bool,
    threads: int,
    compiled: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Train RECIPE: the name of a recipe that ships, or a .toml file.

    Writes OUT/ckpt.pt (for `eval` and `export`), OUT/history.json, and after every epoch OUT/history.csv and
    OUT/last.pt (for --resume): kill it at any time. OUT is runs/RECIPE-seedSEED unless given. The data set is
    downloaded once and checked. The test windows are looked at once, after the last epoch. If the recipe
    names another as its teacher, that one is trained first, in OUT/teacher and for its own number of epochs,
    unless it is there already.

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
    from sensor_bnn.train.recipe import load_recipe
    from sensor_bnn.train.runs import ready_teacher

    plan = load_recipe(recipe)
    if epochs is not None:
        plan = dataclasses.replace(plan, schedule=dataclasses.replace(plan.schedule, epochs=epochs))
    folder = out or Path("runs") / f"{plan.name}-seed{seed}"
    torch.set_num_threads(threads)
    console = Console(stderr=True)
    console.print(f"[bold]{plan.name}[/], seed {seed}, {plan.schedule.epochs} epochs, to {folder}")
    dataset = sets.load(plan.data)
    if dry_run:
        _show(plan, sets.split(dataset, plan), as_json)
        return
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

        teacher = ready_teacher(plan, dataset, seed, folder / "teacher", started, compiled)
        done = started(plan, folder)
        run = train(
            plan,
            dataset,
            seed,
            folder,
            teacher=teacher,
            resume=resume,
            compiled=compiled,
            epoch_done=done,
        )
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


def _show(plan: Recipe, parts: Split, as_json: bool) -> None:
    """What would be trained, and from what."""
    from dataclasses import asdict

    from sensor_bnn.nn.sizes import sizes

    found = sizes(plan.config(parts.shape, parts.classes))
    shown = {
        "recipe": plan.to_dict(),
        "input": list(parts.shape),
        "classes": list(parts.classes),
        "learned_from": len(parts.train),
        "tested_on": len(parts.test.y),
        "steps": plan.schedule.epochs * -(-len(parts.train) // plan.schedule.batch),
        "sizes": {**asdict(found), "stored_bytes": found.stored_bytes},
    }
    if as_json:
        click.echo(json.dumps(shown))
        return
    click.echo(f"input {'x'.join(map(str, parts.shape))}, classes: {', '.join(parts.classes)}")
    click.echo(f"learned from {shown['learned_from']}, tested on {shown['tested_on']}")
    click.echo(f"{plan.schedule.epochs} epochs, about {shown['steps']} steps of {plan.schedule.batch}")
    click.echo(f"{found.parameters:,} parameters; stored: {found.stored_bytes:,} bytes, of them")
    click.echo(f"  {found.packed_bytes:,} packed weights, {found.float_bytes:,} floats,", nl=False)
    click.echo(f" {found.constant_bytes:,} constants")
    click.echo(f"{found.binary_macs:,} binary and {found.float_macs:,} float multiply-adds an inference")
    for section in ("data", "augment", "schedule", "distill"):
        click.echo(f"[{section}] {getattr(plan, section)}")
