"""README.md: short, and no figure or link of its own that nothing else holds."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from sensor_bnn.cli import root

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ZOO = (ROOT / "docs" / "zoo.md").read_text(encoding="utf-8")
START = (ROOT / "docs" / "get-started.md").read_text(encoding="utf-8")
PAGES = [
    ROOT / "README.md",
    *(ROOT / "docs" / f"{name}.md" for name in ("first-decision", "get-started", "zoo", "boards")),
]


def commands(page: Path) -> list[str]:
    """The commands of this program in a page's shell blocks."""
    blocks = "".join(re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
    return [line for line in blocks.replace("\\\n", " ").splitlines() if line.startswith("sensor-bnn ")]


def test_it_is_short() -> None:
    assert len(README.splitlines()) < 150


def test_its_costs_are_those_of_the_model_zoo() -> None:
    """tests/firmware/test_every_board.py measures those."""
    rows = [line for line in README.splitlines() if line.startswith("| `qemu-")]
    assert len(rows) >= 4
    assert [row for row in rows if row not in ZOO.splitlines()] == []


def test_its_links_lead_somewhere() -> None:
    for path, place in re.findall(r"\]\(([^)#]+)(?:#([\w-]+))?\)", README):
        file = ROOT / path
        assert file.is_file(), path
        if place:
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert place in [heading.lower().replace(" ", "-") for heading in headings], (path, place)


@pytest.mark.parametrize("page", [README, START], ids=["README", "get-started"])
def test_the_parts_of_an_installation_are_those_of_the_package(page: str) -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = set(tomllib.load(file)["project"]["optional-dependencies"]) - {"docs", "probe"}
    rows = re.findall(r"^\| `pip install ([^`]+)` \|", page, re.MULTILINE)
    assert set(rows) == {".", *(f'".[{extra}]"' for extra in extras)}


@pytest.mark.parametrize(
    "line", [pytest.param(line, id=line[:60]) for page in PAGES for line in commands(page)]
)
def test_a_command_has_these_options(line: str) -> None:
    words = shlex.split(line.split(">")[0], comments=True)[1:]
    context = click.Context(root, info_name="sensor-bnn")
    name, command, rest = root.resolve_command(context, words)
    assert command is not None, name
    known = {text for option in command.params for text in (*option.opts, *option.secondary_opts)}
    assert {word.split("=")[0] for word in rest if re.match(r"--?[a-z]", word)} <= known
