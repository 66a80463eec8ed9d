"""What a result was made with: versions of everything that could change a figure, and the date."""

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
    """Return date (UTC, ISO 8601) and versions; None for what this machine does not have.

    Args:
        board: its emulator, if any, is asked for a version. None for a result without a board: neither an
            emulator nor a cross compiler took part.
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
    """That of the board's target; None for a target that this installation does not know."""
    compilers = [target.compiler for target in list_targets() if target.name == board.target]
    return _program(compilers[0]) if compilers else None


def _package(name: str) -> str | None:
    """The installed version, without importing anything."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _program(name: str) -> str | None:
    """``name`` and its version, or None where it is not installed."""
    first = programs.first_line([name, "--version"])
    if first is None:
        return None
    # A compiler puts its packager's name, in parentheses, before its version.
    found = _NUMBER.search(re.sub(r"\(.*?\)", "", first))
    return f"{name} {found[0]}" if found else name
