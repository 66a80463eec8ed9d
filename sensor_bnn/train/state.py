"""The state from which a run resumes: ``last.pt``, written after every epoch and on an interruption."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sensor_bnn.errors import CheckpointError
from sensor_bnn.files import write_errors
from sensor_bnn.nn.checkpoint import CHECKPOINT_FILE as CHECKPOINT_FILE
from sensor_bnn.nn.checkpoint import STATE_FILE as STATE_FILE
from sensor_bnn.nn.checkpoint import STATE_FORMAT as STATE_FORMAT
from sensor_bnn.nn.checkpoint import not_finite, read_tensors, write_tensors
from sensor_bnn.nn.model import Model
from sensor_bnn.tracing import NOTES
from sensor_bnn.train.average import RunningAverage
from sensor_bnn.train.recipe import Recipe, parse_recipe, stated

_OTHER_FILES = ("history.csv", "history.json")
_MOST_NAMED = 3


Entry = dict[str, float]
"""The figures of an epoch by name: ``epoch`` (from 1), mean ``loss``, ``top1`` (0 .. 1), its last ``rate``.

With a validation part also ``validation_loss``, ``validation_top1`` and ``validation_balanced``. Of targets
``rmse`` and ``validation_rmse``, in deviations of the training part, in place of all but loss and rate.
"""


@dataclass
class Position:
    """The position of a run.

    Attributes:
        history: one entry per finished epoch.
        step: the number of finished steps in the current epoch.
        random: the state of the current epoch's generator; None at its start.
        loss, right, seen: the sum of losses, the number of right answers and of examples in that epoch.
        squares: of targets, the sum over these examples of the mean squared error; None for classes.
        best: the best epoch by the validation part and its weights, see ``sensor_bnn.train.best``; empty if
            there is none.
        skipped: the number of epochs that were left out because none before them was better.
    """

    history: list[Entry] = field(default_factory=list)
    step: int = 0
    random: Tensor | None = None
    loss: float = 0.0
    right: int = 0
    seen: int = 0
    squares: float | None = None
    best: dict[str, Any] = field(default_factory=dict)
    skipped: int = 0

    @property
    def done(self) -> int:
        """The number of the last epoch that is over, counted from 1; 0 before the first."""
        return len(self.history) + self.skipped

    def finish_epoch(self, rate: float) -> None:
        """Add the epoch to the history, and start the next one.

        Args:
            rate: the learning rate of the epoch's last step.
        """
        entry = {"loss": self.loss / self.seen, "top1": self.right / self.seen, "rate": rate}
        if self.squares is not None:
            del entry["top1"]
            entry["rmse"] = math.sqrt(self.squares / self.seen)
            self.squares = 0.0
        self.history.append({"epoch": self.done + 1, **entry})
        self.step, self.random = 0, None
        self.loss, self.right, self.seen = 0.0, 0, 0


def check_start(out: Path, resume: bool, fresh: bool) -> None:
    """Refuse to begin a run in a folder that holds one, and to go on where there is none.

    Args:
        out: the folder of the run.
        resume: whether to go on with the run in it.
        fresh: whether to discard that run.

    Raises:
        CheckpointError: the run in the folder would be overwritten, or there is none to go on with.
    """
    finished, begun = (out / CHECKPOINT_FILE).exists(), (out / STATE_FILE).exists()
    if resume and finished and not begun:
        raise CheckpointError(
            f"{out} holds a finished run, {out / CHECKPOINT_FILE}: there is nothing to continue.",
            "Use that file; or train again with --fresh, which discards it, or in another folder with --out.",
        )
    if resume and not begun:
        raise CheckpointError(
            f"There is no {STATE_FORMAT} at {out / STATE_FILE}.", "Train without --resume, or correct --out."
        )
    if not resume and not fresh and (finished or begun):
        kind, first = (
            ("a finished", "Discard") if finished else ("an interrupted", "Continue with --resume, discard")
        )
        raise CheckpointError(
            f"{out} holds {kind} run.", f"{first} it with --fresh, or choose another folder with --out."
        )


def discard(out: Path) -> None:
    """Remove the files of a run, so that those of the next are never beside them.

    Raises:
        FileError: one of them cannot be removed.
    """
    for name in (STATE_FILE, CHECKPOINT_FILE, *_OTHER_FILES):
        with write_errors(out / name):
            (out / name).unlink(missing_ok=True)


def check_finite(tensors: Mapping[str, Tensor], recipe: Recipe, where: str) -> None:
    """Refuse weights and statistics that are not finite.

    Args:
        tensors: the weights and statistics by name.
        recipe: the recipe, for the message.
        where: the end of the message's first sentence, such as ``in epoch 2, step 3``.

    Raises:
        CheckpointError: a tensor is not finite.
    """
    found = not_finite(tensors)
    if found is not None:
        raise CheckpointError(f"Training of {recipe.name} diverged: {found} is not finite {where}.", DIVERGED)


def moments(model: Model, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return what the optimizer keeps of each weight: if that overflows, the weight learns no more."""
    return {
        f"{key} of {name}": value
        for name, parameter in model.named_parameters()
        for key, value in optimizer.state.get(parameter, {}).items()
    }


DIVERGED = "Lower schedule.rate in the recipe, or set schedule.clip; what was saved before is kept."
"""What to do if the loss or a weight is not finite."""


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
        identity: plain values that identify the run: ``recipe``, ``seed``, ``teacher`` (SHA-256 or None),
            ``data`` (SHA-256) and ``program``.
        model, optimizer, average: the objects whose state is saved.
        position: the position of the run.

    Raises:
        FileError: the file cannot be written; an older file stays.
    """
    content: dict[str, Any] = {
        **identity,
        "state": dict(model.state_dict()),
        "optimizer": optimizer.state_dict(),
        "average": average.tensors,
        **vars(position),
        # As one text: thousands of epochs as separate values would take longer to write than an epoch.
        "history": json.dumps(position.history),
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

    Another version of this program is only noted: it need not give another curve.

    Raises:
        CheckpointError: there is no state, or it is of another recipe, seed, teacher, data, model or version.
    """
    content = read_tensors(path, STATE_FORMAT)
    try:
        _check_same(path, content, recipe, identity)
        model.load_state_dict(content["state"])
        optimizer.load_state_dict(content["optimizer"])
        device = next(model.parameters()).device
        average.tensors = [tensor.to(device) for tensor in content.get("average", [])]
        known = {name: content[name] for name in vars(Position()) if name in content}
        if isinstance(known["history"], str):  # earlier versions wrote a list
            known["history"] = json.loads(known["history"])
        return Position(**known)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(
            f"{path} does not fit the model of {recipe.name} ({str(error).splitlines()[0]}).",
            _START_OVER,
        ) from error


_START_OVER = "Choose another folder with --out, or discard this run with `sensor-bnn train --fresh`."


def _check_same(path: Path, content: dict[str, Any], recipe: Recipe, identity: dict[str, Any]) -> None:
    """Compare what the state in a file says about its run with the present run."""
    begun = stated(parse_recipe(content["recipe"], recipe.name))
    if begun != recipe:
        data = replace(begun.data, folder=recipe.data.folder)
        begun = replace(begun, data=data, distill=replace(begun.distill, folder=recipe.distill.folder))
        differing = _differences(begun.to_dict(), recipe.to_dict())
        more = f" and {len(differing) - _MOST_NAMED} more" if len(differing) > _MOST_NAMED else ""
        raise CheckpointError(
            f"{path} was begun with another recipe than {recipe.name} is now:"
            f" {', '.join(differing[:_MOST_NAMED])}{more}.",
            f"Give the same recipe and --epochs. {_START_OVER}",
        )
    if content.get("seed") != identity["seed"]:
        raise CheckpointError(
            f"{path} was begun with seed {content.get('seed')}, not {identity['seed']}.",
            f"Give that --seed. {_START_OVER}",
        )
    if content.get("teacher") != identity["teacher"]:
        raise CheckpointError(
            f"{path} was begun with another teacher than that of {recipe.name} is now.", _START_OVER
        )
    if "data" not in content:
        NOTES.warning("%s is of an earlier version, and does not say on which data it was begun.", path)
    elif content["data"] != identity["data"]:
        raise CheckpointError(
            f"{path} was begun on other data: the windows, images, labels or names of the classes that"
            f" {recipe.name} learns from have changed.",
            f"Restore the data. {_START_OVER}",
        )
    changed = _changed(content.get("program", {}), identity["program"], most=16)
    if changed:
        NOTES.warning("%s was begun with another version of %s: the curve may change.", path, changed)
    changed = _changed(content.get("machine", {}), identity["machine"], most=80)
    if changed:
        NOTES.warning(
            "%s was begun with another %s: the curve goes on, but not to the same last bit.", path, changed
        )


def _changed(before: dict[str, str], now: dict[str, str], most: int) -> str:
    """Name the entries with other values, each value cut to ``most`` letters.

    What an earlier version did not note counts as the same.
    """
    return ", ".join(
        f"{name} ({before[name]:.{most}}, now {now[name]:.{most}})"
        for name in now
        if before.get(name, now[name]) != now[name]
    )


def _differences(before: dict[str, Any], now: dict[str, Any], within: str = "") -> list[str]:
    """Name the keys of a recipe with other values, such as ``schedule.rate (0.01, now 0.003)``."""
    found = []
    for key in {**before, **now}:
        old, new = before.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found += _differences(old, new, f"{within}{key}.")
        elif old != new:
            found.append(f"{within}{key} ({old!r}, now {new!r})")
    return found
