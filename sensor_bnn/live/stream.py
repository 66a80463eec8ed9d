"""Feed a board that runs the live-stream application, sample by sample, and hear what it decides."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.errors import BundleError, DataError, DeviceError
from sensor_bnn.hardware.boards import Board
from sensor_bnn.measure.bench import instructions_of
from sensor_bnn.wire.application import application_at
from sensor_bnn.wire.protocol import Hello, Kind, numbers

DECISION = struct.Struct("<IHHffQQQ")
_STREAM = "Build with `--application stream` and flash that."


@dataclass(frozen=True)
class Settings:
    """How the board cuts and smooths a stream.

    Attributes:
        hop: samples from one decision to the next.
        share: of a new answer in the running average of probabilities; 1 smooths nothing.
        offset, gain: of each channel, value = (raw - offset) * gain; 0 and 1 where empty.
    """

    hop: int
    share: float = 0.4
    offset: tuple[float, ...] = ()
    gain: tuple[float, ...] = ()


@dataclass(frozen=True)
class Decision:
    """What the board makes of the window that ends behind sample ``at``.

    Attributes:
        at: samples until then.
        answer: the class of this window alone.
        steady: the class of the running average.
        logit: of ``answer``.
        share: of ``steady`` in the average.
        preparing, inferring, smoothing: what each took, in instructions on an emulated board, else ticks.
    """

    at: int
    answer: int
    steady: int
    logit: float
    share: float
    preparing: int
    inferring: int
    smoothing: int

    @property
    def cost(self) -> int:
        """All of it."""
        return self.preparing + self.inferring + self.smoothing


def stream_at(
    port: str,
    board: Board,
    bundle_dir: Path,
    raw: npt.NDArray[np.float32],
    settings: Settings,
    baud: int | None = None,
) -> Iterator[tuple[Hello, Decision]]:
    """Send the samples in order, and yield each decision as the board makes it.

    Args:
        port: the serial port's path.
        board: the board that is meant.
        bundle_dir: the bundle in its firmware.
        raw: float32 [samples, channels].
        settings: how the board cuts and smooths.
        baud: a rate to raise the line to; the board's own when None.

    Raises:
        BundleError: the bundle is missing or damaged.
        DataError: the model takes other channels.
        PortError: the port is absent, busy or silent.
        DeviceError: the board runs something else, or was reset in the middle.
    """
    channels, window, _ = window_of(bundle_dir)
    metadata = read_metadata(bundle_dir)
    if raw.ndim != 2 or raw.shape[1] != channels:
        raise DataError(
            f"The recording is {list(raw.shape)}, the model takes [..., {channels}] channels.",
            "Give a recording of the sensor that the model was trained on.",
        )
    if not 0 < settings.hop <= window:
        raise DataError(
            f"A hop of {settings.hop} does not fit a window of {window} samples.", "Correct --hop."
        )
    offset = settings.offset or (0.0,) * channels
    gain = settings.gain or (1.0,) * channels
    if len(offset) != channels or len(gain) != channels:
        raise DataError(
            f"There are {len(offset)} offsets and {len(gain)} gains for {channels} channels.",
            "Give one of each a channel.",
        )
    scales = b"".join(struct.pack("<ff", *scale) for scale in zip(offset, gain, strict=True))
    with application_at(port, board, metadata, baud) as (client, hello):
        opening = struct.pack("<IIf", channels, settings.hop, settings.share) + scales
        client.ask_for(Kind.STREAM_OPEN, opening, "The board runs no live stream.", _STREAM)
        step = (hello.max_payload - 4) // (4 * channels)
        for first in range(0, len(raw), step):
            part = np.ascontiguousarray(raw[first : first + step], "<f4").tobytes()
            answer = client.ask_for(
                Kind.STREAM_SAMPLES,
                struct.pack("<I", first) + part,
                f"The board has lost the stream at sample {first}: it was reset, or another host feeds it.",
                "Look at its power, and begin anew.",
            )
            (count,) = numbers("<I", answer[:4], "STREAM_SAMPLES")
            if len(answer) != 4 + count * DECISION.size:
                raise DeviceError(f"The board sends {len(answer)} bytes for {count} decisions.", _STREAM)
            for values in DECISION.iter_unpack(answer[4:]):
                at, found, steady, logit, share, *ticks = values
                counts = [instructions_of(tick, hello, board) for tick in ticks]
                costs = [t if c is None else c for t, c in zip(ticks, counts, strict=True)]
                yield hello, Decision(at, found, steady, logit, share, *costs)


def window_of(bundle_dir: Path) -> tuple[int, int, int]:
    """Channels, samples of a window, and classes of a compiled model.

    Raises:
        BundleError: the bundle is missing or damaged, or its model takes no windows.
    """
    metadata = read_metadata(bundle_dir)
    shape, dtype = metadata.input.shape, metadata.input.dtype
    if len(shape) != 3 or shape[0] != 1 or dtype != "float32":
        raise BundleError(
            f"{bundle_dir} takes {metadata.input}, no windows float32 [1, channels, samples].",
            "Compile a model of sensor windows.",
        )
    return shape[1], shape[2], metadata.output.bytes // 4
