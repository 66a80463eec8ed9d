"""A preset with random weights on an emulated board: what an architecture costs, before anybody trains it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from sensor_bnn.errors import BoardError
from sensor_bnn.hardware.boards import Board
from sensor_bnn.measure.bench import BenchResult, Samples, run_bench
from sensor_bnn.nn.folded import FoldedModel
from sensor_bnn.report.progress import count_bars
from sensor_bnn.workflows.bring_up import running_board

_STATISTICS_BATCH = 8


def bench_random(
    name: str, board: Board, folder: Path, *, samples: int, seed: int, narrow: bool, console: Console
) -> BenchResult:
    """Make a preset with random weights, take it through every stage, and measure it.

    Top-1 of the result is the agreement with stock ONNX Runtime: random weights have no right answers.

    Args:
        name: a preset, as ``sensor-bnn models`` lists it.
        board: one with an emulator.
        folder: for everything that is made on the way.
        samples: random inputs to run.
        seed: of weights and inputs.
        narrow: export with constants of 16 and 8 bits, and bytes as images.
        console: told of each step.

    Raises:
        CheckpointError: there is no such preset.
        BoardError: the board has no emulator, or the model does not fit it.
        SensorBnnError: whatever a stage says.
    """
    from sensor_bnn.compiler.pipeline import compile_model
    from sensor_bnn.onnx.compare import run_model
    from sensor_bnn.onnx.export import save_onnx, to_onnx

    if board.emulator is None:
        raise BoardError(
            f"The board {board.name} has no emulator.", "Choose one that `sensor-bnn boards` marks."
        )
    console.print(f"{name} with random weights (seed {seed}), its statistics from random inputs")
    folded = random_folded(name, seed)
    path = folder / "model.onnx"
    save_onnx(to_onnx(folded, narrow=narrow), path)
    x = random_inputs((samples, *folded.input_shape), np.random.default_rng(seed + 1))
    console.print(f"running {samples} random inputs in ONNX Runtime")
    labelled = Samples(x, run_model(path, x).argmax(axis=1).astype(np.int64), folded.classes)
    console.print(f"compiling for {board.target} and host")
    bundle = compile_model(path, board.target, folder / board.target).folder
    host = compile_model(path, "host", folder / "host").folder
    with running_board(board, bundle, host, path, folder, console) as running, count_bars() as progress:
        result = run_bench(
            running.port,
            board,
            bundle,
            labelled,
            host_dir=host,
            build_dir=running.build,
            progress=progress,
        )
    return replace(result, random_weights=True)


def random_folded(name: str, seed: int) -> FoldedModel:
    """A preset as it is before training: random weights, every running statistic from one random batch.

    Args:
        name: the preset.
        seed: of weights and batch.

    Raises:
        CheckpointError: there is no such preset.
    """
    import torch

    from sensor_bnn.nn.binarize import MedianShift
    from sensor_bnn.nn.config import USUAL_CLASSES, preset
    from sensor_bnn.nn.transformer import BinaryTransformer

    config = preset(name)
    classes = [f"class {number}" for number in range(USUAL_CLASSES[name])]
    batch = random_inputs((_STATISTICS_BATCH, *config.input_shape), np.random.default_rng(seed))
    axes = tuple(axis for axis in range(batch.ndim) if axis != 1)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        model = BinaryTransformer(preset(name, classes=classes))
        model.set_normalisation(
            torch.from_numpy(batch.mean(axis=axes)), torch.from_numpy(batch.std(axis=axes))
        )
        for module in model.modules():
            if isinstance(module, (MedianShift, torch.nn.BatchNorm1d)):
                module.momentum = 1.0  # the statistics are those of one batch, whatever they were before
        model.train()
        model(torch.from_numpy(batch))
        model.eval()
    return model.fold()


def random_inputs(
    shape: tuple[int, ...], rng: np.random.Generator
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Float32 images ``[n, C, H, W]`` of bytes over 255, or windows ``[n, C, L]`` of unit variance."""
    if len(shape) == 4:
        return rng.integers(0, 256, shape).astype(np.float32) / np.float32(255)
    return rng.standard_normal(shape).astype(np.float32)
