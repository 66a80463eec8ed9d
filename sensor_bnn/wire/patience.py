"""How long to wait for the answer of an emulated board on a loaded machine."""

from __future__ import annotations

import os
import sys

_MOST_SECONDS = 60.0
_PROCESSORS = os.cpu_count() or 1


def patient(seconds: float) -> float:
    """Return how long to wait for something that takes at most ``seconds`` on an idle machine.

    If more processes are ready to run than there are processors, an emulated board and this program are
    delayed accordingly. So the wait grows with the load average of the last minute, by at most 60 seconds.
    """
    if sys.platform == "win32":  # It has no load average, and no emulated board runs there.
        return seconds
    try:
        load = os.getloadavg()[0] / _PROCESSORS
    except OSError:
        return seconds
    return min(seconds * max(load, 1.0), seconds + _MOST_SECONDS)
