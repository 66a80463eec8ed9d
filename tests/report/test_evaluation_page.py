"""The page of an evaluation, of the host and of a board, and the ladder that it is a rung of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sensor_bnn.cli.report import command
from sensor_bnn.errors import DataError
from sensor_bnn.report.evaluation_page import render_evaluation

from .conftest import BOARD, bench, evaluation
from .test_report import looked_at


def file_of(folder: Path, content: dict[str, Any]) -> Path:
    file = folder / "evaluation.json"
    file.write_text(json.dumps(content))
    return file


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize(("changes", "title"), [({}, "stand-in in PyTorch"), (BOARD, "stand-in on toy")])
def test_a_page_of_each_form(changes: dict[str, Any], title: str, tmp_path: Path) -> None:
    file = file_of(tmp_path, evaluation(**changes))
    done = CliRunner().invoke(command, [str(file)])
    assert done.exit_code == 0, done.exception
    page = (tmp_path / "evaluation.html").read_text()
    found = looked_at(page)
    assert {"summary", "accuracy", "classes", "confusion", "environment"} <= set(found.ids)
    assert f"<h1>{title}</h1>" in page and "75.00% of 4 samples" in page
    assert "&lt;run&gt;" in page and "<run>" not in page
    done = CliRunner().invoke(command, [str(file), "-o", str(tmp_path / "page.md")])
    text = (tmp_path / "page.md").read_text()
    assert done.exit_code == 0 and text.startswith(f"# {title}\n")
    assert "| \\<run\\> | 1 | 1 | 0 |" in text and "| none | 0 | no samples |" in text
    on_a_board = "2 DIFFERENT, the first of sample 7" in page
    assert on_a_board == ("76,000" in page) == (changes is BOARD)
    assert ("0.5000 nats" in page) == (changes is not BOARD)
    done = CliRunner().invoke(command, [str(file), "-o", str(tmp_path / "page.png")])
    assert done.exit_code == 0 and (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")


def test_of_many_classes_the_matrix_is_left_out() -> None:
    names = [f"class {place}" for place in range(31)]
    matrix = [[0] * 31 for _ in names]
    page = render_evaluation(evaluation(classes=names, recall=[None] * 31, confusion=matrix))
    looked_at(page)
    assert "class 30" in page and "Confusion matrix" not in page


@pytest.mark.parametrize("changes", [{}, BOARD])
def test_both_forms_are_rungs_of_a_ladder(changes: dict[str, Any], tmp_path: Path) -> None:
    teacher = file_of(tmp_path, evaluation(**changes))
    result = tmp_path / "result.json"
    for content in (bench(), evaluation()):
        result.write_text(json.dumps(content))
        done = CliRunner().invoke(command, [str(result), "--rung", f"teacher={teacher}"])
        assert done.exit_code == 0, done.exception
        page = (tmp_path / "result.html").read_text()
        assert "teacher" in page and "75.00% of 4 samples" in page


def test_what_has_no_place_in_the_page_of_an_evaluation(tmp_path: Path) -> None:
    file = file_of(tmp_path, evaluation())
    kernels = tmp_path / "kernels.json"
    kernels.write_text(json.dumps({"schema": "sensor-bnn/kernels/1", "rows": []}))
    png = str(tmp_path / "page.png")
    for more in (["--kernels", str(kernels)], ["-o", png, "--rung", f"teacher={file}"]):
        done = CliRunner().invoke(command, [str(file), *more])
        assert not done.output.startswith(str(tmp_path)) and not Path(png).exists()
        assert done.exit_code == 2 or isinstance(done.exception, DataError)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"recall": [1.0]}, "recall"),
        ({"confusion": [[1, 2, 3]]}, "confusion"),
        ({"confusion": [[1, 2], [1, 2], [1, 2]]}, "confusion"),
        ({"backend": "board"}, "board, unit, inference, retries"),
        ({**BOARD, "agreement": None}, "agreement"),
        ({**BOARD, "different": None}, "different"),
    ],
)
def test_parts_that_do_not_fit_each_other(changes: dict[str, Any], named: str, tmp_path: Path) -> None:
    file = file_of(tmp_path, evaluation(**changes))
    done = CliRunner().invoke(command, [str(file)])
    assert isinstance(done.exception, DataError)
    assert f"is damaged: {named} does not fit" in done.exception.message
    assert not (tmp_path / "evaluation.html").exists()
