"""Send samples to a board that runs the live-stream application, and receive its decisions."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path

from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.errors import BundleError, DataError, DeviceError
from sensor_bnn.hardware.boards import Board
from sensor_bnn.labels import class_name, named_twice
from sensor_bnn.live.payloads import Payloads, Settings
from sensor_bnn.live.recording import Recording
from sensor_bnn.measure.bench import instructions_of
from sensor_bnn.wire.application import application_at
from sensor_bnn.wire.protocol import Hello, Kind, numbers

_STREAM = "Build with `--application stream` and flash that."
_WINDOWS = ("float32", "int16", "uint8")
"""The types of windows that the stream's application has code for."""


@dataclass(frozen=True)
class Decision:
    """The board's decision for the window that ends after ``at`` samples.

    Attributes:
        at: number of samples since the start of the stream.
        answer: the class of this window alone.
        steady: the class of the running average.
        logit: the logit of ``answer``.
        share: the probability of ``steady`` in the average.
        preparing, inferring, smoothing: cost of each step, in instructions on an emulated board, else in
            ticks.
        alone, smoothed: of a model that predicts numbers, see ``sensor_bnn.live.payloads.Answer``.
    """

    at: int
    answer: int
    steady: int
    logit: float
    share: float
    preparing: int
    inferring: int
    smoothing: int
    alone: tuple[float, ...] = ()
    smoothed: tuple[float, ...] = ()

    @property
    def cost(self) -> int:
        """The cost of all steps."""
        return self.preparing + self.inferring + self.smoothing


def stream_at(
    port: str,
    board: Board,
    bundle_dir: Path,
    recording: Recording,
    settings: Settings,
    baud: int | None = None,
) -> Iterator[tuple[Hello, Decision]]:
    """Send the samples in order; yield the board's identification and each decision.

    Args:
        port: the serial port's path.
        board: the board that must be at the port.
        bundle_dir: the bundle in its firmware.
        recording: the samples. The board starts over where another recording begins, so that no window and no
            running average has samples of two. One that is shorter than a window has no decision.
        settings: how the board divides and smooths the stream.
        baud: the rate to raise the line to; None keeps the board's own.

    Raises:
        BundleError: the bundle is missing or damaged.
        DataError: the model has another number of channels, or takes integers that the samples are not.
        PortError: the port is absent, busy or silent.
        DeviceError: the board runs something else, or was reset meanwhile.
    """
    channels, window = window_of(bundle_dir)
    metadata = read_metadata(bundle_dir)
    outputs = prod(metadata.output.shape)
    raw = recording.raw
    if raw.ndim != 2 or raw.shape[1] != channels:
        raise DataError(
            f"The recording is {list(raw.shape)}, the model takes [..., {channels}] channels.",
            "Give a recording of the sensor that the model was trained on.",
        )
    if not 0 < settings.hop <= window:
        raise DataError(
            f"A hop of {settings.hop} does not fit a window of {window} samples.", "Correct --hop."
        )
    given = (len(settings.offset), len(settings.gain))
    if not {*given} <= {0, channels}:
        raise DataError(
            f"There are {given[0]} offsets and {given[1]} gains for {channels} channels.",
            "Give one of each per channel, or none.",
        )
    sent = Payloads(metadata, settings)
    opening, samples = sent.opening(), sent.samples(raw)  # refused before the port is opened
    with application_at(port, board, metadata, baud) as (client, hello):
        # Neither the request nor its answer, with all decisions that it leads to, may be too long.
        most = (hello.max_payload - 4) // sent.answer_bytes * settings.hop
        step = min((hello.max_payload - 4) // sent.sample_bytes, most)
        parts = [
            (begin, first, samples[first : min(first + step, end)])
            for begin, end in pairwise((0, *recording.breaks, len(raw)))
            for first in range(begin, end, step)
        ]
        for begin, at_sample, part in parts:
            if at_sample == begin:
                client.ask_for(Kind.STREAM_OPEN, opening, "The board runs no live stream.", _STREAM)
            first = at_sample - begin
            answer = client.ask_for(
                Kind.STREAM_SAMPLES,
                struct.pack("<I", first) + part.tobytes(),
                f"The board has lost the stream at sample {at_sample}: it was reset, or another host uses "
                "it.",
                "Check its power and start again.",
            )
            (count,) = numbers("<I", answer[:4], "STREAM_SAMPLES")
            if len(answer) != 4 + count * sent.answer_bytes:
                raise DeviceError(f"The board sends {len(answer)} bytes for {count} decisions.", _STREAM)
            for found in sent.answers(answer[4:]):
                if max(found.answer, found.steady) >= outputs:
                    raise DeviceError(
                        f"The window that ends at sample {begin + found.at} has no class: an output of the "
                        "model is not a number.",
                        "Check the model with `sensor-bnn evaluate`, which counts such outputs.",
                    )
                counts = [instructions_of(tick, hello, board) for tick in found.ticks]
                costs = [t if c is None else c for t, c in zip(found.ticks, counts, strict=True)]
                yield (
                    hello,
                    Decision(
                        at=begin + found.at,
                        answer=found.answer,
                        steady=found.steady,
                        logit=found.logit,
                        share=found.share,
                        preparing=costs[0],
                        inferring=costs[1],
                        smoothing=costs[2],
                        alone=found.alone,
                        smoothed=found.smoothed,
                    ),
                )


def window_of(bundle_dir: Path) -> tuple[int, int]:
    """Return the channels and the samples of a window of a compiled model.

    Raises:
        BundleError: the bundle is missing or damaged, or its model's input is not a window.
    """
    metadata = read_metadata(bundle_dir)
    shape, dtype = metadata.input.shape, metadata.input.dtype
    if len(shape) != 3 or shape[0] != 1 or dtype not in _WINDOWS:
        raise BundleError(
            f"{bundle_dir} takes {metadata.input}, no windows [1, channels, samples].",
            "Compile a model of sensor windows.",
        )
    return shape[1], shape[2]


def names_of(bundle_dir: Path, given: Sequence[str], recording: Recording) -> tuple[str, ...]:
    """Return the names of a compiled model's classes, or of its numbers, in the order of its outputs.

    Args:
        bundle_dir: the bundle, which says the names if its ONNX file did.
        given: the names as the user gives them; needed only where the bundle says none. Empty for none.
        recording: its labels are compared with the names. The names that it lists, in their order, are used
            where neither bundle nor user says any.

    Raises:
        BundleError: the bundle is missing or damaged.
        DataError: nobody says the names, or a given name or a label is not among them.
    """
    metadata = read_metadata(bundle_dir)
    outputs = prod(metadata.output.shape)
    if metadata.numbers is not None:
        if given:
            raise DataError(
                f"The model {metadata.model} predicts numbers; --classes names classes.",
                "Leave --classes out.",
            )
        return tuple(number.name for number in metadata.numbers)
    names = tuple(class_name(name) for name in metadata.classes or given or recording.classes)
    if not names:
        raise DataError(
            f"The bundle {bundle_dir} does not say the names of its {outputs} classes.",
            "Name them all with --classes, in the order of the model's outputs.",
        )
    if len(names) != outputs:
        raise DataError(
            f"The model has {outputs} classes, but {len(names)} are named.", "Name them all with --classes."
        )
    twice = named_twice(names)
    if twice is not None or "" in names:
        told = f"named {twice}" if twice else "without a name"
        raise DataError(f"Two classes of the model are {told}.", "Name them all with --classes.")
    labels = ({*recording.classes, *recording.labels} - {""}, "labels of the recording")
    for those, whose in ((given, "named by --classes"), labels):
        unknown = sorted({*those} - {*names})
        if unknown:
            raise DataError(
                f"The model {metadata.model} does not have these classes, {whose}: {', '.join(unknown)}. "
                f"Its classes are {', '.join(names)}.",
                "Correct the names, or give a recording of the model's kind.",
            )
    return names
