"""The configuration of a hybrid model: convolution and attention in bits, in stages of one line each."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar, Literal, get_args

from msgspec import Meta

from sensor_bnn.data.predicted import Number, NumberOffset, NumberScale
from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.config import WORD_BITS
from sensor_bnn.reading import Source, typed

Pooling = Literal["mean", "max", "positive"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
KINDS = ("conv", "attn", "mlp", "pool", "sep")
"""The kinds of layers that a stage's line can name."""

_LAYER = re.compile(r"(?P<kind>[a-z]+)(?::(?P<dilation>[1-9]\d?))?(?:@(?P<bits>1|8|float))?")
_Size = Annotated[int, Meta(ge=1, le=1 << 20)]
_Few = Annotated[int, Meta(ge=1, le=1024)]


@dataclass(frozen=True)
class Layer:
    """One word of a stage's line.

    Attributes:
        kind: one of ``KINDS``.
        dilation: the tokens from one tap of a convolution to the next.
        bits: the bits of weights and activations, ``1``, ``8`` or ``float``; empty for those of the model's
            precision.
    """

    kind: str
    dilation: int = 1
    bits: str = ""


@dataclass(frozen=True)
class HybridConfig:
    """A hybrid model over windows ``[channels, length]`` or images ``[channels, height, length]``.

    The stem is a convolution in 8 bits, whose inputs overlap. A stage is a line of layers: ``conv`` (a binary
    convolution over neighbouring tokens; ``conv:2`` has a dilation of 2), ``attn`` (binary attention over all
    tokens), ``mlp`` (two binary linear layers) and ``pool`` (the mean of two neighbours, of 2 x 2 in an
    image). Between stages a binary convolution with stride 2 halves each side and makes the next width.
    ``conv@8`` and ``conv@float`` give one layer other bits.

    ``sep`` is a depthwise-separable convolution without a shortcut, in 8 bits or floats, as plain networks of
    8 bits have it; before a stage that begins with it, the step from the last stage is one as well. It is
    trained for comparison, and has no integers.

    Attributes:
        name: the model's name; the exported file holds it.
        classes: the names of the classes, in the order of the logits.
        channel_names: the names of the channels, in the order of the input; empty if they have none.
        channels: the number of sensor channels or colours.
        length: the samples of a window, or the columns of an image.
        height: the rows of an image; 0 for windows.
        widths: the channels of each stage: multiples of 32, or of 8 if all layers are ``sep``, and each a
            multiple of the one before it.
        stages: the layers of each stage, one line per stage.
        stem_kernel: the taps of the stem along each side.
        stem_stride: the samples from one token to the next, at most ``stem_kernel``.
        stem_pool: the tokens that are averaged after the stem, along each side.
        thresholds: n; the stem has ``widths[0] / n`` channels, and each is compared with n thresholds.
        kernel: the taps of a binary convolution along each side, an odd number.
        mlp_ratio: the hidden width of an ``mlp`` divided by the width of its stage.
        head_width: the width of one attention head, a multiple of 32 that divides the stage's width.
        pooling: what the head gets of the tokens: ``mean``, ``max`` and ``positive``, the share of tokens
            whose value reaches a threshold, counted in bits.
        threshold: the threshold of each layer's signs: ``learned`` (RSign of ReActNet), ``median`` (the
            channel's running median), ``start`` (learned, after it followed the running median in the first
            steps) or ``zero``.
        restore: ``none``, or ``live``: each token's product is multiplied by the mean distance of its values
            from their thresholds. A running restore is a constant before BatchNorm, so it has no effect.
        activation: the parameters of RPReLU: one set per ``channel``, one per ``layer``, ``relu`` for a ReLU,
            which has none, or ``none`` for no activation.
        norm: what follows each product: ``batch`` for BatchNorm, or ``none`` for a learned scale and bias.
        padding: what a binary convolution reads beyond the border: ``minus`` (-1, a bit of 0) or ``zero``.
        normalise: how the input is normalised: ``channel`` by mean and deviation of the training set;
            ``window`` by those of the window, which then reach the stem through a small dense layer; ``mean``
            by the mean of the window and the deviation of the training set, with that layer too; or ``none``.
        gain: what a step of the exported model's int16 input is worth: ``fixed``, the same in all windows; or
            ``window``, for signals whose size differs by more than 16 bits hold: each channel of each window
            is divided by a power of two, so that its largest sample takes all bits. It requires
            ``normalise = "window"``, whose mean and deviation are then those of the divided window.
        gradient: the gradient of the activations' signs: ``polynomial`` (Bi-Real Net) or ``clipped``.
        precision: ``binary``, or ``int8`` or ``full`` for the twin in 8 bits or in floating point.
        target_scales, target_offsets: for regression, what an output of 1 is worth and the value of an output
            of 0, of each of ``classes``, which are then the names of the targets; empty for classes.
    """

    family: ClassVar[str] = "hybrid"

    name: str = "sensor-small"
    classes: tuple[str, ...] = ()
    channel_names: tuple[str, ...] = ()
    channels: _Size = 6
    length: _Size = 100
    height: Annotated[int, Meta(ge=0, le=1 << 20)] = 0
    widths: Annotated[tuple[_Size, ...], Meta(min_length=1)] = (32,)
    stages: Annotated[tuple[str, ...], Meta(min_length=1)] = ("conv conv:2",)
    stem_kernel: _Few = 9
    stem_stride: _Few = 2
    stem_pool: _Few = 1
    thresholds: _Few = 1
    kernel: _Few = 5
    mlp_ratio: _Few = 2
    head_width: _Size = 32
    pooling: Annotated[tuple[Pooling, ...], Meta(min_length=1)] = POOLINGS
    threshold: Literal["learned", "median", "start", "zero"] = "learned"
    restore: Literal["none", "live"] = "none"
    activation: Literal["channel", "layer", "relu", "none"] = "channel"
    norm: Literal["batch", "none"] = "batch"
    padding: Literal["minus", "zero"] = "minus"
    normalise: Literal["channel", "window", "mean", "none"] = "channel"
    gain: Literal["fixed", "window"] = "fixed"
    gradient: Literal["polynomial", "clipped"] = "polynomial"
    precision: Literal["binary", "int8", "full"] = "binary"
    target_scales: tuple[NumberScale, ...] = ()
    target_offsets: tuple[NumberOffset, ...] = ()

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise CheckpointError(f"The model configuration is invalid: {problem}.", "Correct that value.")

    @property
    def targets(self) -> tuple[Number, ...]:
        """The numbers that the outputs are, by name; none for classes."""
        if not self.target_scales:
            return ()
        each = zip(self.classes, self.target_scales, self.target_offsets, strict=True)
        return tuple(Number(name, scale, offset) for name, scale, offset in each)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one window, ``(C, length)``, or of one image, ``(C, height, length)``."""
        return (self.channels, self.height, self.length) if self.height else (self.channels, self.length)

    @property
    def plan(self) -> tuple[tuple[Layer, ...], ...]:
        """The layers of each stage."""
        return tuple(tuple(_layer(word) for word in line.split()) for line in self.stages)

    @property
    def bits(self) -> str:
        """The bits of a layer whose word has none."""
        return {"binary": "1", "int8": "8", "full": "float"}[self.precision]

    @property
    def grids(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """The rows and columns of tokens before each layer of each stage, and after its last layer."""
        grid = [_divided(_divided(side, self.stem_stride), self.stem_pool) for side in self._sides]
        found = []
        for line in self.plan:
            stage = [(grid[0], grid[1])]
            for layer in line:
                grid = [_divided(side, 2) for side in grid] if layer.kind == "pool" else grid
                stage.append((grid[0], grid[1]))
            found.append(tuple(stage))
            grid = [_divided(side, 2) for side in grid]
        return tuple(found)

    @property
    def layer_shapes(self) -> tuple[tuple[int, int], ...]:
        """The tokens and the width of the stream after each layer, in order.

        A ``pool`` is not one of these layers; the step from one stage to the next is.
        """
        found = []
        for stage, (line, grids) in enumerate(zip(self.plan, self.grids, strict=True)):
            if stage:
                found.append((math.prod(grids[0]), self.widths[stage]))
            for layer, grid in zip(line, grids[1:], strict=True):
                if layer.kind != "pool":
                    found.append((math.prod(grid), self.widths[stage]))
        return tuple(found)

    @property
    def map_shapes(self) -> tuple[tuple[int, int, int], ...]:
        """The shape of each attention map, heads by tokens by tokens, in order."""
        return tuple(
            (width // self.head_width, math.prod(grid), math.prod(grid))
            for width, line, grids in zip(self.widths, self.plan, self.grids, strict=True)
            for layer, grid in zip(line, grids[:-1], strict=True)
            if layer.kind == "attn"
        )

    @property
    def tokens(self) -> int:
        """The number of tokens that reach the head."""
        return math.prod(self.grids[-1][-1])

    @property
    def _sides(self) -> tuple[int, int]:
        return self.height or 1, self.length

    def to_dict(self) -> dict[str, Any]:
        """Return family and fields as plain values, as a checkpoint holds them."""
        values = {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }
        if not self.target_scales:  # as an earlier version kept a configuration
            del values["target_scales"], values["target_offsets"]
        return {"family": self.family, **values}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> HybridConfig:
        """Make a configuration from plain values; the inverse of ``to_dict``.

        Raises:
            CheckpointError: a key is unknown, or a value is of another type or out of its range.
        """
        source = Source("The model configuration", CheckpointError, "Correct that value.")
        return typed({key: value for key, value in values.items() if key != "family"}, cls, source)

    def _problem(self) -> str | None:
        """Check the rules that the types cannot state."""
        if self.channel_names and len(self.channel_names) != self.channels:
            return (
                f"channel_names has {len(self.channel_names)} names, and there are {self.channels} channels"
            )
        if {len(self.target_scales), len(self.target_offsets)} not in ({0}, {len(self.classes)}):
            return (
                f"there are {len(self.target_scales)} target_scales and {len(self.target_offsets)}"
                f" target_offsets for {len(self.classes)} outputs; give one of each per output, or none"
            )
        if len(set(self.pooling)) < len(self.pooling):
            return f"pooling is {list(self.pooling)}; it must name each once"
        if self.gain == "window" and (self.normalise != "window" or self.height):
            what = f"normalise is {self.normalise!r}" if self.normalise != "window" else "inputs are images"
            return (
                f'gain is "window", and {what}; a gain per window requires windows with normalise = "window",'
                " which divides each by its own deviation"
            )
        if self.kernel % 2 == 0:
            return f"kernel is {self.kernel}; it must be odd, so that a token is the middle of its neighbours"
        if self.stem_stride > self.stem_kernel:
            return (
                f"stem_stride is {self.stem_stride}; it must be at most stem_kernel, {self.stem_kernel}, or"
                " the stem would not read every sample"
            )
        if len(self.stages) != len(self.widths):
            lines, numbers = len(self.stages), len(self.widths)
            return f"stages has {lines} lines and widths has {numbers} numbers; give one width per stage"
        words = [(stage, word) for stage, line in enumerate(self.stages) for word in line.split()]
        separable = bool(words) and all(word.partition("@")[0] == "sep" for _, word in words)
        unit = 8 if separable else WORD_BITS
        for before, width in zip((unit, *self.widths), self.widths, strict=False):
            if width % before:
                return (
                    f"widths is {list(self.widths)}; each must be a multiple of {unit} and of the one"
                    " before it"
                )
        if self.widths[0] % self.thresholds:
            return f"thresholds is {self.thresholds}; it must divide the first width, {self.widths[0]}"
        problems = (self._layer_problem(stage, word) for stage, word in words)
        return next((problem for problem in problems if problem), None)

    def _layer_problem(self, stage: int, word: str) -> str | None:
        found = _LAYER.fullmatch(word)
        if found is None or found["kind"] not in KINDS:
            what = f"is no layer; use {', '.join(KINDS)}, such as conv, conv:2 (at most 99) or mlp@8"
        elif found["dilation"] and found["kind"] != "conv":
            what = "has a dilation; only conv takes one"
        elif found["kind"] == "pool" and found["bits"]:
            what = "has bits; a pool has no weights"
        elif found["kind"] == "sep" and (found["bits"] or self.bits) == "1":
            what = 'has no form in 1 bit; write sep@8, or precision = "int8"'
        elif found["kind"] == "attn" and (
            self.head_width % WORD_BITS or self.widths[stage] % self.head_width
        ):
            return (
                f"head_width is {self.head_width}; it must be a multiple of {WORD_BITS} that divides"
                f" {self.widths[stage]}"
            )
        else:
            return None
        return f"stages[{stage}]: {word!r} {what}"


def _layer(word: str) -> Layer:
    found = _LAYER.fullmatch(word)
    assert found is not None  # __post_init__ has checked every word
    return Layer(found["kind"], int(found["dilation"] or 1), found["bits"] or "")


def _divided(side: int, by: int) -> int:
    """The tokens after a stride or a mean of ``by`` neighbours; the last group may be smaller."""
    return -(-side // by)
