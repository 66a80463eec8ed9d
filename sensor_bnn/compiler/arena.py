"""The arena: one block of RAM in which every activation gets a fixed offset before the program runs."""

from __future__ import annotations

from dataclasses import dataclass

ALIGNMENT = 16


@dataclass(frozen=True)
class Lifetime:
    """The size and the lifetime of a tensor in the arena.

    Attributes:
        size: the size in bytes.
        first: the index of the step that writes the tensor.
        last: the index of the last step that reads it; at least ``first``.
    """

    size: int
    first: int
    last: int

    def overlaps(self, other: Lifetime) -> bool:
        """Whether some step needs both tensors."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class ArenaPlan:
    """The offsets of all tensors.

    Attributes:
        offsets: the offsets in bytes from the arena's start, in the order of the lifetimes.
        size: the size of the arena in bytes.
        lower_bound: the bytes that are needed at once in the fullest step; no plan can be smaller.
    """

    offsets: tuple[int, ...]
    size: int
    lower_bound: int


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _first_fit(lifetimes: list[Lifetime], order: list[int]) -> ArenaPlan:
    offsets = [0] * len(lifetimes)
    placed: list[int] = []
    for index in order:
        size = _aligned(lifetimes[index].size)
        offset = 0
        for other in sorted(placed, key=lambda i: offsets[i]):
            if not lifetimes[other].overlaps(lifetimes[index]):
                continue
            if offset + size <= offsets[other]:
                break
            offset = max(offset, offsets[other] + _aligned(lifetimes[other].size))
        offsets[index] = offset
        placed.append(index)
    end = max((offsets[i] + _aligned(t.size) for i, t in enumerate(lifetimes)), default=0)
    return ArenaPlan(tuple(offsets), end, 0)


def plan_arena(lifetimes: list[Lifetime]) -> ArenaPlan:
    """Give every tensor an offset so that tensors with overlapping lifetimes do not overlap in memory.

    First fit is tried in several orders (size, duration, first step, last step), and the smallest plan is
    returned. Offsets are multiples of 16 bytes.
    """
    steps = sorted({t.first for t in lifetimes})
    bound = max(
        (sum(_aligned(t.size) for t in lifetimes if t.first <= step <= t.last) for step in steps), default=0
    )
    indices = range(len(lifetimes))
    orders = (
        sorted(indices, key=lambda i: (-lifetimes[i].size, lifetimes[i].first)),
        sorted(indices, key=lambda i: (lifetimes[i].first - lifetimes[i].last, -lifetimes[i].size)),
        sorted(indices, key=lambda i: (lifetimes[i].first, -lifetimes[i].size)),
        sorted(indices, key=lambda i: (-lifetimes[i].last, -lifetimes[i].size)),
    )
    best = min((_first_fit(lifetimes, order) for order in orders), key=lambda plan: plan.size)
    return ArenaPlan(best.offsets, best.size, bound)
