"""What a model is made of: a frozen configuration, and presets that state only differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta

from sensor_bnn.errors import CheckpointError
from sensor_bnn.reading import Source, typed

WORD_BITS = 32
"""Bits of a packed word, for the whole package: heads must fill whole words, so that splitting them on the
device is a reshape."""

Binarizer = Literal["median", "shift", "sign", "learned", "elastic", "live"]
BINARIZERS: tuple[Binarizer, ...] = get_args(Binarizer)
PLACES = ("stream", "query", "key", "value", "merged", "hidden")
"""Where activations are binarized. The attention map is ``attention``, the weights are ``weights``."""

_Size = Annotated[int, Meta(ge=1, le=1 << 20)]
_Few = Annotated[int, Meta(ge=1, le=1024)]
_Place = Literal["", "median", "shift", "sign", "learned", "elastic", "live"]


@dataclass(frozen=True)
class TransformerConfig:
    """A binary transformer over windows ``[channels, length]`` or images ``[channels, height, length]``.

    Attributes:
        name: the model's name, carried into the export.
        classes: the classes' names, in the order of the logits.
        channels: sensor channels, or colours: C.
        length: samples a window, or columns of an image: a multiple of ``patch``.
        patch: samples a token, or the side of an image's patch.
        width: d, a multiple of ``heads``; ``width / heads`` a multiple of 32.
        heads: attention heads H.
        layers: blocks.
        mlp_ratio: hidden width of the MLP over d.
        binarizer: of activations: ``median`` (median shift, mean restore), ``shift`` (median shift alone),
            ``sign`` (neither), ``learned`` (RSign), ``elastic`` (BiT) or ``live`` (the window's own median,
            not exportable); see ``sensor_bnn.nn.binarize``.
        stream, query, key, value, merged, hidden: binarizer of that place alone; empty: ``binarizer``. The
            places are the float stream before each layer, the three projections, the attended values and
            the MLP's hidden layer.
        weights: ``centred``, sign(W - mean) * mean|W - mean| a row, or ``plain``, sign(W) * mean|W|.
        axis: of running and live medians: ``channel``, ``tensor`` or ``token``. Running medians a token
            train and evaluate, but are not exportable: a packed operator has a threshold a channel.
        gradient: of the activations' signs: ``polynomial`` (Bi-Real) or ``clipped``.
        attention: ``softmax`` (a token is attended to by its share of the softmax) or ``boolean`` (by its
            score alone, BiBERT), or ``median`` (by its score against the head's running median: the median
            shift of the map).
        height: rows of an image, a multiple of ``patch``; 0 for windows.
        precision: ``binary``, or ``full`` for the floating-point twin (not exportable to packed bits).
        norm: after each float output: ``none`` leaves it to the restored mean and a learned bias; ``batch``
            is BatchNorm, which folds too, but cancels the restore; ``layer`` is LayerNorm, a standard
            operator of floats in the export.
        pre_norm: before each layer's binarizer: ``none`` or ``layer``, a LayerNorm of the stream.
        activation: of the stream after each addition: ``none`` or ``rprelu`` (ReActNet's, three standard
            operators in the export).
        residual: ``block``: the stream goes round attention and round the MLP; ``layer``: round every
            binary layer, so that query, key, value and hidden layer see it as well.
    """

    name: str = "sensor-tiny"
    classes: tuple[str, ...] = ()
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
            raise CheckpointError(f"The model configuration is unusable: {problem}.", "Correct that value.")

    @property
    def tokens(self) -> int:
        """T: tokens a window, or patches an image; there is no class token, the head takes their mean."""
        columns = self.length // self.patch
        return columns * (self.height // self.patch) if self.height else columns

    @property
    def patch_values(self) -> int:
        """Values a token is made from."""
        return self.channels * self.patch ** (2 if self.height else 1)

    @property
    def head_width(self) -> int:
        """dh: width of one head."""
        return self.width // self.heads

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of one window: ``(C, L)``; of one image: ``(C, height, length)``."""
        return (self.channels, self.height, self.length) if self.height else (self.channels, self.length)

    def binarizer_at(self, place: str) -> str:
        """The binarizer of one of ``PLACES``; ``none`` in full precision."""
        return "none" if self.precision == "full" else str(getattr(self, place)) or self.binarizer

    def to_dict(self) -> dict[str, Any]:
        """Plain values only: what a checkpoint holds."""
        return {**asdict(self), "classes": list(self.classes)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TransformerConfig:
        """The inverse of ``to_dict``.

        Raises:
            CheckpointError: a key is unknown, or a value is of another type or out of its range.
        """
        source = Source("The model configuration", CheckpointError, "Correct that value.")
        return typed(values, cls, source)

    def _problem(self) -> str | None:
        if self.height % self.patch:
            return f"height {self.height} is not a multiple of patch {self.patch}"
        if self.length % self.patch:
            return f"length {self.length} is not a multiple of patch {self.patch}"
        if self.width % (self.heads * WORD_BITS):
            return f"width {self.width} over {self.heads} heads is not a multiple of {WORD_BITS} a head"
        return None


# Checkpoints from before `axis` have medians a channel, the default of the class; new models have one median.
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
    # The same depth with four heads: for sets with more classes than seven exercises.
    "sensor-small": replace(_TINY, name="sensor-small", width=128, heads=4),
    "vit-micro": _MICRO,
    "vit-cifar": replace(_MICRO, name="vit-cifar", width=192, heads=3, layers=12),
    # The shapes of DeiT, without its class and distillation tokens.
    "deit-tiny": _DEIT,
    "deit-small": replace(_DEIT, name="deit-small", width=384, heads=6),
}

USUAL_CLASSES: dict[str, int] = {
    "sensor-tiny": 7,
    "sensor-small": 7,
    "vit-micro": 10,
    "vit-cifar": 10,
    "deit-tiny": 1000,
    "deit-small": 1000,
}
"""How many classes the sets that a preset is meant for tell apart."""


def preset(name: str, /, **changes: Any) -> TransformerConfig:
    """The preset of that name with some fields replaced.

    Raises:
        CheckpointError: there is no such preset, or a change is unusable.
    """
    if name not in PRESETS:
        raise CheckpointError(f"There is no model preset {name!r}.", f"Choose one of {', '.join(PRESETS)}.")
    return TransformerConfig.from_dict({**PRESETS[name].to_dict(), **changes})
