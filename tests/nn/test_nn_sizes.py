"""The computed sizes equal those of the model that is built, folded and exported."""

from __future__ import annotations

import json

import pytest
import torch
from click.testing import CliRunner
from random_models import random_model

from sensor_bnn.cli.models import command
from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.families import PRESETS, USUAL_CLASSES, preset
from sensor_bnn.nn.sizes import sizes
from sensor_bnn.nn.transformer import BinaryTransformer
from sensor_bnn.onnx.export import to_onnx


@pytest.mark.parametrize(
    "changes",
    (
        {},
        {"width": 96, "heads": 3, "layers": 1, "mlp_ratio": 4},
        {
            "width": 32,
            "heads": 1,
            "height": 8,
            "length": 12,
            "patch": 4,
            "channels": 3,
            "binarizer": "learned",
        },
        {"pre_norm": "layer", "norm": "layer", "activation": "rprelu"},
        {"residual": "layer", "mlp_ratio": 3, "weights": "plain"},
    ),
)
def test_sizes_are_those_of_the_export(changes: dict[str, object]) -> None:
    model = random_model(0, **changes)
    found = sizes(model.config)
    assert found.parameters == sum(p.numel() for p in model.parameters())
    stored = {constant.name: len(constant.raw_data) for constant in to_onnx(model.fold()).graph.initializer}
    shapes = {name for name in stored if name.endswith((".shape", ".axes"))}
    assert found.stored_bytes == sum(size for name, size in stored.items() if name not in shapes)
    binary = {name for name in stored if name.startswith("blocks") and name.endswith(".weight")}
    assert found.packed_bytes == sum(stored[name] for name in binary)


def test_every_preset_has_a_shape_and_a_name() -> None:
    assert PRESETS.keys() == USUAL_CLASSES.keys()
    assert all(config.name == name for name, config in PRESETS.items())


def test_known_figures() -> None:
    """The packed weights of the published shapes, from DESIGN's table."""
    for name, packed, tokens in (("deit-tiny", 648, 196), ("vit-cifar", 648, 64), ("vit-micro", 144, 64)):
        config = preset(name, classes=["a", "b"])
        assert sizes(config).packed_bytes == 1024 * packed
        assert config.tokens == tokens
    with pytest.raises(CheckpointError, match="no classes"):
        sizes(PRESETS["deit-tiny"])


@pytest.mark.usefixtures("long_run")
def test_command() -> None:
    listed = json.loads(CliRunner().invoke(command, ["--json"]).stdout)["models"]
    assert [row["name"] for row in listed] == list(PRESETS)
    shown = CliRunner().invoke(command, [])
    assert all(name in shown.stdout for name in PRESETS)
    assert "Example:" in CliRunner().invoke(command, ["--help"]).stdout


@pytest.mark.usefixtures("long_run")
def test_a_step_of_deit_tiny() -> None:
    torch.manual_seed(0)
    model = BinaryTransformer(preset("deit-tiny", classes=[str(number) for number in range(1000)])).train()
    loss = torch.nn.functional.cross_entropy(model(torch.randn(8, 3, 224, 224)), torch.arange(8))
    loss.backward()
    assert loss.isfinite()
    weights = {name: p for name, p in model.named_parameters() if name.startswith("blocks") and p.ndim == 2}
    # Twelve blocks, each with query, key, value, output, expand and contract.
    assert len(weights) == 12 * 6
    for name, weight in weights.items():
        assert weight.grad is not None and weight.grad.isfinite().all(), name
        assert weight.grad.abs().sum() > 0, name
