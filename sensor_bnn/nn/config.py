"""The configuration of a model, frozen, and presets that state only differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, ClassVar, Literal, get_args

from msgspec import Meta

from sensor_bnn.errors import CheckpointError
from sensor_bnn.reading import Source, typed

WORD_BITS = 32
"""Bits of a packed word, for the whole package.

A head must fill whole packed words, so that splitting into heads is only a reshape on the device.
"""

Binarizer = Literal["median", "shift", "sign", "learned", "elastic", "live"]
BINARIZERS: tuple[Binarizer, ...] = get_args(Binarizer)
PLACES = ("stream", "query", "key", "value", "merged", "hidden")
"""The places where activations are binarized; each is a field of the configuration.

The fields ``attention`` and ``weights`` configure how the attention map and the weights are binarized.
"""

_Size = Annotated[int, Meta(ge=1, le=1 << 20)]
_Few = Annotated[int, Meta(ge=1, le=1024)]
_Place = Literal["", "median", "shift", "sign", "learned", "elastic", "live"]


NAME_RULE = "printable ASCII characters without quotes, slashes and stars"


def is_good_name(name: str) -> bool:
    """Whether a model may have this name, which is written into strings and comments of C."""
    return name.isascii() and name.isprintable() and not set(name) & set('"\\/*')


@dataclass(frozen=True)
class TransformerConfig:
    """A binary transformer over windows ``[channels, length]`` or images ``[channels, height, length]``.

    Attributes:
        name: the model's name; the exported file holds it.
        classes: the names of the classes, in the order of the logits.
        channel_names: the names of the channels, in the order of the input; empty if they have none.
        channels: C, the number of sensor channels or colours.
        length: the samples of a window, or the columns of an image; a multiple of ``patch``.
        patch: the samples of a token, or the side of an image's square patch in pixels.
        width: d, the width of the stream; ``width / heads`` is a multiple of 32.
        heads: H, the number of attention heads.
        layers: the number of blocks.
        mlp_ratio: the hidden width of the MLP divided by d.
        binarizer: the binarizer of activations: ``median`` (median shift and mean restore), ``shift`` (median
            shift alone), ``sign`` (neither), ``learned`` (RSign), ``elastic`` (BiT) or ``live`` (the window's
            own median, not exportable).
        stream, query, key, value, merged, hidden: the binarizer of that place alone; empty for ``binarizer``.
            The places are the float stream before each layer, the three projections, the attended values
            and the MLP's hidden layer.
        weights: the binarization of weights, per row: ``centred``, sign(W - mean) * mean|W - mean|, or
            ``plain``, sign(W) * mean|W|.
        axis: what has its own running or live median: ``channel``, ``tensor`` or ``token``. A model with
            running medians per token can be trained and evaluated, but not exported: a packed operator has
            one threshold per channel.
        gradient: the gradient of the activations' signs: ``polynomial`` (Bi-Real Net) or ``clipped``.
        attention: what decides whether a token is attended to: ``softmax`` (its share of the softmax),
            ``boolean`` (the sign of its score, BiBERT) or ``median`` (its score against the head's running
            median, which is the median shift of the map).
        height: the rows of an image, a multiple of ``patch``; 0 for windows.
        precision: ``binary``, or ``full`` for the floating-point twin (not exportable to packed bits).
        norm: what follows each float output. ``none`` leaves it to the restored mean and a learned bias;
            ``batch`` is BatchNorm, which folds too, but cancels the restore; ``layer`` is LayerNorm, which
            stays a standard float operator in the export.
        pre_norm: what precedes each layer's binarizer: ``none``, or ``layer`` for a LayerNorm of the stream.
        activation: what follows each addition to the stream: ``none``, or ``rprelu`` (ReActNet; three
            standard operators in the export).
        residual: what the stream bypasses: ``block`` for attention and MLP each as a whole, ``layer`` for
            every binary layer, so that the stream is also added before the binarizers of query, key, value
            and hidden layer.
    """

    family: ClassVar[str] = "vit"

    name: str = "sensor-tiny"
    classes: tuple[str, ...] = ()
    channel_names: tuple[str, ...] = ()
    channels: _Size = 6
    length: _Size = 100
    patch: _Size = 5
    width: _Size = 64
    heads: _Few = 2
    layers: _Few = 2
    mlp_ratio: _Few = 2
    binarizer: Binarizer = "median"
    precision: Literal["binary", "full"] = "binary"
    norm: Literal["batch", "layer", "none"] = "none"
    axis: Literal["channel", "tensor", "token"] = "channel"
    gradient: Literal["polynomial", "clipped"] = "polynomial"
    attention: Literal["softmax", "boolean", "median"] = "softmax"
    height: Annotated[int, Meta(ge=0, le=1 << 20)] = 0
    stream: _Place = ""
    query: _Place = ""
    key: _Place = ""
    value: _Place = ""
    merged: _Place = ""
    hidden: _Place = ""
    weights: Literal["centred", "plain"] = "centred"
    pre_norm: Literal["none", "layer"] = "none"
    activation: Literal["none", "rprelu"] = "none"
    residual: Literal["block", "layer"] = "block"

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise CheckpointError(f"The model configuration is invalid: {problem}.", "Correct that value.")

    @property
    def tokens(self) -> int:
        """T, the tokens of a window or the patches of an image; there is no class token."""
        columns = self.length // self.patch
        return columns * (self.height // self.patch) if self.height else columns

    @property
    def patch_values(self) -> int:
        """The number of input values in a token."""
        return self.channels * self.patch ** (2 if self.height else 1)

    @property
    def head_width(self) -> int:
        """dh, the width of one head."""
        return self.width // self.heads

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one window, ``(C, length)``, or of one image, ``(C, height, length)``."""
        return (self.channels, self.height, self.length) if self.height else (self.channels, self.length)

    @property
    def layer_shapes(self) -> tuple[tuple[int, int], ...]:
        """The tokens and the width of the stream after each block."""
        return ((self.tokens, self.width),) * self.layers

    @property
    def map_shapes(self) -> tuple[tuple[int, int, int], ...]:
        """The shape of each block's attention map, heads by tokens by tokens."""
        return ((self.heads, self.tokens, self.tokens),) * self.layers

    def binarizer_at(self, place: str) -> str:
        """Return the kind of binarizer at one of ``PLACES``; ``none`` in full precision."""
        return "none" if self.precision == "full" else str(getattr(self, place)) or self.binarizer

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, as a checkpoint holds them."""
        return {
            **asdict(self),
            "classes": list(self.classes),
            "channel_names": list(self.channel_names),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TransformerConfig:
        """Make a configuration from plain values; the inverse of ``to_dict``.

        Raises:
            CheckpointError: a key is unknown, or a value is of another type or out of its range.
        """
        source = Source("The model configuration", CheckpointError, "Correct that value.")
        return typed(values, cls, source)

    def _problem(self) -> str | None:
        if self.channel_names and len(self.channel_names) != self.channels:
            return (
                f"channel_names has {len(self.channel_names)} names, and there are {self.channels} channels"
            )
        for side, size in (("height", self.height), ("length", self.length)):
            if size % self.patch:
                fitting = _fitting(side if self.height else "window", size, self.patch)
                return f"{side} {size} is not a multiple of patch {self.patch}; {fitting}"
        if self.width % (self.heads * WORD_BITS):
            return f"width {self.width} over {self.heads} heads is not a multiple of {WORD_BITS} a head"
        return None


def _fitting(side: str, size: int, patch: int) -> str:
    """Return the nearest patches that divide a size, and the nearest sizes that the patch divides."""
    patches = [one for one in range(1, size + 1) if size % one == 0]
    smaller = [one for one in patches if one < patch][-1:]
    larger = [one for one in patches if one > patch][:1]
    sizes = [one for one in (size // patch * patch, (size // patch + 1) * patch) if one]
    near, fit = (" or ".join(map(str, found)) for found in (smaller + larger, sizes))
    return f"a patch of {near} fits, or a {side} of {fit}"


# A checkpoint written before `axis` existed has medians per channel, hence the default of the class. New
# models have one median per tensor.
_TINY = TransformerConfig(axis="tensor")
_MICRO = replace(
    _TINY,
    name="vit-micro",
    channels=3,
    height=32,
    length=32,
    patch=4,
    width=128,
    heads=4,
    layers=6,
    mlp_ratio=4,
)
_DEIT = replace(_MICRO, name="deit-tiny", height=224, length=224, patch=16, width=192, heads=3, layers=12)

PRESETS: dict[str, TransformerConfig] = {
    "sensor-tiny": _TINY,
    "vit-micro": _MICRO,
    "vit-cifar": replace(_MICRO, name="vit-cifar", width=192, heads=3, layers=12),
    # The shapes of DeiT, without its class and distillation tokens.
    "deit-tiny": _DEIT,
    "deit-small": replace(_DEIT, name="deit-small", width=384, heads=6),
}

USUAL_CLASSES: dict[str, int] = {
    "sensor-tiny": 7,
    "vit-micro": 10,
    "vit-cifar": 10,
    "deit-tiny": 1000,
    "deit-small": 1000,
}
"""The number of classes of the data sets that each preset is meant for."""


def preset(name: str, /, **changes: Any) -> TransformerConfig:
    """Return the preset of that name with some fields replaced.

    Args:
        name: a key of ``PRESETS``.
        changes: fields of ``TransformerConfig`` and their new values, as plain values.

    Raises:
        CheckpointError: there is no such preset, or a change is invalid.
    """
    if name not in PRESETS:
        raise CheckpointError(f"There is no model preset {name!r}.", f"Choose one of {', '.join(PRESETS)}.")
    return TransformerConfig.from_dict({**PRESETS[name].to_dict(), **changes})
