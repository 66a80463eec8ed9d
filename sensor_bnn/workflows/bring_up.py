"""Bring up an emulated board that runs a model, from the board's facts alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from sensor_bnn.claims import claimed_folder
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.firmware.build import build_firmware
from sensor_bnn.flashing.flash import flash_image
from sensor_bnn.flashing.image import read_image
from sensor_bnn.hardware.boards import Board, without_emulator
from sensor_bnn.report.progress import transfer_bars
from sensor_bnn.workflows.demo import OUTPUT_OPTION, SHIPPED, prepare_model

Accuracy = tuple[str, float, int]
"""A stage of the pipeline, its share of right answers, and the number of samples."""


@dataclass(frozen=True)
class RunningBoard:
    """A board with an application that answers.

    Attributes:
        port: the path of its serial port.
        bundle: the folder of the compiled model that is in its firmware.
        build: the folder of the firmware's build.
        reference: the same model compiled for this machine, if there is one.
        earlier: accuracies of the stages before the device; empty if the caller gave the bundle.
    """

    port: str
    bundle: Path
    build: Path
    reference: Path | None
    earlier: tuple[Accuracy, ...]


@contextmanager
def running_board(
    board: Board,
    bundle: Path | None,
    reference: Path | None,
    samples: Path,
    folder: Path,
    console: Console,
    application: str = "benchmark",
) -> Iterator[RunningBoard]:
    """Build the bundle's firmware, start the board, flash it, and stop it when the context ends.

    Args:
        board: a board with an emulator.
        bundle: a compiled model; when None, the shipped model is compiled for the board and for this machine.
        reference: the bundle's model compiled for this machine.
        samples: labelled inputs on which the shipped model's stages are compared.
        folder: folder for all files that are built; claimed until the context ends.
        console: each step is printed there.
        application: one of ``sensor_bnn.firmware.link.APPLICATIONS``.

    Raises:
        SensorBnnError: the board has no emulator, another process uses the folder, or a stage failed.
    """
    if board.emulator is None:
        raise without_emulator(board, "Or flash the real board and give its --port.")
    with ExitStack() as stack:
        stack.enter_context(claimed_folder(folder, OUTPUT_OPTION))
        earlier: tuple[Accuracy, ...] = ()
        if bundle is None:
            console.print(f"exporting and compiling the shipped model for {board.target} and host")
            from sensor_bnn.onnx.compare import NumberComparison

            model = prepare_model(board, SHIPPED / "ckpt.pt", samples, folder)
            bundle, reference, found = model.bundle, model.host, model.comparison
            assert not isinstance(found, NumberComparison)  # the shipped model tells classes apart
            earlier = (
                ("PyTorch", found.top1_torch, found.samples),
                ("ONNX Runtime", found.top1_onnx, found.samples),
            )
        console.print(f"building firmware for {board.name}")
        build = build_firmware(bundle, board, folder / board.name, application)
        emulator = stack.enter_context(Emulator(board, build.bootloader_elf))
        with transfer_bars(console) as bars:
            flash_image(emulator.port, read_image(build.folder), board, progress=bars)
        yield RunningBoard(emulator.port, bundle, build.folder, reference, earlier)
