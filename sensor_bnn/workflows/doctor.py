"""Check that this machine has what the pipeline needs, without importing it; programs give their version."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import Requirement

from sensor_bnn import programs
from sensor_bnn.compiler.targets import list_targets
from sensor_bnn.emulation.emulator import PACKAGES
from sensor_bnn.errors import ToolError
from sensor_bnn.extras import EXTRAS
from sensor_bnn.hardware.boards import list_boards

_APT = "apt-get install --yes --no-install-recommends"
_CROSS = "gcc-arm-none-eabi libnewlib-arm-none-eabi"
_ON_DEMAND = ("riscv64-unknown-elf-gcc", "qemu-system-riscv32")
"""Programs of one family of targets that take more than a gigabyte with their C library.

A machine without them is not incomplete; a command that needs one prints how to install it.
"""

_NUMBER = re.compile(r"\d+(?:\.\d+)+")


@dataclass(frozen=True)
class Check:
    """The check of one requirement.

    Attributes:
        name: the program, library or package.
        kind: ``program``, ``library`` or ``package`` (of Python).
        version: the version that was found, if known.
        ok: whether it is installed and new enough.
        purpose: what needs it.
        install: the command that installs it.
        debian: the Debian packages that contain it, separated by spaces; empty for a Python package.
    """

    name: str
    kind: str
    version: str | None
    ok: bool
    purpose: str
    install: str
    debian: str = ""


def check_machine() -> list[Check]:
    """Check programs, the cross compiler's C library, and the Python packages, in the pipeline's order."""
    checks = [
        _program("cc", "gcc libc6-dev", "compile for host"),
        _program("arm-none-eabi-gcc", _CROSS, "build"),
        _cross_library(),
    ]
    boards = {board.target for board in list_boards()}
    compilers = {target.compiler: target for target in list_targets() if target.name in boards}
    checks += [
        _program(name, target.packages, "build")
        for name, target in sorted(compilers.items())
        if name not in {check.name for check in checks}
    ]
    emulators = {board.emulator.program for board in list_boards() if board.emulator is not None}
    checks += [_program(name, PACKAGES.get(name, name), "emulate") for name in sorted(emulators)]
    checks = [check for check in checks if check.ok or check.name not in _ON_DEMAND]
    lines = [Requirement(line) for line in metadata.requires("sensor-bnn") or ()]
    wanted = [extra for extra in EXTRAS if any(_is_installed(line) for line in lines if _is_of(line, extra))]
    return checks + [
        _package(line) for line in lines if not line.marker or any(_is_of(line, extra) for extra in wanted)
    ]


def install_missing(checks: list[Check]) -> None:
    """Install the Debian packages that the checks found missing.

    Raises:
        ToolError: there is no apt-get, the user is not root, or apt-get failed; the message has the command.
    """
    wanted = sorted({package for check in checks if not check.ok for package in check.debian.split()})
    if not wanted:
        return
    command = [*_APT.split(), *wanted]
    apt = shutil.which("apt-get")
    if apt is None or not _is_root():
        why = "this system has no apt-get" if apt is None else "you are not root"
        raise ToolError(f"Packages are missing, and {why}.", f"Install them: {' '.join(command)}")
    # A new machine has no package lists, so update first. apt's output goes to stderr: stdout may be JSON.
    for step in ([apt, "update", "--quiet"], command):
        programs.run(
            step,
            install=f"Install them: {' '.join(command)}",
            remedy=f"Its own message is above; the command was: {programs.copyable(step)}",
            failure="Packages could not be installed",
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            shown=True,
        )


def _is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


def _program(name: str, package: str, purpose: str) -> Check:
    found = _NUMBER.search(programs.first_line([name, "--version"]) or "")
    there = shutil.which(name) is not None
    return Check(name, "program", found[0] if found else None, there, purpose, f"{_APT} {package}", package)


def _cross_library() -> Check:
    """Check newlib: for a library that it does not have, the compiler prints a file name without a path."""
    ok = "/" in (programs.first_line(["arm-none-eabi-gcc", "-print-file-name=libc.a"]) or "")
    return Check("newlib for arm-none-eabi", "library", None, ok, "build", f"{_APT} {_CROSS}", _CROSS)


def _is_of(requirement: Requirement, extra: str) -> bool:
    """Whether an extra adds the requirement, not a package that has an extra of that name."""
    marker = requirement.marker
    named = requirement.name != "sensor-bnn"
    return named and marker is not None and marker.evaluate({"extra": extra}) and not marker.evaluate()


def _is_installed(requirement: Requirement) -> bool:
    try:
        metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _package(requirement: Requirement) -> Check:
    """Check a requirement such as ``torch<3,>=2.13`` from this package's own metadata."""
    line = f"{requirement.name}{requirement.specifier}"
    try:
        version: str | None = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        version = None
    ok = version is not None and requirement.specifier.contains(version, prereleases=True)
    limits = str(requirement.specifier)
    return Check(
        requirement.name, "package", version, ok, limits, f'{sys.executable} -m pip install "{line}"'
    )
