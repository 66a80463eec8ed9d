"""Random models and their intermediate values, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from sensor_bnn.nn.attention import AttentionMap
from sensor_bnn.nn.binarize import Elastic, LearnedBias
from sensor_bnn.nn.config import preset
from sensor_bnn.nn.transformer import BinaryTransformer, RPReLU

CLASSES = ("up", "down", "still")


def random_model(seed: int, **changes: object) -> BinaryTransformer:
    """Set random weights and random running statistics, including negative BatchNorm gains."""
    torch.manual_seed(seed)
    model = BinaryTransformer(preset("sensor-tiny", classes=list(CLASSES), **changes))
    config = model.config
    model.set_normalisation(torch.randn(config.channels), 0.5 + torch.rand(config.channels))
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
        if isinstance(module, nn.LayerNorm):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
        if isinstance(module, RPReLU):
            for parameter in module.parameters():
                nn.init.normal_(parameter, std=0.5)
        if isinstance(module, AttentionMap):
            nn.init.normal_(module.log_temperature, std=0.5)
            module.log_c.data += 0.5 * torch.randn(config.heads)
        if isinstance(module, LearnedBias):
            nn.init.normal_(module.bias, std=0.3)
        if isinstance(module, Elastic):
            nn.init.normal_(module.log_scale, std=0.3)
    model.train()
    for _ in range(3):  # running statistics, off the data that the tests use
        model(torch.randn(16, *config.input_shape))
    return model.eval()


@contextmanager
def traced(model: BinaryTransformer) -> Iterator[dict[str, Tensor]]:
    """Record the torch model's bits and integers under the names of the folded trace."""
    seen: dict[str, Tensor] = {}
    handles = []

    def record(name: str, module: nn.Module, *, incoming: bool = False) -> None:
        def hook(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            seen[name] = (inputs[0] if incoming else output).detach()

        handles.append(module.register_forward_hook(hook))

    for index, block in enumerate(model.blocks):
        attention, mlp = block.attention, block.mlp
        at = f"blocks.{index}"
        record(f"{at}.attention.bits", attention.binarize)
        for part in ("query", "key", "value"):
            record(f"{at}.attention.{part}", getattr(attention, part))
        record(f"{at}.attention.scores", attention.map, incoming=True)
        record(f"{at}.attention.map", attention.map)
        record(f"{at}.attention.attended", attention.output, incoming=True)
        record(f"{at}.attention.merged", attention.output.binarize)
        record(f"{at}.mlp.bits", mlp.binarize)
        record(f"{at}.mlp.hidden", mlp.contract.binarize)
    record("stream", model.embed)
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()
