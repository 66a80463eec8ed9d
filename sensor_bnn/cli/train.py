"""``sensor-bnn train``: a checkpoint from a recipe."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sensor_bnn.cli.pace import pace_options

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from sensor_bnn.train.loop import EpochDone, Pace
    from sensor_bnn.train.recipe import Recipe
    from sensor_bnn.train.sets import DataSet, Split

_GAP = 0.25
"""A model that is so much better on what it learned from than on the test part is told about."""


@click.command(name="train")
@click.argument("recipe")
@click.option("--seed", default=0, show_default=True, help="Seed of initial weights, order and augmentation.")
@click.option("--epochs", type=click.IntRange(min=1), help="Number of epochs.  [default: the recipe's]")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the run.  [default: runs/RECIPE-seedSEED]",
)
@click.option("--resume", is_flag=True, help="Continue an interrupted run in the same folder.")
@click.option("--fresh", is_flag=True, help="Start over, and discard the run that is in the folder.")
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Threads of PyTorch. The number changes the rounding: compare only runs with the same number.",
)
@pace_options
@click.option(
    "--devices",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes per node that share every batch, one per GPU (without GPUs: on the CPU).",
)
@click.option("--nodes", type=click.IntRange(min=1), default=1, show_default=True, help="Number of machines.")
@click.option(
    "--strategy",
    type=click.Choice(["auto", "ddp"]),
    default="auto",
    show_default=True,
    help="ddp: use PyTorch's distributed data parallel even with one process.",
)
@click.option(
    "--precision",
    type=click.Choice(["32", "bf16"]),
    default="32",
    show_default=True,
    help="bf16: float products in bfloat16 during training; weights, statistics and evaluation stay float32.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Train nothing; print model, sizes, data, schedule, seconds per step, and the time of the run.",
)
@click.option(
    "--report",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write a page: curves, figures of each class, confusion matrix.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object on stdout.")
def command(
    recipe: str,
    seed: int,
    epochs: int | None,
    out: Path | None,
    resume: bool,
    fresh: bool,
    threads: int,
    pace: Pace,
    devices: int,
    nodes: int,
    strategy: str,
    precision: str,
    dry_run: bool,
    page: Path | None,
    as_json: bool,
) -> None:
    """Train RECIPE: the name of a recipe that ships, or a .toml file.

    Writes OUT/ckpt.pt (for `evaluate` and `export`) and OUT/history.json. After every epoch it writes
    OUT/history.csv and OUT/last.pt, so you may stop it at any time and continue with --resume, as long as the
    recipe and the data stay as they are. Ctrl-C also saves the current step. A run that is in OUT is
    overwritten only with --fresh. The data set is downloaded once and checked.

    The model is tested once, after the last epoch: accuracy, balanced accuracy, precision, recall and F1 of
    each class, and the confusion matrix. With a validation part (data.validation) the best epoch by it is
    kept, and schedule.patience ends the training early. What a recipe of your own data leaves open follows
    the data; --dry-run says what, and why. If the recipe names another recipe as its teacher, the teacher is
    trained first, in OUT/teacher and for its own number of epochs, unless it is there already.

    With --devices or --nodes, several processes share every batch. The loss curve is that of one process, up
    to the order of float sums. Run the same command on each node, with MASTER_ADDR, MASTER_PORT and NODE_RANK
    set, or use torchrun or SLURM. OUT must be a folder that all nodes share.

    \b
    Example:
      sensor-bnn train watch-small --seed 1
      sensor-bnn evaluate runs/watch-small-seed1/ckpt.pt --integers
      sensor-bnn train watch-small --devices 2 --strategy ddp
    """
    import dataclasses

    import torch
    from rich.progress import Progress

    from sensor_bnn.files import check_file, write_file
    from sensor_bnn.interruption import interruptions, written_to
    from sensor_bnn.report.console import steps_console
    from sensor_bnn.report.progress import run_columns
    from sensor_bnn.report.training import print_training, training_facts
    from sensor_bnn.train import sets
    from sensor_bnn.train.defaults import told, with_defaults
    from sensor_bnn.train.loop import train
    from sensor_bnn.train.processes import Processes, launch
    from sensor_bnn.train.recipe import load_recipe
    from sensor_bnn.train.runs import claimed, ready_teacher
    from sensor_bnn.train.state import STATE_FILE, check_start

    if resume and fresh:
        raise click.UsageError("Give only one of --resume and --fresh.")
    if page is not None and not dry_run:
        check_file(page)
    plan = load_recipe(recipe)
    if epochs is not None:
        plan = dataclasses.replace(plan, schedule=dataclasses.replace(plan.schedule, epochs=epochs))
    folder = out or Path("runs") / f"{plan.name}-seed{seed}"
    torch.set_num_threads(threads)
    processes = Processes()
    several = devices * nodes > 1 or strategy == "ddp"
    if not dry_run and (several or precision != "32" or torch.cuda.is_available()):
        processes = launch(devices, nodes, strategy, {"32": "32-true", "bf16": "bf16-mixed"}[precision])
        # Again, because the launch of several processes sets a number of its own.
        torch.set_num_threads(threads)
    console = steps_console(quiet=not processes.first)
    number = f"{plan.schedule.epochs} epochs, " if plan.schedule.epochs else ""
    console.print(f"[bold]{plan.name}[/], seed {seed}, {number}to {folder}")

    def with_choices(written: Recipe, dataset: DataSet) -> Recipe:
        chosen = with_defaults(written, dataset)
        lines = told(written, chosen)
        if lines and not dry_run:
            # Without the reasons, because a new user reads everything that is printed.
            values = ", ".join(line.rpartition(": ")[0] for line in lines)
            lines = [f"{values} (--dry-run says why)"]
        for line in lines:
            console.print(f"chosen: {line}", markup=False, highlight=False, soft_wrap=True)
        return chosen

    if dry_run:
        dataset = _load(plan, console)
        chosen = with_choices(plan, dataset)
        _show(chosen, sets.split(dataset, chosen), pace, as_json, threads, told(plan, chosen))
        return
    columns = run_columns(console, "epochs", counted=True)
    with (
        interruptions(f"Training of {plan.name}", written_to(folder / STATE_FILE, kept=resume)),
        claimed(folder, processes),
        Progress(*columns, console=console) as progress,
    ):
        check_start(folder, resume, fresh)
        dataset = _load(plan, console)
        plan = with_choices(plan, dataset)
        shown = _Shown(progress)
        teacher = ready_teacher(
            plan, dataset, seed, folder / "teacher", shown.started, pace, processes, fresh, shown.stepped
        )
        done = shown.started(plan, folder)
        run = train(
            plan,
            dataset,
            seed,
            folder,
            teacher=teacher,
            resume=resume,
            fresh=fresh,
            pace=pace,
            processes=processes,
            epoch_done=done,
            stepped=shown.stepped,
        )
    if not processes.first:
        return
    result = {
        "recipe": plan.name,
        "seed": seed,
        "epochs": plan.schedule.epochs,
        "train_loss": run.history[-1]["loss"],
        "checkpoint": str(run.checkpoint),
        **training_facts(run),
    }
    if page is not None:
        from sensor_bnn.report.training_page import render_training

        write_file(page, render_training(result).encode())
    if as_json:
        click.echo(json.dumps(result))
    else:
        print_training(result)
        _say_test(result, plan)
        click.echo(f"checkpoint {run.checkpoint}")
        if page is not None:
            click.echo(f"page {page}")


def _say_test(result: dict[str, Any], plan: Recipe) -> None:
    """Print what the model reaches on the test part, and what is odd about it."""
    if "targets" in result:
        from sensor_bnn.report.regression import in_a_line

        click.echo(f"test {in_a_line(result['targets'])}")
        for one in result["targets"]:
            if one["rmse"] >= one["baseline_rmse"]:
                click.echo(
                    f"note: for {one['name']} that is no better than the mean of what was learned. Perhaps"
                    " the windows do not say this number, or the training part has too few recordings."
                )
        return
    windows = sum(sum(row) for row in result["confusion"])
    click.echo(f"test top-1 {result['test_top1']:.2%} over {windows} windows")
    if plan.data.normal:
        click.echo(_anomalies(result["confusion"], plan.data.false_alarms))
    gap = result["train_top1"] - result["test_top1"]
    # With data.normal the two parts hold other anomalies: those of training are distorted windows.
    if gap > _GAP and not plan.data.normal:
        click.echo(
            f"note: that is {100 * gap:.0f} points below the training windows. The model may have learned"
            " these recordings by heart: record more, of more people, or try another preset."
        )


def _anomalies(confusion: list[list[int]], wanted: float) -> str:
    """Say what a detector of anomalies does on the test part; rows of the confusion are true classes."""
    (right, alarms), (missed, found) = confusion
    told = []
    if right + alarms:
        told.append(f"false alarms in {alarms / (right + alarms):.1%} of {right + alarms:,} normal windows")
    told.append(f"the threshold was set for {wanted:.1%}")
    if missed + found:
        told.append(f"{found / (missed + found):.1%} of {missed + found:,} anomalous windows found")
    return "; ".join(told)


class _Shown:
    """The progress of the run and of its teacher's, one line each."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._told = ""

    def started(self, plan: Recipe, folder: Path) -> EpochDone:
        """Add the line of a run."""
        self._told = plan.name
        self._task = self._progress.add_task(plan.name, total=plan.schedule.epochs)
        return self._epoch_done

    def _epoch_done(self, epoch: int, entry: dict[str, float]) -> None:
        name = self._told.split("  ")[0]
        self._told = f"{name}  rate {entry['rate']:.2g}  loss {entry['loss']:.3f}"
        if "rmse" in entry:
            self._told += f"  RMSE {entry['rmse']:.3f}"
            if "validation_rmse" in entry:
                self._told += f"  validation {entry['validation_rmse']:.3f}"
            return
        self._told += f"  right {entry['top1']:.1%}"
        if "validation_top1" in entry:
            self._told += f"  validation {entry['validation_top1']:.1%}"

    def stepped(self, epochs: float, speed: float) -> None:
        """Show the epochs that are done, fractions included, and the speed in windows per second."""
        assert self._task is not None
        self._progress.update(self._task, completed=epochs, description=f"{self._told}  {speed:,.0f}/s")


def _load(plan: Recipe, console: Console) -> DataSet:
    """Load the recipe's data, and print what is in it and what is odd about its split."""
    from sensor_bnn.report.contents import in_three_lines
    from sensor_bnn.train import sets, small_windows
    from sensor_bnn.train.contents import summary_of
    from sensor_bnn.train.windows import Recordings

    dataset = sets.load(plan.data)
    notes = sets.check_split(dataset, plan.data)
    if isinstance(dataset, Recordings):
        notes += small_windows.told(dataset, plan)
    for line in in_three_lines(summary_of(plan.data, dataset)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for note in notes:
        console.print(f"note: {note}", markup=False, highlight=False, soft_wrap=True)
    return dataset


def _show(plan: Recipe, parts: Split, pace: Pace, as_json: bool, threads: int, choices: list[str]) -> None:
    """Print what would be trained, on which data, and for how long."""
    from dataclasses import asdict

    from sensor_bnn.nn.sizes import sizes
    from sensor_bnn.train import sets
    from sensor_bnn.train.distill import Teacher, load_teacher
    from sensor_bnn.train.estimate import time_steps
    from sensor_bnn.train.runs import teacher_recipe

    teacher: Recipe | Teacher | None = None
    if plan.distill.teacher.endswith(".pt"):
        teacher = load_teacher(plan.distill.place(), plan)
    elif plan.distill.teacher:
        teacher = teacher_recipe(plan)
    trained_first = None if isinstance(teacher, Teacher) else teacher

    found = sizes(plan.config(parts.shape, parts.classes, parts.channels, parts.targets))
    steps = plan.schedule.epochs * -(-len(parts.train) // plan.schedule.batch)
    step = time_steps(plan, parts, teacher, pace)
    seconds = steps * step.seconds + plan.schedule.epochs * step.validating
    if trained_first is not None:
        its = trained_first.schedule.epochs * -(-len(parts.train) // trained_first.schedule.batch)
        of_teacher = time_steps(trained_first, parts, None, pace)
        seconds += its * of_teacher.seconds + trained_first.schedule.epochs * of_teacher.validating
    shown = {
        "recipe": plan.to_dict(),
        "input": list(parts.shape),
        "classes": list(parts.classes),
        "learned_from": len(parts.train),
        "tested_on": len(parts.test.y),
        "validated_on": 0 if parts.validation is None else len(parts.validation.y),
        "choices": choices,
        "steps": steps,
        "estimated_seconds": seconds,
        "seconds_per_step": step.seconds,
        "kind_of_steps": step.kind,
        "threads": threads,
        "sizes": {**asdict(found), "stored_bytes": found.stored_bytes},
    }
    if as_json:
        click.echo(json.dumps(shown))
        return
    kind = "numbers" if parts.targets else "classes"
    click.echo(f"input {'x'.join(map(str, parts.shape))}, {kind}: {', '.join(parts.classes)}")
    click.echo(f"will learn from {shown['learned_from']} samples and be tested on {shown['tested_on']}")
    click.echo(f"{plan.schedule.epochs} epochs, about {shown['steps']} steps of {plan.schedule.batch}")
    taught = "" if trained_first is None else f", with its teacher {trained_first.name}"
    click.echo(f"about {_duration(seconds)} here{taught}: estimated from {step.timed} steps", nl=False)
    click.echo(f" of {step.seconds:.3g} seconds on average with {threads} thread(s),", nl=False)
    click.echo(" as busy as this machine is now")
    if step.kind != "plain":
        click.echo(f"  kind of steps: {step.kind}")
    click.echo(f"{found.parameters:,} parameters; {found.stored_bytes:,} bytes are stored, of them")
    click.echo(f"  {found.packed_bytes:,} packed weights, {found.float_bytes:,} other weights,", nl=False)
    click.echo(f" {found.constant_bytes:,} constants")
    click.echo(f"{found.binary_macs:,} binary and {found.float_macs:,} other multiply-adds per inference")
    of_others = {"size", "held_out", *sets.OF_IMAGES} if len(parts.shape) == 2 else {*sets.OF_WINDOWS}
    for section in ("data", "augment", "schedule"):
        click.echo(f"{section}: {_in_words(getattr(plan, section), of_others)}")
    click.echo(f"distill: {_in_words(plan.distill, of_others) if plan.distill.teacher else 'no teacher'}")


def _in_words(section: Any, of_others: Collection[str]) -> str:
    """Return the keys of a part of a recipe with their values; those that are off or empty come last.

    Args:
        section: the part.
        of_others: keys that do not apply to these data; they are left out.
    """
    from dataclasses import fields

    told, off = [], []
    for key in (item.name for item in fields(section) if item.name not in {"folder", *of_others}):
        value = getattr(section, key)
        if value or key == "split_seed":
            told.append(f"{key} {_value_in_words(value)}")
        else:
            off.append(key)
    return "; ".join([*told, f"off or not given: {', '.join(off)}"] if off else told)


def _value_in_words(value: Any) -> str:
    from dataclasses import asdict, is_dataclass

    from sensor_bnn.data.recorded import USUAL_COLUMNS, Columns

    if isinstance(value, Columns):
        named = {key: one for key, one in asdict(value).items() if one != getattr(USUAL_COLUMNS, key)}
        return ", ".join(f"{key} = {one or 'none'}" for key, one in named.items()) or "with the usual names"
    if value is True:
        return "on"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if is_dataclass(value) and not isinstance(value, type):
        return ", ".join(f"{key} = {one}" for key, one in asdict(value).items() if one)
    return str(value)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
