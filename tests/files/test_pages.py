"""Messages name pages of docs/: as paths that can be opened from where the command runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sensor_bnn
from sensor_bnn.resources import with_pages

ROOT = Path(__file__).resolve().parents[2]


def test_a_page_is_a_path_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = "Correct that; docs/training.md has each key."
    monkeypatch.chdir(ROOT)
    assert with_pages(told) == told
    monkeypatch.chdir(tmp_path)
    assert with_pages(told) == f"Correct that; {ROOT / 'docs' / 'training.md'} has each key."


def test_only_pages_of_this_program_are_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for told in (
        "There is no docs/mine.md.",
        "There is no my/docs/training.md.",
        "There is no docs/boards.csv.",
    ):
        assert with_pages(told) == told


def test_every_page_that_the_program_names_exists() -> None:
    """In the sources, which are also those of the wheel."""
    named = {
        page
        for file in Path(sensor_bnn.__file__).parent.rglob("*.py")
        for page in re.findall(r"(?<!MCUboot's )docs/[\w-]+\.md", file.read_text(encoding="utf-8"))
    }
    assert len(named) > 8
    assert [page for page in named if not (ROOT / page).is_file()] == []
