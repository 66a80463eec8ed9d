"""The environment of a result: the date, and the versions of everything that could change a figure."""

from __future__ import annotations

import platform
import re
from datetime import UTC, datetime
from importlib import metadata

from sensor_bnn import programs
from sensor_bnn.compiler.targets import list_targets
from sensor_bnn.hardware.boards import Board

_NUMBER = re.compile(r"\d+(?:\.\d+)+")


def environment(board: Board | None) -> dict[str, str | None]:
    """Return the date (UTC, ISO 8601) and the versions; None for what this machine does not have.

    Args:
        board: the board of the result; the versions of its cross compiler and emulator are read. None for
            a result without a board: neither took part.
    """
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "sensor_bnn": _package("sensor-bnn"),
        "tvm": _package("apache-tvm"),
        "torch": _package("torch"),
        "onnxruntime": _package("onnxruntime"),
        "cross_compiler": None if board is None else _cross_compiler(board),
        "emulator": None if board is None else _emulator(board),
        "python": platform.python_version(),
        "host": f"{platform.system()} {platform.machine()}",
    }


def _emulator(board: Board) -> str | None:
    return None if board.emulator is None else _program(board.emulator.program)


def _cross_compiler(board: Board) -> str | None:
    """Return the version of the target's compiler; None for a target that this installation does not know."""
    compilers = [target.compiler for target in list_targets() if target.name == board.target]
    return _program(compilers[0]) if compilers else None


def _package(name: str) -> str | None:
    """Return the installed version, without importing the package."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _program(name: str) -> str | None:
    """Return ``name`` and its version, or None if it is not installed."""
    first = programs.first_line([name, "--version"])
    if first is None:
        return None
    # A compiler prints its packager's name and version in parentheses before its own version.
    found = _NUMBER.search(re.sub(r"\(.*?\)", "", first))
    return f"{name} {found[0]}" if found else name
