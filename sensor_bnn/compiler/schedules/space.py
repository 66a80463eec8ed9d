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

Choose = Callable[[str, tuple[int, ...]], Any]
"""Given a parameter's name and its values: one of them, or MetaSchedule's variable that stands for one."""


@dataclass(frozen=True)
class Space:
    """A kernel whose schedule has parameters.

    Attributes:
        blocks: the kernel in blocks, not scheduled.
        schedule: schedules it; asks for each parameter once, in the same order every time.
    """

    blocks: PrimFunc
    schedule: Callable[[s_tir.Schedule, Choose], None]

    def parameters(self) -> dict[str, tuple[int, ...]]:
        """The parameters' names and values; the first value is the plainest loop."""
        found: dict[str, tuple[int, ...]] = {}

        def first(name: str, values: tuple[int, ...]) -> int:
            found[name] = values
            return values[0]

        self.schedule(s_tir.Schedule(self.blocks), first)
        return found

    def kernel(self, point: Mapping[str, int]) -> PrimFunc:
        """Return the kernel at a point.

        Args:
            point: a value for every parameter.

        Raises:
            ModelError: a parameter is missing, unknown, or has not this value.
        """
        asked: list[str] = []

        def given(name: str, values: tuple[int, ...]) -> int:
            asked.append(name)
            value = point.get(name)
            if value not in values:
                raise ModelError(
                    f"The schedule parameter {name!r} is {value}, not one of {', '.join(map(str, values))}.",
                    _REMEDY,
                )
            return value

        schedule = s_tir.Schedule(self.blocks)
        self.schedule(schedule, given)
        unknown = sorted(set(point) - set(asked))
        if unknown:
            raise ModelError(f"There is no schedule parameter {unknown[0]!r}.", _REMEDY)
        return schedule.mod["main"]


_REMEDY = "Tune the model again with `sensor-bnn tune`."


def divisors(number: int, most: int) -> tuple[int, ...]:
    """Return the divisors of a number up to ``most``, least first."""
    return tuple(size for size in range(1, min(number, most) + 1) if number % size == 0)
