"""A profile from nothing but a board's name: build, emulate, flash, measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from sensor_bnn.demo import SHIPPED, prepare_model
from sensor_bnn.device.bench import Samples, read_table, run_bench
from sensor_bnn.device.boards import Board
from sensor_bnn.device.emulator import Emulator
from sensor_bnn.device.flash import flash_image
from sensor_bnn.device.image import read_image
from sensor_bnn.device.profile import run_profile
from sensor_bnn.errors import BoardError, BundleError
from sensor_bnn.firmware.build import build_firmware
from sensor_bnn.report.profile import Accuracy, profile_facts
from sensor_bnn.report.progress import count_bars, transfer_bars

_COMPILE = "Compile the model again with `sensor-bnn compile`."


@dataclass(frozen=True)
class Plan:
    """What to measure: accuracy over all samples, ``runs`` profiles after ``warmup`` uncounted inferences.

    ``reference`` is the same model compiled for this machine, to compare outputs with, if there is one.
    """

    samples_file: Path
    samples: Samples
    runs: int
    warmup: int
    reference: Path | None = None


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
        board: the board that is meant.
        bundle: the bundle in its firmware.
        plan: what to measure.
        build: the firmware's build, for the flash map.
        earlier: accuracy before the device.

    Raises:
        SensorBnnError: whatever the measurement says.
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
    metadata = read_table(bundle / "metadata.json", _COMPILE)
    report = None if build is None else read_table(build / "build.json", "Build the firmware again.")
    try:
        return profile_facts(bench, profile, board, metadata, report, earlier)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{bundle / 'metadata.json'} lacks or garbles {error}.", _COMPILE) from None


def profile_emulated(
    board: Board, bundle: Path | None, plan: Plan, folder: Path, console: Console
) -> dict[str, Any]:
    """Start an emulated board, flash the bundle's firmware, and profile it.

    Args:
        board: one with an emulator.
        bundle: a compiled model; the shipped one is compiled here when None.
        plan: what to measure; the shipped model brings its own reference.
        folder: for everything that is built.
        console: told of each step.

    Raises:
        SensorBnnError: whatever a stage says.
    """
    if board.emulator is None:
        raise BoardError(
            f"The board {board.name} has no emulator.", "Flash the real board and give its --port."
        )
    earlier: list[Accuracy] = []
    if bundle is None:
        console.print(f"exporting and compiling the shipped model for {board.target} and host")
        model = prepare_model(board, SHIPPED / "ckpt.pt", plan.samples_file, folder)
        bundle, found = model.bundle, model.comparison
        plan = replace(plan, reference=model.host)
        earlier = [
            ("PyTorch", found.top1_torch, found.samples),
            ("ONNX Runtime", found.top1_onnx, found.samples),
        ]
    console.print(f"building firmware for {board.name}")
    build = build_firmware(bundle, board, folder / board.name)
    with Emulator(board, build.bootloader_elf) as emulator:
        with transfer_bars() as bars:
            flash_image(
                emulator.port, read_image(build.folder), board, debugger=emulator.debugger, progress=bars
            )
        return profile_at(emulator.port, board, bundle, plan, build.folder, earlier)
