"""A search over sizes and kinds of models, as one Optuna study: cost on boards first, then accuracy.

A trial is one model with one seed. Its cost is measured with random weights on the emulated board of each
target; a model over the budget is not trained. Accuracy is that on a part of the training recordings which
is held out, so the test part chooses nothing. Studies, trials and samplers are those of Akiba et al., Optuna
(KDD 2019).
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import re
import socket
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from rich.console import Console

from sensor_bnn.digests import is_sealed, sealed
from sensor_bnn.errors import BoardError, BundleError, BusyError, CheckpointError, FileError
from sensor_bnn.files import SCRATCH, check_links, remove_scratch, scratch_folder, write_errors
from sensor_bnn.hardware.boards import Board, list_boards
from sensor_bnn.nn.hybrid_config import HybridConfig
from sensor_bnn.report.fronts import MEASURES, front, mean, placed, recommended, sentences
from sensor_bnn.tracing import NOTES
from sensor_bnn.train.defaults import with_defaults
from sensor_bnn.train.fingerprint import data_digest, program
from sensor_bnn.train.images import Images
from sensor_bnn.train.loop import Pace
from sensor_bnn.train.recipe import Recipe
from sensor_bnn.train.runs import Started, complete
from sensor_bnn.train.sets import DataSet, split
from sensor_bnn.train.space import (
    KINDS,
    MOST_BLOCKS,
    MOST_CONVOLUTIONS,
    WIDTHS,
    Kind,
    Point,
    of_kind,
    recipe_of,
    sizes,
)
from sensor_bnn.train.survey import for_validation
from sensor_bnn.workflows.published_int8 import (
    estimated,
    has_separable,
    published_instructions,
    separable_shapes,
)
from sensor_bnn.workflows.random_model import bench_random
from sensor_bnn.workflows.trial_seals import (
    MEASURED,
    PLANNED,
    PROCESS,
    TOLD,
    fault_of,
    is_planned,
    measured_of,
    process_of,
    seed_of,
    told,
)

if TYPE_CHECKING:
    import optuna

_log = logging.getLogger(__name__)

_STUDY_FILE = "study.db"
_HELD_OUT = 10
"""One in ten training images is held out for validation."""

_ALIVE = "alive.lock"
"""The file in a process's scratch folder whose lock it holds for as long as it works."""

_IDENTITY, _UNSEALED = "identity", "data"
"""Attributes of the study: recipe, targets and digest of the data, with a digest of all three. A study of an
earlier version has the digest of the data by itself, and none of the other values."""

_FULL = "disk is full"  # in SQLite's message
_OPEN_SECONDS = 60
"""How long a process waits until another one has opened the study, or has written to its file."""

_SEARCHED = ("1 bit", "mixed", "8 bits")
"""The kinds that the sampler proposes: those of the studies of earlier versions, which Optuna compares."""

_SEPARABLE = "separable"
"""The parameter that only trials of separable networks have; their kind is ``8 bits``. So the sampler, which
learns from what all trials have, still learns from all."""

_PASSWORD = re.compile(r"(://[^:/@]*:)[^@/]*@")


@dataclass(frozen=True)
class Budget:
    """The most that a model may cost, on each target; None for no limit.

    Attributes:
        flash: bytes of the whole image of the benchmark's firmware.
        ram: bytes of arena and stack.
        instructions: instructions per inference.
    """

    flash: int | None = None
    ram: int | None = None
    instructions: int | None = None

    def exceeded(self, costs: Sequence[Cost]) -> str | None:
        """Return the first limit that a cost exceeds, in words."""
        limits = {"flash_bytes": self.flash, "ram_bytes": self.ram, "instructions": self.instructions}
        for cost in costs:
            for measure, limit in limits.items():
                value = getattr(cost, measure)
                if limit is not None and value > limit:
                    return f"{value:,} of {limit:,} {MEASURES[measure]} on {cost.target}"
        return None


Done = Callable[[int, int], None]
"""A callback that gets how many runs of models are finished, and how many there are."""


@dataclass(frozen=True)
class Cost:
    """What a model costs on a target.

    Attributes:
        target: the name of the target.
        board: the emulated board that counted.
        instructions: per inference. For models of 8 bits, the smaller one of the count and ``published``.
        counted: the exact count of this project's kernels on the board; None for a separable network, whose
            costs are all estimates.
        published: for models of 8 bits, the estimate from the rates of CMSIS-NN; None if there is none.
        flash_bytes: the whole image of the benchmark's firmware.
        ram_bytes: arena and the stack that was used.
    """

    target: str
    board: str
    instructions: int
    counted: int | None
    published: int | None
    flash_bytes: int
    ram_bytes: int


@dataclass(frozen=True)
class Plan:
    """What is explored.

    Attributes:
        base: the recipe that gives data, augmentation and schedule.
        boards: an emulated board for each target; the first one's costs are the study's objectives.
        kinds: the kinds of models.
        sizes: how many of the fixed sizes, 1 to 5.
        seeds: the seeds of each.
        search: how many further models the sampler proposes, with seed 0.
        budget: the most that a model may cost.
        out: the folder of the study and of all runs.
        storage: the URL of the study's database; empty for a file in ``out``.
        pace: how steps are computed, see ``sensor_bnn.train.loop.train``.
    """

    base: Recipe
    boards: tuple[Board, ...]
    kinds: tuple[Kind, ...]
    sizes: int
    seeds: int
    search: int
    budget: Budget
    out: Path
    storage: str = ""
    pace: Pace = "auto"


def kinds_for(boards: Sequence[Board], wanted: Sequence[str]) -> tuple[Kind, ...]:
    """Return the kinds that are tried, in their order.

    Args:
        boards: the boards of the targets.
        wanted: the first words of the kinds that were asked for; if there is none, all that the targets have.

    Raises:
        BoardError: separable networks were asked for, and a target has no rates for them.
    """
    without = [board.target for board in boards if not has_separable(board.target)]
    if without and "separable" in wanted:
        raise BoardError(
            f"There is no estimate of separable networks on {', '.join(without)}: no rates of CMSIS-NN are"
            " known.",
            "Leave out --kind separable, or that target.",
        )
    return tuple(
        kind
        for kind in KINDS
        if (kind.split()[0] in wanted if wanted else kind != "separable" or not without)
    )


def board_of(target: str) -> Board:
    """Return the emulated board of a target.

    Raises:
        BoardError: there is none.
    """
    emulated = [board for board in list_boards() if board.emulator is not None]
    found = next((board for board in emulated if target in (board.target, board.name)), None)
    if found is None:
        known = ", ".join(dict.fromkeys(board.target for board in emulated))
        raise BoardError(f"No emulated board has the target {target}.", f"Choose among {known}.")
    return found


def explore(
    plan: Plan,
    dataset: DataSet,
    started: Started,
    console: Console,
    done: Done = lambda finished, total: None,
) -> tuple[dict[str, Any], int]:
    """Run what is missing of the study, and return its result and the trials that others still work on.

    May be stopped at any time and called again. Several processes and machines may work on one study.

    Args:
        plan: what is explored.
        dataset: the recipe's whole set.
        started: the callback when a run starts.
        console: each step is printed there.
        done: the callback before the first model and after each: how many are finished, by all processes, and
            how many there are.

    Raises:
        CheckpointError: the study is of another recipe, budget of steps, targets or data, or its database
            cannot be read or written.
        DataError, BoardError: see ``train`` and ``bench_random``.
    """
    with _storage_errors(plan):
        return _explored(plan, dataset, started, console, done)


def _explored(
    plan: Plan, dataset: DataSet, started: Started, console: Console, done: Done
) -> tuple[dict[str, Any], int]:
    from optuna.trial import TrialState

    images = isinstance(dataset, Images)
    validated = _for_validation(plan.base, dataset)
    check_links(plan.out, folder=True)
    with ExitStack() as stack:
        with _held(plan.out / "study.lock", _OPEN_SECONDS):
            _remove_the_dead(plan.out)
            scratch = stack.enter_context(scratch_folder(_purpose(), plan.out))
            alive = stack.enter_context(_held(scratch / _ALIVE))
            study = _opened(plan, data_digest(dataset, plan.base))
            _free_the_dead(study, plan)
            _enqueue(study, plan, images)
        busy = 0
        total = len(planned(plan, images=images)) + plan.search
        done(_finished(study, plan), total)
        while (trial := _next(study, plan, images, alive)) is not None:
            try:
                point, seed = _point_of(trial.params), seed_of(trial)
                recipe = recipe_of(validated, point, images=images)
                costs = _known_costs(study, plan, point) or [
                    _estimate(recipe, dataset, board)
                    if point.kind == "separable"
                    else _cost(recipe, dataset, board, scratch / f"{recipe.name}-{board.name}", console)
                    for board in plan.boards
                ]
                kept = [asdict(cost) for cost in costs]
                measured = {"params": trial.params, "costs": kept, "program": program()}
                trial.set_user_attr(MEASURED, sealed(measured))
                over = plan.budget.exceeded(costs)
                if over is not None:
                    console.print(f"{point.name}: not trained, {over}", highlight=False)
                    trial.set_user_attr(TOLD, told(trial, TrialState.PRUNED, None))
                    study.tell(trial, state=TrialState.PRUNED)
                    done(_finished(study, plan), total)
                    continue
                folder = plan.out / "runs" / f"{recipe.name}-seed{seed}-validation"
                run = complete(recipe, dataset, seed, folder, folder, started, plan.pace)
                top1 = float(run.metrics["test_top1"])
                values = (top1, *(float(getattr(costs[0], measure)) for measure in MEASURES))
                trial.set_user_attr(TOLD, told(trial, TrialState.COMPLETE, values))
                study.tell(trial, values)
                done(_finished(study, plan), total)
            except BusyError:
                busy += 1
                study.tell(trial, state=TrialState.FAIL)
            except BaseException:
                study.tell(trial, state=TrialState.FAIL)
                raise
        busy += sum(trial.state == TrialState.RUNNING for trial in _trials(study, plan))
        return _result(study, plan, images), busy


def _finished(study: optuna.Study, plan: Plan) -> int:
    from optuna.trial import TrialState

    over = (TrialState.COMPLETE, TrialState.PRUNED)
    return len({_key(trial) for trial in _trials(study, plan) if trial.state in over})


def with_test(plan: Plan, dataset: DataSet, result: dict[str, Any], started: Started) -> dict[str, Any]:
    """Train the models on the fronts on the whole training part, and return the result with their test top-1.

    Raises:
        BusyError: another process trains one of them.
        CheckpointError, DataError: see ``train``.
    """
    images = isinstance(dataset, Images)
    wanted = {name for one in result["fronts"] for name in one["points"]}
    points = []
    for point in result["points"]:
        runs = []
        if point["name"] in wanted:
            recipe = recipe_of(plan.base, Point(**point["parts"]), images=images)
            for seed in sorted({run["seed"] for run in point["runs"]}):
                folder = plan.out / "runs" / f"{recipe.name}-seed{seed}"
                run = complete(recipe, dataset, seed, folder, folder, started, plan.pace)
                runs.append({"seed": seed, "top1": float(run.metrics["test_top1"])})
        points.append({**point, "test_runs": runs, "test_top1": mean(runs)})
    return {**result, "points": points}


def planned(plan: Plan, *, images: bool) -> list[tuple[Point, int]]:
    """Return the fixed models and seeds of a plan; all models come once before the second seed."""
    points = sizes(images=images, count=plan.sizes, kinds=plan.kinds)
    return [(point, seed) for seed in range(plan.seeds) for point in points]


def _for_validation(base: Recipe, dataset: DataSet) -> Recipe:
    if isinstance(dataset, Images):
        held = base.data.held_out or max(1, len(dataset.train) // _HELD_OUT)
        return replace(base, data=replace(base.data, held_out=held))
    return for_validation(with_defaults(base, dataset))


def _opened(plan: Plan, data: str) -> optuna.Study:
    import optuna
    from optuna.study import StudyDirection

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    directions = [StudyDirection.MAXIMIZE, *[StudyDirection.MINIMIZE] * len(MEASURES)]
    _check_structure(plan)
    with _decoding_errors(plan):
        study = optuna.create_study(
            study_name=plan.base.name,
            storage=_storage(plan),
            directions=directions,
            sampler=optuna.samplers.NSGAIISampler(seed=0),
            load_if_exists=True,
        )
        known, found_directions = study.user_attrs, study.directions
        trials = study.get_trials(deepcopy=False)
    if found_directions != directions or (_IDENTITY not in known and trials):
        raise CheckpointError(
            f"The study {plan.base.name} in {_place(plan)} is not one of `sensor-bnn explore`.",
            "Choose another database with --storage, or another folder with --out.",
        )
    targets = [_name_of(board) for board in plan.boards]
    wanted = json.loads(json.dumps({"recipe": plan.base.to_dict(), "targets": targets, "data": data}))
    found = known.get(_IDENTITY, sealed(wanted))
    if _UNSEALED in known:
        NOTES.warning(
            "an earlier version of sensor-bnn began the study %s in %s: the trials of that version have no "
            "digests, and are not checked.",
            plan.base.name,
            _place(plan),
        )
        found = {**found, "data": known[_UNSEALED]}
    elif not (isinstance(found, dict) and is_sealed(found)):
        raise _damaged(plan, "its recipe, targets or data have changed since they were written")
    parts = [part for part in wanted if found.get(part) != wanted[part]]
    if parts:
        raise CheckpointError(
            f"The study {plan.base.name} in {_place(plan)} was begun with another"
            f" {' and other '.join(parts)}.",
            "Give the same command as then, or choose another folder with --out.",
        )
    _trials(study, plan)
    if not known:
        study.set_user_attr(_IDENTITY, found)
    return study


def _trials(study: optuna.Study, plan: Plan) -> list[optuna.trial.FrozenTrial]:
    """Return all trials of a study, in their order.

    Raises:
        CheckpointError: one is missing, or has changed since it was written.
    """
    with _decoding_errors(plan):
        trials = study.get_trials(deepcopy=False)
        fault = fault_of(trials, unsealed=_UNSEALED in study.user_attrs)
    if fault is not None:
        raise _damaged(plan, fault)
    return trials


def _check_structure(plan: Plan) -> None:
    """Let SQLite check its file: a wrong index, for one, hides a trial.

    Raises:
        CheckpointError: it finds something wrong.
    """
    file = plan.out / _STUDY_FILE
    if plan.storage or not file.exists():
        return
    if not file.stat().st_size:
        # SQLite takes an empty file for a new database, and all trials would be begun again unsaid.
        raise _damaged(plan, "the file is empty")
    try:
        with closing(sqlite3.connect(file, timeout=_OPEN_SECONDS)) as connection:
            ((said, *_), *_) = connection.execute("PRAGMA integrity_check(1)")
    except (sqlite3.Error, UnicodeDecodeError) as error:  # The text of an error may have any bytes.
        raise _unusable(plan, error) from error
    if said != "ok":
        raise _damaged(plan, str(said).splitlines()[-1])


def _name_of(board: Board) -> str:
    """Return the target of the board that ``board_of`` gives for it, and the name of any other board."""
    return board.target if board_of(board.target) == board else board.name


def _storage(plan: Plan) -> optuna.storages.RDBStorage:
    from optuna.storages import RDBStorage

    if not plan.storage:
        # A URL with the path would take "%20", "?" or "{" in a folder's name for signs of its own.
        def connect() -> sqlite3.Connection:
            return sqlite3.connect(plan.out / _STUDY_FILE, timeout=_OPEN_SECONDS, check_same_thread=False)

        return RDBStorage(f"sqlite:///{_STUDY_FILE}", engine_kwargs={"creator": connect})
    try:
        return RDBStorage(plan.storage)
    except (ImportError, LookupError, ValueError) as error:
        raise _unusable(plan, error) from error


def _place(plan: Plan) -> str:
    return _PASSWORD.sub(r"\1***@", plan.storage) or str(plan.out / _STUDY_FILE)


def _begin_again(plan: Plan) -> str:
    what = "the study in that database" if plan.storage else _place(plan)
    return (
        f"Delete {what}, and repeat the command: it takes the finished runs in {plan.out / 'runs'}, and only "
        "measures costs again."
    )


def _damaged(plan: Plan, why: str) -> CheckpointError:
    return CheckpointError(
        f"The study {plan.base.name} in {_place(plan)} is damaged: {why}.", _begin_again(plan)
    )


@contextmanager
def _decoding_errors(plan: Plan) -> Iterator[None]:
    """Say in a sentence that Optuna cannot read values: it takes for granted that they are what it wrote."""
    try:
        yield
    except (AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        said = next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
        raise _damaged(plan, f"Optuna cannot read one of its values ({said})") from error


def _unusable(plan: Plan, error: Exception) -> CheckpointError:
    cause = next(iter(str(error.__cause__ or error).splitlines()), type(error).__name__)
    remedy = "Correct --storage, or choose another folder with --out."
    if not plan.storage:
        remedy = (
            "If the disk or a limit of a file's size (`ulimit -f`) is the cause, free it and repeat."
            f" If the file is damaged, delete it and repeat: the runs in {plan.out / 'runs'} are taken."
        )
    return CheckpointError(
        f"The study in {_place(plan)} cannot be used: {cause.rstrip('.')}.",
        remedy,
    )


@contextmanager
def _storage_errors(plan: Plan) -> Iterator[None]:
    """Say in a sentence what is wrong with the study's database."""
    from optuna.exceptions import OptunaError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (OptunaError, SQLAlchemyError) as error:
        if _FULL in str(error):
            raise FileError(
                f"{_place(plan)} cannot be written ({os.strerror(errno.ENOSPC)}).",
                "Free some space, and repeat.",
            ) from error
        raise _unusable(plan, error) from error


@contextmanager
def _held(file: Path, seconds: float = 0) -> Iterator[Path]:
    """Hold a lock while the body runs; the system releases it when this process is killed.

    Raises:
        BusyError: another process holds it for longer.
        FileError: the file cannot be made.
    """
    lock = FileLock(file)
    with write_errors(file):
        try:
            lock.acquire(timeout=seconds)
        except Timeout as error:
            raise BusyError(
                f"Another process has held {file} for {seconds:g} seconds.", "Repeat the command."
            ) from error
    try:
        yield file
    finally:
        lock.release()


def _free_the_dead(study: optuna.Study, plan: Plan) -> None:
    """End the trials of processes of this machine that were killed, so that they are run again."""
    from optuna.trial import TrialState

    for trial in _trials(study, plan):
        host, alive = process_of(trial)
        ours = trial.state == TrialState.RUNNING and host == socket.gethostname()
        if ours and not _is_held(Path(alive)):
            study.tell(trial.number, state=TrialState.FAIL)


def _remove_the_dead(out: Path) -> None:
    """Remove the scratch folders of processes of this machine that were killed.

    The study's lock must be held: every process makes its own folder and lock while it holds it.
    """
    for folder in out.glob(f"{SCRATCH}{_purpose()}-*"):
        if folder.is_dir() and not _is_held(folder / _ALIVE):
            remove_scratch(folder)


def _purpose() -> str:
    """Return the purpose of a scratch folder, which names this machine: it tells its own processes only."""
    return f"cost-{hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]}"


def _is_held(file: Path) -> bool:
    """Whether a process that runs holds the lock: its number alone may be that of a later process."""
    if not file.is_file():
        return False
    try:
        with FileLock(file).acquire(blocking=False):
            return False
    except (Timeout, OSError):
        return True


def _enqueue(study: optuna.Study, plan: Plan, images: bool) -> None:
    """Add the planned trials that the study does not have; those that failed are added again."""
    from optuna.trial import TrialState

    known = {
        _key(trial)
        for trial in _trials(study, plan)
        if trial.state != TrialState.FAIL
        # Another budget may allow what an earlier one did not.
        and not (trial.state == TrialState.PRUNED and _allowed(trial, plan.budget))
    }
    for point, seed in planned(plan, images=images):
        params = _params_of(point)
        if (json.dumps(params, sort_keys=True), seed) not in known:
            planned_as = sealed({"point": params, "seed": seed})
            study.enqueue_trial(params, user_attrs={PLANNED: planned_as})


def _allowed(trial: optuna.trial.FrozenTrial, budget: Budget) -> bool:
    return budget.exceeded(_kept_costs(trial)) is None


def _kept_costs(trial: optuna.trial.FrozenTrial) -> list[Cost]:
    kept = measured_of(trial)
    return [] if kept is None else [Cost(**cost) for cost in kept["costs"]]


def _key(trial: optuna.trial.FrozenTrial) -> tuple[str, int]:
    params = trial.params or trial.system_attrs.get("fixed_params", {})
    return json.dumps(params, sort_keys=True), seed_of(trial)


def _next(study: optuna.Study, plan: Plan, images: bool, alive: Path) -> optuna.Trial | None:
    """Return the next planned trial or, when all are taken, one that the sampler proposes.

    Args:
        alive: the lock that this process holds for as long as it works.
    """
    from optuna.trial import TrialState

    trials = _trials(study, plan)
    waiting = any(trial.state == TrialState.WAITING for trial in trials)
    proposed = sum(not is_planned(trial) and trial.state != TrialState.FAIL for trial in trials)
    if not waiting and proposed >= plan.search:
        return None
    trial = study.ask()
    trial.set_user_attr(PROCESS, sealed({"host": socket.gethostname(), "alive": os.path.realpath(alive)}))
    trial.suggest_categorical("kind", _SEARCHED)
    trial.suggest_categorical("width", WIDTHS)
    trial.suggest_int("convolutions", 1, MOST_CONVOLUTIONS)
    trial.suggest_int("blocks", int(images), MOST_BLOCKS * images)
    trial.suggest_categorical("attention", (False, True))
    trial.suggest_categorical("mlp", (False, True))
    if trial.user_attrs.get(PLANNED, {}).get("point", {}).get(_SEPARABLE):
        trial.suggest_categorical(_SEPARABLE, (True,))
    if not is_planned(trial) and proposed >= plan.search:
        # Another process took the last planned trial meanwhile, so the sampler was asked.
        study.tell(trial, state=TrialState.FAIL)
        return None
    return trial


def _point_of(params: dict[str, Any]) -> Point:
    point = Point(**{name: value for name, value in params.items() if name != _SEPARABLE})
    kind: Kind = "separable" if _SEPARABLE in params else point.kind
    return of_kind(replace(point, mlp=point.mlp and point.attention), kind)


def _params_of(point: Point) -> dict[str, Any]:
    """Return the parameters of a planned trial, of which ``_point_of`` makes the point again."""
    params = asdict(point)
    return params | {"kind": "8 bits", _SEPARABLE: True} if point.kind == "separable" else params


def _known_costs(study: optuna.Study, plan: Plan, point: Point) -> list[Cost] | None:
    """Return the costs that this version of the program measured in a trial with another seed."""
    for trial in _trials(study, plan):
        kept = measured_of(trial)
        if kept is not None and kept["program"] == program() and _point_of(kept["params"]) == point:
            return _kept_costs(trial)
    return None


def _cost(recipe: Recipe, dataset: DataSet, board: Board, scratch: Path, console: Console) -> Cost:
    """Measure the cost of a recipe's model on a board."""
    parts = split(dataset, recipe)
    config = recipe.config(parts.shape, parts.classes, parts.channels)
    result = bench_random(config, board, scratch, samples=1, seed=0, narrow=False, console=console)
    assert result.instructions is not None  # the board is emulated
    if result.bit_exact is False:
        raise BundleError(
            f"{recipe.name} computes other values on {board.name} than on this machine.",
            "This is a fault of sensor-bnn. Please report it with the recipe.",
        )
    eight = config.to_dict().get("precision") == "int8"
    published = (
        published_instructions(result.layers, board.target, images=len(parts.shape) == 3) if eight else None
    )
    return Cost(
        board.target,
        board.name,
        min(result.instructions, published or result.instructions),
        result.instructions,
        published,
        result.flash_bytes,
        result.arena_bytes + result.stack_bytes,
    )


def _estimate(recipe: Recipe, dataset: DataSet, board: Board) -> Cost:
    """Return what a separable network would cost with CMSIS-NN."""
    parts = split(dataset, recipe)
    config = recipe.config(parts.shape, parts.classes, parts.channels)
    assert isinstance(config, HybridConfig)
    found = estimated(separable_shapes(config), board.target)
    count = found.instructions
    return Cost(board.target, board.name, count, None, count, found.flash_bytes, found.ram_bytes)


def _result(study: optuna.Study, plan: Plan, images: bool) -> dict[str, Any]:
    """Return the study as plain values: each model once, with the runs of all seeds."""
    from optuna.trial import TrialState

    found: dict[str, dict[str, Any]] = {}
    for trial in _trials(study, plan):
        if trial.state not in (TrialState.COMPLETE, TrialState.PRUNED):
            continue
        point, costs = _point_of(trial.params), _kept_costs(trial)
        recipe = recipe_of(plan.base, point, images=images)
        entry = found.setdefault(
            point.name,
            {
                "name": point.name,
                "kind": point.kind,
                "parts": asdict(point),
                "widths": recipe.model["widths"],
                "stages": recipe.model["stages"],
                "preset": recipe.preset,
                "model": recipe.model,
                "runs": [],
                "costs": [asdict(cost) for cost in costs],
                "over": plan.budget.exceeded(costs),
            },
        )
        if trial.state == TrialState.COMPLETE:
            seed = seed_of(trial)
            if seed not in {run["seed"] for run in entry["runs"]}:
                entry["runs"].append({"seed": seed, "top1": trial.values[0]})
    points = list(found.values())
    for one in points:
        one["runs"].sort(key=lambda run: run["seed"])
        one |= {"top1": mean(one["runs"]), "test_runs": [], "test_top1": None}
    targets = [board.target for board in plan.boards]
    fronts = [
        {"target": target, "measure": measure, "kind": kind, "points": [one.name for one in chosen]}
        for target in targets
        for measure in MEASURES
        for kind in KINDS
        if (chosen := front(one for one in placed(points, target, measure) if one.kind == kind))
    ]
    taken = recommended(points, targets[0])
    return {
        "recipe": plan.base.name,
        "targets": targets,
        "budget": asdict(plan.budget),
        "points": points,
        "fronts": fronts,
        "sentences": [one for target in targets for one in sentences(points, target)],
        "recommended": None if taken is None else taken["name"],
    }
