"""Ctrl-C and the signals that end a program: noted between two steps, and named at the end."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from sensor_bnn.errors import InterruptionError
from sensor_bnn.programs import ENDING

_SIGNALS = (signal.SIGINT, *ENDING)
# The handlers of the command line raise SystemExit with the status that a shell gives a program ended by a
# signal.
_EXIT_CODES = frozenset(128 + number for number in ENDING)
# If Python is still within the destructor by then, the exception is swallowed and repeated once more.
_AGAIN_SECONDS = 0.02


@contextmanager
def signals_noted() -> Iterator[Callable[[], int]]:
    """Only note the first signal; the yielded function returns its number, or 0.

    A second signal of that kind acts as it did before. A signal that is ignored, as ``nohup`` does with
    SIGHUP, stays so. Outside the main thread, where Python sets no signal handlers, nothing changes.
    """
    came = 0
    if threading.current_thread() is not threading.main_thread():
        yield lambda: 0
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = came or number
        signal.signal(number, before[signal.Signals(number)])

    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, note)
    try:
        yield lambda: came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interruptions(what: str, saved: Callable[[], bool] | None = None) -> Iterator[None]:
    """Turn what a signal raises in the body into an ``InterruptionError``.

    Args:
        what: what the body does, as the subject of a sentence.
        saved: called on an interruption; whether a state was saved from which the work goes on. Without it
            an ``InterruptionError`` of the body passes, and another signal has saved nothing.

    Raises:
        InterruptionError: a signal ended the body.
    """
    try:
        yield
    except InterruptionError as end:
        if saved is None:
            raise
        raise interruption(end.number, end.message, saved()) from end
    except KeyboardInterrupt as end:
        message = f"{what} was interrupted."
        raise interruption(signal.SIGINT, message, saved is not None and saved()) from end
    except SystemExit as end:
        if end.code not in _EXIT_CODES:
            raise
        number = signal.Signals(int(str(end.code)) - 128)
        message = f"{what} was ended by {number.name}."
        raise interruption(number, message, saved is not None and saved()) from end


def repeat_if_swallowed() -> None:
    """From now on, raise the exception of a signal again if Python swallows it.

    Python runs a signal's handler between any two instructions, so also in a destructor or in a callback of a
    weak reference, which no exception can leave. Imports of large packages run thousands of these.
    """
    sys.unraisablehook = _raise_again


def _raise_again(swallowed: sys.UnraisableHookArgs) -> None:
    code = swallowed.exc_value.code if isinstance(swallowed.exc_value, SystemExit) else None
    by_signal = swallowed.exc_type is KeyboardInterrupt or code in _EXIT_CODES
    if not by_signal or threading.current_thread() is not threading.main_thread():
        sys.__unraisablehook__(swallowed)
        return

    def again(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt if code is None else SystemExit(code)

    # Not here, where it would be swallowed once more.
    if sys.platform == "win32":
        signal.signal(signal.SIGINT, again)
        threading.Timer(_AGAIN_SECONDS, _thread.interrupt_main).start()
    else:
        signal.signal(signal.SIGALRM, again)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)


def interruption(number: int, message: str, saved: bool) -> InterruptionError:
    """Return the error of a work that a signal ended: see ``InterruptionError``."""
    return InterruptionError(
        number, message, "Continue from what was saved." if saved else "Start over.", saved
    )


def written_to(path: Path, kept: bool) -> Callable[[], bool]:
    """Return a function that says whether the state in a file is one from which the present work goes on.

    Args:
        path: the file.
        kept: whether the present work goes on from the state that the file holds now, if there is one.
    """
    before = _stamp(path)
    return lambda: path.is_file() and (kept or _stamp(path) != before)


def _stamp(path: Path) -> tuple[int, int]:
    if not path.is_file():
        return 0, 0
    status = path.stat()
    return status.st_ino, status.st_mtime_ns
