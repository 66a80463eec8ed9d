"""The export stage: a checkpoint to ``model.onnx``, checked beside PyTorch, and to compiled bundles."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.errors import DataError
from sensor_bnn.nn.checkpoint import load_checkpoint
from sensor_bnn.onnx.compare import Comparison, compare, run_model
from sensor_bnn.onnx.export import save_onnx, to_onnx
from sensor_bnn.train.evaluate import logits
from sensor_bnn.train.windows import Windows, read_samples

MODEL_FILE = "model.onnx"
HOST = "host"
"""The target that is always compiled too: what the device's outputs are compared with."""

Progress = Callable[[str], object]


@dataclass(frozen=True)
class Export:
    """What an export left.

    Attributes:
        model: the model's name.
        onnx: the ONNX file.
        onnx_bytes: its size.
        model_hash: its SHA-256, hexadecimal.
        bundles: folder of the compiled bundle by target; the device's target first.
        comparison: PyTorch beside ONNX Runtime; None if there were no samples.
    """

    model: str
    onnx: Path
    onnx_bytes: int
    model_hash: str
    bundles: dict[str, Path]
    comparison: Comparison | None


def export_checkpoint(
    checkpoint: Path,
    target: str,
    folder: Path | None = None,
    samples: Path | None = None,
    progress: Progress = lambda step: None,
) -> Export:
    """Export, compare and compile.

    Everything that can be wrong with the arguments is found before a file is written.

    Args:
        checkpoint: what ``sensor-bnn train`` wrote.
        target: a name that ``sensor-bnn targets`` lists.
        folder: where to; by default ``build/<model name>``.
        samples: labelled windows to compare on; by default ``samples.npz`` beside the checkpoint, if any.
        progress: told of each step as it starts.

    Raises:
        CheckpointError: the checkpoint is missing, damaged, or has no packed form.
        DataError: the samples are missing, damaged or not of the model's kind.
        BoardError: there is no such target.
        ModelError: the model cannot be exported or compiled, or a file cannot be written.
        ToolError: the host's C compiler is missing or failed.
    """
    find_target(target)
    progress(f"reading {checkpoint}")
    model = load_checkpoint(checkpoint).model
    folded = model.fold()
    windows = _samples(checkpoint, samples)
    expected = None
    if windows is not None:
        if windows.classes != folded.classes:
            raise DataError(
                f"The samples' classes are {', '.join(windows.classes)};"
                f" those of {folded.name} are {', '.join(folded.classes)}.",
                "Give samples of the model's data set.",
            )
        expected = logits(model, windows.x)
    folder = folder or Path("build") / folded.name
    path = folder / MODEL_FILE
    progress(f"writing {path}")
    save_onnx(to_onnx(folded), path)
    comparison = None
    if windows is not None and expected is not None:
        progress(f"running {len(windows.y)} samples in ONNX Runtime")
        comparison = compare(expected, run_model(path, windows.x), windows.y)
    bundles = {}
    for name in dict.fromkeys((target, HOST)):
        progress(f"compiling for {name}")
        compile_model(path, name, folder / name)
        bundles[name] = folder / name
    data = path.read_bytes()
    return Export(folded.name, path, len(data), hashlib.sha256(data).hexdigest(), bundles, comparison)


def _samples(checkpoint: Path, samples: Path | None) -> Windows | None:
    if samples is not None:
        return read_samples(samples)
    beside = checkpoint.with_name("samples.npz")
    return read_samples(beside) if beside.is_file() else None
