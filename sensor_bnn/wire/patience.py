"""How long to wait for an answer on a machine that has too much to do."""

from __future__ import annotations

import os

_MOST = 16.0
_PROCESSORS = os.cpu_count() or 1


def patient(seconds: float) -> float:
    """Return how long to wait for what takes at most ``seconds`` on a machine with a free processor.

    Where more processes want to run than there are processors, an emulated board, or this program, gets its
    turn that much later: a wait grows with the load of the last minute, sixteenfold at most.
    """
    try:
        load = os.getloadavg()[0] / _PROCESSORS
    except OSError:
        return seconds
    return seconds * min(max(load, 1.0), _MOST)
