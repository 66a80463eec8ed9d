"""Watch a running board: sample after sample, what it answers, what that takes, what memory it has used."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.hardware.boards import Board
from sensor_bnn.measure.bench import Samples, input_bytes_of, instructions_of, is_counted
from sensor_bnn.measure.profile import Spread
from sensor_bnn.wire.application import application_at
from sensor_bnn.wire.protocol import Hello, Memory

KEPT = 4096
"""Counts that spread and curve are made of: the last ones."""

_MEMORY_SECONDS = 0.5  # between two questions for the high-water marks


@dataclass
class Watch:
    """What is known of a board by now.

    Attributes:
        hello: who answers.
        board: the board that is meant.
        classes: the classes' names.
        unit: of ``counts``, "instructions" or "ticks".
        counts: of the last inferences, at most ``KEPT``.
        inferences: in all.
        right: of these, right answers.
        not_a_number: outputs with a NaN, which are no answers.
        answer, truth: the last sample's classes; -1 for no answer.
        memory: the high-water marks, as last asked for.
        seconds: since the first sample.
        retries: requests that were sent again.
    """

    hello: Hello
    board: Board
    classes: tuple[str, ...]
    unit: str
    memory: Memory
    counts: list[int] = field(default_factory=list)
    inferences: int = 0
    right: int = 0
    not_a_number: int = 0
    answer: int = -1
    truth: int = -1
    seconds: float = 0.0
    retries: int = 0

    @property
    def spread(self) -> Spread:
        """Of the kept counts."""
        return Spread.of(self.counts)

    @property
    def top1(self) -> float:
        """Share of right answers."""
        return self.right / self.inferences

    @property
    def milliseconds(self) -> float | None:
        """The median inference on the board's own clock; None under emulation, which has no time."""
        if is_counted(self.hello, self.board):
            return None
        return self.spread.median * 1e3 / self.hello.counter_hz


def watch(
    port: str, board: Board, bundle_dir: Path, samples: Samples, *, baud: int | None = None
) -> Iterator[Watch]:
    """Infer the samples over and over; yield what is known after each, for as long as it is asked for.

    Args:
        port: the serial port's path.
        board: the board that is meant.
        bundle_dir: the bundle in its firmware.
        samples: labelled inputs of the model's shape.
        baud: a rate to raise the line to; the board's own when None.

    Raises:
        BundleError: the bundle is missing or damaged.
        DataError: the samples do not fit the model.
        PortError: the port is absent, busy or silent.
        DeviceError: the board runs another model or firmware, or refuses.
    """
    metadata = read_metadata(bundle_dir)
    inputs = input_bytes_of(metadata, samples)
    floats = metadata.input.dtype == "float32"
    size, dtype = metadata.output.bytes, np.dtype(metadata.output.dtype)
    with application_at(port, board, metadata, baud) as (client, hello):
        unit = "instructions" if is_counted(hello, board) else "ticks"
        known = Watch(hello, board, samples.classes, unit, client.memory())
        begun = asked = time.monotonic()
        while True:
            at = known.inferences % len(inputs)
            client.write_input(inputs[at], floats=floats)
            ticks = client.infer()
            output = np.frombuffer(client.read_output(size), dtype.newbyteorder("<"))
            instructions = instructions_of(ticks, hello, board)
            known.counts = [*known.counts[1 - KEPT :], ticks if instructions is None else instructions]
            nan = bool(np.isnan(output).any())
            known.not_a_number += nan
            known.answer, known.truth = -1 if nan else int(output.argmax()), int(samples.y[at])
            known.inferences += 1
            known.right += known.answer == known.truth
            now = time.monotonic()
            if now - asked >= _MEMORY_SECONDS:
                known.memory, asked = client.memory(), now
            known.seconds, known.retries = now - begun, client.retries
            yield known
