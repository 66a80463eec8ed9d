"""What a run depends on beside its recipe and seed, as digests: the training data, and this program."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sensor_bnn.train.images import ArrayPixels, ChosenPixels, FilePixels, Images, Pixels, hold_out
from sensor_bnn.train.parts import settled
from sensor_bnn.train.recipe import Recipe
from sensor_bnn.train.sets import DataSet
from sensor_bnn.train.windows import Recordings

_PACKAGE = Path(__file__).resolve().parents[1]
_CHUNK = 1024


def data_digest(dataset: DataSet, recipe: Recipe) -> str:
    """Compute the SHA-256, in hex, of the classes and of all that the recipe learns from.

    Image files that are decoded when they are used count by name and size: to read them all would take as
    long as an epoch.

    Args:
        dataset: the whole set.
        recipe: the recipe, whose split says what is learned from.

    Raises:
        DataError: the training part is empty.
    """
    digest = hashlib.sha256()
    digest.update(repr(dataset.classes).encode())
    if isinstance(dataset, Images):
        learned = hold_out(dataset, recipe.data.held_out) if recipe.data.held_out else dataset
        _add_array(digest, learned.train_y)
        _add_pixels(digest, learned.train)
    else:
        _add_recordings(digest, dataset.of_groups(settled(dataset, recipe.data).parts()[0]))
    return digest.hexdigest()


@cache
def program() -> dict[str, str]:
    """Return the versions of this program and of PyTorch, and a SHA-256 of the sources of the training."""
    digest = hashlib.sha256()
    for file in sorted(file for stage in ("nn", "train") for file in (_PACKAGE / stage).glob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return {
        "sensor-bnn": metadata.version("sensor-bnn"),
        "PyTorch": str(torch.__version__),
        "the sources of sensor-bnn": digest.hexdigest(),
    }


def _add_array(digest: Any, array: np.ndarray[Any, Any]) -> None:
    digest.update(f"{array.dtype} {array.shape}".encode())
    digest.update(np.ascontiguousarray(array))


def _add_recordings(digest: Any, recordings: Recordings) -> None:
    """Add the recordings with windows, and the windows by their places in them, not in the whole signal."""
    bounds = np.stack([recordings.first, recordings.end], axis=1)
    for first, end in np.unique(bounds, axis=0):
        _add_array(digest, recordings.signal[:, first:end])
    places = recordings.start - recordings.first
    group = recordings.group
    if group.dtype == object:  # Names, and numbers of more than 64 bits: the array holds only addresses.
        group = np.frombuffer(repr(group.tolist()).encode(), dtype=np.uint8)
    for array in (places, recordings.y, group, recordings.mirror, np.array(recordings.length)):
        _add_array(digest, array)
    if recordings.targets is not None:
        digest.update(repr(recordings.target_names).encode())
        _add_array(digest, recordings.targets)


def _add_pixels(digest: Any, pixels: Pixels) -> None:
    digest.update(repr(pixels.shape).encode())
    if isinstance(pixels, ChosenPixels):
        _add_array(digest, pixels.chosen)
        _add_pixels(digest, pixels.pixels)
    elif isinstance(pixels, FilePixels):
        for file in pixels.files:
            digest.update(f"{file.parent.name}/{file.name} {file.stat().st_size}\0".encode())
    elif isinstance(pixels, ArrayPixels):
        _add_array(digest, pixels.array)
    else:
        for at in range(0, len(pixels), _CHUNK):
            _add_array(digest, pixels[at : at + _CHUNK])
