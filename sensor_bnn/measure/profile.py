"""Profile a model on its board: each layer many times, compared with the same inference unobserved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.data.samples import Samples
from sensor_bnn.errors import DeviceError
from sensor_bnn.hardware.boards import Board
from sensor_bnn.measure.bench import Progress, input_bytes_of, instructions_of, is_counted
from sensor_bnn.wire.application import application_at


@dataclass(frozen=True)
class Spread:
    """Counts of repeated runs; ``p99`` is the nearest rank, so a count that was measured."""

    min: int
    median: int
    max: int
    p99: int

    @classmethod
    def of(cls, counts: list[int]) -> Self:
        """Return the spread of one or more counts."""
        ordered = sorted(counts)
        rank = -(-99 * len(ordered) // 100)
        return cls(ordered[0], ordered[(len(ordered) - 1) // 2], ordered[-1], ordered[rank - 1])


@dataclass(frozen=True)
class Profile:
    """The cost of repeated inferences, in instructions on an emulated board, else in ticks of its counter.

    Attributes:
        unit: "instructions" or "ticks".
        runs: number of counted inferences of each kind.
        warmup: number of uncounted inferences before them.
        inference: the whole inference, unobserved.
        observed: the whole inference, with the counter read after each layer.
        layers: the layers of the observed inferences, in the model's order.
        overhead: median cost of an observed inference outside of its layers: reading the counter.
    """

    unit: str
    runs: int
    warmup: int
    inference: Spread
    observed: Spread
    layers: tuple[Spread, ...]
    overhead: int

    @property
    def probe_ratio(self) -> float:
        """The cost of observing: observed inference / unobserved inference."""
        return self.observed.median / self.inference.median

    @property
    def layers_sum(self) -> int:
        """The sum of the layers' medians."""
        return sum(layer.median for layer in self.layers)

    @property
    def sum_error(self) -> float:
        """Relative difference between layers plus overhead and the observed whole."""
        return abs(self.layers_sum + self.overhead - self.observed.median) / self.observed.median

    @property
    def layers_error(self) -> float:
        """Relative difference between the layers alone and the unobserved whole."""
        return abs(self.layers_sum - self.inference.median) / self.inference.median


def run_profile(
    port: str,
    board: Board,
    bundle_dir: Path,
    samples: Samples,
    *,
    runs: int,
    warmup: int,
    baud: int | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Profile:
    """Infer ``runs`` times unobserved and observed, sample after sample and again from the first.

    Args:
        port: the serial port's path.
        board: the board that must be at the port.
        bundle_dir: the bundle in the board's firmware.
        samples: inputs in the model's shape.
        runs: number of inferences of each kind, at least 1.
        warmup: number of uncounted, unobserved inferences before, to warm the caches and branch predictors of
            real cores.
        baud: the rate to raise the line to; None keeps the board's own.
        progress: called after each run.

    Raises:
        BundleError: the bundle is missing or damaged.
        DataError: the samples do not fit the model.
        PortError: the port is absent, busy or silent.
        DeviceError: the board runs another model or firmware, refuses, or its counter does not count.
    """
    metadata = read_metadata(bundle_dir)
    inputs = input_bytes_of(metadata, samples)
    floats = metadata.input.dtype == "float32"
    with application_at(port, board, metadata, baud) as (client, hello):

        def count(ticks: int) -> int:
            instructions = instructions_of(ticks, hello, board)
            return ticks if instructions is None else instructions

        whole: list[int] = []
        observed: list[int] = []
        layers: list[list[int]] = []
        client.write_input(inputs[0], floats=floats)
        for _ in range(warmup):
            client.infer()
        progress("profile", 0, runs)
        for run in range(runs):
            client.write_input(inputs[run % len(inputs)], floats=floats)
            whole.append(count(client.infer()))
            total, ticks = client.profile()
            observed.append(count(total))
            layers.append([count(layer) for layer in ticks])
            progress("profile", run + 1, runs)
    if not min(*whole, *observed):
        raise DeviceError(
            f"The {hello.counter} counter does not count: the inference took no time.",
            "Build the firmware again and flash it; a board's counter is a fact of its board.toml.",
        )
    outside = [total - sum(run) for total, run in zip(observed, layers, strict=True)]
    return Profile(
        unit="instructions" if is_counted(hello, board) else "ticks",
        runs=runs,
        warmup=warmup,
        inference=Spread.of(whole),
        observed=Spread.of(observed),
        layers=tuple(Spread.of(list(counts)) for counts in zip(*layers, strict=True)),
        overhead=Spread.of(outside).median,
    )
