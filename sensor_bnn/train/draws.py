"""Random numbers for a batch that processes share.

Every process draws the numbers of the whole batch and uses those of its own rows. So the augmentation of an
example does not depend on the number of processes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Generator, Tensor

Part: TypeAlias = slice | Tensor
"""Rows of a batch: a slice, or indices int64 ``[m]``."""


@dataclass(frozen=True)
class Draws:
    """Draws numbers for a batch and returns those of some rows.

    Attributes:
        generator: the source of randomness, in the same state in every process.
        count: the number of examples in the whole batch.
        part: the rows that this process works on.
    """

    generator: Generator
    count: int
    part: Part

    def uniform(self, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """Return ``[rows, *shape]`` of uniform numbers in [0, 1)."""
        return torch.rand((self.count, *shape), generator=self.generator, dtype=dtype)[self.part]

    def normal(self, *shape: int) -> Tensor:
        """Return ``[rows, *shape]`` of standard normal numbers, float32."""
        return torch.randn((self.count, *shape), generator=self.generator)[self.part]

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """Return ``[rows, *shape]`` of integers in low .. high - 1, int64."""
        return torch.randint(low, high, (self.count, *shape), generator=self.generator)[self.part]

    def offsets(self, most: int) -> Tensor:
        """Return ``[2, rows, 1]`` of integers in -most .. most, int64: two offsets per row."""
        both = torch.randint(-most, most + 1, (2, self.count, 1), generator=self.generator)
        return both[:, self.part]
