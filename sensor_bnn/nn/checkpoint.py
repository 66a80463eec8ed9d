"""Checkpoints of tensors and plain values, which ``torch.load`` reads with ``weights_only=True``."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sensor_bnn.errors import CheckpointError
from sensor_bnn.files import replace_file
from sensor_bnn.nn.families import build, config_from
from sensor_bnn.nn.model import Model

FORMAT = "sensor-bnn checkpoint"
VERSION = 1


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
        CheckpointError: it is missing, truncated, of another format or version, or its tensors do not fit
            its configuration.
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
    return Checkpoint(model.eval(), recipe, metrics)


def write_tensors(path: Path, kind: str, content: dict[str, Any]) -> None:
    """Write plain values and tensors atomically.

    Args:
        path: the file to write; missing folders are made.
        kind: the name of the format, which ``read_tensors`` checks.
        content: plain values and tensors by name.

    Raises:
        FileError: the disk is full or the file cannot be written; an older file stays.
    """
    with replace_file(path) as file:
        torch.save({"format": kind, "version": VERSION, **content}, file)


def read_tensors(path: Path, kind: str) -> dict[str, Any]:
    """Read a file that ``write_tensors`` wrote, onto the CPU.

    Args:
        path: the file to read.
        kind: the name of the format that the file must have.

    Raises:
        CheckpointError: the file is missing, damaged, or of another format or version.
    """
    again = "Give a file that `sensor-bnn train` wrote."
    if not path.is_file():
        raise CheckpointError(f"There is no {kind} at {path}.", again)
    if not zipfile.is_zipfile(path):
        raise CheckpointError(f"{path} is truncated or not a {kind}.", again)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch passes on any exception of its zip reader and unpickler
        raise CheckpointError(f"{path} is damaged or not a {kind} ({_first_line(error)}).", again) from error
    if not isinstance(content, dict) or content.get("format") != kind:
        raise CheckpointError(f"{path} is a PyTorch file, but not a {kind}.", again)
    if content.get("version") != VERSION:
        found = content.get("version")
        raise CheckpointError(f"{path} is a {kind} of version {found}; this program reads {VERSION}.", again)
    return content


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__
