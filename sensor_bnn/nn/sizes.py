"""The memory and the operations of a model, computed from its configuration alone."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sensor_bnn.nn.config import TransformerConfig
from sensor_bnn.nn.hybrid import Attention, Head
from sensor_bnn.nn.hybrid_config import HybridConfig
from sensor_bnn.nn.hybrid_model import HybridModel
from sensor_bnn.nn.hybrid_parts import Epilogue, Product
from sensor_bnn.nn.model import ModelConfig
from sensor_bnn.nn.transformer import BinaryTransformer


@dataclass(frozen=True)
class Sizes:
    """Sizes of one model. They count everything that the export stores.

    Attributes:
        parameters: the number of trained parameters.
        binary_weights: the number of 1-bit weights.
        packed_bytes: the bytes of the packed 1-bit weights.
        float_bytes: the bytes of embedding, positions and head, in float32; in the hybrid family those of
            stem, head and every layer that is not binary, in 8 bits where they are trained so.
        constant_bytes: the bytes of scales, biases, slopes, thresholds and tables.
        binary_macs: the multiply-adds of bits per inference.
        float_macs: the other multiply-adds per inference: embedding or stem, head, and every layer of 8 bits
            or floats.
        stream_bytes: the bytes of the stream between layers, the largest activation of most models: float32,
            in the hybrid family int16.
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


def sizes(config: ModelConfig) -> Sizes:
    """Compute the sizes of a model of that configuration.

    Raises:
        CheckpointError: the configuration names no classes.
    """
    return _hybrid(config) if isinstance(config, HybridConfig) else _vit(config)


def _vit(config: TransformerConfig) -> Sizes:
    d, f, T, H = config.width, config.width * config.mlp_ratio, config.tokens, config.heads
    classes, L = len(config.classes), config.layers
    # Tensors without data: the sizes of a large model are known at once, and take no memory.
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


def _hybrid(config: HybridConfig) -> Sizes:
    """Counted on the model itself, run once on tensors without data."""
    binary = wide = stream = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal binary, wide, stream
        if isinstance(module, Product):
            tokens = output.shape[1] * output.shape[2]
            stream = max(stream, 2 * tokens * output.shape[3])
            if module.bits == "1":
                binary += tokens * module.weight.numel()
            else:
                wide += tokens * module.weight.numel()
        elif isinstance(module, Attention):
            tokens, width = output.shape[1] * output.shape[2], output.shape[3]
            products = 2 * tokens * tokens * width  # scores, and the map by the values
            binary, wide = (binary + products, wide) if module.binary else (binary, wide + products)
        elif isinstance(module, Head):
            wide += module.linear.weight.numel()

    with torch.device("meta"):
        model = HybridModel(config).eval()
        for module in model.modules():
            module.register_forward_hook(count)
        model(torch.empty(1, *config.input_shape))
    products = {id(p.weight): p for p in model.modules() if isinstance(p, Product)}
    bits = sum(p.weight.numel() for p in products.values() if p.bits == "1")
    bytes_ = sum(p.weight.numel() * (1 if p.bits == "8" else 4) for p in products.values() if p.bits != "1")
    bytes_ += sum(m.weight.numel() for m in model.modules() if isinstance(m, nn.Linear))
    return Sizes(
        parameters=sum(tensor.numel() for tensor in model.parameters()),
        binary_weights=bits,
        packed_bytes=bits // 8,
        float_bytes=bytes_,
        constant_bytes=_constant_bytes(model),
        binary_macs=binary,
        float_macs=wide,
        stream_bytes=stream,
    )


def _constant_bytes(model: HybridModel) -> int:
    """The bytes of a hybrid model's constants beside its weights, as the export stores them."""
    total = 0
    for module in model.modules():
        if isinstance(module, Epilogue):
            total += 4 * module.norm.weight.numel()  # scale and bias of 16 bits
            total += 2 * (1 if module.activation is None else module.activation.slope.numel())
        elif isinstance(module, Product):
            inputs = module.weight.shape[1] * module.groups
            # A threshold of 16 bits before signs; a scale of 16 and a bias of 32 bits before bytes.
            total += {"1": 2, "8": 6, "float": 0}[module.bits] * inputs
        elif isinstance(module, Attention) and module.binary:
            width = module.heads * module.map.head_width
            # Thresholds of query, key and value; those of the attended sums have 32 bits. Then the tables.
            total += 3 * 2 * width + 2 * width + 4 * module.heads * (module.map.head_width + 2)
        elif isinstance(module, Head):
            classes, features = module.linear.weight.shape
            width = features // len(module.pooling)
            total += 6 * features + 4 * classes + 2 + 2 * width * ("positive" in module.pooling)
    return total
