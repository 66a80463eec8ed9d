"""``sensor-bnn eval``: how often a checkpoint is right."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("ckpt", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="A samples.npz; without it the test part of the checkpoint's recipe, downloaded if need be.",
)
@click.option(
    "--write-samples",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write some of the test part there, spread over its subjects (images: over its classes): how"
    " samples.npz was made.",
)
@click.option(
    "--confusion",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw the confusion matrix there: .png, .svg or .pdf.",
)
@click.option("--samples", type=click.IntRange(min=1), default=256, show_default=True, help="How many.")
@click.option("--seed", default=0, show_default=True, help="Of their choice.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    ckpt: Path,
    data: Path | None,
    write_samples: Path | None,
    confusion: Path | None,
    samples: int,
    seed: int,
    as_json: bool,
) -> None:
    """Evaluate the checkpoint CKPT.

    \b
    Example:
      sensor-bnn eval sensor_bnn/zoo/watch-tiny/ckpt.pt --data sensor_bnn/zoo/watch-tiny/samples.npz
      sensor-bnn eval runs/fashion-micro-seed0/ckpt.pt --confusion confusion.png
    """
    from rich.console import Console

    from sensor_bnn.nn.checkpoint import load_checkpoint
    from sensor_bnn.report.confusion import confusion_table
    from sensor_bnn.train import sets, windows
    from sensor_bnn.train.confusion import draw_confusion
    from sensor_bnn.train.evaluate import evaluate
    from sensor_bnn.train.recipe import parse_recipe

    if data is not None and write_samples is not None:
        raise click.UsageError("--write-samples takes from the recipe's test part: leave --data out.")
    checkpoint = load_checkpoint(ckpt)
    if data is not None:
        tested = windows.read_samples(data)
    else:
        recipe = parse_recipe(checkpoint.recipe, checkpoint.model.config.name)
        dataset = sets.load(recipe.data)
        tested = sets.tested(dataset, recipe.data)
        if write_samples is not None:
            group = sets.tested_groups(dataset, recipe.data)
            windows.write_samples(write_samples, windows.spread(tested, group, samples, seed))
    found = evaluate(checkpoint.model, tested)
    if confusion is not None:
        title = f"{checkpoint.model.config.name}: top-1 {found.top1:.2%} over {len(tested.y)}"
        draw_confusion(confusion, found, tested.classes, title)
    if as_json:
        recalls = dict(zip(tested.classes, found.recall(), strict=True))
        result = {
            "model": checkpoint.model.config.name,
            "windows": len(tested.y),
            "top1": found.top1,
            "top5": found.top5,
            "loss": found.loss,
            "recall": recalls,
            "confusion": found.confusion.tolist(),
        }
        click.echo(json.dumps(result))
        return
    Console().print(confusion_table(tested.classes, found.recall(), found.confusion.tolist()))
    shares = f"top-1 {found.top1:.2%}, top-5 {found.top5:.2%}"
    click.echo(f"{checkpoint.model.config.name}: {shares} over {len(tested.y):,} samples")
