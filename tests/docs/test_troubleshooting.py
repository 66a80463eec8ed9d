"""docs/troubleshooting.md quotes messages as the program prints them, so that a search finds them."""

from __future__ import annotations

import ast
import errno
import os
import re
from pathlib import Path

import pytest

import sensor_bnn

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"
OF_OTHERS = "(the linker"
"""After a quoted message that another program prints."""

_CELL = re.compile(r"^\| (?P<seen>[^|]+) \|", re.MULTILINE)
_QUOTED = re.compile(r"\*([^*]+)\*")
_VALUE = re.compile(r"\.\.\.|\b[XY]\b")
"""What a quoted message has in place of a value."""


def quoted() -> list[str]:
    """Return the messages in the first column of the page's tables."""
    cells = [row["seen"] for row in _CELL.finditer(PAGE.read_text(encoding="utf-8"))]
    return [message for cell in cells if OF_OTHERS not in cell for message in _QUOTED.findall(cell)]


@pytest.fixture(scope="module")
def printed() -> str:
    """All text of the package's string literals, except docstrings."""
    found = [os.strerror(errno.ENOSPC)]
    for file in Path(sensor_bnn.__file__).parent.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found += [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone
        ]
    return "\n".join(found)


def test_the_page_quotes_messages() -> None:
    assert len(quoted()) > 20


@pytest.mark.parametrize("message", quoted())
def test_a_quoted_message_is_one_that_the_program_prints(message: str, printed: str) -> None:
    parts = [part.strip() for part in _VALUE.split(message.replace("`", ""))]
    assert [part for part in parts if part not in printed.replace("`", "")] == []
