"""Whether the cost of a multiply-add grows with the work: the chosen kernel over tokens and over widths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.console import Console

from sensor_bnn.compiler.targets import Target
from sensor_bnn.measure.kernel_cases import CHOSEN, Shape, cases_of
from sensor_bnn.measure.kernels import KernelRow, find_emulated, measure_cases

TARGETS = ("cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "cortex-a53")

SHAPES = tuple(
    dict.fromkeys(
        [Shape(tokens, 192, 192) for tokens in (16, 32, 64, 96, 128, 160, 197)]
        + [Shape(64, width, width) for width in (64, 96, 128, 192, 256, 320, 384)]
    )
)

NOISE = 0.005
"""A smaller rise is none: entry and exit of a kernel are a few instructions."""


@dataclass(frozen=True)
class Series:
    """Rows of one core at one width in the order of their tokens, or at one number of tokens by width."""

    target: str
    along: str  # ``tokens`` or ``width``
    fixed: str  # what is equal in all rows
    rows: tuple[KernelRow, ...]

    def value(self, row: KernelRow) -> int:
        """Return where a row is on the axis."""
        return row.m if self.along == "tokens" else row.n


@dataclass(frozen=True)
class Rise:
    """A step of a series at which the instructions per multiply-add rise."""

    series: Series
    before: KernelRow
    after: KernelRow

    @property
    def share(self) -> float:
        """By what share they rise."""
        return per_mac(self.after) / per_mac(self.before) - 1


def per_mac(row: KernelRow) -> float:
    """Return the instructions per multiply-add, not rounded."""
    return row.instructions / row.macs


def measure_growth(target: Target, shapes: Sequence[Shape], console: Console) -> list[KernelRow]:
    """Run the kernel that the compiler chooses, with packed outputs, at each shape.

    Args:
        target: a target with an emulated board.
        shapes: of the layers.
        console: receives a message for each step, and for each case that does not fit the board.

    Raises:
        BoardError: no emulated board has the target, or nothing fits its memory.
        ToolError: the cross compiler or the emulator is missing or failed.
    """
    cases = [
        case
        for shape in shapes
        for case in cases_of(target, shape, binary=True, baselines=False)
        if (case.kernel, case.output) == (CHOSEN, "packed")
    ]
    return measure_cases(cases, find_emulated(target), console, estimated=False)


def have_series(shapes: Iterable[Shape]) -> bool:
    """Whether two of the shapes differ in their tokens alone, or in the width of a square layer alone."""
    keys = [key for shape in shapes for key in _keys(shape)]
    return len(set(keys)) < len(keys)


def series_of(rows: Iterable[KernelRow]) -> list[Series]:
    """Return all series of at least two rows."""
    groups: dict[tuple[str, str, str], list[KernelRow]] = {}
    for row in rows:
        for along, fixed in _keys(Shape(row.m, row.n, row.k)):
            groups.setdefault((row.target, along, fixed), []).append(row)
    return [
        Series(target, along, fixed, tuple(sorted(group, key=lambda row: (row.m, row.n))))
        for (target, along, fixed), group in groups.items()
        if len(group) > 1
    ]


def _keys(shape: Shape) -> Iterator[tuple[str, str]]:
    """The series that a shape belongs to."""
    yield "tokens", f"{shape.n} outputs, {shape.k} inputs"
    if shape.n == shape.k:
        yield "width", f"{shape.m} tokens"


def rises_of(series: Iterable[Series]) -> list[Rise]:
    """Return each step of each series at which the instructions per multiply-add rise."""
    steps = (Rise(one, before, after) for one in series for before, after in pairwise(one.rows))
    return [rise for rise in steps if rise.share > NOISE]
