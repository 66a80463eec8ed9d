"""The stages as functions and a board as an object; ``import sensor_bnn`` gives these names lazily.

All of them may be called from several threads at once, on folders of their own. ``compile`` has a lock, so
that one thread compiles at a time. A second thread at a serial port is refused like a second program.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from rich.console import Console

from sensor_bnn.claims import claimed_folder
from sensor_bnn.compiler.host_library import HostModel
from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.data.samples import Samples, read_samples
from sensor_bnn.firmware.build import BuildResult, build_firmware
from sensor_bnn.flashing.flash import FlashResult, flash_image
from sensor_bnn.flashing.image import read_image
from sensor_bnn.hardware import boards
from sensor_bnn.live.monitor import Watch
from sensor_bnn.live.monitor import watch as watch_board
from sensor_bnn.measure.bench import BenchResult, detect_board, host_outputs, run_bench, with_classes_of
from sensor_bnn.measure.evaluate import Evaluation, run_evaluate
from sensor_bnn.report.console import steps_console
from sensor_bnn.report.evaluation import evaluation_facts
from sensor_bnn.report.progress import count_bars, transfer_bars
from sensor_bnn.report.result import result_of, write_result
from sensor_bnn.workflows.bring_up import Accuracy, running_board
from sensor_bnn.workflows.demo import SHIPPED
from sensor_bnn.workflows.profile import Plan, profile_at

if TYPE_CHECKING:
    from sensor_bnn.compiler.compiled import Bundle
    from sensor_bnn.onnx.from_checkpoint import Export
    from sensor_bnn.onnx.from_checkpoint import Progress as ExportProgress


class ExportOptions(TypedDict, total=False):
    """Options of ``sensor_bnn.onnx.from_checkpoint.export_checkpoint``, which explains them."""

    progress: ExportProgress
    narrow: bool
    force: bool


class CompileOptions(TypedDict, total=False):
    """Options of ``sensor_bnn.compiler.pipeline.compile_model``, which explains them."""

    dump_ir: Path | None
    tuning: Path | None
    samples: Path | None
    checked: str | None
    cache: bool
    name: str | None
    optimize: str


class FlashOptions(TypedDict, total=False):
    """Options of ``sensor_bnn.flashing.flash.flash_image``, which explains them."""

    debugger: str | None
    baud: int
    reset: tuple[str, ...]
    read_back: bool
    rewrite_all: bool
    with_bootloader: bool
    patience: float


class SessionParts(TypedDict, total=False):
    """The attributes of :class:`Session` that may be left out."""

    reference: Path | None
    build: Path | None
    earlier: tuple[Accuracy, ...]
    baud: int | None


SHIPPED_SAMPLES = SHIPPED / "samples.npz"
"""Labelled windows for the shipped model, an npz file."""


def train_recipe(recipe: str | Path, folder: str | Path, *, seed: int = 0, epochs: int | None = None) -> Path:
    """Train a recipe; if it has a teacher, train the teacher first.

    Args:
        recipe: the name of a recipe that ships, or the path of a TOML file.
        folder: folder for the checkpoint and the history.
        seed: seed of initial weights, order and augmentation.
        epochs: number of epochs; the recipe's when None.

    Returns:
        The path of the checkpoint.

    Raises:
        CheckpointError, DataError: the recipe or its data set cannot be used.
    """
    from sensor_bnn.train import loop, sets
    from sensor_bnn.train.defaults import with_defaults
    from sensor_bnn.train.recipe import load_recipe
    from sensor_bnn.train.runs import ready_teacher

    plan = load_recipe(str(recipe))
    if epochs is not None:
        plan = replace(plan, schedule=replace(plan.schedule, epochs=epochs))
    dataset = sets.load(plan.data)
    plan = with_defaults(plan, dataset)
    teacher = ready_teacher(plan, dataset, seed, Path(folder) / "teacher", lambda plan, folder: _untold)
    return loop.train(plan, dataset, seed, Path(folder), teacher=teacher).checkpoint


def export(
    checkpoint: str | Path,
    folder: str | Path | None = None,
    samples: str | Path | None = None,
    **options: Unpack[ExportOptions],
) -> Export:
    """Export a checkpoint to ``model.onnx`` and compare PyTorch with stock ONNX Runtime.

    Args:
        checkpoint: the path that ``train_recipe`` returned.
        folder: folder for ``model.onnx``; by default ``build/<model name>``.
        samples: labelled inputs to compare on; by default ``samples.npz`` in the checkpoint's folder, if any.
        options: further options of ``sensor_bnn.onnx.from_checkpoint.export_checkpoint``.

    Raises:
        CheckpointError, DataError, ModelError: one of the files is missing or wrong.
    """
    from sensor_bnn.onnx.from_checkpoint import export_checkpoint

    return export_checkpoint(
        Path(checkpoint),
        None if folder is None else Path(folder),
        None if samples is None else Path(samples),
        **options,
    )


def compile(model: str | Path, target: str, folder: str | Path, **options: Unpack[CompileOptions]) -> Bundle:
    """Compile an ONNX file into a bundle of plain C. Threads that call this compile one after the other.

    Args:
        model: a model of packed-bit and standard operators, with static shapes.
        target: a name that ``sensor-bnn targets`` lists; ``host`` for this machine.
        folder: the bundle's folder; it is written completely or not at all.
        options: further options of ``sensor_bnn.compiler.pipeline.compile_model``.

    Raises:
        BoardError: there is no such target.
        ModelError: the file cannot be read, or has an operator that the compiler does not know.
        ToolError: the C compiler is missing or failed.
    """
    from sensor_bnn.compiler.pipeline import compile_model

    return compile_model(Path(model), target, Path(folder), **options)


def load(bundle: str | Path) -> HostModel:
    """Load a bundle that was compiled for this machine (target ``host``), as a function of numpy arrays.

    Args:
        bundle: the folder that ``compile`` wrote.

    Raises:
        BundleError: the bundle is missing or damaged, or compiled for another processor.
    """
    return HostModel(Path(bundle))


def build(bundle: str | Path, board: str | Path, folder: str | Path, *, force: bool = False) -> BuildResult:
    """Build bootloader and firmware for a bundle and a board.

    Args:
        bundle: the folder that ``compile`` wrote.
        board: a name that ``sensor-bnn boards`` lists, or the folder of a board.
        folder: folder for the firmware.
        force: whether to replace files of the firmware's names that no build wrote.

    Raises:
        BundleError: the bundle is missing or damaged.
        BoardError: there is no such board, or the model does not fit it.
        ToolError: the cross compiler is missing or failed.
    """
    return build_firmware(Path(bundle), boards.load_board(str(board)), Path(folder), force=force)


def flash(
    built: str | Path, port: str, board: str | Path | None = None, **options: Unpack[FlashOptions]
) -> FlashResult:
    """Write a build's firmware over a serial port, verify it, start it, and check that it answers.

    Args:
        built: the build's folder, or a ``firmware.bin`` or ``.elf`` of it.
        port: the serial port's path.
        board: the board at the port; the one that the firmware was built for when None.
        options: further options of ``sensor_bnn.flashing.flash.flash_image``.

    Raises:
        BoardError: another board is at the port.
        PortError: the port is missing, busy, or silent.
        FlashError: the flash does not hold what was written.
        DeviceError: the board does not run the right model afterwards.
    """
    image = read_image(Path(built))
    with transfer_bars() as progress:
        facts = boards.load_board(str(board or image.board))
        return flash_image(port, image, facts, progress=progress, **options)


class Board:
    """A kind of board, by name or folder. A ``Session`` is one such board that runs a model.

    Args:
        name: a name that ``sensor-bnn boards`` lists, or the path of a folder with ``board.toml``.

    Raises:
        BoardError: there is no such board, or its file is wrong.

    Attributes:
        facts: the content of its ``board.toml``.
    """

    def __init__(self, name: str | Path) -> None:
        self.facts = boards.load_board(str(name))

    @property
    def name(self) -> str:
        """The board's name."""
        return self.facts.name

    @property
    def target(self) -> str:
        """The target that models are compiled for."""
        return self.facts.target

    @property
    def emulated(self) -> bool:
        """Whether the board runs in QEMU; its counts are then instructions, not cycles."""
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
        """Return a session with a board at a serial port that runs a bundle's firmware.

        Args:
            port: the serial port's path.
            bundle: the folder of the compiled model that is in its firmware.
            reference: the same model compiled for ``host``; its outputs are compared with the board's.
            build: the folder of the firmware's build; gives the flash map.
            baud: the baud rate of the line while measuring; the board's own when None.
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
        """Build a bundle's firmware, start the board in QEMU, flash it, and stop it when the context ends.

        Args:
            bundle: a compiled model; the shipped one, compiled here for board and host, when None.
            reference: the same model compiled for ``host``.
            samples: labelled inputs on which the shipped model's stages are compared.
            folder: folder for all files that are built; claimed until the context ends.
            console: each step is printed there; stderr when None.

        Raises:
            BoardError: the board has no emulator, or the model does not fit it.
            BusyError: another process or thread uses the folder.
            SensorBnnError: a stage failed.
        """
        told = console or steps_console()
        with running_board(
            self.facts, _path(bundle), _path(reference), Path(samples), Path(folder), told
        ) as running:
            yield Session(
                self.facts, running.port, running.bundle, running.reference, running.build, running.earlier
            )


@dataclass(frozen=True)
class Session:
    """A board that runs a model at a serial port; every method opens and closes the port.

    Attributes:
        board: the board's facts.
        port: the serial port's path.
        bundle: the folder of the compiled model that is in its firmware.
        reference: the folder of the same model compiled for this machine, if there is one.
        build: the folder of the firmware's build, if there is one.
        earlier: accuracies of the stages before the device: stage, share of right answers, samples.
        baud: the baud rate of the line while measuring; None for the board's own.

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
    def found(cls, port: str, bundle: Path, **parts: Unpack[SessionParts]) -> Session:
        """Return a session with the board whose name the application at the port sends.

        Raises:
            BoardError: this installation has no board of that name.
        """
        return cls(detect_board(port), port, bundle, **parts)

    def bench(self, samples: Samples | str | Path) -> BenchResult:
        """Run every sample; return counts, memory, accuracy, layers, and how ``reference`` compares."""
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
        """Measure every layer over ``runs`` runs; return what ``sensor-bnn profile --json`` prints."""
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
        """Measure accuracy over a whole set; return what ``sensor-bnn evaluate --json`` prints.

        Args:
            samples: labelled inputs.
            state: file for the answers so far. An interrupted run of the same evaluation continues from it,
                and leaves its partial result in ``interrupted.json`` in the same folder, which is claimed
                meanwhile.
            fresh: ignore the state and start over.

        Raises:
            BusyError: another process uses the state's folder.
        """
        metadata = read_metadata(self.bundle)
        inputs, kept = with_classes_of(metadata, _samples(samples)), Path(state)
        partial = kept.with_name("interrupted.json")

        def interrupted(part: Evaluation) -> str:
            write_result(
                result_of("evaluate", evaluation_facts(part, inputs, None, metadata), self.board), partial
            )
            return f" The partial result is in {partial}."

        with claimed_folder(kept.parent, "-o/--output or --state"):
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
            # Now out of date: this run is complete.
            partial.unlink(missing_ok=True)
        expected = None
        if self.reference is not None:
            expected = host_outputs(self.reference, inputs, found.hello.model_hash)
        return result_of("evaluate", evaluation_facts(found, inputs, expected, metadata), self.board)

    def watch(self, samples: Samples | str | Path) -> Iterator[Watch]:
        """Run the samples repeatedly; yield the measurements so far after each inference."""
        return watch_board(self.port, self.board, self.bundle, _samples(samples), baud=self.baud)


def _untold(epoch: int, entry: dict[str, float]) -> None:
    """Ignore the progress of a training run."""


def _samples(given: Samples | str | Path) -> Samples:
    return given if isinstance(given, Samples) else read_samples(Path(given))


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)
