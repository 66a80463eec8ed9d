"""The whole pipeline on one model and one emulated board."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from sensor_bnn.claims import claimed_folder
from sensor_bnn.data.samples import SAMPLES_FILE, Samples, read_samples
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.errors import BundleError
from sensor_bnn.firmware.build import build_firmware
from sensor_bnn.flashing.flash import FlashResult, flash_image
from sensor_bnn.flashing.image import read_image
from sensor_bnn.hardware.boards import Board, without_emulator
from sensor_bnn.measure.bench import BenchResult, run_bench
from sensor_bnn.report.progress import count_bars, transfer_bars
from sensor_bnn.workflows.exported import exported

if TYPE_CHECKING:
    from sensor_bnn.onnx.compare import Comparison, NumberComparison

SHIPPED = Path(__file__).resolve().parents[1] / "zoo" / "sensor-small"
"""The folder of the trained model that ships, with ``ckpt.pt`` and ``samples.npz``."""

OUTPUT_OPTION = "-o/--output"
"""The option by which each command of a workflow names the folder for its files."""


@dataclass(frozen=True)
class PreparedModel:
    """A checkpoint, compiled for a board and for this machine.

    Attributes:
        onnx: the exported ONNX file.
        model_hash: its SHA-256.
        bundle: the folder of the bundle for the board.
        host: the folder of the bundle for this machine.
        comparison: how PyTorch and ONNX Runtime compare on the samples.
    """

    onnx: Path
    model_hash: str
    bundle: Path
    host: Path
    comparison: Comparison | NumberComparison


def prepare_model(
    board: Board, checkpoint: Path, samples: Path, folder: Path, *, cache: bool = True
) -> PreparedModel:
    """Export a checkpoint and compile it for the board and for this machine, in ``folder``.

    Args:
        board: what the device's bundle is compiled for.
        checkpoint: what ``sensor-bnn train`` wrote.
        samples: labelled inputs to compare PyTorch and ONNX Runtime on.
        folder: for the ONNX file and the bundles.
        cache: whether the ONNX file and the bundles may come from the user's cache.

    Raises:
        BundleError: a bundle is not of the exported model: another program wrote in the folder meanwhile.
        SensorBnnError: a stage failed.
    """
    from sensor_bnn.compiler.pipeline import compile_model

    onnx, model_hash, comparison = exported(checkpoint, samples, folder, cache=cache)
    bundle = compile_model(onnx, board.target, folder / board.target, samples=samples, cache=cache)
    host = compile_model(onnx, "host", folder / "host", checked=model_hash, cache=cache)
    for compiled in (bundle, host):
        refuse_another_model(compiled.folder, compiled.metadata.model_hash, onnx, model_hash)
    return PreparedModel(onnx, model_hash, bundle.folder, host.folder, comparison)


def refuse_another_model(product: Path, found: str, onnx: Path, exported: str) -> None:
    """Refuse what another program made in the folder of this work.

    Args:
        product: a bundle or a build.
        found: the SHA-256 of the model that it was made from.
        onnx: the exported file.
        exported: its SHA-256 when it was exported.

    Raises:
        BundleError: they differ.
    """
    if found != exported:
        raise BundleError(
            f"{product} is of another model ({found[:12]}) than was exported to {onnx} ({exported[:12]}): "
            "another program wrote there meanwhile.",
            f"Give the command again when that one has ended, or name another folder with {OUTPUT_OPTION}.",
        )


@dataclass(frozen=True)
class Demo:
    """What the demo measured.

    Attributes:
        bench: the measurement on the board.
        flash: how the firmware was written.
        target: the target that the model was compiled for.
        top1_torch: share of right answers in PyTorch, 0 to 1; None of a model that predicts numbers, as the
            next two.
        top1_onnx: share of right answers in stock ONNX Runtime, 0 to 1.
        largest_logit_difference: the largest difference of a logit between PyTorch and ONNX Runtime.
    """

    bench: BenchResult
    flash: FlashResult
    target: str
    top1_torch: float | None
    top1_onnx: float | None
    largest_logit_difference: float | None

    def summary(self) -> dict[str, Any]:
        """Return one flat object: the benchmark's fields, and the results of the stages before it."""
        return {
            **asdict(self.bench),
            "target": self.target,
            "top1_torch": self.top1_torch,
            "top1_onnx": self.top1_onnx,
            "largest_logit_difference": self.largest_logit_difference,
            "flash_write_bytes_per_second": self.flash.write_bytes_per_second,
        }


def run_demo(
    board: Board,
    checkpoint: Path | None,
    samples: Path | None,
    folder: Path,
    limit: int | None,
    console: Console,
    *,
    cache: bool = True,
) -> Demo:
    """Export, compile, build, emulate, flash and measure.

    Args:
        board: a board with an emulator.
        checkpoint: a file that ``sensor-bnn train`` wrote; the shipped one when None.
        samples: labelled samples; ``samples.npz`` in the checkpoint's folder when None.
        folder: folder for all intermediate files; claimed meanwhile.
        limit: the largest number of samples to run; all when None.
        console: each step is printed there.
        cache: whether bundles may come from the user's cache.

    Raises:
        BusyError: another process uses the folder.
        SensorBnnError: a stage failed.
    """
    if board.emulator is None:
        raise without_emulator(
            board, "With a real board, use `sensor-bnn export`, `build`, `flash` and `bench`."
        )
    checkpoint = checkpoint or SHIPPED / "ckpt.pt"
    samples = samples or checkpoint.with_name(SAMPLES_FILE)
    if not samples.is_file():
        # Imports torch, which takes seconds.
        from sensor_bnn.nn.checkpoint import samples_beside

        samples = samples_beside(checkpoint)
    inputs = read_samples(samples, limit)

    with claimed_folder(folder, OUTPUT_OPTION):
        return _run(board, checkpoint, samples, inputs, folder, console, cache)


def _run(
    board: Board,
    checkpoint: Path,
    samples: Path,
    inputs: Samples,
    folder: Path,
    console: Console,
    cache: bool,
) -> Demo:
    def step(number: int, text: str) -> None:
        console.print(f"[bold]{number}/5[/] {text}", highlight=False)

    step(1, f"export {checkpoint.parent.name}/{checkpoint.name} to ONNX, compile for {board.target} and host")
    model = prepare_model(board, checkpoint, samples, folder, cache=cache)
    from sensor_bnn.onnx.compare import NumberComparison

    comparison = model.comparison
    told = comparison.told() if isinstance(comparison, NumberComparison) else _told(comparison)
    console.print(f"    {model.onnx}: {told}", highlight=False, markup=False)
    step(2, f"build firmware and bootloader for {board.name}")
    build = build_firmware(model.bundle, board, folder / board.name)
    refuse_another_model(build.folder, build.report["model_hash"], model.onnx, model.model_hash)
    step(3, f"start {board.title}")
    with Emulator(board, build.bootloader_elf) as emulator:
        step(4, f"flash {build.report['flash_bytes']:,} bytes over {emulator.port}")
        with transfer_bars(console) as progress:
            flash = flash_image(
                emulator.port, read_image(build.folder), board, debugger=emulator.debugger, progress=progress
            )
        step(5, f"measure on the board, {len(inputs.y)} samples")
        with count_bars(console) as progress:
            bench = run_bench(
                emulator.port,
                board,
                model.bundle,
                inputs,
                host_dir=model.host,
                build_dir=build.folder,
                progress=progress,
            )
    if isinstance(comparison, NumberComparison):
        return Demo(bench, flash, board.target, None, None, None)
    return Demo(
        bench,
        flash,
        board.target,
        comparison.top1_torch,
        comparison.top1_onnx,
        comparison.largest_logit_difference,
    )


def _told(comparison: Comparison) -> str:
    return (
        f"top-1 {comparison.top1_torch:.2%} in PyTorch, {comparison.top1_onnx:.2%} in ONNX Runtime, largest "
        f"logit difference {comparison.largest_logit_difference:.2g}{comparison.rounding()}"
    )
