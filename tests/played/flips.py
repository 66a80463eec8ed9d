"""A flipped bit at random places of a file, as a worn disk or a cable leaves it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

PLACES = 200
SEED = 14


def flipped(data: bytes, places: int = PLACES, seed: int = SEED) -> Iterator[bytes]:
    """Yield the bytes with one bit flipped, at each of some random places."""
    rng = random.Random(seed)
    for _ in range(places):
        content = bytearray(data)
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        yield bytes(content)


def flip_in(file: Path, places: int = PLACES, seed: int = SEED) -> Iterator[None]:
    """Flip one bit of the file at each of some random places, and restore the file at last."""
    data = file.read_bytes()
    for content in flipped(data, places, seed):
        file.write_bytes(content)
        yield
    file.write_bytes(data)
