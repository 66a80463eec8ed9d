"""A small data set, and one thread: the models are tiny, and workers of pytest-xdist share the cores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from sensor_bnn.train.recipe import Recipe, parse_recipe
from sensor_bnn.train.windows import Recordings

torch.set_num_threads(1)

CLASSES = ("slow", "middle", "fast")
MakeRecipe = Callable[..., Recipe]


@pytest.fixture(scope="session")
def recordings() -> Recordings:
    """A small set that is learned in seconds: three classes of sines, which differ in frequency and offset.

    There are four subjects with one recording per class and 13 windows per recording.
    """
    random = np.random.default_rng(0)
    signals, start, first, end, y, group = [], [], [], [], [], []
    at = 0
    for subject in (1, 2, 3, 4):
        for label in range(len(CLASSES)):
            time = np.arange(700) / 50
            phase = random.uniform(0, 6, size=(6, 1))
            wave = np.sin(2 * np.pi * (0.5 + label) * time + phase)
            signals.append(wave + 0.1 * random.normal(size=wave.shape) + np.arange(6)[:, None] - label)
            offsets = at + np.arange(0, 700 - 100 + 1, 50)
            start.append(offsets)
            first.append(np.full(len(offsets), at))
            end.append(np.full(len(offsets), at + 700))
            y.append(np.full(len(offsets), label))
            group.append(np.full(len(offsets), subject))
            at += 700
    return Recordings(
        signal=np.concatenate(signals, axis=1).astype(np.float32),
        start=np.concatenate(start),
        first=np.concatenate(first),
        end=np.concatenate(end),
        length=100,
        y=np.concatenate(y),
        group=np.concatenate(group),
        classes=CLASSES,
        mirror=np.array([-1, 1, 1, 1, -1, -1], dtype=np.float32),
    )


@pytest.fixture(scope="session")
def recipe(training: None) -> MakeRecipe:
    """Makes short recipes for that set; arguments replace whole sections."""

    def make(**changes: object) -> Recipe:
        values: dict[str, object] = {
            "model": {"width": 32, "heads": 1, "layers": 1},
            "data": {"train_subjects": [1, 2, 3], "test_subjects": [4]},
            "schedule": {"epochs": 3, "batch": 16, "warmup": 1},
            "augment": {
                "shift": 10,
                "speed": 0.1,
                "rotation": 5,
                "scale": 0.05,
                "jitter": 0.05,
                "mirror": True,
            },
        }
        return parse_recipe({**values, **changes}, "synthetic")

    return make
