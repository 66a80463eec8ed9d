"""Random numbers for a batch that processes share: all draw for the whole batch, each takes its rows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

Part = slice | Tensor
"""Rows of a batch: a slice, or int64 ``[m]``."""


@dataclass(frozen=True)
class Draws:
    """Draws numbers for a batch and hands out some rows of them.

    Attributes:
        generator: the same on every process.
        count: examples of the whole batch.
        part: the rows that are worked on here.
    """

    generator: Generator
    count: int
    part: Part

    def uniform(self, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """``[rows, *shape]`` in [0, 1)."""
        return torch.rand((self.count, *shape), generator=self.generator, dtype=dtype)[self.part]

    def normal(self, *shape: int) -> Tensor:
        """``[rows, *shape]``, standard normal."""
        return torch.randn((self.count, *shape), generator=self.generator)[self.part]

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """int64 ``[rows, *shape]``, low .. high - 1."""
        return torch.randint(low, high, (self.count, *shape), generator=self.generator)[self.part]

    def offsets(self, most: int) -> Tensor:
        """int64 ``[2, rows, 1]``, -most .. most."""
        both = torch.randint(-most, most + 1, (2, self.count, 1), generator=self.generator)
        return both[:, self.part]
