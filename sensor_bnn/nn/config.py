"""What a model is made of: a frozen configuration, and presets that state only differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar

from sensor_bnn.errors import CheckpointError

WORD_BITS = 32
"""Heads must fill whole packed words, so that splitting them on the device is a reshape."""


BINARIZERS = ("median", "shift", "sign", "learned", "elastic", "live")
PLACES = ("stream", "query", "key", "value", "merged", "hidden")
"""Where activations are binarized. The attention map is ``attention``, the weights are ``weights``."""


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

    family: ClassVar[str] = "vit"

    name: str = "sensor-tiny"
    classes: tuple[str, ...] = ()
    channels: int = 6
    length: int = 100
    patch: int = 5
    width: int = 64
    heads: int = 2
    layers: int = 2
    mlp_ratio: int = 2
    binarizer: str = "median"
    precision: str = "binary"
    norm: str = "none"
    axis: str = "channel"
    gradient: str = "polynomial"
    attention: str = "softmax"
    height: int = 0
    stream: str = ""
    query: str = ""
    key: str = ""
    value: str = ""
    merged: str = ""
    hidden: str = ""
    weights: str = "centred"
    pre_norm: str = "none"
    activation: str = "none"
    residual: str = "block"

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
            CheckpointError: a key is unknown or a value has the wrong type.
        """
        known = {field.name: type(field.default) for field in fields(cls)}
        plain = {**values, "classes": tuple(values.get("classes", ()))}
        for key, value in plain.items():
            if key not in known:
                raise CheckpointError(
                    f"The model configuration has an unknown key {key!r}.",
                    f"Known keys: {', '.join(known)}.",
                )
            if type(value) is not known[key]:
                raise CheckpointError(
                    f"The model configuration's {key} is {value!r}.", f"Give a {known[key].__name__}."
                )
        return cls(**plain)

    def _problem(self) -> str | None:
        sizes = ("channels", "length", "patch", "width", "heads", "layers", "mlp_ratio")
        for size in sizes:
            if getattr(self, size) < 1:
                return f"{size} is {getattr(self, size)}"
        choices = {
            "binarizer": BINARIZERS,
            "precision": ("binary", "full"),
            "norm": ("batch", "layer", "none"),
            "axis": ("channel", "tensor", "token"),
            "gradient": ("polynomial", "clipped"),
            "attention": ("softmax", "boolean", "median"),
            "weights": ("centred", "plain"),
            "pre_norm": ("none", "layer"),
            "activation": ("none", "rprelu"),
            "residual": ("block", "layer"),
            **dict.fromkeys(PLACES, ("", *BINARIZERS)),
        }
        for key, allowed in choices.items():
            if getattr(self, key) not in allowed:
                return f"{key} is {getattr(self, key)!r}, not one of {', '.join(allowed)}"
        if self.height < 0 or self.height % self.patch:
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
"""How many classes the sets that a preset is meant for tell apart."""


def preset(name: str, /, **changes: Any) -> TransformerConfig:
    """The preset of that name with some fields replaced.

    Raises:
        CheckpointError: there is no such preset, or a change is unusable.
    """
    if name not in PRESETS:
        raise CheckpointError(f"There is no model preset {name!r}.", f"Choose one of {', '.join(PRESETS)}.")
    return TransformerConfig.from_dict({**PRESETS[name].to_dict(), **changes})
