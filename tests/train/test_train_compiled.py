"""``--compile`` where torch.compile fails: one sentence with the compiler's line, and what to do."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from sensor_bnn.cli import root
from sensor_bnn.errors import CheckpointError, ToolError
from sensor_bnn.train.compiled import said_in_a_sentence
from sensor_bnn.train.epochs import Epochs
from sensor_bnn.workflows import explore

LINE = "<command-line>: fatal error: /gone/precompiled_headers/cy.h: No such file or directory"
OUTPUT = f"In file included from c.cpp:1:\n{LINE}\ncompilation terminated.\n"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    lines = ["recording,label,ax"]
    for number in range(8):
        values = [f"{math.sin(at * (0.2 + 0.5 * (number % 2)) + number):.4f}" for at in range(96)]
        lines += [f"{number},{'ab'[number % 2]},{value}" for value in values]
    (tmp_path / "own.csv").write_text("\n".join(lines) + "\n")
    file = tmp_path / "own.toml"
    file.write_text(
        'preset = "sensor-nano-conv"\n[data]\nset = "csv"\npath = "own.csv"\nwindow = 32\nstep = 16\n'
        "[schedule]\nepochs = 2\n"
    )
    return file


def failure(output: str = OUTPUT) -> Exception:
    # Its import takes a second, and no other test needs it.
    from torch._inductor.exc import CppCompileError, InductorError

    return InductorError(CppCompileError(["g++", "c.cpp"], output), None)


def full_disk() -> Exception:
    from torch._inductor.exc import InductorError

    return InductorError(OSError(28, "No space left on device"), None)


def of_dynamo(text: str) -> Exception:
    from torch._dynamo.exc import TorchDynamoException

    return TorchDynamoException(text)


@pytest.mark.usefixtures("training")
@pytest.mark.parametrize("command", ["train", "train --dry-run", "ablate", "survey", "explore"])
def test_every_command_that_trains_says_it(
    command: str, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object) -> None:
        raise failure()

    monkeypatch.setattr(Epochs, "_step", fail)
    cost = explore.Cost("cortex-m0plus", "qemu-microbit", 1, 1, None, 1, 1)
    monkeypatch.setattr(explore, "_cost", lambda *given: cost)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "/own/cache")
    given = recipe
    if command == "survey":
        given = tmp_path / "one.toml"
        given.write_text(
            f'sets = ["{recipe}"]\n[forms.bits]\npreset = "sensor-nano-conv"\n'
            '[choices]\nchannel = { normalise = "channel" }\n'
        )
    more = {"explore": "--target cortex-m0plus --kind 1 --sizes 1", "survey": "--seeds 1"}.get(command, "")
    words = [*command.split(), str(given), "--compile", *more.split()]
    if command != "train --dry-run":
        words += ["--out", str(tmp_path / "out")]
    error = CliRunner().invoke(root, words).exception
    assert isinstance(error, ToolError), error
    assert error.message == f"torch.compile failed: {LINE}."
    assert error.remedy.startswith("Empty its cache, /own/cache and /")
    assert "without --compile" in error.remedy


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (partial(failure, "one\n\n"), "failed: one."),
        (partial(failure, ""), "failed: C++ compile error."),
        (full_disk, "failed: [Errno 28] No space left on device."),
        (partial(of_dynamo, "first line.\nsecond"), "failed: first line."),
        (partial(of_dynamo, ""), "failed: TorchDynamoException."),
    ],
)
def test_the_line_is_the_first_that_tells(made: Callable[[], Exception], said: str) -> None:
    with pytest.raises(ToolError) as told, said_in_a_sentence():
        raise made()
    assert said in told.value.message and "\n" not in str(told.value)


@pytest.mark.parametrize("raised", [CheckpointError("The loss is nan.", "Lower it."), ValueError("x")])
def test_what_is_not_of_the_compiler_stays_as_it_is(raised: Exception) -> None:
    with pytest.raises(type(raised)) as told, said_in_a_sentence():
        raise raised
    assert told.value is raised


@pytest.mark.usefixtures("training", "long_run")
def test_a_machine_without_a_compiler(recipe: Path, tmp_path: Path) -> None:
    """The real torch.compile, in a process of its own because it keeps which compiler it found."""
    words = ["train", str(recipe), "--compile", "--out", str(tmp_path / "out")]
    kept = {"CXX": str(tmp_path / "none"), "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", "sensor_bnn", *words],
        env=os.environ | kept,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "torch.compile requires a C++ compiler, and finds none that works. Install g++" in done.stderr
