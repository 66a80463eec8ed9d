"""What a training run reached, as JSON and for a terminal: figures of each class, confusion, curves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from rich import box
from rich.console import Group
from rich.table import Table

from sensor_bnn.data.numbers import Fit
from sensor_bnn.report.confusion import confusion_table
from sensor_bnn.report.console import table_console
from sensor_bnn.report.regression import target_facts, target_table
from sensor_bnn.train.loop import TrainingRun

CURVES: dict[str, tuple[str, ...]] = {
    "loss": ("loss", "validation_loss"),
    "share of right answers": ("top1", "validation_top1"),
}
"""The charts: a title, and the figures of the history that it shows."""

TARGET_CURVES: dict[str, tuple[str, ...]] = {
    "loss": ("loss",),
    "RMSE in deviations of what was learned": ("rmse", "validation_rmse"),
}
"""The charts of a model that predicts numbers."""

NAMES = dict.fromkeys(("loss", "top1", "rmse"), "training")
NAMES |= dict.fromkeys(("validation_loss", "validation_top1", "validation_rmse"), "validation")
"""The part of the data that each of these figures is of."""

_SIGNS = "▁▂▃▄▅▆▇█"
_COLUMNS = 40


def training_facts(run: TrainingRun) -> dict[str, Any]:
    """Return the part of ``sensor-bnn train --json`` on classes or targets, and epochs."""
    first, last = run.history[0], run.history[-1]
    if isinstance(run.test, Fit):
        assert "rmse" in first
        return {
            "train_rmse": last["rmse"],
            "test_rmse": run.test.rmse,
            "trained_epochs": len(run.history),
            "kept_epoch": run.kept,
            "targets": target_facts(run.test.targets, run.test.truth, run.test.answers),
            "history": run.history,
        }
    classes = class_facts(run.classes, run.test.confusion.tolist())
    known = [one["f1"] for one in classes if one["samples"]]
    return {
        "train_top1": last["top1"],
        "test_top1": run.test.top1,
        "test_loss": run.test.loss,
        "trained_epochs": len(run.history),
        "kept_epoch": run.kept,
        "test_balanced": run.test.balanced(),
        "test_macro_f1": float(np.mean([0.0 if f1 is None else f1 for f1 in known])),
        "classes": classes,
        "confusion": run.test.confusion.tolist(),
        "history": run.history,
    }


def class_facts(classes: Sequence[str], confusion: Sequence[Sequence[int]]) -> list[dict[str, Any]]:
    """Return samples, precision, recall and F1 of each class; None where nothing is divided by nothing.

    Args:
        classes: the names of the classes.
        confusion: counts [truth][answer].
    """
    found = []
    for place, name in enumerate(classes):
        right = confusion[place][place]
        samples = sum(confusion[place])
        answered = sum(row[place] for row in confusion)
        found.append(
            {
                "name": name,
                "samples": samples,
                "precision": right / answered if answered else None,
                "recall": right / samples if samples else None,
                "f1": 2 * right / (samples + answered) if samples + answered else None,
            }
        )
    return found


def print_training(facts: dict[str, Any]) -> None:
    """Print the curves, the figures of each class and the confusion matrix to stdout.

    Args:
        facts: what ``sensor-bnn train --json`` prints.
    """
    table_console().print(training_tables(facts))


def training_tables(facts: dict[str, Any]) -> Group:
    """Return what ``print_training`` prints, for any rich console."""
    if "targets" in facts:
        title = f"numbers: RMSE {facts['test_rmse']:.3f} deviations of what was learned"
        return Group(_curves(facts), target_table(facts["targets"], title))
    names = [one["name"] for one in facts["classes"]]
    recall = [one["recall"] for one in facts["classes"]]
    return Group(_curves(facts), _classes(facts), confusion_table(names, recall, facts["confusion"]))


def summary_of(facts: dict[str, Any]) -> str:
    """Return in a sentence which epoch is kept, and why."""
    trained, planned, kept = facts["trained_epochs"], facts["epochs"], facts["kept_epoch"]
    entry = facts["history"][-1]
    if "validation_top1" not in entry and "validation_rmse" not in entry:
        return f"{trained} epochs; the weights of the last one are kept"
    numbers = [0, *(int(entry["epoch"]) for entry in facts["history"]), planned + 1]
    gaps = [(before + 1, after - 1) for before, after in pairwise(numbers) if after - before > 1]
    early = ""
    if gaps:
        told = ", ".join(f"{first} to {last}" if last > first else f"{first}" for first, last in gaps)
        early = (
            f" of {planned}; stopped early: left out {told}, because the result on the validation part"
            " had not become better for long"
        )
        following = gaps[-1][1] + 1
        if following <= planned:
            early += (
                f"; epochs {following} to {planned} ran, in which the model has its next form (binary"
                " weights, or the roundings of its integers)"
            )
    best = next(entry for entry in facts["history"] if entry["epoch"] == kept)
    if "validation_rmse" in best:
        return (
            f"{trained} epochs{early}; epoch {kept} is kept, with an RMSE of"
            f" {best['validation_rmse']:.3f} deviations in the validation part"
        )
    reached = best["validation_top1"]
    return f"{trained} epochs{early}; epoch {kept} is kept, with {reached:.1%} right in the validation part"


def _curves(facts: dict[str, Any]) -> Table:
    table = Table(
        title=summary_of(facts), title_justify="left", box=box.SIMPLE, padding=(0, 1, 0, 0), show_header=False
    )
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    for title, keys in curves_of(facts).items():
        for key in keys:
            values = [entry[key] for entry in facts["history"] if key in entry]
            if values:
                short = "loss" if title == "loss" else "RMSE" if "targets" in facts else "right"
                ends = f"{values[0]:.3g} to {values[-1]:.3g}"
                table.add_row(f"{short}, {NAMES[key]}", _spark(values), ends)
    return table


def curves_of(facts: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the charts of a run: a title, and the figures of the history that it shows."""
    return TARGET_CURVES if "targets" in facts else CURVES


def _spark(values: Sequence[float]) -> str:
    """Return a curve in one line, each sign the mean of equally many epochs."""
    width = min(_COLUMNS // 2, len(values))
    means = [float(np.mean(part)) for part in np.array_split(np.array(values), width)]
    low, high = min(means), max(means)
    top = len(_SIGNS) - 1
    return "".join(_SIGNS[round(top * (value - low) / ((high - low) or 1))] for value in means)


def _classes(facts: dict[str, Any]) -> Table:
    title = f"balanced accuracy {facts['test_balanced']:.1%}, mean F1 {facts['test_macro_f1']:.1%}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("class")
    for heading in ("tested", "precision", "recall", "F1"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in facts["classes"]:
        shares = (one[key] for key in ("precision", "recall", "f1"))
        told = ("" if share is None else f"{share:.1%}" for share in shares)
        table.add_row(one["name"], f"{one['samples']:,}", *told)
    return table
