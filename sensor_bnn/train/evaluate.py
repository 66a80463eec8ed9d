"""The accuracy of a model and its confusion matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from sensor_bnn.data.channels import with_channels_of
from sensor_bnn.data.samples import Examples, Windows
from sensor_bnn.errors import DataError
from sensor_bnn.labels import labels_by_name
from sensor_bnn.nn.model import Model


@dataclass(frozen=True)
class Evaluation:
    """The result of an evaluation.

    Attributes:
        top1: the share of right answers, 0 .. 1.
        top5: the share of examples whose class is among the first five answers, 0 .. 1; 1 with at most five
            classes.
        loss: the mean cross-entropy in nats.
        confusion: the number of examples by truth (row) and answer (column), int64 ``[classes, classes]``.
    """

    top1: float
    top5: float
    loss: float
    confusion: npt.NDArray[np.int64]

    def balanced(self) -> float:
        """Return the mean recall of the classes that have examples, 0 .. 1."""
        present = self.confusion.sum(axis=1) > 0
        return float(np.mean(np.array(self.recall())[present]))

    def recall(self) -> list[float]:
        """Return the share of right answers of each class, 0 .. 1; 0 for a class without examples."""
        return [
            float(row[index] / row.sum()) if row.sum() else 0.0 for index, row in enumerate(self.confusion)
        ]


def logits(model: Model, x: Examples, batch: int = 256) -> npt.NDArray[np.float32]:
    """Compute the logits, float32 ``[n, classes]``, in evaluation mode.

    Args:
        model: the model; its mode is the same on return.
        x: windows ``[n, C, L]`` in sensor units, or images.
        batch: the number of examples per forward pass.

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
        device = next(model.parameters()).device  # validation is done while a model is trained on a GPU
        parts = [
            model(torch.from_numpy(x[at : at + batch]).to(device)).cpu().numpy()
            for at in range(0, len(x), batch)
        ]
    model.train(was_training)
    return np.concatenate(parts)


def cross_entropy(outputs: npt.NDArray[np.float32], y: npt.NDArray[np.int64]) -> float:
    """Return the mean cross-entropy, in nats, of logits ``[n, classes]`` and the right classes ``[n]``."""
    # Less the largest logit, which changes no share, and lets no exponential overflow.
    shifted = outputs.astype(np.float64) - outputs.max(axis=1, keepdims=True)
    log_softmax = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-log_softmax[np.arange(len(outputs)), y].mean())


def evaluate(model: Model, windows: Windows) -> Evaluation:
    """Evaluate the model on all windows or images; labels and channels are matched to its own by name.

    Raises:
        DataError: the windows' shape or channels are not the model's, or the model does not have one of their
            classes.
    """
    config = model.config
    windows = with_channels_of(windows, config.channel_names, f"the model {config.name}")
    truth = labels_by_name(windows.y, windows.classes, config.classes, f"the model {config.name}")
    answers = logits(model, windows.x)
    count = len(config.classes)
    confusion = np.zeros((count, count), dtype=np.int64)
    np.add.at(confusion, (truth, answers.argmax(axis=1)), 1)
    first = np.argsort(-answers, axis=1, kind="stable")[:, :5]
    top5 = (first == truth[:, None]).any(axis=1).mean()
    top1 = float(confusion.trace() / confusion.sum())
    return Evaluation(top1, float(top5), cross_entropy(answers, truth), confusion)
