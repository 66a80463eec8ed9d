"""Folders of runs: whether a run is finished, resumable or in use, and the teacher that it needs first."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sensor_bnn.errors import CheckpointError
from sensor_bnn.files import hold_open
from sensor_bnn.nn.checkpoint import Checkpoint, load_checkpoint, read_tensors
from sensor_bnn.train.distill import Teacher, load_teacher
from sensor_bnn.train.loop import EpochDone, train
from sensor_bnn.train.processes import Processes
from sensor_bnn.train.recipe import Recipe, load_recipe, parse_recipe
from sensor_bnn.train.sets import DataSet
from sensor_bnn.train.state import STATE_FORMAT

Started = Callable[[Recipe, Path], EpochDone]
"""A callback when a run starts. It gets the recipe and the folder, and returns the callback of each epoch."""


class BusyError(CheckpointError):
    """Another process uses the run's folder."""


def complete(
    recipe: Recipe,
    dataset: DataSet,
    seed: int,
    out: Path,
    teacher_folder: Path,
    started: Started,
    compiled: bool = False,
    processes: Processes | None = None,
) -> Checkpoint:
    """Return the run's checkpoint; first train the run, or the rest of it, and its teacher, if necessary.

    Args:
        recipe: the recipe of the run.
        dataset: the whole set.
        seed: the seed of the run and of its teacher.
        out: the folder of the run.
        teacher_folder: the folder of the teacher's run, if the recipe names the teacher's recipe.
        started: the callback when a run starts.
        compiled, processes: see ``train``.

    Raises:
        BusyError: another process trains this run.
        CheckpointError, DataError: see ``train``.
    """
    if not is_finished(recipe, seed, out):
        teacher = ready_teacher(recipe, dataset, seed, teacher_folder, started, compiled, processes)
        with claimed(out, processes):
            if not is_finished(recipe, seed, out):  # another process may have finished it meanwhile
                resume = is_resumable(recipe, seed, out)
                done = started(recipe, out)
                train(
                    recipe,
                    dataset,
                    seed,
                    out,
                    teacher=teacher,
                    resume=resume,
                    compiled=compiled,
                    processes=processes,
                    epoch_done=done,
                )
    return load_checkpoint(out / "ckpt.pt")


def ready_teacher(
    recipe: Recipe,
    dataset: DataSet,
    seed: int,
    folder: Path,
    started: Started,
    compiled: bool = False,
    processes: Processes | None = None,
) -> Teacher | None:
    """Return the teacher that the recipe names, from its checkpoint; first train it in ``folder`` if needed.

    Raises:
        BusyError: another process trains it.
        CheckpointError, DataError: see ``train`` and ``load_teacher``.
    """
    if not recipe.distill.teacher:
        return None
    if recipe.distill.teacher.endswith(".pt"):
        return load_teacher(Path(recipe.distill.teacher), recipe)
    found = teacher_recipe(recipe)
    complete(found, dataset, seed, folder, folder, started, compiled, processes)
    return load_teacher(folder / "ckpt.pt", recipe)


def teacher_recipe(recipe: Recipe) -> Recipe:
    """Return the recipe that ``distill.teacher`` names, with the student's split.

    Raises:
        CheckpointError: there is no such recipe, or it has a teacher itself.
    """
    found = replace(load_recipe(recipe.distill.teacher), data=recipe.data)
    if found.distill.teacher:
        raise CheckpointError(
            f"The teacher {found.name} of {recipe.name} has a teacher itself.",
            "Train it first, and name its checkpoint.",
        )
    return found


@contextmanager
def claimed(folder: Path, processes: Processes | None = None) -> Iterator[None]:
    """Lock the folder against other runs; the system releases the lock when this process is killed.

    If several processes share the run, the first one holds the lock.

    Raises:
        BusyError: another process holds it.
        FileError: the folder cannot be written to.
    """
    if processes is not None and not processes.first:
        yield
        return
    with hold_open(folder / ".claim") as claim:
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(
                f"Another process trains in {folder}.", "Wait for it, or choose another folder."
            ) from error
        yield


def is_finished(recipe: Recipe, seed: int, out: Path) -> bool:
    """Whether the folder holds the checkpoint of that run after its last epoch."""
    if not (out / "ckpt.pt").is_file():
        return False
    found = load_checkpoint(out / "ckpt.pt")
    return parse_recipe(found.recipe, recipe.name) == recipe and found.metrics.get("seed") == seed


def is_resumable(recipe: Recipe, seed: int, out: Path) -> bool:
    """Whether the folder holds the state of an unfinished run of that recipe and seed."""
    if not (out / "last.pt").is_file():
        return False
    found = read_tensors(out / "last.pt", STATE_FORMAT)
    return parse_recipe(found["recipe"], recipe.name) == recipe and found["seed"] == seed
