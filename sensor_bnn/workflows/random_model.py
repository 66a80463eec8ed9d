"""A model with random weights on an emulated board: the cost of an architecture before it is trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console

from sensor_bnn.claims import claimed_folder
from sensor_bnn.data.samples import Samples
from sensor_bnn.hardware.boards import Board, without_emulator
from sensor_bnn.measure.bench import BenchResult, run_bench
from sensor_bnn.nn.folded import FoldedModel
from sensor_bnn.nn.folded_hybrid import FoldedHybrid
from sensor_bnn.report.progress import count_bars
from sensor_bnn.workflows.bring_up import running_board
from sensor_bnn.workflows.demo import OUTPUT_OPTION

if TYPE_CHECKING:
    from sensor_bnn.nn.model import ModelConfig

_STATISTICS_BATCH = 8


def bench_random(
    config: ModelConfig,
    board: Board,
    folder: Path,
    *,
    samples: int,
    seed: int,
    narrow: bool,
    console: Console,
) -> BenchResult:
    """Build a model with random weights, take it through every stage, and measure it.

    Top-1 of the result is the agreement with stock ONNX Runtime: random weights have no right answers.

    Args:
        config: the architecture, with the names of its classes.
        board: a board with an emulator.
        folder: folder for all intermediate files; claimed meanwhile.
        samples: the number of random inputs to run.
        seed: seed of weights and inputs.
        narrow: export with constants of 16 and 8 bits, and images as bytes.
        console: each step is printed there.

    Raises:
        CheckpointError: the architecture has no integers yet.
        BoardError: the board has no emulator, or the model does not fit it.
        BusyError: another process uses the folder.
        SensorBnnError: a stage failed.
    """
    from sensor_bnn.compiler.pipeline import compile_model
    from sensor_bnn.onnx.compare import run_model
    from sensor_bnn.onnx.export import save_onnx, to_onnx

    if board.emulator is None:
        raise without_emulator(board)
    console.print(f"{config.name} with random weights (seed {seed}), its statistics from random inputs")
    with claimed_folder(folder, OUTPUT_OPTION):
        folded = untrained(config, seed)
        path = folder / "model.onnx"
        save_onnx(to_onnx(folded, narrow=narrow), path)
        # Another seed than that of the batch from which the running statistics come.
        x = random_inputs((samples, *folded.input_shape), np.random.default_rng(seed + 1))
        console.print(f"running {samples} random inputs in ONNX Runtime")
        labelled = Samples(x, run_model(path, x).argmax(axis=1).astype(np.int64), folded.classes)
        console.print(f"compiling for {board.target} and host")
        bundle = compile_model(path, board.target, folder / board.target)
        host = compile_model(path, "host", folder / "host", checked=bundle.metadata.model_hash).folder
        with (
            running_board(board, bundle.folder, host, path, folder, console) as running,
            count_bars(console) as progress,
        ):
            result = run_bench(
                running.port,
                board,
                bundle.folder,
                labelled,
                host_dir=host,
                build_dir=running.build,
                progress=progress,
            )
    return replace(result, random_weights=True)


def of_preset(name: str) -> ModelConfig:
    """Return the architecture of a preset, with numbered classes.

    Raises:
        CheckpointError: there is no such preset.
    """
    from sensor_bnn.nn.families import USUAL_CLASSES, preset

    preset(name)  # refuses an unknown name
    return preset(name, classes=[f"class {number}" for number in range(USUAL_CLASSES[name])])


def random_folded(name: str, seed: int) -> FoldedModel | FoldedHybrid:
    """Return a preset as ``untrained`` does.

    Raises:
        CheckpointError: there is no such preset.
    """
    return untrained(of_preset(name), seed)


def untrained(config: ModelConfig, seed: int) -> FoldedModel | FoldedHybrid:
    """Return a model as it is before training: random weights, statistics and ranges of one random batch.

    Args:
        config: the architecture, with the names of its classes.
        seed: seed of weights and batch.

    Raises:
        CheckpointError: the architecture has no integers yet.
    """
    import torch

    from sensor_bnn.nn.binarize import MedianShift
    from sensor_bnn.nn.families import build
    from sensor_bnn.nn.hybrid_model import HybridModel
    from sensor_bnn.nn.hybrid_parts import ByteRange
    from sensor_bnn.nn.ranges import measuring
    from sensor_bnn.nn.seeded import seeded

    batch = random_inputs((_STATISTICS_BATCH, *config.input_shape), np.random.default_rng(seed))
    axes = tuple(axis for axis in range(batch.ndim) if axis != 1)
    with seeded(seed), torch.no_grad():
        model = build(config)
        model.set_normalisation(
            torch.from_numpy(batch.mean(axis=axes)), torch.from_numpy(batch.std(axis=axes))
        )
        for module in model.modules():
            if isinstance(module, (MedianShift, torch.nn.BatchNorm1d, ByteRange)):
                module.momentum = 1.0  # the statistics are those of this batch alone
        model.train()
        model(torch.from_numpy(batch))
        model.eval()
        if isinstance(model, HybridModel):
            largest = torch.from_numpy(np.abs(batch).max(axis=axes))
            model.ranges.set_input(largest, torch.zeros(len(largest), dtype=torch.bool))
            with measuring(model, model.ranges):
                model(torch.from_numpy(batch))
    return model.fold()


def random_inputs(
    shape: tuple[int, ...], rng: np.random.Generator
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return float32 images ``[n, C, H, W]`` of bytes over 255, or windows ``[n, C, L]`` of unit variance."""
    if len(shape) == 4:
        return rng.integers(0, 256, shape).astype(np.float32) / np.float32(255)
    return rng.standard_normal(shape).astype(np.float32)
