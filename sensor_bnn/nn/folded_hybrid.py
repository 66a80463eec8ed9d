"""A trained hybrid model in integers: the data that goes from PyTorch to the export.

Every number of the device is here, and none is a float: the input is int16 or bytes, weights are signs or
int8, the stream between the layers is int16. Its unit is one power of two for the whole model,
``stream_step``. ``export/operators.md`` defines the arithmetic. The addition at the end of RPReLU is not
made on the device: the stored stream is lower by it, and what reads the stream has it in its constants.

Weights of signs are booleans, True for +1. A row of weights has the order kernel row, kernel column, channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from sensor_bnn.data.predicted import Number
from sensor_bnn.nn.folded import Bits, Integers

Halves = npt.NDArray[np.int16]
Bytes = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Taps:
    """The neighbours that a convolution reads: each pair is rows, columns.

    Attributes:
        kernel: the number of taps.
        stride: the tokens from one output to the next.
        dilation: the tokens from one tap to the next.
    """

    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)

    @property
    def alone(self) -> bool:
        """Whether an output reads its own token only, and every token is read: a linear layer."""
        return self.kernel == self.stride == (1, 1)


@dataclass(frozen=True)
class Quantizer:
    """int8 = ``sat8((a * scale + bias) >> shift)``, where a is the input, rounded and shifted right by pre.

    Attributes:
        scale: int16 ``[N]``.
        bias: int32 ``[N]``; it includes the rounding.
        pre, shift: 0 .. 30.
    """

    scale: Halves
    bias: Integers
    pre: int
    shift: int


@dataclass(frozen=True)
class StreamEpilogue:
    """int16 of an accumulator: scale, shift, add bias and stream, multiply by slope / 8192 if negative.

    Attributes:
        scale, bias: int16 ``[N]``.
        slope: int16 ``[N]``, or ``[1]`` for all channels; a slope of 8192 is 1.
        pre, shift: 0 .. 30; the accumulator is rounded and shifted right by pre before it is scaled.
    """

    scale: Halves
    bias: Halves
    slope: Halves
    pre: int
    shift: int


@dataclass(frozen=True)
class BitProduct:
    """A product of signs.

    Attributes:
        threshold: int16 ``[C]``: a bit is stream >= threshold.
        weight: bool ``[N, taps * C]``.
        taps: what an output reads; beyond the border are signs of -1.
    """

    threshold: Halves
    weight: Bits
    taps: Taps


@dataclass(frozen=True)
class ByteProduct:
    """A product in 8 bits.

    Attributes:
        quantizer: makes the bytes, of C channels.
        weight: int8 ``[N, taps * C]``, -127 .. 127.
        taps: what an output reads; beyond the border are zeros.
    """

    quantizer: Quantizer
    weight: Bytes
    taps: Taps


@dataclass(frozen=True)
class FoldedWindow:
    """What normalises each window by itself, and the layer that reads its own mean and deviation.

    Attributes:
        gain: the logarithm, in 256ths of a doubling, of the steps of a normalised value.
        logarithms: of the deviations by which all windows are divided, int16 ``[C]`` as ``window_moments``
            counts them; None if each is divided by its own.
        quantizer: makes bytes of the means and the logarithms of the deviations, ``[2 C]``.
        weight: of the layer, int8 ``[A, 2 C]``.
        epilogue: makes what is added to every token's sums, in the stream's unit, ``[N]``; slope 1.
    """

    gain: int
    logarithms: Halves | None
    quantizer: Quantizer
    weight: Bytes
    epilogue: StreamEpilogue


@dataclass(frozen=True)
class FoldedStem:
    """Input to stream: a product of A outputs, repeated up to N channels, and the means of neighbours.

    Attributes:
        product: the product; its quantizer takes the input or, with ``window``, the normalised input.
        epilogue: of N channels, a multiple of A; channel n reads output n mod A.
        pool: the rows and columns of the tokens that are averaged.
        window: what normalises each window by itself, or None.
    """

    product: ByteProduct
    epilogue: StreamEpilogue
    pool: tuple[int, int]
    window: FoldedWindow | None = None


@dataclass(frozen=True)
class FoldedSigned:
    """Stream to stream: a product and its epilogue, to which the stream is added.

    With a stride the means of neighbours are added. A narrower stream is repeated.
    """

    product: BitProduct | ByteProduct
    epilogue: StreamEpilogue


@dataclass(frozen=True)
class FoldedPool:
    """The means of groups of rows x columns tokens."""

    rows: int
    columns: int


@dataclass(frozen=True)
class FoldedHybridMlp:
    """Two layers without taps; to the second one's result the block's input is added, not its own."""

    expand: FoldedSigned
    contract: FoldedSigned


@dataclass(frozen=True)
class FoldedHybridAttention:
    """Binary attention of H heads over the stream of d channels.

    Attributes:
        query, key, value: the three layers.
        thresholds: of their results, int16 ``[d]`` each.
        table: the exponential of a score by its count of agreeing bits, int32 ``[H, d/H + 1]``, 0 .. 65535.
        ratio: the share of a row's sum from which on a token is attended to, times 65536, int32 ``[H]``.
        merged: the thresholds of the attended sums, int32 ``[d]``.
        weight: of the output layer, bool ``[d, d]``.
        epilogue: of the output layer; the block's input is added.
    """

    query: FoldedSigned
    key: FoldedSigned
    value: FoldedSigned
    thresholds: tuple[Halves, Halves, Halves]
    table: Integers
    ratio: Integers
    merged: Integers
    weight: Bits
    epilogue: StreamEpilogue


FoldedLayer = FoldedSigned | FoldedPool | FoldedHybridMlp | FoldedHybridAttention


@dataclass(frozen=True)
class FoldedHead:
    """Features of all tokens, then a linear layer in 8 bits.

    Attributes:
        features: the kinds of features in their order, ``mean``, ``max`` or ``positive``, and how the sum,
            the largest value or the count of each channel becomes a byte.
        threshold: of the counted values, int16 ``[d]``; None if none are counted.
        weight: int8 ``[classes, features]``.
        epilogue: makes the logits.
    """

    features: tuple[tuple[str, Quantizer], ...]
    threshold: Halves | None
    weight: Bytes
    epilogue: StreamEpilogue


@dataclass(frozen=True)
class FoldedHybrid:
    """The whole model for batch 1.

    Attributes:
        name: the model's name.
        classes: the names of the classes, in the order of the logits.
        channels: C, the number of sensor channels or colours.
        length: the samples of a window or the columns of an image.
        height: the rows of an image; 0 for windows.
        stem, layers, head: the parts in the order of computation.
        input_step: the sensor units per step of each channel of int16; None for images in bytes.
        output_step: the logit per step of the outputs.
        stream_step: the stream's unit, a power of two.
        channel_names: the names of the channels, in the order of the input; empty if they have none.
        input_gain: ``fixed``, or ``window`` if ``input_step`` is in units of the power of two by which each
            channel of each window is divided.
        targets: the numbers that the outputs are, for regression; empty for logits of classes.
    """

    name: str
    classes: tuple[str, ...]
    channels: int
    length: int
    height: int
    stem: FoldedStem
    layers: tuple[FoldedLayer, ...]
    head: FoldedHead
    input_step: tuple[float, ...] | None
    output_step: float
    stream_step: float
    channel_names: tuple[str, ...] = ()
    input_gain: Literal["fixed", "window"] = "fixed"
    targets: tuple[Number, ...] = ()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input without the batch: ``(C, L)`` or ``(C, height, L)``."""
        return (self.channels, self.height, self.length) if self.height else (self.channels, self.length)

    @property
    def sides(self) -> tuple[int, int]:
        """The rows and columns of the input's grid."""
        return self.height or 1, self.length
