"""Random initial weights from a seed, without a change to the random numbers of anybody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_lock = threading.Lock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed PyTorch's generator for the body, and restore its state afterwards.

    PyTorch has one generator for the whole process, so threads with such a body wait for each other.

    Args:
        seed: of the generator.
    """
    with _lock, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
