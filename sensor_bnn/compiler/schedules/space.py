"""The choices for a kernel's loops, and the kernel that results from a choice.

Every point of a space computes the same bits: sums may be split and unrolled, but not reordered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tvm import s_tir
from tvm.tirx import PrimFunc

from sensor_bnn.errors import ModelError

Tile = Callable[[str, Any, int], Any]
"""A function from a parameter's name, a loop and the longest tile to the two factors that split the loop.

The parameter is the inner factor, a divisor of the loop's length.
"""


@dataclass(frozen=True)
class Space:
    """A kernel whose schedule has parameters.

    Attributes:
        blocks: the kernel in blocks, not scheduled.
        block: the name of a block that every schedule keeps whole.
        schedule: the function that schedules the kernel. It requests each parameter once, always in the same
            order.
        rule: the point that the compiler uses without a tuning.
    """

    blocks: PrimFunc
    block: str
    schedule: Callable[[s_tir.Schedule, Tile], None]
    rule: Mapping[str, int]

    def parameters(self) -> dict[str, tuple[int, ...]]:
        """Return the values of each parameter by its name; the first value leaves the loop as it is."""
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
            point: a value for every parameter; None for the rule's point.

        Raises:
            ModelError: a parameter is missing or unknown, or its value is not one of its values.
        """
        # None lets TVM derive the outer factor from the loop's length.
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
    """Return the divisors of a number up to ``most``, in ascending order."""
    return tuple(size for size in range(1, min(number, most) + 1) if number % size == 0)
