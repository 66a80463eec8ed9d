"""All hand-written C of the project is formatted by the .clang-format at its root."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sensor_bnn.resources import resource


def test_c_is_formatted() -> None:
    program = shutil.which("clang-format", path=str(Path(sys.executable).parent)) or shutil.which(
        "clang-format"
    )
    if program is None:
        pytest.fail("clang-format is missing: pip install clang-format==19.1.7")
    folders = (resource("firmware"), Path(__file__).parent)
    files = sorted(file for folder in folders for file in folder.rglob("*.[ch]"))
    assert len(files) > 30
    done = subprocess.run(
        [program, "--dry-run", "--Werror", *map(str, files)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
