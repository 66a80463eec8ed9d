"""A classified stream as JSON for a result file, and its latency budget as a table for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from rich import box
from rich.table import Table

from sensor_bnn.hardware.boards import Board
from sensor_bnn.live.payloads import Settings
from sensor_bnn.live.recording import Recording
from sensor_bnn.live.stream import Decision
from sensor_bnn.measure.bench import is_counted
from sensor_bnn.measure.profile import Spread
from sensor_bnn.report.console import table_console
from sensor_bnn.wire.protocol import Hello


@dataclass(frozen=True)
class Truth:
    """The true numbers of the windows of a stream.

    Attributes:
        values: float64 ``[decisions, numbers]``, in the order and the units of the model's.
        means: the mean of each number over what the model learned from.
    """

    values: npt.NDArray[np.float64]
    means: tuple[float, ...]


def stream_facts(
    hello: Hello,
    board: Board,
    decisions: Sequence[Decision],
    recording: Recording,
    settings: Settings,
    classes: Sequence[str],
    rate: float,
    truth: Truth | None = None,
) -> dict[str, Any]:
    """Summarise a stream.

    A decision is right if it names the label of the window's last sample. Where that sample has no label, the
    decision is neither right nor wrong, and is not counted.

    Args:
        hello: the identification that the board sent.
        board: the board where the stream was classified.
        decisions: the board's decisions, at least one.
        recording: the samples that were sent, and their labels if there are any.
        settings: how the board cut windows and smoothed answers.
        classes: the names of the model's classes.
        rate: the sensor's rate in samples per second.
        truth: of a model that predicts numbers, the true ones; None if they are not known.
    """
    emulated = is_counted(hello, board)
    seconds = settings.hop / rate
    parts = {
        name: asdict(Spread.of([getattr(decision, name) for decision in decisions]))
        for name in ("preparing", "inferring", "smoothing", "cost")
    }
    right: dict[str, float | None] = {"answer": None, "steady": None}
    numbers = bool(decisions[0].smoothed)
    has_labels = bool(recording.labels) and not numbers
    labels = [recording.labels[decision.at - 1] if has_labels else "" for decision in decisions]
    labelled = sum(label != "" for label in labels)
    places = [recording.place(decision.at - 1) for decision in decisions]
    unseen: dict[str, float | int | None] = {"decisions": None, "top1": None}
    if labelled:
        for name in right:
            told = [classes[getattr(decision, name)] for decision in decisions]
            right[name] = round(sum(a == b for a, b in zip(told, labels, strict=True)) / labelled, 6)
    if recording.learned:
        new = [
            classes[decision.steady] == label
            for decision, label, place in zip(decisions, labels, places, strict=True)
            if label and not recording.learned[place]
        ]
        unseen = {"decisions": len(new), "top1": round(sum(new) / len(new), 6) if new else None}
    errors = new_errors = None
    if truth is not None:
        everything = np.ones(len(decisions), dtype=np.bool_)
        errors = _errors(decisions, truth, everything, classes)
        if recording.learned:
            apart = np.array([not recording.learned[place] for place in places])
            unseen = {"decisions": int(apart.sum()), "top1": None}
            new_errors = _errors(decisions, truth, apart, classes) if apart.any() else None
    most = parts["cost"]["max"]
    return {
        "board": hello.board,
        "model": hello.model,
        "model_hash": hello.model_hash,
        "firmware_version": hello.firmware_version,
        "counter": hello.counter,
        "counter_hz": hello.counter_hz,
        "unit": "instructions" if emulated else "ticks",
        "samples": len(recording.raw),
        "channels": recording.raw.shape[1],
        "rate_hz": rate,
        "hop": settings.hop,
        "share": settings.share,
        **({"numbers": list(classes)} if numbers else {}),
        "decisions": [
            {
                **_decision(decision, classes),
                **({} if truth is None else {"truth": truth.values[at].tolist()}),
                "recording": recording.names[place] if recording.names else None,
                "learned": recording.learned[place] if recording.learned else None,
            }
            for at, (decision, place) in enumerate(zip(decisions, places, strict=True))
        ],
        **parts,
        "labelled_decisions": labelled,
        "top1_answer": right["answer"],
        "top1_steady": right["steady"],
        "not_learned_decisions": unseen["decisions"],
        "not_learned_top1_steady": unseen["top1"],
        "errors": errors,
        "not_learned_errors": new_errors,
        "budget_seconds": round(seconds, 9),
        "budget_used": None if emulated else round(most / hello.counter_hz / seconds, 6),
        "needed_per_second": round(most / seconds),
    }


def _errors(
    decisions: Sequence[Decision], truth: Truth, chosen: npt.NDArray[np.bool_], names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the RMSE of each number over the chosen decisions, and that of always saying its mean."""
    true = truth.values[chosen]

    def rmse(said: npt.ArrayLike) -> list[float]:
        found: list[float] = np.sqrt(((np.asarray(said, dtype=np.float64) - true) ** 2).mean(axis=0)).tolist()
        return found

    smoothed = rmse(np.array([decision.smoothed for decision in decisions])[chosen])
    alone = rmse(np.array([decision.alone for decision in decisions])[chosen])
    keys = ("name", "rmse", "rmse_alone", "mean_rmse")
    return [
        dict(zip(keys, one, strict=True))
        for one in zip(names, smoothed, alone, rmse(truth.means), strict=True)
    ]


def _decision(decision: Decision, classes: Sequence[str]) -> dict[str, Any]:
    if decision.smoothed:
        told: dict[str, Any] = {"alone": list(decision.alone), "smoothed": list(decision.smoothed)}
    else:
        told = {
            "answer": classes[decision.answer],
            "steady": classes[decision.steady],
            "share": round(decision.share, 6),
        }
    return {"at": decision.at, **told, "cost": decision.cost}


def recording_line(recording: Recording, place: int, before: int | None = None) -> str:
    """Return the line that is printed before the decisions on a recording; empty if there is none.

    Args:
        recording: the recordings.
        place: the place in ``recording.names`` of the one that the next decision is about.
        before: that of the decision before; None for the first one. After a gap a recording goes on under the
            same name, which is not printed again.
    """
    names = recording.names
    if not names or (before is not None and names[place] == names[before]):
        return ""
    told = f"recording {recording.names[place]}"
    if recording.learned:
        told += ", learned from" if recording.learned[place] else ", not learned from"
    return told


def decision_line(
    decision: Decision, classes: Sequence[str], rate: float, truth: Sequence[float] = ()
) -> str:
    """Return the line that is printed for one decision: classes and a share, or numbers by their names.

    Args:
        decision: the decision.
        classes: the names of the classes or numbers.
        rate: the samples per second.
        truth: the true numbers; none if they are not known.
    """
    if decision.smoothed:
        each = zip(classes, decision.smoothed, strict=True)
        told = ", ".join(f"{name} {value:.4g}" for name, value in each)
        alone = ", ".join(f"{value:.4g}" for value in decision.alone)
        true = f"   true: {', '.join(f'{value:.4g}' for value in truth)}" if truth else ""
        return f"{decision.at / rate:8.2f} s  {told}   window alone: {alone}{true}"
    return (
        f"{decision.at / rate:8.2f} s  {classes[decision.steady]:<24} {decision.share:6.1%}"
        f"   window alone: {classes[decision.answer]}"
    )


def print_budget(facts: dict[str, Any], *, stderr: bool = False) -> None:
    """Print the cost of a decision, part by part, and the time that is available until the next."""
    console = table_console(stderr=stderr)
    unit = facts["unit"]
    table = Table("part", "min", "median", "max", "p99", box=box.SIMPLE, title_justify="left")
    table.title = f"{unit} of a decision, {len(facts['decisions']):,} decisions"
    for column in table.columns[1:]:
        column.justify = "right"
    for name, title in (
        ("preparing", "window and normalisation"),
        ("inferring", "inference"),
        ("smoothing", "smoothing"),
        ("cost", "total"),
    ):
        table.add_row(title, *(f"{facts[name][key]:,}" for key in ("min", "median", "max", "p99")))
    console.print(table)
    seconds = facts["budget_seconds"]
    told = f"budget: a decision every {seconds * 1e3:,.1f} ms"
    told += f" ({facts['hop']} samples at {facts['rate_hz']:g} Hz)"
    if facts["budget_used"] is None:
        told += f"; the slowest decision requires {facts['needed_per_second']:,} instructions per second"
    else:
        told += f"; the slowest decision takes {facts['budget_used']:.1%} of it"
    console.print(told, highlight=False)
    if facts["top1_steady"] is not None:
        told = (
            f"right: {facts['top1_steady']:.2%} smoothed, {facts['top1_answer']:.2%} by the window alone,"
            f" of {facts['labelled_decisions']:,} decisions with a label"
        )
        console.print(told, highlight=False)
    elif facts["errors"] is not None:
        for one in facts["errors"]:
            told = f"RMSE of {one['name']}: {one['rmse']:.4g} smoothed, {one['rmse_alone']:.4g} by the window"
            told += f" alone, {one['mean_rmse']:.4g} if it always said the mean that it learned"
            console.print(told, highlight=False, markup=False)  # rich takes the [m] of a name for markup
    else:
        return
    told = _what_was_learned(facts)
    if told:
        console.print(told, highlight=False, markup=False)


def _what_was_learned(facts: dict[str, Any]) -> str:
    """Return the sentence on the decisions on recordings that were not learned from."""
    count = facts["not_learned_decisions"]
    if count is None:
        if facts["decisions"][0]["recording"] is None:
            return ""
        return "whether the model learned from these recordings is not known here; --recipe tells it"
    if not count:
        return "the model learned from all of these: this says nothing about its accuracy on new data"
    which = f"of {count:,} of these, which are on recordings that it did not learn from"
    if facts["errors"] is None:
        return f"right: {facts['not_learned_top1_steady']:.2%} smoothed, {which}"
    if count == len(facts["decisions"]):
        return "the model did not learn from any of these recordings"
    each = ", ".join(f"{one['name']} {one['rmse']:.4g}" for one in facts["not_learned_errors"])
    return f"RMSE: {each} smoothed, {which}"
