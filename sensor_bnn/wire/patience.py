"""How long to wait for an answer on a loaded machine."""

from __future__ import annotations

import os

_MOST = 16.0
_PROCESSORS = os.cpu_count() or 1


def patient(seconds: float) -> float:
    """Return how long to wait for something that takes at most ``seconds`` on an idle machine.

    If more processes are ready to run than there are processors, an emulated board and this program are
    delayed accordingly. So the wait grows with the load average of the last minute, at most sixteenfold.
    """
    try:
        load = os.getloadavg()[0] / _PROCESSORS
    except OSError:
        return seconds
    return seconds * min(max(load, 1.0), _MOST)
