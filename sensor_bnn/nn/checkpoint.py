"""Checkpoints: tensors and plain values, readable with ``weights_only=True``."""

from __future__ import annotations

import os
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.families import build, config_from
from sensor_bnn.nn.model import Model

FORMAT = "sensor-bnn checkpoint"
VERSION = 1


@dataclass(frozen=True)
class Checkpoint:
    """A trained model and where it came from.

    Attributes:
        model: in evaluation mode.
        recipe: the whole training recipe, plain values.
        metrics: what training measured, such as ``test_top1`` (0 .. 1), ``epochs``, ``seed``.
    """

    model: Model
    recipe: dict[str, Any]
    metrics: dict[str, Any]


def save_checkpoint(path: Path, model: Model, recipe: dict[str, Any], metrics: dict[str, Any]) -> None:
    """Write a checkpoint in one step: the old file stands until the new one is whole."""
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
            "Train it anew with `sensor-bnn train`.",
        ) from error
    return Checkpoint(model.eval(), recipe, metrics)


def write_tensors(path: Path, kind: str, content: dict[str, Any]) -> None:
    """Write plain values and tensors under a format name, atomically.

    Raises:
        CheckpointError: the disk is full, or the place cannot be written to; an older file stands.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save({"format": kind, "version": VERSION, **content}, temporary)
        temporary.replace(path)
    except (OSError, RuntimeError) as error:  # RuntimeError: what torch's zip writer makes of a full disk
        raise CheckpointError(
            f"{path} cannot be written ({_first_line(error)}).",
            "Free some space or choose another folder; what was saved before is kept.",
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def read_tensors(path: Path, kind: str) -> dict[str, Any]:
    """Read what ``write_tensors`` wrote.

    Raises:
        CheckpointError: the file is missing, damaged, or of another format or version.
    """
    again = "Give a file that `sensor-bnn train` wrote."
    if not path.is_file():
        raise CheckpointError(f"There is no {kind} at {path}.", again)
    if not zipfile.is_zipfile(path):
        raise CheckpointError(f"{path} is truncated or no {kind}.", again)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever its zip reader and unpickler meet
        raise CheckpointError(f"{path} is damaged or no {kind} ({_first_line(error)}).", again) from error
    if not isinstance(content, dict) or content.get("format") != kind:
        raise CheckpointError(f"{path} is a file of PyTorch, but no {kind}.", again)
    if content.get("version") != VERSION:
        found = content.get("version")
        raise CheckpointError(f"{path} is a {kind} of version {found}; this program reads {VERSION}.", again)
    return content


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__
