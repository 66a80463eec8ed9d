"""Random hybrid models whose ranges are measured, and their integers, for tests of these."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from sensor_bnn.nn.attention import AttentionMap
from sensor_bnn.nn.folded_hybrid import FoldedHybrid
from sensor_bnn.nn.hybrid_config import HybridConfig
from sensor_bnn.nn.hybrid_model import HybridModel
from sensor_bnn.nn.hybrid_parts import Rprelu, Threshold
from sensor_bnn.nn.ranges import measuring

CLASSES = ("up", "down", "still")
LAYERS = ("conv", "conv:2", "conv@8", "mlp", "mlp@8", "attn", "pool")
LOWEST, HIGHEST = -(1 << 15), (1 << 15) - 1


def random_examples(config: HybridConfig, count: int, seed: int) -> Tensor:
    """Return images of bytes over 255, or windows whose channels differ in offset and spread."""
    random = np.random.default_rng(seed)
    shape = (count, *config.input_shape)
    if config.height:
        return torch.from_numpy(random.integers(0, 256, shape).astype(np.float32) / np.float32(255))
    channel = np.arange(config.channels)[:, None]
    walk = random.standard_normal(shape).cumsum(axis=-1) * 0.3 * 3.0**channel + 5 * channel
    return torch.from_numpy(walk.astype(np.float32))


def random_hybrid(seed: int, *, whole: bool = False, **changes: Any) -> HybridModel:
    """Make a model with random parameters and statistics, such as negative gains, and measure its ranges.

    Args:
        seed: the seed of all random numbers.
        whole: whether the ranges say that every sample is a whole number.
        changes: the fields of the configuration.
    """
    torch.manual_seed(seed)
    toy = {"name": "toy", "classes": CLASSES, "channels": 2, "length": 40, "stem_stride": 2}
    model = HybridModel(HybridConfig(**{**toy, **changes}))
    config = model.config
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias, std=0.5)
        if isinstance(module, Rprelu):
            for parameter in module.parameters():
                nn.init.normal_(parameter, std=0.4)
        if isinstance(module, Threshold):
            for parameter in module.parameters():
                nn.init.normal_(parameter, std=0.3)
        if isinstance(module, AttentionMap):
            nn.init.normal_(module.log_temperature, std=0.5)
            # At most 2, of which the half is the whole attention.
            module.log_c.data = (module.log_c + 0.5 * torch.randn(module.log_c.shape)).clamp(max=math.log(2))
    nn.init.normal_(model.head.linear.bias)
    x = random_examples(config, 64, seed)
    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    model.set_normalisation(x.mean(dim=axes), x.std(dim=axes))
    model.train()
    with torch.no_grad():
        for _ in range(3):
            model(x)
    model.eval()
    model.ranges.set_input(x.abs().amax(dim=axes), torch.full((config.channels,), whole))
    with torch.no_grad(), measuring(model, model.ranges):
        model(x)
    return model


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    """The fields of a configuration that has integers: windows and images, all layers, all their keys."""
    widths = draw(st.sampled_from(((32,), (64,), (32, 64))))
    line = st.lists(st.sampled_from(LAYERS), min_size=1, max_size=3).map(" ".join)
    values = {
        "widths": widths,
        "stages": tuple(draw(line) for _ in widths),
        "stem_kernel": draw(st.sampled_from((4, 9))),
        "stem_stride": draw(st.integers(1, 4)),
        "stem_pool": draw(st.integers(1, 3)),
        "thresholds": draw(st.sampled_from((1, 2, 4))),
        "kernel": draw(st.sampled_from((1, 3, 5))),
        "pooling": draw(st.permutations(("mean", "max", "positive")))[: draw(st.integers(1, 3))],
        "threshold": draw(st.sampled_from(("learned", "median", "start", "zero"))),
        "activation": draw(st.sampled_from(("channel", "layer", "none"))),
        "norm": draw(st.sampled_from(("batch", "batch", "none"))),
        "normalise": draw(st.sampled_from(("channel", "channel", "window", "mean", "none"))),
        "length": draw(st.integers(9, 41)),
    }
    if draw(st.booleans()):
        values |= {"height": draw(st.integers(5, 9)), "length": draw(st.integers(5, 9)), "channels": 3}
    elif values["normalise"] == "window":
        values["gain"] = draw(st.sampled_from(("fixed", "window")))
    return values | {"pooling": tuple(values["pooling"])}


def inputs_of(folded: FoldedHybrid, x: Tensor) -> npt.NDArray[Any]:
    """The integers of examples, as a host tool makes them."""
    if folded.input_step is None:
        return np.rint(x.numpy() * 255).astype(np.uint8)
    step = np.array(folded.input_step)[:, None]
    samples = x.numpy().astype(np.float64)
    if folded.input_gain == "window":
        largest = np.abs(samples).max(axis=2, keepdims=True)
        samples = samples / 2.0 ** (np.frexp(largest)[1])
    return np.clip(np.rint(samples / step), LOWEST, HIGHEST).astype(np.int16)
