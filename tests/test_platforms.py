"""Windows and macOS: what needs Linux says so, and nothing else does.

No such machine is at hand. So the package is imported as on Windows: ``sys.platform`` says so, and modules
and functions that only POSIX systems have are gone. Libraries are imported before, as they are on Linux.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from network import served
from packaging.requirements import Requirement
from peer import TOY, Peer, toy_folder

from sensor_bnn.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[1]

AS_ON_WINDOWS = """
import os, signal, socket, sys

import click, click.testing, cryptography.fernet, fastjsonschema, filelock, jinja2, msgspec, numpy
import platformdirs, rich.console, rich.progress, rich.table
import serial, serial.tools.list_ports, serial.urlhandler.protocol_socket
{libraries}
for name in ("termios", "fcntl", "pty", "tty", "resource", "pwd", "grp", "posix_ipc"):
    sys.modules[name] = None
for module, names in (
    (os, ("fchown", "fchmod", "getloadavg", "geteuid", "killpg", "major", "memfd_create")),
    (signal, ("SIGHUP", "SIGKILL", "SIGALRM", "SIGUSR1", "setitimer")),
    (socket, ("AF_UNIX",)),
):
    for name in names:
        delattr(module, name)
sys.platform = "win32"
sys.argv[0] = "sensor-bnn"
"""
RUN = "from sensor_bnn.__main__ import main\nmain()\n"
HELP = """
from click.testing import CliRunner
from sensor_bnn.cli import COMMANDS, root
for name in COMMANDS:
    done = CliRunner().invoke(root, [name, "--help"])
    assert done.exit_code == 0 and "Usage: " in done.output, (name, done.output)
print(len(COMMANDS))
"""
LEARNING = """
import onnx, onnxruntime, torch, tvm, tvm.relax
import sensor_bnn.compiler.library, sensor_bnn.compiler.targets  # what this machine's C compiler takes
import shutil, sysconfig

sysconfig.get_config_vars()

def which(*arguments, which=shutil.which, **options):
    sys.platform = "linux"
    try:
        return which(*arguments, **options)
    finally:
        sys.platform = "win32"

shutil.which = which
"""


def on_windows(
    body: str, *arguments: object, folder: Path, libraries: str = ""
) -> subprocess.CompletedProcess[str]:
    shown = AS_ON_WINDOWS.format(libraries=libraries)
    return subprocess.run(
        [sys.executable, "-c", shown + body, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
    )


@pytest.mark.usefixtures("long_run")
def test_every_command_says_what_it_does(tmp_path: Path) -> None:
    done = on_windows(HELP, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{len(COMMANDS)}\n"


@pytest.mark.usefixtures("long_run")
def test_boards_are_listed(tmp_path: Path) -> None:
    done = on_windows(RUN, "boards", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "nucleo-f446re" in done.stdout


@pytest.mark.usefixtures("long_run")
def test_an_emulated_board_is_refused(tmp_path: Path) -> None:
    done = on_windows(RUN, "emulate", "qemu-mps2-an500", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        "sensor-bnn: qemu-mps2-an500 cannot be emulated on Windows, which has no pseudo-terminals. Use a real"
        " board, or run sensor-bnn in the Windows Subsystem for Linux.\n"
    )


@pytest.mark.usefixtures("long_run")
def test_a_slot_is_read_through_a_port(tmp_path: Path) -> None:
    common = ("flash", "--board", toy_folder(tmp_path), "--json")
    with Peer() as peer, served(peer, "socket") as server:
        start = TOY.bootloader.size
        peer.flash[start : start + 4] = b"real"
        arguments = ("--port", server.url, "--read", "slot.bin", "--bytes", 300)
        done = on_windows(RUN, *common, *arguments, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "slot.bin").read_bytes() == bytes(peer.flash[start : start + 300])


@pytest.mark.usefixtures("long_run")
def test_a_port_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    done = on_windows(
        RUN, "flash", "absent", "--board", toy_folder(tmp_path), "--port", "COM9", folder=tmp_path
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("long_run", "long_compile", "cross_compiler")
def test_a_checkpoint_is_exported_and_compiled(tmp_path: Path) -> None:
    """The library of this machine is made for Linux: its C compiler and linker make no other."""
    checkpoint = ROOT / "sensor_bnn" / "zoo" / "sensor-small" / "ckpt.pt"
    common: dict[str, Any] = {"folder": tmp_path, "libraries": LEARNING}
    done = on_windows(RUN, "export", checkpoint, "--target", "cortex-m7", "-o", "exported", **common)
    assert done.returncode == 0, done.stderr
    model = tmp_path / "exported" / "model.onnx"
    arguments = ("compile", model, "--target", "cortex-m7", "-o", "compiled", "--no-cache")
    done = on_windows(RUN, *arguments, **common)
    assert done.returncode == 0, done.stderr
    ours, theirs = (
        (tmp_path / folder / "kernels.o").read_bytes() for folder in ("exported/cortex-m7", "compiled")
    )
    assert ours == theirs


@pytest.mark.parametrize("platform", ["win32", "darwin"])
@pytest.mark.usefixtures("long_run")
def test_types_hold_on(platform: str, tmp_path: Path) -> None:
    """Each platform has a cache of its own, in which the next run finds the libraries' types.

    Without those of PyTorch, which are most of the work and alike on each platform: `make lint` has them.
    """
    cache = ROOT / ".mypy_cache" / platform
    skipped = '[[tool.mypy.overrides]]\nmodule = ["torch", "torch.*"]\nfollow_imports = "skip"\n'
    (tmp_path / "pyproject.toml").write_text(f"{(ROOT / 'pyproject.toml').read_text()}\n{skipped}")
    # What is of a type of PyTorch is of any type.
    of_any = [
        *("--allow-subclassing-any", "--allow-untyped-decorators", "--no-warn-return-any"),
        *("--no-warn-unused-ignores", "--no-warn-redundant-casts"),
    ]
    words = ["--config-file", tmp_path / "pyproject.toml", "--platform", platform, "--cache-dir", cache]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *words, *of_any], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout


def _tags(platform: str) -> list[str]:
    mac = [f"macosx_{number}_0_{kind}" for number in range(11, 16) for kind in ("arm64", "universal2")]
    mac += [f"macosx_10_{number}_universal2" for number in (9, 10, 12, 13)]
    linux = [f"manylinux_2_{number}_aarch64" for number in (17, 24, 26, 27, 28, 31, 34)]
    return {"windows": ["win_amd64"], "macos": mac, "linux-arm": [*linux, "manylinux2014_aarch64"]}[platform]


@pytest.mark.parametrize("platform", ["windows", "macos", "linux-arm"])
@pytest.mark.usefixtures("long_run")
def test_every_locked_package_has_a_wheel_for(platform: str, tmp_path: Path) -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *extras["train"], *extras["compile"]]
    wanted = [Requirement(line).name for line in lines]
    tags = [part for tag in _tags(platform) for part in ("--platform", tag)]
    done = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "pip",
                "install",
                "--dry-run",
                "--quiet",
                "--ignore-installed",
                "--no-deps",
            ),
            *("--only-binary=:all:", *tags, "--python-version", "3.11", "--target", tmp_path / "nowhere"),
            *("--constraint", ROOT / "constraints.txt", "--disable-pip-version-check", *wanted),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
