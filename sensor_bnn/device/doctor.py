"""Look whether this machine has what the pipeline needs; nothing is imported, programs say their version."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata

from sensor_bnn.device.boards import list_boards
from sensor_bnn.device.emulator import PACKAGES

_APT = "apt-get install --no-install-recommends"
_CROSS = "gcc-arm-none-eabi libnewlib-arm-none-eabi"
_NUMBER = re.compile(r"\d+(?:\.\d+)+")


@dataclass(frozen=True)
class Check:
    """One thing that is needed: whether it is there and new enough, and the command which installs it."""

    name: str
    kind: str  # "program", "library" or "package"
    version: str | None
    ok: bool
    purpose: str
    install: str


def check_machine() -> list[Check]:
    """Check programs, the cross compiler's C library, and the Python packages, in the pipeline's order."""
    checks = [
        _program("cc", "gcc libc6-dev", "compile for host"),
        _program("arm-none-eabi-gcc", _CROSS, "build"),
        _cross_library(),
    ]
    emulators = {board.emulator.program for board in list_boards() if board.emulator is not None}
    checks += [_program(name, PACKAGES.get(name, name), "emulate") for name in sorted(emulators)]
    return checks + [_package(line) for line in metadata.requires("sensor-bnn") or () if ";" not in line]


def _program(name: str, package: str, purpose: str) -> Check:
    path = shutil.which(name)
    said = _say([path, "--version"]) if path is not None else ""
    found = _NUMBER.search(said)
    return Check(name, "program", found[0] if found else None, path is not None, purpose, f"{_APT} {package}")


def _cross_library() -> Check:
    """The compiler prints a bare file name for a library that it does not have."""
    compiler = shutil.which("arm-none-eabi-gcc")
    ok = compiler is not None and "/" in _say([compiler, "-print-file-name=libc.a"])
    return Check("newlib for arm-none-eabi", "library", None, ok, "build", f"{_APT} {_CROSS}")


def _say(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.partition("\n")[0]


def _package(requirement: str) -> Check:
    """A line such as ``torch<3,>=2.13`` of this package's own metadata."""
    matched = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert matched is not None
    name, limits = matched[0], requirement[matched.end() :].strip(" ()")
    try:
        version: str | None = metadata.version(name)
    except metadata.PackageNotFoundError:
        version = None
    ok = version is not None and all(_holds(version, limit) for limit in limits.split(",") if limit)
    return Check(name, "package", version, ok, limits, f'{sys.executable} -m pip install "{requirement}"')


def _holds(version: str, limit: str) -> bool:
    """Whether a version meets one of the bounds that our metadata uses: ``>=``, ``<`` or ``==``."""
    matched = re.fullmatch(r"\s*(>=|<|==)\s*([\w.]+)\s*", limit)
    if matched is None:
        return True
    sign, bound = matched.groups()
    if sign == "==":
        return version.partition("+")[0] == bound
    have, want = _release(version), _release(bound)
    return have >= want if sign == ">=" else have < want


def _release(version: str) -> tuple[int, ...]:
    """The numbers in front, without zeros behind: 2.13.0+cpu is (2, 13)."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
