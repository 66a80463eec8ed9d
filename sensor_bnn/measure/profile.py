"""Profile a model on its board: every layer many times, beside the same inference unobserved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.errors import DeviceError
from sensor_bnn.hardware.boards import Board
from sensor_bnn.measure.bench import (
    Progress,
    Samples,
    input_bytes_of,
    instructions_of,
    is_counted,
)
from sensor_bnn.wire.application import application_at


@dataclass(frozen=True)
class Spread:
    """Counts of the same thing done repeatedly; ``p99`` is the nearest rank, so a count that was seen."""

    min: int
    median: int
    max: int
    p99: int

    @classmethod
    def of(cls, counts: list[int]) -> Self:
        """Sum up one count or more."""
        ordered = sorted(counts)
        rank = -(-99 * len(ordered) // 100)
        return cls(ordered[0], ordered[(len(ordered) - 1) // 2], ordered[-1], ordered[rank - 1])


@dataclass(frozen=True)
class Profile:
    """What repeated inferences took, in instructions on an emulated board, else in ticks of its counter.

    Attributes:
        unit: "instructions" or "ticks".
        runs: inferences of each kind that were counted.
        warmup: inferences before them that were not.
        inference: the whole, unobserved.
        observed: the whole, while the counter was read after each layer.
        layers: of the observed ones, in the model's order.
        overhead: of an observed one, what lies outside of its layers: reading the counter; median.
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
        """What observing costs: an observed inference over an unobserved one."""
        return self.observed.median / self.inference.median

    @property
    def layers_sum(self) -> int:
        """The layers' medians together."""
        return sum(layer.median for layer in self.layers)

    @property
    def sum_error(self) -> float:
        """Share by which layers and overhead together miss the observed whole."""
        return abs(self.layers_sum + self.overhead - self.observed.median) / self.observed.median

    @property
    def layers_error(self) -> float:
        """Share by which the layers alone miss the unobserved whole."""
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
        board: the board that is meant.
        bundle_dir: the bundle in the board's firmware.
        samples: inputs of the model's shape.
        runs: how often, at least once.
        warmup: unobserved inferences before, not counted: caches and branch predictors of real cores.
        baud: a rate to raise the line to; the board's own when None.
        progress: called after each run.

    Raises:
        BundleError: the bundle is missing or damaged.
        DataError: the samples do not fit the model.
        PortError: the port is absent, busy or silent.
        DeviceError: the board runs another model or firmware, refuses, or its counter stands still.
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
            f"The {hello.counter} counter stands still: an inference took no time.",
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
