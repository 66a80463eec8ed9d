"""Both families of models: their presets by name, and a model from its configuration.

``vit`` is the transformer of the paper and of DeiT (``transformer.py``). ``hybrid`` mixes binary convolution
and binary attention in stages (``hybrid_model.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn import config as vit
from sensor_bnn.nn.config import TransformerConfig
from sensor_bnn.nn.hybrid_config import HybridConfig
from sensor_bnn.nn.hybrid_model import HybridModel
from sensor_bnn.nn.model import Model, ModelConfig
from sensor_bnn.nn.transformer import BinaryTransformer

# A window of 100 samples becomes 25 tokens. Attention costs least where tokens are few: after the pool, 13.
_SMALL = HybridConfig(
    name="sensor-small",
    widths=(64,),
    stages=("conv pool attn",),
    stem_stride=4,
    thresholds=4,
)
_IMAGE = HybridConfig(
    name="image-base",
    channels=3,
    height=32,
    length=32,
    widths=(64, 128),
    stages=("conv conv", "conv attn mlp conv attn mlp"),
    stem_kernel=4,
    stem_stride=2,
    kernel=3,
    pooling=("mean",),
    activation="layer",
)

PRESETS: dict[str, ModelConfig] = {
    **vit.PRESETS,
    "sensor-nano": replace(
        _SMALL, name="sensor-nano", widths=(32,), stages=("conv conv:2 pool attn",), thresholds=2
    ),
    "sensor-nano-conv": replace(
        _SMALL, name="sensor-nano-conv", widths=(32,), stages=("conv conv:2",), thresholds=2
    ),
    "sensor-small": _SMALL,
    # 20 tokens instead of 25: two convolutions lost nothing by it, attention 0.7 points (docs/results.md).
    "sensor-small-conv": replace(_SMALL, name="sensor-small-conv", stem_stride=5, stages=("conv conv:2",)),
    "sensor-base": replace(_SMALL, name="sensor-base", stages=("conv conv:2 conv:4 pool attn mlp",)),
    "image-small": replace(
        _IMAGE, name="image-small", widths=(32, 64), stages=("conv", "conv attn conv attn")
    ),
    "image-small-conv": replace(
        _IMAGE, name="image-small-conv", widths=(32, 64), stages=("conv", "conv conv conv")
    ),
    "image-base": _IMAGE,
    # The same binary multiply-adds as image-base, in convolutions alone.
    "image-base-conv": replace(_IMAGE, name="image-base-conv", stages=("conv conv", "conv conv conv conv")),
}

USUAL_CLASSES: dict[str, int] = {
    **vit.USUAL_CLASSES,
    **{
        name: 10 if config.height else 7
        for name, config in PRESETS.items()
        if isinstance(config, HybridConfig)
    },
}
"""The number of classes of the data sets that each preset is meant for."""


def preset(name: str, /, **changes: Any) -> ModelConfig:
    """Return the preset of that name with some fields replaced.

    Args:
        name: a key of ``PRESETS``.
        changes: fields of the preset's configuration and their new values, as plain values.

    Raises:
        CheckpointError: there is no such preset, or a change is invalid.
    """
    if name not in PRESETS:
        raise CheckpointError(f"There is no model preset {name!r}.", f"Choose one of {', '.join(PRESETS)}.")
    return config_from({**PRESETS[name].to_dict(), **changes})


def config_from(values: Mapping[str, Any]) -> ModelConfig:
    """Make a configuration from plain values, as a checkpoint holds them.

    Without the key ``family``, which older checkpoints do not have, it is of the family ``vit``.

    Raises:
        CheckpointError: the family or a key is unknown, or a value is of another type or out of its range.
    """
    family = values.get("family", "vit")
    plain = {key: value for key, value in values.items() if key != "family"}
    if family == "hybrid":
        return HybridConfig.from_dict(plain)
    if family == "vit":
        return TransformerConfig.from_dict(plain)
    raise CheckpointError(f"There is no model family {family!r}.", "Choose vit or hybrid.")


def build(config: ModelConfig) -> Model:
    """Make a model of that configuration with random weights.

    Raises:
        CheckpointError: the configuration names no classes.
    """
    return HybridModel(config) if isinstance(config, HybridConfig) else BinaryTransformer(config)
