"""The hybrid family: what a stage's line means, that bits are bits, one code for windows and images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from hybrids import random_hybrid
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.attention import Observed
from sensor_bnn.nn.checkpoint import load_checkpoint, save_checkpoint
from sensor_bnn.nn.families import PRESETS, build, config_from, preset
from sensor_bnn.nn.hybrid import by_power
from sensor_bnn.nn.hybrid_config import HybridConfig
from sensor_bnn.nn.hybrid_model import HybridModel
from sensor_bnn.nn.hybrid_parts import Product, each_product, pooled, same_padding
from sensor_bnn.nn.sizes import sizes
from sensor_bnn.onnx.export import to_onnx
from sensor_bnn.onnx.quantities import powers

CLASSES = ("a", "b", "c")
HYBRIDS = [name for name, config in PRESETS.items() if isinstance(config, HybridConfig)]


def config(**changes: Any) -> HybridConfig:
    return HybridConfig(
        **{"name": "toy", "classes": CLASSES, "channels": 2, "length": 40, "stem_stride": 2, **changes}
    )


def model(seed: int = 0, **changes: Any) -> HybridModel:
    torch.manual_seed(seed)
    return HybridModel(config(**changes))


@pytest.mark.parametrize("name", HYBRIDS)
def test_every_preset_is_built_trained_a_step_and_evaluated(name: str) -> None:
    made = build(preset(name, classes=list(CLASSES)))
    x = torch.randn(2, *made.config.input_shape)
    made.train()
    made(x).square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in made.parameters())
    assert made.eval()(x).shape == (2, 3)


@pytest.mark.usefixtures("long_run")
@given(
    length=st.integers(5, 70),
    stride=st.integers(1, 4),
    pool=st.integers(1, 3),
    kernel=st.sampled_from((1, 3, 4, 9)),
    stages=st.lists(
        st.lists(st.sampled_from(("conv", "conv:2", "mlp", "attn", "pool")), max_size=3).map(" ".join),
        min_size=1,
        max_size=3,
    ),
    image=st.booleans(),
)
def test_the_grid_is_what_the_layers_make(
    length: int, stride: int, pool: int, kernel: int, stages: list[str], image: bool
) -> None:
    kernel = max(kernel, stride)
    sides = {"length": 8 + length % 9, "height": 6 + length % 5} if image else {"length": length}
    made = model(
        stages=tuple(stages),
        widths=(32,) * len(stages),
        stem_stride=stride,
        stem_pool=pool,
        stem_kernel=kernel,
        kernel=3,
        **sides,
    ).eval()
    x = torch.randn(1, *made.config.input_shape)
    tokens = made.stem(x)
    assert tokens.shape[1:3] == made.config.grids[0][0]
    for layer in made.layers:
        tokens = layer(tokens)
    assert tokens.shape[1:3] == made.config.grids[-1][-1]
    assert made.config.tokens == tokens.shape[1] * tokens.shape[2]
    seen = Observed()
    made(x, seen)
    assert tuple(part.shape[1:] for part in seen.features) == made.config.layer_shapes
    assert tuple(part.shape[1:] for part in seen.attention) == made.config.map_shapes


@pytest.mark.parametrize("changes", ({}, {"height": 12, "length": 12, "kernel": 3}))
@pytest.mark.parametrize("stride", (1, 2))
def test_a_binary_product_counts_agreeing_bits(changes: dict[str, int], stride: int) -> None:
    """Against the definition: +1 and -1, padded with -1, summed tap by tap in whole numbers."""
    torch.manual_seed(1)
    plan = config(**changes)
    product = Product(32, 64, plan, "1", kernel=plan.kernel, stride=stride, dilation=2)
    rows, columns = (7, 9) if plan.height else (1, 9)
    bits = torch.randint(0, 2, (2, rows, columns, 32)) * 2.0 - 1
    found = product(bits)
    assert torch.equal(found, found.round())
    weight = torch.where(product.weight >= 0, 1, -1)
    down, across = (
        same_padding(size, product.kernel[axis], product.stride[axis], product.dilation[axis])
        for axis, size in enumerate((rows, columns))
    )
    padded = functional.pad(bits, (0, 0, *across, *down), value=-1.0)
    for row in range(found.shape[1]):
        for column in range(found.shape[2]):
            total = torch.zeros(2, 64)
            for i in range(product.kernel[0]):
                for j in range(product.kernel[1]):
                    y = row * product.stride[0] + i * product.dilation[0]
                    x = column * product.stride[1] + j * product.dilation[1]
                    total += padded[:, y, x] @ weight[:, :, i, j].T.float()
            assert torch.equal(found[:, row, column], total)


def test_a_token_sees_as_far_as_its_dilation() -> None:
    made = model(stages=("conv:4",), kernel=3, stem_kernel=1, stem_stride=1, pooling=("max",)).eval()
    tokens = made.stem(torch.randn(1, 2, 40)).detach()
    changed = tokens.clone()
    changed[0, 0, 20] = -changed[0, 0, 20] + 0.5
    layer = made.layers[0]
    differ = (layer(tokens) != layer(changed)).any(dim=3)[0, 0].nonzero().flatten().tolist()
    assert set(differ) <= {16, 20, 24}
    assert 20 in differ


def test_a_layer_has_the_bits_that_its_line_states() -> None:
    made = model(stages=("conv conv@8 mlp@float attn@8",))
    bits = {name: product.bits for name, product in each_product(made)}
    assert bits["stem.product"] == "8"
    assert bits["layers.0.product"] == "1"
    assert bits["layers.1.product"] == "8"
    assert bits["layers.2.expand.product"] == bits["layers.2.contract"] == "float"
    assert bits["layers.3.query.product"] == bits["layers.3.output"] == "8"


@pytest.mark.parametrize(("precision", "bits"), (("binary", "1"), ("int8", "8"), ("full", "float")))
def test_a_twin_is_one_key_away(precision: str, bits: str) -> None:
    made = model(stages=("conv attn mlp",), precision=precision)
    assert {product.bits for name, product in each_product(made) if "stem" not in name} == {bits}
    weights = [product.product_weight() for _, product in each_product(made) if product.bits == "8"]
    for weight in weights:  # at most 255 steps per output channel
        step = weight.detach().abs().amax(dim=(1, 2, 3), keepdim=True) / 127
        steps = weight.detach() / step
        assert torch.allclose(steps, steps.round(), atol=1e-3)
        assert steps.abs().max() <= 127.001
    x = torch.randn(4, 2, 40)
    made(x)
    assert made.eval()(x).isfinite().all()


def test_real_weights_are_signs_again_afterwards() -> None:
    made = model(stages=("conv",))
    product = dict(each_product(made))["layers.0.product"]
    made.set_real_weights(True)
    assert len(product.product_weight().unique()) > 2
    made.set_real_weights(False)
    assert product.product_weight().unique().tolist() == [-1.0, 1.0]


def test_a_window_is_normalised_by_itself() -> None:
    made = model(normalise="window", stages=("conv",))
    made.set_normalisation(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
    torch.nn.init.zeros_(made.stem.dense.weight)  # without the two numbers of the window ...
    x = torch.randn(3, 2, 40)
    made(x)  # the ranges of 8-bit values come from training
    made.eval()
    moved = 5 * x + torch.tensor([[[7.0], [-9.0]]])
    assert torch.allclose(made(x), made(moved), atol=1e-3)  # ... neither offset nor size is seen
    torch.nn.init.normal_(made.stem.dense.weight)
    assert not torch.allclose(made(x), made(moved), atol=1e-3)


def test_with_a_gain_a_window_is_read_in_its_own_power_of_two() -> None:
    made = model(normalise="window", gain="window", stages=("conv",))
    made.set_normalisation(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
    x = torch.randn(3, 2, 40)
    x[0, 0] = 0
    made(x)
    made.eval()
    expected = torch.from_numpy(x.numpy() / powers(x.numpy())).float()
    assert torch.equal(by_power(x), expected)
    # A power of two per channel and window changes nothing, however large it is; another factor does.
    sizes = torch.tensor([[1, 2.0**-100], [2.0**90, 1], [2.0**20, 2.0**-20]])[:, :, None]
    assert torch.equal(made(sizes * x), made(x))
    assert not torch.equal(made(1.5 * x), made(x))


@pytest.mark.parametrize("extreme", [1e-45, 1e-38, 3.4e38])
def test_by_power_at_the_ends_of_float32(extreme: float) -> None:
    x = torch.tensor([[[extreme, 0.0, -extreme / 2]]])
    assert torch.equal(by_power(x), torch.from_numpy(x.numpy() / powers(x.numpy())).float())
    assert by_power(x).abs().max() < 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"normalise": "channel"}, "normalise is 'channel'"),
        ({"normalise": "mean"}, "normalise is 'mean'"),
        ({"normalise": "window", "height": 8, "channels": 3}, "inputs are images"),
    ],
)
def test_a_gain_requires_windows_that_are_normalised_by_themselves(
    changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(CheckpointError, match=told):
        model(gain="window", **changes)


def test_a_window_loses_its_mean_alone() -> None:
    made = model(normalise="mean", stages=("conv",))
    made.set_normalisation(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
    torch.nn.init.zeros_(made.stem.dense.weight)  # without the two numbers of the window ...
    x = torch.randn(3, 2, 40)
    made(x)
    made.eval()
    moved = x + torch.tensor([[[7.0], [-9.0]]])
    assert torch.allclose(made(x), made(moved), atol=1e-3)  # ... its offset is not seen, and its size is
    assert not torch.allclose(made(x), made(5 * moved), atol=1e-3)
    normal, _ = made.stem.normalised(made.stem.grid(moved))
    expected = (x - x.mean(dim=2, keepdim=True)) / torch.tensor([[3.0], [4.0]])
    assert torch.allclose(normal, made.stem.grid(expected), atol=1e-5)


def test_an_input_is_taken_as_it_is() -> None:
    made = model(normalise="none", stages=("conv",))
    made.set_normalisation(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
    x = torch.randn(3, 2, 40)
    normal, found = made.stem.normalised(made.stem.grid(x))
    assert found is None and torch.equal(normal, made.stem.grid(x))


def test_the_thresholds_of_a_thermometer_differ() -> None:
    made = model(thresholds=4, stages=("conv",))
    assert made.stem.product.weight.shape[0] == 8
    before = made.stem.epilogue.activation.before.view(4, 8)
    assert (before.std(dim=0) > 0).all()


@pytest.mark.usefixtures("long_run")
def test_a_threshold_starts_at_the_median_and_is_learned_after() -> None:
    made = model(threshold="start", stages=("conv",))
    threshold = made.layers[0].threshold
    x = torch.randn(64, 1, 20, 32) + 3
    # The median is a running one, and nears its value with each batch.
    for _ in range(200):
        threshold(x)
    assert torch.allclose(threshold.binarize.threshold(), torch.full((32,), 3.0), atol=0.3)
    kept = threshold.binarize.threshold().clone()
    threshold(x + 10)
    assert torch.equal(threshold.binarize.threshold(), kept)


def test_a_live_restore_scales_each_token() -> None:
    made = model(restore="live", stages=("conv",), norm="none", activation="none", kernel=1).eval()
    layer = made.layers[0]
    tokens = torch.randn(1, 1, 5, 32)
    spread = tokens.abs().mean(dim=3, keepdim=True)
    signs = torch.where(tokens >= 0, 1.0, -1.0)
    wanted = layer.epilogue(layer.product(signs) * spread, tokens)
    assert torch.allclose(layer(tokens), wanted)


def test_groups_at_the_end_may_be_smaller() -> None:
    x = torch.arange(5.0).view(1, 1, 5, 1)
    assert pooled(x, 1, 2).flatten().tolist() == [0.5, 2.5, 4.0]


@pytest.mark.parametrize(
    ("changes", "said"),
    (
        ({"stages": ["conv dense"]}, "stages[0]: 'dense' is no layer"),
        ({"stages": ["conv:0"]}, "stages[0]: 'conv:0' is no layer"),
        ({"stages": ["conv:100"]}, "stages[0]: 'conv:100' is no layer"),
        ({"stages": ["conv", "mlp:2"], "widths": [32, 32]}, "stages[1]: 'mlp:2' has a dilation"),
        ({"stages": ["pool@8"]}, "a pool has no weights"),
        ({"stages": ["conv@4"]}, "'conv@4' is no layer"),
        ({"stages": [1]}, "stages[0] is 1; it must be a text"),
        ({"stages": [], "widths": []}, "is []; it must be a list of one or more"),
        ({"widths": [48]}, "widths is [48]; each must be a multiple of 32"),
        ({"widths": [64, 96], "stages": ["conv", "conv"]}, "of the one before"),
        ({"widths": [32, 64]}, "stages has 1 lines and widths has 2 numbers; give one width per stage"),
        ({"widths": "64"}, "widths is '64'; it must be a list of one or more whole numbers"),
        ({"width": 64}, "width is not a known key; did you mean widths"),
        ({"kernel": 4}, "kernel is 4; it must be odd"),
        ({"kernel": True}, "kernel is true; it must be a whole number between 1 and 1,024"),
        ({"stem_kernel": 3, "stem_stride": 4}, "stem_stride is 4; it must be at most stem_kernel, 3"),
        ({"thresholds": 3}, "thresholds is 3; it must divide the first width"),
        ({"head_width": 48, "stages": ["attn"]}, "head_width is 48; it must be a multiple of 32"),
        ({"pooling": []}, "pooling is []; it must be a list of one or more"),
        ({"pooling": ["mean", "mean"]}, "pooling is ['mean', 'mean']; it must name each once"),
        ({"pooling": ["median"]}, "pooling[0] is 'median'; it must be one of 'max', 'mean', 'positive'"),
        ({"threshold": "mean"}, "threshold is 'mean'; it must be one of 'learned', 'median'"),
        ({"precision": "int4"}, "precision is 'int4'; it must be one of 'binary', 'full', 'int8'"),
        ({"length": 0}, "length is 0; it must be between 1 and 1,048,576"),
        ({"height": -1}, "height is -1; it must be between 0 and 1,048,576"),
        ({"family": "cnn"}, "There is no model family 'cnn'"),
    ),
)
def test_invalid_configurations_name_key_value_and_rule(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(CheckpointError) as refused:
        config_from({**config().to_dict(), **changes})
    assert said in str(refused.value)
    assert refused.value.remedy


@given(
    st.fixed_dictionaries(
        {},
        optional={
            key: st.one_of(
                st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text())
            )
            for key in config().to_dict()
            if key != "family"
        },
    )
)
def test_any_plain_values_are_a_configuration_or_refused(values: dict[str, Any]) -> None:
    try:
        made = config_from({"family": "hybrid", **values})
    except CheckpointError:
        return
    assert config_from(made.to_dict()) == made


def test_a_checkpoint_keeps_the_family(tmp_path: Path) -> None:
    made = model(stages=("conv attn",)).eval()
    save_checkpoint(tmp_path / "ckpt.pt", made, {}, {})
    found = load_checkpoint(tmp_path / "ckpt.pt").model
    assert found.config == made.config
    x = torch.randn(2, 2, 40)
    assert torch.equal(found(x), made(x))


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize("name", HYBRIDS)
def test_sizes_count_the_model(name: str) -> None:
    plan = preset(name, classes=list(CLASSES))
    found, made = sizes(plan), build(plan)
    assert found.parameters == sum(p.numel() for p in made.parameters())
    bits = sum(product.weight.numel() for _, product in each_product(made) if product.bits == "1")
    assert found.binary_weights == bits == 8 * found.packed_bytes


@pytest.mark.usefixtures("long_run")
@pytest.mark.parametrize("name", HYBRIDS)
def test_sizes_are_those_of_the_exported_constants(name: str) -> None:
    config = preset(name, classes=list(CLASSES))
    found = sizes(config)
    shapes = [
        tensor
        for tensor in to_onnx(random_hybrid(0, **vars(config)).fold()).graph.initializer
        if not tensor.name.endswith(".shape")
    ]
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in shapes}
    assert sum(array.nbytes for array in arrays.values()) == found.stored_bytes
    packed = [array.nbytes for array in arrays.values() if array.dtype == np.uint32]
    assert sum(packed) == found.packed_bytes


@pytest.mark.usefixtures("long_run")
def test_multiply_adds_of_a_known_shape() -> None:
    """A k 5 convolution of 64 channels over 20 tokens; attention over 13 tokens and its projections."""
    one = sizes(preset("sensor-small-conv", classes=["a"], stages=["conv"]))
    assert one.binary_macs == 20 * 5 * 64 * 64
    attention = sizes(preset("sensor-small", classes=["a"], stages=["pool attn"]))
    assert attention.binary_macs == 4 * 13 * 64 * 64 + 2 * 13 * 13 * 64


@pytest.mark.parametrize(
    ("name", "most_macs", "most_bytes"),
    (
        ("image-base", 65e6, 110 * 1024),
        ("image-base-conv", 65e6, 110 * 1024),
        ("image-small", 12e6, 30e3),
        ("image-small-conv", 12e6, 30e3),
    ),
)
def test_the_presets_for_images_cost_at_most_what_they_promise(
    name: str, most_macs: float, most_bytes: float
) -> None:
    found = sizes(preset(name, classes=list("0123456789")))
    assert found.binary_macs <= most_macs
    assert found.stored_bytes <= most_bytes
