"""The stages as functions and a board as an object; ``import sensor_bnn`` gives these names lazily."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from sensor_bnn.firmware.build import BuildResult, build_firmware
from sensor_bnn.flashing.flash import FlashResult, flash_image
from sensor_bnn.flashing.image import read_image
from sensor_bnn.hardware import boards
from sensor_bnn.live.monitor import Watch
from sensor_bnn.live.monitor import watch as watch_board
from sensor_bnn.measure.bench import BenchResult, Samples, detect_board, read_samples, run_bench
from sensor_bnn.measure.evaluate import Evaluation, run_evaluate
from sensor_bnn.report.evaluation import evaluation_facts, host_outputs_of
from sensor_bnn.report.progress import count_bars, transfer_bars
from sensor_bnn.report.result import result_of, write_result
from sensor_bnn.workflows.bring_up import Accuracy, running_board
from sensor_bnn.workflows.demo import SHIPPED
from sensor_bnn.workflows.profile import Plan, profile_at

if TYPE_CHECKING:
    from sensor_bnn.compiler.compiled import Bundle
    from sensor_bnn.onnx.from_checkpoint import Export

SHIPPED_SAMPLES = SHIPPED / "samples.npz"
"""Labelled windows for the shipped model."""


def train_recipe(recipe: str | Path, folder: str | Path, *, seed: int = 0, epochs: int | None = None) -> Path:
    """Train a recipe, its teacher first if it has one.

    Args:
        recipe: a recipe's name, or its TOML file.
        folder: for the checkpoint and the history.
        seed: of weights, order and augmentation.
        epochs: as many, in place of the recipe's.

    Returns:
        The checkpoint.

    Raises:
        CheckpointError, DataError: the recipe or its data set cannot be used.
    """
    from sensor_bnn.train import loop, sets
    from sensor_bnn.train.recipe import load_recipe
    from sensor_bnn.train.runs import ready_teacher

    plan = load_recipe(str(recipe))
    if epochs is not None:
        plan = replace(plan, schedule=replace(plan.schedule, epochs=epochs))
    dataset = sets.load(plan.data)
    teacher = ready_teacher(plan, dataset, seed, Path(folder) / "teacher", lambda plan, folder: _untold)
    return loop.train(plan, dataset, seed, Path(folder), teacher=teacher).checkpoint


def export(
    checkpoint: str | Path,
    folder: str | Path | None = None,
    samples: str | Path | None = None,
    **options: Any,
) -> Export:
    """Export a checkpoint to ``model.onnx`` and compare PyTorch with stock ONNX Runtime.

    Args:
        checkpoint: what ``train_recipe`` returned.
        folder: where to; by default ``build/<model name>``.
        samples: labelled inputs to compare on; by default ``samples.npz`` beside the checkpoint, if any.
        options: of ``sensor_bnn.onnx.from_checkpoint.export_checkpoint``.

    Raises:
        CheckpointError, DataError, ModelError: what is wrong with the files.
    """
    from sensor_bnn.onnx.from_checkpoint import export_checkpoint

    return export_checkpoint(
        Path(checkpoint),
        None if folder is None else Path(folder),
        None if samples is None else Path(samples),
        **options,
    )


def compile(model: str | Path, target: str, folder: str | Path, **options: Any) -> Bundle:
    """Compile an ONNX file into a bundle of plain C.

    Args:
        model: a model of packed-bit and standard operators, with static shapes.
        target: a name that ``sensor-bnn targets`` lists; ``host`` for this machine.
        folder: the bundle's folder; it appears whole or not at all.
        options: of ``sensor_bnn.compiler.pipeline.compile_model``.

    Raises:
        BoardError, ModelError, ToolError: no such target, an operator nobody knows, no C compiler.
    """
    from sensor_bnn.compiler.pipeline import compile_model

    return compile_model(Path(model), target, Path(folder), **options)


def build(bundle: str | Path, board: str | Path, folder: str | Path) -> BuildResult:
    """Build bootloader and firmware for a bundle on a board.

    Raises:
        BundleError, BoardError, ToolError: the bundle is damaged, does not fit, or the compiler is missing.
    """
    return build_firmware(Path(bundle), boards.load_board(str(board)), Path(folder))


def flash(built: str | Path, port: str, board: str | Path | None = None, **options: Any) -> FlashResult:
    """Write a build's firmware over a serial port, verify it, start it, and see that it answers.

    Args:
        built: the build's folder, or a ``firmware.bin`` or ``.elf`` of it.
        port: the serial port's path.
        board: the board that is meant; the one it was built for when None.
        options: of ``sensor_bnn.flashing.flash.flash_image``.

    Raises:
        BoardError, PortError, FlashError, DeviceError: it is another board, silent, or does not hold what was
            written.
    """
    image = read_image(Path(built))
    with transfer_bars() as progress:
        facts = boards.load_board(str(board or image.board))
        return flash_image(port, image, facts, progress=progress, **options)


class Board:
    """A kind of board, by name or folder; what runs on one is a ``Session``.

    Args:
        name: as ``sensor-bnn boards`` lists it, or the path of a folder with ``board.toml``.

    Raises:
        BoardError: there is none, or its file is wrong.

    Attributes:
        facts: everything in its ``board.toml``.
    """

    def __init__(self, name: str | Path) -> None:
        self.facts = boards.load_board(str(name))

    @property
    def name(self) -> str:
        """Its name."""
        return self.facts.name

    @property
    def target(self) -> str:
        """What models are compiled for."""
        return self.facts.target

    @property
    def emulated(self) -> bool:
        """Whether QEMU plays it; counts are then instructions, never cycles."""
        return self.facts.emulator is not None

    def at(
        self,
        port: str,
        bundle: str | Path,
        *,
        reference: str | Path | None = None,
        build: str | Path | None = None,
        baud: int | None = None,
    ) -> Session:
        """The board at a serial port, which runs a bundle's firmware.

        Args:
            port: the serial port's path.
            bundle: the compiled model in its firmware.
            reference: the same model compiled for ``host``, to compare outputs with.
            build: the firmware's build, for its flash map.
            baud: a rate to raise the line to while measuring.
        """
        return Session(self.facts, port, Path(bundle), _path(reference), _path(build), baud=baud)

    @contextmanager
    def emulate(
        self,
        bundle: str | Path | None = None,
        *,
        reference: str | Path | None = None,
        samples: str | Path = SHIPPED_SAMPLES,
        folder: str | Path = "build",
        console: Console | None = None,
    ) -> Iterator[Session]:
        """Build a bundle's firmware, start the board in QEMU and flash it; it stops with the context.

        Args:
            bundle: a compiled model; the shipped one, compiled here for board and host, when None.
            reference: the same model compiled for ``host``.
            samples: what the shipped model's stages are compared on.
            folder: for everything that is built.
            console: told of each step; stderr when None.

        Raises:
            BoardError: the board has no emulator, or the model does not fit it.
            SensorBnnError: whatever a stage says.
        """
        told = console or Console(stderr=True)
        with running_board(
            self.facts, _path(bundle), _path(reference), Path(samples), Path(folder), told
        ) as running:
            yield Session(
                self.facts, running.port, running.bundle, running.reference, running.build, running.earlier
            )


@dataclass(frozen=True)
class Session:
    """A board that runs a model and answers at a port; every method opens and closes it.

    Attributes:
        board: its facts.
        port: the serial port's path.
        bundle: the compiled model in its firmware.
        reference: the same model compiled for this machine, if there is one.
        build: the firmware's build, if there is one.
        earlier: accuracy before the device: stage, share, samples.
        baud: the rate that the line is raised to while measuring; None for the board's own.

    Each method raises PortError for a silent port and DeviceError for a board that runs something else.
    """

    board: boards.Board
    port: str
    bundle: Path
    reference: Path | None = None
    build: Path | None = None
    earlier: tuple[Accuracy, ...] = ()
    baud: int | None = None

    @classmethod
    def found(cls, port: str, bundle: Path, **parts: Any) -> Session:
        """A session with the board that the application at the port names.

        Raises:
            BoardError: it names one that this installation does not have.
        """
        return cls(detect_board(port), port, bundle, **parts)

    def bench(self, samples: Samples | str | Path) -> BenchResult:
        """Run every sample: counts, memory, accuracy, layers, and the comparison with ``reference``."""
        with count_bars() as progress:
            return run_bench(
                self.port,
                self.board,
                self.bundle,
                _samples(samples),
                host_dir=self.reference,
                build_dir=self.build,
                baud=self.baud,
                progress=progress,
            )

    def profile(self, samples: str | Path, *, runs: int = 20, warmup: int = 2) -> dict[str, Any]:
        """Every layer many times; returns what ``sensor-bnn profile --json`` prints."""
        plan = Plan(Path(samples), read_samples(Path(samples)), runs, warmup, self.reference)
        facts = profile_at(self.port, self.board, self.bundle, plan, self.build, self.earlier)
        return result_of("profile", facts, self.board)

    def evaluate(
        self,
        samples: Samples | str | Path,
        *,
        state: str | Path = "build/evaluate/state.jsonl",
        fresh: bool = False,
    ) -> dict[str, Any]:
        """Accuracy over a whole set; returns what ``sensor-bnn evaluate --json`` prints.

        Args:
            samples: labelled inputs.
            state: what is measured so far: an interrupted run of the same is taken up from it, and what is
                known then stands beside it in ``interrupted.json``.
            fresh: begin anew.
        """
        inputs, kept = _samples(samples), Path(state)
        partial = kept.with_name("interrupted.json")

        def interrupted(part: Evaluation) -> str:
            write_result(result_of("evaluate", evaluation_facts(part, inputs, None), self.board), partial)
            return f" What is known so far stands in {partial}."

        with count_bars() as progress:
            found = run_evaluate(
                self.port,
                self.board,
                self.bundle,
                inputs,
                kept,
                fresh=fresh,
                baud=self.baud,
                progress=progress,
                interrupted=interrupted,
            )
        partial.unlink(missing_ok=True)
        expected = None
        if self.reference is not None:
            expected = host_outputs_of(self.reference, found.hello.model_hash, inputs)
        return result_of("evaluate", evaluation_facts(found, inputs, expected), self.board)

    def watch(self, samples: Samples | str | Path) -> Iterator[Watch]:
        """Infer the samples over and over; yields what is known after each."""
        return watch_board(self.port, self.board, self.bundle, _samples(samples), baud=self.baud)


def _untold(epoch: int, loss: float, top1: float) -> None:
    """Progress that nobody watches."""


def _samples(given: Samples | str | Path) -> Samples:
    return given if isinstance(given, Samples) else read_samples(Path(given))


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)
