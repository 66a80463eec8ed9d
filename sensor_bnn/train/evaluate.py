"""How often a model is right, and where it errs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from sensor_bnn.errors import DataError
from sensor_bnn.nn.model import Model
from sensor_bnn.train.windows import Examples, Windows


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        top1: share of right answers, 0 .. 1.
        top5: share of right ones among the first five answers (1 with five classes or fewer).
        loss: mean cross-entropy, nats.
        confusion: int64 ``[classes, classes]``, row: truth, column: answer.
    """

    top1: float
    top5: float
    loss: float
    confusion: npt.NDArray[np.int64]

    def recall(self) -> list[float]:
        """Share of right answers a class (0 for a class without windows)."""
        return [
            float(row[index] / row.sum()) if row.sum() else 0.0 for index, row in enumerate(self.confusion)
        ]


def logits(model: Model, x: Examples, batch: int = 256) -> npt.NDArray[np.float32]:
    """Logits ``[n, classes]`` of windows ``[n, C, L]`` or images in evaluation mode.

    Raises:
        DataError: the windows' shape is not the model's.
    """
    config = model.config
    if x.shape[1:] != config.input_shape:
        raise DataError(
            f"The windows are {list(x.shape[1:])}, the model {config.name} takes {list(config.input_shape)}.",
            "Give data of the model's kind.",
        )
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        parts = [model(torch.from_numpy(x[at : at + batch])).numpy() for at in range(0, len(x), batch)]
    model.train(was_training)
    return np.concatenate(parts)


def evaluate(model: Model, windows: Windows) -> Evaluation:
    """Run the model over all windows.

    Raises:
        DataError: the windows' shape or classes are not the model's.
    """
    if windows.classes != model.config.classes:
        raise DataError(
            f"The data's classes ({', '.join(windows.classes)}) are not the model's"
            f" ({', '.join(model.config.classes)}).",
            "Give data of the model's kind.",
        )
    answers = logits(model, windows.x)
    shifted = answers.astype(np.float64) - answers.max(axis=1, keepdims=True)
    log_softmax = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    count = len(windows.classes)
    confusion = np.zeros((count, count), dtype=np.int64)
    np.add.at(confusion, (windows.y, answers.argmax(axis=1)), 1)
    loss = -log_softmax[np.arange(len(answers)), windows.y].mean()
    first = np.argsort(-answers, axis=1, kind="stable")[:, :5]
    top5 = (first == windows.y[:, None]).any(axis=1).mean()
    return Evaluation(float(confusion.trace() / confusion.sum()), float(top5), float(loss), confusion)
