"""Points of a schedule space: all of them, or a random choice that MetaSchedule draws."""

from __future__ import annotations

import itertools
import math
from typing import Any

from sensor_bnn.compiler.schedules.space import Space
from sensor_bnn.compiler.targets import Target

_DRAWS = 16
"""At a time; as many rounds without a new point end the search."""


def sample_points(space: Space, target: Target, count: int, seed: int) -> list[dict[str, int]]:
    """Return different points of a space: every one if there are no more than ``count``.

    Else TVM's MetaSchedule draws them: its ``ScheduleFn`` records the schedule as a trace whose decisions its
    strategy ``replay-func`` makes at random. Its strategies ``evolutionary`` and ``replay-trace`` copy
    modules as JSON, and apache-tvm-ffi 0.1.15 crashes on the data types in one (0.1.14 does not).

    Args:
        space: of a kernel in TIR.
        target: the processor.
        count: at most so many.
        seed: of the choice, from 1 on.
    """
    parameters = space.parameters()
    if math.prod(map(len, parameters.values())) <= count:
        return [
            dict(zip(parameters, values, strict=True)) for values in itertools.product(*parameters.values())
        ]
    return _drawn(space, target, count, seed)


def _drawn(space: Space, target: Target, count: int, seed: int) -> list[dict[str, int]]:
    import tvm
    from tvm import s_tir
    from tvm.ir import IRModule
    from tvm.s_tir import meta_schedule as ms

    def schedule(sch: s_tir.Schedule) -> None:
        def choose(name: str, values: tuple[int, ...]) -> Any:
            return sch.sample_categorical(list(values), [1 / len(values)] * len(values))

        space.schedule(sch, choose)

    context = ms.TuneContext(
        IRModule({"main": space.blocks.with_attr("global_symbol", "main")}),
        target=tvm.target.Target(target.llvm()),
        space_generator=ms.space_generator.ScheduleFn(schedule, sch_rules=[], postprocs=[], mutator_probs={}),
        search_strategy="replay-func",
        num_threads=1,
        rand_state=seed,
    )
    context.pre_tuning(
        max_trials=_DRAWS * _DRAWS * count,
        num_trials_per_iter=_DRAWS,
        design_spaces=context.generate_design_space(),
    )
    parameters = space.parameters()
    found: list[dict[str, int]] = []
    idle = 0
    while len(found) < count and idle < _DRAWS:
        candidates = context.generate_measure_candidates()
        if candidates is None:
            break
        before = len(found)
        for candidate in candidates:
            trace = candidate.sch.trace
            decisions = [
                trace.get_decision(inst) for inst in trace.insts if trace.get_decision(inst) is not None
            ]
            point = {
                name: values[int(decision)]
                for (name, values), decision in zip(parameters.items(), decisions, strict=True)
            }
            if point not in found:
                found.append(point)
        idle = 0 if len(found) > before else idle + 1
        # What they cost is measured later, many in one image: the draws do not depend on it.
        context.notify_runner_results(candidates, [ms.runner.RunnerResult([0.0], None) for _ in candidates])
    return found[:count]
