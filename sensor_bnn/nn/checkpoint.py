"""Checkpoints of tensors and plain values, which ``torch.load`` reads with ``weights_only=True``.

PyTorch reads a damaged file without a word, so each file holds a digest of its own content.
"""

from __future__ import annotations

import hashlib
import shlex
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sensor_bnn.data.samples import SAMPLES_FILE
from sensor_bnn.errors import CheckpointError, DataError
from sensor_bnn.files import replace_file
from sensor_bnn.nn.digest import digest_of
from sensor_bnn.nn.families import build, config_from
from sensor_bnn.nn.model import Model
from sensor_bnn.programs import copyable
from sensor_bnn.tracing import NOTES

FORMAT = "sensor-bnn checkpoint"
STATE_FORMAT = "sensor-bnn training state"
STATE_FILE, CHECKPOINT_FILE = "last.pt", "ckpt.pt"
"""The two files of a run: the state from which it resumes, and the checkpoint that it ends with."""

VERSION = 2
_WITHOUT_DIGEST = 1
"""The version of files that hold no digest."""


@dataclass(frozen=True)
class Checkpoint:
    """A trained model and its origin.

    Attributes:
        model: the model, in evaluation mode.
        recipe: the whole training recipe as plain values.
        metrics: the results of training, such as ``test_top1`` (0 .. 1), ``epochs`` and ``seed``.
    """

    model: Model
    recipe: dict[str, Any]
    metrics: dict[str, Any]


def save_checkpoint(path: Path, model: Model, recipe: dict[str, Any], metrics: dict[str, Any]) -> None:
    """Write a checkpoint atomically: an older file stays until the new one is complete.

    Args:
        path: the file to write.
        model: the trained model; its mode does not matter.
        recipe: the whole training recipe as plain values.
        metrics: the results of training as plain values.

    Raises:
        FileError: the file cannot be written.
    """
    state = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    config = model.config.to_dict()
    write_tensors(path, FORMAT, {"config": config, "state": state, "recipe": recipe, "metrics": metrics})


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        CheckpointError: it is missing, damaged, of another format or version, its tensors do not fit its
            configuration, or a weight or statistic is not finite.
    """
    content = read_tensors(path, FORMAT)
    try:
        config, state = content["config"], content["state"]
        recipe, metrics = dict(content["recipe"]), dict(content["metrics"])
        model = build(config_from(config))
        model.load_state_dict(state)
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise CheckpointError(
            f"The checkpoint {path} does not fit its own configuration ({_first_line(error)}).",
            "Train it again with `sensor-bnn train`.",
        ) from error
    found = not_finite(model.state_dict())
    if found is not None:
        raise CheckpointError(
            f"The checkpoint {path} cannot be used: {found} is not finite.",
            "Train it again, or give an earlier checkpoint.",
        )
    return Checkpoint(model.eval(), recipe, metrics)


def samples_beside(path: Path) -> Path:
    """Return ``samples.npz`` in the folder of a checkpoint.

    Raises:
        CheckpointError: there is no such file, and the checkpoint cannot be read either.
        DataError: there is no such file.
    """
    file = path.with_name(SAMPLES_FILE)
    if not file.is_file():
        # The samples of a file that is no checkpoint cannot be written: that is said first.
        load_checkpoint(path)
        raise DataError(f"There are no samples beside {path}.", f"{how_to_write(path)}, or give --samples.")
    return file


def how_to_write(path: Path) -> str:
    """Say with which command the samples beside a checkpoint are written; the start of a sentence."""
    file = str(path.with_name(SAMPLES_FILE))
    command = copyable(["sensor-bnn", "evaluate", str(path), "--write-samples", file])
    return f"Write them with `{command}`"


def not_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """Return the name of the first tensor with a NaN or an infinity, or None."""
    # A sum is fast and never finite if a value is not. It may also overflow, so that is not the last word.
    suspects = [name for name, tensor in tensors.items() if not tensor.sum().isfinite()]
    return next((name for name in suspects if not tensors[name].isfinite().all()), None)


def write_tensors(path: Path, kind: str, content: dict[str, Any]) -> None:
    """Write plain values and tensors atomically, with a digest of all of them.

    Args:
        path: the file to write; missing folders are made.
        kind: the name of the format, which ``read_tensors`` checks.
        content: plain values and tensors by name.

    Raises:
        FileError: the disk is full or the file cannot be written; an older file stays.
    """
    whole = {"format": kind, "version": VERSION, **content}
    with replace_file(path) as file:
        torch.save({**whole, "sha256": digest_of(whole)}, file)


def read_tensors(path: Path, kind: str) -> dict[str, Any]:
    """Read a file that ``write_tensors`` wrote, onto the CPU, and check its digest.

    A file of an earlier version holds none. If a file ``<name>.sha256`` lies beside it, as ``sha256sum``
    writes them, the whole file is checked by it; else it is read with a note.

    Args:
        path: the file to read.
        kind: the name of the format that the file must have.

    Raises:
        CheckpointError: the file is missing, damaged, or of another format or version.
    """
    again = "Give a file that `sensor-bnn train` wrote."
    if not path.is_file():
        folder = path if path.is_dir() else path.parent
        state, finished = folder / STATE_FILE, folder / CHECKPOINT_FILE
        if kind == FORMAT and folder == path and finished.is_file():
            raise CheckpointError(f"{path} is a folder, not a {kind}.", f"Give {finished}.")
        if kind == FORMAT and state.is_file() and not finished.is_file():
            raise CheckpointError(
                f"There is no {kind} at {path}: the run in {folder} is not finished.", _finish(state)
            )
        raise CheckpointError(f"There is no {kind} at {path}.", again)
    # torch.load would take any other file for its old format, a bare pickle.
    if not zipfile.is_zipfile(path):
        raise CheckpointError(f"{path} is truncated or not a {kind}.", again)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch passes on any exception of its zip reader and unpickler
        raise CheckpointError(f"{path} is damaged or not a {kind} ({_first_line(error)}).", again) from error
    if kind == FORMAT and isinstance(content, dict) and content.get("format") == STATE_FORMAT:
        finished = path.with_name(CHECKPOINT_FILE)
        if finished.is_file():
            raise CheckpointError(
                f"{path} is the state from which a run resumes, not its {kind}.", f"Give {finished}."
            )
        raise CheckpointError(
            f"{path} is the state of a run that is not finished, not a {kind}.", _finish(path)
        )
    if not isinstance(content, dict) or content.get("format") != kind:
        raise CheckpointError(f"{path} is a PyTorch file, but not a {kind}.", again)
    version = content.get("version")
    if version == _WITHOUT_DIGEST:
        _check_beside(path, again)
    elif version == VERSION:
        _check_digest(path, kind, content, again)
    else:
        raise CheckpointError(
            f"{path} is a {kind} of version {version}; this program reads {_WITHOUT_DIGEST} and {VERSION}.",
            again,
        )
    return content


def _finish(state: Path) -> str:
    folder = shlex.quote(str(state.parent))
    return (
        f"Finish the run with `sensor-bnn train RECIPE --out {folder} --resume`,"
        f" which writes {state.with_name(CHECKPOINT_FILE)}."
    )


def _check_digest(path: Path, kind: str, content: dict[str, Any], remedy: str) -> None:
    stated = content.pop("sha256", None)
    try:
        found = digest_of(content)
    except (TypeError, RuntimeError):  # What the damage made of it has no digest.
        found = ""
    if found != stated:
        raise CheckpointError(
            f"{path} is damaged: its content is not that of which the {kind} holds the SHA-256.", remedy
        )


def _check_beside(path: Path, remedy: str) -> None:
    beside = path.with_name(f"{path.name}.sha256")
    if not beside.is_file():
        NOTES.warning("%s is of an earlier version, without a digest: damage to it cannot be seen.", path)
        return
    stated = beside.read_bytes().split()[:1]
    if stated != [hashlib.sha256(path.read_bytes()).hexdigest().encode()]:
        raise CheckpointError(f"{path} is damaged: its SHA-256 is not that in {beside.name}.", remedy)


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__
