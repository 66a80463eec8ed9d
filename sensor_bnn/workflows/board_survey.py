"""The models of a survey on an emulated board: each is exported, compiled, flashed and evaluated there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rich.console import Console

from sensor_bnn.compiler.cache import program_digest
from sensor_bnn.data.samples import read_samples, write_samples
from sensor_bnn.digests import file_sha256
from sensor_bnn.errors import BusyError, CheckpointError
from sensor_bnn.hardware.boards import Board, without_emulator
from sensor_bnn.measure.bench import host_outputs
from sensor_bnn.measure.evaluate import Evaluation, run_evaluate
from sensor_bnn.report.evaluation import evaluation_facts
from sensor_bnn.report.progress import count_bars
from sensor_bnn.report.result import read_result, result_of, write_result
from sensor_bnn.train.fingerprint import data_digest
from sensor_bnn.train.sets import load, tested, tested_groups
from sensor_bnn.train.state import CHECKPOINT_FILE
from sensor_bnn.train.survey import Cell, Survey, finished_run
from sensor_bnn.train.windows import spread
from sensor_bnn.workflows.bring_up import running_board
from sensor_bnn.workflows.exporting import export_bundles

_DRAW = 0
"""The seed by which windows are drawn from a test part that has more."""


@dataclass(frozen=True)
class Request:
    """Where the models of a survey are measured.

    Attributes:
        board: an emulated board.
        seed: the seed of the runs whose models are measured.
        windows: the most windows of a test part, drawn as equally as possible from its subjects; None for
            all.
    """

    board: Board
    seed: int
    windows: int | None


def check_board(board: Board) -> None:
    """Refuse a board that is not emulated; call it before anything is trained.

    Raises:
        BoardError: it is not.
    """
    if board.emulator is None:
        raise without_emulator(board)


def measure(survey: Survey, request: Request, out: Path, only: Sequence[str], console: Console) -> None:
    """Measure each model that is trained and was not measured yet; each result is kept in its run's folder.

    May be stopped at any time and called again: an evaluation continues after its last window.

    Args:
        survey: the survey.
        request: where.
        out: the folder of all runs.
        only: the names of the sets; empty for all.
        console: each step is printed there.

    Raises:
        CheckpointError: a model has no integers, or its run is damaged or of other data than there are now.
        BoardError: a model does not fit the board.
        SensorBnnError: a stage failed.
    """
    for name in survey.sets:
        if only and name not in only:
            continue
        for cell in survey.cells:
            run = finished_run(survey, cell, request.seed, out)
            if cell.set == name and run is not None and run.recipe.model.get("precision") != "full":
                kept = _kept(run.folder, request)
                if not kept.is_file():
                    older = " again: what is kept is of another version of this program, model or choice"
                    again = older if any(kept.parent.glob("evaluate-*.json")) else ""
                    console.print(f"{run.folder.name} on {request.board.name}{again}", highlight=False)
                    try:
                        _measure(run.folder, kept, request, console)
                    except BusyError:
                        console.print(f"another process is measuring {run.folder}", highlight=False)


def measured(survey: Survey, request: Request, out: Path) -> dict[str, Any]:
    """Return the table as plain values: a row per model that was measured."""
    rows = []
    for cell in survey.cells:
        run = finished_run(survey, cell, request.seed, out)
        kept = None if run is None else _kept(run.folder, request)
        if kept is not None and kept.is_file():
            rows.append(_row(cell, read_result(kept, ("evaluate",))))
    return {"board": request.board.name, "seed": request.seed, "models": rows}


def board_markdown(table: dict[str, Any]) -> str:
    """Return the table as Markdown, in percent."""
    lines = [
        f"| set | form | right on {table['board']} | windows | equal to the host | instructions |",
        "|---|---|---|---|---|---|",
    ]
    for row in table["models"]:
        equal = "all" if not row["different"] else f"all but {row['different']:,}"
        lines.append(
            f"| {row['set']} | {row['form']} | {100 * row['top1']:.1f} | {row['windows']:,} | {equal} | "
            f"{row['instructions']:,} |"
        )
    return "\n".join(lines) + "\n"


def _row(cell: Cell, result: dict[str, Any]) -> dict[str, Any]:
    return {
        "set": cell.set,
        "form": cell.form,
        "model_hash": result["model_hash"],
        "windows": result["samples"],
        "top1": result["top1"],
        "different": result["different"],
        "instructions": result["inference"]["median"],
    }


def _kept(run: Path, request: Request) -> Path:
    """Return the file for the result, whose name says what it is of: model, windows and program."""
    share = "all" if request.windows is None else request.windows
    model = file_sha256(run / CHECKPOINT_FILE)[:16]
    return run / request.board.name / f"evaluate-{model}-{share}-{_program()}.json"


@cache
def _program() -> str:
    """Return the start of this program's digest; if it has changed since it started, a name of its own."""
    return (program_digest() or f"changed-{os.getpid()}")[:16]


def _measure(run: Path, kept: Path, request: Request, console: Console) -> None:
    from sensor_bnn.nn.checkpoint import load_checkpoint
    from sensor_bnn.train.recipe import parse_recipe

    board, folder = request.board, kept.parent
    checkpoint = load_checkpoint(run / CHECKPOINT_FILE)
    recipe = parse_recipe(checkpoint.recipe, checkpoint.model.config.name)
    data = recipe.data
    dataset = load(data)
    if checkpoint.metrics.get("data_sha256", "") not in ("", data_digest(dataset, recipe)):
        raise CheckpointError(
            f"{run} learned from other data than there are now.",
            "Restore the data, or delete that folder and repeat the command.",
        )
    windows = tested(dataset, data)
    if request.windows is not None and request.windows < len(windows.y):
        windows = spread(windows, tested_groups(dataset, data), request.windows, _DRAW)
    file = folder / "samples.npz"
    write_samples(file, windows)
    samples = read_samples(file)
    found = export_bundles(
        run / CHECKPOINT_FILE, board.target, folder, file, progress=lambda step: console.print(step)
    )
    bundle, host = found.bundles[board.target], found.bundles["host"]
    state = kept.with_suffix(".jsonl")

    def interrupted(part: Evaluation) -> str:
        return f" {len(part.outputs):,} of {len(samples.y):,} windows are kept."

    with (
        running_board(board, bundle, host, file, folder, console) as running,
        count_bars(console) as progress,
    ):
        evaluation = run_evaluate(
            running.port, board, bundle, samples, state, progress=progress, interrupted=interrupted
        )
    expected = host_outputs(host, samples, evaluation.hello.model_hash)
    write_result(result_of("evaluate", evaluation_facts(evaluation, samples, expected), board), kept)
