"""The export stage: a checkpoint to ``model.onnx``, compared with PyTorch."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sensor_bnn.data.samples import Windows, read_samples
from sensor_bnn.labels import labels_by_name
from sensor_bnn.nn.checkpoint import load_checkpoint
from sensor_bnn.onnx.compare import Comparison, compare, run_model
from sensor_bnn.onnx.export import save_onnx, to_onnx
from sensor_bnn.tracing import Laps
from sensor_bnn.train.evaluate import logits

_log = logging.getLogger(__name__)

MODEL_FILE = "model.onnx"

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
    """

    model: str
    onnx: Path
    onnx_bytes: int
    model_hash: str
    comparison: Comparison | None


def export_checkpoint(
    checkpoint: Path,
    folder: Path | None = None,
    samples: Path | None = None,
    progress: Progress = lambda step: None,
    *,
    narrow: bool = False,
) -> Export:
    """Export a checkpoint and compare the result with PyTorch.

    All arguments are checked before a file is written.

    Args:
        checkpoint: the file that ``sensor-bnn train`` wrote.
        folder: the output folder; by default ``build/<model name>``.
        samples: the labelled windows for the comparison; by default ``samples.npz`` beside the checkpoint, if
            it exists.
        progress: called with the name of each step when it starts.
        narrow: whether to round float constants to 16 and 8 bits, and to take images as bytes.

    Raises:
        CheckpointError: the checkpoint is missing, damaged, or has no packed form.
        DataError: the samples are missing, damaged or not of the model's kind.
        ModelError: the model cannot be exported.
        FileError: a file cannot be written.
    """
    laps = Laps(_log)
    progress(f"reading {checkpoint}")
    model = load_checkpoint(checkpoint).model
    folded = model.fold()
    laps.lap("read and folded %s", checkpoint)
    windows = _samples(checkpoint, samples)
    expected = None
    if windows is not None:
        truth = labels_by_name(windows.y, windows.classes, folded.classes, f"the model {folded.name}")
        expected = logits(model, windows.x)
        laps.lap("ran %d samples in PyTorch", len(windows.y))
    folder = folder or Path("build") / folded.name
    path = folder / MODEL_FILE
    progress(f"writing {path}")
    save_onnx(to_onnx(folded, narrow=narrow), path, checksum=True)
    laps.lap("wrote %s", path)
    comparison = None
    if windows is not None and expected is not None:
        progress(f"running {len(windows.y)} samples in ONNX Runtime")
        comparison = compare(expected, run_model(path, windows.x[:]), truth)
        laps.lap("ran them in ONNX Runtime")
    data = path.read_bytes()
    return Export(folded.name, path, len(data), hashlib.sha256(data).hexdigest(), comparison)


def _samples(checkpoint: Path, samples: Path | None) -> Windows | None:
    if samples is not None:
        return read_samples(samples)
    beside = checkpoint.with_name("samples.npz")
    return read_samples(beside) if beside.is_file() else None
