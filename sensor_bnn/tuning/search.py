"""The search of schedule spaces by TVM's MetaSchedule, with a builder and a runner for boards.

Its evolutionary search (``tvm.s_tir.meta_schedule``, after Shao et al., *Tensor Program Optimization with
Probabilistic Programs*, NeurIPS 2022) mutates the tiles of the best schedules so far, and sends the
candidates that its cost model ranks best to the runner. Loading an image onto a board takes long, but one
image holds many candidates. So the runner collects candidates until a result is requested, and those of all
layers run together.
"""

from __future__ import annotations

import itertools
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import tvm
from tvm import s_tir
from tvm.ir import IRModule
from tvm.ir.utils import derived_object
from tvm.s_tir import meta_schedule as ms
from tvm.s_tir.meta_schedule.tune import tune_tasks

from sensor_bnn.compiler.one_at_a_time import TVM
from sensor_bnn.compiler.schedules.space import Space
from sensor_bnn.compiler.targets import Target
from sensor_bnn.compiler.tuning import Choice
from sensor_bnn.files import scratch_folder
from sensor_bnn.tuning.trials import Trial

_ROUND = 8
"""The candidates of a layer in each round, after which the cost model is updated."""

_POPULATION = 32
"""The schedules that evolve. TVM's default of 512 is meant for spaces with millions of points."""

Floats = npt.NDArray[np.float64]

_INTRINSICS = "tvm.s_tir.tensor_intrin"
_POINT = "sensor_bnn.point."
_WORKLOAD = "sensor_bnn.workload"

Count = Callable[[Sequence[Trial]], Sequence[int | None]]
"""A function from trials to their counts on a board; None for a trial with another result than the host."""


def size_of(space: Space) -> int:
    """Return the number of a space's points."""
    return math.prod(map(len, space.parameters().values()))


def every_point(space: Space) -> list[dict[str, int]]:
    """Return all points of a space."""
    parameters = space.parameters()
    return [dict(zip(parameters, values, strict=True)) for values in itertools.product(*parameters.values())]


def search_schedules(
    spaces: Mapping[str, Space],
    target: Target,
    trials: int,
    seed: int,
    count: Count,
) -> None:
    """Try schedules of some workloads by MetaSchedule.

    The same seed and counts give the same trials. So an interrupted search continues where it stopped, if
    ``count`` returns the earlier counts again.

    Args:
        spaces: the spaces by workload.
        target: the processor.
        trials: the largest number of trials per workload.
        seed: the seed of the search, at least 1.
        count: the function that counts candidates; it gets those of all workloads together. An exception of
            this function ends the search and is raised again.
    """
    queue = _Queue(count)
    tasks = [_task(workload, space, target, seed) for workload, space in spaces.items()]
    try:
        with scratch_folder("tune") as folder:
            tune_tasks(
                tasks=tasks,
                task_weights=[1.0 for _ in tasks],
                work_dir=str(folder),
                max_trials_global=trials * len(tasks),
                max_trials_per_task=trials,
                num_trials_per_iter=min(_ROUND, trials),
                builder=_Builder(spaces),
                runner=_Runner(queue),
                database="memory",
                cost_model=_CostModel(spaces),
                measure_callbacks=[
                    ms.measure_callback.AddToDatabase(),
                    ms.measure_callback.UpdateCostModel(),
                ],
                # It collects one round of every layer before it requests a result.
                task_scheduler="round-robin",
            )
    except Exception:
        if queue.failure is not None:
            raise queue.failure from None
        raise


def _task(workload: str, space: Space, target: Target, seed: int) -> Any:
    def schedule(sch: s_tir.Schedule) -> None:
        named = sch.get_sblock(space.block)

        def tile(name: str, loop: Any, most: int) -> Any:
            factors = sch.sample_perfect_tile(loop, n=2, max_innermost_factor=most)
            sch.annotate(named, _POINT + name, factors[1])
            return factors

        space.schedule(sch, tile)

    function = space.blocks.with_attr("global_symbol", "main").with_attr(_WORKLOAD, workload)
    with _without_intrinsics():
        return ms.TuneContext(
            IRModule({"main": function}),
            target=tvm.target.Target(target.llvm()),
            space_generator=ms.space_generator.ScheduleFn(
                schedule, sch_rules=[], postprocs=[], mutator_probs={ms.mutator.MutateTileSize(): 1.0}
            ),
            search_strategy=ms.search_strategy.EvolutionarySearch(
                population_size=_POPULATION, init_min_unmeasured=_ROUND
            ),
            task_name=workload,
            num_threads=1,
            rand_state=seed,
        )


@contextmanager
def _without_intrinsics() -> Iterator[None]:
    """Prevent a slow import in TuneContext: the intrinsics of GPUs, which no schedule here uses.

    An empty module is in their place, but only meanwhile: other code of this process may use the real one.
    """
    with TVM:
        if _INTRINSICS in sys.modules:
            yield
            return
        sys.modules[_INTRINSICS] = ModuleType(_INTRINSICS)
        try:
            yield
        finally:
            del sys.modules[_INTRINSICS]


@derived_object
class _Builder(ms.builder.PyBuilder):
    """Names each candidate by workload and point, as JSON; the candidates of an image are compiled later."""

    def __init__(self, spaces: Mapping[str, Space]) -> None:
        super().__init__()
        self._spaces = spaces

    def build(self, build_inputs: Sequence[Any]) -> list[Any]:
        return [ms.builder.BuilderResult(self._name(given.mod), None) for given in build_inputs]

    def _name(self, module: IRModule) -> str:
        workload = str(module["main"].attrs[_WORKLOAD])
        return json.dumps([workload, _point(self._spaces[workload], s_tir.Schedule(module))])


@derived_object
class _Runner(ms.runner.PyRunner):
    """Adds candidates to the queue."""

    def __init__(self, queue: _Queue) -> None:
        super().__init__()
        self._queue = queue

    def run(self, runner_inputs: Sequence[Any]) -> list[Any]:
        names = [str(given.artifact_path) for given in runner_inputs]
        self._queue.waiting += names
        return [_Future(self._queue, name) for name in names]


@derived_object
class _Future(ms.runner.PyRunnerFuture):
    """The result of a candidate; a request for it runs all waiting candidates."""

    def __init__(self, queue: _Queue, name: str) -> None:
        super().__init__()
        self._queue = queue
        self._name = name

    def done(self) -> bool:
        return self._name in self._queue.counts

    def result(self) -> Any:
        count = self._queue.count(self._name)
        if count is None:
            return ms.runner.RunnerResult(None, "other bits than the host's")
        return ms.runner.RunnerResult([float(count)], None)


class _Queue:
    """Candidates by name, and their counts.

    Attributes:
        waiting: the candidates that have not been counted yet.
        counts: the counts of the others.
        failure: the exception that ended the search, or None; TVM would raise another one in its place.
    """

    def __init__(self, count: Count) -> None:
        self._count = count
        self.waiting: list[str] = []
        self.counts: dict[str, int | None] = {}
        self.failure: BaseException | None = None

    def count(self, name: str) -> int | None:
        if name not in self.counts:
            try:
                found = self._count([_trial(waiting) for waiting in self.waiting])
            except BaseException as error:
                self.failure = error
                raise RuntimeError(str(error)) from None
            self.counts.update(zip(self.waiting, found, strict=True))
            self.waiting.clear()
        return self.counts[name]


def _trial(name: str) -> Trial:
    workload, point = json.loads(name)
    return Trial(workload, Choice(schedule=point))


def _point(space: Space, schedule: s_tir.Schedule) -> dict[str, int]:
    """Return the parameters of a scheduled kernel, from the annotations of its block."""
    notes = schedule.get(schedule.get_sblock(space.block)).annotations
    return {name: int(notes[_POINT + name]) for name in space.rule}


@derived_object
class _CostModel(ms.cost_model.PyCostModel):
    """Predicts a layer's count by a quadratic form of the logarithms of its tiles, fitted by least squares.

    TVM's own model, boosted trees over features of the loops, predicts only after a hundred trials, but a
    space here has a few hundred points at most.
    """

    def __init__(self, spaces: Mapping[str, Space]) -> None:
        super().__init__()
        self._spaces = spaces
        self._seen: dict[str, tuple[list[Floats], list[float]]] = {}

    def update(self, context: Any, candidates: Sequence[Any], results: Sequence[Any]) -> None:
        workload = str(context.task_name)
        rows, costs = self._seen.setdefault(workload, ([], []))
        for candidate, result in zip(candidates, results, strict=True):
            if result.run_secs is not None:
                rows.append(self._features(workload, candidate))
                costs.append(math.log(float(result.run_secs[0]) + 1))  # a count may be 0

    def predict(self, context: Any, candidates: Sequence[Any]) -> Floats:
        """Return the scores of candidates, float64 ``[candidates]``, not negative; the highest is best."""
        workload = str(context.task_name)
        rows, costs = self._seen.get(workload, ([], []))
        if not rows:
            return np.ones(len(candidates))
        weights, *_ = np.linalg.lstsq(np.array(rows), np.array(costs), rcond=None)
        found = np.array([self._features(workload, candidate) for candidate in candidates]) @ weights
        scores: Floats = np.exp(np.minimum(min(costs) - found, 1))
        return scores

    def _features(self, workload: str, candidate: Any) -> Floats:
        point = _point(self._spaces[workload], candidate.sch)
        tiles = [1.0, *(math.log2(size) for size in point.values())]
        products = itertools.combinations_with_replacement(tiles, 2)
        return np.array([left * right for left, right in products])
