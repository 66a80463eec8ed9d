"""The space of models that ``explore`` searches, as recipes: sizes of the hybrid family in 1 and 8 bits.

A point has the same parts in each kind, but for attention, which has no integers of 8 bits: there a point is
a plain network of convolutions with shortcuts. Beside them there are depthwise-separable networks of 8 bits,
the plain ones that are usual on microcontrollers.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Literal, get_args

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.families import PRESETS
from sensor_bnn.nn.hybrid_config import HybridConfig
from sensor_bnn.train.recipe import Recipe

Kind = Literal["1 bit", "mixed", "8 bits", "separable"]
"""The bits of weights and activations: mixed has 8 in its first layer and 1 in all others. A separable
network has 8 bits, depthwise-separable convolutions, ReLU and the mean before its head, and no shortcut."""

KINDS: tuple[Kind, ...] = get_args(Kind)
EIGHT_BITS: tuple[Kind, ...] = ("8 bits", "separable")
"""The kinds of which all layers have 8 bits."""

WIDTHS = (32, 64, 96)
MOST_CONVOLUTIONS = 3
MOST_BLOCKS = 3

_DILATIONS = (1, 2, 4)
_STEM_CHANNELS = 16
"""Channels that the stem of a window computes; each is compared with several thresholds."""

_SET_HERE = ("widths", "stages", "thresholds", "precision")
"""Fields of the configuration that each point sets; a separable network sets three more."""


@dataclass(frozen=True)
class Point:
    """A model of the space.

    Attributes:
        kind: the bits of its layers.
        width: the channels of the first stage; an image's second stage has twice as many. Of a separable
            network the channels of the last stage: those before it are 16, or for images half as many.
        convolutions: those of a window's only stage, or of an image's first stage. A separable network of
            windows has one more, with stride 2, before them.
        blocks: the convolutions of an image's second stage; 0 for windows.
        attention: whether the stage ends in attention; for images, each block.
        mlp: whether an mlp follows each attention.
    """

    kind: Kind
    width: int
    convolutions: int
    blocks: int
    attention: bool
    mlp: bool

    @property
    def name(self) -> str:
        """What distinguishes it, such as ``1-bit-64-c2-attn``; a part of the name of a folder."""
        words = [self.kind.replace(" ", "-"), str(self.width), f"c{self.convolutions}"]
        words += [f"b{self.blocks}"] * bool(self.blocks)
        words += ["attn"] * self.attention + ["mlp"] * self.mlp
        return "-".join(words)

    def stages(self) -> tuple[str, ...]:
        """Return the ``stages`` of a recipe."""
        if self.kind == "separable":
            lines = (self.convolutions, self.blocks) if self.blocks else (0, self.convolutions)
            return tuple(" ".join(["sep"] * count) for count in lines)
        first = [f"conv:{dilation}" if dilation > 1 else "conv" for dilation in self._dilations()]
        if self.kind == "mixed":
            first[0] += "@8"
        after = ["attn"] * self.attention + ["mlp"] * self.mlp
        if self.blocks:
            return " ".join(first), " ".join(["conv", *after] * self.blocks)
        # Attention costs least where tokens are few, so a pool comes before it.
        return (" ".join(first + ["pool", *after] * self.attention),)

    def widths(self) -> tuple[int, ...]:
        """Return the ``widths`` of a recipe."""
        if self.kind == "separable":
            return (self.width // 2 if self.blocks else _STEM_CHANNELS), self.width
        return (self.width, 2 * self.width) if self.blocks else (self.width,)

    def _dilations(self) -> tuple[int, ...]:
        return (1,) * self.convolutions if self.blocks else _DILATIONS[: self.convolutions]


_SIZES_OF_WINDOWS = (
    Point("1 bit", 32, 1, 0, False, False),
    Point("1 bit", 32, 2, 0, True, False),
    Point("1 bit", 64, 1, 0, True, False),
    Point("1 bit", 64, 2, 0, True, False),
    Point("1 bit", 64, 3, 0, True, True),
)
_SIZES_OF_IMAGES = (
    Point("1 bit", 32, 1, 1, False, False),
    Point("1 bit", 32, 1, 1, True, False),
    Point("1 bit", 32, 1, 2, True, False),
    Point("1 bit", 64, 1, 1, True, False),
    Point("1 bit", 64, 2, 2, True, True),
)

_EIGHT_BITS_OF_IMAGES = (
    Point("8 bits", 32, 1, 1, False, False),
    Point("8 bits", 32, 1, 2, False, False),
    Point("8 bits", 32, 2, 2, False, False),
    Point("8 bits", 64, 1, 1, False, False),
    Point("8 bits", 64, 2, 3, False, False),
)
"""Without attention, two of the sizes above would be the same."""

_SEPARABLE_WINDOWS = tuple(
    Point("separable", width, convolutions, 0, False, False)
    for width, convolutions in ((32, 1), (32, 2), (64, 1), (64, 2), (96, 3))
)
_SEPARABLE_IMAGES = tuple(
    Point("separable", width, convolutions, blocks, False, False)
    for width, convolutions, blocks in ((32, 1, 1), (32, 1, 3), (64, 1, 1), (64, 1, 3), (96, 2, 3))
)


def sizes(*, images: bool, count: int = 5, kinds: tuple[Kind, ...] = KINDS) -> list[Point]:
    """Return the sizes that are always tried, of each kind, the smallest ones first.

    Args:
        images: whether inputs are images, not windows.
        count: how many sizes, 1 to 5.
        kinds: the kinds that are wanted.
    """
    few = _SIZES_OF_IMAGES if images else _SIZES_OF_WINDOWS
    of: dict[Kind, tuple[Point, ...]] = {
        "1 bit": few,
        "mixed": few,
        "8 bits": _EIGHT_BITS_OF_IMAGES if images else few,
        "separable": _SEPARABLE_IMAGES if images else _SEPARABLE_WINDOWS,
    }
    # With a single layer, mixed would be the same as 8 bits.
    return [
        of_kind(of[kind][place], kind)
        for place in range(count)
        for kind in kinds
        if kind != "mixed" or few[place].attention or images or few[place].convolutions > 1
    ]


def of_kind(point: Point, kind: Kind) -> Point:
    """Return the point of another kind; attention has no integers of 8 bits and is left out there."""
    if kind in EIGHT_BITS:
        return replace(point, kind=kind, attention=False, mlp=False)
    return replace(point, kind=kind)


def recipe_of(base: Recipe, point: Point, *, images: bool) -> Recipe:
    """Return the recipe of a point: data, augmentation and schedule of ``base``, and the point's model.

    Args:
        base: a recipe of the hybrid family, or one that changes nothing of its preset.
        point: the model.
        images: whether the recipe's inputs are images.

    Raises:
        CheckpointError: the recipe is of another family and changes its preset, or has a teacher.
    """
    if base.distill.teacher:
        raise CheckpointError(
            f"Recipe {base.name} has a teacher, {base.distill.teacher}; sizes are compared without.",
            "Name its base, or remove [distill].",
        )
    preset = "image-base" if images else "sensor-small"
    kept: dict[str, object] = {}
    if isinstance(PRESETS.get(base.preset), HybridConfig):
        config = asdict(PRESETS[base.preset]) | base.model
        usual = asdict(PRESETS[preset])
        kept = {
            key: config[key]
            for key in usual
            if key not in (*_SET_HERE, "name", "classes", "channel_names", "channels", "length", "height")
            and config[key] != usual[key]
        }
    elif base.model:
        raise CheckpointError(
            f"Recipe {base.name} is of another family than hybrid, and its [model] sets"
            f" {', '.join(base.model)}.",
            'Write preset = "sensor-small", or for images "image-base", and the keys of that family.',
        )
    separable = point.kind == "separable"
    model = {
        **kept,
        "widths": list(point.widths()),
        "stages": list(point.stages()),
        "thresholds": 1 if images or separable else point.width // _STEM_CHANNELS,
        "precision": "int8" if point.kind in EIGHT_BITS else "binary",
    }
    if separable:
        model |= {"activation": "relu", "pooling": ["mean"], "norm": "batch"}
    return replace(base, name=f"{base.name}-{point.name}", preset=preset, model=model)
