"""An evaluation as JSON for a result file, and as tables for people."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console, Group
from rich.table import Table

from sensor_bnn.measure.bench import Samples
from sensor_bnn.measure.evaluate import Evaluation
from sensor_bnn.report.confusion import confusion_table

_WIDTH = 150


def evaluation_facts(
    found: Evaluation, samples: Samples, expected: np.ndarray[Any, Any] | None
) -> dict[str, Any]:
    """Summarise an evaluation.

    An output with a NaN is no answer: it is counted as wrong and is in no column of the confusion matrix.

    Args:
        found: what the device answered.
        samples: the labelled inputs; an interrupted run has answers to the first of them only.
        expected: outputs float32 [n, classes] of the model compiled for this machine, if there is one.
    """
    classes = len(samples.classes)
    truth = samples.y[: len(found.outputs)]
    answered = ~np.isnan(found.outputs).any(axis=1)
    answers = np.where(answered, np.argmax(found.outputs, axis=1), -1)
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (truth[answered], answers[answered]), 1)
    totals = np.bincount(truth, minlength=classes)
    recall = [int(confusion[i, i]) / int(totals[i]) if totals[i] else None for i in range(classes)]
    host: dict[str, Any] = {"top1_host": None, "agreement": None, "bit_exact": None, "different": None}
    if expected is not None:
        told = np.where(np.isnan(expected).any(axis=1), -1, np.argmax(expected, axis=1))
        same = [a.tobytes() == b.tobytes() for a, b in zip(expected, found.outputs, strict=True)]
        host = {
            "top1_host": round(float(np.mean(told == truth)), 6),
            "agreement": round(float(np.mean(told == answers)), 6),
            "bit_exact": all(same),
            "different": same.count(False),
        }
    hello = found.hello
    measured = len(answers) - found.taken_up
    return {
        "board": hello.board,
        "model": hello.model,
        "model_hash": hello.model_hash,
        "firmware_version": hello.firmware_version,
        "counter": hello.counter,
        "counter_hz": hello.counter_hz,
        "unit": found.unit,
        "inference": asdict(found.counts),
        "samples": len(answers),
        "complete": len(answers) == found.wanted,
        "samples_wanted": found.wanted,
        "top1_device": round(float(np.mean(answers == truth)), 6),
        **host,
        "not_a_number": int(np.sum(~answered)),
        "classes": list(samples.classes),
        "recall": recall,
        "confusion": confusion.tolist(),
        "taken_up": found.taken_up,
        "retries": found.retries,
        "repeated": found.repeated,
        "seconds": round(found.seconds, 3),
        "samples_per_second": round(measured / found.seconds, 3) if found.seconds else 0.0,
    }


def host_outputs_of(reference: Path, model_hash: str, samples: Samples) -> np.ndarray[Any, Any]:
    """Run every sample in the model compiled for this machine; return float32 [n, classes].

    Raises:
        BundleError: the reference is missing, damaged, or of another model.
    """
    from sensor_bnn.compiler.host_library import HostModel
    from sensor_bnn.errors import BundleError
    from sensor_bnn.onnx.pixels import as_input

    host = HostModel(reference)
    if host.metadata.model_hash != model_hash:
        raise BundleError(
            f"{reference} is compiled from another model than the board's.",
            "Compile both from the same file.",
        )
    inputs = as_input(samples.x, np.dtype(host.metadata.input.dtype))
    return np.stack([host.infer(x[np.newaxis]).reshape(-1) for x in inputs])


def print_evaluation(facts: dict[str, Any], *, stderr: bool = False) -> None:
    """Print the summary and the confusion matrix."""
    console = Console(stderr=stderr)
    if not console.is_terminal:
        console = Console(stderr=stderr, width=_WIDTH)
    matrix = confusion_table(facts["classes"], facts["recall"], facts["confusion"])
    console.print(Group(_summary(facts), "", matrix))


def _summary(facts: dict[str, Any]) -> Table:
    table = Table(
        title=f"{facts['model']} on {facts['board']}",
        show_header=False,
        title_justify="left",
        box=box.SIMPLE,
    )
    table.add_column(style="bold")
    table.add_column()
    if not facts["complete"]:
        table.add_row("INCOMPLETE", f"{facts['samples']:,} of {facts['samples_wanted']:,} samples")
    table.add_row("top-1 on the board", f"{facts['top1_device']:.2%} of {facts['samples']:,} samples")
    if facts["top1_host"] is not None:
        table.add_row(
            "top-1 on the host", f"{facts['top1_host']:.2%}; they agree on {facts['agreement']:.2%}"
        )
        exact = "equal to the last bit" if facts["bit_exact"] else f"{facts['different']:,} DIFFERENT"
        table.add_row("outputs", exact)
    if facts["not_a_number"]:
        table.add_row("not a number", f"{facts['not_a_number']:,} outputs, counted as wrong")
    counts = "  ".join(f"{name} {facts['inference'][name]:,}" for name in ("min", "median", "max", "p99"))
    table.add_row(f"{facts['unit']} per inference", counts)
    table.add_row("speed", f"{facts['samples_per_second']:,} samples per second, {facts['retries']} retries")
    if facts["taken_up"]:
        table.add_row("resumed", f"{facts['taken_up']:,} samples are from an earlier run")
    return table
