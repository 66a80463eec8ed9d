"""The arena: one block of RAM in which every activation gets a fixed offset before the program runs."""

from __future__ import annotations

from dataclasses import dataclass

ALIGNMENT = 16


@dataclass(frozen=True)
class Lifetime:
    """A tensor that needs room in the arena.

    Attributes:
        size: bytes.
        first: index of the step that writes it.
        last: index of the last step that reads it; at least ``first``.
    """

    size: int
    first: int
    last: int

    def overlaps(self, other: Lifetime) -> bool:
        """Whether both are needed during some step."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class ArenaPlan:
    """Offsets of all tensors.

    Attributes:
        offsets: bytes from the arena's start, in the order of the lifetimes given.
        size: bytes of the whole arena.
        lower_bound: bytes alive at once at the fullest step: no plan can be smaller.
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
    """Give every tensor an offset so that none that live at the same time overlap.

    First fit, tried over several orders (size, duration, birth); the smallest plan wins. Offsets are
    multiples of 16 bytes.
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
