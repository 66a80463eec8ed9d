"""A number that a model predicts: its name, unit and scale. Without numpy: all that flashes reads it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

NumberScale = Annotated[float, Meta(ge=1e-30, le=1e30)]
NumberOffset = Annotated[float, Meta(ge=-1e30, le=1e30)]

_UNIT = re.compile(r"[(\[]([^()\[\]]+)[)\]]$")


@dataclass(frozen=True)
class Number:
    """A number that a model predicts: the value is ``scale`` times the output, plus ``offset``.

    Attributes:
        name: its name, with its unit if it has one, such as ``speed (m/s)``.
        scale: the value per step of the output, in that unit.
        offset: the value of an output of 0.
    """

    name: Annotated[str, Meta(min_length=1)]
    scale: NumberScale
    offset: NumberOffset

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and math.isfinite(self.offset)):
            raise ValueError(f"scale is {self.scale} and offset {self.offset}; both must be finite")

    @property
    def unit(self) -> str:
        """The unit in its name; empty without one."""
        return unit_of(self.name)


def unit_of(channel: str) -> str:
    """Return the unit in a channel's name, as in ``acc x (g)`` or ``temperature [K]``; empty without one."""
    match = _UNIT.search(channel)
    return match[1].strip() if match else ""
