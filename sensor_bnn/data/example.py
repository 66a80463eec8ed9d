"""Recordings to try the way from a CSV file to a decision with, for users without a sensor at hand."""

from __future__ import annotations

import numpy as np

RATE = 50
"""Samples per second of the example."""

_SECONDS = 6
_RECORDINGS = 4
"""Of each class: enough that one of them is tested on."""

_MOTIONS = {"rest": (0.0, 0.0), "shake": (5.0, 0.8), "wave": (1.5, 0.6)}
"""Rate in hertz and size in g of each class's motion."""

_GRAVITY = (0.0, 0.0, 1.0)
"""In g: the sensor lies flat."""

_NOISE = 0.15


def example_csv() -> str:
    """Return the text of a CSV file as a user's own: made-up accelerations of three motions of a hand.

    It has the columns ``time`` (seconds), ``recording`` (a name), ``label``, ``ax``, ``ay`` and ``az`` (g).
    Each motion has four recordings, which differ in pace, size and direction. It is the same text each time.
    """
    random = np.random.default_rng(17)
    lines = ["time,recording,label,ax,ay,az"]
    times = np.arange(_SECONDS * RATE) / RATE
    for label, (hertz, size) in _MOTIONS.items():
        for number in range(1, _RECORDINGS + 1):
            turn = 2 * np.pi * (hertz * random.uniform(0.8, 1.2) * times + random.uniform())
            axis = random.normal(size=3)
            motion = size * random.uniform(0.7, 1.3) * np.sin(turn)[:, None] * axis / np.linalg.norm(axis)
            values = motion + random.normal(_GRAVITY, _NOISE, size=motion.shape)
            lines += [
                f"{time:.2f},{label}-{number},{label},{x:.3f},{y:.3f},{z:.3f}"
                for time, (x, y, z) in zip(times.tolist(), values.tolist(), strict=True)
            ]
    return "\n".join(lines) + "\n"
