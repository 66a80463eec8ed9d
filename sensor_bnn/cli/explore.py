"""``sensor-bnn explore``: the size and the bits that fit a task and a board."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sensor_bnn.cli.pace import compile_option

if TYPE_CHECKING:
    from sensor_bnn.workflows.explore import Budget

_UNITS = {"": 1, "k": 1024, "m": 1024 * 1024}
_COUNTS = {"": 1, "k": 1_000, "m": 1_000_000}
_LIMIT = re.compile(r"(flash|ram|instructions)=([0-9]{1,15}(?:\.[0-9]{1,15})?)([kKmM]?)")


@click.command(name="explore")
@click.argument("recipe")
@click.option(
    "--target",
    "targets",
    multiple=True,
    help="A target, or an emulated board's name. May be repeated; the study's costs are those of the first."
    "  [default: cortex-m0plus, cortex-m7]",
)
@click.option(
    "--budget",
    metavar="LIMITS",
    default="",
    help="The most that a model may cost, such as flash=128K,ram=16K,instructions=2M.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(["1", "mixed", "8"]),
    help="Bits of the models: mixed has 8 in the first layer. May be repeated.  [default: all three]",
)
@click.option(
    "--sizes", type=click.IntRange(1, 5), default=5, show_default=True, help="Sizes that are always tried."
)
@click.option(
    "--seeds", type=click.IntRange(min=1), default=1, show_default=True, help="Seeds of each size and kind."
)
@click.option(
    "--search",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Further models that the sampler (NSGA-II) proposes.",
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    default=1500,
    show_default=True,
    help="Training steps of every model, rounded to whole epochs.",
)
@click.option(
    "--test",
    "with_test_part",
    is_flag=True,
    help="At the end, train the models on the fronts on the whole training part, and test them.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the study, its runs and its page.  [default: runs/explore-RECIPE]",
)
@click.option(
    "--storage",
    default="",
    metavar="URL",
    help="Database of the study, for several machines, such as postgresql://host/name.  [default: a file in"
    " OUT]",
)
@click.option(
    "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads of PyTorch."
)
@compile_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
def command(
    recipe: str,
    targets: tuple[str, ...],
    budget: str,
    kinds: tuple[str, ...],
    sizes: int,
    seeds: int,
    search: int,
    steps: int,
    with_test_part: bool,
    out: Path | None,
    storage: str,
    threads: int,
    compiled: bool,
    as_json: bool,
) -> None:
    """Try models of several sizes in 1 bit, mixed and 8 bits on the data of RECIPE, and compare them.

    RECIPE gives data, augmentation and schedule: a name that ships, or a .toml file. Each model's cost is
    measured first, with random weights on the emulated board of each target; one over the budget is not
    trained. The others train for the same number of steps, and are compared on a fifth of the training
    subjects (a tenth of the images), which is held out. The test part chooses nothing.

    The result is a chart for each target, the front of each kind, and a recommendation: in the terminal, in
    OUT/explore.json and OUT/explore.html, and a picture, OUT/TARGET.svg. In 8 bits, charts take the smaller
    one of our own count and an estimate from the published rates of CMSIS-NN.

    Stop the command at any time and repeat it: what is finished is kept. Several processes may work on one
    study; on several machines give all the same --storage.

    \b
    Example:
      sensor-bnn explore watch-small --target cortex-m0plus --target cortex-m7
      sensor-bnn explore my-sensor.toml --target cortex-m4 --budget flash=128K,ram=16K,instructions=2M
    """
    import torch
    from rich.progress import Progress

    from sensor_bnn.files import check_file, write_files
    from sensor_bnn.interruption import interruptions
    from sensor_bnn.report.console import steps_console
    from sensor_bnn.report.exploration import print_exploration
    from sensor_bnn.report.explore_page import draw_exploration, render_exploration
    from sensor_bnn.report.progress import RunBar, run_columns
    from sensor_bnn.train import sets
    from sensor_bnn.train.loop import EpochDone
    from sensor_bnn.train.recipe import Recipe, load_recipe, refuse_targets
    from sensor_bnn.train.space import KINDS
    from sensor_bnn.train.survey import in_steps
    from sensor_bnn.workflows.explore import Plan, board_of, explore, with_test

    limits = _limits(budget)
    base = load_recipe(recipe)
    refuse_targets(base, "`explore`")
    boards = tuple(dict.fromkeys(board_of(target) for target in targets or ("cortex-m0plus", "cortex-m7")))
    for place, board in enumerate(boards):
        same = next((other for other in boards[:place] if other.target == board.target), None)
        if same is not None:
            raise click.UsageError(
                f"--target: {same.name} and {board.name} are both {board.target}. Give one of them."
            )
    folder = out or Path("runs") / f"explore-{base.name}"
    torch.set_num_threads(threads)
    console = steps_console()
    check_file(folder / "explore.json")  # A place that cannot be written to is refused before data are read.
    dataset = sets.load(base.data)
    plan = Plan(
        in_steps(base, dataset, steps),
        boards,
        tuple(kind for kind in KINDS if not kinds or kind.split()[0] in kinds),
        sizes,
        seeds,
        search,
        limits,
        folder,
        storage,
        "compiled" if compiled else "auto",
    )
    columns = run_columns(console)
    before: int | None = None
    # What is done is kept, and the same command goes on, whatever it does when a signal comes.
    with interruptions("The exploration", lambda: True), Progress(*columns, console=console) as progress:
        models = progress.add_task("", total=None)
        bar = RunBar(progress)

        def done(finished: int, total: int) -> None:
            # The time left is that of the runs of this process: what was finished before takes none.
            nonlocal before
            before = finished if before is None else before
            told = f"{finished} of {total} runs, one per model and seed"
            progress.update(
                models, total=max(1, total - before), completed=finished - before, description=told
            )

        def started(recipe: Recipe, where: Path) -> EpochDone:
            return bar.started(where.name, recipe.schedule.epochs)

        result, busy = explore(plan, dataset, started, progress.console, done)
        if with_test_part:
            result = with_test(plan, dataset, result, started)
    if busy:
        console.print(f"another process is working on {busy} of the trials")
    pictures = {f"{target}.svg": picture for target, picture in draw_exploration(result).items()}
    page = {"explore.json": json.dumps(result, indent=1) + "\n", "explore.html": render_exploration(result)}
    write_files(folder, {**page, **pictures})
    if as_json:
        click.echo(json.dumps(result))
    else:
        print_exploration(result)
        click.echo(f"\npage {folder / 'explore.html'}")


def _limits(budget: str) -> Budget:
    """Read ``flash=128K,ram=16K``: K and M are powers of 1024 for bytes, of 1000 for instructions."""
    from sensor_bnn.workflows.explore import Budget

    found: dict[str, int] = {}
    for part in filter(None, budget.split(",")):
        match = _LIMIT.fullmatch(part.strip())
        if match is None or match[1] in found:
            raise click.UsageError(
                f"--budget: {part!r} is no limit, or given twice. Write flash=128K,ram=16K,instructions=2M."
            )
        units = _COUNTS if match[1] == "instructions" else _UNITS
        found[match[1]] = int(Decimal(match[2]) * units[match[3].lower()])
    return Budget(**found)
