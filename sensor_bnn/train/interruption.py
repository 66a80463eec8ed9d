"""Handling of Ctrl-C and SIGTERM between two steps, so that a run can save its state and end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def signals_noted() -> Iterator[Callable[[], bool]]:
    """Only note the first signal of each kind; the yielded function returns whether one came.

    A second signal of that kind acts as it did before. Outside the main thread, where Python sets no signal
    handlers, nothing changes.
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
