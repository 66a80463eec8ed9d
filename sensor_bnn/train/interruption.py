"""Ctrl-C and SIGTERM, heard between two steps, so that a run can save what it has and end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def heard() -> Iterator[Callable[[], bool]]:
    """While it lasts, a first signal is only noted: the yielded function tells whether one came.

    A second one acts as it did before. Outside of the main thread nothing is changed.
    """
    came = False
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = True
        signal.signal(number, before[signal.Signals(number)])

    for number in _SIGNALS:
        signal.signal(number, note)
    try:
        yield lambda: came
    finally:
        for number in _SIGNALS:
            signal.signal(number, before[number])
