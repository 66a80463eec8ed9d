"""Watch a running board: its answers, the cost of each inference, and its memory use, sample by sample."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.data.samples import Samples
from sensor_bnn.errors import DataError
from sensor_bnn.hardware.boards import Board
from sensor_bnn.measure.bench import input_bytes_of, instructions_of, is_counted, with_classes_of
from sensor_bnn.measure.profile import Spread
from sensor_bnn.wire.application import application_at
from sensor_bnn.wire.protocol import Hello, Memory

KEPT = 4096
"""Number of the last counts that are kept for spread and curve."""

_MEMORY_SECONDS = 0.5  # between two requests for the high-water marks


@dataclass
class Watch:
    """The state of a watched board.

    Attributes:
        hello: the identification that the device sent.
        board: the board at the port.
        classes: names of the classes.
        unit: unit of ``counts``, "instructions" or "ticks".
        counts: counts of the last inferences, at most ``KEPT``.
        inferences: number of all inferences.
        right: how many of these were right.
        not_a_number: number of outputs with a NaN; they are not answers.
        answer, truth: predicted and true class of the last sample; -1 for no answer.
        memory: the last high-water marks.
        seconds: seconds since the first sample.
        retries: number of repeated requests.
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
        """Spread of the kept counts."""
        return Spread.of(self.counts)

    @property
    def top1(self) -> float:
        """Share of right answers, 0 to 1."""
        return self.right / self.inferences

    @property
    def milliseconds(self) -> float | None:
        """Median time per inference on the board's own clock; None under emulation, without real time."""
        if is_counted(self.hello, self.board):
            return None
        return self.spread.median * 1e3 / self.hello.counter_hz


def watch(
    port: str, board: Board, bundle_dir: Path, samples: Samples, *, baud: int | None = None
) -> Iterator[Watch]:
    """Infer the samples in an endless loop; yield the state after each inference.

    Args:
        port: the serial port's path.
        board: the board at the port.
        bundle_dir: the bundle in its firmware.
        samples: labelled inputs in the model's shape.
        baud: the rate to raise the line to; None keeps the board's own.

    Raises:
        BundleError: the bundle is missing or damaged.
        DataError: the samples do not fit the model.
        PortError: the port is absent, busy or silent.
        DeviceError: the board runs another model or firmware, or refuses.
    """
    metadata = read_metadata(bundle_dir)
    if metadata.numbers is not None:
        raise DataError(
            f"The model {metadata.model} predicts numbers, and a monitor counts right classes.",
            "Use `sensor-bnn evaluate` for its errors, or `sensor-bnn stream` to watch its numbers.",
        )
    samples = with_classes_of(metadata, samples)
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
