"""The case full-disk, for every command that writes: one sentence, exit code 1, and nothing half-written.

The disk is a small file system in memory that is full, in a mount namespace of the command's own. Where this
machine does not allow that, a limit on the size of files takes its place.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from sensor_bnn.api import SHIPPED_SAMPLES
from sensor_bnn.cli import root
from sensor_bnn.hardware.boards import default_board

pytestmark = pytest.mark.usefixtures("long_run")

CHECKPOINT = str(SHIPPED_SAMPLES.with_name("ckpt.pt"))
BOARD = default_board().name

WRITING: dict[tuple[str, str], list[str]] = {
    ("ablate", "--out"): ["ablate", "table.toml", "--out", "full/out", "--seeds", "1"],
    ("bench", "--output"): [
        *("bench", "--model", "sensor-nano", "--random-weights", "--board", BOARD),
        *("-o", "full/out"),
    ],
    ("boards new", "--output"): ["boards", "new", "mine", "--from", BOARD, "-o", "full"],
    ("build", "--output"): ["build", "device", "--board", BOARD, "-o", "full/out"],
    ("compile", "--dump-ir"): [
        "compile",
        "small.onnx",
        "-o",
        "dumped",
        "--dump-ir",
        "full/out",
        "--no-cache",
    ],
    ("compile", "--output"): ["compile", "small.onnx", "-o", "full/out", "--no-cache"],
    ("data", "--example"): ["data", "--example", "full/example.csv"],
    ("data", "--html"): ["data", "own.toml", "--html", "full/page.html"],
    ("data", "--write-recipe"): ["data", "x.npz", "--write-recipe", "full/new.toml"],
    ("demo", "--output"): ["demo", "-o", "full/out"],
    ("doctor", "--output"): ["doctor", "--port", "absent", "--board", BOARD, "-o", "full/out"],
    ("evaluate", "--confusion"): ["evaluate", "--limit", "4", "--confusion", "full/c.png"],
    ("evaluate", "--output"): ["evaluate", "--board", BOARD, "-o", "full/out"],
    ("evaluate", "--state"): ["evaluate", "--board", BOARD, "-o", "evaluated", "--state", "full/state.jsonl"],
    ("evaluate", "--write-samples"): ["evaluate", "own.pt", "--write-samples", "full/samples.npz"],
    ("export", "--output"): ["export", CHECKPOINT, "--target", "host", "-o", "full/out"],
    ("explore", "--out"): ["explore", "nano.toml", "--sizes", "1", "--out", "full/out"],
    ("kernels", "--growth"): [
        *("kernels", "--target", "cortex-m7", "--shape", "4x32x32", "--shape", "8x32x32"),
        *("--growth", "full/growth.svg"),
    ],
    ("keygen", "KEY"): ["keygen", "full/key.pem"],
    ("monitor", "--output"): ["monitor", "--board", BOARD, "--inferences", "1", "-o", "full/out"],
    ("profile", "--output"): ["profile", "--board", BOARD, "-o", "full/out"],
    ("report", "--output"): ["report", "result.json", "-o", "full/page.html"],
    ("stream", "--output"): ["stream", "--board", BOARD, "--limit", "200", "-o", "full/out"],
    ("survey", "--out"): ["survey", "survey.toml", "--out", "full/out", "--seeds", "1"],
    ("train", "--out"): ["train", "own.toml", "--out", "full/out"],
    ("train", "--report"): ["train", "own.toml", "--out", "trained", "--report", "full/page.html"],
    ("tune", "--output"): [
        *("tune", "small.onnx", "--board", BOARD, "--trials", "1"),
        *("-o", "full/tuning.json"),
    ],
}
"""Each option that names where a command writes, with a command that writes there."""

ELSEWHERE = {
    (
        "record",
        "--output",
    ): "report/test_record.py::test_a_full_disk_keeps_the_earlier_recordings_and_what_came_before",
    ("flash", "--drive"): "flashing/test_uf2.py::test_full_disk_on_a_drive",
    ("flash", "--read"): "flashing/test_flash_options.py::test_full_disk_where_a_slot_is_read_to",
}

TEMPORARY = {
    "compile": ["compile", "small.onnx", "-o", "compiled", "--no-cache"],
    "emulate": ["emulate", BOARD],
    "evaluate": ["evaluate", "--limit", "4", "--integers"],
    "kernels": ["kernels", "--target", "cortex-m7", "--shape", "4x32x32", "--no-baselines"],
    "verify": ["verify", "small.onnx"],
}
"""Commands that make temporary files and write no others, or write those elsewhere."""

MIDWAY = {
    "build": (WRITING["build", "--output"], 60),
    "compile": (WRITING["compile", "--output"], 24),
    "export": (WRITING["export", "--output"], 40),
    "train": (WRITING["train", "--out"], 24),
}
"""Commands that write several files, and KiB in which some of them have room."""

READING = {
    *("BUNDLE", "CKPT", "MODEL", "RESULT", "BEFORE", "AFTER", "--checkpoint", "--samples", "--data"),
    *(
        "--reference",
        "--build",
        "--bootloader",
        "--tuning",
        "--layers-of",
        "--kernels",
        "--sign",
        "BUILD",
        "PROBE",
        "--sensor",
    ),
}
"""Arguments and options of a path that is read."""

FULL = """
mount -t tmpfs -o size=%dk tiny full && {
    head -c 1000000 /dev/zero >full/fill 2>/dev/null
    truncate -s -%dK full/fill
    "$@"
    code=$?
    find full -type f ! -name fill >&2
    exit $code
}
"""
SIZE = 128
RECIPE = """
preset = "{preset}"
[data]
set = "npz"
path = "x.npz"
train_subjects = [1, 2, 3]
test_subjects = [4]
{model}
[schedule]
epochs = 1
batch = 16
warmup = 0.5
"""


@pytest.fixture(scope="module")
def files(
    tmp_path_factory: pytest.TempPathFactory, cross_compiler: None, training: None, qemu: None
) -> Iterator[Path]:
    """A folder with what the commands take, in which they run."""
    from sensor_bnn.compiler.pipeline import compile_model
    from sensor_bnn.nn.checkpoint import save_checkpoint
    from sensor_bnn.nn.families import build
    from sensor_bnn.train import sets
    from sensor_bnn.train.recipe import load_recipe

    folder = tmp_path_factory.mktemp("full-disk")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        y = np.tile([0, 1], 24)
        x = np.random.default_rng(0).normal(size=(48, 2, 24)) + 2 * y[:, None, None]
        recording = np.repeat([1, 2, 3, 4], 12)
        np.savez("x.npz", x=x.astype(np.float32), y=y, classes=["low", "high"], recording=recording)
        tiny = "[model]\nwidth = 32\nheads = 1\nlayers = 1\npatch = 4\n"
        Path("own.toml").write_text(RECIPE.format(preset="sensor-tiny", model=tiny))
        Path("nano.toml").write_text(RECIPE.format(preset="sensor-nano", model="[model]\nstem_kernel = 5"))
        Path("table.toml").write_text('[rows]\n"one" = "own.toml"\n')
        Path("survey.toml").write_text(
            'sets = ["nano.toml"]\n[forms.bits]\npreset = "sensor-nano-conv"\n[choices.one]\n'
        )
        plan = load_recipe("own.toml")
        parts = sets.split(sets.load(plan.data), plan)
        model = build(plan.config(parts.shape, parts.classes, parts.channels))
        save_checkpoint(Path("own.pt"), model, plan.to_dict(), {})
        shutil.copy(Path(__file__).parents[1] / "onnx" / "qonnx" / "brevitas.onnx", "small.onnx")
        compile_model(Path("small.onnx"), default_board().target, Path("device"))
        done = CliRunner().invoke(root, ["evaluate", "--limit", "4", "--json"])
        assert done.exit_code == 0, done.output
        Path("result.json").write_text(done.stdout)
        Path("full").mkdir()
    yield folder


@cache
def mounts() -> bool:
    """Whether a command may have a file system of its own here."""
    words = ["unshare", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"]
    return shutil.which("unshare") is not None and subprocess.run(words, capture_output=True).returncode == 0


def refused(arguments: list[str], cwd: Path, room: int = 0, **environment: str) -> list[str]:
    """Run a command whose folder ``full`` has room for some KiB more.

    Returns:
        The files that it left there.
    """
    command = [sys.executable, "-m", "sensor_bnn", *arguments]
    if mounts():
        words = ["unshare", "--map-root-user", "--mount", "sh", "-c", FULL % (SIZE, room), "sh", *command]
    else:
        words = command
    done = subprocess.run(
        words,
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        preexec_fn=None if mounts() else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50)),
        timeout=600,  # `emulate` runs until it is ended.
        check=False,
    )
    lines = done.stderr.splitlines()
    left = [line for line in lines if line.startswith("full/")]
    if not mounts():
        left = [str(file.relative_to(cwd)) for file in (cwd / "full").rglob("*") if file.is_file()]
    said = [line for line in lines if not line.startswith("full/")]
    why = [os.strerror(number) for number in (errno.ENOSPC, errno.EFBIG)] + ["SIGXFSZ"]
    assert done.returncode == 1, done.stderr
    assert said[-1].startswith("sensor-bnn: ") and any(reason in said[-1] for reason in why), done.stderr
    assert "Traceback" not in done.stderr
    return left


@pytest.mark.parametrize(("command", "option"), WRITING, ids=map(" ".join, WRITING))
def test_full_disk_where_a_command_writes(command: str, option: str, files: Path) -> None:
    left = refused(WRITING[command, option], files)
    # A journal, whose last line need not be whole, and a database: the same command continues from them.
    journal = option == "--state" and {*left} == {"full/state.jsonl", "full/.claim"}
    database = command == "explore" and {*left} <= {"full/out/study.db", "full/out/study.lock"}
    assert left == [] or journal or database


@pytest.mark.parametrize("arguments", TEMPORARY.values(), ids=TEMPORARY)
def test_full_disk_where_temporary_files_are(arguments: list[str], files: Path) -> None:
    """There is room for the few bytes by which Python finds a folder for them, and no more."""
    assert refused(arguments, files, room=8, TMPDIR="full") == []


@pytest.mark.parametrize(("arguments", "room"), MIDWAY.values(), ids=MIDWAY)
def test_full_disk_after_some_files(arguments: list[str], room: int, files: Path) -> None:
    """What is there is whole, and not a draft of what could not be written."""
    left = refused(arguments, files, room)
    assert not [name for name in left if ".sensor-bnn-" in name]


def paths_of(
    command: click.Command, way: tuple[str, ...], context: click.Context
) -> Iterator[tuple[str, str]]:
    """The arguments and options that are paths, of a command and of those below it."""
    for parameter in command.params:
        if isinstance(parameter.type, click.Path) and parameter.name != "trace":
            name = parameter.opts[-1] if isinstance(parameter, click.Option) else str(parameter.name).upper()
            yield " ".join(way), name
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from paths_of(below, (*way, name), context)


def test_every_command_that_writes_is_known() -> None:
    """The trace of any command is in test_tracing.py."""
    found = {(way, name) for way, name in paths_of(root, (), click.Context(root)) if name not in READING}
    assert found == {*WRITING, *ELSEWHERE}, "say where it writes, or that it reads"
