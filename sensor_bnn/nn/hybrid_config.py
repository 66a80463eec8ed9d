"""What a hybrid model is made of: convolution and attention in bits, in stages, read from one line each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

import msgspec

from sensor_bnn.errors import CheckpointError

WORD_BITS = 32
"""Channels per packed word. A stage's width is a multiple of it, so that a token's row is whole words."""

KINDS = ("conv", "attn", "mlp", "pool")
BITS = ("1", "8", "float")
POOLINGS = ("mean", "max", "positive")
THRESHOLDS = ("learned", "median", "start", "zero")
_LAYER = re.compile(r"(?P<kind>[a-z]+)(?::(?P<dilation>[1-9]\d*))?(?:@(?P<bits>1|8|float))?")


@dataclass(frozen=True)
class Layer:
    """One word of a stage's line.

    Attributes:
        kind: one of ``KINDS``.
        dilation: steps between the taps of a convolution.
        bits: of weights and activations, one of ``BITS``; empty: what the model's precision says.
    """

    kind: str
    dilation: int = 1
    bits: str = ""


@dataclass(frozen=True)
class HybridConfig:
    """A hybrid model over windows ``[channels, length]`` or images ``[channels, height, length]``.

    The stem is a convolution of 8 bits with overlapping windows. A stage is a line of layers: ``conv`` (a
    binary convolution over neighbouring tokens; ``conv:2`` with a dilation of 2), ``attn`` (binary attention
    over all tokens), ``mlp`` (two binary linear layers), ``pool`` (the mean of two neighbours, of 2 x 2 in an
    image). Between stages a binary convolution with stride 2 halves each side and brings the next width.
    ``conv@8`` and ``conv@float`` give one layer other bits.

    Attributes:
        name: the model's name, carried into the export.
        classes: the classes' names, in the order of the logits.
        channels: sensor channels, or colours.
        length: samples per window, or columns of an image.
        height: rows of an image; 0 for windows.
        widths: channels of each stage, multiples of 32, each a multiple of the one before.
        stages: the layers of each stage, a line each.
        stem_kernel: taps of the stem along each side.
        stem_stride: samples from one token to the next.
        stem_pool: tokens that are averaged right after the stem, along each side.
        thresholds: n: the stem has ``widths[0] / n`` channels, and each is compared with n thresholds.
        kernel: taps of a binary convolution along each side, odd.
        mlp_ratio: hidden width of an ``mlp`` over the stage's width.
        head_width: width of one attention head, a multiple of 32 that divides the widths.
        pooling: what the head is given of the tokens: ``mean``, ``max``, ``positive`` (the share of tokens
            whose value reaches a threshold, counted in bits).
        threshold: of a layer's signs: ``learned`` (RSign of ReActNet), ``median`` (the running median of the
            channel), ``start`` (learned, from the running median of the first steps) or ``zero``.
        restore: ``none``, or ``live``: each token's product is multiplied by the mean distance of its values
            from their thresholds. A running restore is a constant before BatchNorm and would vanish.
        activation: parameters of RPReLU: one set per ``channel``, one per ``layer``, or ``none``.
        norm: after each product: ``batch``, or ``none`` (a learned scale and bias).
        padding: what a convolution reads beyond the border: ``minus`` (-1, a bit of 0) or ``zero``.
        normalise: of the input: ``channel`` (by the training set's mean and deviation), or ``window`` (each
            window by its own; its mean and the logarithm of its deviation reach the stem through a dense
            layer).
        gradient: of the activations' signs: ``polynomial`` (Bi-Real) or ``clipped``.
        precision: ``binary``; ``int8`` or ``full`` for the twin in 8 bits or floating point.
    """

    family: ClassVar[str] = "hybrid"

    name: str = "sensor-small"
    classes: tuple[str, ...] = ()
    channels: int = 6
    length: int = 100
    height: int = 0
    widths: tuple[int, ...] = (32,)
    stages: tuple[str, ...] = ("conv conv:2",)
    stem_kernel: int = 9
    stem_stride: int = 2
    stem_pool: int = 1
    thresholds: int = 1
    kernel: int = 5
    mlp_ratio: int = 2
    head_width: int = 32
    pooling: tuple[str, ...] = POOLINGS
    threshold: str = "learned"
    restore: str = "none"
    activation: str = "channel"
    norm: str = "batch"
    padding: str = "minus"
    normalise: str = "channel"
    gradient: str = "polynomial"
    precision: str = "binary"

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise CheckpointError(f"The model configuration is unusable: {problem}.", "Correct that value.")

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of one window: ``(C, L)``; of one image: ``(C, height, L)``."""
        return (self.channels, self.height, self.length) if self.height else (self.channels, self.length)

    @property
    def plan(self) -> tuple[tuple[Layer, ...], ...]:
        """The layers of each stage."""
        return tuple(tuple(_layer(word) for word in line.split()) for line in self.stages)

    @property
    def bits(self) -> str:
        """Bits of a layer that states none."""
        return {"binary": "1", "int8": "8", "full": "float"}[self.precision]

    @property
    def layers(self) -> int:
        """Layers whose features distillation compares: those with weights, and the steps between stages."""
        return sum(layer.kind != "pool" for line in self.plan for layer in line) + len(self.stages) - 1

    def grid(self, stage: int = -1) -> tuple[int, int]:
        """Rows and columns of tokens at the start of a stage; -1: after the last layer."""
        rows, columns = (
            _halved(_strided(side, self.stem_stride), self.stem_pool) if side else 1
            for side in (self.height, self.length)
        )
        count = len(self.stages) if stage < 0 else stage
        for index in range(count):
            for layer in self.plan[index]:
                if layer.kind == "pool":
                    rows, columns = _halved(rows, 2), _halved(columns, 2)
            if index + 1 < len(self.stages):
                rows, columns = _strided(rows, 2), _strided(columns, 2)
        return rows, columns

    @property
    def tokens(self) -> int:
        """Tokens that reach the head."""
        rows, columns = self.grid()
        return rows * columns

    def to_dict(self) -> dict[str, Any]:
        """Plain values only: what a checkpoint holds."""
        values = {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }
        return {"family": self.family, **values}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> HybridConfig:
        """The inverse of ``to_dict``.

        Raises:
            CheckpointError: a key is unknown or a value has the wrong type.
        """
        known = [field.name for field in fields(cls)]
        plain = {key: value for key, value in values.items() if key != "family"}
        unknown = [key for key in plain if key not in known]
        if unknown:
            raise CheckpointError(
                f"The model configuration has an unknown key {unknown[0]!r}.",
                f"Known keys: {', '.join(known)}.",
            )
        try:
            return msgspec.convert(plain, cls)
        except msgspec.ValidationError as error:
            raise CheckpointError(
                f"The model configuration has a wrong value: {error}.", "Correct it."
            ) from None

    def _problem(self) -> str | None:
        sizes = (
            "channels",
            "length",
            "stem_kernel",
            "stem_stride",
            "stem_pool",
            "thresholds",
            "kernel",
            "mlp_ratio",
        )
        for size in sizes:
            if getattr(self, size) < 1:
                return f"{size} is {getattr(self, size)}; it must be 1 or more"
        if self.height < 0:
            return f"height is {self.height}; it must be 0 (windows) or the rows of an image"
        choices = {
            "threshold": THRESHOLDS,
            "restore": ("none", "live"),
            "activation": ("channel", "layer", "none"),
            "norm": ("batch", "none"),
            "padding": ("minus", "zero"),
            "normalise": ("channel", "window"),
            "gradient": ("polynomial", "clipped"),
            "precision": ("binary", "int8", "full"),
        }
        for key, allowed in choices.items():
            if getattr(self, key) not in allowed:
                return f"{key} is {getattr(self, key)!r}; it must be one of {', '.join(allowed)}"
        if (
            not self.pooling
            or len(set(self.pooling)) < len(self.pooling)
            or set(self.pooling) - set(POOLINGS)
        ):
            return f"pooling is {list(self.pooling)}; it must name some of {', '.join(POOLINGS)}, each once"
        if self.kernel % 2 == 0:
            return f"kernel is {self.kernel}; it must be odd, so that a token is the middle of its neighbours"
        return self._stage_problem()

    def _stage_problem(self) -> str | None:
        if not self.stages or len(self.stages) != len(self.widths):
            return (
                f"there are {len(self.stages)} stages and {len(self.widths)} widths; give one width per stage"
            )
        for before, width in zip((WORD_BITS, *self.widths), self.widths, strict=False):
            if width < 1 or width % WORD_BITS or width % before:
                return f"widths are {list(self.widths)}; each must be a multiple of 32 and of the one before"
        if self.widths[0] % self.thresholds:
            return f"thresholds is {self.thresholds}; it must divide the first width, {self.widths[0]}"
        for width, line in zip(self.widths, self.stages, strict=True):
            for word in line.split():
                found = _LAYER.fullmatch(word)
                if found is None or found["kind"] not in KINDS:
                    return f"{word!r} is not a layer; use {', '.join(KINDS)}, such as conv, conv:2 or mlp@8"
                if found["dilation"] and found["kind"] != "conv":
                    return f"{word!r} has a dilation; only conv takes one"
                if found["kind"] == "attn" and (self.head_width % WORD_BITS or width % self.head_width):
                    return (
                        f"head_width is {self.head_width}; it must be a multiple of 32 that divides {width}"
                    )
                if found["kind"] == "pool" and found["bits"]:
                    return f"{word!r} has bits; a pool has no weights"
        return None


def _layer(word: str) -> Layer:
    found = _LAYER.fullmatch(word)
    assert found is not None  # the configuration was checked when it was made
    return Layer(found["kind"], int(found["dilation"] or 1), found["bits"] or "")


def _strided(side: int, stride: int) -> int:
    """Tokens of a convolution with padding ``kernel // 2`` over ``side`` samples."""
    return -(-side // stride)


def _halved(side: int, by: int) -> int:
    """Tokens after the mean of ``by`` neighbours; a last group may be smaller."""
    return -(-side // by)
