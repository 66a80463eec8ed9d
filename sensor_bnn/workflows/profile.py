"""Profile a board at a port, or an emulated board that is started for the profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from sensor_bnn.claims import claimed_folder
from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.cycles.cycles import Memory, check_programs
from sensor_bnn.cycles.energy import on_real_boards
from sensor_bnn.data.samples import Samples
from sensor_bnn.firmware.sizes import read_build
from sensor_bnn.hardware.boards import Board
from sensor_bnn.measure.bench import check_samples, input_bytes_of, run_bench
from sensor_bnn.measure.estimate import estimate_model
from sensor_bnn.measure.profile import run_profile
from sensor_bnn.report.estimate import estimate_facts
from sensor_bnn.report.profile import profile_facts
from sensor_bnn.report.progress import count_bars
from sensor_bnn.workflows.bring_up import Accuracy, running_board
from sensor_bnn.workflows.demo import OUTPUT_OPTION


@dataclass(frozen=True)
class Plan:
    """What to measure: accuracy over all samples, ``runs`` profiles after ``warmup`` uncounted inferences.

    ``reference`` is the same model compiled for this machine, to compare outputs with, if there is one.
    With ``estimate`` the first sample runs once more on an emulated board, for an estimate of its cycles.
    """

    samples_file: Path
    samples: Samples
    runs: int
    warmup: int
    reference: Path | None = None
    estimate: Memory | None = None


def profile_at(
    port: str,
    board: Board,
    bundle: Path,
    plan: Plan,
    build: Path | None,
    earlier: Sequence[Accuracy] = (),
) -> dict[str, Any]:
    """Profile the board at ``port``, which runs ``bundle``.

    Args:
        port: the serial port's path.
        board: the board that must be at the port.
        bundle: the bundle in its firmware.
        plan: what to measure.
        build: the folder of the firmware's build, which gives the flash map; None if unknown.
        earlier: accuracies of the stages before the device.

    Raises:
        SensorBnnError: the measurement failed.
    """
    with count_bars() as progress:
        bench = run_bench(
            port,
            board,
            bundle,
            plan.samples,
            host_dir=plan.reference,
            build_dir=build,
            progress=progress,
        )
        profile = run_profile(
            port, board, bundle, plan.samples, runs=plan.runs, warmup=plan.warmup, progress=progress
        )
    metadata = read_metadata(bundle)
    sizes = None if build is None else read_build(build)
    return profile_facts(bench, profile, board, metadata, sizes, earlier)


def profile_emulated(
    board: Board, bundle: Path | None, plan: Plan, folder: Path, console: Console
) -> dict[str, Any]:
    """Start an emulated board, flash the bundle's firmware, and profile it.

    Args:
        board: a board with an emulator.
        bundle: a compiled model; when None, the shipped model is compiled.
        plan: what to measure; the shipped model has its own reference.
        folder: folder for all files that are built; claimed meanwhile.
        console: each step is printed there.

    Raises:
        BusyError: another process uses the folder.
        SensorBnnError: a stage failed, or there is no model for the estimate.
    """
    if plan.estimate is not None:
        check_programs(find_target(board.target))
    if bundle is not None:
        check_samples(bundle, plan.samples)
    # The estimate starts the build once more, on another emulated board: the folder is claimed until then.
    with claimed_folder(folder, OUTPUT_OPTION):
        with running_board(board, bundle, plan.reference, plan.samples_file, folder, console) as running:
            plan = replace(plan, reference=running.reference)
            facts = profile_at(running.port, board, running.bundle, plan, running.build, running.earlier)
        if plan.estimate is not None:
            metadata = read_metadata(running.bundle)
            console.print("counting every instruction of one inference")
            sample = input_bytes_of(metadata, plan.samples)[0]
            found = estimate_model(board, running.bundle, running.build, sample, plan.estimate)
            names = [layer.name for layer in metadata.layers]
            on_boards = partial(on_real_boards, board.target, memory=found.memory)
            facts["cycles_estimate"] = estimate_facts(found.layers, names, on_boards)
    return facts
