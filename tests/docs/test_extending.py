"""docs/extending.md: every file of its lists exists and has the example, and no list leaves a file out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
SOURCES = ("sensor_bnn", "firmware", "boards", "export")

# Files that name an example without being part of what one adds.
BESIDE = {
    # Messages that say how to make a key.
    "keygen": {
        "sensor_bnn/cli/build.py",
        "sensor_bnn/firmware/ed25519.py",
        "sensor_bnn/firmware/mcuboot.py",
    },
    # A usual target, what others have measured on it, and another board that runs it.
    "cortex-m0plus": {
        "sensor_bnn/cli/explore.py",
        "sensor_bnn/workflows/published_int8.py",
        "boards/pico/board.toml",
        "boards/nucleo-g0b1re/board.toml",
    },
    # A pattern that it is part of.
    "BnnTranspose": {"sensor_bnn/compiler/stream_patterns.py"},
    "smartwatch": {
        "sensor_bnn/train/recipes/watch-small.toml",
        "sensor_bnn/train/ablations/watch-small-method.toml",
        "sensor_bnn/train/recipes/basic-motions.toml",
        "sensor_bnn/zoo/sensor-small/README.md",
        "sensor_bnn/zoo/sensor-small/NOTICE",
        "sensor_bnn/zoo/sensor-small-conv/README.md",
        "sensor_bnn/zoo/sensor-small-conv/NOTICE",
        "sensor_bnn/zoo/watch-tiny/README.md",
        "sensor_bnn/zoo/watch-tiny/NOTICE",
    },
}


def sections() -> dict[str, tuple[str, set[str]]]:
    """Each section's example and the files of its table, the example's name filled in."""
    found = {}
    for title, text in SECTION.findall((ROOT / "docs" / "extending.md").read_text(encoding="utf-8")):
        example = re.search(r"^Example: `([^`]+)`\.$", text, re.MULTILINE)
        assert example is not None, title
        rows = re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
        found[title] = example[1], {row.replace("<name>", example[1]) for row in rows}
    return found


SECTIONS = sections()


def has(file: Path, example: str) -> bool:
    """Whether a file's name or text holds the example's name, in either spelling."""
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", example).lower()
    text = f"{file.name}\n{file.read_text(encoding='utf-8', errors='replace')}"
    return any(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) for word in (example, snake))


def test_each_kind_of_change_has_its_section() -> None:
    assert SECTIONS.keys() == {"A board", "A target", "A kernel", "An operator", "A data set", "A command"}
    assert all(files for _, files in SECTIONS.values())


@pytest.mark.parametrize("title", SECTIONS)
def test_the_listed_files_hold_the_example(title: str) -> None:
    example, files = SECTIONS[title]
    assert [file for file in sorted(files) if not (ROOT / file).is_file()] == []
    # A board's facts lie in a folder of its name; a board that runs a target names it.
    assert [
        file
        for file in sorted(files)
        if (ROOT / file).parent.name != example and not has(ROOT / file, example)
    ] == []


@pytest.mark.parametrize("title", SECTIONS)
def test_no_list_leaves_a_source_file_out(title: str) -> None:
    example, files = SECTIONS[title]
    text = {".py", ".c", ".h", ".S", ".toml", ".j2", ".json", ".md", ".txt", ""}
    others = [
        name
        for folder in SOURCES
        for file in sorted((ROOT / folder).rglob("*"))
        if file.is_file() and file.suffix in text and "__pycache__" not in file.parts and has(file, example)
        if (name := file.relative_to(ROOT).as_posix()) not in files | BESIDE.get(example, set())
    ]
    assert others == []
