"""``sensor-bnn tune``: count every way to compute each layer of a model on a board, and keep the best."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from sensor_bnn.compiler.importer import STANDARD_OPERATORS, import_onnx
from sensor_bnn.compiler.metadata import Count
from sensor_bnn.compiler.patterns import match_patterns
from sensor_bnn.compiler.plan import plan_program
from sensor_bnn.compiler.program import Program, Tunable
from sensor_bnn.compiler.schedules.space import Space
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.compiler.tuning import FORMAT, Choice, check_seal
from sensor_bnn.digests import sealed
from sensor_bnn.errors import BoardError, DataError, DeviceError, ModelError
from sensor_bnn.files import check_file, write_file
from sensor_bnn.hardware.boards import Board, without_emulator
from sensor_bnn.onnx.load import model_of, read_file
from sensor_bnn.reading import Source, contents, json_values, typed
from sensor_bnn.tuning.measure import Counts, run_on_host, run_trials
from sensor_bnn.tuning.search import every_point, search_schedules, size_of
from sensor_bnn.tuning.trials import Trial, trials_program

WORTH = 0.005
"""The share of a layer's count that a choice must save; otherwise the compiler's own rule is used."""

_IN_AN_IMAGE = 48
"""The most trials in one image at first; the number is halved while an image does not fit the board."""

Report = Callable[[str, int, int], None]
"""A callback that gets the name of a stage, the number of finished trials and the number of all trials."""


@dataclass(frozen=True)
class Request:
    """The arguments of a tuning.

    Attributes:
        model: the ONNX file.
        board: the board that counts.
        port: the serial port of a real board; None starts the emulator.
        trials: the largest number of splits of rows, and of schedules, to try per workload.
        seed: the seed of random data, and of the search if not all schedules are tried; at least 1.
    """

    model: Path
    board: Board
    port: str | None
    trials: int
    seed: int


class _Result(msgspec.Struct, frozen=True):
    """The count of a choice, and whether its result had the host's bits."""

    choice: Choice | None
    count: Count
    exact: bool


class _Workload(msgspec.Struct, frozen=True):
    """The results of a workload."""

    workload: str
    measured: tuple[_Result, ...]


class _Kept(msgspec.Struct, frozen=True):
    """The part of the file that a resumed run needs; report/schemas/tune.json describes all of it."""

    schema: str
    version: str
    model_hash: str
    target: str
    board: str
    emulated: bool
    unit: str
    seed: int
    counter: str
    workloads: tuple[_Workload, ...]


@dataclass
class _Measured:
    """The counts so far, and the timer that made them."""

    counts: dict[str, dict[str, tuple[int, bool]]] = field(default_factory=dict)
    counter: str = ""

    def add(self, trial: Trial, count: int, exact: bool) -> None:
        self.counts.setdefault(trial.workload, {})[_key(trial.choice)] = (count, exact)

    def has(self, trial: Trial) -> bool:
        return _key(trial.choice) in self.counts.get(trial.workload, {})

    def of(self, trial: Trial) -> int | None:
        count, exact = self.counts[trial.workload][_key(trial.choice)]
        return count if exact else None

    @property
    def number(self) -> int:
        return sum(map(len, self.counts.values()))


def _key(choice: Choice | None) -> str:
    return json.dumps(None if choice is None else choice.as_json())


def tune_model(
    request: Request, file: Path, *, resume: bool = False, report: Report = lambda stage, done, total: None
) -> dict[str, Any]:
    """Count every choice, and write the results to ``file`` after each image that ran.

    Args:
        request: the model, the board and the amount of trials.
        file: the tuning file; it is replaced atomically each time.
        resume: whether to continue from the results of an earlier, interrupted run in ``file``.
        report: the callback for progress.

    Returns:
        The final contents of ``file``.

    Raises:
        ModelError: the model cannot be read or has no layer with a choice.
        BoardError: the board has no emulator, or a single layer does not fit it.
        DataError: ``file`` is not a tuning of the same model, board and seed, or has changed since it was
            written.
        FileError: ``file`` cannot be written.
        DeviceError: the compiler's own kernels give other bits on this board than on the host.
        ToolError, PortError, FlashError: a stage failed.
    """
    if request.port is None and request.board.emulator is None:
        raise without_emulator(request.board, "Or connect it and give its --port.")
    check_file(file)
    data = read_file(request.model)
    facts = _facts(request, data)
    measured = _earlier(file, facts) if resume and file.exists() else _Measured()
    target = find_target(request.board.target)
    model = match_patterns(import_onnx(model_of(data, request.model, STANDARD_OPERATORS)))
    program = plan_program(model, target)
    tunables = _tunables(program)
    if not tunables:
        raise ModelError(
            f"No layer of {request.model.name} has a choice of kernels or schedules for {target.name}.",
            "Compile it without --tuning. The layers of a model of integers have none yet.",
        )
    layers = _layers(program)
    expected = _expected(_tunables(plan_program(model, find_target("host"))), tuple(tunables), request.seed)
    spaces = _spaces(tunables)
    searched = {workload: space for workload, space in spaces.items() if size_of(space) > request.trials}
    listed = _listed(tunables, {name: spaces[name] for name in spaces if name not in searched}, request)
    total = len(listed) + request.trials * len(searched)

    def keep(complete: bool = False) -> dict[str, Any]:
        content = sealed(_content(facts, layers, complete, measured))
        write_file(file, json.dumps(content, indent=1) + "\n")
        return content

    def counted() -> None:
        keep()
        report("trials", measured.number, total)

    bench = _Bench(request, tunables, expected, measured, counted)
    report("trials", measured.number, total)
    bench.count(listed)
    if searched:
        search_schedules(searched, target, request.trials, request.seed, bench.count)
    report("trials", total, total)
    return keep(complete=True)


class _Bench:
    """Counts trials on the board, with as many trials per image as it holds.

    Args:
        request: the request, which names the board.
        tunables: the layers by workload.
        expected: the digest of each workload's result on the host.
        measured: the known counts, to which new ones are added.
        counted: called after each image.
    """

    def __init__(
        self,
        request: Request,
        tunables: Mapping[str, Tunable],
        expected: Mapping[str, int],
        measured: _Measured,
        counted: Callable[[], None],
    ) -> None:
        self._request = request
        self._tunables = tunables
        self._expected = expected
        self._measured = measured
        self._counted = counted
        self._size = _IN_AN_IMAGE

    def count(self, trials: Sequence[Trial]) -> list[int | None]:
        """Return each trial's count; None for a trial whose result differs from the host's.

        Raises:
            BoardError: a single layer does not fit the board.
            DeviceError: the compiler's own kernels give other bits than on the host.
            ToolError, PortError, FlashError: a stage failed.
        """
        while waiting := [trial for trial in trials if not self._measured.has(trial)]:
            batch = waiting[: self._size]
            try:
                counts = _run(self._tunables, batch, self._request)
            except BoardError:
                if len(batch) == 1:
                    raise
                self._size = len(batch) // 2
                continue
            self._measured.counter = counts.counter
            for place, trial in enumerate(batch):
                exact = int(counts.output[place]) == self._expected[trial.workload]
                if trial.choice is None and not exact:
                    raise DeviceError(
                        f"{trial.workload} on {self._request.board.name} gives other bits than this machine.",
                        "Find the layer with `sensor-bnn verify MODEL --board BOARD`.",
                    )
                self._measured.add(trial, counts.steps[place], exact)
            self._counted()
        return [self._measured.of(trial) for trial in trials]


def _run(tunables: Mapping[str, Tunable], batch: Sequence[Trial], request: Request) -> Counts:
    trials = trials_program(tunables, batch, request.seed)
    # The board tells its digest, so that the image of another batch is not taken for this one.
    key = repr((version("sensor-bnn"), request.seed, batch))
    counts = run_trials(trials.program, key, request.board, request.port)
    return replace(counts, steps=tuple(trials.counts(counts.steps)))


def _facts(request: Request, model: bytes) -> dict[str, Any]:
    return {
        "schema": FORMAT,
        "version": version("sensor-bnn"),
        "model": request.model.name,
        "model_hash": hashlib.sha256(model).hexdigest(),
        "target": request.board.target,
        "board": request.board.name,
        "emulated": request.board.emulator is not None,
        "unit": "instructions" if request.board.emulator else "ticks",
        "seed": request.seed,
    }


def _earlier(file: Path, facts: Mapping[str, Any]) -> _Measured:
    source = Source(f"The tuning {file}", DataError, "Give another file with -o, or leave out --resume.")
    values = json_values(contents(file, source), source)
    kept = typed(values, _Kept, source)
    for name, value in facts.items():
        if name != "model" and getattr(kept, name) != value:
            raise source.wrong(f"{name} is {getattr(kept, name)!r}, not {value!r}")
    assert isinstance(values, dict)  # Or it would not be typed so.
    check_seal(values, source)
    measured = _Measured(counter=kept.counter)
    for entry in kept.workloads:
        for result in entry.measured:
            measured.add(Trial(entry.workload, result.choice), result.count, result.exact)
    return measured


def _tunables(program: Program) -> dict[str, Tunable]:
    found: dict[str, Tunable] = {}
    for step in program.steps:
        if step.tunable is not None:
            found.setdefault(step.tunable.ways.workload, step.tunable)
    return found


def _layers(program: Program) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for step in program.steps:
        if step.tunable is not None:
            found.setdefault(step.tunable.ways.workload, []).append(step.name)
    return found


def _expected(tunables: Mapping[str, Tunable], workloads: Sequence[str], seed: int) -> dict[str, int]:
    """Return the digest of each workload's result on this machine."""
    trials = [Trial(workload, None) for workload in workloads]
    output = run_on_host(trials_program(tunables, trials, seed).program)
    return {workload: int(digest) for workload, digest in zip(workloads, output, strict=True)}


def _spaces(tunables: Mapping[str, Tunable]) -> dict[str, Space]:
    made = {workload: tunable.ways.space() for workload, tunable in tunables.items()}
    return {workload: space for workload, space in made.items() if space is not None}


def _listed(tunables: Mapping[str, Tunable], spaces: Mapping[str, Space], request: Request) -> list[Trial]:
    """List the trials of each workload in turn: the compiler's own choice, other splits, all points.

    A split that gives the same calls as the compiler's own choice is left out.
    """
    trials = []
    for workload, tunable in tunables.items():
        ways = tunable.ways
        own = [(call.kernel, call.arguments) for call in ways.plan(None).calls]
        choices = [
            choice
            for choice in ways.splits
            if [(call.kernel, call.arguments) for call in ways.plan(choice).calls] != own
        ][: request.trials]
        if workload in spaces:
            choices += [Choice(schedule=point) for point in every_point(spaces[workload])]
        trials += [Trial(workload, choice) for choice in (None, *choices)]
    return trials


def _content(
    facts: Mapping[str, Any],
    layers: Mapping[str, list[str]],
    complete: bool,
    measured: _Measured,
) -> dict[str, Any]:
    workloads = [
        _workload(workload, layers[workload], measured.counts[workload])
        for workload in layers
        if _key(None) in measured.counts.get(workload, {})
    ]
    return {
        **facts,
        "counter": measured.counter,
        "complete": complete,
        "workloads": workloads,
        "default_count": sum(len(entry["layers"]) * entry["default_count"] for entry in workloads),
        "best_count": sum(len(entry["layers"]) * entry["best_count"] for entry in workloads),
    }


def _workload(workload: str, layers: Sequence[str], counts: Mapping[str, tuple[int, bool]]) -> dict[str, Any]:
    default, _ = counts[_key(None)]
    right = {choice: count for choice, (count, exact) in counts.items() if exact}
    best = min(right, key=lambda choice: right[choice])
    if default - right[best] < WORTH * default:
        best = _key(None)
    return {
        "workload": workload,
        "layers": list(layers),
        "default_count": default,
        "best": json.loads(best),
        "best_count": right[best],
        "gain": round(1 - right[best] / default, 6) if default else 0.0,
        "measured": [
            {"choice": json.loads(choice), "count": count, "exact": exact}
            for choice, (count, exact) in counts.items()
        ],
    }
