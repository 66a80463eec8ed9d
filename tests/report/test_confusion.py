"""The confusion matrix that `evaluate` prints."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from sensor_bnn.report.confusion import confusion_table


def _drawn(classes: list[str], confusion: list[list[int]]) -> list[str]:
    told = StringIO()
    recall: list[float | None] = [None, *(0.5 for _ in classes[1:])]
    Console(file=told, width=80).print(confusion_table(classes, recall, confusion))
    return told.getvalue().splitlines()


def test_ten_classes_of_a_thousand_samples_fit_eighty_columns_uncut() -> None:
    names = [f"external rotation {letter}" for letter in "abcdefghij"]
    confusion = [[1000 * (truth == answer) for answer in range(10)] for truth in range(10)]
    lines = _drawn(names, confusion)
    assert not any("…" in line for line in lines)
    for truth, name in enumerate(names):
        (row,) = (line.split() for line in lines if f"{truth} {name}" in line)
        counts = [str(count) for count in confusion[truth]]
        assert row[-10:] == counts
        assert ("50.0%" in row) == (truth > 0), "a class without samples has no recall"


def test_few_classes_are_named_above_their_columns() -> None:
    names = ["rest [g]", "shake", "wave to a friend"]
    lines = _drawn(names, [[12, 0, 1], [0, 345, 0], [2, 0, 7]])
    assert not any("…" in line for line in lines)
    (head,) = (line for line in lines if "recall" in line)
    starts = head.partition("recall")[2]
    assert "rest [g]" in starts and "shake" in starts and "wave to a" in starts
    # A count ends below the end of its heading.
    (row,) = (line for line in lines if "50.0%" in line and "345" in line)
    assert row[: head.index("shake") + len("shake")].endswith("345")
    assert row.split()[0] == "shake"


def test_of_more_classes_only_the_recalls_are_drawn() -> None:
    names = [f"class {letter}" for letter in "abcdefghijk"]
    lines = _drawn(names, [[7] * 11] * 11)
    assert any("--json" in line for line in lines)
    assert sum("50.0%" in line for line in lines) == 10
    assert not any("7" in line and "class" in line and "7 class h" not in line for line in lines)
