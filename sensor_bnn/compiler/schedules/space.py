"""What of a kernel's loops may be chosen, and the kernel that a choice makes.

Every point of a space computes the same bits: sums may be split and unrolled, never reordered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tvm import s_tir
from tvm.tirx import PrimFunc

from sensor_bnn.errors import ModelError

Tile = Callable[[str, Any, int], Any]
"""Given a parameter's name, a loop and the longest tile: the two factors that the loop is split by.

The parameter is the inner factor, a divisor of the loop's length.
"""


@dataclass(frozen=True)
class Space:
    """A kernel whose schedule has parameters.

    Attributes:
        blocks: the kernel in blocks, not scheduled.
        block: one of them, which stays whole.
        schedule: schedules it; asks for each parameter once, in the same order every time.
        rule: the point that the compiler takes where nothing was tuned.
    """

    blocks: PrimFunc
    block: str
    schedule: Callable[[s_tir.Schedule, Tile], None]
    rule: Mapping[str, int]

    def parameters(self) -> dict[str, tuple[int, ...]]:
        """The parameters' names and values; the first value is the plainest loop."""
        schedule = s_tir.Schedule(self.blocks)
        found: dict[str, tuple[int, ...]] = {}

        def plainest(name: str, loop: Any, most: int) -> Any:
            found[name] = divisors(int(schedule.get(loop).extent), most)
            return [None, 1]

        self.schedule(schedule, plainest)
        return found

    def kernel(self, point: Mapping[str, int] | None = None) -> PrimFunc:
        """Return the kernel at a point.

        Args:
            point: a value for every parameter; the rule's if None.

        Raises:
            ModelError: a parameter is missing, unknown, or has not this value.
        """
        given = self.rule if point is None else point
        schedule = s_tir.Schedule(self.blocks)
        asked: list[str] = []

        def tile(name: str, loop: Any, most: int) -> Any:
            asked.append(name)
            values = divisors(int(schedule.get(loop).extent), most)
            if given.get(name) not in values:
                raise ModelError(
                    f"The schedule parameter {name!r} is {given.get(name)}, "
                    f"not one of {', '.join(map(str, values))}.",
                    _REMEDY,
                )
            return [None, given[name]]

        self.schedule(schedule, tile)
        unknown = sorted(set(given) - set(asked))
        if unknown:
            raise ModelError(f"There is no schedule parameter {unknown[0]!r}.", _REMEDY)
        return schedule.mod["main"]


_REMEDY = "Tune the model again with `sensor-bnn tune`."


def divisors(number: int, most: int) -> tuple[int, ...]:
    """Return the divisors of a number up to ``most``, least first."""
    return tuple(size for size in range(1, min(number, most) + 1) if number % size == 0)
