"""The options ``-v``, ``-vv`` and ``--trace FILE``, which show the messages of the standard ``logging``.

Every module has a logger of its own name. INFO is for steps and programs; DEBUG is for everything else:
frames, passes, and the output of programs. Without one of the options no message is formatted; code that
computes an expensive message checks ``isEnabledFor`` first. Keys and environments are never logged.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import os
import re
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from sensor_bnn.errors import SensorBnnError

FIRST_LINE = "# sensor-bnn trace: time (UTC), level, logger, message (docs/tracing.md)\n"
"""The first line of a trace. A file that starts with it may be overwritten by another trace."""

NOTES = logging.getLogger("sensor_bnn.notes")
"""What a user should know although the work goes on; the command line says it without ``-v``, too."""

_ROOT = logging.getLogger("sensor_bnn")
# A library is silent unless its user asks: without a handler, Python would print errors by itself.
_ROOT.addHandler(logging.NullHandler())
_SHORT_BYTES = 32
# Control characters except tab and line feed: the output of a program or board must not control the terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_log = logging.getLogger(__name__)


class TraceError(SensorBnnError):
    """The trace file cannot be written."""


@dataclass(frozen=True)
class Payload:
    """An argument of a log message that may be long: shortened on the screen, complete in the trace.

    Attributes:
        data: bytes, which are shown in hex, or text, which is shown as it is.
    """

    data: bytes | str

    def __str__(self) -> str:
        shown = _spelled(self.data[:_SHORT_BYTES])
        left = len(self.data) - _SHORT_BYTES
        return shown if left <= 0 else f"{shown} ... and {left:,} more"

    def whole(self) -> str:
        """Return the complete text."""
        return _spelled(self.data)


def _spelled(data: bytes | str) -> str:
    return data if isinstance(data, str) else data.hex(" ")


class Laps:
    """Logs steps, each with the seconds since the previous one.

    Args:
        log: the logger.
        level: INFO for steps that a user knows, DEBUG for steps inside them.
    """

    def __init__(self, log: logging.Logger, level: int = logging.INFO) -> None:
        self._log = log
        self._level = level
        self._since = time.monotonic()

    def lap(self, message: str, *args: object) -> None:
        """Log that a step has ended.

        Args:
            message: what was done, with the ``%`` signs of ``logging`` for ``args``.
            args: filled in only when it is logged.
        """
        now = time.monotonic()
        self._log.log(self._level, f"{message}: %.3f s", *args, now - self._since)
        self._since = now


class Tracing:
    """The two outputs of the log, for one run of a command; ``close`` removes them."""

    def __init__(self) -> None:
        self._verbosity = 0
        self._level = _ROOT.level
        self._screen: logging.Handler | None = None
        self._file: _File | None = None

    def raise_verbosity(self, count: int) -> None:
        """Increase the verbosity on standard error: a total of 1 shows INFO, 2 shows DEBUG."""
        self._verbosity += count
        if self._screen is None:
            self._screen = _Screen()
            _ROOT.addHandler(self._screen)
        self._screen.setLevel(logging.INFO if self._verbosity == 1 else logging.DEBUG)
        self._set_level()

    def write_to(self, path: Path, command: Sequence[str]) -> None:
        """Write all messages to a file from now on.

        Args:
            path: the file; the other processes of a training run append their node and device number.
            command: the command line, for the trace's first entry.

        Raises:
            TraceError: the file cannot be written, or exists and is not a trace.
        """
        # Imported here, because they take 10 ms to import, and most commands write no trace.
        import platform
        from importlib import metadata

        path = _of_this_process(path)
        self._file = _File(_open(path), path)
        _ROOT.addHandler(self._file)
        self._set_level()
        _log.info(
            "sensor-bnn %s, Python %s, %s %s: %s",
            metadata.version("sensor-bnn"),
            platform.python_version(),
            platform.system(),
            platform.machine(),
            shlex.join(command),
        )

    @property
    def writes(self) -> bool:
        """Whether a file is open."""
        return self._file is not None

    def close(self) -> None:
        """Say nothing further, and close the file."""
        for handler in (self._screen, self._file):
            if handler is not None:
                _ROOT.removeHandler(handler)
                handler.close()
        self._screen = self._file = None
        self._verbosity = 0
        _ROOT.setLevel(self._level)

    def _set_level(self) -> None:
        handlers = [handler for handler in (self._screen, self._file) if handler is not None]
        _ROOT.setLevel(min(handler.level for handler in handlers))


class _Screen(logging.Handler):
    """Lines on standard error, each with the seconds since the start.

    They go to what ``sys.stderr`` is at that moment: while a progress bar is shown, rich has put something in
    its place that prints above the bar.
    """

    def __init__(self) -> None:
        super().__init__()
        # A traceback is for the file: the user gets the failure's own sentence.
        self.addFilter(lambda record: record.exc_info is None and record.name != NOTES.name)

    def emit(self, record: logging.LogRecord) -> None:
        seconds = record.relativeCreated / 1000
        line = f"{seconds:9.3f} {record.name.removeprefix('sensor_bnn.')}: {_harmless(record.getMessage())}"
        with contextlib.suppress(OSError, ValueError):  # nobody reads any more; the work goes on
            print(line, file=sys.stderr, flush=True)


class _Notes(logging.Handler):
    """Sentences on standard error, each once."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        message = _harmless(record.getMessage())
        if message in self._said:
            return
        self._said.add(message)
        with contextlib.suppress(OSError, ValueError):
            print(f"sensor-bnn: note: {message}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def notes_shown() -> Iterator[None]:
    """Say on standard error what the body notes in ``NOTES``."""
    handler = _Notes()
    NOTES.addHandler(handler)
    try:
        yield
    finally:
        NOTES.removeHandler(handler)


class _File(logging.StreamHandler[TextIO]):
    """The trace. When it can be written no further, that is said once, and the work goes on."""

    def __init__(self, stream: TextIO, path: Path) -> None:
        super().__init__(stream)
        self.setLevel(logging.DEBUG)
        self._path = path
        self._broken = False

    def emit(self, record: logging.LogRecord) -> None:
        if not self._broken:
            super().emit(record)

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.args, tuple) and any(isinstance(arg, Payload) for arg in record.args):
            # A copy, because the screen's handler gets the same record and shows the short form.
            record = copy.copy(record)
            assert isinstance(record.args, tuple)
            record.args = tuple(arg.whole() if isinstance(arg, Payload) else arg for arg in record.args)
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        lines = _harmless(record.getMessage()).split("\n")
        if record.exc_info:
            lines += _harmless(logging.Formatter().formatException(record.exc_info)).split("\n")
        text = "\n    ".join(lines)
        return f"{when.removesuffix('+00:00')}Z {record.levelname} {record.name} {text}"

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's own name)
        problem = sys.exc_info()[1]
        if isinstance(problem, OSError):
            self._give_up(problem)
        else:
            super().handleError(record)

    def close(self) -> None:
        super().close()
        try:
            # A StreamHandler leaves its stream open, and only closing shows that the last bytes could not be
            # written.
            self.stream.close()
        except OSError as problem:
            self._give_up(problem)

    def _give_up(self, problem: OSError) -> None:
        if not self._broken:
            self._broken = True
            with contextlib.suppress(OSError, ValueError):
                print(f"The trace {self._path} is incomplete: {problem.strerror}.", file=sys.stderr)


def _harmless(text: str) -> str:
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _of_this_process(path: Path) -> Path:
    """The same command line runs once for each node and each device of a training run."""
    place = [os.environ.get(name, "0") for name in ("NODE_RANK", "LOCAL_RANK")]
    return path if place == ["0", "0"] else path.with_name(".".join((path.name, *place)))


def _open(path: Path) -> TextIO:
    stream = None
    try:
        _check_is_ours(path)
        # By its number: opening a log that standard error is sent to once more would cut it off.
        number = _standard_stream(path)
        stream = (
            path.open("w", encoding="utf-8", errors="backslashreplace")
            if number is None
            else os.fdopen(os.dup(number), "w", encoding="utf-8", errors="backslashreplace")
        )
        stream.write(FIRST_LINE)
        stream.flush()
    except OSError as error:
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
        raise TraceError(
            f"The trace {path} cannot be written: {error.strerror}.", "Name another file with --trace."
        ) from None
    return stream


def _check_is_ours(path: Path) -> None:
    if not path.is_file() or _standard_stream(path) is not None or not path.stat().st_size:
        return
    with path.open("rb") as file:
        if file.read(len(FIRST_LINE)) != FIRST_LINE.encode():
            raise TraceError(
                f"{path} is there and is no trace, so it is not overwritten.",
                "Name another file with --trace.",
            )


def _standard_stream(path: Path) -> int | None:
    """The number of our standard error or output, if the path is the same file as one of them."""
    with contextlib.suppress(OSError):
        status = path.stat()
        for number in (2, 1):
            if os.path.samestat(status, os.fstat(number)):
                return number
    return None


@contextlib.contextmanager
def failures_logged(log: logging.Logger) -> Iterator[None]:
    """Log what ends the body by an exception, with its traceback, and let it pass."""
    try:
        yield
    except SystemExit as end:
        log.info("ends with exit status %s", end.code)
        raise
    except BaseException as error:
        log.error("ends by %s: %s", type(error).__name__, error, exc_info=True)
        raise
