"""An evaluation as JSON for a result file, and as tables for people."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import Group
from rich.table import Table

from sensor_bnn.compiler.metadata import Metadata
from sensor_bnn.data.samples import Samples
from sensor_bnn.measure.accuracy import Accuracy, accuracy_of, answers_of
from sensor_bnn.measure.difference import differences
from sensor_bnn.measure.evaluate import Evaluation
from sensor_bnn.measure.numbers import Fit, fit_of
from sensor_bnn.measure.on_host import HOST, ONNX_RUNTIME, PYTORCH, HostRun
from sensor_bnn.report.confusion import confusion_table
from sensor_bnn.report.console import table_console
from sensor_bnn.report.regression import target_facts, target_table

if TYPE_CHECKING:
    from sensor_bnn.onnx.compare import Comparison

BOARD = "board"
"""The field ``backend`` of an evaluation on a board; ``measure.on_host`` has the other values."""

PLACES = {
    PYTORCH: "in PyTorch",
    ONNX_RUNTIME: "in ONNX Runtime",
    HOST: "compiled for the host",
    BOARD: "on the board",
}
"""Where a model ran, in words."""

_ONLY_ON_A_BOARD = (
    *("board", "firmware_version", "counter", "counter_hz", "unit", "inference", "top1_device", "top1_host"),
    *("agreement", "bit_exact", "different", "first_different", "taken_up", "retries", "repeated"),
)


def host_facts(run: HostRun, integers: Comparison | None = None) -> dict[str, Any]:
    """Sum up an evaluation on this machine; what only a board has is None.

    Args:
        run: what the model answered.
        integers: how a checkpoint's float form and its integers compare on the same samples, if it is known.
    """
    if run.fit is None:
        facts = _accuracy_facts(accuracy_of(run.outputs, run.truth), run.classes)
    else:
        facts = _number_facts(run.fit)
    return {
        **dict.fromkeys(_ONLY_ON_A_BOARD),
        "backend": run.backend,
        "model": run.model,
        "model_hash": run.model_hash,
        "samples": len(run.truth),
        "complete": True,
        "samples_wanted": len(run.truth),
        **facts,
        "loss": run.loss,
        **_speed(len(run.truth), run.seconds),
        **({} if integers is None else {"integers": _integers_facts(integers)}),
    }


def _integers_facts(found: Comparison) -> dict[str, float]:
    return {
        "top1_float": round(found.top1_torch, 6),
        "top1_integers": round(found.top1_onnx, 6),
        "points_lost": round(100 * (found.top1_torch - found.top1_onnx), 4),
        "agreement": round(found.agreement, 6),
    }


def evaluation_facts(
    found: Evaluation,
    samples: Samples,
    expected: npt.NDArray[Any] | None,
    metadata: Metadata | None = None,
) -> dict[str, Any]:
    """Sum up an evaluation on a board.

    An output with a NaN is no answer: it is counted as wrong and is in no column of the confusion matrix.

    Args:
        found: what the device answered.
        samples: the labelled inputs; an interrupted run has answers to the first of them only.
        expected: outputs float32 [n, classes] of the model compiled for this machine, if there is one.
        metadata: the bundle's facts, which say the numbers that the outputs are, if they are some; None for
            classes.
    """
    truth = samples.y[: len(found.outputs)]
    host: dict[str, Any] = dict.fromkeys(("top1_host", "agreement"))
    if metadata is not None and metadata.numbers is not None:
        facts = _number_facts(fit_of(found.outputs, samples, metadata.numbers, metadata.output_step))
    else:
        facts = _accuracy_facts(accuracy_of(found.outputs, truth), samples.classes)
    if expected is not None and facts["top1"] is not None:
        told = answers_of(expected)
        host = {
            "top1_host": round(float(np.mean(told == truth)), 6),
            "agreement": round(float(np.mean(told == answers_of(found.outputs))), 6),
        }
    hello = found.hello
    return {
        "backend": BOARD,
        "board": hello.board,
        "model": hello.model,
        "model_hash": hello.model_hash,
        "firmware_version": hello.firmware_version,
        "counter": hello.counter,
        "counter_hz": hello.counter_hz,
        "unit": found.unit,
        "inference": asdict(found.counts),
        "samples": len(truth),
        "complete": len(truth) == found.wanted,
        "samples_wanted": found.wanted,
        "top1_device": None if facts["top1"] is None else round(facts["top1"], 6),
        **host,
        **asdict(differences(found.outputs, expected)),
        **facts,
        "loss": None,
        "taken_up": found.taken_up,
        "retries": found.retries,
        "repeated": found.repeated,
        **_speed(len(truth) - found.taken_up, found.seconds),
    }


def _accuracy_facts(accuracy: Accuracy, classes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "top1": accuracy.top1,
        "top5": accuracy.top5,
        "not_a_number": accuracy.not_a_number,
        "classes": list(classes),
        "recall": list(accuracy.recall),
        "confusion": accuracy.confusion.tolist(),
    }


def _number_facts(fit: Fit) -> dict[str, Any]:
    """Return the errors of numbers; what only classes have is None or empty."""
    return {
        **dict.fromkeys(("top1", "top5")),
        "not_a_number": 0,
        **{key: [] for key in ("classes", "recall", "confusion")},
        "rmse": fit.rmse,
        "targets": target_facts(fit.targets, fit.truth, fit.answers),
    }


def _speed(measured: int, seconds: float) -> dict[str, float]:
    return {
        "seconds": round(seconds, 3),
        "samples_per_second": round(measured / seconds, 3) if seconds else 0.0,
    }


def title_of(facts: dict[str, Any]) -> str:
    """Return the model's name and where it ran."""
    where = f"on {facts['board']}" if facts["backend"] == BOARD else PLACES[facts["backend"]]
    return f"{facts['model']} {where}"


def print_evaluation(facts: dict[str, Any], *, stderr: bool = False) -> None:
    """Print the summary and the confusion matrix."""
    if "targets" in facts:
        table_console(stderr=stderr).print(Group(_summary(facts), "", target_table(facts["targets"])))
        return
    matrix = confusion_table(facts["classes"], facts["recall"], facts["confusion"])
    table_console(stderr=stderr).print(Group(_summary(facts), "", matrix))


def summary_rows(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Return name and value of everything but the classes, as the terminal and the page show it."""
    rows = []
    if not facts["complete"]:
        rows.append(("INCOMPLETE", f"{facts['samples']:,} of {facts['samples_wanted']:,} samples"))
    if "targets" in facts:
        told = f"{facts['rmse']:.3f} deviations of what was learned, {facts['samples']:,} samples"
        rows.append((f"RMSE {PLACES[facts['backend']]}", told))
    else:
        told = f"{facts['top1']:.2%} of {facts['samples']:,} samples"
        rows.append((f"top-1 {PLACES[facts['backend']]}", told))
    if len(facts["classes"]) > 5:  # else each answer is among the first five
        rows.append(("top-5", f"{facts['top5']:.2%}"))
    if facts["loss"] is not None:
        rows.append(("loss", f"{facts['loss']:.4f} nats"))
    if facts["top1_host"] is not None:
        rows.append(
            ("top-1 on the host", f"{facts['top1_host']:.2%}; they agree on {facts['agreement']:.2%}")
        )
    if facts["bit_exact"] is not None:
        exact = "equal to the last bit"
        if not facts["bit_exact"]:
            exact = f"{facts['different']:,} DIFFERENT, the first of sample {facts['first_different']}"
        rows.append(("outputs", exact))
    if facts["not_a_number"]:
        rows.append(("not a number", f"{facts['not_a_number']:,} outputs, counted as wrong"))
    if "integers" in facts:
        found = facts["integers"]
        points = f"{abs(found['points_lost']):.2f} points {'less' if found['points_lost'] > 0 else 'more'}"
        rows.append(("top-1 without roundings", f"{found['top1_float']:.2%}, in PyTorch"))
        rows.append(
            (
                "top-1 of the integers",
                f"{found['top1_integers']:.2%}, in ONNX Runtime: {points}; "
                f"both agree on {found['agreement']:.2%}",
            )
        )
    speed = f"{facts['samples_per_second']:,} samples per second"
    if facts["backend"] == BOARD:
        counts = (f"{name} {facts['inference'][name]:,}" for name in ("min", "median", "max", "p99"))
        rows.append((f"{facts['unit']} per inference", "  ".join(counts)))
        speed += f", {facts['retries']} retries"
    rows.append(("speed", speed))
    if facts["taken_up"]:
        rows.append(("resumed", f"{facts['taken_up']:,} samples are from an earlier run"))
    return rows


def _summary(facts: dict[str, Any]) -> Table:
    table = Table(title=title_of(facts), show_header=False, title_justify="left", box=box.SIMPLE)
    table.add_column(style="bold")
    table.add_column()
    for name, value in summary_rows(facts):
        table.add_row(name, value)
    return table
