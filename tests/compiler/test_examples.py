"""The examples of a bundle, for each kind of answer: they compile without a warning as C and C++, and run."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.nn.families import preset
from sensor_bnn.onnx.export import save_onnx, to_onnx
from sensor_bnn.workflows.random_model import untrained

WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wundef", "-Wpedantic"]
LANGUAGES = {"gcc": ["-std=c11"], "g++": ["-std=c++14", "-xc++"]}
KINDS: dict[str, dict[str, Any]] = {
    "anomalies": {"classes": ["normal", "anomalous"], "normalise": "window", "gain": "window"},
    "numbers": {
        "classes": ["speed [m/s]", "load */ %d"],
        "channel_names": ["a*/b", 'c "d"', "e\\"],
        "target_scales": [0.25, 1e-6],
        "target_offsets": [-3.5, 0.0],
    },
    "classes without names": {"classes": ["x", "y", "z"]},
}
WINDOW, DECISIONS = 40, 5
"""The samples of a window; a main loop of three windows decides at one window, and at each half after it."""


def run(*command: object, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bundle(kind: str, tmp_path: Path, long_compile: None) -> Path:
    """A model with random weights, compiled for this machine."""
    config = preset("sensor-nano-conv", name="own", channels=3, length=WINDOW, **KINDS[kind])
    model = to_onnx(untrained(config, 0), narrow=False)
    if kind == "classes without names":
        kept = [entry for entry in model.metadata_props if entry.key != "classes"]
        assert len(kept) < len(model.metadata_props)
        del model.metadata_props[:]
        model.metadata_props.extend(kept)
    save_onnx(model, tmp_path / "model.onnx")
    return compile_model(tmp_path / "model.onnx", "host", tmp_path / "bundle").folder


def test_they_compile_without_a_warning_and_say_what_the_model_says(bundle: Path, kind: str) -> None:
    examples = bundle / "examples"
    sources = ["classifier.c", "firmware.c", "main.c"]
    assert sorted(file.name for file in examples.glob("*.c")) == sources
    for compiler, language in LANGUAGES.items():
        given = [compiler, *language, *WARNINGS, "-O2", f"-I{bundle}", "-c"]
        run(*given, *sources, cwd=examples)
        (library,) = bundle.glob("lib*.a")
        run(compiler, "classifier.o", "firmware.o", library, "-o", "loop", cwd=examples)
        run(compiler, "main.o", library, "-o", "once", cwd=examples)
        lines, once = (run(examples / name, cwd=examples).splitlines() for name in ("loop", "once"))
        names = KINDS[kind]["classes"]
        if kind == "numbers":
            assert [line.rpartition(" ")[0] for line in lines] == names * DECISIONS
            assert [line.partition(": ")[0] for line in once] == names
        elif kind == "classes without names":
            assert len(lines) == DECISIONS and {*lines} <= {"0", "1", "2"}
            assert once[0].partition(": output ")[2][0] in "012"
        else:
            assert len(lines) == DECISIONS and {*lines} <= {*names}
            assert once[0].rpartition(", ")[2] in names
