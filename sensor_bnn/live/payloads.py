"""What a live stream sends and receives: floats, or integers for a model of integers.

``firmware/stream`` has the same: ``window_*.h`` for what goes in, ``average_*.h`` for what comes out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import frexp

import numpy as np
import numpy.typing as npt

from sensor_bnn.compiler.fixed_numbers import fixed_of
from sensor_bnn.compiler.metadata import Metadata
from sensor_bnn.errors import DataError
from sensor_bnn.onnx.quantities import to_logits, to_model_input

_FLOAT = "float32"
_CHANNEL = 1 << 8
"""What 1 of the sensor's numbers is in an integer offset."""
_WEIGHT, _PROBABILITY = 1 << 16, 1 << 30
"""What 1 is in an integer weight of the average, and in an integer probability."""
_GAIN_BITS, _MOST_SHIFT = 30, 62
_INT16, _INT32 = np.iinfo(np.int16), np.iinfo(np.int32)
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Settings:
    """How the board divides a stream into windows and smooths its decisions.

    Attributes:
        hop: number of samples between two decisions.
        share: weight of a new output in the running average of probabilities, 0 to 1; 1 disables smoothing.
        offset, gain: per channel, value = (raw - offset) * gain; empty for 0 and 1.
    """

    hop: int
    share: float = 0.4
    offset: tuple[float, ...] = ()
    gain: tuple[float, ...] = ()


@dataclass(frozen=True)
class Answer:
    """One decision as the board sends it.

    Attributes:
        at: number of samples since the start of the stream.
        answer, steady: the class of the window alone, and of the running average.
        logit: the logit of ``answer``.
        share: the probability of ``steady`` in the average, 0 to 1.
        ticks: of preparing, inferring and smoothing.
        alone, smoothed: of a model that predicts numbers, those of the window alone and of the running
            average, in their units; the four before ``ticks`` then mean nothing.
    """

    at: int
    answer: int
    steady: int
    logit: float
    share: float
    ticks: tuple[int, int, int]
    alone: tuple[float, ...] = ()
    smoothed: tuple[float, ...] = ()


class Payloads:
    """How the samples, settings and decisions of one model's stream are sent.

    Args:
        metadata: of the model's bundle; its input is a window ``[1, channels, samples]``.
        settings: with an offset and a gain for each channel, or with none.
    """

    def __init__(self, metadata: Metadata, settings: Settings) -> None:
        self._metadata = metadata
        self._settings = settings
        self._channels = metadata.input.shape[1]
        self._raw = bool(settings.offset or settings.gain)
        self._offset = settings.offset or (0.0,) * self._channels
        self._gain = settings.gain or (1.0,) * self._channels
        self._takes_floats = metadata.takes_floats
        self._gives_floats = metadata.output.dtype == _FLOAT
        self._factors = [2.0 ** -fixed_of(number).bits for number in metadata.numbers or ()]
        form = "<IHHffQQQ" if self._gives_floats else "<IHHiiQQQ"
        self._answer = struct.Struct(f"<I{2 * len(self._factors)}iQQQ" if self._factors else form)

    @property
    def sample_bytes(self) -> int:
        """The bytes of one sample of all channels."""
        return self._channels * (4 if self._takes_floats else 2)

    @property
    def answer_bytes(self) -> int:
        """The bytes of one decision."""
        return self._answer.size

    def opening(self) -> bytes:
        """Return the payload of STREAM_OPEN.

        Raises:
            DataError: an offset or a gain is beyond what the board's numbers hold.
        """
        share = self._settings.share
        head = struct.pack("<II", self._channels, self._settings.hop)
        head += struct.pack("<f", share) if self._gives_floats else struct.pack("<i", _weight(share))
        if self._takes_floats:
            for number in (*self._offset, *self._gain):
                if not abs(number) <= _LARGEST:  # A NaN is not within any limits.
                    raise DataError(
                        f"An offset or a gain is {number:g}; it must be a finite number of at most"
                        f" {_LARGEST:.2g}, which float32 holds.",
                        "Correct --offset and --gain.",
                    )
            return head + b"".join(
                struct.pack("<ff", *scale) for scale in zip(self._offset, self._gain, strict=True)
            )
        # Without an offset and a gain the host sends the model's own integers.
        steps = self._steps() if self._raw else (1.0,) * self._channels
        scales = zip(self._offset, self._gain, steps, strict=True)
        return head + b"".join(struct.pack("<iiI", *_scaling(*scale)) for scale in scales)

    def samples(self, raw: npt.NDArray[np.float32]) -> npt.NDArray[np.generic]:
        """Return samples ``[n, channels]`` as they are sent, little-endian.

        For a model of integers these are the integers of its input. With an offset or a gain, the board
        computes them from the sensor's own integers; with a gain per window, from floats.

        Raises:
            DataError: the model takes integers, and a sample is none or not finite; or it takes floats, and
                with an offset and a gain a sample is infinite.
        """
        if self._takes_floats:
            self._check_scaled(raw)
            return np.ascontiguousarray(raw, "<f4")
        if self._raw:
            whole = (raw == np.rint(raw)) & (raw >= _INT16.min) & (raw <= _INT16.max)
            if not whole.all():
                at, channel = np.unravel_index(int(np.argmin(whole)), raw.shape)
                raise DataError(
                    f"Channel {channel} of sample {at} is {raw[at, channel]}; the model takes integers, so"
                    f" --offset and --gain apply to whole numbers, {_INT16.min} to {_INT16.max}.",
                    "Give the sensor's own numbers, or leave out --offset and --gain.",
                )
            return raw.astype("<i2")
        dtype = np.dtype(self._metadata.input.dtype)
        inputs = to_model_input(raw.T[np.newaxis], dtype, self._metadata.input_step)
        return np.ascontiguousarray(inputs[0].T, "<i2")

    def _check_scaled(self, raw: npt.NDArray[np.float32]) -> None:
        """Refuse samples of which the board would make an infinite input: see ``Samples``."""
        offset, gain = np.array(self._offset, np.float32), np.array(self._gain, np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            finite = np.isfinite((raw.astype(np.float32) - offset) * gain)
        if not finite.all():
            at, channel = np.unravel_index(int(np.argmin(finite)), raw.shape)
            raise DataError(
                f"Channel {channel} of sample {at} is {raw[at, channel]}, and beyond float32 with an offset"
                f" of {offset[channel]:g} and a gain of {gain[channel]:g}.",
                "Correct --offset and --gain, or the recording.",
            )

    def answers(self, data: bytes) -> Iterator[Answer]:
        """Read decisions, a whole number of ``answer_bytes``."""
        if self._factors:
            yield from self._numbers(data)
            return
        for at, answer, steady, logit, share, *ticks in self._answer.iter_unpack(data):
            if not self._gives_floats:
                logit = float(to_logits(np.array(logit, np.int32), self._metadata.output_step))
                share = share / _PROBABILITY
            yield Answer(at, answer, steady, logit, share, (ticks[0], ticks[1], ticks[2]))

    def _numbers(self, data: bytes) -> Iterator[Answer]:
        count = len(self._factors)
        for at, *rest in self._answer.iter_unpack(data):
            values = [number * factor for number, factor in zip(rest, self._factors * 2, strict=False)]
            ticks = (rest[-3], rest[-2], rest[-1])
            yield Answer(at, 0, 0, 0.0, 0.0, ticks, tuple(values[:count]), tuple(values[count:]))

    def _steps(self) -> Sequence[float]:
        """Return what 1 of each channel's input is worth."""
        if self._metadata.input.dtype == "uint8":
            return (1 / 255,) * self._channels
        return self._metadata.input_step or (1.0,) * self._channels


def _weight(share: float) -> int:
    return max(1, round(share * _WEIGHT))


def _scaling(offset: float, gain: float, step: float) -> tuple[int, int, int]:
    """Return the integers of (raw - offset) * gain / step = (256 * raw - offset') * gain' / 2^shift."""
    moved, ratio = offset * _CHANNEL, gain / step / _CHANNEL
    fraction, exponent = frexp(ratio)
    shift = _GAIN_BITS - exponent
    # A NaN is not within any limits.
    if not (abs(moved) <= _INT32.max and abs(ratio) < np.inf and shift >= 0):
        raise DataError(
            f"An offset of {offset:g} and a gain of {gain:g} are beyond the integers of the model, of which"
            f" 1 is {step:g}.",
            "Correct --offset and --gain.",
        )
    if shift > _MOST_SHIFT:  # so small that every sample becomes 0
        return round(moved), 0, 0
    return round(moved), round(fraction * (1 << _GAIN_BITS)), shift
