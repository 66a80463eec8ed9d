"""The best epoch of a run by its validation part, and when further epochs are not worth their time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from sensor_bnn.data.numbers import Fit
from sensor_bnn.nn.model import Model
from sensor_bnn.train.average import RunningAverage
from sensor_bnn.train.evaluate import Evaluation
from sensor_bnn.train.recipe import Recipe
from sensor_bnn.train.state import Position


def judge(
    at: Position, figures: Mapping[str, float], form: int, model: Model, average: RunningAverage
) -> None:
    """Add the figures of the validation part to the last epoch, and keep its weights if they are the best.

    An epoch is better if its balanced accuracy is higher or, if equal, its loss lower; of targets if its RMSE
    is lower. Only epochs of the model's latest form compete: earlier ones had real weights, or did not round
    as the exported integers do.

    Args:
        at: the position of the run after that epoch.
        figures: the result of ``figures_of``.
        form: the number of the model's form in that epoch, which only rises.
        model, average: the weights after that epoch.
    """
    entry = at.history[-1]
    entry.update(figures)
    best = at.best
    if "validation_rmse" in figures:
        now = (-figures["validation_rmse"], 0.0)
    else:
        now = (figures["validation_balanced"], -figures["validation_loss"])
    if best and best["form"] == form and now <= (best["balanced"], best["minus_loss"]):
        return
    at.best = {
        "epoch": int(entry["epoch"]),
        "form": form,
        "balanced": now[0],
        "minus_loss": now[1],
        "state": _copied(model.state_dict()),
        "average": [tensor.detach().clone() for tensor in average.tensors],
    }


def figures_of(found: Evaluation | Fit) -> dict[str, float]:
    """Return the figures of an evaluation on the validation part, by their names in the history."""
    if isinstance(found, Fit):
        return {"validation_rmse": found.rmse}
    return {
        "validation_loss": found.loss,
        "validation_top1": found.top1,
        "validation_balanced": found.balanced(),
    }


def is_over(at: Position, recipe: Recipe, form: int) -> bool:
    """Whether the epochs of a form of the model end early, since none was better for ``schedule.patience``.

    Args:
        at: the position of the run, between two epochs.
        recipe: the recipe of the run.
        form: the number of the model's form in the next epoch; one that begins there is not over.
    """
    patience = recipe.schedule.patience
    best = at.best
    return bool(patience and best and best["form"] == form and at.done - best["epoch"] >= patience)


def give_best(at: Position, model: Model, average: RunningAverage) -> None:
    """Put the weights of the best epoch into model and average; without a validation part they stay."""
    if at.best:
        model.load_state_dict(at.best["state"])
        for tensor, kept in zip(average.tensors, at.best["average"], strict=True):
            tensor.copy_(kept)


def _copied(state: Mapping[str, Any]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in state.items()}
