"""Plain technical English: `make lint` fails on every word and phrase of ``.codespell/words.txt``."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LISTED = [line.split("->")[0] for line in (ROOT / ".codespell" / "words.txt").read_text().splitlines()]


def lint(*arguments: str, text: str | None = None) -> list[str]:
    """Return the lines that codespell prints with the settings of pyproject.toml, as `make lint` runs it."""
    done = subprocess.run(
        [sys.executable, "-m", "codespell_lib", *arguments],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    found = done.stdout.splitlines()
    # 65: something was found; anything else is a fault of the call or of the settings.
    assert (done.returncode, done.stderr) in ((0, ""), (65, "")) and bool(found) == (done.returncode == 65), (
        done
    )
    return found


@pytest.mark.parametrize("suffix", ["py", "md", "c", "h", "S", "toml", "cmake", "j2"])
def test_every_listed_word_is_found_in_new_text_of_every_kind(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"new.{suffix}"
    lines = [f"# The board {word} reads (see {word.upper()}): {word.capitalize()}." for word in LISTED]
    file.write_text("".join(f"{line}\n" for line in lines))
    found = lint(str(file))
    for number, word in enumerate(LISTED, start=1):
        place = f"{file}:{number}: "
        marked = [line.removeprefix(place).split(" ==> ")[0] for line in found if line.startswith(place)]
        assert marked == [word, word.upper(), word.capitalize()], f"{word!r} in {lines[number - 1]!r}"
    assert len(found) == 3 * len(LISTED)


def test_names_compounds_and_plain_sentences_pass(tmp_path: Path) -> None:
    file = tmp_path / "new.md"
    file.write_text(
        "A stand-in for `stands_here`: standard, standalone, whose, somewhere behind a pseudo-terminal.\n"
        "One inference takes 3 instructions per word; a man inferences, inference bits and words are sent.\n"
    )
    assert lint(str(file)) == []


def test_a_misspelling_is_found(tmp_path: Path) -> None:
    file = tmp_path / "new.md"
    file.write_text("The address.\n".replace("dd", "d"))
    assert len(lint(str(file))) == 1


def test_the_repository_is_clean() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [name for name in tracked.stdout.split("\0") if name]
    assert len(files) > 500
    found = lint(*files)
    assert not found, "\n".join(found)
