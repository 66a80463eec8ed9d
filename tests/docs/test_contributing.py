"""CONTRIBUTING.md: its commands for a debugged kernel work as they are written, and its targets exist."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def lines(heading: str) -> list[list[str]]:
    """The commands in the shell blocks of a section, word by word."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    blocks = "".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL)).replace("\\\n", " ")
    return [shlex.split(line, comments=True) for line in blocks.splitlines()]


def test_the_makefile_has_the_targets() -> None:
    targets = [words[1] for words in lines("Set up")]
    assert targets == ["demo", "check", "test"]
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(re.search(rf"^{target}:", rules, re.MULTILINE) for target in targets)


def test_every_path_exists() -> None:
    for path in re.findall(r"`((?:tests|sensor_bnn|docs)/[\w./-]+)`|\]\(([^)#]+)\)", PAGE):
        assert (ROOT / next(filter(None, path))).exists(), path


@pytest.mark.usefixtures("qemu", "cross_compiler", "long_compile", "longest")
def test_gdb_stops_in_a_kernel(tmp_path: Path) -> None:
    """Four commands of the page in their order, with its port and socket filled in; gdb in between."""
    if shutil.which("gdb-multiarch") is None:
        pytest.fail("gdb-multiarch is missing: apt-get install gdb-multiarch")
    told: dict[str, str] = {}

    def words(command: list[str]) -> list[str]:
        filled = [
            told.get(word, word)
            .replace("SOCKET", told.get("SOCKET", ""))
            .replace("build/debug", str(tmp_path))
            for word in command
        ]
        return [sys.executable, "-m", "sensor_bnn", *filled[1:]] if filled[0] == "sensor-bnn" else filled

    def run(command: list[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            words(command),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    export, build, emulate, flash, gdb, bench = lines("Debug a kernel on an emulated board")
    for command in (export, build):
        done = run(command)
        said, _ = done.communicate(timeout=600)
        assert done.returncode == 0, said
    with contextlib.ExitStack() as stack:
        board = stack.enter_context(run([*emulate, "--json"]))
        stack.callback(board.terminate)
        assert board.stdout is not None
        facts = json.loads(next(line for line in board.stdout if line.startswith("{")))
        told.update(PORT=facts["port"], SOCKET=facts["debugger"])
        done = run(flash)
        said, _ = done.communicate(timeout=600)
        assert done.returncode == 0, said
        debugger = run(
            [
                "gdb-multiarch",
                "--batch",
                "-nx",
                *gdb[1:],
                "-ex",
                "backtrace 3",
                "-ex",
                "delete",
                "-ex",
                "detach",
            ]
        )
        assert debugger.stdout is not None
        seen = []
        for line in debugger.stdout:  # until the breakpoint is set: the core runs again after it
            seen.append(line)
            if line.startswith("Breakpoint 1 at"):
                break
        time.sleep(1.0)
        inference = run(bench)
        said, _ = debugger.communicate(timeout=300)
        inference.communicate(timeout=600)
        seen.append(said)
    text = "".join(seen)
    kernel = "linear_packed_lookup16"
    assert re.search(rf"#0 +watch_tiny_{kernel} \(.*at bundle/kernels/{kernel}\.c:", text), text
    assert re.search(r"#1 .* layer_2 \(", text), text
