"""The export stage: a checkpoint to ``model.onnx``, compared with PyTorch."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sensor_bnn.data.channels import with_channels_of
from sensor_bnn.data.samples import SAMPLES_FILE, read_samples, truth_of
from sensor_bnn.labels import labels_by_name
from sensor_bnn.nn.checkpoint import load_checkpoint
from sensor_bnn.nn.folded_hybrid import FoldedHybrid
from sensor_bnn.onnx.compare import Comparison, NumberComparison, compare, compare_numbers, run_model
from sensor_bnn.onnx.export import save_onnx, to_onnx
from sensor_bnn.onnx.path import MODEL_FILE as MODEL_FILE
from sensor_bnn.onnx.path import check_place
from sensor_bnn.tracing import Laps
from sensor_bnn.train.evaluate import logits
from sensor_bnn.train.regression import targets_of, values_of

_log = logging.getLogger(__name__)

Progress = Callable[[str], object]


@dataclass(frozen=True)
class Export:
    """The result of an export.

    Attributes:
        model: the model's name.
        onnx: the path of the ONNX file.
        onnx_bytes: the size of that file.
        model_hash: the SHA-256 of that file, in hex.
        comparison: the comparison of PyTorch with ONNX Runtime; None if there were no samples.
        integers: whether the model computes in integers from the sample to the class, so that there is
            nothing to narrow.
        samples: the file of the samples; None if there were none.
    """

    model: str
    onnx: Path
    onnx_bytes: int
    model_hash: str
    comparison: Comparison | NumberComparison | None
    integers: bool
    samples: Path | None


def export_checkpoint(
    checkpoint: Path,
    folder: Path | None = None,
    samples: Path | None = None,
    progress: Progress = lambda step: None,
    *,
    narrow: bool = False,
    force: bool = False,
) -> Export:
    """Export a checkpoint and compare the result with PyTorch.

    All arguments are checked before a file is written.

    Args:
        checkpoint: the file that ``sensor-bnn train`` wrote.
        folder: the output folder; by default ``build/<model name>``.
        samples: the labelled windows for the comparison; by default ``samples.npz`` beside the checkpoint, if
            it exists.
        progress: called with the name of each step when it starts.
        narrow: whether to round float constants to 16 and 8 bits, and to take images as bytes; a model of
            integers is exported in the same way with and without it.
        force: whether to replace a ``model.onnx`` that no export wrote.

    Raises:
        CheckpointError: the checkpoint is missing, damaged, or has no packed form.
        DataError: the samples are missing, damaged or not of the model's kind.
        ModelError: the model cannot be exported.
        FileError: a file cannot be written, or another program's file is in its place.
    """
    laps = Laps(_log)
    progress(f"reading {checkpoint}")
    model = load_checkpoint(checkpoint).model
    folded = model.fold()
    integers = isinstance(folded, FoldedHybrid)
    numbers = targets_of(model)
    laps.lap("read and folded %s", checkpoint)
    folder = folder or Path("build") / folded.name
    path = folder / MODEL_FILE
    if not force:
        check_place(path)
    samples = samples or _beside(checkpoint)
    windows = None if samples is None else read_samples(samples)
    expected = None
    if windows is not None:
        windows = with_channels_of(windows, folded.channel_names, f"the model {folded.name}")
        if numbers:
            known = truth_of(windows, numbers, f"the model {folded.name}")
        else:
            truth = labels_by_name(windows.y, windows.classes, folded.classes, f"the model {folded.name}")
        expected = logits(model, windows.x)
        laps.lap("ran %d samples in PyTorch", len(windows.y))
    progress(f"writing {path}")
    save_onnx(to_onnx(folded, narrow=narrow), path, checksum=True)
    laps.lap("wrote %s", path)
    comparison: Comparison | NumberComparison | None = None
    if windows is not None and expected is not None:
        progress(f"running {len(windows.y)} samples in ONNX Runtime")
        answers = run_model(path, windows.x[:])
        if numbers:
            comparison = compare_numbers(values_of(expected, numbers), answers, known, folded.classes)
        else:
            comparison = compare(expected, answers, truth, integers=integers)
        laps.lap("ran them in ONNX Runtime")
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return Export(folded.name, path, len(data), digest, comparison, integers, samples)


def _beside(checkpoint: Path) -> Path | None:
    beside = checkpoint.with_name(SAMPLES_FILE)
    return beside if beside.is_file() else None
