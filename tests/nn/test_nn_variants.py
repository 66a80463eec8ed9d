"""Variants of binarizers and blocks: the definition of each, and its export or why it has none."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch
from random_models import random_model

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn import folded_forward
from sensor_bnn.nn.binarize import make_binarizer
from sensor_bnn.nn.config import PLACES
from sensor_bnn.nn.linear import BinaryLinear
from sensor_bnn.onnx.export import save_onnx, to_onnx

VARIANTS = (
    {"weights": "plain"},
    {"attention": "median"},
    {"axis": "tensor", "stream": "sign", "query": "learned", "value": "elastic", "merged": "shift"},
    {"norm": "layer"},
    {"pre_norm": "layer"},
    {"activation": "rprelu"},
    {"residual": "layer"},
    {"residual": "layer", "pre_norm": "layer", "activation": "rprelu", "norm": "batch", "hidden": "elastic"},
)


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_stock_onnxruntime_runs_every_variant(changes: dict[str, object], tmp_path) -> None:
    model = random_model(3, **changes)
    x = torch.randn(6, *model.config.input_shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted = model(x).numpy()
    folded = model.fold()
    save_onnx(to_onnx(folded), tmp_path / "model.onnx")  # checks the file strictly
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    for window, logits in zip(x.numpy(), wanted, strict=True):
        (ours,) = session.run(None, {"window": window[None]})
        np.testing.assert_allclose(ours[0], logits, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(folded_forward.forward(folded, window), logits, rtol=1e-3, atol=1e-3)


def test_each_place_has_a_binarizer_of_its_own() -> None:
    kinds = dict(zip(PLACES, ("sign", "learned", "elastic", "shift", "median", "live"), strict=True))
    model = random_model(0, **kinds)
    attention, mlp = model.blocks[0].attention, model.blocks[0].mlp
    found = {
        "stream": attention.binarize,
        "query": attention.query.binarize,
        "key": attention.key.binarize,
        "value": attention.value.binarize,
        "merged": attention.output.binarize,
        "hidden": mlp.contract.binarize,
    }
    for place, kind in kinds.items():
        assert type(found[place]) is type(make_binarizer(kind, 4)), place
    assert type(mlp.binarize) is type(found["stream"])


def test_plain_weights_keep_their_mean() -> None:
    weight = torch.tensor([[3.0, 1.0, -1.0]])
    for centre, bits in ((True, [[True, True, False]]), (False, [[True, True, False]])):
        linear = BinaryLinear(3, 1, binary=True, centre=centre)
        linear.weight.data.copy_(weight)
        assert linear.fold_weight().tolist() == bits
        assert linear.centred().abs().mean().item() == pytest.approx(4 / 3 if centre else 5 / 3)
        linear.weight.data.add_(10)
        assert linear.fold_weight().all() == (not centre)


@pytest.mark.parametrize("axis,dims", (("channel", (0, 1)), ("token", (0, 2)), ("tensor", (0, 1, 2))))
def test_a_running_median_halves_the_bits_along_its_axis(axis: str, dims: tuple[int, ...]) -> None:
    x = torch.randn(50, 5, 4, generator=torch.Generator().manual_seed(0))
    x = x + torch.arange(4.0) + 7 * torch.arange(5.0)[:, None]
    binarizer = make_binarizer("median", 4, axis=axis, tokens=5, restore=True)
    for _ in range(300):
        binarizer(x)
    share = (binarizer.eval()(x) > 0).float().mean(dim=dims)
    torch.testing.assert_close(share, torch.full_like(share, 0.5), atol=0.02, rtol=0)


@pytest.mark.parametrize("axis", ("channel", "token", "tensor"))
@pytest.mark.parametrize("integer", (False, True))
def test_a_running_median_learns_with_the_threshold_that_it_evaluates_with(axis: str, integer: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    binarizer = make_binarizer("median", 4, axis=axis, tokens=5, integer=integer, unit=3.0, restore=True)
    for _ in range(5):
        x = 3 * torch.randn(20, 5, 4, generator=generator) + torch.arange(4.0)
        x = x.round() if integer else x
        learned = binarizer.train()(x)
        assert torch.equal(learned, binarizer.eval()(x))


@pytest.mark.parametrize("axis,dim", (("channel", (1,)), ("token", (2,)), ("tensor", (1, 2))))
def test_a_live_median_halves_the_bits_of_each_window(axis: str, dim: tuple[int, ...]) -> None:
    x = torch.randn(6, 9, 7, generator=torch.Generator().manual_seed(0)) + 20 * torch.arange(6)[:, None, None]
    share = (make_binarizer("live", 7, axis=axis).eval()(x) > 0).float().mean(dim=dim)
    assert (share - 0.5).abs().max() < 0.08  # the median itself is +1, and 7 or 9 are odd


def test_a_median_map_attends_to_half() -> None:
    model = random_model(0, attention="median")
    layer = model.blocks[0].attention.map.train()
    counts = torch.randint(10, 31, (8, 2, 20, 20), generator=torch.Generator().manual_seed(0))
    for _ in range(100):
        attended = layer(2.0 * counts - 32)
    assert (attended.mean(dim=(0, 2, 3)) - 0.5).abs().max() < 0.05
    assert layer.ramp.threshold().shape == (2,)


@pytest.mark.parametrize(
    "changes,said",
    (
        ({"binarizer": "live"}, "A live median has no packed form"),
        ({"binarizer": "live", "axis": "token"}, "A live median has no packed form"),
        ({"merged": "live"}, "A live median has no packed form"),
        ({"axis": "token"}, "Medians per token have no packed form"),
        ({"residual": "layer", "norm": "layer"}, 'residual = "layer" together with norm = "layer"'),
    ),
)
def test_what_has_no_packed_form_says_so(changes: dict[str, object], said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        random_model(0, **changes).fold()
