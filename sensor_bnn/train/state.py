"""The state from which a run resumes: ``last.pt``, written after every epoch and on an interruption."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.checkpoint import read_tensors, write_tensors
from sensor_bnn.nn.model import Model
from sensor_bnn.train.average import RunningAverage
from sensor_bnn.train.recipe import Recipe, parse_recipe

STATE_FORMAT = "sensor-bnn training state"


@dataclass
class Position:
    """The position of a run.

    Attributes:
        history: one entry per finished epoch: ``epoch`` (from 1), mean ``loss`` and ``top1`` (0 .. 1).
        step: the number of finished steps in the current epoch.
        random: the state of the current epoch's generator; None at its start.
        loss, right, seen: the sum of losses, the number of right answers and of examples in that epoch.
    """

    history: list[dict[str, float]] = field(default_factory=list)
    step: int = 0
    random: Tensor | None = None
    loss: float = 0.0
    right: int = 0
    seen: int = 0

    def finish_epoch(self) -> None:
        """Add the epoch's mean loss and share of right answers to the history, and start the next epoch."""
        entry = {"loss": self.loss / self.seen, "top1": self.right / self.seen}
        self.history.append({"epoch": len(self.history) + 1, **entry})
        self.step, self.random = 0, None
        self.loss, self.right, self.seen = 0.0, 0, 0


def keep(
    path: Path,
    identity: dict[str, Any],
    model: Model,
    optimizer: torch.optim.Optimizer,
    average: RunningAverage,
    position: Position,
) -> None:
    """Write the state atomically.

    Args:
        path: the file to write.
        identity: plain values that identify the run: ``recipe``, ``seed`` and ``teacher`` (SHA-256 or None).
        model, optimizer, average: the objects whose state is saved.
        position: the position of the run.

    Raises:
        CheckpointError: a weight is not finite; an older file stays.
        FileError: the file cannot be written; an older file stays.
    """
    for name, tensor in model.state_dict().items():
        if not tensor.isfinite().all():
            raise CheckpointError(
                f"Training diverged: {name} is not finite after epoch {len(position.history)}.",
                "Lower schedule.rate in the recipe, or set schedule.clip; what was saved before is kept.",
            )
    content: dict[str, Any] = {
        **identity,
        "state": dict(model.state_dict()),
        "optimizer": optimizer.state_dict(),
        "average": average.tensors,
        **vars(position),
    }
    write_tensors(path, STATE_FORMAT, content)


def restore(
    path: Path,
    recipe: Recipe,
    identity: dict[str, Any],
    model: Model,
    optimizer: torch.optim.Optimizer,
    average: RunningAverage,
) -> Position:
    """Load the state in ``path`` into model, optimizer and average, and return the position of the run.

    Raises:
        CheckpointError: there is no state, or it is of another recipe, seed, teacher, model or version.
    """
    content = read_tensors(path, STATE_FORMAT)
    try:
        same = parse_recipe(content["recipe"], recipe.name) == recipe
        if not same or any(content.get(key) != identity[key] for key in ("seed", "teacher")):
            raise CheckpointError(
                f"{path} belongs to another recipe, seed or teacher than {recipe.name} with seed"
                f" {identity['seed']}.",
                "Give the same recipe, --epochs and --seed, or train without --resume.",
            )
        model.load_state_dict(content["state"])
        optimizer.load_state_dict(content["optimizer"])
        device = next(model.parameters()).device
        average.tensors = [tensor.to(device) for tensor in content.get("average", [])]
        known = {name: content[name] for name in vars(Position()) if name in content}
        return Position(**known)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(
            f"{path} does not fit the model of {recipe.name} ({str(error).splitlines()[0]}).",
            "Train without --resume.",
        ) from error
