"""What a model holds and computes, from its configuration alone."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from sensor_bnn.nn.config import TransformerConfig
from sensor_bnn.nn.transformer import BinaryTransformer


@dataclass(frozen=True)
class Sizes:
    """Sizes of one model. Everything that the export stores is counted, nothing is left out.

    Attributes:
        parameters: learned numbers, while training.
        binary_weights: weights of one bit.
        packed_bytes: these, packed.
        float_bytes: embedding, positions and head, float32.
        constant_bytes: scales, biases, thresholds, tables.
        binary_macs: multiply-adds of bits, an inference.
        float_macs: multiply-adds of floats: embedding and head.
        stream_bytes: the float32 stream between the blocks, the largest activation of most models.
    """

    parameters: int
    binary_weights: int
    packed_bytes: int
    float_bytes: int
    constant_bytes: int
    binary_macs: int
    float_macs: int
    stream_bytes: int

    @property
    def stored_bytes(self) -> int:
        """All weights and constants of the export."""
        return self.packed_bytes + self.float_bytes + self.constant_bytes


def sizes(config: TransformerConfig) -> Sizes:
    """Sizes of a model of that configuration; its classes must be named.

    Raises:
        CheckpointError: it names no classes.
    """
    d, f, T, H = config.width, config.width * config.mlp_ratio, config.tokens, config.heads
    classes, L = len(config.classes), config.layers
    with torch.device("meta"):
        parameters = sum(p.numel() for p in BinaryTransformer(config).parameters())
    weights = 4 * d * d + 2 * d * f  # a block
    # Rows of words: d is a multiple of 32, and so are d * mlp_ratio and every row here.
    floats = config.patch_values * d + T * d + d * classes + classes
    thresholds = (
        d + 3 * d + d + d + f
    )  # before, of query, key, value, of their sum, before the MLP, within it
    scales = 2 * 2 * d
    if config.residual == "layer":
        scales += 2 * (3 * d + f)  # of query, key, value and hidden layer
    scales += 2 * 2 * d * ((config.pre_norm == "layer") + (config.norm == "layer"))  # gain and bias
    scales += 2 * 3 * d * (config.activation == "rprelu")
    tables = H * (config.head_width + 1) + H
    products = T * weights + 2 * T * T * d  # and scores, and the map by the values
    return Sizes(
        parameters=parameters,
        binary_weights=L * weights,
        packed_bytes=L * weights // 8,
        float_bytes=4 * floats,
        constant_bytes=4 * L * (thresholds + scales + tables),
        binary_macs=L * products,
        float_macs=T * config.patch_values * d + d * classes,
        stream_bytes=4 * T * d,
    )
