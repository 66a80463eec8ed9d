"""Run a labelled set on this machine: a checkpoint, an ONNX file, or a bundle compiled for the host."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.data.channels import with_channels_of
from sensor_bnn.data.samples import Samples, read_samples, write_samples
from sensor_bnn.errors import BundleError, CheckpointError, DataError
from sensor_bnn.files import scratch_folder
from sensor_bnn.labels import labels_by_name
from sensor_bnn.measure.bench import Progress, host_outputs, input_bytes_of, with_classes_of
from sensor_bnn.measure.numbers import Fit, fit_of, fit_of_values, refuse_numbers, with_numbers_of
from sensor_bnn.onnx.path import MODEL_FILE
from sensor_bnn.tracing import NOTES

if TYPE_CHECKING:
    from sensor_bnn.data.samples import Examples, Windows
    from sensor_bnn.nn.model import Model
    from sensor_bnn.onnx.compare import Comparison

PYTORCH, ONNX_RUNTIME, HOST = "pytorch", "onnxruntime", "host"
"""What ran the model: the field ``backend`` of a result."""

USUAL_SAMPLES = 256
"""How many samples are written if no number is given."""

_REMEDY = "Give samples of the data set that the model was trained on."


@dataclass(frozen=True)
class HostRun:
    """What a model answered on this machine.

    Attributes:
        backend: one of the three names above.
        model: its name.
        model_hash: hexadecimal SHA-256 of its ONNX file; None for a checkpoint, which has no such file.
        classes: the classes' names, in the order of the outputs.
        truth: int64 [n], the right classes, places in ``classes``.
        outputs: [n, classes].
        seconds: wall-clock time of all inferences.
        loss: mean cross-entropy in nats; None where the outputs need not be logits, or are not finite.
        fit: of a model that predicts numbers, how far they are from the truth. ``classes`` are then their
            names, and ``truth`` means nothing.
    """

    backend: str
    model: str
    model_hash: str | None
    classes: tuple[str, ...]
    truth: npt.NDArray[np.int64]
    outputs: npt.NDArray[Any]
    seconds: float
    loss: float | None = None
    fit: Fit | None = None


@dataclass(frozen=True)
class SamplesFile:
    """A file for samples of a recipe's test part.

    Attributes:
        path: where it is written.
        count: how many samples it gets; None for ``USUAL_SAMPLES``, or all where there are fewer.
        seed: the seed of the choice.
    """

    path: Path
    count: int | None
    seed: int


def checkpoint_windows(file: Path, data: Path | None, written: SamplesFile | None) -> tuple[Model, Windows]:
    """Load a checkpoint and the labelled windows or images to evaluate it on.

    Args:
        file: the checkpoint.
        data: an npz file; None for the test part of the checkpoint's recipe, downloaded if need be.
        written: also write a part of the recipe's test part there; only without ``data``.

    Raises:
        CheckpointError, DataError: the checkpoint, its recipe or the data cannot be used, or the recipe's
            split does not fit the data.
    """
    from sensor_bnn.nn.checkpoint import load_checkpoint
    from sensor_bnn.train import sets
    from sensor_bnn.train.recipe import parse_recipe
    from sensor_bnn.train.windows import spread

    checkpoint = load_checkpoint(file)
    if data is not None:
        return checkpoint.model, read_samples(data)
    recipe = parse_recipe(checkpoint.recipe, checkpoint.model.config.name)
    try:
        dataset = sets.load(recipe.data)
    except DataError as error:
        relative = bool(recipe.data.path) and not Path(recipe.data.path).is_absolute()
        there = "run the command in the folder in which it was trained, or " if relative else ""
        raise DataError(
            f"The data that {file} was trained on cannot be read: {error.message}",
            f"To use them, {there}correct that; or give labelled samples, an .npz file, with --data.",
        ) from error
    for note in sets.check_split(dataset, recipe.data):
        NOTES.warning("%s", note)
    tested = sets.tested(dataset, recipe.data)
    if written is not None:
        total = len(tested.y)
        count = min(USUAL_SAMPLES, total) if written.count is None else written.count
        if count > total:
            raise DataError(
                f"--samples is {count}, but the recipe's test part has {total} samples.",
                f"Give --samples 1 to {total}, or leave it out.",
            )
        group = sets.tested_groups(dataset, recipe.data)
        write_samples(written.path, spread(tested, group, count, written.seed))
    return checkpoint.model, tested


def run_checkpoint(model: Model, windows: Windows, limit: int | None = None) -> HostRun:
    """Run labelled windows or images in PyTorch, all of them or the first ``limit``.

    Raises:
        DataError: the shape, a class or a channel of the data is not the model's.
    """
    from sensor_bnn.train.evaluate import cross_entropy, logits
    from sensor_bnn.train.regression import fit, targets_of

    config = model.config
    if targets_of(model):
        windows = windows.first(limit)
        begun = time.monotonic()
        found = fit(model, windows)
        seconds = time.monotonic() - begun
        return HostRun(
            PYTORCH, config.name, None, config.classes, windows.y, found.answers, seconds, None, found
        )
    inputs, truth = _matched(model, windows, limit)
    begun = time.monotonic()
    outputs = logits(model, inputs)
    seconds = time.monotonic() - begun
    loss = cross_entropy(outputs, truth)
    finite = loss if np.isfinite(loss) else None
    return HostRun(PYTORCH, config.name, None, config.classes, truth, outputs, seconds, finite)


def compare_integers(model: Model, windows: Windows, limit: int | None, progress: Progress) -> Comparison:
    """Compare the exported integers of a model, in stock ONNX Runtime, with its float form in PyTorch.

    The float form has the same weights and no roundings, even if training has rounded.

    Args:
        model: of the hybrid family; it computes as before on return.
        windows: labelled windows or images.
        limit: how many of them, from the first; all when None.
        progress: called after each sample in ONNX Runtime.

    Raises:
        CheckpointError: the model computes in floating point, or has no integers.
        DataError: the shape, a class or a channel of the data is not the model's.
        FileError: the ONNX file, which is temporary, cannot be written.
    """
    from sensor_bnn.nn.hybrid_model import HybridModel
    from sensor_bnn.onnx.compare import compare, run_model
    from sensor_bnn.onnx.export import save_onnx, to_onnx
    from sensor_bnn.train.evaluate import logits
    from sensor_bnn.train.regression import targets_of

    if not isinstance(model, HybridModel):
        raise CheckpointError(
            f"The model {model.config.name} computes in floating point: it has no integers to compare.",
            "Leave --integers out, or give a checkpoint of the family hybrid.",
        )
    if targets_of(model):
        raise CheckpointError(
            f"The model {model.config.name} predicts numbers, and --integers compares classes.",
            "Export it, and evaluate its model.onnx: those are the integers.",
        )
    folded = model.fold()
    inputs, truth = _matched(model, windows, limit)
    model.set_rounding(False)
    try:
        floats = logits(model, inputs)
    finally:
        model.set_rounding(True)
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        progress("integers", done, len(truth))

    with scratch_folder("integers") as folder:
        save_onnx(to_onnx(folded), folder / MODEL_FILE)
        return compare(floats, run_model(folder / MODEL_FILE, inputs[:], advance), truth, integers=True)


def _matched(model: Model, windows: Windows, limit: int | None) -> tuple[Examples, npt.NDArray[np.int64]]:
    """Return inputs and right classes, the first ``limit`` of them, in the model's own order."""
    config = model.config
    windows = with_channels_of(windows, config.channel_names, f"the model {config.name}")
    truth = labels_by_name(windows.y, windows.classes, config.classes, f"the model {config.name}")[:limit]
    return windows.x if limit is None else windows.x[:limit], truth


def run_onnx(file: Path, samples: Samples, progress: Progress) -> HostRun:
    """Run labelled samples in stock ONNX Runtime.

    Args:
        file: any ONNX file with one input [1, ...] and one output [1, classes]. If it says the names of its
            classes and channels, as `sensor-bnn export` writes them, labels and channels are matched by name,
            else by number.
        samples: labelled inputs.
        progress: called after each sample.

    Raises:
        ModelError: ONNX Runtime does not load the file.
        DataError: the shape, the classes or the channels of the samples are not the model's.
    """
    import hashlib

    from sensor_bnn.onnx.compare import model_facts, run_model

    facts = model_facts(file)
    known = facts.classes or samples.classes
    samples = with_channels_of(samples, facts.channels, f"the model {facts.name}")
    if facts.numbers is None:
        refuse_numbers(samples, f"the model {facts.name}")
        truth = labels_by_name(samples.y, samples.classes, known, f"the model {facts.name}")
    else:
        samples = with_numbers_of(samples, facts.numbers, f"the model {facts.name}")
        known, truth = samples.target_names, samples.y
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        progress("evaluate", done, len(samples.y))

    begun = time.monotonic()
    outputs = run_model(file, samples.x, advance)
    seconds = time.monotonic() - begun
    if outputs.ndim != 2 or outputs.shape[1] != len(known):
        raise DataError(
            f"The model {file} has outputs {list(outputs.shape[1:])}; there are {len(known)} classes.",
            _REMEDY,
        )
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    found = None
    if facts.numbers is not None:
        found = fit_of_values(outputs.astype(np.float64), samples, facts.numbers, facts.output_step)
    return HostRun(ONNX_RUNTIME, facts.name, digest, known, truth, outputs, seconds, None, found)


def run_host_bundle(folder: Path, samples: Samples, progress: Progress) -> HostRun:
    """Run labelled samples in a bundle that was compiled for this machine.

    Raises:
        BundleError: the bundle is missing, damaged, or compiled for another target.
        DataError: the shape of the samples is not the model's, or it does not have one of their classes.
    """
    metadata = read_metadata(folder)
    if metadata.target != "host":
        raise BundleError(
            f"{folder} is compiled for {metadata.target}, which this machine cannot run.",
            "Pass --port or --board to evaluate it on a board, or compile the model with --target host.",
        )
    samples = with_classes_of(metadata, samples)
    input_bytes_of(metadata, samples)  # refuses samples of another shape or type
    begun = time.monotonic()
    outputs = host_outputs(folder, samples, progress=progress)
    seconds = time.monotonic() - begun
    known, found = samples.classes, None
    if metadata.numbers is not None:
        known, found = (
            samples.target_names,
            fit_of(outputs, samples, metadata.numbers, metadata.output_step),
        )
    return HostRun(HOST, metadata.model, metadata.model_hash, known, samples.y, outputs, seconds, None, found)


def is_for_host(folder: Path) -> bool:
    """Return whether a folder is a bundle that was compiled for this machine."""
    try:
        return read_metadata(folder).target == "host"
    except BundleError:
        return False
