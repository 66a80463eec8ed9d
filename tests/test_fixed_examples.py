"""TESTS_EXAMPLES=fixed: what hypothesis draws does not depend on the modules that are loaded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CONSTANTS = [*range(10_000, 10_020), 1.25, b"bytes"]

DRAWS = """
import importlib, json, sys
from hypothesis import given, settings, strategies as st

if sys.argv[1] == "fixed":
    import fixed_examples
    fixed_examples.fix()

def examples():
    drawn = []

    @settings(derandomize=True, max_examples=200, database=None, deadline=None)
    @given(st.integers() | st.floats() | st.binary())
    def draw(value):
        drawn.append(repr(value))

    draw()
    return drawn

sys.path[:0] = ["modules"]
before = examples()
importlib.import_module("loaded_later")
print(json.dumps([before, examples()]))
"""


@pytest.mark.parametrize(
    "how",
    [
        "fixed",
        # If this fails, hypothesis no longer takes constants out of modules: fixed_examples.py may go.
        pytest.param("derandomized", marks=pytest.mark.xfail(strict=True, raises=AssertionError)),
    ],
)
def test_a_loaded_module_changes_no_example(how: str, tmp_path: Path) -> None:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "loaded_later.py").write_text(f"CONSTANTS = {CONSTANTS}\n")
    done = subprocess.run(
        [sys.executable, "-c", DRAWS, how],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parent), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    before, after = json.loads(done.stdout)
    assert len(before) == 200
    assert before == after
