"""The tests that the pages cite: each file is there, and each ``-k`` chooses a test of its files."""

from __future__ import annotations

import ast
import re
import shlex
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
CITED = sorted(
    {
        (page.name, command)
        for page in PAGES
        for command in re.findall(r"`pytest ([^`]+)`", page.read_text(encoding="utf-8"))
    }
)


@cache
def names_in(file: Path) -> tuple[str, ...]:
    """Return the name of each test of a file, and the short texts from which its parameters are named."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    texts = " ".join({text for text in constants if isinstance(text, str) and len(text) < 80})
    return tuple(
        f"{node.name} {file.name} {texts if node.decorator_list else ''}".lower()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def chosen_by(word: str, files: list[Path]) -> bool:
    return any(word.lower() in names for file in files for names in names_in(file))


@pytest.mark.parametrize(("page", "command"), CITED)
def test_a_cited_test_is_there(page: str, command: str) -> None:
    words = shlex.split(command)
    places = [ROOT / word for word in words if word.startswith("tests")]
    assert places and all(place.exists() for place in places), places
    files = [file for place in places for file in ([place] if place.is_file() else place.rglob("test_*.py"))]
    expression = words[words.index("-k") + 1] if "-k" in words else ""
    for word in filter(None, expression.split(" or ")):
        assert " " not in word, "this test knows only words with `or` between them"
        assert chosen_by(word, files), word


def test_what_is_not_there_is_not_chosen() -> None:
    files = [ROOT / "tests" / "firmware" / "test_slots.py"]
    assert chosen_by("Gives_Way", files) and not chosen_by("no_such_test", files)
    assert len(CITED) > 100
