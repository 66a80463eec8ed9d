"""An evaluation as one page, HTML or Markdown, and as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sensor_bnn.errors import DataError
from sensor_bnn.report.charts import accuracy_chart
from sensor_bnn.report.confusion_picture import confusion_figure
from sensor_bnn.report.evaluation import BOARD, PLACES, summary_rows, title_of
from sensor_bnn.report.page import fill
from sensor_bnn.report.regression import target_parts

_FORMATS = {"html": "evaluation.html.j2", "markdown": "evaluation.md.j2"}
_MOST_CLASSES = 30
"""The largest number of classes whose confusion matrix the page has room for."""


def render_evaluation(
    result: dict[str, Any], form: str = "html", *, earlier: Sequence[tuple[str, float, int]] = ()
) -> str:
    """Return the page of what ``sensor-bnn evaluate --json`` printed.

    Args:
        result: the content of the file, checked.
        form: "html" or "markdown".
        earlier: further stages before its accuracy, a teacher say: name, share, samples.
    """
    accuracy = [*earlier]
    targets = result.get("targets", [])
    if result["top1_host"] is not None:
        accuracy.append(("compiled for the host", result["top1_host"], result["samples"]))
    if not targets:
        accuracy.append((PLACES[result["backend"]], result["top1"], result["samples"]))
    facts = {
        "result": result,
        "title": title_of(result),
        "summary": summary_rows(result),
        "accuracy": accuracy,
        "classes": _classes(result),
        "drawn": 0 < len(result["classes"]) <= _MOST_CLASSES,
        **target_parts(targets),
    }
    if form == "html" and not targets:
        facts["accuracy_chart"] = accuracy_chart(accuracy)
    return fill(_FORMATS[form], facts, escaped=form == "html")


def check_evaluation(result: dict[str, Any], file: Path) -> None:
    """Refuse a result whose parts do not fit each other, which its schema cannot say.

    Raises:
        DataError: the message names the field.
    """
    count = len(result["classes"])
    wrong = []
    if len(result["recall"]) != count:
        wrong.append("recall")
    if [len(row) for row in result["confusion"]] != [count] * count:
        wrong.append("confusion")
    needed = ("board", "unit", "inference", "retries") if result["backend"] == BOARD else ()
    wrong += [name for name in needed if result[name] is None]
    compared = ("top1_host", "agreement", "bit_exact")
    numbers = "targets" in result
    if (result["top1"] is None) != numbers or (count == 0) != numbers:
        wrong.append("top1")
    if not numbers:
        wrong += [name for name in compared if (result[name] is None) != (result["top1_host"] is None)]
    if result["bit_exact"] is False:
        wrong += [name for name in ("different", "first_different") if result[name] is None]
    if wrong:
        raise DataError(
            f"{file} is damaged: {', '.join(wrong)} does not fit the rest of the result.",
            "Give what `sensor-bnn evaluate --json` printed, redirected to a file.",
        )


def evaluation_picture(result: dict[str, Any]) -> bytes:
    """Return a PNG of the confusion matrix.

    Raises:
        DataError: the result is of predicted numbers.
    """
    if "targets" in result:
        raise DataError(
            "A picture is of a confusion matrix, and this result is of numbers that were predicted.",
            "Write a page: its pictures are of answers beside the truth.",
        )
    title = f"{title_of(result)}: top-1 {result['top1']:.2%} over {result['samples']:,}"
    made = io.BytesIO()
    figure = confusion_figure(result["confusion"], result["classes"], title)
    # No date or version in the file: the same result gives the same bytes.
    figure.savefig(made, format="png", dpi=120, metadata={"Software": None})
    return made.getvalue()


def _classes(result: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for name, recall, counts in zip(result["classes"], result["recall"], result["confusion"], strict=True):
        # The share is of the answered samples: one with a NaN in the output is in no column.
        answered = sum(counts)
        cells = [{"count": count, "share": count / max(answered, 1)} for count in counts]
        rows.append({"name": name, "recall": recall, "answered": answered, "cells": cells})
    return rows
