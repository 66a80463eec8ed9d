"""The smartwatch set: seven shoulder exercises, ten subjects, six inertial channels at 50 Hz.

It is part of the package ``seglearn`` (BSD-3-Clause, (c) 2018 David M. Burns), from which it is taken without
installing or importing that package. The data is a pickle, so nothing of it is opened before the wheel's
SHA-256 was found right.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

from sensor_bnn.resources import cache_folder
from sensor_bnn.train.packages import Package, fetch
from sensor_bnn.train.windows import Recordings

REQUIREMENT = "seglearn==1.2.5"
WHEEL = "seglearn-1.2.5-py3-none-any.whl"
SHA256 = "ec6b952c85c9627050102854b372d85951563d3b990df677d7c55547e87413dd"
MIRROR = (-1.0, 1.0, 1.0, 1.0, -1.0, -1.0)
"""x points along the arm, away from the body on one arm and towards it on the other: accelerations
reflect as vectors (ax), turns as pseudovectors (wy, wz)."""
MEMBER = "seglearn/data/watch_dataset.npy"


def package() -> Package:
    """The wheel that carries the set."""
    client = ("pip", "download", REQUIREMENT, "--no-deps", "--only-binary=:all:", "--quiet")
    return Package("smartwatch", WHEEL, SHA256, client, WHEEL)


def load(window: int, step: int, directory: Path | None = None) -> Recordings:
    """All recordings, cut into windows of ``window`` samples every ``step``; groups are subjects 1 .. 10.

    Raises:
        DataError: the set cannot be had or is damaged.
    """
    wheel = fetch(package(), directory or cache_folder())
    with zipfile.ZipFile(wheel) as archive:
        content = np.load(io.BytesIO(archive.read(MEMBER)), allow_pickle=True).item()  # hash checked by fetch
    signals = [np.asarray(recording, dtype=np.float32).T for recording in content["X"]]  # [C, samples]
    ends = np.cumsum([signal.shape[1] for signal in signals])
    start, owner = [], []
    for index, signal in enumerate(signals):
        offsets = np.arange(0, signal.shape[1] - window + 1, step)
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
        classes=tuple(str(name) for name in content["y_labels"]),
        mirror=np.array(MIRROR, dtype=np.float32),
    )
