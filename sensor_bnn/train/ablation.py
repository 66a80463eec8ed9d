"""A table of recipes over seeds or held-out subjects, filled run by run; it may be killed at any time."""

from __future__ import annotations

import hashlib
import json
import statistics
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec

from sensor_bnn.errors import BusyError, CheckpointError
from sensor_bnn.files import write_files
from sensor_bnn.nn.checkpoint import load_checkpoint
from sensor_bnn.reading import Source, is_file, read_toml, toml_values
from sensor_bnn.train.images import Images
from sensor_bnn.train.loop import Pace
from sensor_bnn.train.parts import folds, settled
from sensor_bnn.train.recipe import Rate, Recipe, Subjects, load_recipe, refuse_targets
from sensor_bnn.train.runs import Started, complete, is_finished, teacher_name
from sensor_bnn.train.sets import DataSet

_LONGEST_NAME = 80
_FOLDER = Path(__file__).resolve().parent / "ablations"


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An ablation's file: recipes by label, groups of subjects, and learning rates to try for each row."""

    rows: Annotated[dict[str, str], msgspec.Meta(min_length=1)]
    folds: tuple[Subjects, ...] = ()
    rates: tuple[Rate, ...] = ()


@dataclass(frozen=True)
class Row:
    """One line of the table: a label and the recipe."""

    label: str
    recipe: Recipe


@dataclass(frozen=True)
class Ablation:
    """The recipes that a table compares.

    Attributes:
        name: the name of the table.
        rows: the rows, in the order of the table.
        folds: groups of training subjects, each of which is held out in turn.
    """

    name: str
    rows: tuple[Row, ...]
    folds: tuple[Subjects, ...]


@dataclass(frozen=True)
class Run:
    """One training run of a row.

    Attributes:
        row: the row of the table.
        seed: the seed of the run.
        held_out: the subjects of its test part; None for the test subjects of the recipe.
        recipe: the recipe with that split.
        folder: the folder of the run.
        teacher_folder: the folder of the teacher's run.
    """

    row: Row
    seed: int
    held_out: Subjects | None
    recipe: Recipe
    folder: Path
    teacher_folder: Path


Advance = Callable[[int, int], object]
"""A callback that gets the number of finished runs and the number of all runs."""


def load_ablation(name_or_path: str) -> Ablation:
    """Load a shipped table by name, or a TOML file: ``[rows]`` of label = recipe, ``folds`` and ``rates``.

    With ``rates`` the table has every row once per learning rate. A recipe's file is a table of one row.

    Raises:
        CheckpointError: there is no such file, or it has a mistake.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = _FOLDER / f"{name_or_path}.toml"
    if not is_file(path):
        names = ", ".join(sorted(file.stem for file in _FOLDER.glob("*.toml")))
        raise CheckpointError(
            f"There is no ablation {name_or_path}.", f"Choose one of {names}, or give a .toml file."
        )
    source = Source(str(path), CheckpointError, 'Write [rows] with "label" = "recipe".')
    if path.parent != _FOLDER and not {"base", "preset", "data"}.isdisjoint(toml_values(path, source)):
        recipe = load_recipe(str(path))
        refuse_targets(recipe, "`ablate`")
        return Ablation(recipe.name, (Row(recipe.name, recipe),), ())
    table = read_toml(path, _Table, source)
    loaded = tuple(
        row
        for label, name in table.rows.items()
        for row in _at_rates(Row(label, load_recipe(name, path.parent)), table.rates)
    )
    for row in loaded:
        refuse_targets(row.recipe, "`ablate`")
    if len({row.recipe.name for row in loaded}) < len(loaded):
        raise CheckpointError(f"The ablation {path} names a recipe twice.", "Give every row its own.")
    return Ablation(path.stem, loaded, table.folds)


def with_folds(ablation: Ablation, dataset: DataSet, count: int) -> Ablation:
    """Return the ablation with the split that its recipes leave open, all of the same data.

    Args:
        ablation: the table.
        dataset: the whole set.
        count: the number of folds into which the training subjects or recordings are divided; 0 for the folds
            that the table states.

    Raises:
        CheckpointError: the set has images.
        DataError: see ``sensor_bnn.train.parts.folds``.
    """
    if isinstance(dataset, Images):
        raise CheckpointError(
            f"The ablation {ablation.name} has images, which have no subjects or recordings to hold out.",
            "Set data.held_out in its recipes.",
        )
    data = settled(dataset, ablation.rows[0].recipe.data)
    rows = tuple(replace(row, recipe=replace(row.recipe, data=data)) for row in ablation.rows)
    return replace(ablation, rows=rows, folds=folds(dataset, data, count) if count else ablation.folds)


def plan_runs(ablation: Ablation, seeds: int, by_folds: bool, out: Path) -> list[Run]:
    """Return all runs, ordered by seed, then by fold, so that all rows fill equally.

    Args:
        ablation: the table.
        seeds: the number of seeds, from 0.
        by_folds: whether to hold out each fold in turn instead of using the recipes' test subjects.
        out: the folder of the table.

    Raises:
        CheckpointError: there are no folds, or a fold is not part of a recipe's training subjects.
    """
    if by_folds and not ablation.folds:
        raise CheckpointError(
            f"The ablation {ablation.name} has no folds.",
            "Add `folds`, give --cross-validate 5, or leave --folds out.",
        )
    held: tuple[Subjects | None, ...] = ablation.folds if by_folds else (None,)
    return [_run(row, seed, fold, out) for seed in range(seeds) for fold in held for row in ablation.rows]


def fill(
    ablation: Ablation,
    runs: list[Run],
    dataset: DataSet,
    out: Path,
    started: Started,
    advance: Advance = lambda done, total: None,
    only: Collection[str] = (),
    pace: Pace = "auto",
) -> list[Run]:
    """Train the missing runs and rewrite ``out/table.md`` and ``out/table.json`` after every run.

    Several processes may fill one table: each skips the runs on which another one works.

    Args:
        ablation: the table.
        runs: all runs of the table.
        dataset: the whole set.
        out: the folder of the table.
        started: the callback when a run starts.
        advance: the callback for the progress of the table.
        only: the names of the recipes to train now; empty for all.
        pace: see ``sensor_bnn.train.loop.train``.

    Returns:
        The runs on which other processes were still working when all others were finished.

    Raises:
        CheckpointError, DataError: see ``sensor_bnn.train.loop.train``.
    """
    left = [run for run in runs if not only or run.recipe.name in only]
    write_table(ablation, runs, out)  # A place that cannot be written to is refused before the first run.
    while left:
        busy = []
        for run in left:
            try:
                complete(run.recipe, dataset, run.seed, run.folder, run.teacher_folder, started, pace)
            except BusyError:
                busy.append(run)
            write_table(ablation, runs, out)
            advance(sum(is_finished(run.recipe, run.seed, run.folder) for run in runs), len(runs))
        # Nothing could be done in this round: other processes work on all that is left.
        if len(busy) == len(left):
            return busy
        left = busy
    return []


def tabulate(ablation: Ablation, runs: list[Run]) -> dict[str, Any]:
    """Return the table as plain values; the mean of a row without a finished run is None."""
    rows = []
    for row in ablation.rows:
        entries = []
        own = [run for run in runs if run.row == row]
        for run in own:
            if not is_finished(run.recipe, run.seed, run.folder):
                continue
            metrics = load_checkpoint(run.folder / "ckpt.pt").metrics
            entries.append({"seed": run.seed, "held_out": run.held_out, "top1": metrics["test_top1"]})
        top1 = [entry["top1"] for entry in entries]
        rows.append(
            {
                "label": row.label,
                "recipe": row.recipe.name,
                "runs": entries,
                "missing": len(own) - len(entries),
                "mean": statistics.mean(top1) if top1 else None,
                "spread": statistics.stdev(top1) if len(top1) > 1 else None,
            }
        )
    return {"ablation": ablation.name, "rows": rows}


def markdown(table: dict[str, Any]) -> str:
    """Return the table as Markdown, in percent; the spread is the standard deviation over runs (n - 1)."""
    lines = ["| step | recipe | top-1, mean ± spread | runs | each |", "|---|---|---|---|---|"]
    for row in table["rows"]:
        mean, spread = row["mean"], row["spread"]
        reached = "-" if mean is None else f"{100 * mean:.2f}"
        reached += "" if spread is None else f" ± {100 * spread:.2f}"
        count = len(row["runs"])
        runs = f"{count} of {count + row['missing']}" if row["missing"] else str(count)
        each = " ".join(f"{100 * run['top1']:.2f}" for run in row["runs"])
        lines.append(f"| {row['label']} | `{row['recipe']}` | {reached} | {runs} | {each} |")
    return "\n".join(lines) + "\n"


def write_table(ablation: Ablation, runs: list[Run], out: Path) -> None:
    """Write ``table.json`` and ``table.md`` atomically.

    Raises:
        FileError: they cannot be written.
    """
    table = tabulate(ablation, runs)
    write_files(out, {"table.json": json.dumps(table, indent=1) + "\n", "table.md": markdown(table)})


def _at_rates(row: Row, rates: Sequence[float]) -> list[Row]:
    """Return the row once per learning rate, so that every row gets the same search."""
    if not rates:
        return [row]
    recipe = row.recipe
    return [
        Row(
            f"{row.label}, rate {rate:g}",
            replace(recipe, name=f"{recipe.name}-rate{rate:g}", schedule=replace(recipe.schedule, rate=rate)),
        )
        for rate in rates
    ]


def _short(held_out: Subjects) -> str:
    """Return a fold as a part of a folder's name; names and long lists as their digest."""
    text = "-".join(map(str, held_out))
    plain = all(isinstance(subject, int) for subject in held_out) and len(text) <= _LONGEST_NAME
    return text if plain else hashlib.sha256(text.encode()).hexdigest()[:12]


def _run(row: Row, seed: int, held_out: Subjects | None, out: Path) -> Run:
    recipe = row.recipe
    suffix = f"seed{seed}"
    if held_out is not None:
        learned = recipe.data.parts()[0]
        rest = tuple(subject for subject in learned if subject not in held_out)
        if not rest or not set(held_out) <= set(learned):
            raise CheckpointError(
                f"The fold {list(held_out)} is not a part of the training subjects {list(learned)} of"
                f" {recipe.name}, or leaves none of them.",
                "Correct the folds.",
            )
        recipe = replace(recipe, data=replace(recipe.data, train_subjects=rest, test_subjects=held_out))
        suffix += f"-without{_short(held_out)}"
    teacher = f"{teacher_name(recipe)}-{suffix}"
    return Run(row, seed, held_out, recipe, out / f"{recipe.name}-{suffix}", out / teacher)
