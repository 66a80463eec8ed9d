"""Says what a command waits for that opens a FIFO at which no other program is.

The system lets it wait until another program opens the other end. Which library opens the file, and where,
does not matter: Python reports every opening to an audit hook.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from types import FrameType

from sensor_bnn.tracing import NOTES

if sys.platform == "win32":
    _AT_ONCE = 0
else:
    _AT_ONCE = os.O_NONBLOCK

SECONDS = 1.0
"""How long an opening may take until the user is told."""


def tell_of_waiting_fifos() -> None:
    """From now on, note which FIFO is waited for, and for what. Python has no way to remove an audit hook.

    Windows has no FIFOs among its files.
    """
    if sys.platform != "win32":
        sys.addaudithook(_watch)


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event != "open":
        return
    path, _, flags = arguments
    if not isinstance(path, str | bytes) or not isinstance(flags, int) or flags & _AT_ONCE:
        return
    try:
        is_fifo = Path(os.fsdecode(path)).is_fifo()
    except OSError:  # The opening itself reports it.
        return
    access = flags & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
    if not is_fifo or access == os.O_RDWR:  # Nothing waits that has both ends.
        return
    other = "read from" if access == os.O_WRONLY else "write to"
    frame = sys._getframe(1)
    told = threading.Timer(
        SECONDS, _tell, (threading.get_ident(), frame, frame.f_lasti, os.fsdecode(path), other)
    )
    told.daemon = True
    told.start()


def _tell(thread: int, frame: FrameType, instruction: int, path: str, other: str) -> None:
    # The thread is still in the call that opens the file as long as it has not come to another instruction.
    if sys._current_frames().get(thread) is frame and frame.f_lasti == instruction:
        NOTES.warning("waiting for another program to %s %s, which is a FIFO. Ctrl-C ends this.", other, path)
