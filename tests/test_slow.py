"""The division of the tests: markers by fixture, and no slow program without its fixture."""

import os
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import subprocess, sys, types
import pytest

# The guard replaces the training loop in whatever module has this name: importing torch would take seconds.
EPOCHS = "sensor_bnn.train.epochs"
sys.modules[EPOCHS] = types.SimpleNamespace(Epochs=type("Epochs", (), {"run": lambda self: None}))

def start(*words):
    return subprocess.run(words, capture_output=True, text=True).stdout

@pytest.fixture
def emulated(qemu):
    return start("qemu-toy")

def test_with_its_fixture(emulated):
    assert emulated == "ran\\n"

def test_another_fixture_is_not_enough(cross_compiler):
    assert start("qemu-toy") == "ran\\n"

def test_a_swallowed_failure():
    start("sh", "-c", "qemu-toy || true")

def test_its_version():
    assert start("qemu-toy", "--version") == "ran --version\\n"

@pytest.mark.parametrize("target", ["host", pytest.param("board", marks=pytest.mark.qemu)])
def test_of_some_parameters(target):
    if target == "board":
        assert start("qemu-toy") == "ran\\n"

def test_trains_elsewhere():
    start(sys.executable, "-m", "sensor_bnn", "train", "x")

def test_help_of_training():
    assert "--help" in start(sys.executable, "-m", "sensor_bnn", "train", "--help")

def test_trains_elsewhere_with_its_fixture(training):
    start(sys.executable, "-m", "sensor_bnn", "train", "x")

def test_trains_here():
    sys.modules[EPOCHS].Epochs().run()

def test_trains_here_with_its_fixture(training):
    sys.modules[EPOCHS].Epochs().run()
"""
SLOW = [
    "test_another_fixture_is_not_enough",
    "test_of_some_parameters[board]",
    "test_trains_elsewhere_with_its_fixture",
    "test_trains_here_with_its_fixture",
    "test_with_its_fixture",
]


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with those tests, and an emulator that says how it was called."""
    program = pytester.path / "bin" / "qemu-toy"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho ran "$@"\n')
    program.chmod(0o755)
    here = Path(__file__).parent
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", f"{here}{os.pathsep}{here.parent}")
    pytester.makepyfile(test_all=TESTS)
    return pytester


def names(lines: list[str]) -> list[str]:
    return sorted(line.partition("::")[2] for line in lines if "::" in line)


@pytest.mark.usefixtures("long_run")
def test_fixtures_set_the_markers(inner: pytest.Pytester) -> None:
    def selected(marker: str) -> list[str]:
        return names(inner.runpytest_subprocess("-p", "slow", "--collect-only", "-q", "-m", marker).outlines)

    assert selected("slow") == SLOW
    assert selected("qemu") == ["test_of_some_parameters[board]", "test_with_its_fixture"]


@pytest.mark.usefixtures("long_run")
def test_nothing_slow_starts_without_its_fixture(inner: pytest.Pytester) -> None:
    done = inner.runpytest_subprocess("-p", "slow", "-q", "-rf")
    done.assert_outcomes(passed=7, failed=4)
    failed = {line.split("::")[1].split()[0]: line for line in done.outlines if line.startswith("FAILED")}
    assert sorted(failed) == [
        "test_a_swallowed_failure",
        "test_another_fixture_is_not_enough",
        "test_trains_elsewhere",
        "test_trains_here",
    ]
    done.stdout.fnmatch_lines(["*qemu-toy is run without the fixture `qemu`*"])
    done.stdout.fnmatch_lines(["*a training is started without the fixture `training`*"])
    done.stdout.fnmatch_lines(["*a model is trained without the fixture `training`*"])
