"""A look at the path of an ONNX file that needs no imports of seconds."""

from __future__ import annotations

from pathlib import Path

from sensor_bnn.errors import FileError, ModelError

MODEL_FILE = "model.onnx"
"""The name of the ONNX file of an export; its bundles are in folders beside it."""


def check_model_path(path: Path) -> None:
    """Refuse a path that is a folder, such as a bundle's, or at which there is nothing.

    Raises:
        ModelError: there is no file at the path; where the bundle's ONNX file is known, it is named.
    """
    if path.is_dir():
        near = [folder / MODEL_FILE for folder in (path, path.parent) if (folder / MODEL_FILE).is_file()]
        told = f"Give {near[0]}." if near else f"Give the {MODEL_FILE} that `sensor-bnn export` wrote."
        raise ModelError(f"{path} is a folder, not an ONNX file.", told)
    if not path.exists():
        raise ModelError(f"There is no {path}.", "Give an ONNX file, such as `sensor-bnn export` writes.")


def check_place(path: Path) -> None:
    """Refuse to replace a ``model.onnx`` that no export wrote.

    Raises:
        FileError: there is one.
    """
    if path.is_file() and not _is_exported(path):
        raise FileError(
            f"{path} would be replaced, and sensor-bnn did not write it.",
            "Name another folder with --output, or pass --force to replace the file.",
        )


def _is_exported(path: Path) -> bool:
    """Whether an existing file is one that an export wrote, by what it says of its producer."""
    import onnx

    from sensor_bnn.onnx.operators import PRODUCER

    try:
        return bool(onnx.load(path).producer_name == PRODUCER)
    except Exception:  # protobuf and onnx have many classes of errors; such a file is another program's
        return False
