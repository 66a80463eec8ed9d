"""The memory and the operations of a model, computed from its configuration alone."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from sensor_bnn.nn.config import TransformerConfig
from sensor_bnn.nn.transformer import BinaryTransformer


@dataclass(frozen=True)
class Sizes:
    """Sizes of one model. They count everything that the export stores.

    Attributes:
        parameters: the number of trained parameters.
        binary_weights: the number of 1-bit weights.
        packed_bytes: the bytes of the packed 1-bit weights.
        float_bytes: the bytes of embedding, positions and head, in float32.
        constant_bytes: the bytes of scales, biases, thresholds and tables.
        binary_macs: the multiply-adds of bits per inference.
        float_macs: the multiply-adds of floats per inference: embedding and head.
        stream_bytes: the bytes of the float32 stream between blocks, the largest activation of most models.
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
        """The bytes of all weights and constants in the export."""
        return self.packed_bytes + self.float_bytes + self.constant_bytes


def sizes(config: TransformerConfig) -> Sizes:
    """Compute the sizes of a model of that configuration.

    Raises:
        CheckpointError: the configuration names no classes.
    """
    d, f, T, H = config.width, config.width * config.mlp_ratio, config.tokens, config.heads
    classes, L = len(config.classes), config.layers
    with torch.device("meta"):
        parameters = sum(p.numel() for p in BinaryTransformer(config).parameters())
    weights = 4 * d * d + 2 * d * f  # per block
    # Packed rows have no padding: d is a multiple of 32, so every row length here is one as well.
    floats = config.patch_values * d + T * d + d * classes + classes
    thresholds = (
        d + 3 * d + d + d + f
    )  # of the stream before attention, of query, key and value, of their product, before the MLP, within it
    scales = 2 * 2 * d
    if config.residual == "layer":
        scales += 2 * (3 * d + f)  # of query, key, value and hidden layer
    scales += 2 * 2 * d * ((config.pre_norm == "layer") + (config.norm == "layer"))  # gain and bias
    scales += 2 * 3 * d * (config.activation == "rprelu")
    tables = H * (config.head_width + 1) + H
    products = T * weights + 2 * T * T * d  # layers, then scores and the map times the values
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
