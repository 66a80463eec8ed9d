"""How often outputs are right, by class: the same arithmetic wherever the outputs were computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_FIRST = 5


@dataclass(frozen=True)
class Accuracy:
    """How often a set of outputs is right.

    Attributes:
        top1: share of samples whose largest output is that of the right class, 0 to 1.
        top5: share of samples with the right class among the five largest outputs, 0 to 1.
        not_a_number: samples with a NaN in the output. They are counted as wrong.
        confusion: int64 [classes, classes], rows are the truth, columns the answers. A sample with a NaN in
            the output is in no column.
        recall: for each class the share of its samples that was answered correctly, None without samples.
    """

    top1: float
    top5: float
    not_a_number: int
    confusion: npt.NDArray[np.int64]
    recall: tuple[float | None, ...]


def answers_of(outputs: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return the class [n] with the largest output [n, classes], and -1 where an output is a NaN."""
    answers: npt.NDArray[np.int64] = np.where(
        np.isnan(outputs).any(axis=1), -1, np.argmax(outputs, axis=1)
    ).astype(np.int64)
    return answers


def accuracy_of(outputs: npt.NDArray[Any], truth: npt.NDArray[np.int64]) -> Accuracy:
    """Compare outputs [n, classes] with the right classes [n].

    Args:
        outputs: numbers of any type, at least one sample.
        truth: int64, 0 to classes - 1.
    """
    count = outputs.shape[1]
    answers = answers_of(outputs)
    answered = answers >= 0
    confusion = np.zeros((count, count), np.int64)
    np.add.at(confusion, (truth[answered], answers[answered]), 1)
    totals = np.bincount(truth, minlength=count)
    # A stable order breaks ties as argmax does: the first of equal outputs is the answer.
    first = np.argsort(-outputs.astype(np.float64), axis=1, kind="stable")[:, :_FIRST]
    return Accuracy(
        top1=float(np.mean(answers == truth)),
        top5=float(np.mean((first == truth[:, None]).any(axis=1) & answered)),
        not_a_number=int(np.sum(~answered)),
        confusion=confusion,
        recall=tuple(
            int(confusion[place, place]) / int(total) if total else None for place, total in enumerate(totals)
        ),
    )
