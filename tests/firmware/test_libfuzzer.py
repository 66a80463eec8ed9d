"""libFuzzer over bootloader and application: a small part of what libfuzzer.py runs alone."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from .hostile import SOURCES
from .libfuzzer import CLANG, INSTALL, fuzz


@pytest.fixture(autouse=True)
def clang(fuzzer: None) -> None:
    if shutil.which(CLANG) is None:
        pytest.fail(f"{CLANG} is missing: {INSTALL}")


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_no_input_breaks_the_program(name: str, tmp_path: Path) -> None:
    assert re.fullmatch(r"20,\d{3} executions, \d{3} edges covered", fuzz(name, 20_000, 2, tmp_path))


def test_a_write_outside_of_the_slot_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with a bootloader that accepts any address, which the fuzzer must find."""
    from . import hostile, libfuzzer

    firmware = Path(shutil.copytree(hostile.FIRMWARE, tmp_path / "firmware"))
    source = firmware / "bootloader" / "an3155.c"
    text = source.read_text()
    assert text.count("if (!in_slot(address, 1)) {") == 1
    text = text.replace("if (!in_slot(address, 1)) {", "if (false) {")
    assert text.count("!in_slot(address, count) ||") == 1
    source.write_text(text.replace("!in_slot(address, count) ||", ""))
    monkeypatch.setattr(libfuzzer, "FIRMWARE", firmware)
    with pytest.raises(AssertionError, match="deadly signal"):
        fuzz("bootloader", 20_000, 1, tmp_path)
    assert list(tmp_path.glob("bootloader-crash-*"))
