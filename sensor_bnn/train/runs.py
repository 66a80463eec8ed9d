"""Folders of runs: whether a run is finished, resumable or in use, and the teacher that it needs first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sensor_bnn.claims import claimed_folder
from sensor_bnn.errors import BusyError, CheckpointError, FileError
from sensor_bnn.nn.checkpoint import Checkpoint, load_checkpoint, read_tensors
from sensor_bnn.train.defaults import with_defaults
from sensor_bnn.train.distill import Teacher, check_pair, load_teacher
from sensor_bnn.train.epochs import Stepped, unwatched
from sensor_bnn.train.fingerprint import data_digest
from sensor_bnn.train.loop import EpochDone, Pace, train
from sensor_bnn.train.processes import Processes
from sensor_bnn.train.recipe import Augmentation, Distillation, Recipe, load_recipe, parse_recipe, stated
from sensor_bnn.train.sets import DataSet, split
from sensor_bnn.train.state import CHECKPOINT_FILE, STATE_FILE, STATE_FORMAT

TWIN = "auto"
"""The value of ``distill.teacher`` that names the student's own twin in full precision."""

TWIN_SUFFIX = "full"

Started = Callable[[Recipe, Path], EpochDone]
"""A callback when a run starts. It gets the recipe and the folder, and returns the callback of each epoch."""


def complete(
    recipe: Recipe,
    dataset: DataSet,
    seed: int,
    out: Path,
    teacher_folder: Path,
    started: Started,
    pace: Pace = "auto",
    processes: Processes | None = None,
    fresh: bool = False,
    stepped: Stepped = unwatched,
    teacher: Teacher | None = None,
) -> Checkpoint:
    """Return the run's checkpoint; first train the run, or the rest of it, and its teacher, if necessary.

    Args:
        recipe: the recipe of the run.
        dataset: the whole set.
        seed: the seed of the run and of its teacher.
        out: the folder of the run.
        teacher_folder: the folder of the teacher's run, if the recipe names the teacher's recipe.
        started: the callback when a run starts.
        pace, processes: see ``train``.
        fresh: whether to discard a run of another recipe, seed or data that the folder holds.
        stepped: see ``train``.
        teacher: the teacher; None for the one that the recipe names.

    Raises:
        BusyError: another process trains this run.
        CheckpointError, DataError: see ``train``; also for a finished run of other data.
    """
    data = data_digest(dataset, recipe)
    if not is_finished(recipe, seed, out, data, fresh):
        chosen = with_defaults(recipe, dataset)
        teacher = teacher or ready_teacher(
            chosen, dataset, seed, teacher_folder, started, pace, processes, fresh, stepped
        )
        with claimed(out, processes):
            if not is_finished(
                recipe, seed, out, data, fresh
            ):  # another process may have finished it meanwhile
                resume = is_resumable(recipe, seed, out, data, fresh)
                if not resume and not fresh and (out / STATE_FILE).exists():
                    raise CheckpointError(
                        f"{out} holds a run of another recipe than {recipe.name} is now, or of another seed.",
                        "Delete that folder, or choose another with --out.",
                    )
                done = started(chosen, out)
                train(
                    chosen,
                    dataset,
                    seed,
                    out,
                    teacher=teacher,
                    resume=resume,
                    fresh=fresh and not resume,
                    pace=pace,
                    processes=processes,
                    epoch_done=done,
                    stepped=stepped,
                )
    return load_checkpoint(out / CHECKPOINT_FILE)


def ready_teacher(
    recipe: Recipe,
    dataset: DataSet,
    seed: int,
    folder: Path,
    started: Started,
    pace: Pace = "auto",
    processes: Processes | None = None,
    fresh: bool = False,
    stepped: Stepped = unwatched,
) -> Teacher | None:
    """Return the teacher that the recipe names, from its checkpoint; first train it in ``folder`` if needed.

    Raises:
        BusyError: another process trains it.
        CheckpointError, DataError: see ``train`` and ``load_teacher``.
    """
    if not recipe.distill.teacher:
        return None
    if recipe.distill.teacher.endswith(".pt"):
        return load_teacher(recipe.distill.place(), recipe)
    found = teacher_recipe(recipe)
    parts = split(dataset, recipe)
    configs = [plan.config(parts.shape, parts.classes, parts.channels) for plan in (recipe, found)]
    check_pair(recipe.distill, *configs)  # before the teacher is trained for nothing
    complete(found, dataset, seed, folder, folder, started, pace, processes, fresh, stepped)
    return load_teacher(folder / CHECKPOINT_FILE, recipe)


def teacher_recipe(recipe: Recipe) -> Recipe:
    """Return the recipe that ``distill.teacher`` names, with the student's split.

    The teacher ``auto`` is the student's twin in full precision: the same model, data and schedule.

    Raises:
        CheckpointError: there is no such recipe, or it has a teacher itself.
    """
    if recipe.distill.teacher == TWIN:
        return replace(
            recipe,
            name=f"{recipe.name}-{TWIN_SUFFIX}",
            model={**recipe.model, "precision": "full"},
            schedule=replace(recipe.schedule, real_weights=0.0),
            distill=Distillation(),
        )
    found = replace(load_recipe(str(recipe.distill.place())), data=recipe.data)
    if found.distill.teacher:
        raise CheckpointError(
            f"The teacher {found.name} of {recipe.name} has a teacher itself.",
            "Train it first, and name its checkpoint.",
        )
    return found


def teacher_name(recipe: Recipe) -> str:
    """Return the name of the teacher's recipe or checkpoint, without folder and ending."""
    if recipe.distill.teacher == TWIN:
        return f"{recipe.name}-{TWIN_SUFFIX}"
    return Path(recipe.distill.teacher).stem


@contextmanager
def claimed(folder: Path, processes: Processes | None = None) -> Iterator[None]:
    """Lock the folder against other runs; the system releases the lock when this process is killed.

    A folder that cannot be written to is refused here, before a long training. If several processes share the
    run, the first one holds the lock, and its failure is one of all.

    Raises:
        BusyError: another process holds it.
        FileError: the folder cannot be written to.
    """
    processes = processes or Processes()
    with ExitStack() as stack:
        failure = None
        if processes.first:
            try:
                stack.enter_context(claimed_folder(folder, "--out"))
            except (BusyError, FileError) as error:
                failure = error
        # The others would wait for the first one for ever.
        failed = processes.total([float(failure is not None)])[0]
        if failure is not None:
            raise failure
        if failed:
            raise BusyError(f"The first process of this run cannot work in {folder}.", "It says why.")
        yield


def is_finished(recipe: Recipe, seed: int, out: Path, data: str | None = None, fresh: bool = False) -> bool:
    """Whether the folder holds the checkpoint of that run after its last epoch.

    Args:
        recipe, seed: the recipe and the seed of the run.
        out: the folder.
        data: the digest of the data that the run learns from; None accepts any.
        fresh: whether a run of other data is to be discarded.

    Raises:
        CheckpointError: the checkpoint is damaged, or of other data.
    """
    if not (out / CHECKPOINT_FILE).is_file():
        return False
    found = load_checkpoint(out / CHECKPOINT_FILE)
    if not _is_of(found.recipe, recipe) or found.metrics.get("seed") != seed:
        return False
    if data is None or found.metrics.get("data_sha256", data) == data:
        return True
    if fresh:
        return False
    raise CheckpointError(
        f"{out} holds a finished run of {recipe.name} that learned from other data than there are now.",
        "Restore the data, delete that folder, or choose another with --out.",
    )


def is_resumable(recipe: Recipe, seed: int, out: Path, data: str, fresh: bool = False) -> bool:
    """Whether the folder holds the state of that run; with ``fresh``, only if it learned from that data."""
    if not (out / STATE_FILE).is_file():
        return False
    found = read_tensors(out / STATE_FILE, STATE_FORMAT)
    same_data = not fresh or found.get("data") == data
    return _is_of(found["recipe"], recipe) and found["seed"] == seed and same_data


def _is_of(kept: Mapping[str, Any], recipe: Recipe) -> bool:
    """Whether a run's recipe is this one; what this one leaves open may be any."""
    found = stated(parse_recipe(kept, recipe.name))
    lists = ("train_subjects", "test_subjects", "validation")
    data = {name: getattr(found.data, name) for name in lists if getattr(recipe.data, name) is None}
    now, then = recipe.schedule, found.schedule
    schedule = {name: getattr(then, name) for name in ("epochs", "batch") if not getattr(now, name)}
    choices = ("patience", "class_weights")
    schedule |= {name: getattr(then, name) for name in choices if getattr(now, name) is None}
    open_changes = recipe.augment.auto or recipe.augment == Augmentation()
    return found == replace(
        recipe,
        data=replace(recipe.data, **data),
        schedule=replace(now, **schedule),
        augment=found.augment if open_changes else replace(recipe.augment, auto=False),
    )
