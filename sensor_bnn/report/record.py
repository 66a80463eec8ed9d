"""The output of `sensor-bnn record`: the live plot, and a line a second where there is no terminal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import RenderableType
from rich.panel import Panel
from rich.table import Table

from sensor_bnn.live.record import Collected, Sensor
from sensor_bnn.report.monitor import curve

_COLUMNS = 48
_STEPS = 1000


def record_view(sensor: Sensor, label: str, known: Collected) -> RenderableType:
    """Return the live plot: a curve of each channel, scaled from its least to its largest value.

    Args:
        sensor: what is recorded.
        label: the class of the samples.
        known: the samples so far, at least one.
    """
    table = Table(box=box.SIMPLE)
    table.add_column("channel", style="bold", overflow="fold")
    table.add_column(f"last {len(known.last):,} samples", no_wrap=True)
    for name in ("now", "least", "largest"):
        table.add_column(name, justify="right")
    for name, values in zip(sensor.channels, known.last.T, strict=True):
        numbers = (f"{value:g}" for value in (values[-1], values.min(), values.max()))
        table.add_row(name, curve(_columns(values)), *numbers)
    return Panel(
        table,
        title=_title(sensor, label, known),
        title_align="left",
        subtitle="Ctrl-C ends and stores",
        expand=False,
    )


def record_line(sensor: Sensor, label: str, known: Collected) -> str:
    """Return the same in one line, for an output that is not a terminal."""
    now = ", ".join(f"{name} {value:g}" for name, value in zip(sensor.channels, known.last[-1], strict=True))
    return f"{_title(sensor, label, known)}: {now}"


def _title(sensor: Sensor, label: str, known: Collected) -> str:
    seconds = "" if sensor.rate is None else f" ({known.samples / sensor.rate:.1f} s)"
    gone = f", {known.lost:,} lost" if known.lost else ""
    return f"{label}: {known.samples:,} samples{seconds}{gone} from {sensor.hello.board}"


def _columns(values: npt.NDArray[np.float32]) -> list[int]:
    """Return the mean of each column of the plot as a whole number, 0 to ``_STEPS``."""
    means: Sequence[float] = [
        part.mean() for part in np.array_split(values.astype(np.float64), min(_COLUMNS, len(values)))
    ]
    low, high = min(means), max(means)
    return [round((mean - low) / (high - low) * _STEPS) if high > low else 0 for mean in means]
