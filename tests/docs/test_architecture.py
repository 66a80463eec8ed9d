"""docs/architecture.md names every package and module of the tree, in the order that its imports obey."""

from __future__ import annotations

import re
from pathlib import Path

from test_stages import STAGES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The rows of the table whose first column has this heading."""
    table = re.search(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert table is not None, heading
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()]


def test_the_packages_are_in_the_order_of_the_imports() -> None:
    names = [row[0].strip("`") for row in rows("package")]
    assert tuple(name for name in names if name != "zoo") == STAGES
    folders = {
        entry.name
        for entry in (ROOT / "sensor_bnn").iterdir()
        if entry.is_dir() and not entry.name.startswith("_")
    }
    assert set(names) == folders


def test_each_package_says_what_belongs_in_it_and_what_does_not() -> None:
    for name, belongs, does_not in rows("package"):
        assert belongs and does_not and belongs != does_not, name


def test_the_modules_at_the_top_are_listed() -> None:
    modules = {file.name for file in (ROOT / "sensor_bnn").glob("*.py")} - {"__init__.py", "__main__.py"}
    assert {row[0].strip("`") for row in rows("module")} == modules
